//! `kubectl top` (k8s.io/kubectl/pkg/cmd/top): what pods and nodes use, from metrics.k8s.io.

use std::cmp::Ordering;

use opscape_cluster::metrics::{PodMetrics, Used};
use opscape_manifest::api::{Node, Pod, Resource as _};
use opscape_manifest::order;

use super::target::{Filter, resource};
use super::{Call, Failure, Next, Outcome, words};
use crate::output::tabs;

pub(super) const FLAGS: &str = "A|all-namespaces! l|selector= field-selector= containers! no-headers! sort-by= \
    sum! show-capacity! use-protocol-buffers!";

/// A pod with its metrics.
struct Row {
    namespace: String,
    name: String,
    metrics: PodMetrics,
}

impl Row {
    fn sum(&self) -> Used {
        self.metrics.containers.iter().fold(Used::default(), |sum, (_, used)| plus(sum, *used))
    }
}

fn plus(one: Used, other: Used) -> Used {
    Used {
        nano_cpu: one.nano_cpu.saturating_add(other.nano_cpu),
        memory: one.memory.saturating_add(other.memory),
    }
}

fn millis(used: Used) -> u64 {
    used.nano_cpu.div_ceil(1_000_000)
}

fn cells(used: Used) -> String {
    format!("{}m\t{}Mi\t", millis(used), used.memory >> 20)
}

/// By how much of something.
type Amount = fn(Used) -> u64;

/// `--sort-by`; none: by name.
fn sort_by(call: &Call<'_, '_>) -> Result<Option<Amount>, Failure> {
    match call.flags.text("sort-by").unwrap_or("") {
        "" => Ok(None),
        "cpu" => Ok(Some(|used| used.nano_cpu)),
        "memory" => Ok(Some(|used| used.memory)),
        _ => words("--sort-by accepts only cpu or memory"),
    }
}

pub(super) fn pods(call: &mut Call<'_, '_>) -> Outcome {
    let by = sort_by(call)?;
    let everywhere = call.flags.truth("all-namespaces");
    let namespace = call.namespace();
    let name = call.args().first().cloned();
    let selector = call.flags.text("selector").unwrap_or("").to_owned();
    let fields = call.flags.text("field-selector").unwrap_or("").to_owned();
    if name.is_some() && (!selector.is_empty() || !fields.is_empty()) {
        return words("only one of NAME or selector can be provided");
    }
    let usage = call.scope.world.usage();
    if !usage.has_metrics_server() {
        return words("Metrics API not available");
    }
    let pods = resource("pods")?;
    let found = if let Some(name) = &name {
        vec![call.read(pods, &namespace, name).map_err(Failure::Api)?]
    } else {
        let filter = Filter::parse(pods, &selector, &fields)?;
        let mut all = call.list(pods, (!everywhere).then_some(namespace.as_str()));
        all.retain(|pod| filter.matches(pod));
        all
    };
    let (cluster, now) = (call.scope.world.cluster(), call.scope.world.now());
    let mut rows: Vec<Row> = found
        .iter()
        .filter_map(Pod::from_object)
        .filter_map(|pod| {
            Some(Row {
                namespace: pod.metadata.namespace.to_string(),
                name: pod.metadata.name.to_string(),
                metrics: cluster.pod_metrics(pod, usage, now)?,
            })
        })
        .collect();
    if rows.is_empty() {
        if let Some(name) = name {
            let missing = format!("podmetrics.metrics.k8s.io \"{namespace}/{name}\" not found");
            return Err(Failure::Raw(format!("Error from server (NotFound): {missing}")));
        }
        if !found.is_empty() {
            return words("metrics not available yet");
        }
        let place = if everywhere { String::new() } else { format!(" in {namespace} namespace.") };
        call.warn(&format!("No resources found{place}"));
        return Ok(Next::Done);
    }
    if let Some(by) = by {
        order::sort_by(&mut rows, |a, b| by(b.sum()).cmp(&by(a.sum())));
    }
    let containers = call.flags.truth("containers");
    let mut table = String::new();
    if !call.flags.truth("no-headers") {
        if everywhere {
            table.push_str("NAMESPACE\t");
        }
        table.push_str(if containers { "POD\tNAME\t" } else { "NAME\t" });
        table.push_str("CPU(cores)\tMEMORY(bytes)\t\n");
    }
    let mut sum = Used::default();
    for row in &rows {
        let place = if everywhere { format!("{}\t", row.namespace) } else { String::new() };
        let mut lines: Vec<(String, Used)> = vec![(String::new(), row.sum())];
        if containers {
            let of_pod = row.metrics.containers.iter();
            lines = of_pod.map(|(name, used)| (format!("{name}\t"), *used)).collect();
            order::sort_by(&mut lines, |a, b| match by {
                Some(by) => by(b.1).cmp(&by(a.1)),
                None => a.0.cmp(&b.0),
            });
        }
        for (container, used) in lines {
            table.push_str(&format_line(&place, &row.name, &container, used));
        }
        sum = plus(sum, row.sum());
    }
    if call.flags.truth("sum") {
        let blank = "\t".repeat(usize::from(everywhere) + usize::from(containers));
        let rule = format!("{blank}\t________\t________\t\n");
        table.push_str(&rule);
        table.push_str(&[&blank, "\t", &cells(sum), "\n"].concat());
    }
    let text = tabs::align(&table, tabs::TABLE, None);
    call.io.out(&text);
    Ok(Next::Done)
}

fn format_line(place: &str, pod: &str, container: &str, used: Used) -> String {
    [place, pod, "\t", container, &cells(used), "\n"].concat()
}

pub(super) fn nodes(call: &mut Call<'_, '_>) -> Outcome {
    let by = sort_by(call)?;
    let selector = call.flags.text("selector").unwrap_or("").to_owned();
    let name = call.args().first().cloned();
    if name.is_some() && !selector.is_empty() {
        return words("only one of NAME or selector can be provided");
    }
    let usage = call.scope.world.usage();
    if !usage.has_metrics_server() {
        return words("Metrics API not available");
    }
    let nodes = resource("nodes")?;
    let found = if let Some(name) = &name {
        vec![call.read(nodes, "", name).map_err(Failure::Api)?]
    } else {
        let filter = Filter::parse(nodes, &selector, "")?;
        let mut all = call.list(nodes, None);
        all.retain(|node| filter.matches(node));
        all
    };
    let (cluster, now) = (call.scope.world.cluster(), call.scope.world.now());
    let mut rows: Vec<(&Node, Used)> = found
        .iter()
        .filter_map(Node::from_object)
        .filter_map(|node| Some((&**node, cluster.node_metrics(node, usage, now)?)))
        .collect();
    if rows.is_empty() {
        return words("metrics not available yet");
    }
    order::sort_by(&mut rows, |a, b| {
        let most = by.map_or(Ordering::Equal, |by| by(b.1).cmp(&by(a.1)));
        most.then_with(|| a.0.metadata.name.cmp(&b.0.metadata.name))
    });
    let capacity = call.flags.truth("show-capacity");
    let mut table = String::new();
    if !call.flags.truth("no-headers") {
        table.push_str("NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\t\n");
    }
    for (node, used) in rows {
        let of = if capacity { &node.status.capacity } else { &node.status.allocatable };
        let all =
            |resource: &str| of.get(resource).map_or(0, opscape_manifest::quantity::Quantity::milli_value);
        let percent = |used: u64, all: i64| {
            let share = used as f64 / all as f64 * 100.0;
            if all > 0 { format!("{}%", share as i64) } else { "<unknown>".to_owned() }
        };
        let cpu = percent(millis(used), all("cpu"));
        let memory = percent(used.memory, all("memory") / 1000);
        let (name, mega) = (&node.metadata.name, used.memory >> 20);
        table.push_str(&[name, "\t", &*format!("{}m\t{cpu}\t{mega}Mi\t{memory}\t\n", millis(used))].concat());
    }
    let text = tabs::align(&table, tabs::TABLE, None);
    call.io.out(&text);
    Ok(Next::Done)
}
