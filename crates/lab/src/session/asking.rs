//! One request of a person: sent into the world like any other, followed, and explained rule by rule.

use std::time::Duration;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Str;
use opscape_manifest::check::{self, Checked, Document};
use opscape_network::load::{Call, Hop};
pub use opscape_network::route::Verdict;
use opscape_network::route::{Decision, Objects, Reason, Request, policy};
pub use opscape_network::telemetry::Outcome as Ended;
use opscape_sim::Time;

use super::Session;
use crate::Act;
use crate::inspect::LineRef;
use crate::scene::{PodGlyph, glyph};
use crate::traffic::{Sending, WorkloadId, serving};
use crate::words::{self, Lang, Rich, rich};
use crate::world::LabModel;

/// A request that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Which.
    pub workload: WorkloadId,
    /// When.
    pub at: Time,
    /// Why it goes where it goes: what the proxies knew at that instant.
    pub steps: Vec<Step>,
    /// The rule that takes it: kind, namespace and name of the object, and the field.
    pub rule: Option<(Str, Str, Str, Str)>,
    /// The Services it may go to, by namespace and name.
    pub services: Vec<(Str, Str)>,
}

/// A step of an explanation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it means for the decision.
    pub verdict: Verdict,
    /// In words.
    pub text: Rich,
    /// The line of the text that says so.
    pub line: Option<LineRef>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Ended,
    /// From sending it to the answer.
    pub took: Duration,
    /// Who answered; none: nobody got it, or the pod is gone.
    pub pod: Option<PodGlyph>,
    /// The pods it was at, in order.
    pub hops: Vec<Step>,
}

impl Session {
    /// Sends one request from outside the cluster, now.
    ///
    /// # Errors
    /// What is wrong with the URL, in words.
    pub fn ask(&mut self, method: &str, url: &str, headers: &[(String, String)]) -> Result<Sent, Rich> {
        let lang = self.options.lang;
        let pairs = |(name, value): &(String, String)| (name.as_str().into(), value.as_str().into());
        let call = Call {
            method: method.into(),
            url: url.into(),
            headers: headers.iter().map(pairs).collect(),
            ..Call::default()
        };
        let request = Request::new(method, url, headers.to_vec())
            .map_err(|error| rich(lang, error.key(), &[("url", url)]))?;
        let sending =
            Sending { name: "curl".into(), call, requests: Some(1), clients: 1, ..Sending::default() };
        let line = command_line(method, url, headers).into();
        let at = self.now();
        // It refuses nothing.
        let outcome = self.act(Act::Send { line, sending: Box::new(sending) });
        let workload = outcome.ok().and_then(|outcome| outcome.sending);
        let workload = workload.ok_or_else(|| Rich::parse(words::text(lang, "ui.ask.not-sent")))?;
        let mut sent = Sent { workload, at, steps: Vec::new(), rule: None, services: Vec::new() };
        if let Some(table) = self.model().traffic().table() {
            let (decision, mut reasons) = table.explain(&request);
            if !table.policies().is_empty() {
                let store = self.model().cluster().store();
                let objects = ["Pod", "Namespace"].iter().flat_map(|kind| store.objects(kind, None));
                reasons.extend(policy::explain(table, &Objects::of_cluster(objects), &decision));
            }
            let checked = check::check(self.model().text());
            let step = |reason: &Reason| Step {
                verdict: reason.verdict,
                text: sentence(reason, lang),
                line: line_of(&checked, reason),
            };
            sent.steps = reasons.iter().map(step).collect();
            sent.rule = crate::traffic::rule_among(&reasons);
            let backends = match &decision {
                Decision::Forward(forward) => {
                    forward.shares.iter().filter_map(|share| share.backend).collect()
                }
                Decision::Answer { backend, .. } => backend.iter().copied().collect(),
                _ => Vec::new(),
            };
            let mut backends: Vec<_> = backends;
            backends.dedup();
            let named = backends.into_iter().map(|id| table.backend(id));
            sent.services = named.map(|one| (one.namespace.clone(), one.service.clone())).collect();
        }
        Ok(sent)
    }

    /// What became of a request. None: nothing yet, or the world went back to before it was sent.
    pub fn answer(&self, sent: &Sent) -> Option<Answer> {
        let model = self.model();
        let report = model.traffic().report(sent.workload).filter(|report| report.began == sent.at)?;
        if !report.is_done() || report.last > self.now() {
            return None;
        }
        let (outcome, _) = report.outcomes.first()?;
        let lang = self.options.lang;
        let store = model.cluster().store();
        let find = |hop: &Hop| hop.pod.and_then(|uid| store.typed_by_uid::<Pod>(uid));
        let last = report.hops.last().filter(|hop| hop.outcome == *outcome);
        let hops = report.hops.iter().map(|hop| {
            let pod = find(hop);
            let without = pod.and_then(|pod| without_column(model, hop, pod, lang));
            without.unwrap_or_else(|| hop_step(hop, pod.map(|pod| &*pod.metadata.name), lang))
        });
        Some(Answer {
            outcome: *outcome,
            took: report.last.since(report.began),
            pod: last.and_then(find).map(|pod| glyph(model, pod, false)),
            hops: hops.collect(),
        })
    }
}

/// What was done at a pod.
fn hop_step(hop: &Hop, pod: Option<&str>, lang: Lang) -> Step {
    let millis = (hop.left.since(hop.came).as_micros() + 500) / 1_000;
    let status = if let Ended::Status(status) = hop.outcome { status.to_string() } else { String::new() };
    let values = [("pod", pod.unwrap_or_default()), ("ms", &millis.to_string()), ("status", &status)];
    let (key, verdict) = match (hop.outcome, pod) {
        (Ended::Status(200..500), Some(_)) => ("route.hop.answered", Verdict::Taken),
        (Ended::Status(504), Some(_)) => ("route.hop.late", Verdict::Passed),
        (Ended::Status(503), Some(_)) => ("route.hop.full", Verdict::Passed),
        (Ended::Status(_), Some(_)) => ("route.hop.failed", Verdict::Passed),
        (Ended::Refused, Some(_)) => ("route.hop.refused", Verdict::Passed),
        (Ended::Reset, Some(_)) => ("route.hop.reset", Verdict::Passed),
        (_, Some(_)) => ("route.hop.silent", Verdict::Passed),
        (Ended::Refused, None) => ("route.hop.gone", Verdict::Passed),
        (_, None) => ("route.hop.nobody", Verdict::Passed),
    };
    Step { verdict, text: rich(lang, key, &values), line: None }
}

/// A pod failed a request because the database has no longer what its image needs, or not yet.
fn without_column(model: &LabModel, hop: &Hop, pod: &Pod, lang: Lang) -> Option<Step> {
    let container = serving(pod).filter(|_| hop.outcome == Ended::Status(500))?;
    let missing = model.images().missing(&container.image, hop.came)?;
    let mut values =
        vec![("pod", &*pod.metadata.name), ("image", &*container.image), ("column", &**missing.column)];
    let at = missing.dropped.map(|change| words::seconds(lang, change.at)).unwrap_or_default();
    let key = match missing.dropped {
        Some(change) => {
            values.extend([("by", &*change.pod), ("at", &*at)]);
            "route.hop.dropped"
        }
        None => "route.hop.no-column",
    };
    Some(Step { verdict: Verdict::Passed, text: rich(lang, key, &values), line: None })
}

fn sentence(reason: &Reason, lang: Lang) -> Rich {
    let values: Vec<(&str, &str)> =
        reason.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    rich(lang, reason.key, &values)
}

/// The line of the text that a reason comes from.
fn line_of(checked: &Checked, reason: &Reason) -> Option<LineRef> {
    let (origin, field) = reason.at.as_ref()?;
    let fits = |document: &&Document| {
        let namespace = document.value.str_at(&["metadata", "namespace"]).unwrap_or_default();
        let namespace = if namespace.is_empty() { "default" } else { namespace };
        document.kind() == &*origin.kind
            && document.name() == &*origin.name
            && namespace == &*origin.namespace
    };
    let document = checked.documents.iter().find(fits)?;
    let start = document.locate(field).best().start;
    Some(LineRef { file: document.file.clone().unwrap_or_default(), line: start.line, column: start.column })
}

/// The same as a command, as the timeline says it.
fn command_line(method: &str, url: &str, headers: &[(String, String)]) -> String {
    let mut line = String::from("curl");
    if method != "GET" {
        line.push_str(&[" -X ", method].concat());
    }
    for (name, value) in headers {
        line.push_str(&[" -H '", name, ": ", value, "'"].concat());
    }
    [&line, " ", url].concat()
}
