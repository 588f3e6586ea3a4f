//! `opscape bench`: how fast the simulation is, one line of JSON for each benchmark.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark measures wall time")]

use std::fmt::Write as _;
use std::time::Instant;

use opscape_lab::census::is_ready;
use opscape_lab::{Lang, Session, SessionOptions};
use opscape_manifest::api::Pod;
use opscape_manifest::check::check;
use opscape_network::route::{Decision, Objects, Request, Table};
use opscape_network::telemetry::Subject;
use opscape_sim::{Rng, Time};
use serde_json::{Value as Json, json};

use crate::say::say;
use crate::world::Stopped;

/// The benchmarks: name, and pods on nodes where it starts some.
const BENCHMARKS: [(&str, Option<(u32, u32)>); 10] = [
    ("pods-100", Some((100, 10))),
    ("pods-1000", Some((1_000, 50))),
    ("pods-10000", Some((10_000, 400))),
    ("pods-150000", Some((150_000, 5_000))),
    ("rollout", None),
    ("seek", None),
    ("seek-requests", None),
    ("routes", None),
    ("requests", None),
    ("requests-2000", None),
];
/// Only when asked for.
const LARGE: &str = "pods-150000";

/// Runs the benchmarks of these names, or all.
pub fn bench(large: bool, names: &[String], lang: Lang) -> Result<(), Stopped> {
    let known = BENCHMARKS.map(|(name, _)| name);
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        eprintln!("{}", say(lang, "error.bench", &[("name", name), ("names", &known.join(", "))]));
        return Err(Stopped(2));
    }
    for (name, size) in BENCHMARKS {
        let wanted =
            if names.is_empty() { large || name != LARGE } else { names.iter().any(|one| one == name) };
        if !wanted {
            continue;
        }
        let line = match (name, size) {
            (_, Some((pods, nodes))) => pods_started(name, pods, nodes),
            ("rollout", _) => rollout(),
            ("routes", _) => routes(),
            ("requests", _) => requests(name, 1_000_000, 5),
            ("requests-2000", _) => requests(name, 2_000, 60),
            ("seek-requests", _) => seek(name, &with_requests(&lab(12, 4), 2_000, 10)),
            _ => seek(name, &lab(12, 4)),
        };
        println!(
            "{}",
            line.map_err(|error| {
                eprintln!("{name}: {error}");
                Stopped(1)
            })?
        );
    }
    Ok(())
}

/// A Deployment of 3-container-free pods on equal nodes.
fn lab(pods: u32, nodes: u32) -> String {
    format!(
        "apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  nodes: [{{name: node, count: {nodes}, cpu: 32, memory: 64Gi, pods: 250, zones: [a, b, c]}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {pods}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: c
        image: nginx:1
        resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}
"
    )
}

fn open(text: &str) -> Result<Session, String> {
    Session::open(text, SessionOptions::default()).map_err(|findings| {
        findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join("; ")
    })
}

fn ready(session: &Session) -> usize {
    let pods = session.cluster().store().list::<Pod>(None);
    pods.filter(|pod| is_ready(pod)).count()
}

/// From apply to all pods Ready.
fn pods_started(name: &str, pods: u32, nodes: u32) -> Result<Json, String> {
    let text = lab(pods, nodes);
    let begin = Instant::now();
    let mut session = open(&text)?;
    let most = Time::secs(3_600);
    while ready(&session) < pods as usize {
        let until = session.now() + std::time::Duration::from_secs(1);
        if until > most {
            return Err(format!("only {} of {pods} pods are ready after {most} s", ready(&session)));
        }
        session.advance(until, &mut || true);
    }
    let wall = begin.elapsed().as_secs_f64();
    let events = session.run().handled();
    Ok(json!({
        "name": name, "pods": pods, "nodes": nodes, "wall_s": round(wall), "pods_per_s": round(f64::from(pods) / wall),
        "events": events, "events_per_s": round(events as f64 / wall), "virtual_s": round(session.now().as_secs_f64()),
    }))
}

/// A rolling update of 1,000 pods.
fn rollout() -> Result<Json, String> {
    let text = lab(1_000, 50);
    let mut session = open(&text)?;
    session.advance(Time::secs(120), &mut || true);
    let before = session.run().handled();
    let begin = Instant::now();
    let act = opscape_lab::Act::Apply { text: text.replace("nginx:1", "nginx:2").into() };
    session.act(act).map_err(|_| "the new text was refused".to_owned())?;
    session.advance(Time::secs(600), &mut || true);
    let wall = begin.elapsed().as_secs_f64();
    let events = session.run().handled() - before;
    Ok(json!({
        "name": "rollout", "pods": 1_000, "wall_s": round(wall), "events": events, "events_per_s": round(events as f64 / wall),
    }))
}

/// Jumps to any point of a 10-minute run of a lab of lesson size with a rolling update in it each minute.
fn seek(name: &str, text: &str) -> Result<Json, String> {
    const SEEKS: u32 = 200;
    let mut session = open(text)?;
    for minute in 1..10_u64 {
        session.advance(Time::secs(60 * minute), &mut || true);
        let image = format!("nginx:{}", minute + 1);
        let act = opscape_lab::Act::Apply { text: text.replace("nginx:1", &image).into() };
        session.act(act).map_err(|_| "the new text was refused".to_owned())?;
    }
    session.advance(Time::secs(600), &mut || true);
    let mut rng = Rng::stream(1, "seek");
    let mut times = Vec::new();
    for _ in 0..SEEKS {
        let target = Time(rng.below(600_000_000));
        let begin = Instant::now();
        session.seek(target);
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((share * f64::from(SEEKS - 1)) as usize).copied().unwrap_or(0.0);
    Ok(json!({
        "name": name, "seeks": SEEKS, "median_ms": round(at(0.5)), "p95_ms": round(at(0.95)), "max_ms": round(at(1.0)),
        "events": session.timeline().known().handled(),
    }))
}

/// Requests through an Ingress of ingress-nginx to Services with pods: 100 hosts with 10 paths each.
fn routes() -> Result<Json, String> {
    const REQUESTS: u32 = 2_000_000;
    let mut text = String::new();
    for host in 0..100 {
        let _ = write!(
            text,
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i{host}}}\nspec:\n  ingressClassName: nginx\n  rules:\n  - host: h{host}.example.com\n    http:\n      paths:\n"
        );
        for path in 0..10 {
            let _ = writeln!(
                text,
                "      - {{path: /p{path}, pathType: Prefix, backend: {{service: {{name: s{host}, port: {{number: 80}}}}}}}}"
            );
        }
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{host}}}\nspec: {{selector: {{app: a{host}}}, ports: [{{port: 80}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{host}, labels: {{app: a{host}}}}}\nspec: {{containers: [{{name: c, image: web}}]}}\nstatus: {{phase: Running, podIP: 10.0.0.{host}, conditions: [{{type: Ready, status: \"True\"}}]}}\n---\n"
        );
    }
    let objects = Objects::of_cluster(check(&text).objects());
    let begin = Instant::now();
    let table = Table::compile(&objects);
    let compiled = begin.elapsed().as_secs_f64();
    let mut requests = Vec::new();
    for (host, path) in (0..100).zip((0..10).cycle()) {
        let url = format!("http://h{host}.example.com/p{path}/orders/17?page=2");
        requests.push(Request::new("GET", &url, Vec::new()).map_err(|error| error.key().to_owned())?);
    }
    let begin = Instant::now();
    let mut served = 0_usize;
    for request in requests.iter().cycle().take(REQUESTS as usize) {
        if let Decision::Forward(forward) = table.answer(request)
            && let Some(backend) = forward.shares.first().and_then(|share| share.backend)
        {
            served += table.backend(backend).known().len();
        }
    }
    let wall = begin.elapsed().as_secs_f64();
    if served != REQUESTS as usize {
        return Err(format!("only {served} of {REQUESTS} requests found a pod"));
    }
    Ok(json!({
        "name": "routes", "hosts": 100, "paths": 1_000, "compile_ms": round(compiled * 1e3), "requests": REQUESTS,
        "wall_s": round(wall), "requests_per_s": round(f64::from(REQUESTS) / wall),
    }))
}

/// A lab's text with so many requests per second through an Ingress and a Service, from an instant on.
fn with_requests(text: &str, rate: u32, begin: u64) -> String {
    text.replace(
        "spec:\n  nodes:",
        &format!(
            "spec:
  load: [{{name: load, url: 'http://web.example.com/', rate: {rate}, at: {begin}s}}]
  images: [{{name: 'nginx:*', serve: {{concurrency: 64, time: 10ms, distribution: exponential, cpuPerRequest: 1ms}}}}]
  nodes:"
        ),
    ) + "---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  rules:
  - host: web.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"
}

/// So many requests per second to 1,000 pods, once all of them are ready.
fn requests(name: &str, rate: u32, seconds: u64) -> Result<Json, String> {
    const BEGIN: u64 = 120;
    let text = with_requests(&lab(1_000, 50), rate, BEGIN);
    let mut session = open(&text)?;
    session.advance(Time::secs(BEGIN), &mut || true);
    let begin = Instant::now();
    session.advance(Time::secs(BEGIN + seconds), &mut || true);
    let wall = begin.elapsed().as_secs_f64();
    let load = Subject::Workload("load".into());
    let seen =
        session.model().traffic().telemetry().recent(&load, u32::try_from(seconds).unwrap_or(u32::MAX));
    let count = seen.count as f64;
    if seen.errors() > 0 {
        return Err(format!("{} of {count} requests failed", seen.errors()));
    }
    Ok(json!({
        "name": name, "pods": 1_000, "requests": count, "wall_s": round(wall), "requests_per_wall_s": round(count / wall),
        "virtual_s": seconds, "p50_ms": round(seen.durations.quantile(0.5) / 1e3),
        "p99_ms": round(seen.durations.quantile(0.99) / 1e3),
    }))
}

/// Three digits behind the point.
fn round(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
