//! Probes, hooks, deadlines and sidecars: what becomes of containers that are not well.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "world/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with other tests")]
mod world;

use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::images::{Answer, Exit, Health, Hook, Hooks};
use opscape_cluster::{Cluster, DeleteOptions, Flags, Images, Latency, Options, Plan};
use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::api::pod::{Container, Phase};
use opscape_manifest::api::{Event, Node, Object, Pod};
use opscape_sim::{Rng, Run, Time};
use serde_json::{Value, json};
use world::{World, create, delete, nodes, object};

/// Each image says in its name what becomes of it: `hang-30` hangs after 30 s, `bad-30` answers 500 after 30 s, `late-8`
/// listens after 8 s, `exit-5` ends well after 5 s, `hook-4` has hooks of 4 s, `hookless` one that fails.
struct ByName;

fn seconds(image: &str, word: &str) -> Option<Duration> {
    image.split(':').next()?.split('.').find_map(|part| {
        let number = part.strip_prefix(word)?.strip_prefix('-')?;
        Some(Duration::from_secs(number.parse().ok()?))
    })
}

impl Images for ByName {
    fn plan(&self, _: &Pod, container: &Container, _: u32, _: u32, _: &mut Rng) -> Plan {
        let image = &*container.image;
        let mut plan =
            Plan { create: Duration::from_secs(1), stop: Duration::from_secs(1), ..Plan::default() };
        let mut answers = Vec::new();
        let mut health = Health::default();
        if let Some(after) = seconds(image, "late") {
            answers.extend([(Duration::ZERO, Answer::Refused), (after, Answer::Well)]);
        }
        if let Some(after) = seconds(image, "hang") {
            answers.push((after, Answer::Silent));
            health.hangs = Some((after, None));
        }
        if let Some(after) = seconds(image, "bad") {
            answers.push((after, Answer::Bad { status: 500, output: "".into() }));
        }
        if let Some(after) = seconds(image, "well") {
            answers.push((after, Answer::Well));
        }
        health.startup.clone_from(&answers);
        health.liveness.clone_from(&answers);
        health.readiness = answers;
        plan.health = Some(Box::new(health));
        if let Some(after) = seconds(image, "exit") {
            plan.exit = Some(Exit { after, code: 0, reason: "Completed".into() });
        }
        if let Some(takes) = seconds(image, "hook") {
            let hook = Some(Hook { takes, fails: image.contains("fails") });
            plan.hooks = Some(Box::new(Hooks { post_start: hook, pre_stop: hook }));
        }
        plan
    }

    fn size(&self, image: &str) -> i64 {
        if image.contains("large") { 500_000_000 } else { 1_000_000 }
    }
}

fn begin() -> Run<World> {
    let cluster = Cluster::new(Options {
        seed: 1,
        epoch: MicroTime(1_795_223_393_000_000),
        images: Arc::new(ByName),
        usage: opscape_cluster::metrics::idle(),
        webhooks: opscape_cluster::webhooks::none(),
        latency: Latency::ZERO,
        flags: Flags::default(),
    });
    Run::new(World { cluster, last: None }, |world, context| {
        world.cluster.start(context);
        for node in nodes() {
            world.cluster.create(context, node, &opscape_cluster::WriteOptions::default()).unwrap();
        }
    })
}

fn pod(image: &str, container: &Value, spec: &Value) -> Object {
    let mut main = json!({"name": "c", "image": image, "ports": [{"name": "web", "containerPort": 8080}]});
    for (key, value) in container.as_object().unwrap() {
        main[key] = value.clone();
    }
    let mut whole = json!({"containers": [main], "nodeName": "node-1"});
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    object(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "default"}, "spec": whole,
    }))
}

fn started(image: &str, container: &Value, spec: &Value) -> Run<World> {
    let mut run = begin();
    run.input(&create(pod(image, container, spec)));
    assert!(run.model().last.is_none(), "{:?}", run.model().last);
    run
}

fn at(run: &mut Run<World>, seconds: f64) -> Pod {
    world::until(run, Time::from_secs_f64(seconds));
    get(run).unwrap()
}

fn get(run: &Run<World>) -> Option<Pod> {
    run.model().cluster.store().get::<Pod>("default", "a").map(|pod| Pod::clone(pod))
}

/// `5.0 Unhealthy Liveness probe failed: ...`, of each Event its first time and its count.
fn told(run: &Run<World>, reasons: &[&str]) -> Vec<String> {
    let store = run.model().cluster.store();
    let events = store.list::<Event>(Some("default"));
    let mut events: Vec<_> = events
        .filter(|event| reasons.contains(&&*event.reason))
        .map(|event| (event.metadata.uid, format!("{} {} x{}", event.reason, event.message, event.count)))
        .collect();
    events.sort();
    events.into_iter().map(|(_, text)| text).collect()
}

fn http(period: i32, more: &Value) -> Value {
    let mut probe = json!({"httpGet": {"path": "/up", "port": "web"}, "periodSeconds": period});
    for (key, value) in more.as_object().unwrap() {
        probe[key] = value.clone();
    }
    probe
}

#[test]
fn a_hung_container_is_killed_and_restarted() {
    let probe = http(5, &json!({"failureThreshold": 2}));
    let spec = json!({"terminationGracePeriodSeconds": 10});
    let mut run = started("hang-12", &json!({"livenessProbe": probe}), &spec);
    // It runs from 1 s on and hangs from 13 s on. Asked at 15 s and 20 s, each time in vain for a second; TERM at 21 s,
    // KILL at 31 s, and it runs again at 32 s.
    let now = at(&mut run, 30.9);
    assert_eq!(now.status.container_statuses[0].restart_count, 0);
    assert!(now.status.container_statuses[0].ready, "nobody asked about readiness");
    let now = at(&mut run, 32.1);
    let status = &now.status.container_statuses[0];
    assert_eq!(status.restart_count, 1);
    assert!(status.state.running.is_some());
    let last = status.last_state.terminated.as_ref().unwrap();
    assert_eq!((last.exit_code, &*last.reason), (137, "Error"));
    assert_eq!(
        told(&run, &["Unhealthy", "Killing"]),
        [
            "Unhealthy Liveness probe failed: Get \"http://10.244.0.2:8080/up\": context deadline exceeded (Client.Timeout exceeded while awaiting headers) x2",
            "Killing Container c failed liveness probe, will be restarted x1",
        ]
    );
    // The second and third time it starts at once, too: the wait of 10 s since the end before is long over.
    at(&mut run, 100.0);
    assert_eq!(told(&run, &["BackOff"]), Vec::<String>::new());
    // Hung for good, it waits in the end: 80 s are more than a life.
    let mut seen = false;
    for second in 100..400 {
        let now = at(&mut run, f64::from(second));
        let waiting = now.status.container_statuses[0].state.waiting.as_ref();
        seen |= waiting.is_some_and(|waiting| &*waiting.reason == "CrashLoopBackOff");
    }
    assert!(seen);
}

#[test]
fn a_probe_has_a_grace_of_its_own() {
    let probe = http(5, &json!({"failureThreshold": 1, "terminationGracePeriodSeconds": 3}));
    let mut run = started("hang-2", &json!({"livenessProbe": probe}), &json!({}));
    // Asked at 5 s, in vain until 6 s, killed at 9 s, runs again at 10 s.
    assert_eq!(at(&mut run, 9.9).status.container_statuses[0].restart_count, 0);
    assert_eq!(at(&mut run, 10.1).status.container_statuses[0].restart_count, 1);
}

#[test]
fn a_pod_that_is_deleted_while_a_container_is_killed_ends_with_it() {
    let probe = http(5, &json!({"failureThreshold": 1}));
    let spec = json!({"terminationGracePeriodSeconds": 10});
    let mut run = started("hang-2", &json!({"livenessProbe": probe}), &spec);
    // Asked at 5 s, in vain until 6 s: KILL at 16 s.
    at(&mut run, 14.0);
    run.input(&delete("Pod", "a", DeleteOptions::default()));
    at(&mut run, 15.9);
    world::until(&mut run, Time::secs(16));
    assert!(get(&run).is_none());
}

#[test]
fn a_startup_probe_holds_the_others_back() {
    let startup = http(2, &json!({"failureThreshold": 10}));
    let liveness = http(1, &json!({"failureThreshold": 1}));
    let container =
        json!({"startupProbe": startup, "livenessProbe": liveness, "readinessProbe": http(10, &json!({}))});
    let mut run = started("late-7", &container, &json!({}));
    // It listens from 8 s on; asked at 2, 4, 6, 8 s.
    let now = at(&mut run, 7.9);
    let status = &now.status.container_statuses[0];
    assert_eq!((status.started, status.ready, status.restart_count), (Some(false), false, 0));
    let now = at(&mut run, 8.0);
    let status = &now.status.container_statuses[0];
    assert_eq!((status.started, status.ready), (Some(true), true), "readiness is asked at once");
    at(&mut run, 60.0);
    let refused = "Get \"http://10.244.0.2:8080/up\": dial tcp 10.244.0.2:8080: connect: connection refused";
    assert_eq!(told(&run, &["Unhealthy"]), [format!("Unhealthy Startup probe failed: {refused} x3")]);
}

#[test]
fn a_startup_probe_that_gives_up_restarts_the_container() {
    let startup = http(2, &json!({"failureThreshold": 3}));
    let mut run = started("late-60", &json!({"startupProbe": startup}), &json!({}));
    // Asked at 2, 4, 6 s; TERM at 6 s, it ends at 7 s and runs again at 8 s.
    assert_eq!(at(&mut run, 8.1).status.container_statuses[0].restart_count, 1);
    assert_eq!(told(&run, &["Killing"]), ["Killing Container c failed startup probe, will be restarted x1"]);
}

#[test]
fn readiness_comes_and_goes_with_the_process() {
    let probe = http(2, &json!({"failureThreshold": 2, "successThreshold": 2}));
    let mut run = started("bad-20.well-29", &json!({"readinessProbe": probe}), &json!({}));
    let ready = |pod: &Pod| pod.status.container_statuses[0].ready;
    // Asked by the sync within a second after the start, and at 2 s.
    assert!(!ready(&at(&mut run, 1.99)));
    assert!(ready(&at(&mut run, 2.0)));
    // Unwell from 21 s to 30 s: asked at 22 s and 24 s; and at 30 s and 32 s.
    assert!(ready(&at(&mut run, 23.9)));
    assert!(!ready(&at(&mut run, 24.0)));
    assert!(!ready(&at(&mut run, 31.9)));
    let now = at(&mut run, 32.0);
    assert!(ready(&now));
    assert_eq!(now.status.container_statuses[0].restart_count, 0);
    assert_eq!(
        told(&run, &["Unhealthy"]),
        ["Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 500 x4"]
    );
}

#[test]
fn the_initial_delay_counts_from_the_start() {
    let probe = http(10, &json!({"initialDelaySeconds": 15}));
    let mut run = started("ok", &json!({"readinessProbe": probe}), &json!({}));
    // It runs from 1 s on; ticks are at 10, 20 s since the pod came.
    assert!(!at(&mut run, 19.9).status.container_statuses[0].ready);
    assert!(at(&mut run, 20.0).status.container_statuses[0].ready);
}

#[test]
fn hooks_take_their_time() {
    let mut run = started("hook-4", &json!({}), &json!({"terminationGracePeriodSeconds": 10}));
    let now = at(&mut run, 4.9);
    let waiting = now.status.container_statuses[0].state.waiting.as_ref();
    assert_eq!(waiting.map(|waiting| &*waiting.reason), Some("ContainerCreating"));
    assert_eq!(at(&mut run, 5.0).status.phase, Phase::Running);
    run.input(&delete("Pod", "a", DeleteOptions::default()));
    // The hook takes 4 s, the process 1 s more.
    at(&mut run, 9.9);
    world::until(&mut run, Time::secs(10));
    assert!(get(&run).is_none());
}

#[test]
fn a_failed_post_start_hook_ends_the_container() {
    let mut run = started("hook-2:fails", &json!({}), &json!({}));
    // Started at 1 s, the hook fails at 3 s; preStop takes 2 s, the process 1 s.
    let now = at(&mut run, 6.0);
    let ended = now.status.container_statuses[0].state.terminated.as_ref();
    assert_eq!(ended.map(|ended| ended.exit_code), Some(0));
    assert_eq!(
        told(&run, &["FailedPostStartHook", "Killing", "FailedPreStopHook"]),
        [
            "FailedPostStartHook PostStartHook failed x1",
            "Killing FailedPostStartHook x1",
            "FailedPreStopHook PreStopHook failed x1"
        ]
    );
    at(&mut run, 13.5);
    assert_eq!(told(&run, &["BackOff"]).len(), 1);
}

#[test]
fn a_pod_fails_when_its_time_is_over() {
    let mut run = started("ok", &json!({}), &json!({"activeDeadlineSeconds": 20}));
    let now = at(&mut run, 21.0);
    assert_eq!(now.status.phase, Phase::Running);
    let now = at(&mut run, 22.1);
    assert_eq!((now.status.phase, &*now.status.reason), (Phase::Failed, "DeadlineExceeded"));
    assert_eq!(&*now.status.message, "Pod was active on the node longer than the specified deadline");
    let ready = now.status.conditions.iter().find(|condition| &*condition.kind == "Ready").unwrap();
    assert_eq!((&*ready.status, &*ready.reason), ("False", "PodFailed"));
    assert!(now.status.container_statuses[0].state.terminated.is_some());
    assert_eq!(told(&run, &["DeadlineExceeded", "Killing"]).len(), 2);
    // It stays until it is deleted, and goes then.
    assert_eq!(at(&mut run, 300.0).status.phase, Phase::Failed);
    run.input(&delete("Pod", "a", DeleteOptions::default()));
    world::until(&mut run, Time::secs(301));
    assert!(get(&run).is_none());
}

#[test]
fn a_sidecar_starts_first_and_ends_last() {
    let startup = http(2, &json!({}));
    let spec = json!({
        "restartPolicy": "Never",
        "initContainers": [
            {"name": "proxy", "image": "late-3", "restartPolicy": "Always", "startupProbe": startup,
             "ports": [{"name": "web", "containerPort": 8081}]},
            {"name": "setup", "image": "exit-2"},
        ],
    });
    let mut run = started("exit-5", &json!({}), &spec);
    // The proxy runs from 1 s and listens from 4 s on; asked at 2 s and 4 s. Then the setup runs from 5 to 7 s, and the
    // main container from 9 to 14 s.
    let now = at(&mut run, 3.9);
    assert_eq!(now.status.phase, Phase::Pending);
    assert_eq!(now.status.init_container_statuses[0].started, Some(false));
    let now = at(&mut run, 6.0);
    assert!(now.status.init_container_statuses[0].ready);
    assert!(now.status.init_container_statuses[1].state.running.is_some());
    let now = at(&mut run, 10.0);
    assert_eq!(now.status.phase, Phase::Running);
    let ready = now.status.conditions.iter().find(|condition| &*condition.kind == "Ready").unwrap();
    assert_eq!(&*ready.status, "True");
    let now = at(&mut run, 16.0);
    assert_eq!(now.status.phase, Phase::Succeeded);
    assert!(now.status.init_container_statuses[0].state.terminated.is_some());
    assert_eq!(told(&run, &["Killing"]), ["Killing Stopping container proxy x1"]);
}

#[test]
fn containers_of_a_pod_start_in_turn() {
    let spec = json!({"containers": [
        {"name": "a", "image": "hook-3"}, {"name": "b", "image": "ok"},
    ]});
    let mut run = started("ok", &json!({}), &spec);
    let running = |pod: &Pod| {
        pod.status.container_statuses.iter().filter(|status| status.state.running.is_some()).count()
    };
    assert_eq!(running(&at(&mut run, 3.9)), 0);
    assert_eq!(running(&at(&mut run, 4.0)), 1);
    assert_eq!(running(&at(&mut run, 5.0)), 2);
}

#[test]
fn an_image_whose_name_cannot_be_read_is_not_pulled() {
    let spec = json!({"containers": [{"name": "a", "image": "Shop"}, {"name": "b", "image": "ok"}]});
    let mut run = started("ok", &json!({}), &spec);
    let now = at(&mut run, 5.0);
    let waiting = now.status.container_statuses[0].state.waiting.as_ref().unwrap();
    let why = "Failed to apply default image tag \"Shop\": couldn't parse image name \"Shop\": invalid reference format: repository name (library/Shop) must be lowercase";
    assert_eq!((&*waiting.reason, &*waiting.message), ("InvalidImageName", why));
    assert!(now.status.container_statuses[1].ready, "the next container starts");
    at(&mut run, 40.0);
    assert_eq!(
        told(&run, &["InspectFailed", "Failed"]),
        [format!("InspectFailed {why} x4"), "Failed Error: InvalidImageName x4".to_owned()]
    );
}

#[test]
fn nodes_tell_which_images_they_have() {
    let mut run = started("large", &json!({}), &json!({}));
    at(&mut run, 10.0);
    let node = run.model().cluster.store().get::<Node>("", "node-1").unwrap();
    let names = node.status.images[0].get("names").unwrap().as_list().unwrap();
    assert_eq!(names[1].as_str(), Some("docker.io/library/large:latest"));
    assert_eq!(node.status.images[0].get("sizeBytes").unwrap().as_int(), Some(500_000_000));
    let said = told(&run, &["Pulled"]);
    assert!(said[0].ends_with("Image size: 500000000 bytes. x1"), "{said:?}");
}

/// A run with probes is the same each time.
#[test]
fn the_same_run_each_time() {
    let play = || {
        let probes = json!({"livenessProbe": http(3, &json!({})), "readinessProbe": http(2, &json!({}))});
        let mut run = started("late-3.hang-20", &probes, &json!({"terminationGracePeriodSeconds": 4}));
        at(&mut run, 200.0);
        run.journal().iter().map(|(_, entry)| format!("{entry:?}")).collect::<Vec<_>>()
    };
    let first = play();
    assert!(first.len() > 50);
    assert_eq!(first, play());
}
