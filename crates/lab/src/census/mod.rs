//! Who is there: pods counted by workload, revision, node and state, and how the counts moved. It is part of the world and
//! is brought up to date with each change of the store, so that a picture of 150,000 pods costs no more than its counts,
//! and going back in time brings back the counts, too.

mod autoscalers;
mod colours;
mod requests;
mod revision;
mod state;

use std::sync::Arc;

use opscape_cluster::{Change, Op, Store};
use opscape_manifest::api::meta::{ObjectMeta, Str, Uid, name_order};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Deployment, Event, Node, Object, Pod, ReplicaSet, Resource, Rollout};
use opscape_sim::{IdMap, IdSet, Log, Time};

pub use autoscalers::Autoscaler;
pub use requests::Requests;
use revision::colour;
pub use revision::{Version, image_label, of_replica_set};
pub use state::{is_ready, pod_state, pod_word};

use crate::cost::price_outside_groups;
use crate::scene::{Bar, PodState, StateCounts};
use crate::tracks::Step;

/// The counts of a world. Few types of collections, because each of them costs the browser about 10 KB.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// The store's version up to which this is right.
    version: u64,
    /// In order of namespace and name.
    workloads: Arc<Vec<Arc<Workload>>>,
    pods: IdMap<Uid, Mark>,
    /// Versions of ReplicaSets, and the resourceVersions they were taken from: their pods share them.
    versions: IdMap<Uid, (u64, Arc<Version>)>,
    /// In order of name.
    nodes: Arc<Vec<Arc<Tally>>>,
    tray: IdSet<Uid>,
    /// What the nodes outside of node groups cost per hour.
    price: i64,
    all: StateCounts,
    /// How many Events there were up to each instant (`ready`), and how many of them warnings (`not_ready`).
    events: Log<Step>,
    /// In order of namespace and name.
    autoscalers: Arc<Vec<Autoscaler>>,
}

/// A workload and its pods over time.
#[derive(Debug, Clone, Default)]
pub struct Workload {
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Whether it is a Rollout.
    pub rollout: bool,
    /// The Deployment or Rollout, or the ReplicaSet without one; none once it is gone.
    pub uid: Option<Uid>,
    /// `spec.replicas` over time, in `ready`.
    pub wanted: Log<Step>,
    /// In order of their numbers.
    pub revisions: Vec<Revision>,
}

impl Workload {
    /// A revision by its number.
    pub fn revision(&self, number: u32) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.number == number)
    }

    /// The newest revision.
    pub fn newest(&self) -> Option<&Revision> {
        self.revisions.last()
    }
}

/// Pods of one revision.
#[derive(Debug, Clone, Default)]
pub struct Revision {
    /// 0: the workload has no revisions.
    pub number: u32,
    /// Image of the first container.
    pub image: Str,
    /// Hash of the pod template; empty: nobody made one.
    pub template: Str,
    /// 1 to 6.
    pub colour: u8,
    /// What its first container runs, as a number.
    program: u64,
    /// By state.
    pub counts: StateCounts,
    /// How they moved.
    pub steps: Log<Step>,
}

/// What is known of a pod beyond its object.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Where it belongs.
    pub version: Arc<Version>,
    /// Its node; empty: none yet.
    pub node: Str,
    /// Its state.
    pub state: PodState,
    /// Since when it is in this state.
    pub since: Time,
    /// Whether one of its images is being pulled.
    pub pulling: bool,
    /// What it reserves on its node; nothing once it has ended.
    pub requests: Requests,
    /// Where its node is in the list of nodes, if it is there still.
    place: u32,
}

/// Pods on a node.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The node.
    pub node: Str,
    /// By state.
    pub counts: StateCounts,
    /// By colour: 1 is at 0.
    pub colours: [StateCounts; 6],
    /// Reserved by them.
    pub requests: Requests,
}

impl Tally {
    /// One bar for each colour that has pods.
    pub fn bars(&self) -> Vec<Bar> {
        bars(self.colours.iter().enumerate().map(|(index, counts)| (index as u8 + 1, counts)))
    }
}

/// Bars out of counts by colour.
pub fn bars<'a>(counts: impl Iterator<Item = (u8, &'a StateCounts)>) -> Vec<Bar> {
    counts
        .filter(|(_, counts)| counts.total() > 0)
        .map(|(colour, counts)| {
            let ready = counts.of(PodState::Ready);
            let failing = counts.of(PodState::Failing) + counts.of(PodState::Unknown);
            Bar { colour, ready, failing, other: counts.total() - ready - failing }
        })
        .collect()
}

impl Census {
    /// Takes in what was written since the last time.
    pub fn update(&mut self, store: &Store, now: Time) {
        if store.version() == self.version {
            return;
        }
        let from = self.version;
        self.version = store.version();
        if store.oldest_change().is_some_and(|oldest| oldest > from + 1) {
            // More was written in one instant than the watch log keeps.
            self.recount(store, now);
            return;
        }
        let changes: Vec<Change> = store.changes_since(from).cloned().collect();
        for change in &changes {
            self.take(change, store, now);
        }
    }

    fn recount(&mut self, store: &Store, now: Time) {
        let gone: Vec<Uid> = self.pods.keys().filter(|uid| store.by_uid(*uid).is_none()).collect();
        for uid in gone {
            self.set_pod(uid, None, now);
        }
        for workload in store.list::<Deployment>(None) {
            self.take_workload(&workload.metadata, false, workload.spec.replicas, now);
        }
        for workload in store.list::<Rollout>(None) {
            self.take_workload(&workload.metadata, true, workload.spec.replicas, now);
        }
        for pod in store.list::<Pod>(None) {
            self.take_pod(pod, store, now, None);
        }
        self.price = store.list::<Node>(None).map(|node| price_outside_groups(node)).sum();
    }

    /// What the nodes that are in no node group cost per hour, in millionths of a dollar.
    pub fn price_per_hour(&self) -> i64 {
        self.price
    }

    fn take(&mut self, change: &Change, store: &Store, now: Time) {
        let gone = change.op == Op::Deleted;
        match &change.object {
            Object::Node(node) => {
                let old = change.old.as_ref().and_then(Node::from_object);
                let before = if gone { Some(node) } else { old };
                self.price -= before.map_or(0, |node| price_outside_groups(node));
                self.price += if gone { 0 } else { price_outside_groups(node) };
            }
            Object::Pod(pod) if gone => self.set_pod(pod.metadata.uid, None, now),
            Object::Pod(pod) => self.take_pod(pod, store, now, None),
            Object::Event(event) if !gone => self.take_event(event, store, now),
            Object::Deployment(deployment) => {
                let meta = &deployment.metadata;
                let replicas = if gone { Some(0) } else { deployment.spec.replicas };
                self.take_workload(meta, false, replicas, now);
                if gone {
                    self.workload_mut(&meta.namespace, &meta.name, false).uid = None;
                }
            }
            Object::Rollout(rollout) => {
                let meta = &rollout.metadata;
                let replicas = if gone { Some(0) } else { rollout.spec.replicas };
                self.take_workload(meta, true, replicas, now);
                if gone {
                    self.workload_mut(&meta.namespace, &meta.name, true).uid = None;
                }
            }
            Object::ReplicaSet(set) => self.take_replica_set(set, change, store, now),
            Object::HorizontalPodAutoscaler(autoscaler) if !gone => {
                autoscalers::take(&mut self.autoscalers, autoscaler, now);
            }
            _ => {}
        }
    }

    fn take_workload(&mut self, meta: &ObjectMeta, rollout: bool, replicas: Option<i32>, now: Time) {
        let workload = self.workload_mut(&meta.namespace, &meta.name, rollout);
        workload.uid = Some(meta.uid);
        let wanted = u32::try_from(replicas.unwrap_or(1)).unwrap_or_default();
        push(&mut workload.wanted, Step { at: now, ready: wanted, not_ready: 0 });
    }

    fn workload_mut(&mut self, namespace: &Str, name: &Str, rollout: bool) -> &mut Workload {
        let workloads = Arc::make_mut(&mut self.workloads);
        let at = match place(workloads, namespace, name, rollout) {
            Ok(at) => at,
            Err(at) => {
                let (namespace, name) = (namespace.clone(), name.clone());
                let new = Workload { namespace, name, rollout, ..Workload::default() };
                workloads.insert(at, Arc::new(new));
                at
            }
        };
        #[expect(clippy::indexing_slicing, reason = "it was found or inserted there")]
        Arc::make_mut(&mut workloads[at])
    }

    /// The pods on a node. `at`: where it was the last time, and where it is.
    fn tally_mut(&mut self, node: &Str, at: &mut u32) -> &mut Tally {
        let nodes = Arc::make_mut(&mut self.nodes);
        let there = nodes.get(*at as usize).is_some_and(|tally| Arc::ptr_eq(&tally.node, node));
        let place = if there { Ok(*at as usize) } else { Self::find_tally(nodes, node) };
        let place = match place {
            Ok(place) => place,
            Err(place) => {
                nodes.insert(place, Arc::new(Tally { node: node.clone(), ..Tally::default() }));
                place
            }
        };
        *at = place as u32;
        #[expect(clippy::indexing_slicing, reason = "it was found or inserted there")]
        Arc::make_mut(&mut nodes[place])
    }

    fn find_tally(nodes: &[Arc<Tally>], node: &str) -> Result<usize, usize> {
        nodes.binary_search_by(|tally| name_order(&tally.node, node))
    }

    fn take_replica_set(&mut self, set: &Arc<ReplicaSet>, change: &Change, store: &Store, now: Time) {
        let meta = &set.metadata;
        if meta.controller().is_none() {
            let replicas = if change.op == Op::Deleted { Some(0) } else { set.spec.replicas };
            self.take_workload(meta, false, replicas, now);
        }
        if change.op == Op::Deleted {
            self.versions.remove(&meta.uid);
        }
        let version = of_replica_set(set);
        let before = change
            .old
            .as_ref()
            .and_then(|old| if let Object::ReplicaSet(old) = old { Some(of_replica_set(old)) } else { None });
        // A rollback gives an old ReplicaSet a new revision: its pods go with it.
        if before.is_some_and(|before| !before.is_same(&version)) {
            let pods: Vec<Arc<Pod>> = store
                .owned_by(meta.uid)
                .filter_map(|object| if let Object::Pod(pod) = object { Some(pod.clone()) } else { None })
                .collect();
            for pod in pods {
                self.take_pod(&pod, store, now, None);
            }
        }
    }

    fn take_event(&mut self, event: &Event, store: &Store, now: Time) {
        let before = self.events.last().copied().unwrap_or_default();
        let warning = u32::from(&*event.kind == "Warning");
        let step = Step { at: now, ready: before.ready + 1, not_ready: before.not_ready + warning };
        push(&mut self.events, step);
        if &*event.involved_object.kind != "Pod" {
            return;
        }
        let pulling = match &*event.reason {
            "Pulling" => true,
            "Pulled" | "Failed" | "BackOff" => false,
            _ => return,
        };
        if let Some(pod) = store.typed_by_uid::<Pod>(event.involved_object.uid) {
            let pod = pod.clone();
            self.take_pod(&pod, store, now, Some(pulling));
        }
    }

    fn take_pod(&mut self, pod: &Pod, store: &Store, now: Time, pulling: Option<bool>) {
        let uid = pod.metadata.uid;
        let version = self.version_of(pod, store);
        let old = self.pods.get(&uid);
        let pulling = pulling.or(old.map(|old| old.pulling)).unwrap_or_default();
        let state = pod_state(pod, pulling);
        let since = old.filter(|old| old.state == state).map_or(now, |old| old.since);
        let node = pod.spec.node_name.clone();
        if let Some(old) = old
            && old.state == state
            && old.node == node
            && old.pulling == pulling
            && (Arc::ptr_eq(&old.version, &version) || old.version.is_same(&version))
        {
            return;
        }
        let ended = matches!(pod.status.phase, Phase::Succeeded | Phase::Failed);
        let requests = match old {
            _ if node.is_empty() || ended => Requests::default(),
            Some(old) if old.node == node => old.requests,
            _ => Requests::of(pod),
        };
        let place = old.map_or(0, |old| old.place);
        self.set_pod(uid, Some(Mark { version, node, state, since, pulling, requests, place }), now);
    }

    /// The version of a pod. Pods of one ReplicaSet share it.
    fn version_of(&mut self, pod: &Pod, store: &Store) -> Arc<Version> {
        let set = pod.metadata.controller().and_then(|owner| store.typed_by_uid::<ReplicaSet>(owner.uid));
        let Some(set) = set else {
            let version = revision::of_orphan(pod);
            let old = self.pods.get(&pod.metadata.uid).filter(|old| old.version.is_same(&version));
            return old.map_or_else(|| Arc::new(version), |old| old.version.clone());
        };
        let (uid, written) = (set.metadata.uid, set.metadata.resource_version);
        let known = self.versions.get(&uid);
        if let Some((_, version)) = known.filter(|(taken, _)| *taken == written) {
            return version.clone();
        }
        let mut version = of_replica_set(set);
        let same = known.filter(|(_, known)| known.is_same(&version)).map(|(_, known)| known.clone());
        let version = same.unwrap_or_else(|| {
            self.paint(&mut version, pod);
            Arc::new(version)
        });
        self.versions.insert(uid, (written, version.clone()));
        version
    }

    fn set_pod(&mut self, uid: Uid, mut mark: Option<Mark>, now: Time) {
        if let Some(mark) = &mut mark {
            self.all.add(mark.state);
            if mark.node.is_empty() {
                self.tray.insert(uid);
            } else {
                let tally = self.tally_mut(&mark.node, &mut mark.place);
                tally.counts.add(mark.state);
                tally.requests.add(mark.requests);
                if let Some(counts) = tally.colours.get_mut(usize::from(mark.version.colour - 1)) {
                    counts.add(mark.state);
                }
            }
        }
        let new = mark.as_ref().map(|mark| (mark.version.clone(), mark.state));
        let waits = mark.as_ref().is_some_and(|mark| mark.node.is_empty());
        let old = match mark {
            Some(mark) => self.pods.insert(uid, mark),
            None => self.pods.remove(&uid),
        };
        if let Some(mut old) = old {
            self.all.remove(old.state);
            if !old.node.is_empty() {
                let tally = self.tally_mut(&old.node, &mut old.place);
                tally.counts.remove(old.state);
                tally.requests.take_away(old.requests);
                if let Some(counts) = tally.colours.get_mut(usize::from(old.version.colour - 1)) {
                    counts.remove(old.state);
                }
            } else if !waits {
                self.tray.remove(&uid);
            }
            let same = new.as_ref().is_some_and(|(version, _)| {
                Arc::ptr_eq(&old.version, version) || old.version.is_same(version)
            });
            self.count(&old.version, now, !same, |counts| counts.remove(old.state));
        }
        if let Some((version, state)) = new {
            self.count(&version, now, true, |counts| counts.add(state));
        }
    }

    fn count(&mut self, version: &Version, now: Time, step: bool, change: impl FnOnce(&mut StateCounts)) {
        if version.workload.is_empty() {
            return;
        }
        let revisions =
            &mut self.workload_mut(&version.namespace, &version.workload, version.rollout).revisions;
        let at = revisions.partition_point(|revision| revision.number < version.revision);
        if revisions.get(at).is_none_or(|revision| revision.number != version.revision) {
            let (number, colour) = (version.revision, version.colour);
            revisions.insert(at, Revision { number, colour, ..Revision::default() });
        }
        let Some(revision) = revisions.get_mut(at) else { return };
        if revision.image != version.image || revision.template != version.template {
            revision.image = version.image.clone();
            revision.template = version.template.clone();
            revision.colour = version.colour;
            revision.program = version.program;
        }
        change(&mut revision.counts);
        if !step {
            return;
        }
        let ready = revision.counts.of(PodState::Ready);
        let not_ready = revision.counts.total() - ready - revision.counts.of(PodState::Terminating);
        push(&mut revision.steps, Step { at: now, ready, not_ready });
    }

    /// The autoscalers in order of namespace and name.
    pub fn autoscalers(&self) -> &[Autoscaler] {
        &self.autoscalers
    }

    /// The workloads in order of namespace and name.
    pub fn workloads(&self) -> &[Arc<Workload>] {
        &self.workloads
    }

    /// A workload; of a Rollout and a Deployment with one name the Rollout.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<&Workload> {
        self.exact(namespace, name, true).or_else(|| self.exact(namespace, name, false))
    }

    fn exact(&self, namespace: &str, name: &str, rollout: bool) -> Option<&Workload> {
        let at = place(&self.workloads, namespace, name, rollout).ok()?;
        self.workloads.get(at).map(AsRef::as_ref)
    }

    /// The colour of a revision of a workload, 1 to 6.
    pub fn colour(&self, namespace: &str, workload: &str, revision: u32) -> u8 {
        let known = self.workload(namespace, workload).and_then(|workload| workload.revision(revision));
        known.map_or_else(|| colour(revision), |known| known.colour)
    }

    /// What is known of a pod.
    pub fn mark(&self, pod: Uid) -> Option<&Mark> {
        self.pods.get(&pod)
    }

    /// The pods on a node; none if there never were any.
    pub fn node(&self, node: &str) -> Option<&Tally> {
        self.nodes.get(Self::find_tally(&self.nodes, node).ok()?).map(AsRef::as_ref)
    }

    /// Pods without a node, by age.
    pub fn tray(&self) -> &IdSet<Uid> {
        &self.tray
    }

    /// All pods by state.
    pub fn all(&self) -> StateCounts {
        self.all
    }

    /// How many Events there were up to each instant (`ready`), and how many of them warnings (`not_ready`).
    pub fn events(&self) -> &Log<Step> {
        &self.events
    }
}

/// Where a workload is, or would be.
fn place(workloads: &[Arc<Workload>], namespace: &str, name: &str, rollout: bool) -> Result<usize, usize> {
    workloads.binary_search_by(|workload| {
        let by_name = (*workload.namespace).cmp(namespace).then_with(|| (*workload.name).cmp(name));
        by_name.then_with(|| workload.rollout.cmp(&rollout))
    })
}

/// Adds a step if it says something new; of several in one instant the last one stays.
fn push(steps: &mut Log<Step>, step: Step) {
    let last = steps.last().copied();
    if last.is_some_and(|last| (last.ready, last.not_ready) == (step.ready, step.not_ready)) {
        return;
    }
    if last.is_some_and(|last| last.at == step.at) {
        steps.pop();
    }
    steps.push(step);
}
