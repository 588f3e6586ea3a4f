//! A crowd of pods to measure with: one Deployment on many equal nodes. It knows no wall clock; who runs it has one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::core::{NodeCondition, ServicePort};
use opscape_manifest::api::meta::{LabelSelector, MicroTime, ObjectMeta};
use opscape_manifest::api::pod::{Container, ResourceList};
use opscape_manifest::api::{Deployment, Node, Object, Pod, Service};
use opscape_manifest::quantity::Quantity;
use opscape_sim::{Model, Rng, Run, Time};

use crate::{Cluster, Context, Event, Flags, Images, Latency, Options, Plan, Record, WriteOptions, words};

/// A cluster alone, as a model.
#[derive(Clone)]
pub struct Crowd {
    /// The cluster.
    pub cluster: Cluster,
}

impl Model for Crowd {
    type Event = Event;
    type Input = ();
    type Record = Record;

    fn input(&mut self, (): &(), _context: &mut Context<'_>) {}

    fn handle(&mut self, event: Event, context: &mut Context<'_>) {
        self.cluster.handle(event, context);
    }

    fn is_visible(_record: &Record) -> bool {
        true
    }
}

/// Every image is there and ready after two seconds.
struct Quick;

impl Images for Quick {
    fn plan(
        &self,
        _pod: &Pod,
        _container: &Container,
        _restarts: u32,
        _ordinal: u32,
        _rng: &mut Rng,
    ) -> Plan {
        Plan { create: Duration::from_secs(2), ..Plan::default() }
    }
}

/// A run that begins with a Deployment `crowd` of `pods` replicas and `nodes` nodes that hold 110 pods each.
pub fn crowd(pods: i32, nodes: u32, seed: u64) -> Run<Crowd> {
    begin(pods, nodes, seed, false)
}

/// The same with a Service that selects all of them.
pub fn served_crowd(pods: i32, nodes: u32, seed: u64) -> Run<Crowd> {
    begin(pods, nodes, seed, true)
}

fn begin(pods: i32, nodes: u32, seed: u64, served: bool) -> Run<Crowd> {
    let cluster = Cluster::new(Options {
        seed,
        epoch: MicroTime(1_767_225_600_000_000),
        images: Arc::new(Quick),
        usage: crate::metrics::idle(),
        webhooks: crate::webhooks::none(),
        latency: Latency::default(),
        flags: Flags::default(),
    });
    Run::new(Crowd { cluster }, |crowd, context| {
        crowd.cluster.start(context);
        let options = WriteOptions::default();
        for number in 0..nodes {
            // What is made here is valid; were it refused, no pod would become ready.
            let _ = crowd.cluster.create(context, node(number), &options);
        }
        if served {
            let _ = crowd.cluster.create(context, service(), &options);
        }
        let _ = crowd.cluster.create(context, deployment(pods), &options);
    })
}

/// Pods of the crowd that are available.
pub fn available(run: &Run<Crowd>) -> i32 {
    let store = run.model().cluster.store();
    store.get::<Deployment>("default", "crowd").map_or(0, |crowd| crowd.status.available_replicas)
}

/// Handles events until all `pods` are available, but not past `until`. Says whether they are.
pub fn until_available(run: &mut Run<Crowd>, pods: i32, until: Time) -> bool {
    while available(run) < pods {
        if !run.handle_next(until) {
            return false;
        }
    }
    true
}

fn node(number: u32) -> Object {
    let name: Arc<str> = format!("node-{number}").into();
    let mut node = Node {
        metadata: ObjectMeta {
            name: name.clone(),
            labels: Arc::new(BTreeMap::from([
                ("kubernetes.io/hostname".into(), name),
                ("topology.kubernetes.io/zone".into(), format!("zone-{}", number % 3).into()),
            ])),
            ..ObjectMeta::default()
        },
        ..Node::default()
    };
    let size = [("cpu", "32"), ("memory", "64Gi"), ("pods", "110")];
    node.status.capacity = amounts(&size);
    node.status.allocatable = node.status.capacity.clone();
    node.status.conditions.push(NodeCondition {
        kind: words::ready(),
        status: words::yes(),
        reason: "KubeletReady".into(),
        ..NodeCondition::default()
    });
    Object::Node(Arc::new(node))
}

fn deployment(pods: i32) -> Object {
    let labels: Arc<BTreeMap<Arc<str>, Arc<str>>> =
        Arc::new(BTreeMap::from([("app".into(), "crowd".into())]));
    let mut deployment = Deployment {
        metadata: ObjectMeta { name: "crowd".into(), ..ObjectMeta::default() },
        ..Deployment::default()
    };
    deployment.spec.replicas = Some(pods);
    deployment.spec.selector =
        Some(LabelSelector { match_labels: (*labels).clone(), ..LabelSelector::default() });
    let template = Arc::make_mut(&mut deployment.spec.template);
    template.metadata.labels = labels;
    let mut container = Container { name: "c".into(), image: "nginx:1".into(), ..Container::default() };
    let requests = [("cpu", "100m"), ("memory", "128Mi")];
    container.resources.requests = amounts(&requests);
    Arc::make_mut(&mut template.spec).containers.push(container);
    Object::Deployment(Arc::new(deployment))
}

fn service() -> Object {
    let mut service = Service {
        metadata: ObjectMeta { name: "crowd".into(), ..ObjectMeta::default() },
        ..Service::default()
    };
    service.spec.selector.insert("app".into(), "crowd".into());
    service.spec.ports.push(ServicePort { port: 80, ..ServicePort::default() });
    Object::Service(Arc::new(service))
}

fn amounts(list: &[(&str, &str)]) -> ResourceList {
    list.iter().filter_map(|(name, text)| Some(((*name).into(), Quantity::parse(text).ok()?))).collect()
}
