//! Manifests given with `-f` (k8s.io/cli-runtime/pkg/resource/visitor.go).

use opscape_manifest::client;
use opscape_manifest::diagnostic::{Position, Severity};
use opscape_manifest::text;
use opscape_manifest::tree::{self, Limits};
use opscape_manifest::value::{Map, Value};

use super::print;
use super::target::{Target, Targets};
use super::{Call, Failure, Resource, words};

/// A document of a manifest, ready to be sent: its kind is known and its namespace is set.
pub(crate) struct Manifest {
    /// `STDIN` or the path of the file.
    pub source: String,
    pub resource: &'static Resource,
    pub namespace: String,
    pub name: String,
    /// As written, with its namespace.
    pub value: Value,
}

/// The documents that can be sent, and what is wrong with the others.
pub(crate) fn read(call: &mut Call<'_, '_>) -> Result<(Vec<Manifest>, Vec<Failure>), Failure> {
    let paths: Vec<String> = call.flags.texts("filename").into_iter().map(str::to_owned).collect();
    let mut manifests = Vec::new();
    let mut failures = Vec::new();
    for path in paths {
        for (source, text) in texts(&path, call)? {
            read_text(&source, &text, call, &mut manifests, &mut failures);
        }
    }
    Ok((manifests, failures))
}

/// The texts behind a path: standard input, a file, the files of a folder.
fn texts(path: &str, call: &mut Call<'_, '_>) -> Result<Vec<(String, String)>, Failure> {
    if path == "-" {
        return Ok(vec![("STDIN".to_owned(), std::mem::take(&mut call.io.input))]);
    }
    if let Some((_, rest)) = path.split_once("://") {
        let host = rest.split('/').next().unwrap_or(rest);
        return words(format!("Unable to connect to the server: dial tcp: lookup {host}: no such host"));
    }
    if let Some(text) = call.scope.shell.file(call.scope.world, path) {
        return Ok(vec![(path.to_owned(), text)]);
    }
    let folder = path.trim_start_matches("./").trim_end_matches('/');
    let recursive = call.flags.truth("recursive");
    let inside = |file: &String| {
        let rest = if matches!(folder, "" | ".") {
            Some(file.as_str())
        } else {
            file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'))
        };
        let manifest = [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end));
        manifest && rest.is_some_and(|rest| recursive || !rest.contains('/'))
    };
    let mut files: Vec<String> = call.scope.world.files();
    files.extend(call.scope.shell.files.keys().cloned());
    files.retain(inside);
    crate::sorted::distinct(&mut files);
    if files.is_empty() {
        return words(format!("the path \"{path}\" does not exist"));
    }
    Ok(files
        .into_iter()
        .filter_map(|file| call.scope.shell.file(call.scope.world, &file).map(|text| (file, text)))
        .collect())
}

fn read_text(
    source: &str,
    text: &str,
    call: &Call<'_, '_>,
    manifests: &mut Vec<Manifest>,
    failures: &mut Vec<Failure>,
) {
    for document in text::split(text) {
        let start = Position { line: 1, column: 1, offset: 0 };
        let parsed = tree::parse(document.text, start, Limits::default());
        let broken = parsed.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
        if let Some(broken) = broken {
            let message = &broken.message;
            let message = message.strip_prefix("error converting YAML to JSON: ").unwrap_or(message);
            let message = message.strip_prefix("yaml: ").unwrap_or(message);
            let words = format!("error parsing {source}: error converting YAML to JSON: yaml: {message}");
            failures.push(Failure::Words(words));
            return;
        }
        let Some(root) = parsed.root else { continue };
        for value in flatten(root.to_value()) {
            if value.is_null() {
                continue;
            }
            match manifest(source, value, call) {
                Ok(manifest) => manifests.push(manifest),
                Err(failure) => failures.push(failure),
            }
        }
    }
}

fn flatten(value: Value) -> Vec<Value> {
    let is_list = print::text(&value, "kind").ends_with("List") && value.get("items").is_some();
    match value {
        Value::Map(mut map) if is_list => match map.remove("items") {
            Some(Value::List(items)) => items.into_iter().flat_map(flatten).collect(),
            _ => Vec::new(),
        },
        other => vec![other],
    }
}

fn manifest(source: &str, mut value: Value, call: &Call<'_, '_>) -> Result<Manifest, Failure> {
    client::accept(&value, source).map_err(|refusal| Failure::Words(refusal.message))?;
    let (api_version, kind) = (print::text(&value, "apiVersion"), print::text(&value, "kind"));
    let name = print::text(&value, "metadata.name").to_owned();
    let given = print::text(&value, "metadata.namespace").to_owned();
    let Some(resource) = Resource::of(api_version, kind) else {
        return words(format!(
            "resource mapping not found for name: \"{name}\" namespace: \"{given}\" from \"{source}\": no matches for kind \"{kind}\" in version \"{api_version}\"\nensure CRDs are installed first"
        ));
    };
    let namespace = if !resource.namespaced {
        String::new()
    } else if given.is_empty() {
        call.namespace()
    } else {
        let wanted = call.flags.text("namespace");
        if let Some(wanted) = wanted.filter(|wanted| *wanted != given) {
            return words(format!(
                "the namespace from the provided object \"{given}\" does not match the namespace \"{wanted}\". You must pass '--namespace={given}' to perform this operation."
            ));
        }
        given
    };
    if resource.namespaced
        && let Some(map) = value.as_map_mut()
    {
        let metadata = map.entry("metadata".to_owned()).or_insert_with(|| Value::Map(Map::new()));
        if let Some(metadata) = metadata.as_map_mut() {
            metadata.insert("namespace".to_owned(), Value::from(namespace.clone()));
        }
    }
    Ok(Manifest { source: source.to_owned(), resource, namespace, name, value })
}

/// The stored objects that the documents of `-f` name.
pub(crate) fn targets(call: &mut Call<'_, '_>) -> Result<Targets, Failure> {
    let (manifests, failures) = read(call)?;
    Failure::all(failures)?;
    let mut resources: Vec<&'static Resource> = Vec::new();
    let mut targets = Vec::new();
    for manifest in manifests {
        if !resources.contains(&manifest.resource) {
            resources.push(manifest.resource);
        }
        let found = call.read(manifest.resource, &manifest.namespace, &manifest.name);
        let Manifest { resource, namespace, name, .. } = manifest;
        targets.push(Target { resource, name, namespace, found });
    }
    let singular = targets.len() == 1;
    let several_kinds = resources.len() > 1;
    Ok(Targets { found: targets, resources, singular, several_kinds, named: true })
}
