//! `kubectl create role|clusterrole|rolebinding|clusterrolebinding`.

use opscape_manifest::value::Value;

use crate::kubectl::literal::{map, some_list, texts};
use crate::kubectl::target::resource;
use crate::kubectl::{Call, Failure, Outcome, words};

pub(in crate::kubectl) const ROLE_FLAGS: &str = "verb* resource* resource-name& non-resource-url* aggregation-rule= \
    o|output= dry-run?unchanged save-config! validate?strict field-manager=";

/// The rules of `--verb` and `--resource`: one for each API group.
fn rules(call: &Call<'_, '_>) -> Result<Vec<Value>, Failure> {
    let mut verbs = call.flags.texts("verb");
    if verbs.contains(&"*") {
        verbs = vec!["*"];
    }
    verbs.retain(|verb| !verb.is_empty());
    if verbs.is_empty() {
        return words("at least one verb must be specified");
    }
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for word in call.flags.texts("resource") {
        let (name, sub) = word.split_once('/').map_or((word, None), |(name, sub)| (name, Some(sub)));
        let found = resource(name)?;
        let name = match sub {
            Some(sub) => format!("{}/{sub}", found.plural),
            None => found.plural.to_owned(),
        };
        match groups.iter_mut().find(|(group, _)| *group == found.group()) {
            Some((_, names)) => names.push(name),
            None => groups.push((found.group(), vec![name])),
        }
    }
    if groups.is_empty() {
        return words("at least one resource must be specified");
    }
    let only = call.flags.texts("resource-name");
    Ok(groups
        .into_iter()
        .map(|(group, names)| {
            map([
                ("apiGroups", Value::List(vec![Value::from(group)])),
                ("resourceNames", texts(&only)),
                ("resources", texts(&names)),
                ("verbs", texts(&verbs)),
            ])
        })
        .collect())
}

pub(in crate::kubectl) fn role(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let value = map([
        ("apiVersion", Value::from("rbac.authorization.k8s.io/v1")),
        ("kind", Value::from("Role")),
        ("metadata", call.metadata(&name)),
        ("rules", Value::List(rules(call)?)),
    ]);
    call.make("role", value)
}

pub(in crate::kubectl) fn cluster_role(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let value = map([
        ("apiVersion", Value::from("rbac.authorization.k8s.io/v1")),
        ("kind", Value::from("ClusterRole")),
        ("metadata", map([("name", Value::from(name))])),
        ("rules", Value::List(rules(call)?)),
    ]);
    call.make("clusterrole", value)
}

pub(in crate::kubectl) const BINDING_FLAGS: &str = "role= clusterrole= user* group* serviceaccount* o|output= \
    dry-run?unchanged save-config! validate?strict field-manager=";

fn subjects(call: &Call<'_, '_>) -> Result<Value, Failure> {
    let mut found = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        for name in call.flags.texts(flag) {
            found.push(map([
                ("apiGroup", Value::from("rbac.authorization.k8s.io")),
                ("kind", Value::from(kind)),
                ("name", Value::from(name)),
            ]));
        }
    }
    for account in call.flags.texts("serviceaccount") {
        let Some((namespace, name)) = account.split_once(':').filter(|(a, b)| !a.is_empty() && !b.is_empty())
        else {
            return words("serviceaccount must be <namespace>:<name>");
        };
        found.push(map([
            ("kind", Value::from("ServiceAccount")),
            ("name", Value::from(name)),
            ("namespace", Value::from(namespace)),
        ]));
    }
    Ok(some_list(found))
}

fn reference(kind: &str, name: &str) -> Value {
    map([
        ("apiGroup", Value::from("rbac.authorization.k8s.io")),
        ("kind", Value::from(kind)),
        ("name", Value::from(name)),
    ])
}

pub(in crate::kubectl) fn role_binding(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let reference = match (call.flags.text("role"), call.flags.text("clusterrole")) {
        (Some(role), None) => reference("Role", role),
        (None, Some(role)) => reference("ClusterRole", role),
        _ => return words("exactly one of clusterrole or role must be specified"),
    };
    let value = map([
        ("apiVersion", Value::from("rbac.authorization.k8s.io/v1")),
        ("kind", Value::from("RoleBinding")),
        ("metadata", call.metadata(&name)),
        ("roleRef", reference),
        ("subjects", subjects(call)?),
    ]);
    call.make("rolebinding", value)
}

pub(in crate::kubectl) fn cluster_role_binding(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let Some(role) = call.flags.text("clusterrole") else {
        return words("required flag(s) \"clusterrole\" not set");
    };
    let value = map([
        ("apiVersion", Value::from("rbac.authorization.k8s.io/v1")),
        ("kind", Value::from("ClusterRoleBinding")),
        ("metadata", map([("name", Value::from(name))])),
        ("roleRef", reference("ClusterRole", role)),
        ("subjects", subjects(call)?),
    ]);
    call.make("clusterrolebinding", value)
}
