//! Random acts at random times: whatever a person does, going back is exact and what is drawn fits what is there.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;

use opscape_lab::scene::{Level, NodeHealth, PodState, Scene};
use opscape_lab::{Act, Session};
use opscape_manifest::api::{Node, ObjectKey, Pod};
use opscape_sim::{Rng, Time};

fn act(session: &Session, rng: &mut Rng, text: &str) -> Act {
    let key = |kind: &str, namespace: &str, name: &str| ObjectKey {
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
    };
    let deployment = key("Deployment", "shop", "web");
    let nodes: Vec<_> =
        session.cluster().store().list::<Node>(None).map(|node| node.metadata.name.clone()).collect();
    let pods: Vec<_> =
        session.cluster().store().list::<Pod>(Some("shop")).map(|pod| pod.metadata.name.clone()).collect();
    let node = rng.pick(&nodes).cloned().unwrap_or_default();
    match rng.below(10) {
        0 => Act::Scale { workload: deployment, replicas: rng.below(12) as i32 },
        1 => match rng.pick(&pods) {
            Some(pod) => Act::Delete { object: key("Pod", "shop", pod), grace: None },
            None => Act::Restart { deployment },
        },
        2 => Act::StopNode { node },
        3 => Act::StartNode { node },
        4 => Act::Cordon { node, on: rng.chance(0.5) },
        5 => Act::RollBack { deployment, to: None },
        6 => Act::Pause { deployment, on: rng.chance(0.5) },
        7 => Act::Restart { deployment },
        8 => Act::Apply { text: text.replace("1.4", &format!("1.{}", rng.below(4))).into() },
        _ => Act::Apply { text: text.replace("1.4", "2.0-typo").into() },
    }
}

/// Whether the picture fits the objects.
fn check_scene(session: &Session, scene: &Scene) {
    let store = session.cluster().store();
    assert_eq!(scene.counts.total() as usize, store.list::<Pod>(None).count());
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for node in &scene.nodes {
        assert_eq!(node.pods.len(), store.pods_on(&node.name).count(), "{}", node.name);
        assert_eq!(node.counts.total() as usize, node.pods.len());
        assert!(node.cpu.requested <= node.cpu.allocatable, "{node:?}");
        for pod in &node.pods {
            *counts.entry(pod.state.key()).or_default() += 1;
            if pod.state == PodState::Unknown {
                assert_eq!(node.health, NodeHealth::Unknown);
            }
        }
    }
    for waiting in &scene.tray {
        *counts.entry(waiting.pod.state.key()).or_default() += 1;
    }
    assert_eq!(scene.tray_more, 0);
    // Pods whose node was removed stand nowhere; none is removed here.
    for state in PodState::ALL {
        assert_eq!(scene.counts.of(state), counts.get(state.key()).copied().unwrap_or_default(), "{state:?}");
    }
    for strip in &scene.rollouts {
        let bars: u32 = strip.bars.iter().map(|bar| bar.ready + bar.other + bar.failing).sum();
        assert_eq!(bars, strip.replicas);
        assert!(strip.replicas <= strip.max.max(strip.wanted) + 12);
    }
}

#[test]
fn whatever_is_done_going_back_is_exact() {
    let text = common::lab("first-deployment");
    for seed in 0..12 {
        let mut rng = Rng::stream(seed, "acts");
        let mut session = common::open(&text);
        let mut seen: Vec<(Time, Scene)> = Vec::new();
        for _ in 0..12 {
            let next = session.act(act(&session, &mut rng, &text));
            // The API server may refuse (nothing to roll back to); that is an outcome, too.
            drop(next);
            let until = Time(session.now().0 + 1_000 + rng.below(40_000_000));
            session.advance(until, &mut || true);
            let scene = session.scene(Some(Level::Near));
            check_scene(&session, &scene);
            seen.push((until, scene));
            // An act at an instant is part of it: the next one comes a little later.
            session.advance(Time(until.0 + 1), &mut || true);
        }
        for _ in 0..10 {
            let (at, scene) = rng.pick(&seen).expect("something was seen");
            session.seek(*at);
            assert!(session.scene(Some(Level::Near)) == *scene, "seed {seed} at {at}");
        }
        // Another future from the middle, then back to this one.
        let (middle, scene) = &seen[5];
        session.seek(*middle);
        let _ = session.act(act(&session, &mut rng, &text));
        session.advance(Time(middle.0 + 20_000_000), &mut || true);
        assert!(session.switch(session.branches().len() - 1));
        session.seek(*middle);
        assert!(session.scene(Some(Level::Near)) == *scene, "seed {seed}: the branch is another one");
        let (end, last) = seen.last().expect("an end");
        session.seek(*end);
        assert!(session.scene(Some(Level::Near)) == *last, "seed {seed}: the branch ends elsewhere");
    }
}
