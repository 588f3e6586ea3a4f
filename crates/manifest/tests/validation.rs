//! `kubectl apply -f -` of broken and odd manifests against a real v1.36.2 server: its words, to the letter.
//!
//! This plays what can be known from the document alone (and, for updates, from the stored object). Cases that need
//! the rest of the cluster are listed as such; the whole command line is played by `opscape-referee`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test")]

use std::collections::BTreeMap;

use opscape_manifest::schema::{bad_request, inspect, normalize};
use opscape_manifest::value::Value;
use opscape_manifest::{check, client, defaults, validation};

/// Needs more than the document: the namespace, other objects, flags of kubectl, the stored object's patch.
const ELSEWHERE: &[&str] = &[
    "unknown-field-validate-false",
    "unknown-field-validate-warn",
    "empty-input",
    "priorityclass-missing",
    "serviceaccount-missing",
    "namespace-missing",
];

fn apply(text: &str) -> (i64, String) {
    let checked = check(text);
    if let Some(broken) = checked.diagnostics.iter().find(|d| d.message.contains("converting YAML")) {
        return (1, format!("error: error parsing STDIN: {}\n", broken.message));
    }
    let document = checked.documents.first().unwrap();
    let (kind, version, name) = (document.kind(), document.api_version(), document.name());
    let ty = match client::accept(&document.value, "STDIN") {
        Ok(ty) => ty,
        Err(refusal) => return (1, format!("error: {}\n", refusal.message)),
    };
    let report = inspect(&document.value, ty);
    if let Some(message) = bad_request(kind, version, &report) {
        return (1, format!("Error from server (BadRequest): error when creating \"STDIN\": {message}\n"));
    }
    let mut value = normalize(&document.value, ty);
    defaults::apply(&mut value);
    let errors = validation::create(&value);
    if !errors.is_empty() {
        return (1, validation::invalid_for_kubectl(kind, name, &errors) + "\n");
    }
    let warnings = validation::warnings(&value).into_iter().map(|(_, words)| format!("Warning: {words}\n"));
    (0, warnings.collect())
}

#[test]
fn creating_is_refused_in_the_servers_words() {
    let path = format!("{}/tests/validation/cases.json", env!("CARGO_MANIFEST_DIR"));
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut tally: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case["path"] == "create") {
        let name = case["name"].as_str().unwrap();
        let Some(stdin) = case["stdin"].as_str() else { continue };
        if ELSEWHERE.contains(&name) {
            continue;
        }
        let kind = stdin.lines().find_map(|line| line.strip_prefix("kind: ")).unwrap_or("?").to_owned();
        let (rc, stderr) = apply(stdin);
        let exact = rc == case["rc"].as_i64().unwrap() && stderr == case["stderr"].as_str().unwrap();
        let count = tally.entry(kind).or_default();
        count.1 += 1;
        if exact {
            count.0 += 1;
        } else {
            wrong.push(format!("{name}\n  want {}\n  have {stderr}", case["stderr"].as_str().unwrap()));
        }
    }
    eprintln!("{tally:?}");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn setups_are_accepted() {
    let path = format!("{}/tests/validation/setup.yaml", env!("CARGO_MANIFEST_DIR"));
    let checked = check(&std::fs::read_to_string(path).unwrap());
    for document in &checked.documents {
        let ty = client::accept(&document.value, "STDIN").unwrap();
        let mut value: Value = normalize(&document.value, ty);
        defaults::apply(&mut value);
        assert_eq!(validation::create(&value), [], "{}", document.kind());
        assert_eq!(validation::update(&value, &value), [], "{}", document.kind());
    }
}
