//! `kubectl apply`: what is sent, remembered and computed.

use super::diff::{self, Options};
use super::strategic::merge_map;
use crate::print::to_json;
use crate::schema::Type;
use crate::value::{Map, Value};

/// The annotation in which kubectl keeps what was applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The document as `kubectl apply` sends it: in a namespace (if the kind lives in one and it names none), and with the
/// annotation that remembers it.
#[must_use]
pub fn modified(document: &Value, namespace: Option<&str>) -> Value {
    let mut map = document.as_map().cloned().unwrap_or_default();
    let metadata = map.entry("metadata".to_owned()).or_insert_with(|| Value::Map(Map::new()));
    if let Value::Map(metadata) = metadata {
        if let Some(namespace) = namespace
            && metadata.get("namespace").and_then(Value::as_str).is_none_or(str::is_empty)
        {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
        let annotations = metadata.entry("annotations".to_owned()).or_insert(Value::Null);
        if annotations.is_null() {
            *annotations = Value::Map(Map::new());
        }
        if let Value::Map(annotations) = annotations {
            annotations.remove(LAST_APPLIED);
        }
    }
    let mut value = Value::Map(map);
    let remembered = to_json(&value) + "\n";
    if let Some(Value::Map(metadata)) = value.as_map_mut().and_then(|map| map.get_mut("metadata"))
        && let Some(Value::Map(annotations)) = metadata.get_mut("annotations")
    {
        annotations.insert(LAST_APPLIED.to_owned(), remembered.into());
    }
    value
}

/// What was applied last to a stored object, if `kubectl apply` made or changed it.
pub fn last_applied(object: &Value) -> Option<Value> {
    let text = object.at(&["metadata", "annotations"])?.str_at(&[LAST_APPLIED])?;
    let parsed = crate::tree::parse(
        text,
        crate::diagnostic::Position { line: 1, column: 1, offset: 0 },
        crate::tree::Limits::default(),
    );
    parsed.root.map(|root| root.to_value())
}

/// The patch `kubectl apply` sends for a stored object: changes from `current` to `modified`, and deletions of what
/// `original` (applied last) had and `modified` has not. An empty map: nothing to do ("unchanged").
///
/// # Errors
/// Where the two differences contradict each other (upstream has the same errors).
pub fn three_way(
    original: Option<&Value>,
    modified: &Value,
    current: &Value,
    ty: Type,
) -> Result<Value, String> {
    let empty = Map::new();
    let map = |value: &'_ Value| value.as_map().cloned().unwrap_or_default();
    let (modified, current) = (map(modified), map(current));
    let original = original.and_then(Value::as_map).unwrap_or(&empty);
    let mut delta =
        diff::maps(&current, &modified, Some(ty), Options { changes: true, deletions: false }, false);
    let mut patch =
        diff::maps(original, &modified, Some(ty), Options { changes: false, deletions: true }, false);
    merge_map(&mut patch, &mut delta, Some(ty), false)?;
    Ok(Value::Map(patch))
}

#[cfg(test)]
mod tests {
    use super::super::strategic;
    use super::super::tests::value;
    use super::*;

    fn ty() -> Type {
        Type::of("apps/v1", "Deployment").unwrap()
    }

    fn deployment(replicas: &str, containers: &str) -> Value {
        value(&format!(
            r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web"}},"spec":{{{replicas}"template":{{"spec":{{"containers":{containers}}}}}}}}}"#
        ))
    }

    #[test]
    fn what_is_sent_remembers_itself() {
        let sent = modified(&deployment("", "[]"), Some("ns"));
        assert_eq!(
            sent.at(&["metadata", "annotations"]).and_then(|a| a.str_at(&[LAST_APPLIED])),
            Some(
                "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"annotations\":{},\"name\":\"web\",\"namespace\":\"ns\"},\"spec\":{\"template\":{\"spec\":{\"containers\":[]}}}}\n"
            )
        );
        assert_eq!(modified(&sent, Some("ns")), sent, "applying what was applied changes nothing");
        assert!(last_applied(&sent).is_some());
    }

    #[test]
    fn others_changes_stay_and_own_removals_go() {
        let original = deployment(
            r#""replicas":2,"#,
            r#"[{"name":"a","image":"1","env":[{"name":"K1"},{"name":"K2"}]}]"#,
        );
        let current = deployment(
            r#""replicas":5,"#,
            r#"[{"name":"a","image":"1","imagePullPolicy":"Always","env":[{"name":"K1"},{"name":"K2"},{"name":"Z"}]}]"#,
        );
        let wanted = deployment("", r#"[{"name":"a","image":"2","env":[{"name":"K1"}]}]"#);
        let mut patch = three_way(Some(&original), &wanted, &current, ty()).unwrap();
        let after = strategic(&current, &mut patch, ty()).unwrap();
        assert_eq!(
            after,
            deployment(
                "",
                r#"[{"name":"a","image":"2","imagePullPolicy":"Always","env":[{"name":"K1"},{"name":"Z"}]}]"#
            )
        );
        let mut again = three_way(Some(&wanted), &wanted, &after, ty()).unwrap();
        assert!(
            again.at(&["spec", "replicas"]).is_none(),
            "only the order of lists that others added to is left"
        );
        assert_eq!(strategic(&after, &mut again, ty()).unwrap(), after);
    }

    #[test]
    fn nothing_to_do_is_an_empty_patch() {
        let applied = deployment("", r#"[{"name":"a","image":"1"}]"#);
        let live = deployment(r#""replicas":5,"#, r#"[{"name":"a","image":"1","imagePullPolicy":"Always"}]"#);
        assert_eq!(three_way(Some(&applied), &applied, &live, ty()).unwrap(), value("{}"));
    }

    #[test]
    fn repeated_container_names_merge_and_then_delete_themselves() {
        let one = deployment("", r#"[{"name":"c","image":"nginx"}]"#);
        let two = deployment("", r#"[{"name":"c","image":"nginx"},{"name":"c","image":"redis"}]"#);
        let mut patch = three_way(Some(&one), &two, &one, ty()).unwrap();
        let live = strategic(&one, &mut patch, ty()).unwrap();
        assert_eq!(live, one, "the second of the same name is merged into the first");
        let mut patch = three_way(Some(&two), &one, &live, ty()).unwrap();
        assert_eq!(strategic(&live, &mut patch, ty()).unwrap(), deployment("", "[]"));
    }
}
