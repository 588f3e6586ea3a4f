//! What the real server made of manifests: recorded objects remember what was applied (`last-applied-configuration`),
//! so their specs show the defaults.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken recording should fail the test")]

use opscape_manifest::api::Object;
use opscape_manifest::patch::last_applied;
use opscape_manifest::schema::normalize;
use opscape_manifest::value::Value;
use opscape_manifest::{check, client, defaults, validation};

/// What the server or a controller fills in from the rest of the cluster.
fn without_allocations(spec: &Value, kind: &str) -> Value {
    let mut spec = spec.clone();
    let fields: &[&str] = match kind {
        "Service" => &["clusterIP", "clusterIPs"],
        "Job" => &["selector", "template"],
        "PersistentVolumeClaim" => &["volumeName", "storageClassName"],
        _ => &[],
    };
    if let Value::Map(map) = &mut spec {
        for field in fields {
            map.remove(*field);
        }
    }
    spec
}

#[test]
fn recorded_specs_have_our_defaults() {
    let path = format!("{}/tests/defaults/recorded.yaml", env!("CARGO_MANIFEST_DIR"));
    let checked = check(&std::fs::read_to_string(path).unwrap());
    let mut kinds = std::collections::BTreeSet::new();
    for document in &checked.documents {
        let Some(applied) = last_applied(&document.value) else { continue };
        // Changed by hand or by a controller since.
        if document.value.at(&["metadata", "generation"]).and_then(Value::as_int).is_some_and(|n| n > 1) {
            continue;
        }
        let kind = document.kind();
        // Admission adds a service account, its volume and tolerations to pods.
        if kind == "Pod" {
            continue;
        }
        let ty = client::accept(&applied, "STDIN").unwrap();
        let mut value = normalize(&applied, ty);
        defaults::apply(&mut value);
        assert_eq!(validation::create(&value), [], "{kind}");
        let value = Object::from_value(&value).unwrap().to_value();
        for part in ["spec", "data", "type", "rules", "roleRef", "subjects"] {
            let have = without_allocations(value.get(part).unwrap_or(&Value::Null), kind);
            let want = without_allocations(document.value.get(part).unwrap_or(&Value::Null), kind);
            assert_eq!(have, want, "{kind} {} {part}", document.name());
        }
        kinds.insert(kind.to_owned());
    }
    assert!(kinds.len() >= 8, "{kinds:?}");
}
