//! Properties of `kubectl apply`'s patches over random Deployments.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken case should fail the test")]

use opscape_manifest::patch::{json_patch, merge, strategic, three_way};
use opscape_manifest::schema::Type;
use opscape_manifest::value::{Map, Value};
use proptest::prelude::*;

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn named(names: Vec<(u8, u8)>, prefix: &str, field: &'static str) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    names
        .into_iter()
        .filter(|(name, _)| seen.insert(*name))
        .map(|(name, value)| {
            map([("name", format!("{prefix}{name}").into()), (field, format!("v{value}").into())])
        })
        .collect()
}

/// A Deployment with some containers, each with some variables, and some labels.
fn deployment() -> impl Strategy<Value = Value> {
    let pairs = || prop::collection::vec((0..4_u8, 0..3_u8), 0..4);
    (prop::option::of(0..5_i64), pairs(), prop::collection::vec((pairs(), any::<bool>()), 4), pairs())
        .prop_map(|(replicas, containers, details, labels)| {
            let mut list = named(containers, "c", "image");
            for (container, (variables, tty)) in list.iter_mut().zip(details) {
                let Value::Map(container) = container else { continue };
                let variables = named(variables, "E", "value");
                if !variables.is_empty() {
                    container.insert("env".to_owned(), Value::List(variables));
                }
                if tty {
                    container.insert("tty".to_owned(), true.into());
                }
            }
            let labels: Map = labels
                .into_iter()
                .map(|(key, value)| (format!("l{key}"), format!("{value}").into()))
                .collect();
            let mut spec = Map::new();
            if let Some(replicas) = replicas {
                spec.insert("replicas".to_owned(), replicas.into());
            }
            let pod = map([("containers", Value::List(list))]);
            spec.insert("template".to_owned(), map([("spec", pod)]));
            map([("metadata", map([("labels", Value::Map(labels))])), ("spec", Value::Map(spec))])
        })
}

/// Whether everything in `wanted` is in `has`; items of lists go by their names, in any order.
fn contains(has: &Value, wanted: &Value) -> bool {
    match (has, wanted) {
        (Value::Map(has), Value::Map(wanted)) => {
            wanted.iter().all(|(key, value)| has.get(key).is_some_and(|has| contains(has, value)))
        }
        (Value::List(has), Value::List(wanted)) => wanted.iter().all(|wanted| {
            has.iter().any(|has| has.get("name") == wanted.get("name") && contains(has, wanted))
        }),
        _ => has == wanted,
    }
}

fn ty() -> Type {
    Type::of("apps/v1", "Deployment").unwrap()
}

proptest! {
    /// What is wanted is there afterwards; what was applied before and is wanted no more is gone; applying again
    /// changes nothing.
    #[test]
    fn applying_gives_what_is_wanted(applied in deployment(), live in deployment(), wanted in deployment()) {
        let mut patch = three_way(Some(&applied), &wanted, &live, ty()).unwrap();
        let after = strategic(&live, &mut patch, ty()).unwrap();
        prop_assert!(contains(&after, &wanted), "{after:?} does not contain {wanted:?}");
        let removed = applied.at(&["spec", "replicas"]).is_some() && wanted.at(&["spec", "replicas"]).is_none();
        if removed {
            prop_assert!(after.at(&["spec", "replicas"]).is_none());
        }
        let mut again = three_way(Some(&wanted), &wanted, &after, ty()).unwrap();
        prop_assert_eq!(strategic(&after, &mut again, ty()).unwrap(), after);
    }

    /// Nobody else's hand in it: the result is exactly what is wanted, and applying it again sends nothing.
    #[test]
    fn a_lonely_applier_gets_exactly_that(first in deployment(), second in deployment()) {
        let mut patch = three_way(Some(&first), &second, &first, ty()).unwrap();
        let after = strategic(&first, &mut patch, ty()).unwrap();
        prop_assert_eq!(&after, &second);
        prop_assert_eq!(three_way(Some(&second), &second, &after, ty()).unwrap(), Value::Map(Map::new()));
    }

    /// Whatever somebody sends as a patch: an answer.
    #[test]
    fn any_patch_is_answered(object in deployment(), mut patch in deployment(), word in "(delete|replace|merge|x)", order in prop::collection::vec(0..5_u8, 0..3)) {
        let order: Vec<Value> = order.into_iter().map(|name| map([("name", format!("c{name}").into())])).collect();
        let pod = patch.as_map_mut().and_then(|m| m.get_mut("spec")).and_then(Value::as_map_mut)
            .and_then(|m| m.get_mut("template")).and_then(Value::as_map_mut)
            .and_then(|m| m.get_mut("spec")).and_then(Value::as_map_mut).unwrap();
        pod.insert("$setElementOrder/containers".to_owned(), Value::List(order));
        if let Some(Value::List(list)) = pod.get_mut("containers") {
            list.push(map([("$patch", word.as_str().into()), ("name", "c1".into())]));
            list.push(Value::Null);
        }
        let _ = strategic(&object, &mut patch.clone(), ty());
        let _ = merge(&object, &patch);
        let _ = json_patch(&object, &patch);
    }
}
