//! What the API server fills in when it reads an object (Kubernetes v1.36: pkg/apis/*/*/defaults.go), with the few
//! things each kind's strategy sets when it is created and that do not depend on the rest of the cluster.
//!
//! It works on [`Value`]s, so that it serves all kinds; `null` counts as absent.

mod cluster;
mod pod;
mod workloads;

use crate::api::Object;
use crate::value::{Map, Value};

/// Fills in the defaults of a whole object by its `apiVersion` and `kind`; unknown kinds stay as they are.
pub fn apply(object: &mut Value) {
    let kind = object.str_at(&["kind"]).unwrap_or_default().to_owned();
    let group = object.str_at(&["apiVersion"]).unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group).to_owned();
    let Some(root) = object.as_map_mut() else { return };
    match (group.as_str(), kind.as_str()) {
        ("", "Pod") => pod::whole(root),
        ("", "PodTemplate") => pod::spec_of(root, &["template", "spec"]),
        ("", "Service") => cluster::service(root),
        ("", "Namespace") => cluster::namespace(root),
        ("", "Node") => cluster::node(root),
        ("", "Secret") => cluster::secret(root),
        ("", "PersistentVolume") => cluster::volume(root),
        ("", "PersistentVolumeClaim") => cluster::claim(root),
        ("", "LimitRange") => cluster::limit_range(root),
        ("", "ReplicationController") => workloads::replication_controller(root),
        ("apps", "Deployment") => workloads::deployment(root),
        ("apps", "ReplicaSet") => workloads::replica_set(root),
        ("apps", "StatefulSet") => workloads::stateful_set(root),
        ("apps", "DaemonSet") => workloads::daemon_set(root),
        ("batch", "Job") => workloads::job(root),
        ("batch", "CronJob") => workloads::cron_job(root),
        ("autoscaling", "HorizontalPodAutoscaler") => workloads::autoscaler(root),
        ("networking.k8s.io", "Ingress") => cluster::load_balancer(root),
        ("networking.k8s.io", "NetworkPolicy") => cluster::network_policy(root),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => cluster::role_binding(root),
        ("scheduling.k8s.io", "PriorityClass") => set(root, "preemptionPolicy", "PreemptLowerPriority"),
        ("storage.k8s.io", "StorageClass") => {
            set(root, "reclaimPolicy", "Delete");
            set(root, "volumeBindingMode", "Immediate");
        }
        _ => {}
    }
}

/// A typed object with its defaults. An object that cannot be read back (it always can) stays as it is.
#[must_use]
pub fn applied(object: &Object) -> Object {
    let mut value = object.to_value();
    apply(&mut value);
    Object::from_value(&value).unwrap_or_else(|_| object.clone())
}

/// Sets a field that is absent or `null`: what Go does for pointers.
fn set(map: &mut Map, key: &str, value: impl Into<Value>) {
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(key.to_owned(), value.into());
    }
}

/// Sets a field that is absent, `null`, empty or zero: what Go does for plain strings and numbers.
fn set_zero(map: &mut Map, key: &str, value: impl Into<Value>) {
    let zero = match map.get(key) {
        None | Some(Value::Null | Value::Int(0)) => true,
        Some(Value::String(text)) => text.is_empty(),
        _ => false,
    };
    if zero {
        map.insert(key.to_owned(), value.into());
    }
}

/// The map at a key, made if it is absent or `null`; `None` if something else is there.
fn child<'a>(map: &'a mut Map, key: &str) -> Option<&'a mut Map> {
    set(map, key, Map::new());
    map.get_mut(key)?.as_map_mut()
}

/// The map at a key, if there is one.
fn existing<'a>(map: &'a mut Map, key: &str) -> Option<&'a mut Map> {
    map.get_mut(key)?.as_map_mut()
}

/// The maps in the list at a key.
fn each<'a>(map: &'a mut Map, key: &str) -> impl Iterator<Item = &'a mut Map> {
    let list = match map.get_mut(key) {
        Some(Value::List(list)) => list.as_mut_slice(),
        _ => &mut [],
    };
    list.iter_mut().filter_map(Value::as_map_mut)
}

fn text<'a>(map: &'a Map, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn has(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_deployment_gets_what_the_api_server_fills_in() {
        let mut value = json(
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{
            "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
            "spec":{"containers":[{"name":"c","image":"nginx:1.25","ports":[{"containerPort":80}],
            "readinessProbe":{"httpGet":{"port":80}}}]}}}}"#,
        );
        apply(&mut value);
        let want = json(
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{
            "progressDeadlineSeconds":600,"replicas":1,"revisionHistoryLimit":10,
            "selector":{"matchLabels":{"app":"web"}},
            "strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"},"type":"RollingUpdate"},
            "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"nginx:1.25",
            "imagePullPolicy":"IfNotPresent","name":"c","ports":[{"containerPort":80,"protocol":"TCP"}],
            "readinessProbe":{"failureThreshold":3,"httpGet":{"path":"/","port":80,"scheme":"HTTP"},
            "periodSeconds":10,"successThreshold":1,"timeoutSeconds":1},"resources":{},
            "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
            "dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler",
            "securityContext":{},"terminationGracePeriodSeconds":30}}}}"#,
        );
        assert_eq!(value, want);
        let again = value.clone();
        apply(&mut value);
        assert_eq!(value, again, "defaulting twice changes nothing");
    }

    #[test]
    fn limits_become_requests_in_pods_only() {
        let mut value = json(
            r#"{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"c","image":"a:latest",
            "resources":{"limits":{"cpu":1,"memory":"1Gi"},"requests":{"cpu":"100m"}}}]}}"#,
        );
        apply(&mut value);
        let container = value.at(&["spec", "containers"]).and_then(Value::as_list).unwrap()[0].clone();
        assert_eq!(container.str_at(&["imagePullPolicy"]), Some("Always"));
        assert_eq!(container.at(&["resources", "requests"]), Some(&json(r#"{"cpu":"100m","memory":"1Gi"}"#)));
    }

    #[test]
    fn secrets_move_texts_into_data() {
        let mut value = json(r#"{"apiVersion":"v1","kind":"Secret","stringData":{"a":"hello?"}}"#);
        apply(&mut value);
        assert_eq!(value.str_at(&["data", "a"]), Some("aGVsbG8/"));
        assert_eq!(value.get("stringData"), None);
        assert_eq!(value.str_at(&["type"]), Some("Opaque"));
    }
}
