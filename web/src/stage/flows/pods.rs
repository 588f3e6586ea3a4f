//! Ribbons from the Services to the pods.

use std::fmt::Write;

use opscape_lab::scene::PodFlow;
use opscape_manifest::api::Uid;

use super::plan::Planner;
use super::roads::{drop_into, lane_of, way_to};
use super::{Of, Stroke, stacked};
use crate::draw::px;

impl Planner<'_> {
    /// From the Services to the pods: from the top down, in a node the farthest first.
    pub(super) fn pods(&mut self) {
        let mut targets: Vec<Target> = Vec::new();
        for (n, node) in self.layout.nodes.iter().enumerate() {
            for (uid, x, y) in &node.pods {
                for flow in self.traffic.pods.iter().filter(|flow| flow.pod == *uid) {
                    targets.push(Target {
                        node: n,
                        x: *x + self.layout.measures.side / 2.0,
                        top: *y,
                        flow: *flow,
                    });
                }
            }
        }
        let height = |service: usize| self.layout.services.get(service).map_or(0.0, |rect| rect.y);
        targets.sort_by(|a, b| {
            let row = |one: &Target| (one.node, one.top as i32);
            row(a)
                .cmp(&row(b))
                .then_with(|| b.x.total_cmp(&a.x))
                .then_with(|| height(a.flow.service).total_cmp(&height(b.flow.service)))
        });
        let bundles = if self.layout.merged { merged(&targets) } else { single(&targets) };
        // Where each leaves its Service.
        let mut starts = vec![0.0; bundles.len()];
        for service in 0..self.scene.services.len() {
            let Some(rect) = self.layout.services.get(service) else { continue };
            let own: Vec<usize> = (0..bundles.len())
                .filter(|index| bundles.get(*index).is_some_and(|bundle| bundle.service == service))
                .collect();
            let widths: Vec<f32> = own
                .iter()
                .filter_map(|index| bundles.get(*index))
                .map(|bundle| self.width(bundle.rate) + 1.0)
                .collect();
            for (index, y) in own.into_iter().zip(stacked(&widths, rect.middle().1, rect.h * 0.82)) {
                if let Some(slot) = starts.get_mut(index) {
                    *slot = y;
                }
            }
        }
        for (index, bundle) in bundles.iter().enumerate() {
            let (Some(rect), Some(node)) =
                (self.layout.services.get(bundle.service), self.layout.nodes.get(bundle.node))
            else {
                continue;
            };
            let Some(first) = bundle.targets.first() else { continue };
            let same = |other: &&Bundle| other.node == bundle.node && (other.top() - first.top).abs() < 1.0;
            let lanes = bundles.iter().filter(same).count();
            let lane = bundles.iter().take(index).filter(same).count();
            let lane_y = lane_of(self.layout, first.top, lane, lanes);
            let from = (rect.right(), starts.get(index).copied().unwrap_or_default());
            let spread = (lane as f32 - (lanes - 1) as f32 / 2.0) * 2.0;
            let way = |aside: f32| {
                let mut d =
                    way_to(self.layout, node, (from.0, from.1 - aside), lane_y - aside, spread - aside);
                drop_into(&mut d, first.x + aside, first.top);
                for near in bundle.targets.iter().skip(1).filter(|near| (near.top - first.top).abs() < 1.0) {
                    let _ = write!(d, "M{} {}", px(near.x - 6.0), px(lane_y - aside));
                    drop_into(&mut d, near.x + aside, near.top);
                }
                d
            };
            let width = self.width(bundle.rate);
            let stroke = Stroke::new(
                (bundle.key(), Of::Service(bundle.service)),
                bundle.rate,
                width,
                bundle.colour,
                &way,
            )
            .with_errors(bundle.errors, self.k, 1.0, &way);
            self.plan.strokes.push(stroke);
        }
    }
}

/// A pod that gets requests.
#[derive(Clone, Copy)]
struct Target {
    node: usize,
    x: f32,
    top: f32,
    flow: PodFlow,
}

/// Requests that run together.
struct Bundle {
    service: usize,
    node: usize,
    colour: u8,
    rate: f32,
    errors: f32,
    /// The farthest first.
    targets: Vec<Target>,
}

impl Bundle {
    fn of(target: Target) -> Bundle {
        let flow = target.flow;
        Bundle {
            service: flow.service,
            node: target.node,
            colour: flow.colour,
            rate: flow.rate,
            errors: flow.errors,
            targets: vec![target],
        }
    }

    fn top(&self) -> f32 {
        self.targets.first().map_or(0.0, |target| target.top)
    }

    fn key(&self) -> String {
        let pod = self.targets.first().map_or(Uid(0), |target| target.flow.pod);
        match self.targets.len() {
            1 => format!("{}p{}", self.service, pod.0),
            _ => format!("{}n{}c{}", self.service, self.node, self.colour),
        }
    }
}

fn single(targets: &[Target]) -> Vec<Bundle> {
    targets.iter().map(|target| Bundle::of(*target)).collect()
}

/// One for each Service, node and colour.
fn merged(targets: &[Target]) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    for target in targets {
        let flow = &target.flow;
        let known = bundles.iter_mut().find(|bundle| {
            bundle.node == target.node && bundle.service == flow.service && bundle.colour == flow.colour
        });
        match known {
            Some(bundle) => {
                bundle.rate += flow.rate;
                bundle.errors += flow.errors;
                bundle.targets.push(*target);
            }
            None => bundles.push(Bundle::of(*target)),
        }
    }
    bundles
}
