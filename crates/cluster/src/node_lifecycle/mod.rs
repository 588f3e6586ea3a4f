//! The node lifecycle controller and taint-based eviction.

use crate::{Api, Change, Component, Context, Options};

/// What it schedules for itself.
#[derive(Debug, Clone)]
pub enum Wake {}

/// What it writes into the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {}

/// The node lifecycle controller and taint-based eviction.
#[derive(Clone)]
pub struct NodeLifecycle {}

impl NodeLifecycle {
    /// With nothing to do yet.
    pub fn new(_options: &Options) -> Self {
        NodeLifecycle {}
    }
}

impl NodeLifecycle {
    /// A node's heartbeats end, or begin again.
    pub fn set_away(&mut self, _node: &str, _away: bool, _api: &Api, _context: &mut Context<'_>) {}
}

impl Component for NodeLifecycle {
    type Wake = Wake;

    fn on_change(&mut self, _change: &Change, _api: &Api, _context: &mut Context<'_>) {}

    fn handle(&mut self, wake: Wake, _api: &mut Api, _context: &mut Context<'_>) {
        match wake {}
    }
}
