//! What the scheduler decided, in words and as a table of nodes.

use opscape_cluster::scheduler::{Answer, Decision, Fact, Verdict};
use opscape_manifest::api::meta::Str;

use super::{Teller, named, told};
use crate::inspect::{Mark, NodeVerdict, SchedulingTable, WhyRow};
use crate::words::Rich;
use opscape_manifest::order;

pub(super) fn row(teller: Teller<'_>, fact: &Fact) -> WhyRow {
    match fact {
        Fact::Scheduled { node, decision, .. } => {
            told(Mark::Step, teller.rich("why.scheduled", &[("node", node)]), rule(teller, decision))
        }
        Fact::Unschedulable { decision, nominated, .. } => {
            let text = match nominated {
                Some(node) => teller.rich("why.nominated", &[("node", node)]),
                None => teller.rich("why.unschedulable", &[]),
            };
            // What follows is about preemption: the table of nodes has it.
            let message = decision.message.split(" preemption:").next().unwrap_or_default();
            let message = message.trim_end_matches(" no new claims to deallocate,");
            told(Mark::Step, text, Rich::verbatim(message))
        }
        Fact::Preempted { priority, preemptor, preemptor_priority, node, .. } => {
            let values = [("pod", &*named(&preemptor.kind, &preemptor.name)), ("node", node)];
            let numbers = [("own", &*priority.to_string()), ("other", &preemptor_priority.to_string())];
            told(
                Mark::Failure,
                teller.rich("why.preempted", &values),
                teller.rich("why.rule.priority", &numbers),
            )
        }
    }
}

/// How many nodes were left to choose from, and by how much the chosen one was better.
fn rule(teller: Teller<'_>, decision: &Decision) -> Rich {
    let counts = [("feasible", &*decision.feasible.to_string()), ("nodes", &*decision.nodes.to_string())];
    let total = |wanted: bool| {
        let of = decision
            .verdicts
            .iter()
            .filter(|verdict| (Some(&verdict.node) == decision.chosen.as_ref()) == wanted);
        of.filter_map(|verdict| Some((scores(&verdict.answer)?, &verdict.node)))
            .max_by_key(|(total, _)| *total)
    };
    let (Some((best, _)), Some((next, other))) = (total(true), total(false)) else {
        return teller.rich("why.rule.only-node", &counts);
    };
    let key = if best == next { "why.rule.scores-equal" } else { "why.rule.scores" };
    let scores = [("best", &*best.to_string()), ("next", &*next.to_string()), ("other", &**other)];
    teller.rich(key, &[&counts[..], &scores[..]].concat())
}

fn scores(answer: &Answer) -> Option<i64> {
    if let Answer::Scored(scores) = answer { Some(scores.total) } else { None }
}

/// Rows given at most.
const MOST: usize = 100;

/// The decision as a table: the chosen node first, then by score, then the refused ones.
pub fn table(decision: &Decision) -> SchedulingTable {
    let mut plugins: Vec<Str> = Vec::new();
    for verdict in &decision.verdicts {
        if let Answer::Scored(scores) = &verdict.answer {
            for (plugin, _) in scores.parts() {
                if !plugins.iter().any(|known| &**known == plugin.name()) {
                    plugins.push(plugin.name().into());
                }
            }
        }
    }
    let mut nodes: Vec<NodeVerdict> =
        decision.verdicts.iter().map(|verdict| node(decision, verdict, &plugins)).collect();
    order::sort_by(&mut nodes, |a, b| {
        let rank = |verdict: &NodeVerdict| (!verdict.chosen, !verdict.rejected.is_empty(), -verdict.total);
        rank(a).cmp(&rank(b)).then_with(|| a.node.cmp(&b.node))
    });
    nodes.truncate(MOST);
    let more = (decision.nodes as usize).saturating_sub(nodes.len());
    SchedulingTable { at: decision.at, plugins, nodes, more: u32::try_from(more).unwrap_or(u32::MAX) }
}

fn node(decision: &Decision, verdict: &Verdict, plugins: &[Str]) -> NodeVerdict {
    let mut row = NodeVerdict {
        node: verdict.node.clone(),
        chosen: decision.chosen.as_ref() == Some(&verdict.node),
        ..NodeVerdict::default()
    };
    match &verdict.answer {
        Answer::Refused { reasons, .. } => {
            let texts: Vec<String> = reasons.iter().map(opscape_cluster::scheduler::Reason::text).collect();
            row.rejected = texts.join(", ").into();
        }
        Answer::Only => {}
        Answer::Scored(scores) => {
            row.total = scores.total;
            row.scores = plugins
                .iter()
                .map(|name| {
                    let part = scores.parts().find(|(plugin, _)| plugin.name() == &**name);
                    part.map_or(0, |(_, score)| score)
                })
                .collect();
        }
    }
    row
}
