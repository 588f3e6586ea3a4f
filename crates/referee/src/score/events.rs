//! Events: which, how often, when.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::compare::{Comparison, Part};
use super::names::regex;
use super::side::Side;
use super::state::SeenEvent;

/// Events whose number depends on retries: half to twice the number is good.
const RETRIED: [&str; 11] = [
    "FailedScheduling",
    "FailedCreate",
    "ProvisioningFailed",
    "FailedBinding",
    "FailedGetResourceMetric",
    "NoPods",
    "FailedComputeMetricsReplicas",
    "FailedGetScale",
    "WaitForFirstConsumer",
    "UnexpectedJob",
    "JobAlreadyActive",
];
/// Not compared.
const LEFT_OUT: [&str; 4] = ["RegisteredNode", "RemovingNode", "KubeAPIReadyz", "IPAddressWrongReference"];

/// On what, type, reason, message.
type Key = (String, String, String, String);

/// When, from which size, to which.
type Step = (f64, i64, i64);

fn member<'a>(seen: &'a SeenEvent, key: &str) -> &'a str {
    seen.event.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// The component that reported an Event.
fn reporter(seen: &SeenEvent) -> &str {
    let reporting = member(seen, "reporting");
    if reporting.is_empty() { member(seen, "from") } else { reporting }
}

impl Comparison {
    /// The times of each Event. Scaling steps of a Deployment are merged while they go the same way.
    fn event_times(
        &self,
        side: &Side,
        reporters: &BTreeSet<String>,
    ) -> Result<BTreeMap<Key, Vec<f64>>, String> {
        let scaled = regex(r"^Scaled (?:up|down) replica set (\S+) from (\d+) to (\d+)")?;
        let mut out: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
        let mut chains: BTreeMap<(String, String), Vec<Step>> = BTreeMap::new();
        for seen in &side.events {
            let reason = member(seen, "reason");
            let (kind, name) = member(seen, "on").split_once('/').unwrap_or((member(seen, "on"), ""));
            let foreign_node = kind == "Node" && !self.real.nodes.contains_key(name);
            if LEFT_OUT.contains(&reason)
                || kind == "Namespace"
                || !reporters.contains(reporter(seen))
                || foreign_node
            {
                continue;
            }
            let message = member(seen, "message");
            let message = message.strip_prefix("(combined from similar events): ").unwrap_or(message);
            let message = side.names.text(message, kind == "Node");
            let step =
                if reason == "ScalingReplicaSet" { scaled.captures(&message).ok().flatten() } else { None };
            let number = |index: usize| step.as_ref()?.get(index)?.as_str().parse::<i64>().ok();
            let set = step.as_ref().and_then(|groups| Some(groups.get(1)?.as_str().to_owned()));
            if let (Some(set), Some(from), Some(to)) = (set, number(2), number(3)) {
                chains.entry((format!("{kind}/{name}"), set)).or_default().push((seen.at, from, to));
            } else {
                let on = format!("{kind}/{}", side.names.canon(name));
                let key = (on, member(seen, "type").to_owned(), reason.to_owned(), message.clone());
                out.entry(key).or_default().extend(std::iter::repeat_n(seen.at, seen.times.min(1000)));
            }
        }
        for ((on, set), mut steps) in chains {
            steps.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut runs: Vec<Step> = Vec::new();
            for (at, from, to) in steps {
                match runs.last_mut() {
                    Some(run) if (to > from) == (run.2 > run.1) => run.2 = to,
                    _ => runs.push((at, from, to)),
                }
            }
            for (at, from, to) in runs {
                let way = if to > from { "up" } else { "down" };
                let message = format!("Scaled {way} replica set {set} from {from} to {to}");
                let key = (on.clone(), "Normal".to_owned(), "ScalingReplicaSet".to_owned(), message);
                out.entry(key).or_default().push(at);
            }
        }
        Ok(out)
    }

    pub(super) fn events(&mut self) -> Result<Option<f64>, String> {
        let reporters: BTreeSet<String> = self
            .real
            .events
            .iter()
            .map(|seen| reporter(seen).to_owned())
            .filter(|reporter| !reporter.is_empty())
            .collect();
        let real = self.event_times(&self.real, &reporters)?;
        let sim = self.event_times(&self.sim, &reporters)?;
        if real.is_empty() {
            return Ok(None);
        }
        let (mut got, mut of) = (0.0, 0.0);
        for key in real.keys().chain(sim.keys()).collect::<BTreeSet<_>>() {
            let name = format!("{} {} {} \"{}\"", key.0, key.1, key.2, key.3);
            let retried = RETRIED.contains(&key.2.as_str());
            let none = Vec::new();
            let (a, b) = (real.get(key).unwrap_or(&none), sim.get(key).unwrap_or(&none));
            let at = a.first().or(b.first()).copied().unwrap_or(0.0);
            of += 1.0;
            if a.is_empty() || b.is_empty() {
                let how = if b.is_empty() { "missing" } else { "unexpected" };
                self.note(1.0, at, Part::Events, format!("{how} event ({at:.2} s): {name}"));
                continue;
            }
            let same = a.len().min(b.len()) as f64 / a.len().max(b.len()) as f64;
            let mut score = (same * if retried { 2.0 } else { 1.0 }).min(1.0);
            let text = format!("event {} times instead of {}: {name}", b.len(), a.len());
            self.note(1.0 - score, at, Part::Events, text);
            let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
            let most = |times: &[f64]| times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let ends = [(least(a), least(b)), (most(a), most(b))];
            for (x, y) in ends.into_iter().take(if retried { 1 } else { 2 }) {
                let (time, off) = self.window(x);
                if (y - time).abs() > off + 0.3 {
                    score -= 0.2;
                    let text = format!("event at {y:.2} s instead of {time:.2} s: {name}");
                    self.note(0.2, x, Part::Events, text);
                }
            }
            got += f64::max(score, 0.0);
        }
        Ok(Some(got / of))
    }
}
