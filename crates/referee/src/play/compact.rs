//! The compact view of an object, as the recordings have it.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

/// The compact view of an object given as its full JSON.
pub fn compact(kind: &str, object: &Json) -> Map<String, Json> {
    let view = View { object, out: Map::new() };
    match kind {
        "Pod" => view.pod(),
        "Deployment" => view.workload().annotations(&[
            ("revision", "deployment.kubernetes.io/revision"),
            ("change-cause", "kubernetes.io/change-cause"),
        ]),
        "ReplicaSet" => {
            view.workload().owner().take("hash", &["metadata", "labels", "pod-template-hash"]).annotations(&[
                ("revision", "deployment.kubernetes.io/revision"),
                ("desired-replicas", "deployment.kubernetes.io/desired-replicas"),
                ("max-replicas", "deployment.kubernetes.io/max-replicas"),
                ("change-cause", "kubernetes.io/change-cause"),
            ])
        }
        "StatefulSet" => view.workload(),
        "DaemonSet" => view.workload().annotations(&[(
            "deprecated.daemonset.template.generation",
            "deprecated.daemonset.template.generation",
        )]),
        "Job" => view
            .owner()
            .spec(&[
                "backoffLimit",
                "completionMode",
                "completions",
                "parallelism",
                "suspend",
                "activeDeadlineSeconds",
            ])
            .take("generation", &["metadata", "generation"])
            .status(),
        "CronJob" => {
            view.spec(&["schedule", "suspend"]).take("generation", &["metadata", "generation"]).status()
        }
        "PodDisruptionBudget" => view.take("generation", &["metadata", "generation"]).status(),
        "HorizontalPodAutoscaler" | "ResourceQuota" => view.status(),
        "EndpointSlice" => view.endpoint_slice(),
        "Service" => view.spec(&["selector", "type"]),
        "Event" => view.event(),
        "Node" => view.node(),
        "ControllerRevision" => view
            .owner()
            .take("revision", &["revision"])
            .take("hash", &["metadata", "labels", "controller.kubernetes.io/hash"]),
        "PersistentVolumeClaim" => {
            view.take("class", &["spec", "storageClassName"]).spec(&["volumeName"]).status()
        }
        "PersistentVolume" => view
            .spec(&["capacity"])
            .take("class", &["spec", "storageClassName"])
            .take("reclaim", &["spec", "persistentVolumeReclaimPolicy"])
            .take("claim", &["spec", "claimRef", "name"])
            .take("phase", &["status", "phase"]),
        _ => view,
    }
    .deleting()
    .out
}

struct View<'a> {
    object: &'a Json,
    out: Map<String, Json>,
}

/// A member of a member of ...
fn at<'a>(value: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(value, |value, key| value.get(key)).filter(|value| !value.is_null())
}

fn text<'a>(value: &'a Json, path: &[&str]) -> &'a str {
    at(value, path).and_then(Json::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Json, path: &[&str]) -> impl Iterator<Item = &'a Json> {
    at(value, path).and_then(Json::as_array).into_iter().flatten()
}

impl View<'_> {
    fn put(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.out.insert(key.to_owned(), value.into());
        self
    }

    /// A member, if it is there.
    fn take(self, key: &str, path: &[&str]) -> Self {
        match at(self.object, path).cloned() {
            Some(value) => self.put(key, value),
            None => self,
        }
    }

    fn spec(self, keys: &[&str]) -> Self {
        keys.iter().fold(self, |view, key| view.take(key, &["spec", key]))
    }

    fn annotations(self, keys: &[(&str, &str)]) -> Self {
        keys.iter()
            .fold(self, |view, (key, annotation)| view.take(key, &["metadata", "annotations", annotation]))
    }

    fn deleting(self) -> Self {
        if text(self.object, &["metadata", "deletionTimestamp"]).is_empty() {
            return self;
        }
        self.put("deleting", true)
            .take("deletionGracePeriodSeconds", &["metadata", "deletionGracePeriodSeconds"])
    }

    fn owner(self) -> Self {
        let owner = list(self.object, &["metadata", "ownerReferences"])
            .find(|owner| owner.get("controller").and_then(Json::as_bool) == Some(true));
        match owner.map(|owner| format!("{}/{}", text(owner, &["kind"]), text(owner, &["name"]))) {
            Some(owner) => self.put("owner", owner),
            None => self,
        }
    }

    /// The images of the containers at a path.
    fn images(self, path: &[&str]) -> Self {
        let images: Vec<&str> =
            list(self.object, path).map(|container| text(container, &["image"])).collect();
        let images = images.join(",");
        self.put("image", images)
    }

    fn workload(self) -> Self {
        let paused = at(self.object, &["spec", "paused"]).and_then(Json::as_bool) == Some(true);
        let view = if paused { self.put("paused", true) } else { self };
        view.spec(&["replicas"])
            .take("generation", &["metadata", "generation"])
            .images(&["spec", "template", "spec", "containers"])
            .status()
    }

    /// The whole status, its conditions without times.
    fn status(self) -> Self {
        let mut status = at(self.object, &["status"]).and_then(Json::as_object).cloned().unwrap_or_default();
        if let Some(Json::Array(conditions)) = status.get_mut("conditions") {
            for condition in conditions.iter_mut().filter_map(Json::as_object_mut) {
                condition.retain(|key, _| matches!(key.as_str(), "type" | "status" | "reason" | "message"));
            }
        }
        self.put("status", status)
    }

    fn pod(self) -> Self {
        let object = self.object;
        let conditions: Vec<Json> = list(object, &["status", "conditions"]).map(pod_condition).collect();
        let containers: Vec<Json> = list(object, &["status", "containerStatuses"]).map(container).collect();
        let finalizers: Vec<Json> = list(object, &["metadata", "finalizers"]).cloned().collect();
        let mut view = self
            .owner()
            .images(&["spec", "containers"])
            .take("generation", &["metadata", "generation"])
            .take("phase", &["status", "phase"])
            .take("node", &["spec", "nodeName"])
            .take("priority", &["spec", "priority"])
            .take("qos", &["status", "qosClass"])
            .take("nominated", &["status", "nominatedNodeName"])
            .take("labels_hash", &["metadata", "labels", "pod-template-hash"])
            .take("index", &["metadata", "annotations", "batch.kubernetes.io/job-completion-index"])
            .take("cost", &["metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"]);
        for (key, values) in
            [("conditions", conditions), ("containers", containers), ("finalizers", finalizers)]
        {
            if !values.is_empty() {
                view = view.put(key, values);
            }
        }
        view
    }

    fn node(self) -> Self {
        let taints: Vec<Json> = list(self.object, &["spec", "taints"])
            .map(|taint| {
                let part = |key| text(taint, &[key]);
                Json::from(format!("{}={}:{}", part("key"), part("value"), part("effect")))
            })
            .collect();
        let conditions: Vec<Json> = list(self.object, &["status", "conditions"])
            .map(|condition| condition_text(condition).into())
            .collect();
        let cordoned = at(self.object, &["spec", "unschedulable"]).and_then(Json::as_bool) == Some(true);
        let mut view = self.put("conditions", conditions);
        if !taints.is_empty() {
            view = view.put("taints", taints);
        }
        if cordoned { view.put("unschedulable", true) } else { view }
    }

    fn event(self) -> Self {
        let involved = at(self.object, &["involvedObject"]).unwrap_or(&Json::Null);
        let on = format!("{}/{}", text(involved, &["kind"]), text(involved, &["name"]));
        let mut view = self.put("on", on);
        for (key, path) in [
            ("type", ["type"].as_slice()),
            ("reason", &["reason"]),
            ("message", &["message"]),
            ("action", &["action"]),
            ("count", &["count"]),
            ("series", &["series", "count"]),
            ("from", &["source", "component"]),
            ("reporting", &["reportingComponent"]),
        ] {
            let empty = at(view.object, path).is_none_or(|value| *value == json!(0) || *value == json!(""));
            if !empty {
                view = view.take(key, path);
            }
        }
        view
    }

    fn endpoint_slice(self) -> Self {
        let endpoints: Vec<Json> = list(self.object, &["endpoints"])
            .map(|endpoint| {
                let condition = |key| at(endpoint, &["conditions", key]).cloned().unwrap_or(Json::Null);
                json!({
                    "pod": text(endpoint, &["targetRef", "name"]),
                    "node": text(endpoint, &["nodeName"]),
                    "ready": condition("ready"),
                    "serving": condition("serving"),
                    "terminating": condition("terminating"),
                })
            })
            .collect();
        let view = self
            .owner()
            .take("addressType", &["addressType"])
            .take("service", &["metadata", "labels", "kubernetes.io/service-name"])
            .take("ports", &["ports"]);
        if endpoints.is_empty() { view } else { view.put("endpoints", endpoints) }
    }
}

/// `Type=Status:Reason`
fn condition_text(condition: &Json) -> String {
    let part = |key| text(condition, &[key]);
    let reason = part("reason");
    let separator = if reason.is_empty() { "" } else { ":" };
    format!("{}={}{separator}{reason}", part("type"), part("status"))
}

/// The message is of interest where a component of the control plane wrote it; the kubelet's is not.
fn pod_condition(condition: &Json) -> Json {
    let mut out = condition_text(condition);
    let message = text(condition, &["message"]);
    if !message.is_empty() && matches!(text(condition, &["type"]), "PodScheduled" | "DisruptionTarget") {
        out.push_str(": ");
        out.push_str(message);
    }
    out.into()
}

/// `waiting:Reason`, `running`, `terminated:Reason:code`, and how often it was restarted.
fn container(status: &Json) -> Json {
    let state = at(status, &["state"]).unwrap_or(&Json::Null);
    let mut out = if let Some(terminated) = at(state, &["terminated"]) {
        let code = at(terminated, &["exitCode"]).and_then(Json::as_i64).unwrap_or(0);
        format!("terminated:{}:{code}", text(terminated, &["reason"]))
    } else if at(state, &["running"]).is_some() {
        "running".to_owned()
    } else {
        format!("waiting:{}", text(state, &["waiting", "reason"]))
    };
    let restarts = at(status, &["restartCount"]).and_then(Json::as_i64).unwrap_or(0);
    if restarts > 0 {
        let _ = write!(out, " restarts={restarts}");
    }
    out.into()
}

/// What changed between two compact views: new values, and null for what is gone.
pub fn difference(before: &Map<String, Json>, after: &Map<String, Json>) -> Map<String, Json> {
    let mut out: Map<String, Json> = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        out.insert(key.clone(), Json::Null);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_in_short() {
        let pod = json!({
            "metadata": {"name": "web-1", "generation": 1, "labels": {"pod-template-hash": "1"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [{"image": "a:1"}, {"image": "b"}], "priority": 0},
            "status": {"phase": "Running", "qosClass": "BestEffort",
                "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "not told"},
                    {"type": "PodScheduled", "status": "True"}],
                "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 2},
                    {"state": {"terminated": {"reason": "Error", "exitCode": 3}}, "restartCount": 0}]},
        });
        let expected = json!({
            "generation": 1, "image": "a:1,b", "labels_hash": "1", "node": "n1", "owner": "ReplicaSet/web",
            "phase": "Running", "priority": 0, "qos": "BestEffort",
            "conditions": ["Ready=False:ContainersNotReady", "PodScheduled=True"],
            "containers": ["waiting:CrashLoopBackOff restarts=2", "terminated:Error:3"],
        });
        assert_eq!(Json::Object(compact("Pod", &pod)), expected);
    }

    #[test]
    fn a_difference_has_new_and_lost_members() {
        let map = |value: Json| value.as_object().cloned().unwrap();
        let (before, after) = (map(json!({"a": 1, "b": 2, "c": 3})), map(json!({"a": 1, "b": 5, "d": 4})));
        assert_eq!(Json::Object(difference(&before, &after)), json!({"b": 5, "c": null, "d": 4}));
    }
}
