//! An object as an [`Inspection`].

use opscape_cluster::cluster_autoscaler::GROUP_LABEL;
use opscape_cluster::load_balancer::points;
use opscape_manifest::api::meta::{ObjectMeta, Str};
use opscape_manifest::api::{Deployment, Kind, Node, Object, ObjectKey, Pod, ReplicaSet, Service};
use opscape_manifest::print;
use opscape_manifest::schema::acts;
use opscape_sim::Run;

use super::{EventFilter, Fact, Inspection, RevisionRow};
use crate::census;
use crate::scene::{EntryCard, NodeHealth, PodGlyph, PodState, entries, glyph, health};
use crate::session::event_rows;
use crate::why;
use crate::words::{self, Lang};
use crate::world::LabModel;
use opscape_manifest::order;

/// Events given at most.
const MOST_EVENTS: usize = 50;
/// Pods given at most.
const MOST_PODS: usize = 200;

/// Everything about an object; what is gone is shown as it was, as long as the watch log remembers it.
pub fn build(run: &Run<LabModel>, key: &ObjectKey, lang: Lang) -> Option<Inspection> {
    let model = run.model();
    let store = model.cluster().store();
    let found = store.object(&key.kind, &key.namespace, &key.name);
    let gone = found.is_none();
    let object = match found {
        Some(object) => object,
        None => last_state(model, key)?,
    };
    let mut inspection = Inspection {
        key: object.key(),
        gone,
        yaml: print::to_yaml(&object.to_value()),
        events: event_rows(
            run,
            &EventFilter { object: Some(object.key()), most: MOST_EVENTS, ..EventFilter::default() },
        ),
        why: why::why(run, key, Some(&object).filter(|_| !gone), lang),
        ..Inspection::default()
    };
    let about = About { model, lang, inspection: &mut inspection };
    match &object {
        Object::Pod(pod) => about.pod(pod),
        Object::Deployment(deployment) => about.deployment(deployment),
        Object::ReplicaSet(set) => about.replica_set(set),
        Object::Node(node) => about.node(node),
        Object::Service(service) => about.service(service),
        other => about.other(other.meta()),
    }
    Some(inspection)
}

fn last_state(model: &LabModel, key: &ObjectKey) -> Option<Object> {
    let store = model.cluster().store();
    let from = store.oldest_change()?.saturating_sub(1);
    let mut found = None;
    for change in store.changes_since(from) {
        let meta = change.object.meta();
        if meta.name == key.name && meta.namespace == key.namespace && change.object.kind_name() == &*key.kind
        {
            found = Some(change.object.clone());
        }
    }
    found
}

struct About<'a> {
    model: &'a LabModel,
    lang: Lang,
    inspection: &'a mut Inspection,
}

impl About<'_> {
    fn fact(&mut self, label: &'static str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            let label = words::text(self.lang, label).to_owned();
            self.inspection.facts.push(Fact { label, value, ..Fact::default() });
        }
    }

    fn mono(&mut self, label: &'static str, value: impl Into<String>, link: Option<ObjectKey>) {
        let value = value.into();
        if !value.is_empty() {
            let label = words::text(self.lang, label).to_owned();
            self.inspection.facts.push(Fact { label, value, mono: true, link });
        }
    }

    fn meta(&mut self, meta: &ObjectMeta) {
        if let Some(owner) = meta.controller() {
            let key = ObjectKey {
                kind: owner.kind.clone(),
                namespace: meta.namespace.clone(),
                name: owner.name.clone(),
            };
            self.mono("fact.owner", why::named(&owner.kind, &owner.name), Some(key));
        }
        self.mono("fact.namespace", &*meta.namespace, None);
        let labels: Vec<String> =
            meta.labels.iter().map(|(key, value)| [&**key, "=", value].concat()).collect();
        self.mono("fact.labels", labels.join(", "), None);
        if let Some(created) = meta.creation_timestamp {
            let at = words::seconds(self.lang, self.model.time_of(created));
            self.fact("fact.created", at);
        }
    }

    fn pod(mut self, pod: &Pod) {
        let lost = self.is_lost(&pod.spec.node_name);
        let drawn = glyph(self.model, pod, lost);
        self.inspection.word = drawn.word.to_string();
        self.inspection.failing = matches!(drawn.state, PodState::Failing | PodState::Unknown);
        let node = &*pod.spec.node_name;
        let restarts = drawn.restarts.to_string();
        let mut rest: Vec<String> = Vec::new();
        if !node.is_empty() {
            rest.push(node.to_owned());
        }
        if drawn.restarts > 0 {
            rest.push(words::fill(self.lang, "fact.restarts", &[("n", &restarts)]));
        }
        self.inspection.rest = rest.join(" · ");
        if !node.is_empty() {
            self.mono("fact.node", node, Some(key("Node", "", &pod.spec.node_name)));
        }
        for container in &pod.spec.containers {
            self.mono("fact.image", &*container.image, None);
            self.mono("fact.requests", amounts(&container.resources.requests), None);
            self.mono("fact.limits", amounts(&container.resources.limits), None);
        }
        self.mono("fact.ip", &*pod.status.pod_ip, None);
        self.mono("fact.qos", &*pod.status.qos_class, None);
        self.meta(&pod.metadata);
        self.inspection.scheduling =
            self.model.cluster().decision(pod.metadata.uid).map(|decision| why::table(decision));
        self.inspection.pod = Some(drawn);
    }

    fn deployment(mut self, deployment: &Deployment) {
        let status = &deployment.status;
        let wanted = deployment.spec.replicas.unwrap_or(1);
        let condition = |kind: &str| status.conditions.iter().find(|condition| &*condition.kind == kind);
        let stuck = condition("Progressing").is_some_and(|condition| &*condition.status == "False");
        let available = condition("Available").is_some_and(|condition| &*condition.status == "True");
        let word = if deployment.spec.paused {
            "Paused"
        } else if stuck {
            condition("Progressing").map_or("Progressing", |condition| &*condition.reason)
        } else if available && status.updated_replicas == wanted && status.replicas == wanted {
            "Available"
        } else {
            "Progressing"
        };
        word.clone_into(&mut self.inspection.word);
        self.inspection.failing = stuck && !deployment.spec.paused;
        self.inspection.rest = format!("{}/{wanted}", status.ready_replicas);
        self.fact("fact.wanted", wanted.to_string());
        self.fact("fact.updated", status.updated_replicas.to_string());
        self.fact("fact.ready", status.ready_replicas.to_string());
        self.fact("fact.available", status.available_replicas.to_string());
        if let Some(kind) = &deployment.spec.strategy.kind {
            let rolling = deployment.spec.strategy.rolling_update.as_ref();
            let text = |value: Option<&opscape_manifest::api::meta::IntOrString>| {
                value.map_or_else(String::new, ToString::to_string)
            };
            let value = match rolling {
                Some(rolling) => format!(
                    "{kind} maxSurge {} maxUnavailable {}",
                    text(rolling.max_surge.as_ref()),
                    text(rolling.max_unavailable.as_ref())
                ),
                None => kind.to_string(),
            };
            self.mono("fact.strategy", value, None);
        }
        self.meta(&deployment.metadata);
        self.inspection.revisions = revisions(self.model, deployment);
        let store = self.model.cluster().store();
        let pods = store
            .owned_by(deployment.metadata.uid)
            .flat_map(|set| store.owned_by(set.meta().uid))
            .filter_map(|object| if let Object::Pod(pod) = object { Some(&**pod) } else { None });
        let pods = self.glyphs(pods);
        self.inspection.pods = pods;
    }

    fn replica_set(mut self, set: &ReplicaSet) {
        let wanted = set.spec.replicas.unwrap_or(1);
        let word = if set.status.ready_replicas == wanted { "Ready" } else { "Progressing" };
        word.clone_into(&mut self.inspection.word);
        self.inspection.rest = format!("{}/{wanted}", set.status.ready_replicas);
        let version = census::of_replica_set(set);
        if version.revision > 0 {
            self.fact("fact.revision", version.revision.to_string());
        }
        self.fact("fact.wanted", wanted.to_string());
        self.fact("fact.ready", set.status.ready_replicas.to_string());
        self.mono("fact.image", &*version.image, None);
        self.meta(&set.metadata);
        let store = self.model.cluster().store();
        let pods = store
            .owned_by(set.metadata.uid)
            .filter_map(|object| if let Object::Pod(pod) = object { Some(&**pod) } else { None });
        let pods = self.glyphs(pods);
        self.inspection.pods = pods;
    }

    fn node(mut self, node: &Node) {
        let (state, since) = health(self.model, node);
        let word = match state {
            NodeHealth::Ready if node.spec.unschedulable => "Ready,SchedulingDisabled",
            NodeHealth::Ready => "Ready",
            NodeHealth::NotReady | NodeHealth::Unknown => "NotReady",
        };
        word.clone_into(&mut self.inspection.word);
        self.inspection.failing = state != NodeHealth::Ready;
        let zone =
            node.metadata.labels.get("topology.kubernetes.io/zone").map(|zone| &**zone).unwrap_or_default();
        let since = words::fill(self.lang, "fact.since", &[("at", &words::seconds(self.lang, since))]);
        self.inspection.rest = if zone.is_empty() { since } else { [zone, " · ", &since].concat() };
        let requests =
            self.model.census().node(&node.metadata.name).map(|tally| tally.requests).unwrap_or_default();
        let size = |resource: &str| node.status.allocatable.get(resource);
        let cpu = size("cpu").map_or(0, opscape_manifest::quantity::Quantity::milli_value);
        let memory = size("memory").map_or(0, opscape_manifest::quantity::Quantity::value);
        let pods = size("pods").map_or(0, opscape_manifest::quantity::Quantity::value);
        self.fact("fact.cpu", format!("{} / {}", words::millicores(requests.cpu), words::millicores(cpu)));
        self.fact("fact.memory", format!("{} / {}", words::memory(requests.memory), words::memory(memory)));
        self.fact("fact.pods", format!("{} / {pods}", requests.pods));
        if let Some(group) = node.metadata.labels.get(GROUP_LABEL) {
            self.mono("fact.node-group", &**group, None);
        }
        let price = crate::cost::price_of(node);
        if price > 0 {
            let price = words::dollars(price as f64);
            self.fact("fact.price", words::fill(self.lang, "ui.per-hour", &[("price", &price)]));
        }
        for taint in &node.spec.taints {
            self.mono("fact.taint", [&*taint.key, "=", &taint.value, ":", &taint.effect].concat(), None);
        }
        self.meta(&node.metadata);
        let store = self.model.cluster().store();
        let pods = self.glyphs(store.pods_on(&node.metadata.name).map(|pod| &**pod));
        self.inspection.pods = pods;
    }

    fn service(mut self, service: &Service) {
        let spec = &service.spec;
        self.inspection.word = spec.kind.to_string();
        self.mono("fact.ip", &*spec.cluster_ip, None);
        let outside: Vec<&str> = points(&service.status).collect();
        self.mono("fact.outside", outside.join(", "), None);
        self.note_stand_in(&outside.join(", "));
        let ports: Vec<String> = spec.ports.iter().map(|port| port.port.to_string()).collect();
        self.mono("fact.ports", ports.join(", "), None);
        let selector: Vec<String> =
            spec.selector.iter().map(|(key, value)| [&**key, "=", value].concat()).collect();
        self.mono("fact.selector", selector.join(", "), None);
        self.meta(&service.metadata);
        let store = self.model.cluster().store();
        let selected = store.list::<Pod>(Some(&service.metadata.namespace)).filter(|pod| {
            let labels = &pod.metadata.labels;
            !spec.selector.is_empty()
                && spec.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        });
        let pods = self.glyphs(selected.map(|pod| &**pod));
        let ready = pods.iter().filter(|pod| pod.state == PodState::Ready).count();
        self.inspection.rest = words::fill(
            self.lang,
            "fact.endpoints",
            &[("n", &ready.to_string()), ("of", &pods.len().to_string())],
        );
        self.inspection.failing = ready == 0 && !spec.selector.is_empty();
        self.inspection.pods = pods;
    }

    fn other(mut self, meta: &ObjectMeta) {
        self.meta(meta);
        let key = &self.inspection.key;
        let kind = Kind::ALL.iter().find(|kind| kind.name() == &*key.kind);
        if kind.is_none() && !acts(&key.kind) {
            words::text(self.lang, "fact.not-simulated").clone_into(&mut self.inspection.word);
        }
        let entries = entries(self.model);
        let same = |card: &&EntryCard| {
            *card.kind == *key.kind && card.name == key.name && card.namespace == key.namespace
        };
        if let Some(card) = entries.iter().find(same) {
            self.inspection.beside = super::beside::beside(self.model, key);
            self.entry(card);
        }
    }

    /// What lets requests in: who serves it, and where its rules lead.
    fn entry(&mut self, card: &EntryCard) {
        let via = if card.kind == "Ingress" { "IngressClass" } else { "Gateway" };
        if !card.via.is_empty() {
            self.inspection.rest = why::named(via, &card.via);
        }
        if !card.address.is_empty() {
            let label = words::text(self.lang, "fact.ip").to_owned();
            let value = card.address.to_string();
            self.inspection.facts.push(Fact { label, value, mono: true, link: None });
            self.note_stand_in(&card.address);
        }
        for row in &card.routes {
            let host = if row.host.is_empty() { "*" } else { &row.host };
            for backend in &row.backends {
                let to = key("Service", &backend.namespace, &backend.service);
                let label = [host, &row.path].concat();
                let value = [&*backend.service, ":", &backend.port].concat();
                let link = backend.ready.map(|_| to);
                self.inspection.facts.push(Fact { label, value, mono: true, link });
            }
        }
    }

    /// What of an address is not as it would be in the cloud.
    fn note_stand_in(&mut self, address: &str) {
        if address.contains(".amazonaws.com") {
            let said = words::text(self.lang, "fact.stand-in.aws").to_owned();
            self.fact("fact.stand-in", said);
        }
    }

    fn is_lost(&self, node: &str) -> bool {
        let node = self.model.cluster().store().get::<Node>("", node);
        node.is_some_and(|node| health(self.model, node).0 == NodeHealth::Unknown)
    }

    fn glyphs<'p>(&self, pods: impl Iterator<Item = &'p Pod>) -> Vec<PodGlyph> {
        pods.take(MOST_PODS).map(|pod| glyph(self.model, pod, self.is_lost(&pod.spec.node_name))).collect()
    }
}

fn key(kind: &str, namespace: &str, name: &Str) -> ObjectKey {
    ObjectKey { kind: kind.into(), namespace: namespace.into(), name: name.clone() }
}

fn amounts(list: &opscape_manifest::api::pod::ResourceList) -> String {
    let each: Vec<String> = list.iter().map(|(name, amount)| format!("{name} {amount}")).collect();
    each.join(", ")
}

fn revisions(model: &LabModel, deployment: &Deployment) -> Vec<RevisionRow> {
    let store = model.cluster().store();
    let mut rows: Vec<RevisionRow> = store
        .owned_by(deployment.metadata.uid)
        .filter_map(|object| if let Object::ReplicaSet(set) = object { Some(set) } else { None })
        .map(|set| {
            let version = census::of_replica_set(set);
            RevisionRow {
                revision: version.revision,
                colour: model.census().colour(&version.namespace, &version.workload, version.revision),
                replica_set: set.metadata.name.clone(),
                image: version.image,
                pods: u32::try_from(set.status.replicas).unwrap_or_default(),
                current: false,
                change_cause: set
                    .metadata
                    .annotation("kubernetes.io/change-cause")
                    .unwrap_or_default()
                    .into(),
            }
        })
        .collect();
    order::sort_by(&mut rows, |a, b| b.revision.cmp(&a.revision));
    if let Some(first) = rows.first_mut() {
        first.current = true;
    }
    rows
}
