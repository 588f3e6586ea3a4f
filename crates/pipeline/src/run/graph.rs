//! The graph of what needs what.

use std::time::Duration;

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

/// An edge from each node to those that need it.
fn graph(needs: &[Vec<usize>]) -> DiGraph<usize, ()> {
    let mut graph = DiGraph::with_capacity(needs.len(), needs.len());
    let nodes: Vec<NodeIndex> = (0..needs.len()).map(|node| graph.add_node(node)).collect();
    for (node, needs) in nodes.iter().zip(needs) {
        for need in needs.iter().filter_map(|need| nodes.get(*need)) {
            graph.update_edge(*need, *node, ());
        }
    }
    graph
}

/// The nodes so that each comes behind all that it needs. None: there is a cycle.
pub fn order(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let sorted = toposort(&graph(needs), None).ok()?;
    Some(sorted.into_iter().map(NodeIndex::index).collect())
}

/// Nodes that wait for each other, or for themselves.
pub fn cycles(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let itself = |node: usize| needs.get(node).is_some_and(|needs| needs.contains(&node));
    let mut cycles: Vec<Vec<usize>> = kosaraju_scc(&graph(needs))
        .into_iter()
        .map(|nodes| nodes.into_iter().map(NodeIndex::index).collect::<Vec<_>>())
        .filter(|nodes| nodes.len() > 1 || nodes.first().is_some_and(|node| itself(*node)))
        .collect();
    for cycle in &mut cycles {
        cycle.sort_unstable();
    }
    cycles.sort();
    cycles
}

/// How long it takes if nothing waits but for what it needs. None: there is a cycle.
pub fn longest_path(needs: &[Vec<usize>], lengths: &[Duration]) -> Option<Duration> {
    let mut ends = vec![Duration::ZERO; needs.len()];
    for node in order(needs)? {
        let begin = needs.get(node)?.iter().filter_map(|need| ends.get(*need)).max().copied();
        let length = lengths.get(node).copied().unwrap_or_default();
        if let Some(end) = ends.get_mut(node) {
            *end = begin.unwrap_or_default().saturating_add(length);
        }
    }
    Some(ends.into_iter().max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_in_which_nothing_waits_for_what_comes_later() {
        let needs = [vec![2], vec![0, 2], vec![], vec![1]];
        assert_eq!(order(&needs), Some(vec![2, 0, 1, 3]));
        assert_eq!(order(&[vec![1], vec![0]]), None);
    }

    #[test]
    fn cycles_are_named() {
        assert_eq!(cycles(&[vec![1], vec![2], vec![0], vec![0], vec![4]]), [vec![0, 1, 2], vec![4]]);
        assert!(cycles(&[vec![], vec![0]]).is_empty());
    }

    #[test]
    fn the_longest_path_is_not_the_one_with_most_nodes() {
        let seconds = [1, 1, 1, 10].map(Duration::from_secs);
        let needs = [vec![], vec![0], vec![1], vec![0]];
        assert_eq!(longest_path(&needs, &seconds), Some(Duration::from_secs(11)));
    }
}
