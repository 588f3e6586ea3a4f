//! The kubelets, one for each node.

use crate::{Api, Change, Component, Context, Options};

/// What it schedules for itself.
#[derive(Debug, Clone)]
pub enum Wake {}

/// What it writes into the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {}

/// The kubelets, one for each node.
#[derive(Clone)]
pub struct Kubelets {}

impl Kubelets {
    /// With nothing to do yet.
    pub fn new(_options: &Options) -> Self {
        Kubelets {}
    }
}

impl Component for Kubelets {
    type Wake = Wake;

    fn on_change(&mut self, _change: &Change, _api: &Api, _context: &mut Context<'_>) {}

    fn handle(&mut self, wake: Wake, _api: &mut Api, _context: &mut Context<'_>) {
        match wake {}
    }
}
