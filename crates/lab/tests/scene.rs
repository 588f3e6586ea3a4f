//! What is drawn at each level says the same.
#![expect(clippy::panic, reason = "helpers of tests")]

use opscape_lab::scene::{Level, Scene};
use opscape_lab::{Session, SessionOptions};
use opscape_sim::Time;

fn crowd(pods: u32) -> Session {
    let nodes = pods.div_ceil(20).max(1);
    let text = format!(
        "apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {{name: crowd}}
spec:
  nodes:
  - {{name: node, count: {nodes}, cpu: 4, memory: 8Gi, zones: [a, b]}}
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
      - {{name: web, image: shop/web:1.4, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
"
    );
    match Session::open(&text, SessionOptions::default()) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

fn drawn(scene: &Scene) -> usize {
    scene.nodes.iter().map(|node| node.pods.len()).sum()
}

#[test]
fn the_level_fits_the_number_of_pods() {
    for (pods, level) in [(1, Level::Near), (30, Level::Near), (300, Level::Middle), (1_000, Level::Far)] {
        let mut session = crowd(pods);
        for secs in [1, 2, 30] {
            session.advance(Time::secs(secs), &mut || true);
            let scene = session.scene(None);
            assert_eq!(scene.level, level);
            assert_eq!(drawn(&scene) + scene.tray.len() + scene.tray_more as usize, pods as usize);
            assert_eq!(scene.counts.total(), pods);
        }
        let scene = session.scene(None);
        assert_eq!(scene.services[0].ready, pods);
        assert_eq!(scene.services[0].targets.len(), if level <= Level::Middle { pods as usize } else { 0 });
        assert_eq!(scene.services[0].ports, ["80 → 8080/TCP"]);
        assert_eq!(scene.zones.iter().map(|zone| zone.nodes).sum::<usize>(), scene.nodes.len());
        assert_eq!(scene.rollouts[0].glyphs.is_empty(), pods > 40);
    }
}

#[test]
fn bars_count_what_cells_show() {
    let mut session = crowd(200);
    for millis in [500, 1_900, 2_300, 10_000] {
        session.advance(Time::millis(millis), &mut || true);
        let (far, bars) = (session.scene(Some(Level::Far)), session.scene(Some(Level::Bars)));
        assert_eq!(drawn(&bars), 0);
        assert_eq!(far.counts, bars.counts);
        assert_eq!(far.zones, bars.zones);
        assert_eq!(far.services[0].ready, bars.services[0].ready);
        assert_eq!(far.services[0].total, bars.services[0].total);
        for (cells, bar) in far.nodes.iter().zip(&bars.nodes) {
            assert_eq!((&cells.counts, &cells.bars, cells.cpu), (&bar.counts, &bar.bars, bar.cpu));
            let shown: u32 = bar.bars.iter().map(|bar| bar.ready + bar.other + bar.failing).sum();
            assert_eq!(shown as usize, cells.pods.len());
        }
    }
}
