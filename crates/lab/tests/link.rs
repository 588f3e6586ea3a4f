//! What a person did, as a text that plays the same run again: what a link carries.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{labs, open, solution};
use opscape_lab::session::end_of;
use opscape_lab::{Act, Session};
use opscape_manifest::api::ObjectKey;
use opscape_sim::Time;

fn journal(session: &Session) -> Vec<String> {
    session.run().journal().iter().map(|(id, entry)| format!("{id:?} {entry:?}")).collect()
}

fn go(session: &mut Session, until: Time) {
    while session.now() < until {
        session.advance(until, &mut || true);
    }
}

/// A session that was opened anew with the same text and the acts of another, played as far.
fn again(session: &Session) -> Session {
    let acts = session.acts_text();
    let mut other = open(session.opening_text());
    let last = other.expect_acts(&acts).unwrap_or_else(|bad| panic!("line {}:\n{acts}", bad.line));
    assert!(last <= session.now().max(session.known_until()));
    go(&mut other, session.now());
    assert_eq!(other.acts_text(), acts);
    other
}

fn key(kind: &str, name: &str) -> ObjectKey {
    ObjectKey { kind: kind.into(), namespace: "default".into(), name: name.into() }
}

#[test]
fn every_lab_and_its_solution_play_again() {
    for (name, text) in labs() {
        let mut session = open(&text);
        for (at, act) in solution(&name, &text) {
            go(&mut session, at);
            session.act(act).expect("it is done");
        }
        let end = end_of(session.spec());
        go(&mut session, end);
        assert_eq!(journal(&again(&session)), journal(&session), "{name}");
    }
}

const WEB: &str = "# 첫 줄 \u{2028} \"quoted\" \\ <b>
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: shop/web:1.4}
--- # more.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: more}
";

#[test]
fn every_act_and_command_plays_again() {
    let mut session = open(WEB);
    let mut at = 2;
    let mut later = |session: &mut Session| {
        at += 3;
        go(session, Time::secs(at));
    };
    let deployment = key("Deployment", "web");
    let acts = [
        Act::Scale { workload: deployment.clone(), replicas: 5 },
        Act::Apply { text: WEB.replace("1.4", "2.0").replace("첫", "다음").as_str().into() },
        Act::ApplyFile { file: "more.yaml".into() },
        Act::Pause { deployment: deployment.clone(), on: true },
        Act::Pause { deployment: deployment.clone(), on: false },
        Act::Restart { deployment: deployment.clone() },
        Act::RollBack { deployment: deployment.clone(), to: None },
        Act::RollBack { deployment: deployment.clone(), to: Some(1) },
        // Refused; it was done all the same.
        Act::RollBack { deployment: key("Deployment", "none"), to: Some(7) },
        Act::Cordon { node: "node-a".into(), on: true },
        Act::Cordon { node: "node-a".into(), on: false },
        Act::StopNode { node: "node-b".into() },
        Act::StartNode { node: "node-b".into() },
        Act::Delete { object: key("ConfigMap", "more"), grace: Some(3) },
        Act::RemoveNode { node: "node-c".into() },
        Act::Run { line: "kubectl label deployment/web from=script".into() },
    ];
    for act in acts {
        later(&mut session);
        let refused = session.act(act.clone()).is_err();
        assert_eq!(refused, matches!(act, Act::RollBack { to: Some(7), .. }), "{act:?}");
    }
    for line in [
        "kubectl create deployment other --image=nginx --replicas=2",
        "kubectl set image deployment/other nginx=nginx:1.27",
        "kubectl scale deployment/other --replicas=1",
        "kubectl patch deployment other -p '{\"spec\":{\"minReadySeconds\":3}}'",
        "kubectl annotate deployment other note='한글 \"x\"'",
        "kubectl create configmap c --from-literal=a=1",
        "kubectl create secret generic s --from-literal=k=v",
        "kubectl taint node node-a k=v:NoSchedule",
        "kubectl delete deployment other --cascade=orphan",
        "kubectl delete pods -l app=web --grace-period=1",
        "kubectl delete configmap c --dry-run=server",
        "kubectl drain node-a --ignore-daemonsets --force",
        "kubectl create namespace n",
        "kubectl delete namespace n",
    ] {
        later(&mut session);
        let output = opscape_shell::run_line(line, &mut session);
        assert!(!output.contains("rror"), "{line}: {output}");
    }
    go(&mut session, Time::secs(200));
    assert!(session.inputs().len() > 30);
    assert_eq!(journal(&again(&session)), journal(&session));
}

#[test]
fn acts_ahead_of_the_present_are_carried_too() {
    let mut session = open(WEB);
    go(&mut session, Time::secs(5));
    session.act(Act::Scale { workload: key("Deployment", "web"), replicas: 6 }).expect("it scales");
    go(&mut session, Time::secs(10));
    session.seek(Time::secs(1));
    let acts = session.acts_text();
    assert_eq!(acts, "{\"at\":5000000,\"scale\":\"Deployment/default/web\",\"to\":6}\n");
    let mut other = open(session.opening_text());
    assert_eq!(other.expect_acts(&acts), Ok(Time::secs(5)));
    assert_eq!(other.now(), Time::ZERO);
    // A change before them leaves them behind as a branch.
    other.act(Act::Scale { workload: key("Deployment", "web"), replicas: 2 }).expect("it scales");
    assert_eq!(other.branches().len(), 1);
    assert_eq!(other.inputs().len(), 2);
}

#[test]
fn what_cannot_be_read_is_refused_whole() {
    for (acts, line) in [
        ("nonsense", 1),
        ("{\"at\":1,\"stopNode\":\"node-a\"}\n\n{\"at\":2}", 3),
        ("{\"at\":-1,\"stopNode\":\"node-a\"}", 1),
        ("{\"at\":5,\"stopNode\":\"node-a\"}\n{\"at\":4,\"startNode\":\"node-a\"}", 2),
        ("{\"at\":1,\"edit\":[0,99999,\"\"]}", 1),
        ("{\"at\":1,\"edit\":[4,4,\"x\"]}", 1),
        ("{\"at\":1,\"scale\":\"Deployment/web\",\"to\":1}", 1),
        ("{\"at\":1,\"put\":[3]}", 1),
        ("[", 1),
    ] {
        let mut session = open(WEB);
        let refused = session.expect_acts(acts).map_err(|bad| bad.line);
        assert_eq!(refused, Err(line), "{acts}");
        assert_eq!(session.inputs().len(), 1, "{acts}");
    }
    assert_eq!(open(WEB).expect_acts(""), Ok(Time::ZERO));
}
