//! A cluster as a model of its own, and short ways to write objects.

use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::images::{Exit, Pull, Ready};
use opscape_cluster::{
    Cluster, Context, DeleteOptions, Event, Flags, Images, Latency, Options, Plan, Record, Request, Status,
    Usage, WriteOptions,
};
use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::api::pod::Container;
use opscape_manifest::api::{Deployment, Node, Object, ObjectKey, Pod};
use opscape_sim::{Model, Rng, Run, Time};
use serde_json::json;

/// A cluster that takes requests as inputs.
#[derive(Clone)]
pub struct World {
    pub cluster: Cluster,
    pub last: Option<Status>,
}

impl Model for World {
    type Event = Event;
    type Input = Request;
    type Record = Record;

    fn input(&mut self, input: &Request, context: &mut Context<'_>) {
        self.last = self.cluster.request(context, input).err();
    }

    fn handle(&mut self, event: Event, context: &mut Context<'_>) {
        self.cluster.handle(event, context);
    }

    fn is_visible(record: &Record) -> bool {
        !matches!(record, Record::EventRecorded(_))
    }
}

/// Images say in their names what they do: `bad` cannot be pulled, `slow` takes 8 s, `never` is never ready, `crash` ends
/// after 5 s; all others are ready after 2 s.
pub struct ByName;

impl Images for ByName {
    fn plan(&self, _pod: &Pod, container: &Container, _restarts: u32, _ordinal: u32, _rng: &mut Rng) -> Plan {
        let image = &*container.image;
        let mut plan =
            Plan { create: Duration::from_secs(2), stop: Duration::from_secs(1), ..Plan::default() };
        if image.contains("bad") {
            let message = format!("failed to pull image \"{image}\"").as_str().into();
            plan.pull = Pull::Fails { after: Duration::from_secs(2), message };
        }
        if image.contains("slow") {
            plan.ready = Ready::After(Duration::from_secs(8));
        }
        if image.contains("never") {
            plan.ready = Ready::Never;
        }
        if image.contains("crash") {
            plan.exit = Some(Exit { after: Duration::from_secs(5), code: 1, reason: "Error".into() });
        }
        plan
    }
}

/// A run with these nodes.
pub fn run(seed: u64, latency: Latency, nodes: &[Object]) -> Run<World> {
    run_with(seed, latency, nodes, opscape_cluster::metrics::idle())
}

/// A run with these nodes, whose containers use what is said.
pub fn run_with(seed: u64, latency: Latency, nodes: &[Object], usage: Arc<dyn Usage>) -> Run<World> {
    let cluster = Cluster::new(Options {
        seed,
        // 2026-11-21T01:09:53.613Z: not at a whole second.
        epoch: MicroTime(1_795_223_393_613_000),
        images: Arc::new(ByName),
        usage,
        webhooks: opscape_cluster::webhooks::none(),
        latency,
        flags: Flags::default(),
    });
    Run::new(World { cluster, last: None }, |world, context| {
        world.cluster.start(context);
        for node in nodes {
            world.cluster.create(context, node.clone(), &WriteOptions::default()).unwrap();
        }
    })
}

/// An object from JSON.
pub fn object(value: serde_json::Value) -> Object {
    fn convert(value: serde_json::Value) -> opscape_manifest::value::Value {
        use opscape_manifest::value::Value;
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(bool) => Value::Bool(bool),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Int)
            }
            serde_json::Value::String(text) => Value::String(text),
            serde_json::Value::Array(list) => Value::List(list.into_iter().map(convert).collect()),
            serde_json::Value::Object(map) => {
                Value::Map(map.into_iter().map(|(key, value)| (key, convert(value))).collect())
            }
        }
    }
    Object::from_value(&convert(value)).unwrap()
}

/// A node that is ready.
pub fn node(name: &str, cpu: &str, pods: u32) -> Object {
    let size = json!({"cpu": cpu, "memory": "16Gi", "pods": pods.to_string()});
    object(json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {
            "capacity": size, "allocatable": size,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }))
}

/// Five nodes of 8 CPUs.
pub fn nodes() -> Vec<Object> {
    (1..=5).map(|n| node(&format!("node-{n}"), "8", 110)).collect()
}

/// A Deployment `web`; `spec` is merged into its spec.
pub fn web(replicas: i32, image: &str, spec: &serde_json::Value) -> Object {
    let mut whole = json!({
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": image}]},
        },
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    object(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": whole}))
}

pub fn create(object: Object) -> Request {
    Request::Create(object, WriteOptions::default())
}

pub fn update(object: Object) -> Request {
    Request::Update(object, WriteOptions::default())
}

pub fn delete(kind: &str, name: &str, options: DeleteOptions) -> Request {
    Request::Delete(key(kind, name), options)
}

pub fn key(kind: &str, name: &str) -> ObjectKey {
    ObjectKey { kind: kind.into(), namespace: "default".into(), name: name.into() }
}

/// Handles everything that is due up to `time`.
pub fn until(run: &mut Run<World>, time: Time) {
    while run.handle_next(time) {}
    run.wait_until(time);
}

pub fn deployment(run: &Run<World>) -> Arc<Deployment> {
    run.model().cluster.store().get::<Deployment>("default", "web").unwrap().clone()
}

/// The Deployment as it is now, changed.
pub fn changed(run: &Run<World>, change: impl FnOnce(&mut Deployment)) -> Request {
    let mut deployment = deployment(run);
    change(Arc::make_mut(&mut deployment));
    Arc::make_mut(&mut deployment).metadata.resource_version = 0;
    update(Object::Deployment(deployment))
}

pub fn set_image(run: &Run<World>, image: &str) -> Request {
    changed(run, |deployment| {
        let template = Arc::make_mut(&mut deployment.spec.template);
        Arc::make_mut(&mut template.spec).containers[0].image = image.into();
    })
}

pub fn a_node(run: &Run<World>, name: &str) -> Arc<Node> {
    run.model().cluster.store().get::<Node>("", name).unwrap().clone()
}
