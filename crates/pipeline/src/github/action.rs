//! Actions: composite ones that are in the repository, and what known ones give.
//!
//! Source: GitHub's documentation, "Metadata syntax" (`runs.using: composite`), and the `action.yml` of each action that is
//! named here.

use std::collections::BTreeMap;
use std::fmt::Write;

use opscape_sim::Rng;

use super::contexts::Contexts;
use super::outputs::Outputs;
use super::pattern::lets_in;
use super::token::Token;
use super::workflow::{Step, read};
use crate::script::{Files, UNKNOWN};
use crate::yaml::{self, Content, Node};

/// A composite action.
#[derive(Clone, Debug, Default)]
pub(super) struct Composite {
    /// Names and defaults.
    pub inputs: Vec<(String, String)>,
    pub steps: Vec<Step>,
    /// Names and values.
    pub outputs: Vec<(String, Token)>,
}

/// The composite action that a step uses, if it is in the repository.
pub(super) fn composite(uses: &str, files: &Files) -> Option<Composite> {
    let folder = uses.strip_prefix("./")?.trim_end_matches('/');
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { [folder, "/", name].concat() };
    let text = ["action.yml", "action.yaml"].iter().find_map(|name| files.get(&path(name)))?;
    let node = yaml::parse(text, yaml::START).ok()?.into_iter().next()?;
    let runs = node.get("runs")?;
    if runs.get("using")?.text()? != "composite" {
        return None;
    }
    let outputs = entries(node.get("outputs"));
    let outputs =
        outputs.map(|(name, output)| (name, output.get("value").and_then(Node::text).unwrap_or("")));
    // The parser of workflows reads its steps and outputs as those of a job, which they are.
    let mut job = "on: push\njobs:\n  action:\n    runs-on: x\n    outputs:\n".to_owned();
    for (name, value) in outputs {
        let _ = writeln!(job, "      {name}: {}", serde_json::Value::from(value));
    }
    job.push_str("    steps:\n");
    let span = runs.get("steps")?.span;
    let (from, until) = (span.start.offset as usize, span.end.offset as usize);
    // From the beginning of its first line on, so that all are moved by as much.
    let begin = text.get(..from)?.rfind('\n').map_or(0, |at| at + 1);
    for line in text.get(begin..until)?.lines() {
        let _ = writeln!(job, "      {line}");
    }
    let workflow = read("action.yml", &job, None);
    let mut job = workflow.jobs?.into_iter().next()?;
    let inputs = entries(node.get("inputs")).map(|(name, input)| {
        let default = input.get("default").and_then(Node::text).unwrap_or("");
        (name.to_owned(), default.to_owned())
    });
    let outputs = job.get("outputs").map_or(&[][..], Token::entries).iter();
    let outputs = outputs.map(|(name, value)| (name.shown(), value.clone())).collect();
    let steps = if let super::workflow::Work::Steps(steps) = &mut job.work {
        std::mem::take(steps)
    } else {
        Vec::new()
    };
    Some(Composite { inputs: inputs.collect(), steps, outputs })
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    let entries = match node.map(|node| &node.content) {
        Some(Content::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|(key, value)| Some((key.text()?, value)))
}

/// What an action does to the world, as a command; none: nothing.
pub(super) fn command(uses: &str, given: &BTreeMap<String, String>) -> Option<String> {
    let path = uses.split('@').next().unwrap_or("").to_ascii_lowercase();
    let input = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut words: Vec<&str> = Vec::new();
    match path.as_str() {
        "docker/login-action" => {
            words.extend(["docker", "login", "-u", input("username"), "-p", input("password")]);
            words.extend(Some(input("registry")).filter(|registry| !registry.is_empty()));
        }
        "aws-actions/amazon-ecr-login" => words.extend(["docker", "login", "-u", "AWS", "-p", UNKNOWN, ECR]),
        "docker/build-push-action" => {
            words.extend(["docker", "buildx", "build"]);
            let tags = input("tags").split(['\n', ',']).map(str::trim).filter(|tag| !tag.is_empty());
            words.extend(tags.flat_map(|tag| ["--tag", tag]));
            if !input("file").is_empty() {
                words.extend(["--file", input("file")]);
            }
            words.extend(
                ["push", "load"]
                    .iter()
                    .filter(|flag| input(flag) == "true")
                    .map(|flag| if *flag == "push" { "--push" } else { "--load" }),
            );
            words.push(if input("context").is_empty() { "." } else { input("context") });
        }
        _ => return None,
    }
    let quoted = words.iter().map(|word| ["'", &word.replace('\'', "'\\''"), "'"].concat());
    Some(quoted.collect::<Vec<String>>().join(" "))
}

/// The registry of `aws-actions/amazon-ecr-login`.
const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// What an action gives that is not in the repository, with what it is given.
pub(super) fn outputs(uses: &str, given: &BTreeMap<String, String>, contexts: &Contexts) -> Outputs {
    let path = uses.split('@').next().unwrap_or("").to_ascii_lowercase();
    let input = |name: &str| given.get(name).map_or("", String::as_str);
    let github = |name: &str| {
        let github = contexts.get("github").and_then(|github| github.get(name));
        github.map(|value| value.to_text().into_owned()).unwrap_or_default()
    };
    match path.as_str() {
        "actions/checkout" => Outputs::known([("ref", &github("ref")), ("commit", &github("sha"))]),
        "actions/setup-node" => {
            Outputs::known([("node-version", input("node-version")), ("cache-hit", "true")])
        }
        "actions/setup-python" => {
            Outputs::known([("python-version", input("python-version")), ("cache-hit", "true")])
        }
        "actions/setup-go" => Outputs::known([("go-version", input("go-version")), ("cache-hit", "true")]),
        "actions/cache" | "actions/cache/restore" => Outputs::known([
            ("cache-primary-key", input("key")),
            ("cache-matched-key", input("key")),
            ("cache-hit", "true"),
        ]),
        "actions/upload-artifact" => {
            let mut outputs = Outputs::known([("artifact-id", "1")]);
            outputs.unknown = ["artifact-url", "artifact-digest"].map(str::to_owned).to_vec();
            outputs
        }
        "actions/download-artifact" => Outputs::known([("download-path", input("path"))]),
        "docker/metadata-action" => metadata(given, &github),
        "docker/build-push-action" => {
            let digest = digest(&[input("tags"), input("context"), &github("sha")].concat());
            let mut outputs = Outputs::known([("digest", &digest), ("imageid", &digest)]);
            outputs.unknown.push("metadata".to_owned());
            outputs
        }
        "docker/login-action" | "docker/setup-qemu-action" | "azure/setup-kubectl" | "azure/setup-helm" => {
            Outputs::default()
        }
        "aws-actions/amazon-ecr-login" => Outputs::known([("registry", ECR)]),
        "aws-actions/configure-aws-credentials" => Outputs::known([("aws-account-id", "123456789012")]),
        "dorny/paths-filter" => paths(input("filters"), contexts),
        _ => Outputs::unknown(),
    }
}

/// A name for a content, as a registry gives one. It is no SHA-256.
fn digest(content: &str) -> String {
    ["sha256:", &hexadecimal(&mut Rng::stream(0, content))].concat()
}

/// 64 digits.
pub(super) fn hexadecimal(random: &mut Rng) -> String {
    (0..4).fold(String::new(), |mut text, _| {
        let _ = write!(text, "{:016x}", random.bits());
        text
    })
}

/// `docker/metadata-action`: the names of an image, by rules of which the common ones are known.
fn metadata(given: &BTreeMap<String, String>, github: &dyn Fn(&str) -> String) -> Outputs {
    let lines = |name: &str| {
        let text = given.get(name).map_or("", String::as_str);
        let lines = text.lines().flat_map(|line| line.split(if name == "images" { ',' } else { '\n' }));
        lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<String>>()
    };
    let rules = lines("tags");
    let usual = ["type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr"];
    let rules = if rules.is_empty() { usual.map(str::to_owned).to_vec() } else { rules };
    let (kind, name, sha) = (github("ref_type"), github("ref_name"), github("sha"));
    let event = github("event_name");
    let mut tags: Vec<String> = Vec::new();
    let mut latest = false;
    for rule in &rules {
        let parts: BTreeMap<&str, &str> = rule.split(',').filter_map(|part| part.split_once('=')).collect();
        let part = |name: &str| parts.get(name).copied().unwrap_or("");
        if part("enable") == "false" {
            continue;
        }
        let version = name.strip_prefix('v').unwrap_or(&name);
        let numbers: Vec<&str> = version.split('.').collect();
        let tagged = kind == "tag";
        let (tag, prefix) = match (part("type"), part("event")) {
            ("sha", _) => {
                let short = if part("format") == "long" { &sha } else { sha.get(..7).unwrap_or(&sha) };
                (Some(short.to_owned()), "sha-")
            }
            ("raw", _) => (Some(part("value").to_owned()), ""),
            ("ref", "branch") => ((kind == "branch" && event != "pull_request").then(|| name.clone()), ""),
            ("ref", "tag") => (tagged.then(|| name.clone()), ""),
            ("ref", "pr") => ((event == "pull_request").then(|| "1".to_owned()), "pr-"),
            ("semver", _) => {
                let filled = part("pattern")
                    .replace("{{version}}", version)
                    .replace("{{major}}", numbers.first().unwrap_or(&""))
                    .replace("{{minor}}", numbers.get(1).unwrap_or(&""));
                (tagged.then_some(filled), "")
            }
            ("", _) if !rule.contains('=') => (Some(rule.clone()), ""),
            _ => (None, ""),
        };
        let prefix = parts.get("prefix").copied().unwrap_or(prefix);
        let Some(tag) = tag.filter(|tag| !tag.is_empty()) else { continue };
        latest |= matches!(part("type"), "semver") || (part("type"), part("event")) == ("ref", "tag");
        let tag = [prefix, &tag, part("suffix")].concat().replace('/', "-");
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if latest && !tags.iter().any(|tag| tag == "latest") {
        tags.push("latest".to_owned());
    }
    let images = lines("images");
    let full = images.iter().flat_map(|image| tags.iter().map(move |tag| [image, ":", tag].concat()));
    let full: Vec<String> = full.collect();
    let version = tags.first().map_or("", String::as_str);
    let mut outputs = Outputs::known([("tags", &full.join("\n")), ("version", version)]);
    outputs.unknown = ["labels", "json", "annotations", "bake-file"].map(str::to_owned).to_vec();
    outputs
}

/// `dorny/paths-filter`: which of some patterns a changed file fits.
fn paths(filters: &str, contexts: &Contexts) -> Outputs {
    let Some(changed) = contexts.changed().filter(|_| !filters.contains(UNKNOWN)) else {
        return Outputs::unknown();
    };
    let Some(node) = yaml::parse(filters, yaml::START).ok().and_then(|nodes| nodes.into_iter().next()) else {
        return Outputs::unknown();
    };
    let mut outputs = Outputs::default();
    let mut found = Vec::new();
    for (name, patterns) in entries(Some(&node)) {
        let patterns: Vec<String> = match &patterns.content {
            Content::List(items) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
            _ => patterns.text().map(str::to_owned).into_iter().collect(),
        };
        let fits = changed.iter().any(|path| lets_in(&patterns, path));
        outputs.put(name, if fits { "true" } else { "false" });
        if fits {
            found.push(name);
        }
    }
    outputs.put("changes", &serde_json::Value::from(found).to_string());
    outputs
}
