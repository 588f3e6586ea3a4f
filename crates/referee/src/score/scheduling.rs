//! Which nodes pods were put on: among the best-scored ones, or at least as evenly.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value as Json;

use super::compare::{Comparison, Part};
use super::groups::{Counter, beyond, common};
use super::state::text_of;

/// The total score of each feasible node.
fn totals(entry: &Json) -> BTreeMap<String, f64> {
    let nodes = entry.get("scores").and_then(Json::as_object);
    nodes
        .into_iter()
        .flatten()
        .map(|(node, scores)| (node.clone(), scores.get("TOTAL").and_then(Json::as_f64).unwrap_or(0.0)))
        .collect()
}

fn sorted(totals: &BTreeMap<String, f64>) -> Vec<f64> {
    let mut out: Vec<f64> = totals.values().copied().collect();
    out.sort_by(f64::total_cmp);
    out
}

impl Comparison {
    pub(super) fn scheduling(&mut self) -> Option<f64> {
        if self.real.scores.is_empty() { self.by_spread() } else { Some(self.by_scores()) }
    }

    /// Without scores: the pods of one owner must be spread about as evenly as in the real run.
    fn by_spread(&mut self) -> Option<f64> {
        let nodes = self.real.nodes.len();
        let lump = |spread: &Counter| {
            let most = spread.values().copied().max().unwrap_or(0);
            let all = spread.values().sum::<usize>();
            let on_all = spread.len() >= nodes.min(all);
            most - if on_all { spread.values().copied().min().unwrap_or(0) } else { 0 }
        };
        let (mut got, mut of) = (0.0, 0.0);
        let mut notes = Vec::new();
        for (from, _) in &self.quiet {
            for (group, line) in self.real.lines.iter().filter(|(group, _)| group.0 == "Pods of") {
                let Some(simulated) = self.sim.line(group) else { continue };
                let Some(want) = line.spread_at(from + 0.1) else { continue };
                let (time, off) = self.window(from + 0.1);
                let options: Vec<&Counter> = simulated
                    .spreads_between(time - off, time + off)
                    .into_iter()
                    .flatten()
                    .filter(|spread| !spread.is_empty())
                    .collect();
                let Some(first) = options.first().filter(|_| want.values().sum::<usize>() >= 3) else {
                    continue;
                };
                let best = options.iter().map(|spread| lump(spread)).min().unwrap_or(0);
                of += 1.0;
                if best <= lump(want).max(1) + 1 {
                    got += 1.0;
                } else {
                    let text =
                        format!("at {from:.2} s {} spread over nodes {first:?}, really {want:?}", group.1);
                    notes.push((*from, text));
                }
            }
        }
        for (at, text) in notes {
            self.note(1.0, at, Part::Scheduling, text);
        }
        (of > 0.0).then(|| got / of)
    }

    fn by_scores(&mut self) -> f64 {
        let mut bound: BTreeMap<String, Vec<(f64, String)>> = BTreeMap::new();
        for binding in &self.sim.bound {
            bound
                .entry(self.sim.names.canon(&binding.pod))
                .or_default()
                .push((binding.at, binding.node.clone()));
        }
        let mut scored: BTreeMap<String, VecDeque<Json>> = BTreeMap::new();
        for entry in &self.sim.scores {
            scored.entry(self.sim.names.canon(text_of(entry, "pod"))).or_default().push_back(entry.clone());
        }
        // The real node a simulated one stands for.
        let mut label: BTreeMap<String, String> =
            self.real.nodes.keys().map(|node| (node.clone(), node.clone())).collect();
        let (mut got, mut of, mut exact, mut exact_of) = (0.0, 0.0, 0.0, 0.0);
        let (mut real_classes, mut sim_classes) = (Counter::new(), Counter::new());
        let mut notes = Vec::new();
        let class = |node: &str| self.real.nodes.get(node).cloned().unwrap_or_else(|| "?".to_owned());
        for entry in &self.real.scores {
            let pod = self.real.names.canon(text_of(entry, "pod"));
            let chosen = text_of(entry, "chosen");
            let mut totals_real = totals(entry);
            if totals_real.is_empty() {
                totals_real.insert(chosen.to_owned(), 0.0);
            }
            let best = totals_real.values().copied().fold(f64::NEG_INFINITY, f64::max);
            *real_classes.entry(class(chosen)).or_default() += 1;
            of += 1.0;
            let stands_for = |node: &String| label.get(node).unwrap_or(node).clone();
            let queue = bound.entry(pod.clone()).or_default();
            // Pods of one owner that were bound at about the same time: in any order.
            let soon = queue.first().map_or(0.0, |(at, _)| at + 0.3);
            let pick = queue
                .iter()
                .enumerate()
                .filter(|(_, (at, _))| *at <= soon)
                .min_by(|(_, a), (_, b)| {
                    let rank = |node: &String| {
                        let node = stands_for(node);
                        (node != chosen, -totals_real.get(&node).copied().unwrap_or(-99.0))
                    };
                    let (a, b) = (rank(&a.1), rank(&b.1));
                    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
                })
                .map(|(index, _)| index);
            if let Some(index) = pick {
                let (_, node) = queue.remove(index);
                *sim_classes.entry(class(&node)).or_default() += 1;
                let real_node = stands_for(&node);
                let total = totals_real.get(&real_node).copied();
                let score = match total {
                    Some(total) if total >= best => 1.0,
                    Some(total) if total >= best - 1.0 => 0.5,
                    _ => 0.0,
                };
                got += score;
                if score < 1.0 {
                    let tops: Vec<&str> = totals_real
                        .iter()
                        .filter(|(_, total)| **total >= best)
                        .map(|(node, _)| node.as_str())
                        .collect();
                    let total = total.map_or_else(|| "not feasible".to_owned(), |total| total.to_string());
                    let tops = tops.join(", ");
                    notes.push((
                        1.0 - score,
                        format!("pod {pod} on {node} (score {total}), best were {tops} (score {best})"),
                    ));
                } else if real_node != chosen
                    && self.real.nodes.get(&real_node) == self.real.nodes.get(chosen)
                    && let Some(other) =
                        label.iter().find(|(_, stands)| *stands == chosen).map(|(node, _)| node.clone())
                {
                    let was = label.insert(node.clone(), chosen.to_owned()).unwrap_or_else(|| node.clone());
                    label.insert(other, was);
                }
            } else {
                notes.push((1.0, format!("pod {pod} was never scheduled, really on {chosen}")));
            }
            if let Some(simulated) = scored.get_mut(&pod).and_then(VecDeque::pop_front) {
                exact_of += 1.0;
                let (want, have) = (sorted(&totals(entry)), sorted(&totals(&simulated)));
                if want == have || want.is_empty() || have.is_empty() {
                    exact += 1.0;
                } else {
                    notes.push((0.5, format!("pod {pod} node totals {have:?} instead of {want:?}")));
                }
            }
        }
        for (cost, text) in notes {
            self.note(cost, 0.0, Part::Scheduling, text);
        }
        let both = common(&real_classes, &sim_classes);
        let all = real_classes.values().sum::<usize>()
            + beyond(&sim_classes, &real_classes).values().sum::<usize>();
        let right = got / of;
        let classes = if all > 0 { both as f64 / all as f64 } else { 1.0 };
        if exact_of > 0.0 {
            0.5 * right + 0.2 * classes + 0.3 * exact / exact_of
        } else {
            0.7 * right + 0.3 * classes
        }
    }
}
