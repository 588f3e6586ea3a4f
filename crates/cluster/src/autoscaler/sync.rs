//! One look at an autoscaler (`reconcileAutoscaler`).

use std::sync::Arc;

use opscape_manifest::api::autoscaling::{
    Behavior, HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus, Metric, ScalingRules,
};
use opscape_manifest::api::meta::{LabelSelector, Timestamp};
use opscape_manifest::api::{Object, ObjectKey, Pod, Resource};

use super::Autoscalers;
use super::decision::{Decision, Why};
use super::metrics::{Failure, Sources};
use super::rates::{Asked, Paced};
use super::replicas::{DEFAULT_TOLERANCE, Tolerance};
use super::status::{ABLE, ACTIVE, LIMITED, min_replicas, set};
use crate::api::Scale;
use crate::metrics::Usage;
use crate::replica_set::matches;
use crate::{Api, Context, Message, Record, Status, Subject};

/// A look in progress.
struct Look<'a> {
    autoscaler: &'a Arc<HorizontalPodAutoscaler>,
    object: Object,
    status: HorizontalPodAutoscalerStatus,
    now: Timestamp,
}

/// What the metrics ask for.
struct Wanted {
    replicas: i32,
    /// Which metric asks for it, and what it is called.
    most: (usize, String),
}

impl Autoscalers {
    pub(super) fn sync(
        &mut self,
        autoscaler: &Arc<HorizontalPodAutoscaler>,
        usage: &dyn Usage,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let uid = autoscaler.metadata.uid;
        let mut look = Look {
            autoscaler,
            object: HorizontalPodAutoscaler::into_object(autoscaler.clone()),
            status: autoscaler.status.clone(),
            now: api.timestamp(context.now()),
        };
        let (target, scale) = match target(autoscaler, api) {
            Ok(found) => found,
            Err(status) => {
                self.warn(&look, "FailedGetScale", &status.message, api, context);
                let message =
                    ["the HPA controller was unable to get the target's current scale: ", &status.message]
                        .concat();
                look.set(ABLE, false, ("FailedGetScale", &message));
                look.write(api, context);
                return;
            }
        };
        let able = ("SucceededGetScale", "the HPA controller was able to get the target's current scale");
        look.set(ABLE, true, able);
        let current = scale.replicas;
        let (min, max) = (min_replicas(autoscaler), autoscaler.spec.max_replicas);
        let state = self.states.or_default(uid);
        state.history.begin(current, context.now());
        let mut decision = Decision {
            autoscaler: Subject::of(&look.object),
            target: Subject::of(&target),
            at: context.now(),
            current,
            min,
            max,
            metrics: Vec::new(),
            why: Why::Off,
            desired: current,
        };
        let mut statuses = Vec::new();
        let mut reason = String::new();
        let mut rescale = true;
        if current == 0 && min != 0 {
            rescale = false;
            let off = "scaling is disabled since the replica count of the target is zero";
            look.set(ACTIVE, false, ("ScalingDisabled", off));
        } else if current > max {
            (decision.why, decision.desired) = (Why::AboveMax, max);
            "Current number of replicas above Spec.MaxReplicas".clone_into(&mut reason);
        } else if current < min {
            (decision.why, decision.desired) = (Why::BelowMin, min);
            "Current number of replicas below Spec.MinReplicas".clone_into(&mut reason);
        } else {
            let wanted = self.metrics(&mut look, &scale, usage, &mut decision, &mut statuses, api, context);
            let wanted = match wanted {
                Ok(wanted) => wanted,
                Err(message) => {
                    decision.why = Why::Unknown;
                    look.status.current_replicas = current;
                    look.status.current_metrics = statuses;
                    look.write(api, context);
                    self.warn(&look, "FailedComputeMetricsReplicas", &message, api, context);
                    self.states.or_default(uid).decision = Some(Arc::new(decision));
                    return;
                }
            };
            let metric = if wanted.replicas > 0 { &*wanted.most.1 } else { "" };
            if wanted.replicas > current {
                reason = [metric, " above target"].concat();
            }
            if wanted.replicas < current {
                "All metrics below target".clone_into(&mut reason);
            }
            let asked = Asked { current, desired: wanted.replicas, min, max, now: context.now() };
            let behavior = autoscaler.spec.behavior.as_ref();
            let paced = self.states.or_default(uid).history.pace(asked, behavior);
            look.pace(wanted.replicas, &paced);
            decision.why = Why::Metrics {
                most: wanted.most.0,
                wanted: wanted.replicas,
                stabilized: paced.stabilized,
                stability: paced.stability.0,
                limit: paced.limit.0,
            };
            decision.desired = paced.desired;
            rescale = paced.desired != current;
        }
        if rescale {
            let before = context.cause();
            let decision = Arc::new(decision.clone());
            context.record_as_cause(Record::Autoscaled(decision.clone()));
            if let Err(status) = self.rescale(&mut look, &target, &decision, &reason, api, context) {
                look.status.current_replicas = current;
                look.status.current_metrics = statuses;
                look.write(api, context);
                self.warn(&look, "FailedRescale", &status, api, context);
                context.because(before);
                return;
            }
        }
        look.status.current_replicas = current;
        look.status.desired_replicas = decision.desired;
        look.status.current_metrics = statuses;
        if rescale {
            look.status.last_scale_time = Some(look.now);
        }
        look.write(api, context);
        self.states.or_default(uid).decision = Some(Arc::new(decision));
    }

    /// Writes the scale. The error is that of the event.
    fn rescale(
        &mut self,
        look: &mut Look<'_>,
        target: &Object,
        decision: &Decision,
        reason: &str,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> Result<(), String> {
        let desired = decision.desired;
        if let Err(status) = api.set_scale(&target.key(), desired, context) {
            let message =
                ["the HPA controller was unable to update the target scale: ", &status.message].concat();
            look.set(ABLE, false, ("FailedUpdateScale", &message));
            return Err(format!("New size: {desired}; reason: {reason}; error: {}", status.message));
        }
        let message = format!("the HPA controller was able to update the target scale to {desired}");
        look.set(ABLE, true, ("SucceededRescale", &message));
        let text = format!("New size: {desired}; reason: {reason}");
        api.tell(&self.reporter, &look.object, &Message::normal("SuccessfulRescale", &text), context);
        let behavior = look.autoscaler.spec.behavior.as_ref();
        let state = self.states.or_default(look.autoscaler.metadata.uid);
        state.history.changed(decision.current, desired, behavior, context.now());
        Ok(())
    }

    /// `computeReplicasForMetrics`: the most that a metric asks for.
    #[expect(clippy::too_many_arguments, reason = "one step of the look, with all it has")]
    fn metrics(
        &mut self,
        look: &mut Look<'_>,
        scale: &Scale,
        usage: &dyn Usage,
        decision: &mut Decision,
        statuses: &mut Vec<Metric>,
        api: &mut Api,
        context: &mut Context<'_>,
    ) -> Result<Wanted, String> {
        let autoscaler = look.autoscaler;
        let namespace = &*autoscaler.metadata.namespace;
        let Some(selector) = &scale.selector else {
            self.warn(look, "SelectorRequired", "selector is required", api, context);
            look.set(ACTIVE, false, ("InvalidSelector", "the HPA target's scale is missing a selector"));
            return Err("selector is required".to_owned());
        };
        let pods: Vec<Arc<Pod>> = api
            .store()
            .list::<Pod>(Some(namespace))
            .filter(|pod| matches(selector, &pod.metadata.labels))
            .cloned()
            .collect();
        self.states.or_default(autoscaler.metadata.uid).selector = Some(selector.clone());
        if let Some(message) = self.ambiguous(autoscaler, selector, &pods, api) {
            self.warn(look, "AmbiguousSelector", &message, api, context);
            look.set(ACTIVE, false, ("AmbiguousSelector", &message));
            return Err(message);
        }
        let mut wanted: Option<Wanted> = None;
        let mut failures: Vec<Box<Failure>> = Vec::new();
        for (at, metric) in autoscaler.spec.metrics.iter().enumerate() {
            let sources = Sources {
                namespace,
                pods: &pods,
                sizes: (scale.replicas, scale.current),
                tolerance: tolerance(autoscaler.spec.behavior.as_ref()),
                usage,
                now: context.now(),
                api,
            };
            match sources.ask(metric) {
                Ok(answer) => {
                    let replicas = answer.asked.outcome.as_ref().map_or(0, |proposal| proposal.replicas);
                    if wanted.as_ref().is_none_or(|most| most.replicas == 0 || replicas > most.replicas) {
                        wanted = Some(Wanted { replicas, most: (at, answer.name) });
                    }
                    statuses.push(answer.current);
                    decision.metrics.push(answer.asked);
                }
                Err(failure) => {
                    self.warn(look, failure.reason, &failure.message, api, context);
                    statuses.push(Metric::default());
                    decision.metrics.push(failure.asked.clone());
                    failures.push(failure);
                }
            }
        }
        let shrinks = wanted.as_ref().is_none_or(|wanted| wanted.replicas < scale.replicas);
        if let Some(first) = failures.first()
            && shrinks
        {
            let message = ["the HPA was unable to compute the replica count: ", &first.message].concat();
            look.set(ACTIVE, false, (first.reason, &message));
            return Err(format!(
                "invalid metrics ({} invalid out of {}), first error is: {}",
                failures.len(),
                autoscaler.spec.metrics.len(),
                first.whole
            ));
        }
        let Some(wanted) = wanted else { return Err("no metrics".to_owned()) };
        let message =
            ["the HPA was able to successfully calculate a replica count from ", &wanted.most.1].concat();
        look.set(ACTIVE, true, ("ValidMetricFound", &message));
        Ok(wanted)
    }

    /// Whether another autoscaler of the namespace has some of these pods, too (`hpasControllingPodsUnderSelector`).
    fn ambiguous(
        &self,
        autoscaler: &HorizontalPodAutoscaler,
        selector: &LabelSelector,
        pods: &[Arc<Pod>],
        api: &Api,
    ) -> Option<String> {
        let namespace = &autoscaler.metadata.namespace;
        let all = api.store().list::<HorizontalPodAutoscaler>(Some(namespace));
        let sharing = all.filter(|other| {
            let state = self.states.get(&other.metadata.uid);
            state
                .and_then(|state| state.selector.as_ref())
                .is_some_and(|selector| pods.iter().any(|pod| matches(selector, &pod.metadata.labels)))
        });
        let names: Vec<String> =
            sharing.map(|other| format!("{{{} {namespace}}}", other.metadata.name)).collect();
        (names.len() > 1).then(|| {
            let selector = selector_text(selector);
            format!("pods by selector {selector} are controlled by multiple HPAs: [{}]", names.join(" "))
        })
    }

    fn warn(&self, look: &Look<'_>, reason: &str, message: &str, api: &mut Api, context: &mut Context<'_>) {
        api.tell(&self.reporter, &look.object, &Message::warning(reason, message), context);
    }
}

impl Look<'_> {
    fn set(&mut self, kind: &str, truth: bool, why: (&str, &str)) {
        set(&mut self.status, kind, truth, why, self.now);
    }

    /// The conditions of a size that was held back, or not.
    fn pace(&mut self, wanted: i32, paced: &Paced) {
        debug_assert!(paced.stabilized != wanted || paced.stability.0 == "ReadyForNewScale");
        self.set(ABLE, true, paced.stability);
        self.set(LIMITED, paced.desired != paced.stabilized, paced.limit);
    }

    /// `updateStatusIfNeeded`
    fn write(&self, api: &mut Api, context: &mut Context<'_>) {
        let meta = &self.autoscaler.metadata;
        // It may be gone meanwhile: then nobody looks at its status.
        let _ = api.modify::<HorizontalPodAutoscaler>(&meta.namespace, &meta.name, context, |autoscaler| {
            autoscaler.status.clone_from(&self.status);
        });
    }
}

/// The target of an autoscaler with its scale. Errors are those of the mapper and of the API server.
fn target(autoscaler: &HorizontalPodAutoscaler, api: &Api) -> Result<(Object, Scale), Status> {
    let reference = &autoscaler.spec.scale_target_ref;
    let group = match reference.api_version.split('/').collect::<Vec<_>>().as_slice() {
        [_] => "",
        [group, _] => group,
        _ => {
            let message = format!("unexpected GroupVersion string: {}", reference.api_version);
            return Err(Status::bad_request(message));
        }
    };
    if !crate::api::is_served(&reference.kind, group) {
        let kind = opscape_manifest::golang::quote(&reference.kind);
        let message = format!("no matches for kind {kind} in group \"{group}\"");
        return Err(Status::bad_request(message));
    }
    api.get_scale(&ObjectKey {
        kind: reference.kind.clone(),
        namespace: autoscaler.metadata.namespace.clone(),
        name: reference.name.clone(),
    })
}

/// `tolerancesForHpa`
fn tolerance(behavior: Option<&Behavior>) -> Tolerance {
    let of = |rules: Option<&ScalingRules>| {
        let tolerance = rules.and_then(|rules| rules.tolerance);
        tolerance.map_or(DEFAULT_TOLERANCE, |amount| amount.nano_value() as f64 / 1e9)
    };
    Tolerance {
        up: of(behavior.and_then(|behavior| behavior.scale_up.as_ref())),
        down: of(behavior.and_then(|behavior| behavior.scale_down.as_ref())),
    }
}

/// A selector as the scale subresource tells it (`metav1.FormatLabelSelector`).
fn selector_text(selector: &LabelSelector) -> String {
    let mut parts: Vec<String> =
        selector.match_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    for requirement in &selector.match_expressions {
        let key = &requirement.key;
        let values: Vec<&str> = requirement.values.iter().map(|value| &**value).collect();
        parts.push(match &*requirement.operator {
            "Exists" => key.to_string(),
            "DoesNotExist" => format!("!{key}"),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            _ => format!("{key} in ({})", values.join(",")),
        });
    }
    parts.sort();
    parts.join(",")
}
