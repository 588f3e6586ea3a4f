//! Whatever is typed, the shell answers: no panic, no endless loop, and completion offers only what begins as typed.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use opscape_lab::{Lang, Session, SessionOptions};
use opscape_shell::{Poll, Shell};
use proptest::prelude::*;

const LAB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
";

const WORDS: &[&str] = &[
    "kubectl",
    "get",
    "describe",
    "apply",
    "create",
    "delete",
    "scale",
    "rollout",
    "status",
    "history",
    "undo",
    "set",
    "image",
    "env",
    "label",
    "annotate",
    "patch",
    "wait",
    "drain",
    "cordon",
    "taint",
    "explain",
    "diff",
    "replace",
    "expose",
    "run",
    "deployment",
    "deploy",
    "deploy/web",
    "web",
    "pods",
    "pod/nope",
    "nodes",
    "all",
    "svc,deploy",
    "rs",
    "-o",
    "yaml",
    "json",
    "wide",
    "-w",
    "-A",
    "-l",
    "app=web",
    "--all",
    "--force",
    "--wait=false",
    "--for=delete",
    "--for=condition=available",
    "--timeout=1s",
    "--replicas=3",
    "--replicas=-1",
    "--image=nginx:2",
    "c=nginx:2",
    "a=b:NoSchedule",
    "a-",
    "-n",
    "default",
    "--dry-run=client",
    "-f",
    "-",
    "-p",
    "'{\"spec\":{\"replicas\":1}}'",
    "'[{\"op\":\"remove\",\"path\":\"/spec\"}]'",
    "--type=json",
    "--type=merge",
    "-o=jsonpath={.items[*]..name}",
    "-ojsonpath={.a[",
    "--sort-by=.spec.replicas",
    "-ocustom-columns=A:.x,B",
    "--",
    "|",
    ";",
    "&&",
    "||",
    "head",
    "-1",
    "grep",
    "-c",
    "[a",
    "wc",
    "sort",
    "$(kubectl get pods -o name)",
    "$X",
    "X=1",
    "\"",
    "'",
    "\\",
    ">",
    "f",
    "<",
    "<<E",
    "timeout",
    "1",
    "xargs",
    "watch",
    "sleep",
    "echo",
    "한글",
    "2>&1",
    "(",
    ")",
    "#",
    "--namespace",
    "--selector=",
    "{{range .items}}",
    "-o=go-template={{.x}}",
    "deploy.spec",
    "--revision=1",
    "--to-revision=0",
    "--cascade=orphan",
];

fn line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        9 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => "\\PC{0,8}".prop_map(|text| text),
    ];
    prop::collection::vec(word, 0..9).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_line_is_answered(lines in prop::collection::vec((any::<bool>(), line()), 1..4)) {
        let mut session = Session::open(LAB, SessionOptions::default()).unwrap();
        let mut shell = Shell::new("default", Lang::Ko);
        session.seek(session.now() + Duration::from_secs(10));
        for (kubectl, line) in lines {
            let line = if kubectl { format!("kubectl {line}") } else { line };
            for cursor in 0..=line.len() {
                let offered = shell.complete(&line, cursor, &session);
                prop_assert!(offered.from <= line.len());
            }
            let Ok(mut process) = shell.start(&line, Some(LAB)) else { continue };
            for _ in 0..50 {
                if let Poll::Done(_) = process.poll(&mut shell, &mut session) {
                    break;
                }
                session.seek(session.now() + Duration::from_millis(500));
            }
            process.take_output();
            process.interrupt();
        }
    }
}
