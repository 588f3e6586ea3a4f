//! What Tab offers in the terminal: programs, kubectl's commands, kinds, names of objects, files, formats.

use opscape_lab::{Session as Lab, World};
use opscape_shell::programs;

use crate::session::Session;

const VERBS: [&str; 27] = [
    "annotate",
    "api-resources",
    "apply",
    "cluster-info",
    "config",
    "cordon",
    "create",
    "delete",
    "describe",
    "diff",
    "drain",
    "edit",
    "events",
    "explain",
    "expose",
    "get",
    "label",
    "logs",
    "patch",
    "replace",
    "rollout",
    "run",
    "scale",
    "set",
    "taint",
    "uncordon",
    "wait",
];
const ROLLOUT: [&str; 6] = ["history", "pause", "restart", "resume", "status", "undo"];
/// As typed, and the kind.
const KINDS: [(&str, &str); 9] = [
    ("pods", "Pod"),
    ("deployments", "Deployment"),
    ("replicasets", "ReplicaSet"),
    ("services", "Service"),
    ("nodes", "Node"),
    ("namespaces", "Namespace"),
    ("configmaps", "ConfigMap"),
    ("secrets", "Secret"),
    ("events", "Event"),
];
const SHORT: [(&str, &str); 8] = [
    ("po", "Pod"),
    ("deploy", "Deployment"),
    ("rs", "ReplicaSet"),
    ("svc", "Service"),
    ("no", "Node"),
    ("ns", "Namespace"),
    ("cm", "ConfigMap"),
    ("ev", "Event"),
];
const FORMATS: [&str; 6] = ["wide", "yaml", "json", "name", "jsonpath=", "custom-columns="];

/// What the last word of a line could become: the line up to it, and the words.
pub fn complete(session: &Session, line: &str) -> (String, Vec<String>) {
    let at = line.rfind([' ', '|', ';', '&']).map_or(0, |at| at + 1);
    let (before, word) = line.split_at(at);
    let command = before.rsplit(['|', ';', '&']).next().unwrap_or(before);
    let words: Vec<&str> = command.split_whitespace().collect();
    let mut found = session.with_world(|world| choices(world, &words, word)).unwrap_or_default();
    found.retain(|choice| choice.starts_with(word) && choice != word);
    found.sort();
    found.dedup();
    (before.to_owned(), found)
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn kind_of(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let plural = KINDS.iter().find(|(name, _)| *name == word || name.strip_suffix('s') == Some(&word));
    plural.or_else(|| SHORT.iter().find(|(name, _)| *name == word)).map(|(_, kind)| *kind)
}

fn names(world: &Lab, kind: &str, namespace: Option<&str>) -> Vec<String> {
    let scoped = !matches!(kind, "Node" | "Namespace");
    let objects = world.cluster().store().objects(kind, namespace.filter(|_| scoped));
    objects.iter().map(|object| object.meta().name.to_string()).take(300).collect()
}

fn choices(world: &Lab, words: &[&str], word: &str) -> Vec<String> {
    let Some(program) = words.first() else {
        return programs().iter().map(|program| program.name.to_owned()).collect();
    };
    if !matches!(*program, "kubectl" | "k") {
        return World::files(world);
    }
    let namespace = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(flag, _)| matches!(**flag, "-n" | "--namespace"))
        .map(|(_, name)| *name);
    match words.last().copied() {
        Some("-n" | "--namespace") => return names(world, "Namespace", None),
        Some("-o" | "--output") => return owned(&FORMATS),
        Some("-f" | "--filename") => return World::files(world),
        _ => {}
    }
    if word.starts_with('-') {
        return owned(&[
            "-n",
            "-o",
            "-w",
            "-A",
            "-l",
            "-f",
            "--all-namespaces",
            "--replicas=",
            "--selector=",
            "--to-revision=",
            "--for=",
            "--timeout=",
        ]);
    }
    let mut plain: Vec<&str> = Vec::new();
    let mut skip = false;
    for word in words.iter().skip(1) {
        if std::mem::take(&mut skip) {
            continue;
        }
        if word.starts_with('-') {
            skip = matches!(*word, "-n" | "--namespace" | "-o" | "--output" | "-l" | "-f");
        } else {
            plain.push(word);
        }
    }
    let kinds = || -> Vec<String> { KINDS.iter().map(|(name, _)| (*name).to_owned()).collect() };
    let slashed = |kinds: &[&str]| -> Vec<String> {
        kinds
            .iter()
            .filter_map(|short| Some((short, kind_of(short)?)))
            .flat_map(|(short, kind)| {
                names(world, kind, namespace).into_iter().map(move |name| format!("{short}/{name}"))
            })
            .collect()
    };
    match plain.as_slice() {
        [] => owned(&VERBS),
        ["rollout"] => owned(&ROLLOUT),
        ["rollout", _] | ["scale"] => slashed(&["deployment"]),
        ["set"] => owned(&["image"]),
        ["set", "image"] => slashed(&["deployment"]),
        ["set", "image", target] => {
            let name = target.rsplit('/').next().unwrap_or(target);
            containers(world, name)
        }
        ["cordon" | "uncordon" | "drain"] => names(world, "Node", None),
        ["logs"] => names(world, "Pod", namespace),
        [_] => match word.split_once('/') {
            Some((kind, _)) => slashed(&[kind]),
            None => kinds(),
        },
        [_, kind, ..] => kind_of(kind).map(|kind| names(world, kind, namespace)).unwrap_or_default(),
    }
}

/// `NAME=` for each container of a Deployment.
fn containers(world: &Lab, deployment: &str) -> Vec<String> {
    let store = world.cluster().store();
    let all = store.list::<opscape_manifest::api::apps::Deployment>(None);
    let found = all.filter(|found| &*found.metadata.name == deployment);
    found
        .flat_map(|found| {
            found.spec.template.spec.containers.iter().map(|container| format!("{}=", container.name))
        })
        .collect()
}
