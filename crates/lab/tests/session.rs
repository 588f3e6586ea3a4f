//! A world from a text: applying, refusing, branching.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

use opscape_lab::world::Applied;
use opscape_lab::{Act, Refused, Session, SessionOptions};
use opscape_manifest::api::{Deployment, Namespace};
use opscape_sim::Time;

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: shop/web:1.4}
";

fn open(text: &str) -> Session {
    match Session::open(text, SessionOptions::default()) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

fn apply(session: &mut Session, text: &str) -> Vec<(String, Applied)> {
    let outcome = session.act(Act::Apply { text: text.into() }).expect("it applies");
    outcome.applied.iter().map(|result| (result.key.to_string(), result.done.clone())).collect()
}

#[test]
fn a_text_pasted_from_work_just_runs() {
    let mut session = open(WEB);
    assert!(session.cluster().store().get::<Namespace>("", "shop").is_some());
    session.advance(Time::secs(5), &mut || true);
    let scene = session.scene(None);
    assert_eq!(scene.nodes.len(), 3);
    assert_eq!(scene.counts.total(), 3);
    assert_eq!(scene.rollouts[0].wanted, 3);
    assert_eq!(scene.versions[0].label, "web:1.4");
}

#[test]
fn applying_again_says_what_changed() {
    let mut session = open(WEB);
    session.advance(Time::secs(5), &mut || true);
    assert_eq!(apply(&mut session, WEB), [("Deployment/web".to_owned(), Applied::Unchanged)]);
    let changed = WEB.replace("1.4", "2.0").replace("replicas: 3", "replicas: 5");
    let outcome = session.act(Act::Apply { text: changed.as_str().into() }).unwrap();
    let result = &outcome.applied[0];
    assert_eq!(result.done, Applied::Configured);
    let paths: Vec<&str> = result.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["spec.replicas", "spec.template.spec.containers[0].image"]);
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";
    let both = [&changed, config].concat();
    assert_eq!(apply(&mut session, &both)[1], ("ConfigMap/c".to_owned(), Applied::Created));
    assert_eq!(apply(&mut session, &changed)[1], ("ConfigMap/c".to_owned(), Applied::Pruned));
}

#[test]
fn what_was_made_otherwise_is_left_alone() {
    let mut session = open(WEB);
    session.advance(Time::secs(1), &mut || true);
    let deployment = session.cluster().store().get::<Deployment>("shop", "web").unwrap().clone();
    let scaled =
        Act::Scale { workload: opscape_manifest::api::Object::Deployment(deployment).key(), replicas: 7 };
    session.act(scaled).unwrap();
    let without_replicas = WEB.replace("  replicas: 3\n", "");
    // `replicas` was in the text and no longer is: it goes back to the default, as kubectl apply does.
    apply(&mut session, &without_replicas);
    let replicas =
        |session: &Session| session.cluster().store().get::<Deployment>("shop", "web").unwrap().spec.replicas;
    assert_eq!(replicas(&session), Some(1));
    let labelled = without_replicas
        .replace("{name: web, namespace: shop}", "{name: web, namespace: shop, labels: {a: b}}");
    apply(&mut session, &labelled);
    assert_eq!(replicas(&session), Some(1));
}

#[test]
fn a_text_that_is_refused_changes_nothing() {
    let mut session = open(WEB);
    session.advance(Time::secs(2), &mut || true);
    let entries = session.run().journal().len();
    let broken = WEB.replace("replicas: 3", "replicas: [");
    let Err(Refused::Text(diagnostics)) = session.act(Act::Apply { text: broken.as_str().into() }) else {
        panic!("it was applied");
    };
    assert!(!diagnostics.is_empty());
    let immutable = WEB
        .replace("matchLabels: {app: web}", "matchLabels: {app: web, tier: a}")
        .replace("labels: {app: web}", "labels: {app: web, tier: a}");
    let refused = session.act(Act::Apply { text: immutable.as_str().into() });
    if let Err(Refused::Text(diagnostics)) = refused {
        assert_eq!(diagnostics[0].span.start.line, 6, "{diagnostics:?}");
        assert_eq!(session.run().journal().len(), entries);
    }
}

#[test]
fn a_change_in_the_past_leaves_a_branch() {
    let mut session = open(WEB);
    session.advance(Time::secs(3), &mut || true);
    apply(&mut session, &WEB.replace("1.4", "2.0"));
    session.advance(Time::secs(20), &mut || true);
    let future = session.scene(None);
    session.seek(Time::secs(2));
    let past = session.scene(None);
    assert_eq!(past.versions.len(), 1);
    session.seek(Time::secs(20));
    assert_eq!(session.scene(None), future);
    session.seek(Time::secs(2));
    assert_eq!(session.scene(None), past);
    apply(&mut session, &WEB.replace("replicas: 3", "replicas: 6"));
    assert_eq!(session.branches().len(), 1);
    session.advance(Time::secs(20), &mut || true);
    assert_ne!(session.scene(None), future);
    assert!(session.switch(0));
    assert_eq!(session.now(), Time::secs(20));
    assert_eq!(session.scene(None), future);
    assert_eq!(session.branches().len(), 1);
}

#[test]
fn a_lesson_tells_its_steps_and_goals() {
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static/labs/first-deployment.yaml"),
    )
    .expect("a built-in lab");
    let mut session = open(&text);
    session.set_lang(opscape_lab::Lang::Ko);
    assert_eq!(session.title(), "첫 번째 Deployment");
    assert_eq!(session.steps().iter().map(|step| step.reached).collect::<Vec<_>>(), [true, false]);
    session.advance(Time::secs(20), &mut || true);
    assert!(session.steps().iter().all(|step| step.reached));
    assert_eq!(session.goals().iter().map(|goal| goal.holds).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_file_for_a_step_is_left_to_it() {
    let lab = "apiVersion: opscape.dev/v1alpha1\nkind: Lab\nmetadata: {name: x}\nspec:\n  steps:\n  - at: 5s\n    actions:\n    - apply: later.yaml\n";
    let config = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let text = [lab, "--- # now.yaml\n", &config("now"), "--- # later.yaml\n", &config("later")].concat();
    let mut session = open(&text);
    let there = |session: &Session, name: &str| {
        session.cluster().store().get::<opscape_manifest::api::ConfigMap>("default", name).is_some()
    };
    assert!(there(&session, "now") && !there(&session, "later"));
    session.advance(Time::secs(6), &mut || true);
    assert!(there(&session, "later"));
    // It did not come from the whole text, so that applying that again does not take it away.
    apply(&mut session, &text);
    assert!(there(&session, "later"));
}

/// A lab whose steps wait for what the cluster comes to.
const WAITING: &str = "
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: waiting}
spec:
  until: 2m
  images: [{name: 'shop/web:*', pullTime: 1s, startTime: 300ms, readyAfter: 1s}]
  steps:
  - at: 0s
    title: Watch
  - when: {get: deployment/web, namespace: shop, jsonPath: '{.status.readyReplicas}', value: 3}
    title: Ready
    pause: true
    actions:
    - run: kubectl set image deployment/web web=shop/web:2.0 -n shop
  - when: {get: pods, namespace: shop, selector: app=web, op: '<', value: 3}
    after: 2s
    title: Never
    actions:
    - run: kubectl scale deployment/web --replicas=1 -n shop
  - when: {get: deployment/web, namespace: shop, jsonPath: '{.status.updatedReplicas}', value: 3}
    at: 60s
    title: Not before the step before
";

fn with_runner(text: &str) -> Session {
    let world = opscape_lab::WorldOptions { runner: Some(opscape_shell::RUNNER), ..Default::default() };
    Session::open(text, SessionOptions { world, ..SessionOptions::default() }).expect("it opens")
}

#[test]
fn steps_wait_for_what_they_name() {
    let text = format!("{WAITING}---\n{WEB}");
    let mut session = with_runner(&text);
    let image = |session: &Session| {
        let web = session.cluster().store().get::<Deployment>("shop", "web").expect("web");
        web.spec.template.spec.containers.first().map(|web| web.image.to_string()).unwrap_or_default()
    };
    // It stops before the step's actions, once all pods are ready.
    let reached = session.advance(Time::secs(60), &mut || true);
    assert_eq!(reached, opscape_lab::Reached::Pause(1));
    let paused = session.now();
    assert!(paused > Time::secs(1) && paused < Time::secs(5), "{paused}");
    assert_eq!(image(&session), "shop/web:1.4");
    let at = session.steps()[1].at.expect("it is due");
    assert_eq!(at.0, paused.0 + 1);
    assert_eq!(session.steps()[1].when, "deployment/web {.status.readyReplicas} == 3");
    assert_eq!(session.steps()[2].at, None);
    assert_eq!(session.advance(Time::secs(110), &mut || true), opscape_lab::Reached::End);
    assert_eq!(image(&session), "shop/web:2.0");
    // maxUnavailable is 25 %, so there are never fewer than three pods; the last step waits for that one, too.
    assert_eq!(
        session.steps().iter().map(|step| step.reached).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    // However far one wants to go.
    let mut far =
        with_runner(&text.replace("pause: true", "pause: false").replace("after: 2s", "pause: true"));
    assert_eq!(far.advance(Time::FAR, &mut || true), opscape_lab::Reached::End);
    // The same in one go, in another budget, and after going back.
    let entries = |session: &Session| {
        session.run().journal().iter().map(|(_, entry)| format!("{entry:?}")).collect::<Vec<_>>()
    };
    let first = entries(&session);
    let mut again = with_runner(&text);
    while again.now() < Time::secs(110) {
        let mut left = 3;
        again.advance(Time::secs(110), &mut || {
            left -= 1;
            left > 0
        });
    }
    assert_eq!(entries(&again), first);
    session.seek(Time::secs(1));
    assert_eq!(session.steps()[1].at, None);
    session.seek(Time::secs(110));
    assert_eq!(entries(&session), first);
    // A person fulfils what the lab waits for.
    let scale = Act::Scale {
        workload: opscape_manifest::api::ObjectKey {
            kind: "Deployment".into(),
            namespace: "shop".into(),
            name: "web".into(),
        },
        replicas: 2,
    };
    session.act(scale).expect("it scales");
    session.advance(Time::secs(130), &mut || true);
    assert!(session.steps()[2].reached);
}

#[test]
fn what_is_refused_at_first_does_not_keep_the_rest_away() {
    let ingress = |name: &str| {
        format!(
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}}}
spec:
  ingressClassName: nginx
  rules: [{{host: a.example, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]
"
        )
    };
    let class = "apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
";
    let text = [class, &ingress("one"), &ingress("two")].concat();
    let session = open(&text);
    let names: Vec<String> = session
        .model()
        .cluster()
        .store()
        .objects("Ingress", None)
        .iter()
        .map(|object| object.meta().name.to_string())
        .collect();
    assert_eq!(names, ["one"]);
    let [refused] = session.refused_at_first() else { panic!("{:?}", session.refused_at_first()) };
    assert!(refused.message.contains("is already defined in ingress default/one"), "{}", refused.message);
    let second = text.lines().position(|line| line.contains("name: two")).unwrap_or_default() as u32;
    assert!(refused.span.start.line.abs_diff(second) <= 3, "{:?} is not in the second one", refused.span);
    assert!(open(&ingress("one")).refused_at_first().is_empty());
}
