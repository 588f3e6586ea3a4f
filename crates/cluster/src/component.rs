//! What the parts of a control plane have in common.

use crate::{Api, Change, Context};

/// A part of the control plane that watches the store and acts on it through the API server.
pub trait Component {
    /// What it schedules for itself.
    type Wake;

    /// The cluster starts: schedule what runs periodically.
    fn on_start(&mut self, _api: &mut Api, _context: &mut Context<'_>) {}

    /// Something was written. This only takes note: counts, indexes, an entry in the work queue. It writes nothing.
    /// Called once for each change, in order; `context` has the change's cause.
    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>);

    /// Something this component scheduled is due.
    fn handle(&mut self, wake: Self::Wake, api: &mut Api, context: &mut Context<'_>);
}
