//! The scheduler's kept verdicts in the format of the recordings.

use std::fmt::Write as _;

use opscape_cluster::Record;
use opscape_cluster::scheduler::{Answer, Decision, Fact};
use serde_json::{Map, Value as Json, json};

use super::game::Game;

/// scores.jsonl for the pods of a namespace: one line for each pod that got a node, in order of time.
pub fn scores(game: &Game, namespace: &str) -> String {
    let mut out = String::new();
    for (_, entry) in game.journal().iter() {
        if let Record::Scheduler(fact) = &entry.what
            && let Fact::Scheduled { pod, node, decision } = &**fact
            && &*pod.namespace == namespace
        {
            let line = json!({
                "pod": &*pod.name, "chosen": &**node, "feasible": decision.feasible, "evaluated": decision.evaluated,
                "scores": nodes(decision),
            });
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// Each feasible node with the scores of the plugins; null where only one could take the pod.
fn nodes(decision: &Decision) -> Json {
    let mut out = Map::new();
    for verdict in &decision.verdicts {
        if let Answer::Scored(scores) = &verdict.answer {
            let mut parts: Map<String, Json> =
                scores.parts().map(|(plugin, score)| (plugin.name().to_owned(), score.into())).collect();
            parts.insert("TOTAL".to_owned(), scores.total.into());
            out.insert(verdict.node.to_string(), Json::Object(parts));
        }
    }
    if out.is_empty() { Json::Null } else { Json::Object(out) }
}
