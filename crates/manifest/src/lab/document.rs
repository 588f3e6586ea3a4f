//! The types of the `Lab` and `File` documents.

use super::load::{Load, Serve};
use super::load_balancers::LoadBalancers;
use super::nodes::{ClusterAutoscaler, NodeGroup};
use super::pipelines::Pipelines;
use super::registry::Registry;
use super::schema::ImageSchema;
use super::{Check, Duration, Text};
use crate::api::{ObjectMeta, Str, Timestamp};
use crate::codec::fields;
use crate::quantity::Quantity;

/// A whole `Lab` document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lab {
    /// Its name.
    pub metadata: ObjectMeta,
    /// Everything else.
    pub spec: LabSpec,
}

fields! {
    Lab:
    metadata "metadata",
    spec "spec",
}

/// `spec` of a [`Lab`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabSpec {
    /// What it is called.
    pub title: Option<Text>,
    /// What it is about.
    pub description: Option<Text>,
    /// Seed of all random streams; default 1.
    pub seed: Option<i64>,
    /// The UTC instant of t=0; default is the lab's own choice.
    pub start: Option<Timestamp>,
    /// How long a run goes on by itself.
    pub until: Option<Duration>,
    /// The nodes, in groups; empty: the lab's default nodes.
    pub nodes: Vec<NodeGroup>,
    /// How the cluster autoscaler sizes the groups that have a `max`.
    pub cluster_autoscaler: Option<ClusterAutoscaler>,
    /// What load balancers get their addresses of.
    pub load_balancers: Option<LoadBalancers>,
    /// How images behave; the first entry that matches counts.
    pub images: Vec<Image>,
    /// The registry; none: every image can be pulled.
    pub registry: Option<Registry>,
    /// The columns of the database at t=0, as `customers.name`.
    pub schema: Vec<Str>,
    /// Who sends requests.
    pub load: Vec<Load>,
    /// What pipelines run on, and what becomes of them.
    pub pipelines: Option<Pipelines>,
    /// The ways that are compared, in order; those that are not listed follow.
    pub lanes: Vec<Lane>,
    /// What happens by itself, in order of time.
    pub steps: Vec<Step>,
    /// What must hold.
    pub checks: Vec<Check>,
}

fields! {
    LabSpec:
    title "title",
    description "description",
    seed "seed",
    start "start",
    until "until",
    nodes "nodes",
    cluster_autoscaler "clusterAutoscaler",
    load_balancers "loadBalancers",
    images "images",
    registry "registry",
    schema "schema",
    load "load",
    pipelines "pipelines",
    lanes "lanes",
    steps "steps",
    checks "checks",
}

/// One of the ways that are compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lane {
    /// What objects and steps call it.
    pub name: Str,
    /// What people call it; none: its name.
    pub title: Option<Text>,
    /// What it does, in a sentence or two.
    pub description: Option<Text>,
}

fields! {
    Lane:
    name "!name",
    title "title",
    description "description",
}

/// How an image behaves when it is run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Image {
    /// Its name and tag, or a pattern in which `*` stands for any letters.
    pub name: Str,
    /// Time to pull it where it is not yet on the node.
    pub pull_time: Option<Duration>,
    /// Time from the pulled image to the running container.
    pub start_time: Option<Duration>,
    /// Time from running to ready.
    pub ready_after: Option<Duration>,
    /// It runs, but never becomes ready.
    pub never_ready: Option<bool>,
    /// Time from running to its end; none: it runs until it is stopped.
    pub exit_after: Option<Duration>,
    /// Its exit code; default 0.
    pub exit_code: Option<i32>,
    /// How many times it ends like that before it keeps running; none: every time.
    pub exit_times: Option<i32>,
    /// Time from running to when it is no longer well: its probes fail.
    pub unhealthy_after: Option<Duration>,
    /// How long it is not well; none: until it is restarted.
    pub unhealthy_for: Option<Duration>,
    /// In how many of its lives it becomes unwell before it stays well; none: in each.
    pub unhealthy_times: Option<i32>,
    /// Only this HTTP path answers that it is not well; none: all probes find it so.
    pub unhealthy_path: Option<Str>,
    /// When it is not well it does not answer at all, and does not end when it is told to.
    pub hangs: Option<bool>,
    /// Time from the TERM signal to its end.
    pub shutdown_time: Option<Duration>,
    /// CPU it uses.
    pub cpu: Option<Quantity>,
    /// Memory it takes to start.
    pub memory: Option<Quantity>,
    /// With `memory`: each container takes an amount between the two.
    pub memory_to: Option<Quantity>,
    /// Memory it uses later; between the points it grows evenly. Over the container's limit it is killed (OOM).
    pub memory_over_time: Vec<Memory>,
    /// How it serves requests.
    pub serve: Option<Serve>,
    /// What it needs of the database, and what it changes there.
    pub schema: Option<ImageSchema>,
    /// No registry has it: `ErrImagePull`.
    pub not_found: Option<bool>,
}

fields! {
    Image:
    name "!name",
    pull_time "pullTime",
    start_time "startTime",
    ready_after "readyAfter",
    never_ready "neverReady",
    exit_after "exitAfter",
    exit_code "exitCode",
    exit_times "exitTimes",
    unhealthy_after "unhealthyAfter",
    unhealthy_for "unhealthyFor",
    unhealthy_times "unhealthyTimes",
    unhealthy_path "unhealthyPath",
    hangs "hangs",
    shutdown_time "shutdownTime",
    cpu "cpu",
    memory "memory",
    memory_to "memoryTo",
    memory_over_time "memoryOverTime",
    serve "serve",
    schema "schema",
    not_found "notFound",
}

impl Image {
    /// Whether an image reference is meant. A name without a tag means all tags.
    pub fn matches(&self, image: &str) -> bool {
        let whole = glob(&self.name, image);
        let last = image.rsplit('/').next().unwrap_or(image);
        let untagged = image.len() - last.len() + last.find([':', '@']).unwrap_or(last.len());
        let name_has_tag = self.name.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
        whole || (!name_has_tag && image.get(..untagged).is_some_and(|image| glob(&self.name, image)))
    }
}

/// Whether a text fits a pattern in which `*` stands for any letters. Takes no more than pattern times text steps.
fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let mut parts = pattern.split('*').peekable();
    if let Some(first) = parts.next() {
        let Some(tail) = rest.strip_prefix(first) else { return false };
        rest = tail;
        if parts.peek().is_none() {
            return rest.is_empty();
        }
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, tail)) = rest
            .split_once(part)
            .filter(|_| !part.is_empty())
            .or(Some(("", rest)).filter(|_| part.is_empty()))
        else {
            return false;
        };
        rest = tail;
    }
    true
}

/// Memory in use at a time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Memory {
    /// Time since the container runs.
    pub after: Duration,
    /// Memory in use then.
    pub used: Quantity,
}

fields! {
    Memory:
    after "after",
    used "use",
}

/// Something that happens at a time, or once a condition holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// Time since t=0; with `when`: not before it.
    pub at: Duration,
    /// It happens once this holds and the steps before it have happened.
    pub when: Option<Check>,
    /// With `when`: how long after that.
    pub after: Option<Duration>,
    /// A few words.
    pub title: Option<Text>,
    /// What to look at and why.
    pub text: Option<Text>,
    /// An object to show, as `deployment/web` or `node/worker-1`.
    pub focus: Str,
    /// Whether play stops here, before the actions.
    pub pause: Option<bool>,
    /// Only in this lane, where several ways are compared.
    pub lane: Option<Str>,
    /// What is done, in order.
    pub actions: Vec<Action>,
}

fields! {
    Step:
    at "at",
    when "when",
    after "after",
    title "title",
    text "text",
    focus "focus",
    pause "pause",
    lane "lane",
    actions "actions",
}

/// One thing that is done; exactly one field is set (besides `text`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Action {
    /// `kubectl apply` of a named file of the same text.
    pub apply: Option<Str>,
    /// A command line for the shell, as `kubectl scale deployment/web --replicas=5`.
    pub run: Option<Str>,
    /// A node loses its power.
    pub stop_node: Option<Str>,
    /// A stopped node comes back.
    pub start_node: Option<Str>,
    /// A node is removed from the cluster.
    pub remove_node: Option<Str>,
    /// What to say of it.
    pub text: Option<Text>,
}

fields! {
    Action:
    apply "apply",
    run "run",
    stop_node "stopNode",
    start_node "startNode",
    remove_node "removeNode",
    text "text",
}

/// A file that is not YAML.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// Its path.
    pub path: Str,
    /// Its text.
    pub content: Str,
}

fields! {
    File:
    path "!path",
    content "!content",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_match_by_name_and_pattern() {
        let image = |name: &str| Image { name: name.into(), ..Image::default() };
        for (name, reference, matches) in [
            ("nginx", "nginx:1.25", true),
            ("nginx", "nginx", true),
            ("nginx", "nginxx", false),
            ("nginx:1.*", "nginx:1.25", true),
            ("nginx:1.*", "nginx:2", false),
            ("*/shop:*", "registry:5000/team/shop:2", true),
            ("registry:5000/shop", "registry:5000/shop:2", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("*", "anything", true),
            ("**bad**", "my-bad-image", true),
        ] {
            assert_eq!(image(name).matches(reference), matches, "{name} {reference}");
        }
    }
}
