//! Documents that are no Kubernetes objects but something that stands near them: files of other tools, command lines,
//! what a terminal printed.

use crate::value::Value;

/// What a document is instead, as the key of a hint; `root` is its content as far as it is YAML.
pub(super) fn kind_of(root: &Value, text: &str) -> Option<&'static str> {
    match root {
        Value::Map(_) => of_map(root).or_else(|| of_text(text)),
        Value::List(items) => {
            let play = |item: &Value| item.get("hosts").is_some() && item.get("tasks").is_some();
            items.iter().any(play).then_some("hint.pasted-ansible").or_else(|| of_text(text))
        }
        _ => of_text(text),
    }
}

fn of_map(root: &Value) -> Option<&'static str> {
    let has = |key: &str| root.get(key).is_some();
    let version = root.str_at(&["apiVersion"]).unwrap_or_default();
    if has("services") && root.get("services").and_then(Value::as_map).is_some_and(is_compose) {
        return Some("hint.pasted-compose");
    }
    if has("name") && has("version") && matches!(version, "v1" | "v2") && !has("metadata") {
        return Some("hint.pasted-chart");
    }
    if has("replicaCount") || root.at(&["image", "repository"]).is_some() {
        return Some("hint.pasted-values");
    }
    let lists =
        ["resources", "patches", "patchesStrategicMerge", "configMapGenerator", "images", "components"];
    let listed = lists.iter().any(|key| root.get(key).and_then(Value::as_list).is_some());
    if listed && !has("metadata") {
        return Some("hint.pasted-kustomization");
    }
    if root.str_at(&["type"]).is_some_and(is_kind) && !has("kind") {
        return Some("hint.kind-not-type");
    }
    None
}

fn is_kind(word: &str) -> bool {
    crate::schema::kinds().any(|(_, kind)| kind == word)
}

fn is_compose(services: &crate::value::Map) -> bool {
    services.values().any(|service| service.get("image").is_some() || service.get("build").is_some())
}

/// Of a document's text, where its lines tell.
pub(super) fn of_text(text: &str) -> Option<&'static str> {
    let mut lines = text.lines().map(str::trim_end).filter(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("---")
    });
    let first = lines.next()?;
    let word = first.split_whitespace().next()?;
    let second = first.split_whitespace().nth(1).unwrap_or_default();
    Some(match word {
        _ if word.starts_with("```") => "hint.pasted-fence",
        _ if first.contains("<<") && first.contains("EOF") => "hint.pasted-heredoc",
        "$" | "#" | ">" | "kubectl" | "docker" | "helm" | "curl" | "sudo" | "minikube" | "kind"
            if !second.is_empty() =>
        {
            "hint.pasted-command"
        }
        "FROM" if !second.is_empty() => "hint.pasted-dockerfile",
        "resource" | "provider" | "variable" | "module" | "terraform" | "data" | "locals"
            if first.ends_with('{') =>
        {
            "hint.pasted-terraform"
        }
        "NAME" | "NAMESPACE" if second.chars().all(|c| c.is_ascii_uppercase()) && !second.is_empty() => {
            "hint.pasted-table"
        }
        "diff" | "@@" => "hint.pasted-diff",
        _ if word.starts_with('<') => "hint.pasted-html",
        _ if is_diff(text) => "hint.pasted-diff",
        _ => return None,
    })
}

/// Every line begins with a blank, `+` or `-`, and some with a sign that belongs to no list.
fn is_diff(text: &str) -> bool {
    let signed = |line: &str| line.starts_with(['+', '-']) && !line.starts_with("- ");
    let mut lines = text.lines().filter(|line| !line.is_empty());
    lines.clone().any(|line| line.starts_with('+') && signed(line))
        && lines.all(|line| line.starts_with([' ', '+', '-', '@']))
}
