//! Preemption (plugins/defaultpreemption, framework/preemption): making room for a pod by ending pods of lower priority.

use std::sync::Arc;

use opscape_manifest::api::meta::{LabelSelector, Str, Timestamp};
use opscape_manifest::api::pod::PodCondition;
use opscape_manifest::api::{Object, ObjectKey, Pod};
use opscape_manifest::order;

use super::cache::{Cache, NodeInfo, counts};
use super::class::{Class, Rejection};
use super::labels::Matcher;
use super::plugin::{Reason, unavailable};
use super::verdict::Others;
use super::{Fact, Scheduler};
use crate::api::{DeleteOptions, set_condition};
use crate::{Api, Context, Message, Record, Subject, words};

/// At least so many candidates are looked at, and a tenth of the nodes (`DefaultPreemptionArgs`).
const FEWEST_CANDIDATES: usize = 100;

/// What preemption came to.
#[derive(Default)]
pub(super) struct Preemption {
    /// The node where room is made.
    pub node: Option<Str>,
    /// Who has to go.
    victims: Vec<Arc<Pod>>,
    /// Why not, if no room is made.
    pub message: String,
    /// The pod keeps the node that was nominated before.
    pub keep: bool,
}

/// A node that would do.
struct Candidate {
    node: Str,
    victims: Vec<Arc<Pod>>,
    violations: usize,
}

/// A budget that evictions should respect.
struct Budget {
    namespace: Str,
    matcher: Matcher,
    allowed: i64,
    disrupted: Vec<String>,
}

impl Scheduler {
    /// Looks for a node where ending pods of lower priority helps.
    pub(super) fn preempt(&mut self, pod: &Arc<Pod>, api: &Api, _context: &mut Context<'_>) -> Preemption {
        if let Some(message) = not_eligible(pod, api) {
            return Preemption { message: message.to_owned(), keep: true, ..Preemption::default() };
        }
        let helpful: Vec<u32> = {
            let rejected = self.scratch.rejected.iter();
            rejected.filter(|(_, rejection)| rejection.resolvable).map(|(index, _)| *index).collect()
        };
        let nodes = self.cache.order.len();
        let mut reasons: Vec<(Reason, usize)> = Vec::new();
        if helpful.len() < nodes {
            reasons.push((Reason::NotHelpful, nodes - helpful.len()));
        }
        let mut candidates = Vec::new();
        if !self.cache.has_lower_priority(pod.spec.priority.unwrap_or_default()) {
            // Nobody can be a victim: no need to look at each node.
            if !helpful.is_empty() {
                reasons.push((Reason::NoVictims, helpful.len()));
            }
            let message = unavailable(nodes, reasons.iter().map(|(reason, count)| (reason, *count)));
            return Preemption { message, ..Preemption::default() };
        }
        let budgets = budgets(api);
        let wanted = (nodes / 10).max(FEWEST_CANDIDATES);
        let offset = if helpful.is_empty() { 0 } else { self.random.below(helpful.len() as u64) as usize };
        let Some(class) = self.classes.of(&mut self.cache, api.store(), pod) else {
            return Preemption::default();
        };
        for step in 0..helpful.len() {
            let Some(index) = helpful.get((offset + step) % helpful.len()) else { break };
            let nominated = Others { pod, all: &self.nominated };
            match victims_on(&mut self.cache, class, *index, pod, &budgets, api, &nominated) {
                Ok(candidate) => {
                    candidates.push(candidate);
                    if candidates.len() >= wanted {
                        break;
                    }
                }
                Err(refused) => {
                    for reason in refused {
                        match reasons.iter_mut().find(|(known, _)| *known == reason) {
                            Some((_, count)) => *count += 1,
                            None => reasons.push((reason, 1)),
                        }
                    }
                }
            }
        }
        match best(candidates) {
            Some(best) => {
                Preemption { node: Some(best.node), victims: best.victims, ..Preemption::default() }
            }
            None => Preemption {
                message: unavailable(nodes, reasons.iter().map(|(reason, count)| (reason, *count))),
                ..Preemption::default()
            },
        }
    }

    /// Ends the victims.
    pub(super) fn evict(
        &mut self,
        pod: &Pod,
        preemptor: &Subject,
        preemption: &Preemption,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let Some(node) = &preemption.node else { return };
        let priority = pod.spec.priority.unwrap_or_default();
        let cause = context.cause();
        for victim in &preemption.victims {
            let meta = &victim.metadata;
            let subject = Subject::of(&Object::Pod(victim.clone()));
            context.because(cause);
            let fact = Fact::Preempted {
                victim: Box::new(subject),
                priority: victim.spec.priority.unwrap_or_default(),
                preemptor: Box::new(preemptor.clone()),
                preemptor_priority: priority,
                node: node.clone(),
            };
            context.record_as_cause(Record::Scheduler(Box::new(fact)));
            let now = api.timestamp(context.now());
            let condition = PodCondition {
                kind: "DisruptionTarget".into(),
                status: words::yes(),
                reason: "PreemptionByScheduler".into(),
                message: "default-scheduler: preempting to accommodate a higher priority pod".into(),
                last_transition_time: Some(now),
                observed_generation: meta.generation,
            };
            let marked = api.modify::<Pod>(&meta.namespace, &meta.name, context, |pod| {
                set_condition(&mut pod.status.conditions, condition);
            });
            let key =
                ObjectKey { kind: words::pod(), namespace: meta.namespace.clone(), name: meta.name.clone() };
            let options = DeleteOptions { uid: Some(meta.uid), ..DeleteOptions::default() };
            if marked.is_err() || api.delete(&key, &options, context).is_err() {
                continue; // it is gone already
            }
            let message = format!("Preempted by pod {} on node {node}", pod.metadata.uid);
            let said = Message::normal("Preempted", &message);
            api.tell_series(&self.reporter, &Object::Pod(victim.clone()), "Preempting", &said, context);
        }
        context.because(cause);
        self.forget_lower_nominations(node, pod, priority, api, context);
    }

    /// Pods of lower priority that counted on the node have to look again.
    fn forget_lower_nominations(
        &mut self,
        node: &Str,
        pod: &Pod,
        priority: i32,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let others: Vec<Arc<Pod>> = self
            .nominated
            .iter()
            .filter(|(known, _)| known == node)
            .map(|(_, other)| other)
            .filter(|other| other.spec.priority.unwrap_or_default() < priority)
            .filter(|other| other.metadata.uid != pod.metadata.uid)
            .cloned()
            .collect();
        for other in others {
            let meta = &other.metadata;
            let cleared = api.modify::<Pod>(&meta.namespace, &meta.name, context, |pod| {
                pod.status.nominated_node_name = words::empty();
            });
            if cleared.is_ok() {
                self.queue.requeue(meta.uid, context.now(), context.cause());
            }
        }
    }
}

/// `PodEligibleToPreemptOthers`
fn not_eligible(pod: &Pod, api: &Api) -> Option<&'static str> {
    if pod.spec.preemption_policy.as_deref() == Some("Never") {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let node = &pod.status.nominated_node_name;
    if node.is_empty() {
        return None;
    }
    let priority = pod.spec.priority.unwrap_or_default();
    let leaving = api.store().pods_on(node).any(|other| {
        other.metadata.deletion_timestamp.is_some()
            && other.spec.priority.unwrap_or_default() < priority
            && other.status.conditions.iter().any(|condition| {
                &*condition.kind == "DisruptionTarget" && &*condition.reason == "PreemptionByScheduler"
            })
    });
    leaving.then_some("not eligible due to a terminating pod on the nominated node.")
}

/// `SelectVictimsOnNode`: first all pods of lower priority are taken away; if the pod fits then, as many as possible come back,
/// those protected by a budget first, then by priority.
fn victims_on(
    cache: &mut Arc<Cache>,
    class: &mut Class,
    index: u32,
    pod: &Pod,
    budgets: &[Budget],
    api: &Api,
    nominated: &Others<'_>,
) -> Result<Candidate, Vec<Reason>> {
    let at = index as usize;
    let Some(info) = cache.nodes.get(at).cloned() else { return Err(Vec::new()) };
    let priority = pod.spec.priority.unwrap_or_default();
    let name = info.node.metadata.name.clone();
    let on_node = api.store().pods_on(&name).filter(|other| counts(other));
    let mut lower: Vec<Arc<Pod>> =
        on_node.filter(|other| other.spec.priority.unwrap_or_default() < priority).cloned().collect();
    if lower.is_empty() {
        return Err(vec![Reason::NoVictims]);
    }
    let mut trial = Trial { cache, class, at, info, fewest: Vec::new(), nominated };
    for victim in &lower {
        trial.move_pod(victim, -1);
    }
    if let Err(rejection) = trial.fits() {
        let reasons = trial.class.reasons(rejection);
        for victim in &lower {
            trial.move_pod(victim, 1);
        }
        return Err(reasons);
    }
    // MoreImportantPod: higher priority first, then the one that has run for longer.
    let importance = |pod: &Arc<Pod>| {
        (std::cmp::Reverse(pod.spec.priority.unwrap_or_default()), started(pod), pod.metadata.uid)
    };
    order::sort_by(&mut lower, |a, b| importance(a).cmp(&importance(b)));
    let (violating, others) = split_by_budget(&lower, budgets);
    let mut victims = Vec::new();
    let mut violations = 0;
    for (pod, violates) in
        violating.into_iter().map(|pod| (pod, true)).chain(others.into_iter().map(|pod| (pod, false)))
    {
        trial.move_pod(&pod, 1);
        if trial.fits().is_err() {
            trial.move_pod(&pod, -1);
            violations += usize::from(violates);
            victims.push(pod);
        }
    }
    for pod in &victims {
        trial.move_pod(pod, 1);
    }
    order::sort_by(&mut victims, |a, b| importance(a).cmp(&importance(b)));
    Ok(Candidate { node: name, victims, violations })
}

/// A node with some of its pods taken away.
struct Trial<'a, 'b> {
    cache: &'a mut Arc<Cache>,
    class: &'a mut Class,
    at: usize,
    info: NodeInfo,
    fewest: Vec<i64>,
    nominated: &'a Others<'b>,
}

impl Trial<'_, '_> {
    fn move_pod(&mut self, pod: &Pod, sign: i64) {
        self.info.count(pod, sign);
        self.class.count(self.cache, pod, self.at, sign);
    }

    fn fits(&mut self) -> Result<(), Rejection> {
        use super::cycle::Nominated;
        self.class.spread.fewest(&mut self.fewest);
        if let Some(later) = self.nominated.with_nominated(&self.info) {
            self.class.filter_supposed(self.cache, self.at, &later, &self.fewest)?;
        }
        self.class.filter_supposed(self.cache, self.at, &self.info, &self.fewest)
    }
}

fn started(pod: &Pod) -> Timestamp {
    pod.status.start_time.or(pod.metadata.creation_timestamp).unwrap_or_default()
}

/// `filterPodsWithPDBViolation`: in order of importance, each budget covers as many as it allows.
fn split_by_budget(pods: &[Arc<Pod>], budgets: &[Budget]) -> (Vec<Arc<Pod>>, Vec<Arc<Pod>>) {
    let mut allowed: Vec<i64> = budgets.iter().map(|budget| budget.allowed).collect();
    let (mut violating, mut others) = (Vec::new(), Vec::new());
    for pod in pods {
        let mut violates = false;
        for (budget, allowed) in budgets.iter().zip(&mut allowed) {
            let covered = budget.namespace == pod.metadata.namespace
                && !budget.matcher.is_empty()
                && budget.matcher.matches(&pod.metadata.labels)
                && !budget.disrupted.iter().any(|name| **name == *pod.metadata.name);
            if covered {
                *allowed -= 1;
                violates |= *allowed < 0;
            }
        }
        if violates { violating.push(pod.clone()) } else { others.push(pod.clone()) }
    }
    (violating, others)
}

fn budgets(api: &Api) -> Vec<Budget> {
    let objects = api.store().objects("PodDisruptionBudget", None);
    let budget = |object: &Object| {
        let Object::Other(other) = object else { return None };
        let selector = other.body.get("spec")?.get("selector")?;
        let selector: LabelSelector = opscape_manifest::codec::from_value(selector).ok()?;
        let status = other.body.get("status");
        let disrupted = status.and_then(|status| status.get("disruptedPods")?.as_map());
        Some(Budget {
            namespace: other.metadata.namespace.clone(),
            matcher: Matcher::new(Some(&selector)),
            allowed: status.and_then(|status| status.get("disruptionsAllowed")?.as_int()).unwrap_or_default(),
            disrupted: disrupted.into_iter().flat_map(|pods| pods.keys().cloned()).collect(),
        })
    };
    objects.iter().filter_map(budget).collect()
}

/// `pickOneNodeForPreemption`: fewest violated budgets, lowest highest priority, lowest sum of priorities, fewest victims,
/// latest start of the most important victim.
fn best(candidates: Vec<Candidate>) -> Option<Candidate> {
    let priority = |pod: &Arc<Pod>| i64::from(pod.spec.priority.unwrap_or_default());
    candidates.into_iter().min_by_key(|candidate| {
        let highest = candidate.victims.iter().map(priority).max().unwrap_or(i64::MIN);
        let sum: i64 = candidate.victims.iter().map(|pod| priority(pod) + i64::from(i32::MAX) + 1).sum();
        let first =
            candidate.victims.iter().filter(|pod| priority(pod) == highest).map(|pod| started(pod)).min();
        (
            candidate.violations,
            highest,
            sum,
            candidate.victims.len(),
            std::cmp::Reverse(first.unwrap_or_default()),
        )
    })
}
