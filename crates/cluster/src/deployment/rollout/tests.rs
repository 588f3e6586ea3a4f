//! Inputs and outputs of the real functions of Kubernetes v1.36.2 (Apache-2.0), in `tests/vectors`.

use serde_json::Value;

use super::*;

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn int(value: &Value) -> i32 {
    value.as_i64().unwrap() as i32
}

fn int_or_string(value: &Value) -> IntOrString {
    let text = value.as_str().unwrap();
    text.parse().map_or_else(|_| IntOrString::String(text.into()), IntOrString::Int)
}

/// The limits of a vector: its first three members.
fn limits(vector: &Value) -> Limits {
    let mut spec = DeploymentSpec { replicas: Some(int(&vector[0])), ..DeploymentSpec::default() };
    spec.strategy.rolling_update = Some(opscape_manifest::api::apps::RollingUpdateDeployment {
        max_surge: Some(int_or_string(&vector[1])),
        max_unavailable: Some(int_or_string(&vector[2])),
    });
    Limits::of(&spec)
}

fn size(value: &Value) -> Size {
    let max_replicas = value.get(3).and_then(Value::as_i64).map(|max| max as i32);
    Size { spec: int(&value[0]), available: int(&value[2]), max_replicas }
}

fn sizes(value: &Value) -> Vec<Size> {
    value.as_array().unwrap().iter().map(size).collect()
}

fn numbers(value: &Value) -> Vec<i32> {
    value.as_array().unwrap().iter().map(int).collect()
}

#[test]
fn fenceposts_round_as_upstream() {
    let all = vectors("vec_deployment_fenceposts");
    assert!(all.len() > 1000);
    for vector in &all {
        let (surge, unavailable) = (int_or_string(&vector[1]), int_or_string(&vector[2]));
        assert_eq!(
            resolve_fenceposts(Some(&surge), Some(&unavailable), int(&vector[0])),
            (int(&vector[3]), int(&vector[4])),
            "{vector}"
        );
        assert_eq!(limits(vector).max_unavailable, int(&vector[5]), "{vector}");
    }
}

#[test]
fn one_step_of_a_rolling_update_as_upstream() {
    let all = vectors("vec_deployment_rolling_step");
    assert!(all.len() > 1000);
    for vector in &all {
        let limits = limits(vector);
        let (new, old) = (size(&vector[3]), sizes(&vector[4]));
        let total = new.spec + old.iter().map(|size| size.spec).sum::<i32>();
        let mut new_after = new.spec;
        let mut old_after: Vec<i32> = old.iter().map(|size| size.spec).collect();
        let mut phase = "none";
        if let Some((to, _)) = step_new(&limits, new.spec, total) {
            (new_after, phase) = (to, "new");
        } else {
            let with_pods: Vec<usize> = (0..old.len()).filter(|index| old[*index].spec > 0).collect();
            let active: Vec<Size> = with_pods.iter().map(|index| old[*index]).collect();
            for step in step_old(&limits, new, &active) {
                old_after[with_pods[step.index]] = step.to;
                phase = "old";
            }
        }
        let after = (new_after, old_after, phase);
        let wanted = (int(&vector[5]), numbers(&vector[6]), vector[7].as_str().unwrap());
        assert_eq!(after, wanted, "{vector}");
    }
}

#[test]
fn proportional_scaling_as_upstream() {
    let all = vectors("vec_deployment_proportional_scale");
    assert!(all.len() > 1000);
    for vector in &all {
        let limits = limits(vector);
        let (new, old) = (size(&vector[3]), sizes(&vector[4]));
        // Age by position: the old ones oldest first, the new one newest.
        let mut sets: Vec<(usize, Size)> = old.iter().copied().chain([new]).enumerate().collect();
        let mut after: Vec<i32> = sets.iter().map(|(_, size)| size.spec).collect();
        sets.retain(|(_, size)| size.spec > 0);
        let status = |set: &Value| int(&set[1]);
        let replicas = status(&vector[3]) + vector[4].as_array().unwrap().iter().map(status).sum::<i32>();
        let total = sets.iter().map(|(_, size)| size.spec).sum();
        let to_add = to_add(&limits, total);
        sets.sort_by(|(a_age, a), (b_age, b)| {
            b.spec.cmp(&a.spec).then(if to_add > 0 { b_age.cmp(a_age) } else { a_age.cmp(b_age) })
        });
        let only: Vec<Size> = sets.iter().map(|(_, size)| *size).collect();
        match only.as_slice() {
            // A single one with pods is set to the whole size, not to a share (`FindActiveOrLatest`).
            [] => after[old.len()] = limits.replicas,
            [_] => after[sets[0].0] = limits.replicas,
            _ => {
                for ((index, _), (to, _)) in sets.iter().zip(proportional(&limits, &only, replicas)) {
                    after[*index] = to;
                }
            }
        }
        let mut wanted = numbers(&vector[6]);
        wanted.push(int(&vector[5]));
        assert_eq!(after, wanted, "{vector}");
    }
}
