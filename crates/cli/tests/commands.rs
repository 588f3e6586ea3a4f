//! The program as a person runs it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
";

struct Answer {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program with a text as standard input.
fn opscape(arguments: &[&str], stdin: &str) -> Answer {
    let mut child = Command::new(env!("CARGO_BIN_EXE_opscape"))
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything: then nobody is left to read it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn run_tells_what_happened() {
    let answer = opscape(&["run", "-", "--until", "10s"], WEB);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    assert!(answer.out.contains("Scaled up replica set web-"), "{}", answer.out);
    assert!(answer.out.contains("Available True (MinimumReplicasAvailable)"), "{}", answer.out);
    assert_eq!(answer.out, opscape(&["run", "-", "--until", "10s"], WEB).out);
    assert_ne!(answer.out, opscape(&["run", "-", "--until", "10s", "--seed", "7"], WEB).out);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_opscape"))
        .args(["run", "-", "--until", "10s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As `head` does; nothing is printed before the text was read.
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(WEB.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(141));
}

#[test]
fn run_shows_what_is_there() {
    let table = opscape(&["run", "-", "--until=10s", "--output=table", "--lang=ko"], WEB);
    assert!(table.out.starts_with("10초 시점"), "{}", table.out);
    assert!(table.out.contains("deployment.apps/web   2/2 "), "{}", table.out);
    let json = opscape(&["run", "-", "--until=10s", "-o", "json"], WEB);
    let report: Json = serde_json::from_str(&json.out).unwrap();
    let pods = report["objects"].as_array().unwrap().iter().filter(|object| object["kind"] == "Pod");
    assert_eq!(pods.filter(|pod| pod["status"]["phase"] == "Running").count(), 2);
    assert!(report["events"].as_array().unwrap().iter().any(|event| event["reason"] == "Scheduled"));
}

#[test]
fn a_mistake_is_shown_at_its_place() {
    let broken = WEB.replace("replicas", "replcas");
    let answer = opscape(&["run", "-"], &broken);
    assert_eq!(answer.code, 1);
    assert!(answer.err.starts_with("-:5:3: error: unknown field \"spec.replcas\"\n"), "{}", answer.err);
    assert!(answer.err.contains("  5 |   replcas: 2\n    |   ^^^^^^^\n"), "{}", answer.err);
    let missing = opscape(&["run", "/no/such/file.yaml"], "");
    assert_eq!(missing.code, 1);
    assert!(missing.err.starts_with("/no/such/file.yaml: "), "{}", missing.err);
}

#[test]
fn check_says_whether_a_lab_does_what_it_promises() {
    let lab = |wanted: i32| {
        let check = format!(
            "{{get: deployment/web, jsonPath: '{{.status.readyReplicas}}', value: {wanted}, within: 20s}}"
        );
        format!("apiVersion: opscape.dev/v1alpha1\nkind: Lab\nspec: {{checks: [{check}]}}\n---\n{WEB}")
    };
    let (good, bad) = (file("good.yaml", &lab(2)), file("bad.yaml", &lab(5)));
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let answer = opscape(&["check", good], "");
    assert_eq!((answer.code, answer.out.lines().last()), (0, Some("1 of 1 checks hold")));
    let answer = opscape(&["check", good, bad], "");
    assert_eq!((answer.code, answer.out.lines().last()), (1, Some("0 of 1 checks hold")));
    assert!(answer.out.contains("at 20 s it was: 2"), "{}", answer.out);
}

#[test]
fn commands_run_in_the_world_of_a_file() {
    let path = file("web.yaml", WEB);
    let path = path.to_str().unwrap();
    let answer = opscape(&["kubectl", path, "--at", "10s", "--", "get", "deploy", "web", "-o", "name"], "");
    assert_eq!((answer.code, answer.out.as_str()), (0, "deployment.apps/web\n"));
    let answer = opscape(&["kubectl", path, "--", "get", "deploy", "nope"], "");
    assert_eq!(answer.err, "Error from server (NotFound): deployments.apps \"nope\" not found\n");
    assert_eq!(answer.code, 1);
    let script = "kubectl rollout status deploy/web\nkubectl scale deploy/web \\\n  --replicas=5\nsleep 10\nkubectl get deploy/web\n";
    let answer = opscape(&["shell", path], script);
    assert!(answer.out.contains("successfully rolled out"), "{}", answer.out);
    assert!(answer.out.contains("\nweb    5/5 "), "{}", answer.out);
}

const SHOP: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /cart, pathType: Prefix, backend: {service: {name: cart, port: {name: http}}}}
---
apiVersion: v1
kind: Service
metadata: {name: cart}
spec: {selector: {app: cart}, ports: [{name: http, port: 8080}]}
";

#[test]
fn route_says_where_a_request_goes_and_why() {
    let answer = opscape(&["route", "-", "--url", "http://shop.example.com/cart/1"], SHOP);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    assert_eq!(
        answer.out.lines().nth(1),
        Some("goes to default/cart:8080 as /cart/1, host shop.example.com")
    );
    assert!(
        answer.out.contains("✓ /cart/ is the longest prefix of /cart/1 (Ingress default/shop).  -:10\n"),
        "{}",
        answer.out
    );
    let korean = opscape(&["route", "-", "--url", "http://shop.example.com/x", "--lang", "ko"], SHOP);
    assert_eq!(korean.out.lines().nth(1), Some("404로 답합니다(not_found)"));
    let url = "http://shop.example.com/cart?x=1";
    let json = opscape(&["route", "-", "--url", url, "-H", "X-A: b", "-X", "POST", "-o", "json"], SHOP);
    let report: Json = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&report["decision"], &report["service"]), (&Json::from("route"), &Json::from("cart")));
    assert_eq!((&report["path"], &report["query"]), (&Json::from("/cart"), &Json::from("x=1")));
    assert_eq!(report["headers"]["X-A"], "b");
    assert!(report["reasons"].as_array().unwrap().len() > 2);
    let wrong = opscape(&["route", "-", "--url", "shop.example.com"], SHOP);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("is not a URL"), "{}", wrong.err);
}

#[test]
fn every_benchmark_is_one_line_of_json() {
    let answer = opscape(&["bench", "pods-100", "seek"], "");
    let lines: Vec<Json> = answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|line| line["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["pods-100", "seek"]
    );
    assert!(lines[0]["pods_per_s"].as_f64().unwrap() > 0.0);
    assert_eq!(opscape(&["bench", "nothing"], "").code, 2);
}

#[test]
fn the_command_line_explains_itself() {
    assert!(opscape(&["--help"], "").out.starts_with("opscape: "));
    assert!(opscape(&["--help", "--lang", "ko"], "").out.contains("종료 코드"));
    assert_eq!(opscape(&["fly"], "").code, 2);
}

#[test]
fn ways_of_making_a_change_are_compared() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../static/compare/bad-version.yaml");
    let path = path.to_str().unwrap();
    let answer = opscape(&["compare", path], "");
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    let lanes: Vec<&str> = answer.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(lanes, ["AT", "Rolling", "Blue-green", "Canary"], "{}", answer.out);
    let widths: Vec<usize> = answer.out.lines().map(str::len).collect();
    assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{}", answer.out);
    let json = opscape(&["compare", path, "-o", "json", "--until", "60s"], "");
    let report: Json = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report[1]["seconds"].as_array().unwrap().len(), 60);
    // Two files are two lanes.
    let files = [file("one.yaml", WEB), file("two.yaml", &WEB.replace("replicas: 2", "replicas: 5"))];
    let [one, two] = files.each_ref().map(|path| path.to_str().unwrap());
    let answer = opscape(&["compare", one, two], "");
    assert!(answer.out.contains("\none ") && answer.out.contains("\ntwo "), "{}", answer.out);
    let answer = opscape(&["compare", one], "");
    assert_eq!((answer.code, answer.err.as_str()), (1, "compare takes 2 to 4 lanes, not 1\n"));
}

const WORKFLOW: &str = "\
on:
  push: {branches: [main]}
jobs:
  test:
    strategy: {matrix: {node: [20, 22]}}
    runs-on: ubuntu-latest
    steps: [{run: npm test}]
  deploy:
    needs: test
    if: github.ref == 'refs/heads/main'
    runs-on: ubuntu-latest
    steps: [{uses: actions/checkout@v4}]
";

#[test]
fn ci_tells_the_jobs_of_a_workflow_and_whether_it_runs() {
    let answer = opscape(&["ci", "-", "--event", "push", "--branch", "main"], WORKFLOW);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    let wanted =
        "test ×2\ndeploy  needs test  if success() && (github.ref == 'refs/heads/main')\nruns on push\n";
    assert_eq!(answer.out, wanted);
    let answer = opscape(&["ci", "-", "--event", "push", "--branch", "x", "--output", "json"], WORKFLOW);
    let json: Json = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(
        (&json["valid"], &json["runs"], &json["passed"]["reason"]),
        (&true.into(), &false.into(), &"branch".into())
    );
    assert_eq!(json["jobs"][1]["steps"][0]["id"], "__actions_checkout");
    assert_eq!(json["matrixExpansion"]["test"]["displayNames"]["names"][1], "test (22)");
}

#[test]
fn ci_tells_mistakes_at_their_lines() {
    let answer = opscape(&["ci", "-"], &WORKFLOW.replace("needs: test", "needs: tests"));
    assert_eq!(answer.code, 1);
    let first = answer.err.lines().next();
    assert_eq!(first, Some("-:9:12: error: Job 'deploy' depends on unknown job 'tests'."));
}

#[test]
fn ci_follows_calls_if_the_other_workflows_are_there() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("calls/.github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    let caller = folder.join("ci.yml");
    std::fs::write(&caller, "on: push\njobs:\n  a:\n    uses: ./.github/workflows/other.yml\n").unwrap();
    let other = folder.join("other.yml");
    let _ = std::fs::remove_file(&other);
    let path = caller.to_str().unwrap();
    assert_eq!(opscape(&["ci", path], "").code, 0);
    std::fs::write(&other, "on: push\njobs:\n  b: {runs-on: x, steps: [run: y]}\n").unwrap();
    let answer = opscape(&["ci", path], "");
    assert!(answer.err.contains(":4:11: error: workflow_call key is not defined"), "{}", answer.err);
}

#[test]
fn ci_runs_a_workflow_on_the_clock() {
    let answer =
        opscape(&["ci", "-", "--event", "push", "--branch", "main", "--run", "--runners", "1"], WORKFLOW);
    assert_eq!(answer.code, 0);
    let last = answer.out.lines().last();
    assert_eq!(last, Some("62 s, through test (20) → test (22) → deploy"));
    let arguments = ["ci", "-", "--run", "--fail", "test", "--output", "json"];
    let json: Json = serde_json::from_str(&opscape(&arguments, WORKFLOW).out).unwrap();
    assert_eq!(json["run"]["results"], serde_json::json!({ "test": "failure", "deploy": "skipped" }));
    assert_eq!(json["run"]["jobs"][0]["runner"], "ubuntu-1");
    let answer = opscape(&["ci", "-", "--run", "--runners", "0"], WORKFLOW);
    assert_eq!((answer.code, answer.err.as_str()), (2, "\"0\" is no number of runners\n"));
}

const CONFIGURATION: &str = "\
stages: [build, ship]
build: {stage: build, parallel: {matrix: [{OS: [linux, mac]}]}, script: echo $OS}
lint: {stage: build, script: 'false', allow_failure: true}
ship: {stage: ship, needs: [build], when: manual, script: 'test \"$TO\" = moon', rules: [{if: $CI_COMMIT_BRANCH == \"main\"}]}
";

#[test]
fn ci_tells_the_jobs_that_gitlab_makes_of_a_push() {
    let answer = opscape(&["ci", "-"], CONFIGURATION);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    let wanted = "build  build: [linux]\nbuild  build: [mac]\nbuild  lint\n\
                  ship  ship  needs build: [linux], build: [mac]  when manual\n";
    assert_eq!(answer.out, wanted);
    let json = opscape(&["ci", "-", "--branch", "x", "--output", "json"], CONFIGURATION).out;
    let json: Json = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["valid"], json["jobs"].as_array().map(Vec::len)), (&true.into(), Some(3)));
    let answer = opscape(&["ci", "-"], &CONFIGURATION.replace("needs: [build]", "needs: [bild]"));
    assert_eq!(answer.code, 1);
    let first = answer.err.lines().next();
    assert_eq!(first, Some("-:4:29: error: ship job: undefined need: bild"));
}

#[test]
fn ci_runs_what_gitlab_makes_of_a_push() {
    let arguments = ["ci", "-", "--run", "--play", "ship", "--variable", "TO=moon", "--output", "json"];
    let json: Json = serde_json::from_str(&opscape(&arguments, CONFIGURATION).out).unwrap();
    let results = &json["run"]["results"];
    assert_eq!(results["ship"]["status"], "success");
    assert_eq!(results["lint"]["status"], "failed_allowed");
    let arguments = ["ci", "-", "--run", "--fail", "build: [mac]"];
    let answer = opscape(&arguments, CONFIGURATION);
    assert!(answer.out.ends_with("skipped    ship\n"), "{}", answer.out);
    assert_eq!(opscape(&["ci", "-", "--variable", "TO"], CONFIGURATION).code, 2);
}

#[test]
fn a_deployment_waits_for_a_reviewer() {
    let text = "on: push\njobs:\n  a: {environment: prod, runs-on: ubuntu-latest, steps: [{run: sleep 5}]}\n";
    let result = |argument: &str| {
        let arguments = ["ci", "-", "--run", argument, "prod", "--output", "json"];
        let json: Json = serde_json::from_str(&opscape(&arguments, text).out).unwrap();
        json.pointer("/run/results/a").cloned().unwrap_or_default()
    };
    assert_eq!(result("--approve"), "success");
    assert_eq!(result("--reject"), "failure");
    assert_eq!(result("--review"), Json::Null);
}
