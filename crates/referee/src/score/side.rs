//! One folder, real or simulated: its commands, and its trace replayed into a line through time for each group.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use super::groups::{Group, Line};
use super::names::{Names, regex, replace};
use super::state::{Replay, SeenEvent, text_of};
use crate::recording::{Command, parse_actions, read, read_json_lines};

/// A pod that got its node.
pub struct Bound {
    /// When.
    pub at: f64,
    /// The pod's name.
    pub pod: String,
    /// Its node.
    pub node: String,
}

/// One folder.
pub struct Side {
    /// What stands for random names.
    pub names: Names,
    /// The commands, in order.
    pub commands: Vec<Command>,
    /// The scheduler's scores, one entry a pod.
    pub scores: Vec<Json>,
    /// Whether the scenario brings its own nodes.
    pub own_nodes: bool,
    /// Node -> its definition without the name. Nodes of one definition are interchangeable.
    pub nodes: BTreeMap<String, String>,
    /// Every group through time.
    pub lines: BTreeMap<Group, Line>,
    /// Every Event as often as it was counted up.
    pub events: Vec<SeenEvent>,
    /// Every binding.
    pub bound: Vec<Bound>,
    /// When something compared changed, in order.
    pub times: Vec<f64>,
    /// The end of the last change or command.
    pub end: f64,
    /// What decides how exact times have to be.
    pub tolerance_text: String,
}

impl Side {
    /// Reads a folder. `nodes` are those of the real side, when this is the simulated one.
    pub fn read(
        folder: &Path,
        namespaces: &BTreeSet<String>,
        nodes: Option<&BTreeMap<String, String>>,
    ) -> Result<Self, String> {
        let mut trace = read_json_lines(&folder.join("trace.jsonl"))?;
        if trace.iter().all(|record| version(record).is_some()) {
            trace.sort_by_key(version);
        }
        let commands = parse_actions(&read(&folder.join("actions.txt")));
        let nodes_path = folder.join("nodes.yaml");
        let nodes = nodes.cloned().map_or_else(|| node_classes(&read(&nodes_path)), Ok)?;
        let mut tolerance_text = read(&folder.join("manifest.yaml"));
        for command in &commands {
            tolerance_text.push_str(&command.line);
            tolerance_text.push_str(&command.stdin.join("\n"));
            tolerance_text.push('\n');
        }
        let mut names = Names::new(namespaces.iter().cloned(), nodes.keys())?;
        name_objects(&mut names, &trace);
        let replay = Replay::of(&names, &trace);
        let last_command = commands.iter().map(|command| command.end).fold(0.0, f64::max);
        let end = replay.times.last().copied().unwrap_or(0.0).max(last_command);
        Ok(Side {
            scores: read_json_lines(&folder.join("scores.jsonl"))?,
            own_nodes: nodes_path.exists(),
            lines: replay.lines,
            events: replay.events,
            bound: replay.bound,
            times: replay.times,
            commands,
            nodes,
            end,
            tolerance_text,
            names,
        })
    }

    /// The line of a group, if there ever was one.
    pub fn line(&self, group: &Group) -> Option<&Line> {
        self.lines.get(group)
    }
}

/// The resourceVersion of a record.
fn version(record: &Json) -> Option<i64> {
    let version = record.get("rv")?;
    version.as_i64().or_else(|| version.as_str()?.parse().ok())
}

/// nodes.yaml -> each node's definition without its name; the default cluster if there is none.
fn node_classes(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut out = BTreeMap::new();
    let name = regex(r#"(?m)^\s*name: *"?([\w.-]+)"#)?;
    let inline = regex(r#"name: *"?([\w.-]+)"#)?;
    let separator = regex(r"(?m)^---\s*$")?;
    for document in separator.split(text) {
        let document = document.map_err(|error| error.to_string())?;
        let found =
            [&name, &inline].into_iter().find_map(|pattern| pattern.captures(document).ok().flatten());
        let Some(node) = found.and_then(|groups| Some(groups.get(1)?.as_str().to_owned())) else { continue };
        if document.contains("kind: Node") {
            let alone = regex(&format!(r"(?<![\w-]){}(?![\w-])", fancy_regex::escape(&node)))?;
            out.insert(node, replace(&alone, document, "NODE").trim().to_owned());
        }
    }
    if out.is_empty() {
        out = (1..6).map(|i| (format!("node-{i}"), format!("zone-{}", (i - 1) % 3))).collect();
    }
    Ok(out)
}

/// Gives stable names to what has random ones: ReplicaSets and revisions by owner and order, pods by owner.
fn name_objects(names: &mut Names, trace: &[Json]) {
    let mut counters: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut number = |owner: &str, what: &'static str| {
        let count = counters.entry((owner.to_owned(), what)).or_default();
        *count += 1;
        format!("{owner}~{what}{count}")
    };
    let mut first: Vec<(&Json, &serde_json::Map<String, Json>)> = trace
        .iter()
        .filter(|record| matches!(text_of(record, "op"), "EXISTING" | "ADDED"))
        .filter_map(|record| Some((record, record.get("o")?.as_object()?)))
        .filter(|(_, object)| !object.is_empty())
        .collect();
    // Owners before pods; what was there before in order of revision.
    first.sort_by_key(|(record, object)| {
        let late = matches!(text_of(record, "kind"), "Pod" | "EndpointSlice");
        let revision = object
            .get("revision")
            .map_or(0, |revision| revision.as_i64().or_else(|| revision.as_str()?.parse().ok()).unwrap_or(0));
        (late, if text_of(record, "op") == "EXISTING" { revision } else { 1 << 40 })
    });
    for (record, object) in first {
        let (kind, name) = (text_of(record, "kind"), text_of(record, "name"));
        let member = |key: &str| object.get(key).and_then(Json::as_str).unwrap_or_default();
        let (owner_kind, owner) = member("owner").split_once('/').unwrap_or((member("owner"), ""));
        if matches!(kind, "DaemonSet" | "Job" | "ReplicaSet") {
            names.makers.entry(name.to_owned()).or_insert_with(|| name.to_owned());
        }
        if names.alias.contains_key(name) {
            continue;
        }
        let alias = match kind {
            "ReplicaSet" if owner_kind == "Deployment" => {
                let alias = number(owner, "rs");
                names.makers.insert(name.to_owned(), alias.clone());
                alias
            }
            "ControllerRevision" => number(owner, "rev"),
            "Job" if owner_kind == "CronJob" && is_numbered(name, owner) => {
                let alias = number(owner, "job");
                names.makers.insert(name.to_owned(), alias.clone());
                alias
            }
            "EndpointSlice" => {
                let service = member("service");
                format!("{}~slice", if service.is_empty() { owner } else { service })
            }
            "Pod" if matches!(owner_kind, "ReplicaSet" | "DaemonSet" | "Job") => {
                let index = match object.get("index") {
                    None | Some(Json::Null) => String::new(),
                    Some(Json::String(index)) => format!("-{index}"),
                    Some(index) => format!("-{index}"),
                };
                let maker = names.makers.get(owner).or_else(|| names.alias.get(owner));
                format!("{}~pod{index}", maker.map_or(owner, String::as_str))
            }
            _ => continue,
        };
        if matches!(kind, "ReplicaSet" | "ControllerRevision") && !member("hash").is_empty() {
            names.alias.insert(member("hash").to_owned(), format!("{alias}-hash"));
        }
        names.alias.insert(name.to_owned(), alias);
    }
}

/// A CronJob's job: its name and a number.
fn is_numbered(name: &str, owner: &str) -> bool {
    name.strip_prefix(owner)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
