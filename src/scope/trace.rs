//! What the spans of one trace share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Client, Draft, Identity, OpenSpan};
use crate::record::Text;

/// The backend reads a trace's identity from its root, so that the root is told what its children know.
pub(super) struct Trace {
    root: Weak<OpenSpan>,
    /// That of the root.
    pub(super) client: Arc<Client>,
    /// So that nobody locks for it where there is none.
    has_identity: AtomicBool,
    identity: Mutex<TraceIdentity>,
}

#[derive(Default)]
struct TraceIdentity {
    /// What `update_current_trace` said, for the spans that end after it.
    updates: Identity,
    /// What replaces the root's identity: the newest of `update_current_trace` and the children's own arguments.
    replacing: Identity,
    /// What fills the root's identity where it has none.
    filling: Identity,
    /// The session that the root was sent with.
    of_root: Option<String>,
}

impl Trace {
    pub(super) fn new(root: Weak<OpenSpan>, client: Arc<Client>) -> Self {
        let (has_identity, identity) = Default::default();
        Self { root, client, has_identity, identity }
    }

    pub(super) fn is_root(&self, span: &OpenSpan) -> bool {
        std::ptr::eq(self.root.as_ptr(), span)
    }

    /// The root, as long as anybody holds it.
    pub(super) fn root(&self) -> Option<Arc<OpenSpan>> {
        self.root.upgrade()
    }

    /// Takes note of a child's identity for the root: the child's own arguments replace, the rest fills.
    pub(super) fn mirror(&self, draft: &Draft, implicit: Option<&Identity>) {
        if !draft.is_signed() && implicit.is_none() {
            return;
        }
        let mut known = self.identity_mut();
        if draft.says_more_than(&known.replacing) {
            known.replacing = draft.identity().or(&known.replacing);
        }
        if let Some(implicit) = implicit {
            known.filling = std::mem::take(&mut known.filling).or(implicit);
        }
    }

    /// Takes note of what `update_current_trace` says.
    pub(super) fn update(&self, identity: &Identity) {
        let mut known = self.identity_mut();
        known.updates = identity.clone().or(&known.updates);
        known.replacing = identity.clone().or(&known.replacing);
    }

    /// Writes into the draft whose span it is: what it says itself in so many words, and then everything else that is
    /// known.
    pub(super) fn sign(&self, draft: &mut Draft, is_root: bool, implicit: Option<&Identity>) {
        let known = self.has_identity.load(Ordering::Acquire).then(|| self.identity());
        match &known {
            Some(known) if is_root => draft.replace_identity(&known.replacing),
            Some(known) => draft.fill_identity(&known.updates),
            None => {}
        }
        if let Some(implicit) = implicit {
            draft.fill_identity(implicit);
        }
        if let Some(known) = known.filter(|_| is_root) {
            draft.fill_identity(&known.filling);
        }
    }

    /// The session that this would write.
    pub(super) fn session(
        &self,
        draft: &Draft,
        is_root: bool,
        implicit: Option<&Identity>,
    ) -> Option<String> {
        let own = draft.identity();
        let known = self.identity();
        let all = if is_root {
            [Some(&known.replacing), Some(&own), implicit, Some(&known.filling)]
        } else {
            [Some(&own), Some(&known.updates), implicit, None]
        };
        let session = all.into_iter().flatten().find_map(|identity| identity.session.as_ref());
        session.map(|session| session.kept.clone().into_owned())
    }

    /// Keeps the session that the root was sent with, for its children, who may outlive it.
    pub(super) fn keep_session(&self, session: Option<Text<'_>>) {
        if let Some(session) = session {
            self.identity().of_root = Some(session.kept.into_owned());
        }
    }

    pub(super) fn session_of_root(&self) -> Option<String> {
        self.identity().of_root.clone()
    }

    fn identity_mut(&self) -> MutexGuard<'_, TraceIdentity> {
        self.has_identity.store(true, Ordering::Release);
        self.identity()
    }

    fn identity(&self) -> MutexGuard<'_, TraceIdentity> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
