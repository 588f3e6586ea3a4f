//! Words that occur in almost every object, each allocated once: 150,000 pods share one `"True"`.

use std::sync::LazyLock;

use opscape_manifest::api::Kind;
use opscape_manifest::api::meta::Str;

macro_rules! words {
    ($($name:ident $text:literal)*) => {
        $(
            #[doc = concat!("`", $text, "`")]
            pub fn $name() -> Str {
                static WORD: LazyLock<Str> = LazyLock::new(|| $text.into());
                WORD.clone()
            }
        )*
    };
}

words! {
    empty ""
    yes "True"
    no "False"
    unknown "Unknown"
    pod_scheduled "PodScheduled"
    initialized "Initialized"
    ready "Ready"
    containers_ready "ContainersReady"
    ready_to_start "PodReadyToStartContainers"
    containers_not_ready "ContainersNotReady"
    container_creating "ContainerCreating"
    pod_completed "PodCompleted"
    unschedulable "Unschedulable"
    completed "Completed"
    error "Error"
    oom_killed "OOMKilled"
    crash_loop "CrashLoopBackOff"
    err_image_pull "ErrImagePull"
    image_pull_back_off "ImagePullBackOff"
    best_effort "BestEffort"
    burstable "Burstable"
    guaranteed "Guaranteed"
    default_namespace "default"
    kube_system "kube-system"
    v1 "v1"
    apps_v1 "apps/v1"
    pod "Pod"
    node "Node"
    namespace "Namespace"
    deployment "Deployment"
    rollout "Rollout"
    replica_set "ReplicaSet"
    service "Service"
    config_map "ConfigMap"
    secret "Secret"
    event "Event"
    normal "Normal"
    warning "Warning"
    available "Available"
    progressing "Progressing"
    replica_failure "ReplicaFailure"
}

/// The name of a kind, as `Pod`.
pub fn kind(kind: Kind) -> Str {
    match kind {
        Kind::Pod => pod(),
        Kind::Node => node(),
        Kind::ReplicaSet => replica_set(),
        Kind::Deployment => deployment(),
        Kind::Rollout => rollout(),
        Kind::Event => event(),
        Kind::Namespace => namespace(),
        Kind::Service => service(),
        kind => kind.name().into(),
    }
}
