//! Good texts to begin with: the manifests and commands of the recordings, and the built-in labs.

use std::path::Path;

use serde_json::Value as Json;

use crate::recording::{parse_actions, read};

/// All texts to begin with.
pub fn corpus(recordings: &Path, labs: &Path) -> Result<Vec<String>, String> {
    let scenarios = recordings.join("kubernetes");
    let entries =
        std::fs::read_dir(&scenarios).map_err(|error| format!("{}: {error}", scenarios.display()))?;
    let mut folders: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    folders.sort();
    let mut out = Vec::new();
    let labs = std::fs::read_dir(labs).map_err(|error| format!("{}: {error}", labs.display()))?;
    let mut labs: Vec<_> = labs.filter_map(Result::ok).map(|entry| entry.path()).collect();
    labs.sort();
    for lab in labs {
        // More of them: they have most parts.
        let text = read(&lab);
        out.extend([text.clone(), text.clone(), text.clone(), text]);
    }
    for folder in folders {
        for name in ["manifest.yaml", "nodes.yaml"] {
            out.push(read(&folder.join(name)));
        }
        for command in parse_actions(&read(&folder.join("actions.txt"))).into_iter().take(5) {
            out.push(command.stdin.join("\n"));
        }
    }
    let cases: Vec<Json> = serde_json::from_str(&read(&recordings.join("validation/cases.json")))
        .map_err(|error| format!("cases.json: {error}"))?;
    for case in cases {
        out.push(case.get("stdin").and_then(Json::as_str).unwrap_or_default().to_owned());
    }
    for path in crate::play::families(&recordings.join("routing"))? {
        let cases: Vec<Json> =
            serde_json::from_str(&read(&path)).map_err(|error| format!("{}: {error}", path.display()))?;
        for case in cases {
            out.push(case.get("manifest").and_then(Json::as_str).unwrap_or_default().to_owned());
        }
    }
    out.retain(|text| !text.trim().is_empty());
    Ok(out)
}
