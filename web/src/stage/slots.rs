//! Which pod stands where on its node. While the clock runs a pod keeps its place when another one goes; places are given
//! anew at most twice a second, and at once when the clock stands, so that an instant always looks the same.

use std::collections::BTreeMap;

use opscape_lab::scene::Scene;
use opscape_manifest::api::{Str, Uid};

/// How often places are given anew, in milliseconds.
const PAUSE: f64 = 500.0;

/// The places on all nodes.
#[derive(Default)]
pub struct Slots {
    nodes: BTreeMap<Str, Vec<Option<Uid>>>,
    packed_at: f64,
}

impl Slots {
    /// Takes in what the scene shows now. `now`: milliseconds on the screen; `playing`: whether the clock runs.
    pub fn update(&mut self, scene: &Scene, playing: bool, now: f64) {
        let pack = !playing || now - self.packed_at > PAUSE;
        if pack {
            self.packed_at = now;
            self.nodes = scene
                .nodes
                .iter()
                .map(|node| (node.name.clone(), node.pods.iter().map(|pod| Some(pod.uid)).collect()))
                .collect();
            return;
        }
        for node in &scene.nodes {
            let slots = self.nodes.entry(node.name.clone()).or_default();
            for slot in slots.iter_mut() {
                if slot.is_some_and(|uid| !node.pods.iter().any(|pod| pod.uid == uid)) {
                    *slot = None;
                }
            }
            for pod in &node.pods {
                if !slots.contains(&Some(pod.uid)) {
                    match slots.iter_mut().find(|slot| slot.is_none()) {
                        Some(free) => *free = Some(pod.uid),
                        None => slots.push(Some(pod.uid)),
                    }
                }
            }
        }
    }

    /// The places of a node in order.
    pub fn of(&self, node: &str) -> &[Option<Uid>] {
        self.nodes.get(node).map_or(&[], Vec::as_slice)
    }
}
