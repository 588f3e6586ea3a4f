//! What the API server does to pods: admission, quality of service, binding. Specs are shared among pods of one template
//! (and of one node, once bound): a cluster of 150,000 pods has a few thousand different ones.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use opscape_manifest::api::meta::{Str, StrMap, Uid};
use opscape_manifest::api::pod::{Container, PodCondition, PodSpec, Toleration};
use opscape_manifest::api::{Node, Pod};
use opscape_manifest::value::{Map, Value};

use super::{Api, resource_of_kind};
use crate::{Context, Status, words};

/// Specs and labels that several pods have in common. It changes nothing but the memory used.
#[derive(Clone, Default)]
pub(super) struct Shared {
    /// By the address of the template's spec (kept alive here).
    admitted: OrdMap<usize, (Arc<PodSpec>, Arc<PodSpec>)>,
    /// By the address of the admitted spec (kept alive here) and the node.
    bound: OrdMap<(usize, Str), (Arc<PodSpec>, Arc<PodSpec>)>,
    labels: OrdSet<StrMap>,
}

const ADMITTED_KEPT: usize = 1_000;
const BOUND_KEPT: usize = 50_000;
const LABELS_KEPT: usize = 5_000;

fn address(spec: &Arc<PodSpec>) -> usize {
    Arc::as_ptr(spec).addr()
}

impl Shared {
    fn bound_spec(&mut self, spec: &Arc<PodSpec>, node: &Str) -> Arc<PodSpec> {
        let key = (address(spec), node.clone());
        if let Some((_, bound)) = self.bound.get(&key) {
            return bound.clone();
        }
        let mut bound = PodSpec::clone(spec);
        bound.node_name = node.clone();
        let bound = Arc::new(bound);
        if self.bound.len() >= BOUND_KEPT {
            self.bound = OrdMap::new();
        }
        self.bound.insert(key, (spec.clone(), bound.clone()));
        bound
    }

    fn labels(&mut self, labels: StrMap) -> StrMap {
        if let Some(known) = self.labels.get(&labels) {
            return known.clone();
        }
        if self.labels.len() >= LABELS_KEPT {
            self.labels = OrdSet::new();
        }
        self.labels.insert(labels.clone());
        labels
    }
}

/// What a pod gets by default and a template does not (`SetDefaults_Pod`, pkg/apis/core/v1/defaults.go).
fn default_pod(spec: &mut PodSpec) {
    spec.enable_service_links.get_or_insert(true);
    for container in spec.init_containers.iter_mut().chain(&mut spec.containers) {
        for (name, limit) in &container.resources.limits {
            container.resources.requests.entry(name.clone()).or_insert_with(|| *limit);
        }
    }
}

/// Labels that a pod takes over from its node when it is bound (feature PodTopologyLabelsAdmission).
const TOPOLOGY_LABELS: [&str; 2] = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

impl Api {
    /// The spec of a new pod after admission: Priority, DefaultTolerationSeconds, ServiceAccount.
    pub(super) fn admitted_spec(&mut self, pod: &Pod) -> Result<Arc<PodSpec>, Status> {
        let key = address(&pod.spec);
        if let Some((_, admitted)) = self.shared.admitted.get(&key) {
            return Ok(admitted.clone());
        }
        let mut spec = PodSpec::clone(&pod.spec);
        default_pod(&mut spec);
        self.has_service_account(&spec, pod)?;
        self.admit_priority(&mut spec, pod)?;
        admit_tolerations(
            &mut spec,
            self.options.flags.not_ready_toleration,
            self.options.flags.unreachable_toleration,
        );
        self.admit_service_account(&mut spec);
        let spec = Arc::new(spec);
        if self.shared.admitted.len() >= ADMITTED_KEPT {
            self.shared.admitted = OrdMap::new();
        }
        self.shared.admitted.insert(key, (pod.spec.clone(), spec.clone()));
        Ok(spec)
    }

    /// What admission learned about templates is out of date.
    pub(super) fn forget_admitted(&mut self) {
        self.shared.admitted = OrdMap::new();
    }

    fn admit_priority(&self, spec: &mut PodSpec, pod: &Pod) -> Result<(), Status> {
        let (priority, policy) = match &*spec.priority_class_name {
            "" => {
                let default = self.store.objects("PriorityClass", None).into_iter().find(|class| {
                    body(class).and_then(|body| body.get("globalDefault")?.as_bool()) == Some(true)
                });
                match default {
                    Some(class) => {
                        spec.priority_class_name = class.meta().name.clone();
                        class_values(&class)
                    }
                    None => (0, None),
                }
            }
            "system-cluster-critical" => (2_000_000_000, None),
            "system-node-critical" => (2_000_001_000, None),
            name => {
                if let Some(class) = self.store.object("PriorityClass", "", name) {
                    class_values(&class)
                } else {
                    let why = format!("no PriorityClass with name {name} was found");
                    return Err(resource_of_kind("Pod").forbidden(&pod.metadata.name, &why));
                }
            }
        };
        if let Some(asked) = spec.priority
            && asked != priority
        {
            let why = format!(
                "the integer value of priority ({asked}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
            );
            return Err(resource_of_kind("Pod").forbidden(&pod.metadata.name, &why));
        }
        spec.priority = Some(priority);
        if spec.preemption_policy.is_none() {
            spec.preemption_policy = Some(policy.unwrap_or_else(|| "PreemptLowerPriority".into()));
        }
        Ok(())
    }

    /// plugin/pkg/admission/serviceaccount `getServiceAccount`: every namespace has the account `default`.
    fn has_service_account(&self, spec: &PodSpec, pod: &Pod) -> Result<(), Status> {
        let (name, namespace) = (&*spec.service_account_name, &*pod.metadata.namespace);
        if matches!(name, "" | "default") || self.store.object("ServiceAccount", namespace, name).is_some() {
            return Ok(());
        }
        let why = format!(
            "error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found"
        );
        let named = pod.metadata.generate_name.as_ref().unwrap_or(&pod.metadata.name);
        Err(resource_of_kind("Pod").forbidden(named, &why))
    }

    /// plugin/pkg/admission/serviceaccount: the account, and the volume with its token in each container.
    fn admit_service_account(&mut self, spec: &mut PodSpec) {
        if spec.service_account_name.is_empty() {
            spec.service_account_name = words::default_namespace();
        }
        spec.service_account = spec.service_account_name.clone();
        if spec.automount_service_account_token == Some(false) {
            return;
        }
        let mounts_there = |container: &Container| {
            container.volume_mounts.iter().any(|mount| mount.str_at(&["mountPath"]) == Some(TOKEN_PATH))
        };
        let name = format!("kube-api-access-{}", self.random.suffix(5));
        let mut used = false;
        for container in spec.init_containers.iter_mut().chain(&mut spec.containers) {
            if !mounts_there(container) {
                container.volume_mounts.push(map([
                    ("name", name.as_str().into()),
                    ("readOnly", true.into()),
                    ("mountPath", TOKEN_PATH.into()),
                ]));
                used = true;
            }
        }
        if used {
            spec.volumes.push(token_volume(&name));
        }
    }

    /// Binds a pod to a node (`POST pods/NAME/binding`, pkg/registry/core/pod/storage: `assignPod`).
    ///
    /// # Errors
    /// `NotFound` for the pod; `Conflict` if it is bound already or being deleted.
    pub fn bind(
        &mut self,
        namespace: &str,
        name: &str,
        node: &str,
        context: &mut Context<'_>,
    ) -> Result<Arc<Pod>, Status> {
        let pod = self.typed::<Pod>(namespace, name)?.clone();
        let found = self.store.get::<Node>("", node).cloned();
        self.bind_to(pod, node, found, context)
    }

    /// As [`Api::bind`], for those who have the pod as it is and know the node's identity.
    pub(crate) fn bind_to_node(
        &mut self,
        pod: Arc<Pod>,
        node: (Uid, &str),
        context: &mut Context<'_>,
    ) -> Result<Arc<Pod>, Status> {
        let found = self.store.typed_by_uid::<Node>(node.0).cloned();
        self.bind_to(pod, node.1, found, context)
    }

    fn bind_to(
        &mut self,
        pod: Arc<Pod>,
        node: &str,
        found: Option<Arc<Node>>,
        context: &mut Context<'_>,
    ) -> Result<Arc<Pod>, Status> {
        let name = &pod.metadata.name;
        let resource = resource_of_kind("Pod");
        if pod.metadata.deletion_timestamp.is_some() {
            let why = format!("pod {name} is being deleted, cannot be assigned to a host");
            return Err(resource.conflict(name, &why));
        }
        if !pod.spec.node_name.is_empty() {
            let why = format!("pod {name} is already assigned to node \"{}\"", pod.spec.node_name);
            return Err(resource.conflict(name, &why));
        }
        let now = self.timestamp(context.now());
        let node: Str = found.as_ref().map_or_else(|| node.into(), |node| node.metadata.name.clone());
        let before = pod;
        let mut pod = Pod::clone(&before);
        pod.spec = self.shared.bound_spec(&pod.spec, &node);
        // ClearingNominatedNodeNameAfterBinding
        pod.status.nominated_node_name = words::empty();
        if let Some(found) = found {
            let topology = TOPOLOGY_LABELS
                .iter()
                .filter_map(|key| found.metadata.labels.get_key_value(*key))
                .filter(|(key, value)| pod.metadata.labels.get(*key) != Some(*value));
            let mut topology = topology.peekable();
            if topology.peek().is_some() {
                let mut labels = (*pod.metadata.labels).clone();
                labels.extend(topology.map(|(key, value)| (key.clone(), value.clone())));
                pod.metadata.labels = self.shared.labels(Arc::new(labels));
            }
        }
        set_condition(
            &mut pod.status.conditions,
            PodCondition {
                kind: words::pod_scheduled(),
                status: words::yes(),
                last_transition_time: Some(now),
                ..PodCondition::default()
            },
        );
        Ok(self.put_modified(pod, context).unwrap_or(before))
    }
}

/// A pod with scheduling gates says from the beginning that it is held back (pkg/registry/core/pod/strategy.go
/// `applySchedulingGatedCondition`).
pub(super) fn say_gated(pod: &mut Pod) {
    if !pod.spec.scheduling_gates.is_empty() {
        pod.status.conditions.push(PodCondition {
            kind: words::pod_scheduled(),
            status: words::no(),
            reason: "SchedulingGated".into(),
            message: "Scheduling is blocked due to non-empty scheduling gates".into(),
            ..PodCondition::default()
        });
    }
}

/// Sets a condition of a pod; the time of the last transition stays if the status does (`UpdatePodCondition`).
pub(crate) fn set_condition(conditions: &mut Vec<PodCondition>, mut condition: PodCondition) {
    match conditions.iter_mut().find(|known| known.kind == condition.kind) {
        Some(known) => {
            if known.status == condition.status {
                condition.last_transition_time = known.last_transition_time;
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
}

/// plugin/pkg/admission/defaulttolerationseconds
fn admit_tolerations(spec: &mut PodSpec, not_ready: i64, unreachable: i64) {
    for (key, seconds) in
        [("node.kubernetes.io/not-ready", not_ready), ("node.kubernetes.io/unreachable", unreachable)]
    {
        let tolerated = spec.tolerations.iter().any(|toleration| {
            (&*toleration.key == key || toleration.key.is_empty())
                && matches!(&*toleration.effect, "" | "NoExecute")
        });
        if !tolerated {
            spec.tolerations.push(Toleration {
                key: key.into(),
                operator: "Exists".into(),
                effect: "NoExecute".into(),
                toleration_seconds: Some(seconds),
                ..Toleration::default()
            });
        }
    }
}

/// `ComputePodQOS` (pkg/apis/core/v1/helper/qos), for CPU and memory.
pub(super) fn qos_class(spec: &PodSpec) -> Str {
    let mut any = false;
    let mut all_guaranteed = true;
    for container in spec.init_containers.iter().chain(&spec.containers) {
        for resource in ["cpu", "memory"] {
            let request = container.resources.requests.get(resource).filter(|amount| !amount.is_zero());
            let limit = container.resources.limits.get(resource).filter(|amount| !amount.is_zero());
            any |= request.is_some() || limit.is_some();
            all_guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, all_guaranteed) {
        (false, _) => words::best_effort(),
        (true, true) => words::guaranteed(),
        (true, false) => words::burstable(),
    }
}

fn body(object: &opscape_manifest::api::Object) -> Option<&Map> {
    if let opscape_manifest::api::Object::Other(other) = object { Some(&other.body) } else { None }
}

fn class_values(class: &opscape_manifest::api::Object) -> (i32, Option<Str>) {
    let value = body(class).and_then(|body| body.get("value")?.as_int()).unwrap_or_default();
    let policy = body(class).and_then(|body| body.get("preemptionPolicy")?.as_str()).map(Str::from);
    (i32::try_from(value).unwrap_or(i32::MAX), policy)
}

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Map(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn token_volume(name: &str) -> Value {
    let token = map([("expirationSeconds", Value::Int(3607)), ("path", "token".into())]);
    let certificate = map([
        ("items", Value::List(vec![map([("key", "ca.crt".into()), ("path", "ca.crt".into())])])),
        ("name", "kube-root-ca.crt".into()),
    ]);
    let field = map([("apiVersion", "v1".into()), ("fieldPath", "metadata.namespace".into())]);
    let namespace =
        map([("items", Value::List(vec![map([("fieldRef", field), ("path", "namespace".into())])]))]);
    let sources = Value::List(vec![
        map([("serviceAccountToken", token)]),
        map([("configMap", certificate)]),
        map([("downwardAPI", namespace)]),
    ]);
    map([("name", name.into()), ("projected", map([("defaultMode", Value::Int(420)), ("sources", sources)]))])
}
