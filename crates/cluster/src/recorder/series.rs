//! What a new-style recorder remembers (k8s.io/client-go/tools/events/event_broadcaster.go).

use opscape_manifest::api::meta::{Str, Uid};

use super::{Message, Reporter};

/// Different events remembered for an object.
pub(super) const KEPT: usize = 16;

/// An event that was sent. Equal ones differ in their note only, and speak of the same version of the object.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) reason: Str,
    pub(super) action: Str,
    pub(super) warning: bool,
    pub(super) component: Str,
    pub(super) version: u64,
    pub(super) stored: Option<Uid>,
    pub(super) count: i32,
}

impl Known {
    pub(super) fn is(&self, reporter: &Reporter, action: &str, said: &Message<'_>, version: u64) -> bool {
        &*self.reason == said.reason
            && &*self.action == action
            && self.warning == said.warning
            && self.component == reporter.component
            && self.version == version
    }
}
