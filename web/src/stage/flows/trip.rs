//! The way of one request, from who sent it to the pod that answered.

use opscape_lab::scene::Scene;
use opscape_lab::session::{Answer, Sent};

use super::super::layout::{Layout, Rect, WORDS};
use super::roads::{across, down, drop_into, lane_of, way_to};
use crate::draw::px;

/// The way, as far as it came.
pub fn trip(scene: &Scene, layout: &Layout, sent: &Sent, answer: &Answer) -> Option<String> {
    let entry = sent.rule.as_ref().and_then(|(kind, namespace, name, field)| {
        let same = |card: &opscape_lab::scene::EntryCard| {
            *card.kind == **kind && card.name == *name && card.namespace == *namespace
        };
        let entry = scene.entries.iter().position(same)?;
        let row = scene.entries.get(entry)?.routes.iter().position(|row| row.field == *field)?;
        let place = layout.entries.get(entry)?;
        Some((place.frame, place.rows.get(row).copied().unwrap_or(place.frame)))
    });
    let service = sent.services.iter().filter_map(|(namespace, name)| {
        let at = scene.services.iter().position(|card| card.name == *name && card.namespace == *namespace)?;
        Some((scene.services.get(at)?, *layout.services.get(at)?))
    });
    // Of several the one that has the pod.
    let pod = answer.pod.as_ref().map(|pod| pod.uid);
    let has = |card: &opscape_lab::scene::ServiceCard| pod.is_some_and(|uid| card.targets.contains(&uid));
    let services: Vec<_> = service.collect();
    let service = services.iter().find(|(card, _)| has(card)).or(services.first()).map(|(_, rect)| *rect);
    let target = pod.and_then(|uid| {
        let node = layout.nodes.iter().find(|node| node.pods.iter().any(|(own, ..)| *own == uid))?;
        let (_, x, y) = node.pods.iter().find(|(own, ..)| *own == uid)?;
        Some((node, x + layout.measures.side / 2.0, *y))
    });
    let start = layout.internet.or(layout.inside)?;
    let mut way = Way(String::new());
    if layout.narrow {
        let mut at = (start.middle().0, start.y + 18.0);
        let mut visit = |rect: Rect, x: f32, way: &mut Way| {
            way.join(&down(at, (x, rect.y)));
            at = (x, rect.bottom());
        };
        if let Some((frame, row)) = entry {
            visit(Rect { y: frame.y, h: frame.h, ..row }, row.middle().0, &mut way);
        }
        if let Some(rect) = service {
            visit(rect, rect.middle().0, &mut way);
        }
        if let Some((_, x, top)) = target {
            way.join(&down(at, (x, top)));
        }
        return (!way.0.is_empty()).then_some(way.0);
    }
    let beside = if layout.entries.len() > 1 { WORDS } else { 0.0 };
    let mut at = (start.x + beside, start.y);
    if let Some((frame, row)) = entry {
        way.join(&across(at, (frame.x, frame.middle().1)));
        at = (frame.right(), row.middle().1);
    }
    if let Some(rect) = service {
        way.join(&across(at, (rect.x, rect.middle().1)));
        at = (rect.right(), rect.middle().1);
    }
    if let Some((node, x, top)) = target {
        let lane_y = lane_of(layout, top, 0, 1);
        let mut d = way_to(layout, node, at, lane_y, 0.0);
        drop_into(&mut d, x, top);
        way.join(&d);
    }
    // Nothing took it: it comes as far as the first card.
    if way.0.is_empty() {
        way.0 = ["M", &px(at.0), " ", &px(at.1), "H", &px(at.0 + start.w - 8.0)].concat();
    }
    Some(way.0)
}

/// Pieces of a way, joined by straight lines.
struct Way(String);

impl Way {
    fn join(&mut self, piece: &str) {
        if self.0.is_empty() {
            self.0.push_str(piece);
        } else {
            self.0.push('L');
            self.0.push_str(piece.strip_prefix('M').unwrap_or(piece));
        }
    }
}
