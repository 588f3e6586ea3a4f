//! The world as a [`Scene`].

use std::sync::Arc;

use opscape_cluster::Store;
use opscape_cluster::cluster_autoscaler::GROUP_LABEL;
use opscape_manifest::api::meta::{Str, StrMap};
use opscape_manifest::api::{Kind, Node, Pod, ReplicaSet, Service};
use opscape_sim::Time;

use super::{
    Gauge, Level, NodeCard, NodeHealth, PodGlyph, PodState, Scene, ServiceCard, StateCounts, TRAY_MOST,
    TrayPod, Version, ZoneCard,
};
use crate::census::{self, Tally};
use crate::world::LabModel;
use opscape_manifest::order;

const ZONE: &str = "topology.kubernetes.io/zone";

/// The picture of a world.
pub fn build(model: &LabModel, now: Time, level: Option<Level>) -> Scene {
    let counts = model.census().all();
    let level = level.unwrap_or_else(|| {
        Level::for_crowd(counts.total(), model.cluster().store().count(Kind::Node.name()))
    });
    let nodes = nodes(model, level);
    let (tray, tray_more) = tray(model);
    let rollouts = super::rollouts::strips(model);
    let mut counts = counts;
    // Pods on a lost node are unknown, whatever their status says.
    for node in nodes.iter().filter(|node| node.health == NodeHealth::Unknown) {
        let Some(tally) = model.census().node(&node.name) else { continue };
        for ((sum, before), after) in counts.0.iter_mut().zip(tally.counts.0).zip(node.counts.0) {
            *sum = *sum + after - before;
        }
    }
    let services = services(model, level);
    Scene {
        at: now,
        level,
        namespaces: namespaces(model),
        versions: versions(model),
        entries: super::entries::entries(model.cluster().store(), &services),
        traffic: super::traffic::scene(model, level, &services, &nodes),
        services,
        zones: zones(&nodes),
        nodes,
        tray,
        tray_more,
        rollouts,
        counts,
        cost: Some(*model.cost()).filter(|cost| !cost.is_nothing()),
        pipelines: pipelines(model),
    }
}

/// Most texts have none.
fn pipelines(model: &LabModel) -> Vec<Arc<crate::pipelines::PipelineScene>> {
    let pipelines = model.pipelines();
    if pipelines.is_empty() { Vec::new() } else { crate::pipelines::scenes(pipelines) }
}

/// What lets requests in from outside.
pub fn entries(model: &LabModel) -> Vec<super::EntryCard> {
    super::entries::entries(model.cluster().store(), &services(model, Level::Near))
}

/// The glyph of a pod.
pub fn glyph(model: &LabModel, pod: &Pod, lost: bool) -> PodGlyph {
    let uid = pod.metadata.uid;
    let mark = model.census().mark(uid);
    let pulling = mark.is_some_and(|mark| mark.pulling);
    let mut state = mark.map_or_else(|| census::pod_state(pod, pulling), |mark| mark.state);
    if lost && !matches!(state, PodState::Succeeded | PodState::Terminating) {
        state = PodState::Unknown;
    }
    let restarts = pod.status.container_statuses.iter().map(|container| container.restart_count).sum::<i32>();
    PodGlyph {
        uid,
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        workload: mark.map(|mark| mark.version.workload.clone()).unwrap_or_default(),
        revision: mark.map_or(0, |mark| mark.version.revision),
        colour: mark.map_or(1, |mark| mark.version.colour),
        state,
        word: census::pod_word(pod),
        since: mark.map_or(Time::ZERO, |mark| mark.since),
        until: if lost { None } else { model.until(pod) },
        restarts: u32::try_from(restarts).unwrap_or_default(),
    }
}

fn namespaces(model: &LabModel) -> Vec<Str> {
    let mut names: Vec<Str> =
        model.census().workloads().iter().map(|workload| workload.namespace.clone()).collect();
    names.extend(own_services(model.cluster().store()).map(|service| service.metadata.namespace.clone()));
    names.extend(model.cluster().store().orphan_pods().map(|pod| pod.metadata.namespace.clone()));
    order::sort_by(&mut names, Ord::cmp);
    names.dedup();
    names
}

fn versions(model: &LabModel) -> Vec<Version> {
    let mut versions = Vec::new();
    for workload in model.census().workloads() {
        let newest = workload.newest().map(|revision| revision.number);
        for revision in &workload.revisions {
            let number = revision.number;
            let pods = revision.counts.total();
            let current = Some(number) == newest && workload.uid.is_some();
            if pods == 0 && !current {
                continue;
            }
            versions.push(Version {
                namespace: workload.namespace.clone(),
                workload: workload.name.clone(),
                revision: number,
                name: model.census().version_name(workload, revision),
                label: census::image_label(&revision.image),
                image: revision.image.clone(),
                colour: revision.colour,
                pods,
                ready: revision.counts.of(PodState::Ready),
                current,
            });
        }
    }
    versions
}

/// Services but the API server's own.
fn own_services(store: &Store) -> impl Iterator<Item = &Arc<Service>> {
    store.list::<Service>(None).filter(|service| {
        &*service.metadata.name != "kubernetes" || &*service.metadata.namespace != "default"
    })
}

fn services(model: &LabModel, level: Level) -> Vec<ServiceCard> {
    own_services(model.cluster().store()).map(|service| service_card(model, service, level)).collect()
}

fn service_card(model: &LabModel, service: &Service, level: Level) -> ServiceCard {
    let meta = &service.metadata;
    let store = model.cluster().store();
    let selector = &service.spec.selector;
    let mut colours = [StateCounts::default(); 6];
    let (mut ready, mut total, mut targets) = (0, 0, Vec::new());
    let matches = |labels: &StrMap| {
        !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    if level == Level::Bars {
        // Too many pods to look at: the counts of the ReplicaSets whose pods it selects.
        for set in store.list::<ReplicaSet>(Some(&meta.namespace)) {
            if !matches(&set.spec.template.metadata.labels) {
                continue;
            }
            let version = census::of_replica_set(set);
            let workload = model.census().workload(&version.namespace, &version.workload);
            let Some(revision) = workload.and_then(|workload| workload.revision(version.revision)) else {
                continue;
            };
            let mut counts = revision.counts;
            for state in [PodState::Terminating, PodState::Succeeded] {
                if let Some(count) = counts.0.get_mut(state as usize) {
                    *count = 0;
                }
            }
            total += counts.total();
            ready += counts.of(PodState::Ready);
            if let Some(colour) = colours.get_mut(usize::from(revision.colour - 1)) {
                for (sum, count) in colour.0.iter_mut().zip(counts.0) {
                    *sum += count;
                }
            }
        }
    }
    let looked_at =
        store.list::<Pod>(Some(&meta.namespace)).take(if level == Level::Bars { 0 } else { usize::MAX });
    for pod in looked_at {
        if !matches(&pod.metadata.labels) {
            continue;
        }
        let Some(mark) = model.census().mark(pod.metadata.uid) else { continue };
        if matches!(mark.state, PodState::Terminating | PodState::Succeeded) {
            continue;
        }
        total += 1;
        if let Some(counts) = colours.get_mut(usize::from(mark.version.colour - 1)) {
            counts.add(mark.state);
        }
        if mark.state == PodState::Ready
            || (service.spec.publish_not_ready_addresses && !mark.node.is_empty())
        {
            ready += 1;
            if level <= Level::Middle {
                targets.push(pod.metadata.uid);
            }
        }
    }
    let selector: Vec<String> = selector.iter().map(|(key, value)| [&**key, "=", value].concat()).collect();
    ServiceCard {
        uid: meta.uid,
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        kind: service.spec.kind.clone(),
        cluster_ip: service.spec.cluster_ip.clone(),
        ports: service.spec.ports.iter().map(port).collect(),
        selector: selector.join(","),
        ready,
        total,
        bars: census::bars(colours.iter().enumerate().map(|(index, counts)| (index as u8 + 1, counts))),
        targets,
    }
}

fn port(port: &opscape_manifest::api::core::ServicePort) -> String {
    let target = port.target_port.as_ref().map_or_else(|| port.port.to_string(), ToString::to_string);
    let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
    if target == port.port.to_string() {
        format!("{target}/{protocol}")
    } else {
        format!("{} → {target}/{protocol}", port.port)
    }
}

fn nodes(model: &LabModel, level: Level) -> Vec<NodeCard> {
    let mut nodes: Vec<(Place<'_>, &Node)> =
        model.cluster().store().list::<Node>(None).map(|node| (Place::of(node), &**node)).collect();
    order::sort_by(&mut nodes, |(a, _), (b, _)| a.cmp(b));
    nodes.into_iter().map(|(_, node)| node_card(model, node, level)).collect()
}

/// Where a node is drawn: by zone, and `node-2` before `node-10`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    zone: &'a str,
    stem: &'a str,
    number: u64,
}

impl<'a> Place<'a> {
    fn of(node: &'a Node) -> Place<'a> {
        let name: &str = &node.metadata.name;
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = name.get(stem.len()..).and_then(|digits| digits.parse().ok()).unwrap_or_default();
        Place { zone: node.metadata.label(ZONE).unwrap_or_default(), stem, number }
    }
}

/// Health of a node and since when, from its Ready condition.
pub(crate) fn health(model: &LabModel, node: &Node) -> (NodeHealth, Time) {
    let ready = node.status.conditions.iter().find(|condition| &*condition.kind == "Ready");
    let health = match ready.map(|condition| &*condition.status) {
        Some("True") => NodeHealth::Ready,
        Some("Unknown") => NodeHealth::Unknown,
        _ => NodeHealth::NotReady,
    };
    let since = ready.and_then(|condition| condition.last_transition_time).map(|stamp| model.time_of(stamp));
    (health, since.unwrap_or_default())
}

fn node_card(model: &LabModel, node: &Node, level: Level) -> NodeCard {
    let name = &node.metadata.name;
    let (health, health_since) = health(model, node);
    let empty = Tally::default();
    let tally = model.census().node(name).unwrap_or(&empty);
    let lost = health == NodeHealth::Unknown;
    let mut counts = tally.counts;
    if lost {
        let (all, before) = (counts.total(), counts);
        counts = StateCounts::default();
        let mut unknown = all;
        for state in [PodState::Succeeded, PodState::Terminating] {
            if let Some(count) = counts.0.get_mut(state as usize) {
                *count = before.of(state);
                unknown -= before.of(state);
            }
        }
        if let Some(count) = counts.0.get_mut(PodState::Unknown as usize) {
            *count = unknown;
        }
    }
    let store = model.cluster().store();
    let mut pods: Vec<PodGlyph> = if level == Level::Bars {
        Vec::new()
    } else {
        store.pods_on(name).map(|pod| glyph(model, pod, lost)).collect()
    };
    order::sort_by(&mut pods, |a, b| (&a.workload, a.revision, a.uid).cmp(&(&b.workload, b.revision, b.uid)));
    let allocatable = |resource: &str| node.status.allocatable.get(resource);
    let used = tally.requests;
    NodeCard {
        name: name.clone(),
        zone: node.metadata.labels.get(ZONE).cloned().unwrap_or_default(),
        health,
        health_since,
        cordoned: node.spec.unschedulable,
        stopped: model.is_stopped(name),
        group: node.metadata.labels.get(GROUP_LABEL).cloned().unwrap_or_default(),
        price: crate::cost::price_of(node),
        taints: node.spec.taints.iter().map(taint).collect(),
        cpu: Gauge {
            requested: used.cpu,
            allocatable: allocatable("cpu").map_or(0, opscape_manifest::quantity::Quantity::milli_value),
        },
        memory: Gauge {
            requested: used.memory,
            allocatable: allocatable("memory").map_or(0, opscape_manifest::quantity::Quantity::value),
        },
        pods_used: used.pods,
        pods_max: allocatable("pods").map_or(0, |pods| u32::try_from(pods.value()).unwrap_or_default()),
        bars: tally.bars(),
        counts,
        pods,
    }
}

fn taint(taint: &opscape_manifest::api::core::Taint) -> String {
    if taint.value.is_empty() {
        [&*taint.key, ":", &taint.effect].concat()
    } else {
        [&*taint.key, "=", &taint.value, ":", &taint.effect].concat()
    }
}

fn zones(nodes: &[NodeCard]) -> Vec<ZoneCard> {
    let mut zones: Vec<(ZoneCard, [StateCounts; 6])> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        if zones.last().is_none_or(|(zone, _)| zone.name != node.zone) {
            let zone = ZoneCard { name: node.zone.clone(), first: index, ..ZoneCard::default() };
            zones.push((zone, [StateCounts::default(); 6]));
        }
        let Some((zone, bars)) = zones.last_mut() else { continue };
        zone.nodes += 1;
        for (sum, count) in zone.counts.0.iter_mut().zip(node.counts.0) {
            *sum += count;
        }
        for bar in &node.bars {
            if let Some(counts) = bars.get_mut(usize::from(bar.colour - 1)) {
                for (state, count) in [
                    (PodState::Ready, bar.ready),
                    (PodState::Failing, bar.failing),
                    (PodState::NotReady, bar.other),
                ] {
                    if let Some(sum) = counts.0.get_mut(state as usize) {
                        *sum += count;
                    }
                }
            }
        }
    }
    zones
        .into_iter()
        .map(|(mut zone, colours)| {
            zone.bars =
                census::bars(colours.iter().enumerate().map(|(index, counts)| (index as u8 + 1, counts)));
            zone
        })
        .collect()
}

fn tray(model: &LabModel) -> (Vec<TrayPod>, u32) {
    let waiting = model.census().tray();
    let store = model.cluster().store();
    let pods = waiting.iter().filter_map(|uid| store.typed_by_uid::<Pod>(uid)).take(TRAY_MOST);
    let tray: Vec<TrayPod> = pods.map(|pod| tray_pod(model, pod)).collect();
    let more = waiting.len().saturating_sub(tray.len());
    (tray, u32::try_from(more).unwrap_or(u32::MAX))
}

fn tray_pod(model: &LabModel, pod: &Pod) -> TrayPod {
    let scheduled = pod.status.conditions.iter().find(|condition| &*condition.kind == "PodScheduled");
    let message = scheduled.map(|condition| &*condition.message).unwrap_or_default();
    let words = message.split(" preemption:").next().unwrap_or_default();
    let mut waits_for: Vec<Str> = words
        .split("Insufficient ")
        .skip(1)
        .filter_map(|rest| rest.split([',', '.', ' ']).next())
        .map(Str::from)
        .collect();
    waits_for.dedup();
    TrayPod { pod: glyph(model, pod, false), waits_for, words: words.into() }
}
