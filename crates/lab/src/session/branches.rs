//! Futures that were left, to look at and to go back to.

use std::cell::RefCell;

use opscape_sim::{Time, Timeline};

use super::Session;
use crate::world::LabModel;

/// Branches kept at most; the oldest one goes first.
const MOST: usize = 8;

/// A future that was left.
#[derive(Clone)]
pub(super) struct Kept {
    pub timeline: Timeline<LabModel>,
    pub left_at: Time,
}

/// What is told of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchInfo {
    /// Its number, for [`Session::switch`] and [`Session::drop_branch`].
    pub index: usize,
    /// Where it was left.
    pub left_at: Time,
    /// How far it is known.
    pub known_until: Time,
    /// What the user does in it and not here, in a few words each.
    pub acts: Vec<String>,
}

impl Session {
    /// The futures that were left, oldest first.
    pub fn branches(&self) -> Vec<BranchInfo> {
        self.branches
            .iter()
            .enumerate()
            .map(|(index, kept)| BranchInfo {
                index,
                left_at: kept.left_at,
                known_until: kept.timeline.known_until(),
                acts: self.only_in(&kept.timeline),
            })
            .collect()
    }

    /// The acts of another timeline that are not done in this one: those behind the ones that both begin with.
    fn only_in(&self, other: &Timeline<LabModel>) -> Vec<String> {
        let here = self.timeline.inputs();
        let shared = here.iter().zip(other.inputs()).take_while(|(a, b)| a == b).count();
        let lang = self.lang();
        let marks = other.known().model().acts().iter().filter(|mark| mark.record.step.is_none());
        let mut labels: Vec<String> = marks.skip(shared).map(|mark| crate::why::flag(mark, lang)).collect();
        // Those that are still to come have no outcome yet.
        let coming = other.inputs().iter().skip(shared + labels.len());
        labels.extend(coming.map(|(_, act)| crate::why::flag_of_act(act, lang)));
        labels
    }

    /// What the user does here and not in the branch that was left last, in a few words each.
    pub fn acts_here(&self) -> Vec<String> {
        let here = &self.timeline;
        let Some(left) = self.branches.last() else { return Vec::new() };
        let shared = here.inputs().iter().zip(left.timeline.inputs()).take_while(|(a, b)| a == b).count();
        let lang = self.lang();
        here.inputs().iter().skip(shared).map(|(_, act)| crate::why::flag_of_act(act, lang)).collect()
    }

    /// Keeps the known future, if there is one, before something is changed now.
    pub(super) fn keep_branch(&mut self) {
        let now = self.now();
        let has_future =
            self.known_until() > now || self.timeline.inputs().last().is_some_and(|(at, _)| *at > now);
        if !has_future {
            return;
        }
        self.branches.push(Kept { timeline: self.timeline.fork(), left_at: now });
        if self.branches.len() > MOST {
            self.branches.remove(0);
        }
    }

    /// "Branch from here": keeps the known future as a branch and goes on from the present instant as if it were not known.
    /// What was done later is not done here.
    pub fn fork(&mut self) {
        self.keep_branch();
        self.timeline.forget_future();
        self.next.take();
    }

    /// Goes over to a branch, at the present instant; the future that is left becomes a branch in its place.
    pub fn switch(&mut self, index: usize) -> bool {
        let now = self.now();
        self.paused_at = None;
        let Some(kept) = self.branches.get_mut(index) else { return false };
        std::mem::swap(&mut self.timeline, &mut kept.timeline);
        let at = now.min(self.timeline.known_until());
        self.timeline.seek(at);
        self.next.take();
        true
    }

    /// A branch as a session of its own, for comparing; its acts are still ahead where this one's present is before them.
    pub fn of_branch(&self, index: usize) -> Option<Session> {
        let kept = self.branches.get(index)?;
        let timeline = kept.timeline.fork();
        Some(Session { timeline, branches: Vec::new(), next: RefCell::default(), ..self.clone() })
    }

    /// Drops a branch.
    pub fn drop_branch(&mut self, index: usize) -> bool {
        let there = index < self.branches.len();
        if there {
            self.branches.remove(index);
        }
        there
    }
}
