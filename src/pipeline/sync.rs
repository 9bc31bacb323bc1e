//! The locks and threads of this room: the standard library's, or those of loom, which tries every order in which
//! threads may meet. See `handover`.

#[cfg(not(bento_loom))]
pub(super) use std::{
    sync::{Condvar, Mutex, MutexGuard},
    thread, thread_local,
};

/// Threads one after another; the same at every call of a thread.
#[cfg(not(bento_loom))]
pub(super) fn thread_number() -> usize {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    MINE.try_with(|mine| {
        let number = mine.get().unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
        mine.set(Some(number));
        number
    })
    .unwrap_or(0)
}

#[cfg(bento_loom)]
pub(super) use self::loomed::thread_number;
#[cfg(bento_loom)]
pub(super) use self::{loomed::thread, loomed_thread_local as thread_local};
#[cfg(bento_loom)]
pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};

/// What loom's types lack. A wait with a timeout has none there: nothing but a wake-up ends it, so that one that is lost
/// is a deadlock, which loom finds.
#[cfg(bento_loom)]
mod loomed {
    use std::cell::Cell;

    type Key = loom::thread::LocalKey<Cell<bool>>;

    /// Those that emit have even numbers: between them stands the worker. Loom tells a thread's number only in words.
    pub(in crate::pipeline) fn thread_number() -> usize {
        let words = format!("{:?}", loom::thread::current().id());
        let digits: String = words.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<usize>().unwrap_or(0) / 2
    }

    /// A flag of each of loom's threads, which share one of the operating system's.
    pub(in crate::pipeline) struct Flag(pub(in crate::pipeline) fn() -> &'static Key);

    impl Flag {
        pub(in crate::pipeline) fn try_with<T>(
            &self,
            read: impl FnOnce(&Cell<bool>) -> T,
        ) -> Result<T, loom::thread::AccessError> {
            (self.0)().try_with(read)
        }

        pub(in crate::pipeline) fn set(&self, value: bool) {
            (self.0)().with(|flag| flag.set(value));
        }

        pub(in crate::pipeline) fn replace(&self, value: bool) -> bool {
            (self.0)().with(|flag| flag.replace(value))
        }
    }

    pub(in crate::pipeline) mod thread {
        use std::fmt;
        use std::io;
        use std::time::Duration;

        pub(in crate::pipeline) struct Builder(loom::thread::Builder);

        impl Builder {
            pub(in crate::pipeline) fn new() -> Self {
                Self(loom::thread::Builder::new())
            }

            pub(in crate::pipeline) fn name(self, name: String) -> Self {
                Self(self.0.name(name))
            }

            pub(in crate::pipeline) fn spawn(
                self,
                code: impl FnOnce() + Send + 'static,
            ) -> io::Result<JoinHandle<()>> {
                self.0.spawn(code).map(JoinHandle)
            }
        }

        /// No time passes.
        pub(in crate::pipeline) fn sleep(_: Duration) {
            loom::thread::yield_now();
        }

        pub(in crate::pipeline) struct JoinHandle<T>(loom::thread::JoinHandle<T>);

        impl<T> JoinHandle<T> {
            /// It can be joined; whether it has ended shows in that.
            pub(in crate::pipeline) fn is_finished(&self) -> bool {
                true
            }

            pub(in crate::pipeline) fn join(self) -> std::thread::Result<T> {
                self.0.join()
            }
        }

        impl<T> fmt::Debug for JoinHandle<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("JoinHandle").finish_non_exhaustive()
            }
        }
    }
}

/// `thread_local` for the one form that is used here.
#[cfg(bento_loom)]
macro_rules! loomed_thread_local {
    (static $name:ident: Cell<bool> = const { $first:expr };) => {
        static $name: crate::pipeline::sync::Flag = crate::pipeline::sync::Flag(|| {
            loom::thread_local! { static KEY: Cell<bool> = $first; }
            &KEY
        });
    };
}
#[cfg(bento_loom)]
pub(super) use self::loomed::Flag;
#[cfg(bento_loom)]
pub(super) use loomed_thread_local;
