//! Argo Rollouts from creation to the end, as a person sees them.

#![allow(dead_code, missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod world;

use std::sync::{Arc, Mutex};

use opscape_cluster::analysis::Answer;
use opscape_cluster::metrics::Window;
use opscape_cluster::record::RolloutWhat;
use opscape_cluster::{Latency, Record, Store, Usage, Used};
use opscape_manifest::api::{AnalysisRun, Deployment, Event, Object, Pod, ReplicaSet, Rollout, Service};
use opscape_sim::{Run, Time};
use serde_json::{Value, json};
use world::{World, create, nodes, object, until, update};

/// A Prometheus that answers what the test says.
struct Said(Mutex<Result<Answer, String>>);

impl Usage for Said {
    fn container(&self, _pod: &Pod, _name: &str, _window: &Window, _store: &Store) -> Option<Used> {
        None
    }

    fn query(&self, query: &str, _store: &Store, _now: Time) -> Result<Answer, String> {
        assert_eq!(query, "rate(errors{app=\"web\"})", "arguments are filled in");
        self.0.lock().unwrap().clone()
    }
}

fn service(name: &str) -> Object {
    object(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}))
}

fn rollout(replicas: i32, image: &str, strategy: &Value) -> Object {
    object(
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}, "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "strategy": strategy,
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}},
        }}),
    )
}

fn ingress() -> Object {
    object(
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "door"}, "spec": {
        "ingressClassName": "nginx", "rules": [{"host": "shop.example", "http": {"paths": [{"path": "/",
        "pathType": "Prefix", "backend": {"service": {"name": "stable", "port": {"number": 80}}}}]}}]}}),
    )
}

fn template() -> Object {
    object(
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "errors"},
        "spec": {"args": [{"name": "app"}], "metrics": [{"name": "errors", "interval": "10s", "count": 3,
        "failureLimit": 1, "successCondition": "result[0] < 0.05",
        "provider": {"prometheus": {"address": "http://prometheus", "query": "rate(errors{app=\"{{args.app}}\"})"}}}]}}),
    )
}

fn started(objects: Vec<Object>) -> (Run<World>, Arc<Said>) {
    let said = Arc::new(Said(Mutex::new(Ok(Answer::Vector(vec![0.0])))));
    let mut run = world::run_with(1, Latency::default(), &nodes(), said.clone());
    for object in objects {
        run.input(&create(object));
        assert_eq!(run.model().last, None);
    }
    until(&mut run, Time::secs(20));
    (run, said)
}

fn web(run: &Run<World>) -> Arc<Rollout> {
    run.model().cluster.store().get::<Rollout>("default", "web").unwrap().clone()
}

fn change(run: &mut Run<World>, change: impl FnOnce(&mut Rollout)) {
    let mut rollout = Rollout::clone(&web(run));
    change(&mut rollout);
    rollout.metadata.resource_version = 0;
    run.input(&update(Object::Rollout(Arc::new(rollout))));
    assert_eq!(run.model().last, None);
}

fn change_status(run: &mut Run<World>, change: impl FnOnce(&mut Rollout)) {
    let mut rollout = Rollout::clone(&web(run));
    change(&mut rollout);
    let object = Object::Rollout(Arc::new(rollout));
    run.input(&opscape_cluster::Request::Status(object, opscape_cluster::WriteOptions::default()));
    assert_eq!(run.model().last, None);
}

fn set_image(run: &mut Run<World>, image: &str) {
    change(run, |rollout| {
        let template = Arc::make_mut(&mut rollout.spec.template);
        Arc::make_mut(&mut template.spec).containers[0].image = image.into();
    });
}

/// Pods of each image that are wanted.
fn sizes(run: &Run<World>) -> Vec<(String, i32)> {
    let mut sizes: Vec<(String, i32)> = run
        .model()
        .cluster
        .store()
        .list::<ReplicaSet>(None)
        .map(|set| (set.spec.template.spec.containers[0].image.to_string(), set.spec.replicas.unwrap()))
        .collect();
    sizes.sort();
    sizes
}

fn told(run: &Run<World>, reason: &str) -> Vec<String> {
    let events = run.model().cluster.store().list::<Event>(None);
    let mut told: Vec<_> = events.filter(|event| &*event.reason == reason).collect();
    told.sort_by_key(|event| event.metadata.uid);
    told.into_iter().map(|event| event.message.to_string()).collect()
}

fn phase(run: &Run<World>) -> (String, String) {
    let web = web(run);
    (web.status.phase.to_string(), web.status.message.to_string())
}

/// The image to which a Service leads.
fn leads_to(run: &Run<World>, service: &str) -> String {
    let store = run.model().cluster.store();
    let service = store.get::<Service>("default", service).unwrap();
    let Some(hash) = service.spec.selector.get("rollouts-pod-template-hash") else { return String::new() };
    let mut sets = store.list::<ReplicaSet>(None);
    let set = sets.find(|set| set.metadata.label("rollouts-pod-template-hash") == Some(hash)).unwrap();
    set.spec.template.spec.containers[0].image.to_string()
}

fn pair(phase: &str, message: &str) -> (String, String) {
    (phase.to_owned(), message.to_owned())
}

fn image(name: &str, count: i32) -> (String, i32) {
    (name.to_owned(), count)
}

#[test]
fn a_canary_without_router_goes_by_its_steps() {
    let steps = json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {"duration": "30s"}}]);
    let strategy = json!({"canary": {"maxSurge": 1, "maxUnavailable": 0, "steps": steps}});
    let (mut run, _) = started(vec![rollout(5, "shop:1", &strategy)]);
    // The first version takes no steps.
    assert_eq!(phase(&run), pair("Healthy", ""));
    assert_eq!(web(&run).status.current_step_index, Some(4));
    let name = run.model().cluster.store().list::<ReplicaSet>(None).next().unwrap().metadata.name.clone();
    assert!(name.starts_with("web-"), "{name}");
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(60));
    assert_eq!(sizes(&run), [image("shop:1", 4), image("shop:2", 1)]);
    assert_eq!(phase(&run), pair("Paused", "CanaryPauseStep"));
    assert_eq!(web(&run).status.current_step_index, Some(1));
    // As `kubectl argo rollouts promote` does it.
    change_status(&mut run, |rollout| rollout.status.pause_conditions.clear());
    until(&mut run, Time::secs(85));
    assert_eq!(sizes(&run), [image("shop:1", 2), image("shop:2", 3)]);
    assert_eq!(web(&run).status.current_step_index, Some(3));
    until(&mut run, Time::secs(150));
    assert_eq!(sizes(&run), [image("shop:1", 0), image("shop:2", 5)]);
    assert_eq!(phase(&run), pair("Healthy", ""));
    assert_eq!(
        told(&run, "RolloutStepCompleted"),
        [
            "Rollout step 1/4 completed (setWeight: 20)",
            "Rollout step 2/4 completed (pause)",
            "Rollout step 3/4 completed (setWeight: 60)",
            "Rollout step 4/4 completed (pause: 30s)",
        ]
    );
    // Events of one object are dropped after the 25th, as client-go does; the journal knows all.
    let promoted = |entry: &Record| match entry {
        Record::Rollout(fact) => match &fact.what {
            RolloutWhat::Promoted { reason, .. } => Some(reason.to_string()),
            _ => None,
        },
        _ => None,
    };
    let promoted: Vec<String> = run.journal().iter().filter_map(|(_, entry)| promoted(&entry.what)).collect();
    assert_eq!(promoted, ["Initial deploy", "Completed all 4 canary steps"]);
}

#[test]
fn pods_stay_within_surge_and_unavailable() {
    let strategy = json!({"canary": {"maxSurge": 1, "maxUnavailable": 0, "steps": [{"setWeight": 50}, {"pause": {"duration": 10}}]}});
    let (mut run, _) = started(vec![rollout(4, "shop:1", &strategy)]);
    set_image(&mut run, "shop:2");
    for second in 21..120 {
        until(&mut run, Time::secs(second));
        let all: i32 = sizes(&run).iter().map(|(_, count)| count).sum();
        assert!(all <= 5, "{second} s: {all}");
        assert!(web(&run).status.available_replicas >= 4, "{second} s");
    }
    assert_eq!(sizes(&run), [image("shop:1", 0), image("shop:2", 4)]);
}

fn routed(more: &Value) -> Value {
    let mut canary = json!({"stableService": "stable", "canaryService": "canary",
        "trafficRouting": {"nginx": {"stableIngress": "door"}},
        "steps": [{"setWeight": 10}, {"pause": {"duration": "20s"}}, {"setWeight": 50}, {"pause": {}}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        canary[key] = value.clone();
    }
    json!({"canary": canary})
}

fn weight(run: &Run<World>) -> String {
    let Some(Object::Other(ingress)) =
        run.model().cluster.store().object("Ingress", "default", "web-door-canary")
    else {
        return "none".to_owned();
    };
    ingress.metadata.annotation("nginx.ingress.kubernetes.io/canary-weight").unwrap().to_owned()
}

#[test]
fn a_canary_behind_nginx_sets_weights_and_goes_back_at_once() {
    let objects =
        vec![service("stable"), service("canary"), ingress(), rollout(4, "shop:1", &routed(&json!({})))];
    let (mut run, _) = started(objects);
    assert_eq!((weight(&run).as_str(), leads_to(&run, "stable").as_str()), ("0", "shop:1"));
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(30));
    // 10 % of 4 pods is one; the stable ones stay.
    assert_eq!(sizes(&run), [image("shop:1", 4), image("shop:2", 1)]);
    assert_eq!((weight(&run).as_str(), leads_to(&run, "canary").as_str()), ("10", "shop:2"));
    until(&mut run, Time::secs(70));
    assert_eq!(sizes(&run), [image("shop:1", 4), image("shop:2", 2)]);
    assert_eq!(weight(&run), "50");
    let store = run.model().cluster.store();
    let Some(Object::Other(canary)) = store.object("Ingress", "default", "web-door-canary") else { panic!() };
    let backend = canary.body["spec"].at(&["rules"]).unwrap().as_list().unwrap()[0].clone();
    let paths = backend.at(&["http", "paths"]).unwrap().as_list().unwrap()[0].clone();
    assert_eq!(paths.str_at(&["backend", "service", "name"]), Some("canary"));
    // Abort: the weight is 0 at once, the pods stay for 30 s.
    change_status(&mut run, |rollout| rollout.status.abort = true);
    until(&mut run, Time::millis(70_500));
    assert_eq!(weight(&run), "0");
    assert_eq!(leads_to(&run, "canary"), "shop:1");
    assert_eq!(phase(&run), pair("Degraded", "RolloutAborted: Rollout aborted update to revision 2"));
    assert_eq!(sizes(&run), [image("shop:1", 4), image("shop:2", 2)]);
    until(&mut run, Time::secs(110));
    assert_eq!(sizes(&run), [image("shop:1", 4), image("shop:2", 0)]);
    // Retry begins anew.
    change_status(&mut run, |rollout| rollout.status.abort = false);
    until(&mut run, Time::secs(120));
    assert_eq!(weight(&run), "10");
    assert_eq!(sizes(&run), [image("shop:1", 4), image("shop:2", 1)]);
    // Full promotion, and the old pods stay for 30 s.
    change_status(&mut run, |rollout| rollout.status.promote_full = true);
    until(&mut run, Time::secs(130));
    assert_eq!((weight(&run).as_str(), leads_to(&run, "stable").as_str()), ("0", "shop:2"));
    assert_eq!(sizes(&run), [image("shop:1", 4), image("shop:2", 4)]);
    until(&mut run, Time::secs(170));
    assert_eq!(sizes(&run), [image("shop:1", 0), image("shop:2", 4)]);
    assert_eq!(phase(&run), pair("Healthy", ""));
}

#[test]
fn dynamic_stable_scale_moves_pods_with_the_weight() {
    let more = json!({"dynamicStableScale": true});
    let objects = vec![service("stable"), service("canary"), ingress(), rollout(4, "shop:1", &routed(&more))];
    let (mut run, _) = started(objects);
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(70));
    assert_eq!((weight(&run).as_str(), sizes(&run)), ("50", vec![image("shop:1", 2), image("shop:2", 2)]));
    // Back: the weight falls as stable pods come.
    change_status(&mut run, |rollout| rollout.status.abort = true);
    until(&mut run, Time::secs(71));
    assert_eq!((weight(&run).as_str(), sizes(&run)), ("50", vec![image("shop:1", 4), image("shop:2", 2)]));
    until(&mut run, Time::secs(90));
    assert_eq!((weight(&run).as_str(), sizes(&run)), ("0", vec![image("shop:1", 4), image("shop:2", 0)]));
}

#[test]
fn set_canary_scale_is_apart_from_the_weight() {
    let steps = json!([{"setCanaryScale": {"replicas": 3}}, {"setWeight": 10}, {"pause": {}},
        {"setCanaryScale": {"matchTrafficWeight": true}}, {"setWeight": 50}, {"pause": {}}]);
    let objects = vec![
        service("stable"),
        service("canary"),
        ingress(),
        rollout(4, "shop:1", &routed(&json!({"steps": steps}))),
    ];
    let (mut run, _) = started(objects);
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(40));
    assert_eq!((weight(&run).as_str(), sizes(&run)), ("10", vec![image("shop:1", 4), image("shop:2", 3)]));
    change_status(&mut run, |rollout| rollout.status.pause_conditions.clear());
    until(&mut run, Time::secs(60));
    assert_eq!((weight(&run).as_str(), sizes(&run)), ("50", vec![image("shop:1", 4), image("shop:2", 2)]));
}

#[test]
fn the_gateway_plugin_writes_weights_into_the_route() {
    let route = object(json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "shop"}, "spec": {"parentRefs": [{"name": "gate"}], "rules": [{"backendRefs":
        [{"name": "stable", "port": 80}, {"name": "canary", "port": 80}]}]}}));
    let more = json!({"trafficRouting": {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "shop"}}}});
    let objects = vec![service("stable"), service("canary"), route, rollout(2, "shop:1", &routed(&more))];
    let (mut run, _) = started(objects);
    let weights = |run: &Run<World>| -> Vec<i64> {
        let Some(Object::Other(route)) = run.model().cluster.store().object("HTTPRoute", "default", "shop")
        else {
            panic!()
        };
        let rule = route.body["spec"].get("rules").unwrap().as_list().unwrap()[0].clone();
        let references = rule.get("backendRefs").unwrap().as_list().unwrap().to_vec();
        references.iter().map(|one| one.get("weight").unwrap().as_int().unwrap()).collect()
    };
    assert_eq!(weights(&run), [100, 0]);
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(32));
    assert_eq!(weights(&run), [90, 10]);
    until(&mut run, Time::secs(80));
    assert_eq!(weights(&run), [50, 50]);
}

/// docs/features/header-based-routing.md of the plugin
#[test]
fn the_gateway_plugin_adds_a_rule_for_headers_and_takes_it_away() {
    let route = object(json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "shop"}, "spec": {"parentRefs": [{"name": "gate"}], "rules": [
        {"matches": [{"path": {"type": "PathPrefix", "value": "/shop"}}], "backendRefs":
            [{"name": "stable", "port": 80}, {"name": "canary", "port": 80}]}]}}));
    let header = |matches: &Value| json!({"setHeaderRoute": {"name": "testers", "match": matches}});
    let tester = json!([{"headerName": "X-Test", "headerValue": {"exact": "yes"}}]);
    let more = json!({
        "trafficRouting": {"managedRoutes": [{"name": "testers"}], "plugins": {"argoproj-labs/gatewayAPI":
            {"httpRoutes": [{"name": "shop", "useHeaderRoutes": true}]}}},
        "steps": [{"setCanaryScale": {"replicas": 1}}, header(&tester), {"pause": {}}, {"setWeight": 20}, {"pause": {}}]});
    let objects = vec![service("stable"), service("canary"), route, rollout(2, "shop:1", &routed(&more))];
    let (mut run, _) = started(objects);
    let rules = |run: &Run<World>| -> Value {
        let found = run.model().cluster.store().object("HTTPRoute", "default", "shop");
        let Some(Object::Other(route)) = found else { panic!() };
        let rules = route.body["spec"].get("rules").unwrap();
        serde_json::from_str(&opscape_manifest::print::to_json(rules)).unwrap()
    };
    let count = |run: &Run<World>| rules(run).as_array().unwrap().len();
    assert_eq!(count(&run), 1);
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(40));
    assert_eq!(
        rules(&run)[1],
        json!({"matches": [{"headers": [{"name": "X-Test", "type": "Exact", "value": "yes"}],
                "path": {"type": "PathPrefix", "value": "/shop"}}],
            "backendRefs": [{"group": "", "kind": "Service", "name": "canary", "port": 80, "weight": 1}]})
    );
    // Nobody else meets the new version, and the rule is there once.
    assert_eq!((rules(&run)[0]["backendRefs"][1]["weight"].clone(), count(&run)), (json!(0), 2));
    change_status(&mut run, |rollout| rollout.status.pause_conditions.clear());
    until(&mut run, Time::secs(60));
    assert_eq!((rules(&run)[0]["backendRefs"][1]["weight"].clone(), count(&run)), (json!(20), 2));
    change_status(&mut run, |rollout| rollout.status.abort = true);
    until(&mut run, Time::secs(62));
    assert_eq!((rules(&run)[0]["backendRefs"][1]["weight"].clone(), count(&run)), (json!(0), 1));

    // A route that nobody manages is refused.
    let strategy = routed(&json!({"trafficRouting": {"managedRoutes": [{"name": "other"}], "plugins":
        {"argoproj-labs/gatewayAPI": {"httpRoute": "shop"}}}, "steps": [header(&tester)]}));
    let (run, _) = started(vec![service("stable"), service("canary"), rollout(2, "shop:1", &strategy)]);
    let (_, message) = phase(&run);
    assert!(message.contains("Steps define a route that does not exist"), "{message}");
}

fn blue_green(more: &Value) -> Vec<Object> {
    let mut strategy = json!({"activeService": "active", "previewService": "preview"});
    for (key, value) in more.as_object().into_iter().flatten() {
        strategy[key] = value.clone();
    }
    vec![service("active"), service("preview"), rollout(3, "shop:1", &json!({"blueGreen": strategy}))]
}

#[test]
fn blue_green_switches_when_a_person_says_so_and_back_within_the_delay() {
    let (mut run, _) = started(blue_green(&json!({"autoPromotionEnabled": false})));
    assert_eq!((leads_to(&run, "active").as_str(), phase(&run).0.as_str()), ("shop:1", "Healthy"));
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(60));
    assert_eq!((leads_to(&run, "active").as_str(), leads_to(&run, "preview").as_str()), ("shop:1", "shop:2"));
    assert_eq!(sizes(&run), [image("shop:1", 3), image("shop:2", 3)]);
    assert_eq!(phase(&run), pair("Paused", "BlueGreenPause"));
    change_status(&mut run, |rollout| rollout.status.pause_conditions.clear());
    until(&mut run, Time::secs(61));
    assert_eq!(leads_to(&run, "active"), "shop:2");
    assert_eq!(phase(&run), pair("Healthy", ""));
    // The old pods stay for 30 s: back without a pause, and at once.
    until(&mut run, Time::secs(80));
    assert_eq!(sizes(&run), [image("shop:1", 3), image("shop:2", 3)]);
    set_image(&mut run, "shop:1");
    until(&mut run, Time::secs(81));
    assert_eq!(leads_to(&run, "active"), "shop:1");
    until(&mut run, Time::secs(120));
    assert_eq!(sizes(&run), [image("shop:1", 3), image("shop:2", 0)]);
    let switched = told(&run, "SwitchService");
    let hash = |image: &str| {
        let mut sets = run.model().cluster.store().list::<ReplicaSet>(None);
        let of = |set: &&Arc<ReplicaSet>| &*set.spec.template.spec.containers[0].image == image;
        sets.find(of).unwrap().metadata.label("rollouts-pod-template-hash").unwrap().to_owned()
    };
    let (one, two) = (hash("shop:1"), hash("shop:2"));
    let wanted = format!("Switched selector for service 'active' from '{one}' to '{two}'");
    assert!(switched.contains(&wanted), "{switched:?}");
}

#[test]
fn blue_green_promotes_itself_after_a_while() {
    let (mut run, _) = started(blue_green(&json!({"autoPromotionSeconds": 20, "previewReplicaCount": 1})));
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(35));
    assert_eq!(sizes(&run), [image("shop:1", 3), image("shop:2", 1)]);
    assert_eq!(leads_to(&run, "active"), "shop:1");
    until(&mut run, Time::secs(55));
    assert_eq!(leads_to(&run, "active"), "shop:2");
    assert_eq!(sizes(&run), [image("shop:1", 3), image("shop:2", 3)]);
    until(&mut run, Time::secs(100));
    assert_eq!(sizes(&run), [image("shop:1", 0), image("shop:2", 3)]);
}

fn analysed() -> Value {
    json!({"templates": [{"templateName": "errors"}], "args": [{"name": "app", "value": "web"}]})
}

#[test]
fn a_bad_analysis_rolls_back_and_a_good_one_goes_on() {
    let steps = json!([{"setWeight": 20}, {"analysis": analysed()}, {"setWeight": 100}]);
    let objects = vec![template(), rollout(5, "shop:1", &json!({"canary": {"steps": steps}}))];
    let (mut run, said) = started(objects);
    set_image(&mut run, "shop:2");
    *said.0.lock().unwrap() = Ok(Answer::Vector(vec![0.2]));
    until(&mut run, Time::secs(60));
    let store = run.model().cluster.store();
    let analysis = store.list::<AnalysisRun>(None).next().unwrap();
    assert_eq!(&*analysis.status.phase, "Failed");
    let message = "Metric \"errors\" assessed Failed due to failed (2) > failureLimit (1)";
    assert_eq!(&*analysis.status.message, message);
    assert_eq!(&*analysis.status.metric_results[0].measurements[0].value, "[0.2]");
    assert_eq!(
        phase(&run),
        pair("Degraded", &format!("RolloutAborted: Rollout aborted update to revision 2: {message}"))
    );
    assert_eq!(sizes(&run), [image("shop:1", 5), image("shop:2", 0)]);
    *said.0.lock().unwrap() = Ok(Answer::Vector(vec![0.0]));
    set_image(&mut run, "shop:3");
    until(&mut run, Time::secs(120));
    assert_eq!(phase(&run), pair("Healthy", ""));
    assert!(sizes(&run).contains(&image("shop:3", 5)));
}

#[test]
fn an_analysis_in_the_background_and_one_before_the_switch() {
    let canary = json!({"canary": {"steps": [{"setWeight": 20}, {"pause": {}}], "analysis": analysed()}});
    let (mut run, said) = started(vec![template(), rollout(5, "shop:1", &canary)]);
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(25));
    assert_eq!(phase(&run), pair("Paused", "CanaryPauseStep"));
    *said.0.lock().unwrap() = Ok(Answer::Vector(vec![0.5]));
    until(&mut run, Time::secs(60));
    assert_eq!(phase(&run).0, "Degraded");
    assert_eq!(sizes(&run), [image("shop:1", 5), image("shop:2", 0)]);

    let mut objects = blue_green(&json!({"prePromotionAnalysis": analysed()}));
    objects.insert(0, template());
    let (mut run, said) = started(objects);
    *said.0.lock().unwrap() = Err("no data".to_owned());
    set_image(&mut run, "shop:2");
    until(&mut run, Time::secs(120));
    // Five errors in a row.
    assert_eq!(leads_to(&run, "active"), "shop:1");
    let message = "Metric \"errors\" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): \"Error Message: no data\"";
    assert!(phase(&run).1.ends_with(message), "{:?}", phase(&run));
}

#[test]
fn what_is_wrong_is_said_in_a_condition() {
    let (mut run, _) =
        started(vec![rollout(1, "shop:1", &json!({"canary": {"steps": [{"setWeight": 101}]}}))]);
    assert_eq!(
        phase(&run),
        pair(
            "Degraded",
            "InvalidSpec: The Rollout \"web\" is invalid: spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100"
        )
    );
    change(&mut run, |rollout| {
        rollout.spec.strategy.canary.as_mut().unwrap().steps[0].set_weight = Some(50);
        rollout.spec.strategy.canary.as_mut().unwrap().stable_service = "stable".into();
    });
    until(&mut run, Time::secs(22));
    assert_eq!(
        phase(&run).1,
        "InvalidSpec: The Rollout \"web\" is invalid: spec.strategy.canary.stableService: Invalid value: \"stable\": service \"stable\" not found"
    );
    // Once it is there, the Rollout goes on by itself.
    run.input(&create(service("stable")));
    until(&mut run, Time::secs(40));
    assert_eq!(phase(&run), pair("Healthy", ""));
}

#[test]
fn pods_are_restarted_a_few_at_a_time() {
    let (mut run, _) = started(vec![rollout(4, "shop:1", &json!({"canary": {"maxUnavailable": 1}}))]);
    let before = web(&run);
    let at = before.status.conditions.iter().filter_map(|one| one.last_update_time).max().unwrap();
    change(&mut run, |rollout| rollout.spec.restart_at = Some(opscape_manifest::api::Timestamp(at.0 + 10)));
    let names = |run: &Run<World>| -> Vec<String> {
        run.model().cluster.store().list::<Pod>(None).map(|pod| pod.metadata.name.to_string()).collect()
    };
    let old = names(&run);
    until(&mut run, Time::secs(200));
    assert!(names(&run).iter().all(|name| !old.contains(name)));
    assert_eq!(phase(&run), pair("Healthy", ""));
}

/// Labels of the pods of an image, one text for each pod.
fn roles(run: &Run<World>, image: &str) -> Vec<String> {
    let pods = run.model().cluster.store().list::<Pod>(None);
    let of = |pod: &&Arc<Pod>| {
        pod.spec.containers[0].image.as_ref() == image && pod.metadata.deletion_timestamp.is_none()
    };
    pods.filter(of).map(|pod| pod.metadata.label("role").unwrap_or("-").to_owned()).collect()
}

/// docs/features/ephemeral-metadata.md
#[test]
fn pods_have_labels_for_as_long_as_their_version_has_its_part() {
    let strategy = json!({"canary": {
        "canaryMetadata": {"labels": {"role": "canary"}, "annotations": {"note": "new"}},
        "stableMetadata": {"labels": {"role": "stable"}},
        "steps": [{"setWeight": 50}, {"pause": {}}]}});
    let (mut run, _) = started(vec![rollout(2, "web:1", &strategy)]);
    assert_eq!(roles(&run, "web:1"), ["stable", "stable"]);
    set_image(&mut run, "web:2");
    until(&mut run, Time::secs(40));
    assert_eq!((roles(&run, "web:1"), roles(&run, "web:2")), (vec!["stable".into()], vec!["canary".into()]));
    // The same template: it makes no new ReplicaSet.
    assert_eq!(sizes(&run).len(), 2);
    change_status(&mut run, |rollout| rollout.status.promote_full = true);
    until(&mut run, Time::secs(80));
    assert_eq!(roles(&run, "web:2"), ["stable", "stable"]);
    let mut pods = run.model().cluster.store().list::<Pod>(None);
    assert!(pods.all(|pod| pod.metadata.annotation("note").is_none()), "what was injected is taken out");
}

/// docs/features/anti-affinity/anti-affinity.md
#[test]
fn new_pods_keep_away_from_the_nodes_of_the_old_ones() {
    let rule = json!({"requiredDuringSchedulingIgnoredDuringExecution": {}});
    let strategy = json!({"blueGreen": {"activeService": "active", "autoPromotionEnabled": false, "antiAffinity": rule}});
    let (mut run, _) = started(vec![service("active"), rollout(1, "web:1", &strategy)]);
    let nodes_of = |run: &Run<World>, image: &str| -> Vec<String> {
        let pods = run.model().cluster.store().list::<Pod>(None);
        let of = pods.filter(|pod| pod.spec.containers[0].image.as_ref() == image);
        of.map(|pod| pod.spec.node_name.to_string()).collect()
    };
    let affinity = |run: &Run<World>, image: &str| {
        let pods = run.model().cluster.store().list::<Pod>(None).cloned();
        let mut of = pods.filter(|pod| pod.spec.containers[0].image.as_ref() == image);
        of.next().and_then(|pod| pod.spec.affinity.clone())
    };
    assert_eq!(affinity(&run, "web:1"), None);
    set_image(&mut run, "web:2");
    until(&mut run, Time::secs(40));
    let (old, new) = (nodes_of(&run, "web:1"), nodes_of(&run, "web:2"));
    assert!(old.iter().all(|node| !new.contains(node)) && !new.is_empty(), "{old:?} {new:?}");
    let terms = affinity(&run, "web:2").unwrap().pod_anti_affinity.unwrap();
    let terms = terms.required_during_scheduling_ignored_during_execution;
    let stable = web(&run).status.stable_rs.clone();
    let selector = terms[0].label_selector.clone().unwrap();
    assert_eq!(selector.match_expressions[0].values, [stable]);
    assert_eq!(&*terms[0].topology_key, "kubernetes.io/hostname");
}

#[test]
fn templates_of_the_whole_cluster_are_found() {
    let mut cluster = template().to_value();
    if let Some(map) = cluster.as_map_mut() {
        map.insert("kind".to_owned(), "ClusterAnalysisTemplate".into());
    }
    let cluster = Object::from_value(&cluster).unwrap();
    let step = |name: &str| {
        json!({"analysis": {"args": [{"name": "app", "value": "web"}],
        "templates": [{"templateName": name, "clusterScope": true}]}})
    };
    let strategy = json!({"canary": {"steps": [{"setWeight": 50}, step("errors")]}});
    let (mut run, _) = started(vec![cluster, rollout(2, "web:1", &strategy)]);
    set_image(&mut run, "web:2");
    until(&mut run, Time::secs(90));
    assert_eq!(sizes(&run), [image("web:1", 0), image("web:2", 2)]);
    assert_eq!(run.model().cluster.store().list::<AnalysisRun>(None).count(), 1);

    let strategy = json!({"canary": {"steps": [step("nothing")]}});
    let (run, _) = started(vec![rollout(2, "web:1", &strategy)]);
    let (_, message) = phase(&run);
    assert!(message.contains("ClusterAnalysisTemplate 'nothing' not found"), "{message}");
}

fn deployment(replicas: i32, image: &str) -> Object {
    object(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "old"}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}},
    }}))
}

fn follower(replicas: i32, workload: &Value) -> Object {
    object(
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}, "spec": {
            "replicas": replicas, "workloadRef": workload,
            "strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}},
        }}),
    )
}

/// What the controller noted in the journal.
fn said_facts(run: &Run<World>) -> Vec<RolloutWhat> {
    let what =
        |entry: &Record| if let Record::Rollout(fact) = entry { Some(fact.what.clone()) } else { None };
    run.journal().iter().filter_map(|(_, entry)| what(&entry.what)).collect()
}

fn old(run: &Run<World>) -> Arc<Deployment> {
    run.model().cluster.store().get::<Deployment>("default", "old").unwrap().clone()
}

/// Pods that the Deployment `old` wants.
fn old_size(run: &Run<World>) -> Option<i32> {
    old(run).spec.replicas
}

/// Ready pods of everything that runs the application.
fn ready(run: &Run<World>) -> usize {
    let pods = run.model().cluster.store().list::<Pod>(Some("default"));
    pods.filter(|pod| pod.status.conditions.iter().any(|one| &*one.kind == "Ready" && &*one.status == "True"))
        .count()
}

#[test]
fn a_rollout_takes_the_template_of_a_deployment_and_its_place() {
    for how in ["", "never", "onsuccess", "progressively"] {
        let (mut run, _) = started(vec![deployment(4, "web:1")]);
        assert_eq!(ready(&run), 4);
        let reference =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "old", "scaleDown": how});
        run.input(&create(follower(4, &reference)));
        assert_eq!(run.model().last, None);
        let mut fewest = usize::MAX;
        for step in 1..=300 {
            until(&mut run, Time::millis(20_000 + step * 100));
            fewest = fewest.min(ready(&run));
        }
        assert!(fewest >= 4, "{how}: never fewer pods than before, but {fewest}");
        let gone = matches!(how, "onsuccess" | "progressively");
        assert_eq!(old_size(&run), Some(if gone { 0 } else { 4 }), "{how}");
        let rollout = web(&run);
        assert_eq!(&*rollout.status.phase, "Healthy");
        let generation = old(&run).metadata.generation.to_string();
        assert_eq!(*rollout.status.workload_observed_generation, *generation);
        assert!(rollout.spec.template.spec.containers.is_empty(), "nothing was written into the Rollout");
        let facts = said_facts(&run);
        let scaled = |fact: &&RolloutWhat| matches!(fact, RolloutWhat::ScaledWorkload { to: 0, .. });
        assert_eq!(facts.iter().filter(scaled).count(), usize::from(gone));

        // An update is made in the Deployment; the Rollout ships it by its steps, and the Deployment stays as it is.
        run.input(&update(deployment(old_size(&run).unwrap(), "web:2")));
        assert_eq!(run.model().last, None);
        until(&mut run, Time::secs(80));
        let rollout = web(&run);
        assert_eq!(&*rollout.status.phase, "Paused", "{how}: {}", rollout.status.message);
        let of_rollout = |image: &str| {
            let sets = run.model().cluster.store().owned_by(rollout.metadata.uid);
            let sets =
                sets.filter_map(|object| if let Object::ReplicaSet(set) = object { Some(set) } else { None });
            sets.filter(|set| *set.spec.template.spec.containers[0].image == *image)
                .map(|set| set.spec.replicas.unwrap())
                .sum::<i32>()
        };
        assert_eq!((of_rollout("web:1"), of_rollout("web:2")), (3, 1));
        assert_eq!(old_size(&run), Some(if gone { 0 } else { 4 }), "only the first version takes its place");
    }
}

#[test]
fn what_is_wrong_with_a_workload_reference_is_said_and_mended() {
    let reference = |kind: &str| json!({"apiVersion": "apps/v1", "kind": kind, "name": "old"});
    let invalid = |run: &Run<World>| {
        let rollout = web(run);
        let found = opscape_cluster::rollouts::find_condition(&rollout.status, "InvalidSpec");
        found.map(|condition| condition.message.to_string())
    };
    let says = |text: &str| Some(format!("The Rollout \"web\" is invalid: {text}"));
    let (mut run, _) = started(vec![follower(2, &reference("Deployment"))]);
    assert_eq!(invalid(&run), says("deployments.apps \"default/old\" not found"));
    run.input(&create(deployment(1, "web:1")));
    until(&mut run, Time::secs(40));
    assert_eq!(invalid(&run), None);
    assert_eq!(&*web(&run).status.phase, "Healthy");
    let (run, _) = started(vec![follower(2, &reference("StatefulSet"))]);
    assert_eq!(invalid(&run), says("workload of type apps/StatefulSet is not supported"));
    let mut both = rollout(2, "web:1", &json!({"canary": {}}));
    if let Object::Rollout(rollout) = &mut both {
        let workload = follower(2, &reference("Deployment"));
        let Object::Rollout(workload) = workload else { unreachable!() };
        Arc::make_mut(rollout).spec.workload_ref.clone_from(&workload.spec.workload_ref);
    }
    let (run, _) = started(vec![both]);
    assert_eq!(invalid(&run), says("template must be empty for workload reference rollout"));
}
