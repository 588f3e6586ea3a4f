//! Requests through Ingress and Service to pods, while the cluster changes under them.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{INGRESS, SERVICE, open};
use opscape_lab::{Act, Session};
use opscape_network::telemetry::{Outcome, Point, Subject};
use opscape_sim::Time;

/// A shop behind an Ingress. `container`: more lines of its container; `load`: more lines of the Lab document.
fn shop(replicas: u32, container: &str, load: &str) -> String {
    format!(
        "apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  images:
  - name: shop:*
    readyAfter: 4s
    serve: {{concurrency: 16, time: 20ms, distribution: exponential, cpuPerRequest: 5ms}}
  load:
{load}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: web
        image: shop:1.0
        ports: [{{containerPort: 8080}}]
{container}
{SERVICE}{INGRESS}"
    )
}

const OPEN: &str = "  - {name: shoppers, url: 'http://shop.example.com/', rate: 100, at: 20s}";
const READY: &str = "        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}";
const PRE_STOP: &str = "        lifecycle: {preStop: {sleep: {seconds: 5}}}";

fn play(session: &mut Session, secs: u64) {
    session.advance(Time::secs(secs), &mut || true);
}

fn seen(session: &Session, subject: &Subject, from: u32, to: u32) -> Point {
    let telemetry = session.model().traffic().telemetry();
    telemetry.series(subject).map_or_else(Point::default, |series| series.between(from, to))
}

fn clients(session: &Session, from: u32, to: u32) -> Point {
    seen(session, &Subject::Workload("shoppers".into()), from, to)
}

fn update(session: &mut Session, text: &str) {
    let text = text.replace("shop:1.0", "shop:2.0");
    if let Err(refused) = session.act(Act::Apply { text: text.into() }) {
        panic!("{refused:#?}");
    }
}

#[test]
fn requests_go_through_ingress_and_service_to_pods() {
    let mut session = open(&shop(3, READY, OPEN));
    play(&mut session, 80);
    let all = clients(&session, 21, 80);
    assert!((all.rate() - 100.0).abs() < 5.0 && all.errors() == 0, "{} {}", all.rate(), all.errors());
    let median = all.durations.quantile(0.5) / 1e3;
    // 20 ms ln 2, and the way there and back.
    assert!((median - 15.4).abs() < 0.8, "{median}");
    let ingress = Subject::Entry("Ingress".into(), "default".into(), "shop".into());
    let service = Subject::Service("default".into(), "web".into());
    let version = Subject::Version("default".into(), "web".into(), 1);
    for subject in [ingress, service, version.clone()] {
        let count = seen(&session, &subject, 21, 80).count;
        assert!(count.abs_diff(all.count) < 10, "{subject:?}: {count} of {}", all.count);
    }
    let cpu = seen(&session, &version, 30, 80).cpu as f64 / 50e6;
    assert!((cpu / 0.5 - 1.0).abs() < 0.1, "{cpu} cores of 0.5");
}

#[test]
fn a_rollout_without_readiness_probe_loses_requests_and_one_with_probe_and_pre_stop_loses_none() {
    let errors = |replicas: u32, url: &str, container: &str| {
        let text = shop(replicas, container, &OPEN.replace("http://shop.example.com/", url));
        let mut session = open(&text);
        play(&mut session, 40);
        update(&mut session, &text);
        play(&mut session, 100);
        assert!(clients(&session, 21, 40).errors() == 0);
        clients(&session, 40, 100)
    };
    let (outside, inside) = ("http://shop.example.com/", "http://web.default.svc.cluster.local/");
    // One pod: the old one goes when the new one counts as ready, which does not listen for 4 s.
    let lost = errors(1, outside, "");
    assert!(lost.of(Outcome::Status(502)) > 200, "{lost:?}");
    assert_eq!(lost.errors(), lost.of(Outcome::Status(502)));
    // Three: ingress-nginx finds one of three that listens. Who connects to the Service itself tries only once.
    assert_eq!(errors(3, outside, "").errors(), 0);
    let refused = errors(3, inside, "");
    assert!(refused.of(Outcome::Refused) > 200, "{refused:?}");
    let graceful = [READY, PRE_STOP].join("\n");
    for (replicas, url) in [(1, outside), (3, outside), (3, inside)] {
        assert_eq!(errors(replicas, url, &graceful).errors(), 0, "{replicas} {url}");
    }
}

#[test]
fn without_pods_the_ingress_answers_503_and_without_a_rule_404() {
    let load = "  - {name: shoppers, url: 'http://shop.example.com/', rate: 100}
  - {name: lost, url: 'http://other.example.com/', rate: 10}
  - {name: nobody, url: 'http://api.default.svc.cluster.local/', rate: 10}";
    let mut session = open(&shop(0, "", load));
    play(&mut session, 30);
    let all = clients(&session, 5, 30);
    assert_eq!(all.of(Outcome::Status(503)), all.count);
    let lost = seen(&session, &Subject::Workload("lost".into()), 5, 30);
    assert!(lost.count > 200 && lost.of(Outcome::Status(404)) == lost.count);
    let nobody = seen(&session, &Subject::Workload("nobody".into()), 5, 30);
    assert!(nobody.count > 200 && nobody.of(Outcome::NoHost) == nobody.count, "{nobody:?}");
}

#[test]
fn a_node_that_is_cut_off_takes_its_share_of_requests_with_it() {
    let mut session = open(&shop(3, READY, OPEN));
    play(&mut session, 40);
    let node = session.cluster().store().list::<opscape_manifest::api::Pod>(None).next();
    let node = node.map(|pod| pod.spec.node_name.clone()).unwrap_or_default();
    assert!(session.act(Act::StopNode { node }).is_ok());
    play(&mut session, 60);
    let all = clients(&session, 46, 60);
    // A third of the requests first waits 5 s for a connection.
    assert!(all.durations.quantile(0.9) > 5e6, "{}", all.durations.quantile(0.9));
    assert!(all.durations.quantile(0.5) < 1e5, "{}", all.durations.quantile(0.5));
    // The node is found out after 50 s, and its pods are no endpoints any more.
    play(&mut session, 140);
    assert!(clients(&session, 115, 140).durations.quantile(0.99) < 2e5);
}

#[test]
fn seeking_and_branching_are_exact() {
    let text = shop(3, READY, OPEN);
    let mut session = open(&text);
    play(&mut session, 45);
    update(&mut session, &text);
    play(&mut session, 90);
    let measured = |session: &Session| -> Vec<Point> {
        let telemetry = session.model().traffic().telemetry();
        let of = |subject| telemetry.series(subject).into_iter().flat_map(|series| series.points().cloned());
        telemetry.subjects().flat_map(of).collect()
    };
    let end = measured(&session);
    for secs in [50, 30, 70, 20, 90] {
        session.seek(Time::secs(secs));
        if secs == 70 {
            let cut = clients(&session, 0, 100);
            assert!(cut.count < 5_100, "{}", cut.count);
        }
    }
    assert!(measured(&session) == end);
    let mut straight = open(&text);
    play(&mut straight, 45);
    update(&mut straight, &text);
    play(&mut straight, 90);
    assert!(measured(&straight) == end);
}

#[test]
fn what_commands_sent_is_kept_among_the_acts() {
    use opscape_lab::traffic::Sending;
    let text = shop(2, READY, "  - {name: nobody, url: 'http://shop.example.com/', rate: 0}");
    let mut session = open(&text);
    play(&mut session, 30);
    let call = opscape_network::load::Call::get("http://shop.example.com/");
    let hey = Sending { name: "hey".into(), call, requests: Some(100), clients: 20, ..Sending::default() };
    let sending = opscape_lab::World::send(&mut session, &hey);
    play(&mut session, 90);
    let ended = |session: &Session| {
        let report = sending.and_then(|sending| session.model().traffic().report(sending).cloned());
        report.map(|report| (report.ended, report.last, report.is_done()))
    };
    assert!(ended(&session).is_some_and(|(ended, _, done)| ended == 2_000 && done));
    let mut again = open(&text);
    assert!(again.expect_acts(&session.acts_text()).is_ok());
    play(&mut again, 90);
    assert_eq!(ended(&again), ended(&session));
}

#[test]
fn an_autoscaler_follows_the_cpu_of_requests() {
    let cpu = "        resources: {requests: {cpu: 250m}, limits: {cpu: 500m}}";
    let load = "  - {name: shoppers, url: 'http://shop.example.com/', rate: 20, spike: {to: 200, after: 60s, for: 240s}}";
    let text = shop(1, &[READY, cpu].join("\n"), load)
        + "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 8
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}
";
    let mut session = open(&text);
    let replicas = |session: &Session| {
        let store = session.cluster().store();
        store.get::<opscape_manifest::api::Deployment>("default", "web").and_then(|one| one.spec.replicas)
    };
    // 20 requests a second of 5 ms are 100m, 40 % of one pod's request.
    play(&mut session, 59);
    assert_eq!(replicas(&session), Some(1));
    // 200 of them are 1000m: 1000m / (0.6 * 250m) = 6.7 pods.
    play(&mut session, 290);
    let grown = replicas(&session);
    assert!(grown.is_some_and(|pods| (6..=8).contains(&pods)), "{grown:?}");
    assert!(clients(&session, 200, 290).errors() == 0);
    // After the stabilisation window of five minutes it comes down again.
    play(&mut session, 800);
    assert_eq!(replicas(&session), Some(1));
}

#[test]
fn the_scene_shows_where_requests_go() {
    use opscape_lab::scene::{Level, Place};
    let text = shop(3, READY, OPEN);
    let mut session = open(&text);
    play(&mut session, 15);
    assert!(session.scene(None).traffic.is_none());
    play(&mut session, 50);
    update(&mut session, &text);
    let entry = Place::Entry("Ingress".into(), "default".into(), "shop".into());
    let service = Place::Service("default".into(), "web".into());
    let workload = Place::Workload { name: "shoppers".into(), inside: false };
    let rule = "spec.rules[0].http.paths[0]";
    let rule = Place::Rule("Ingress".into(), "default".into(), "shop".into(), rule.into());
    for (secs, versions) in [(50, vec![1]), (61, vec![1, 2]), (90, vec![2])] {
        play(&mut session, secs);
        let Some(scene) = session.scene(Some(Level::Near)).traffic else { panic!("no traffic") };
        let rate = |from: &Place, to: &Place| {
            let found = scene.flows.iter().filter(|flow| flow.from == *from && flow.to == *to);
            found.map(|flow| flow.rates.rate).sum::<f32>()
        };
        assert!((rate(&workload, &rule) - 100.0).abs() < 12.0);
        assert!(scene.of(&entry).is_some_and(|rates| (rates.rate - 100.0).abs() < 12.0));
        // Attempts: those at pods that end meanwhile are made again elsewhere.
        let attempts = rate(&rule, &service);
        assert!((88.0..150.0).contains(&attempts), "{attempts}");
        let mut found = Vec::new();
        let mut sum = 0.0;
        for flow in scene.flows.iter().filter(|flow| flow.from == service) {
            let Place::Version { revision, colour, .. } = &flow.to else { panic!("{:?}", flow.to) };
            assert_eq!(u32::from(*colour), *revision);
            found.push(*revision);
            sum += flow.rates.rate;
        }
        assert_eq!(found, versions, "at {secs}");
        // Attempts at pods that are gone already are of no version.
        assert!(sum > 85.0 && sum < attempts + 1.0, "{sum}");
        let pods: f32 = scene.pods.iter().map(|flow| flow.rate).sum();
        assert!((75.0..150.0).contains(&pods), "{pods}");
        assert!(scene.pods.iter().all(|flow| versions.contains(&u32::from(flow.colour))));
    }
}

#[test]
fn one_request_is_answered_and_explained() {
    let text = shop(2, READY, "  - {name: later, url: 'http://shop.example.com/', rate: 1, at: 1h}");
    let mut session = open(&text);
    play(&mut session, 20);
    let sent =
        session.ask("GET", "http://shop.example.com/cart?x=1", &[]).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!(sent.services, [("default".into(), "web".into())]);
    let field = sent.rule.as_ref().map(|(kind, _, name, field)| (&**kind, &**name, &**field));
    assert_eq!(field, Some(("Ingress", "shop", "spec.rules[0].http.paths[0]")));
    assert!(session.answer(&sent).is_none(), "it is on its way");
    play(&mut session, 21);
    let Some(answer) = session.answer(&sent) else { panic!("no answer") };
    assert_eq!(answer.outcome, Outcome::Status(200));
    assert!(answer.pod.is_some_and(|pod| &*pod.workload == "web"));
    assert!((1..200).contains(&answer.took.as_millis()), "{:?}", answer.took);
    assert_eq!(answer.hops.len(), 1);
    // The rule is said with its line.
    let line = text.lines().position(|line| line.contains("path: /, pathType")).map(|line| line as u32 + 1);
    let said = sent.steps.iter().find(|step| step.text.plain().contains("longest prefix"));
    assert_eq!(said.and_then(|step| step.line.as_ref()).map(|place| place.line), line);
    // A host that no rule names.
    let sent = session.ask("GET", "http://other.example/", &[]).unwrap_or_else(|why| panic!("{why:?}"));
    play(&mut session, 22);
    let outcome = session.answer(&sent).map(|answer| answer.outcome);
    assert_eq!(outcome, Some(Outcome::Status(404)));
    assert!(sent.rule.is_none());
    assert!(session.ask("GET", "shop.example.com", &[]).is_err());
    // Before it was sent there is no answer.
    session.seek(Time::secs(10));
    assert!(session.answer(&sent).is_none());
    // The timeline knows it as a command.
    assert!(session.acts_text().contains("curl http://other.example/"));
}
