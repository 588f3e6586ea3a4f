//! A version that needs a schema the old one cannot read, and what expand and contract make of it.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{INGRESS, SERVICE};
use opscape_lab::inspect::Mark;
use opscape_lab::logs::LogQuery;
use opscape_lab::{Act, Lang, Session, why};
use opscape_manifest::api::{Deployment, ObjectKey, Pod};
use opscape_network::telemetry::{Outcome, Subject};
use opscape_sim::Time;

/// Version 1 reads `customers.name`. A pod with the image `shop/migrate:rename` comes at 20 s, runs from 22 s on and takes 5 s.
fn text(image: &str, when_missing: &str, migrate: &str) -> String {
    let pod = format!(
        "--- # migrate.yaml
apiVersion: v1
kind: Pod
metadata: {{name: migrate}}
spec:
  restartPolicy: Never
  containers: [{{name: migrate, image: {migrate}}}]
"
    );
    format!(
        "apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {{name: schema}}
spec:
  seed: 3
  schema: [customers.name]
  images:
  - {{name: 'shop/web:1', readyAfter: 1s, serve: {{time: 20ms, distribution: constant}}, schema: {{needs: [customers.name], whenMissing: {when_missing}}}}}
  - {{name: 'shop/web:2', readyAfter: 1s, serve: {{time: 20ms, distribution: constant}}, schema: {{needs: [customers.full_name], whenMissing: {when_missing}}}}}
  - {{name: 'shop/web:self', readyAfter: 1s, schema: {{adds: [customers.full_name], needs: [customers.full_name]}}}}
  - {{name: 'shop/migrate:rename', pullTime: 1s, startTime: 1s, exitAfter: 5s, schema: {{adds: [customers.full_name], drops: [customers.name]}}}}
  - {{name: 'shop/migrate:expand', pullTime: 1s, startTime: 1s, exitAfter: 5s, schema: {{adds: [customers.full_name]}}}}
  load: [{{name: shoppers, at: 10s, rate: 50, arrivals: constant, url: 'http://shop.example.com/'}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: web
        image: {image}
        ports: [{{containerPort: 8080}}]
        readinessProbe: {{httpGet: {{path: /ready, port: 8080}}, periodSeconds: 2, failureThreshold: 2}}
{SERVICE}{INGRESS}{pod}"
    )
}

/// The migration is not there before 20 s.
fn run(image: &str, when_missing: &str, migrate: &str, end: u64) -> Session {
    let whole = text(image, when_missing, migrate);
    let begin = whole.split("--- # migrate.yaml").next().unwrap_or_default().to_owned();
    let mut session = common::open(&begin);
    session.seek(Time::secs(20));
    session.act(Act::Apply { text: whole.into() }).expect("the migration");
    session.seek(Time::secs(end));
    session
}

fn errors(session: &Session, from: u32, to: u32) -> u64 {
    let telemetry = session.model().traffic().telemetry();
    let series = telemetry.series(&Subject::Workload("shoppers".into())).expect("a workload");
    series.between(from, to).of(Outcome::Status(500))
}

/// What is said of migrations on the timeline.
fn migrations(session: &Session) -> Vec<String> {
    let journal = session.run().journal();
    let told = journal.since(0).filter_map(|(id, _)| why::headline(session.run(), id, Lang::En));
    told.map(|one| one.plain()).filter(|one| one.starts_with("The database")).collect()
}

fn web() -> ObjectKey {
    ObjectKey { kind: "Deployment".into(), namespace: "default".into(), name: "web".into() }
}

fn web_pods(session: &Session) -> Vec<std::sync::Arc<Pod>> {
    let all = session.cluster().store().list::<Pod>(None);
    all.filter(|pod| pod.metadata.label("app") == Some("web")).cloned().collect()
}

/// The migration runs at 22 s and a little, and ends 5 s later: from then on all 50 requests of a second fail.
#[test]
fn a_renamed_column_breaks_the_version_that_reads_it() {
    let mut session = run("shop/web:1", "errors", "shop/migrate:rename", 40);
    assert_eq!(errors(&session, 0, 27), 0);
    let (in_between, later) = (errors(&session, 27, 28), errors(&session, 28, 39));
    assert!((1..50).contains(&in_between), "{in_between}");
    assert_eq!(later, 11 * 50);
    // They stay ready: nothing asks them about the database.
    let deployment = |session: &Session| {
        let found = session.cluster().store().get::<Deployment>("default", "web").cloned();
        found.expect("a Deployment").status.ready_replicas
    };
    assert_eq!(deployment(&session), 2);

    let inspected = session.inspect(&web()).expect("a Deployment");
    let rows: Vec<String> = inspected.why.rows.iter().map(|row| row.text.plain()).collect();
    assert!(rows.iter().any(|row| row.contains("shop/web:1 needs the column customers.name")), "{rows:?}");
    assert!(
        rows.iter()
            .any(|row| row.contains("migrated the database: adds customers.full_name, drops customers.name")),
        "{rows:?}"
    );
    assert_eq!(inspected.why.rows.last().map(|row| row.mark), Some(Mark::Act), "{rows:?}");

    // One request says so, too, and the pod's log.
    let sent = session.ask("GET", "http://shop.example.com/", &[]).expect("a request");
    session.seek(Time::secs(41));
    let answer = session.answer(&sent).expect("an answer");
    let hops: Vec<String> = answer.hops.iter().map(|hop| hop.text.plain()).collect();
    assert!(hops.iter().any(|hop| hop.contains("which pod migrate dropped")), "{hops:?}");
    let pod = web_pods(&session).first().map(|pod| pod.metadata.name.clone()).expect("a pod");
    let log =
        session.logs(LogQuery { namespace: "default", pod: &pod, ..LogQuery::default() }).expect("a log");
    let line = "ERROR: column customers.name does not exist (SQLSTATE 42703)";
    assert!(log.lines.iter().any(|one| one.text.contains(line)));

    // Going back is exact.
    session.seek(Time::secs(25));
    assert!(migrations(&session).is_empty());
    session.seek(Time::secs(40));
    assert_eq!(migrations(&session).len(), 1);
    assert_eq!(errors(&session, 28, 39), later);
}

/// Two failures, two seconds apart: within 4 s of the migration no pod is ready, and nginx has nobody to ask.
#[test]
fn a_version_that_says_so_leaves_its_service() {
    let session = run("shop/web:1", "unready", "shop/migrate:rename", 60);
    let pods = web_pods(&session);
    let ready = |pod: &Pod| pod.status.container_statuses.first().is_some_and(|status| status.ready);
    assert!(pods.iter().all(|pod| !ready(pod)), "they are ready");
    assert!(errors(&session, 27, 33) > 0 && errors(&session, 34, 59) == 0);
    let telemetry = session.model().traffic().telemetry();
    let series = telemetry.series(&Subject::Workload("shoppers".into())).expect("a workload");
    assert_eq!(series.between(34, 59).of(Outcome::Status(503)), 25 * 50);
    let pod = pods.first().map(|pod| pod.metadata.name.clone()).expect("a pod");
    let key = ObjectKey { kind: "Pod".into(), namespace: "default".into(), name: pod };
    let inspected = session.inspect(&key).expect("a pod");
    let rows: Vec<String> = inspected.why.rows.iter().map(|row| row.text.plain()).collect();
    assert!(rows.iter().any(|row| row.contains("its readiness probe fails")), "{rows:?}");
}

/// The new version comes before its migration: it ends at each start, and runs once the column is there.
#[test]
fn a_version_that_looks_when_it_starts_waits_for_its_migration() {
    let session = run("shop/web:2", "exits", "shop/migrate:expand", 90);
    let pods = web_pods(&session);
    assert_eq!(pods.len(), 2);
    for pod in pods {
        let status = pod.status.container_statuses.first().expect("a container");
        assert!(status.restart_count > 0 && status.ready, "{status:?}");
    }
}

/// Expanding takes nothing from anybody.
#[test]
fn an_added_column_breaks_nobody() {
    let session = run("shop/web:1", "errors", "shop/migrate:expand", 40);
    assert_eq!(errors(&session, 0, 39), 0);
}

/// A version that migrates when it starts has done so when it listens: its own requests never fail.
#[test]
fn a_version_may_migrate_when_it_starts() {
    let session = run("shop/web:self", "errors", "shop/migrate:expand", 40);
    assert_eq!(errors(&session, 0, 39), 0);
    assert_eq!(migrations(&session), ["The database: adds customers.full_name"]);
}
