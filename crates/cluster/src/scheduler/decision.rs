//! What the scheduler decided for a pod and why, for those who ask: every node's verdict in a cluster that can be read, the
//! best nodes and counts in a larger one.

use opscape_manifest::api::meta::Str;
use opscape_sim::Time;

use super::cache::Cache;
use super::class::Class;
use super::cycle::{ALL_KEPT, Outcome, Scratch};
use super::plugin::{Plugin, Reason, SCORING};

/// A decision about a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// When.
    pub at: Time,
    /// Nodes there were.
    pub nodes: u32,
    /// Nodes that were looked at; in clusters of 100 nodes and more not all of them are.
    pub evaluated: u32,
    /// Nodes that could take it.
    pub feasible: u32,
    /// The node; none: none could take it.
    pub chosen: Option<Str>,
    /// How many nodes were refused for which reason.
    pub refused: Vec<(Plugin, Reason, u32)>,
    /// By node: all of them, or the best few.
    pub verdicts: Vec<Verdict>,
    /// What the Event says when it failed.
    pub message: Str,
}

/// What was said of one node.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Its name.
    pub node: Str,
    /// Refused, or how good.
    pub answer: Answer,
}

/// What was said of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A filter refused it.
    Refused {
        /// The first that did.
        plugin: Plugin,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// It was the only one that could take the pod: nothing to compare.
    Only,
    /// How good it is.
    Scored(Scores),
}

/// Scores of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    parts: [i16; SCORING.len()],
    /// The sum.
    pub total: i64,
}

impl Scores {
    /// The plugins that had something to say, each with its weighted score.
    pub fn parts(&self) -> impl Iterator<Item = (Plugin, i64)> {
        let parts = SCORING.iter().zip(self.parts);
        parts.filter(|(_, score)| *score != i16::MIN).map(|(plugin, score)| (*plugin, i64::from(score)))
    }
}

impl Decision {
    /// Of what is left in the buffers after [`super::cycle::choose`].
    pub(super) fn of(
        cache: &Cache,
        class: &Class,
        outcome: &Outcome,
        scratch: &Scratch,
        at: Time,
    ) -> Decision {
        let nodes = cache.order.len();
        let name = |index: u32| {
            let info = cache.nodes.get(index as usize);
            info.map_or_else(|| Str::from(""), |info| info.node.metadata.name.clone())
        };
        let mut counts: Vec<(super::class::Rejection, u32)> = Vec::new();
        for (_, rejection) in &scratch.rejected {
            match counts.iter_mut().find(|(known, _)| known == rejection) {
                Some((_, count)) => *count += 1,
                None => counts.push((*rejection, 1)),
            }
        }
        let mut refused: Vec<(Plugin, Reason, u32)> = Vec::new();
        let mut add = |plugin: Plugin, reason: Reason, count: u32| match refused
            .iter_mut()
            .find(|(known, why, _)| *known == plugin && *why == reason)
        {
            Some((.., sum)) => *sum += count,
            None => refused.push((plugin, reason, count)),
        };
        for (rejection, count) in counts {
            for reason in class.reasons(rejection) {
                add(rejection.plugin, reason, count);
            }
        }
        if let Some(names) = class.named() {
            let others = nodes - names.iter().filter(|name| cache.index.contains_key(*name)).count();
            if others > 0 && outcome.evaluated < nodes {
                add(Plugin::NodeAffinity, Reason::NotNamed, others as u32);
            }
        }
        let mut verdicts: Vec<Verdict> = Vec::new();
        let scored = outcome.feasible > 1;
        let answer = |at: usize| {
            if !scored {
                return Answer::Only;
            }
            let mut parts = [i16::MIN; SCORING.len()];
            for (part, scores) in parts.iter_mut().zip(&scratch.scores) {
                if let Some(score) = scores.get(at) {
                    *part = score as i16;
                }
            }
            Answer::Scored(Scores { parts, total: scratch.totals.get(at).copied().unwrap_or_default() })
        };
        if nodes <= ALL_KEPT {
            verdicts.extend(
                scratch
                    .feasible
                    .iter()
                    .enumerate()
                    .map(|(at, index)| Verdict { node: name(*index), answer: answer(at) }),
            );
            verdicts.extend(scratch.rejected.iter().map(|(index, rejection)| Verdict {
                node: name(*index),
                answer: Answer::Refused { plugin: rejection.plugin, reasons: class.reasons(*rejection) },
            }));
        } else {
            let best = scratch.best.iter();
            verdicts
                .extend(best.map(|one| Verdict { node: name(one.node), answer: answer(one.row as usize) }));
        }
        Decision {
            at,
            nodes: nodes as u32,
            evaluated: outcome.evaluated as u32,
            feasible: outcome.feasible as u32,
            chosen: outcome.chosen.map(name),
            refused,
            verdicts,
            message: "".into(),
        }
    }
}
