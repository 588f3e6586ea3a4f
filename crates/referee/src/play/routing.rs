//! Cases of routing: a manifest and requests; what our routing table decides on them.

use std::path::Path;

use opscape_lab::Lang;
use opscape_lab::words::fill;
use opscape_manifest::api::Object;
use opscape_manifest::check::{Document, Role, check};
use opscape_manifest::defaults;
use opscape_manifest::tree::{Content, Node};
use opscape_manifest::value::Value;
use opscape_network::route::service::{Via, connect, first, node_port_conflicts};
use opscape_network::route::{Objects, Reason, Request, Table, report};
use serde_json::{Value as Json, json};

use super::caught;

/// Plays the families of a folder into another one. Says which of them could not be played.
pub fn play_routing(cases: &Path, out: &Path) -> Result<(), String> {
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    for path in families(cases)? {
        let Some(name) = path.file_name() else { continue };
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let list: Vec<Json> =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let answers: Vec<Json> = list.iter().map(play_case).collect();
        let text = serde_json::to_string_pretty(&answers).map_err(|error| error.to_string())?;
        let to = out.join(name);
        std::fs::write(&to, text).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// The files of cases in a folder, in order.
pub fn families(folder: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    Ok(files)
}

/// Plays one case. A request that panics says so.
pub fn play_case(case: &Json) -> Json {
    let manifest = case.get("manifest").and_then(Json::as_str).unwrap_or_default();
    let requests = case.get("requests").and_then(Json::as_array).cloned().unwrap_or_default();
    let answers = requests.iter().map(|request| {
        let (actual, reasons) = caught(|| answer(manifest, request))
            .unwrap_or_else(|error| (json!({ "decision": "panicked" }), vec![error]));
        json!({ "actual": actual, "reasons": reasons })
    });
    json!({ "id": case.get("id"), "requests": answers.collect::<Vec<_>>() })
}

fn answer(manifest: &str, case: &Json) -> (Json, Vec<String>) {
    let member = |key: &str| case.get(key).and_then(Json::as_str).unwrap_or_default();
    let headers = case.get("headers").and_then(Json::as_object);
    let headers: Vec<(String, String)> = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let checked = check(manifest);
    let objects = Objects::of_text(checked.documents.iter().filter_map(|one| object(one, manifest)));
    match member("url") {
        "check:manifest" => {
            let refused = checked.has_errors() || !node_port_conflicts(&objects).is_empty();
            let messages = checked.diagnostics.into_iter().map(|diagnostic| diagnostic.message);
            let word = if refused { "invalid_manifest" } else { "valid" };
            (json!({ "decision": word }), messages.collect())
        }
        url @ ("service:internal" | "service:external") => {
            let via = if url == "service:internal" { Via::Inside } else { Via::Outside };
            let node = headers.iter().find(|(name, _)| name == "x-sim-node").map(|(_, value)| value.as_str());
            let Some((service, port)) = first(&objects) else { return (json!({}), Vec::new()) };
            let connection = connect(&objects, service, port, via, node);
            let actual = report::connection(&service.metadata.name, &connection);
            (serde_json::to_value(actual).unwrap_or_default(), words(&connection.reasons))
        }
        url => {
            let request = match Request::new(member("method"), url, headers) {
                Ok(request) => request,
                Err(error) => return (json!({}), vec![fill(Lang::En, error.key(), &[("url", url)])]),
            };
            let table = Table::compile(&objects);
            let (decision, reasons) = table.explain(&request);
            let mut actual =
                serde_json::to_value(report::decision(&table, &request, &decision)).unwrap_or_default();
            if let Some(map) = actual.as_object_mut()
                && let Some(headers) = map.remove("headers")
            {
                map.insert("absent_headers".to_owned(), headers.clone());
                map.insert("set_headers".to_owned(), headers);
            }
            (actual, words(&reasons))
        }
    }
}

/// The object of a document. The cases are written in YAML 1.2, where `y` is a text; kubectl's YAML 1.1 reads `true`, and
/// the API server would refuse the header of that name.
fn object(document: &Document, text: &str) -> Option<Object> {
    fn value(node: &Node, text: &str) -> Value {
        match &node.content {
            Content::Scalar(value @ Value::Bool(_)) => {
                let written = text.get(node.span.start.offset as usize..node.span.end.offset as usize);
                let word =
                    written.filter(|word| !matches!(word.to_ascii_lowercase().as_str(), "true" | "false"));
                word.map_or_else(|| value.clone(), Value::from)
            }
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::List(items.iter().map(|item| value(item, text)).collect()),
            Content::Map(entries) => {
                let entries = entries.iter().map(|entry| (entry.key.clone(), value(&entry.value, text)));
                Value::Map(entries.collect())
            }
        }
    }
    if document.role != Role::Object {
        return None;
    }
    let mut value = value(&document.root, text);
    defaults::apply(&mut value);
    Object::from_value(&value).ok()
}

fn words(reasons: &[Reason]) -> Vec<String> {
    let say = |reason: &Reason| {
        let values: Vec<(&str, &str)> =
            reason.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(Lang::En, reason.key, &values)
    };
    reasons.iter().map(say).collect()
}
