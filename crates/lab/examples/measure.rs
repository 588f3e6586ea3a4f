//! Times of what a front end does, at several sizes: `cargo run --release -p opscape-lab --example measure`.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "it measures the machine, not the world"
)]

use std::time::Instant;

use opscape_lab::{Session, SessionOptions};
use opscape_sim::Time;

fn text(pods: u32, image: &str) -> String {
    let nodes = pods.div_ceil(30).max(3);
    format!(
        "apiVersion: opscape.dev/v1alpha1\nkind: Lab\nmetadata: {{name: m}}\nspec:\n  nodes: [{{name: node, count: {nodes}, cpu: 8, memory: 32Gi, zones: [a, b, c]}}]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {pods}\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - {{name: web, image: {image}, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}, readinessProbe: {{periodSeconds: 2, httpGet: {{port: 80}}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  selector: {{app: web}}\n  ports: [{{port: 80}}]\n"
    )
}

fn main() {
    for pods in [30, 1_000, 10_000] {
        let start = Instant::now();
        let Ok(mut session) = Session::open(&text(pods, "shop/web:1.4"), SessionOptions::default()) else {
            return;
        };
        session.advance(Time::secs(60), &mut || true);
        let ready = start.elapsed();
        let act = opscape_lab::Act::Apply { text: text(pods, "shop/web:2.0").into() };
        let _ = session.act(act);
        let start = Instant::now();
        session.advance(Time::secs(75), &mut || true);
        let scene = Instant::now();
        let drawn = session.scene(None);
        let scene = scene.elapsed();
        let tracks = Instant::now();
        session.tracks(Time::ZERO, Time::secs(75), 1_200);
        let tracks = tracks.elapsed();
        let next = Instant::now();
        session.next_visible();
        let next = next.elapsed();
        session.advance(Time::secs(600), &mut || true);
        let rolled = start.elapsed();
        let handled = session.run().handled();
        let mut seeks = Vec::new();
        for at in [300, 61, 480, 65, 599, 10, 70, 64, 90] {
            let start = Instant::now();
            session.seek(Time::secs(at));
            seeks.push(start.elapsed().as_secs_f64() * 1e3);
        }
        seeks.sort_by(f64::total_cmp);
        println!(
            "{pods} pods: ready {ready:.2?}, rollout {rolled:.2?} ({handled} events), scene {scene:.2?} ({:?}), tracks {tracks:.2?}, next {next:.2?}, seek median {:.1} ms max {:.1} ms",
            drawn.level,
            seeks[seeks.len() / 2],
            seeks[seeks.len() - 1]
        );
    }
}
