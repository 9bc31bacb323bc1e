//! What a forked child has to know: that it is one, and which statics it must not touch.
//!
//! A child has one thread. A lock that another thread of its parent held at the moment of the fork stays locked in the
//! child for ever, so it must have found out that it is a child before it takes any. To ask the system for the
//! process's id each time takes 94 ns where a whole emission of a span is to take little more; a handler that the system
//! calls in the child and a counter take one. The handler needs a line of `unsafe`, and that line this crate.
//!
//! ```
//! use std::sync::Mutex;
//!
//! use bento_fork::PerProcess;
//!
//! static NAMES: PerProcess<Mutex<Vec<&str>>> = PerProcess::new(Mutex::new(Vec::new()), |_| Mutex::default());
//!
//! bento_fork::watch();
//! NAMES.here().lock()?.push("a"); // a child begins with none
//! # Ok::<(), std::sync::PoisonError<std::sync::MutexGuard<'static, Vec<&'static str>>>>(())
//! ```

use std::sync::atomic::{AtomicU32, Ordering};

use once_cell::race::OnceBox;

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// How many forks lie between this process and the first one that called [`watch`].
///
/// ```
/// assert_eq!(bento_fork::generation(), 0);
/// ```
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Has forks counted from now on; a second call does nothing. Only those that go through the C library are seen, as all
/// but hand-made system calls do. Where there is no fork it does nothing.
///
/// ```
/// bento_fork::watch();
/// ```
pub fn watch() {
    #[cfg(unix)]
    unix::watch();
}

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::GENERATION;

    // A flag and no `Once`, in which a child could find another thread at work for ever.
    static WATCHED: AtomicBool = AtomicBool::new(false);

    pub(super) fn watch() {
        if !WATCHED.swap(true, Ordering::Relaxed) {
            #[expect(
                unsafe_code,
                reason = "the system takes a handler in no other way, and to ask it takes 94 ns"
            )]
            // SAFETY: the handler is a function, which lives as long as the program, takes nothing, and does what a
            // child may do between fork and exec: it changes an atomic number.
            unsafe {
                libc::pthread_atfork(None, None, Some(in_child));
            }
        }
    }

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
}

/// A static of which each process has its own.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// static SENT: bento_fork::PerProcess<AtomicU64> =
///     bento_fork::PerProcess::new(AtomicU64::new(0), |_| AtomicU64::new(0));
/// SENT.here().fetch_add(1, Ordering::Relaxed);
/// ```
#[derive(Debug)]
pub struct PerProcess<T> {
    generation: u32,
    value: T,
    /// Makes a child's value from its parent's, which may be locked.
    inherit: fn(&T) -> T,
    /// That of the child, in the child. It never blocks, unlike a `OnceLock`.
    child: OnceBox<Self>,
}

impl<T> PerProcess<T> {
    /// The value of the first process, and how a child makes its own from its parent's. Any lock in that may be held by
    /// a thread that the child has not: `inherit` must only try it.
    ///
    /// ```
    /// use bento_fork::PerProcess;
    ///
    /// static DEPTH: PerProcess<u32> = PerProcess::new(0, |parent| parent + 1);
    /// assert_eq!(*DEPTH.here(), 0);
    /// ```
    pub const fn new(value: T, inherit: fn(&T) -> T) -> Self {
        Self { generation: 0, value, inherit, child: OnceBox::new() }
    }

    /// This process's own value.
    ///
    /// ```
    /// # use bento_fork::PerProcess;
    /// static NAME: PerProcess<&str> = PerProcess::new("first", |_| "child");
    /// assert_eq!(*NAME.here(), "first");
    /// ```
    pub fn here(&self) -> &T {
        let generation = generation();
        let mut own = self;
        while own.generation < generation {
            own = own.child.get_or_init(|| Box::new(own.heir()));
        }
        &own.value
    }

    fn heir(&self) -> Self {
        Self {
            generation: self.generation + 1,
            value: (self.inherit)(&self.value),
            inherit: self.inherit,
            child: OnceBox::new(),
        }
    }
}
