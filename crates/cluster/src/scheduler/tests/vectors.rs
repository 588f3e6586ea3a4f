//! NodeResourcesFit and its scores against the outputs of the real functions.

use std::sync::Arc;

use opscape_manifest::api::pod::{Container, PodSpec, ResourceList};
use opscape_manifest::api::{Node, Pod};
use opscape_manifest::quantity::Quantity;
use serde_json::Value;

use crate::scheduler::cache::{Cache, NodeInfo};
use crate::scheduler::class::Class;
use crate::scheduler::resources::{balanced_allocation, least_allocated};

const MEBI: i64 = 1024 * 1024;

fn pod(given: &Value) -> Pod {
    let mut requests = ResourceList::new();
    let cpu = given["CpuMilli"].as_i64().unwrap();
    let memory = given["MemMi"].as_i64().unwrap();
    if cpu >= 0 {
        requests.insert("cpu".into(), Quantity::milli(cpu));
    }
    if memory >= 0 {
        requests.insert("memory".into(), Quantity::bytes(memory * MEBI));
    }
    let mut container = Container::default();
    container.resources.requests = requests;
    let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
    Pod { spec: Arc::new(spec), ..Pod::default() }
}

#[test]
fn fit_and_scores_are_those_of_upstream() {
    let text = include_str!("../../../tests/vectors/vec_scheduler_noderesources.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 1500);
    for case in &cases {
        let mut node = Node::default();
        let cpu = case["NodeCpuMilli"].as_i64().unwrap();
        let memory = case["NodeMemMi"].as_i64().unwrap();
        node.status.allocatable = [
            ("cpu".into(), Quantity::milli(cpu)),
            ("memory".into(), Quantity::bytes(memory * MEBI)),
            ("pods".into(), Quantity::whole(110)),
        ]
        .into();
        let mut info = NodeInfo::new(&Arc::new(node), 1);
        for existing in case["Existing"].as_array().into_iter().flatten() {
            info.count(&pod(existing), 1);
        }
        let class = Class::new(&mut Cache::default(), &pod(&case["Pod"]), None);
        let result = class.fits_resources(&info);
        assert_eq!(result.is_ok(), case["Fits"], "{case}");
        if let Err(rejection) = result {
            let texts: Vec<String> =
                class.reasons(rejection).iter().map(super::super::plugin::Reason::text).collect();
            assert_eq!(serde_json::json!(texts), case["FitReasons"], "{case}");
        }
        let least = least_allocated(&info.non_zero, &class.request.non_zero, &info.allocatable);
        assert_eq!(least, case["LeastAllocated"], "{case}");
        assert_eq!(class.request.is_nothing(), case["BalancedSkipped"], "{case}");
        if !class.request.is_nothing() {
            let balanced = balanced_allocation(&info.requested, &class.request.plain, &info.allocatable);
            assert_eq!(balanced, case["BalancedAllocation"], "{case}");
        }
    }
}
