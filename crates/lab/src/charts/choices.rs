//! What there are charts of.

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Node, ObjectKey, Pod};
use opscape_manifest::order;
use opscape_network::telemetry::Subject;

use crate::world::LabModel;

/// Something there are charts of.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What it is known by: `ingress/default/shop`, `pod/default/web-1`, `node//node-a`, `load//shoppers`,
    /// `version/default/web/2`.
    pub id: String,
    /// Of which kind.
    pub group: Group,
    /// Its name.
    pub name: String,
    pub(super) subjects: Vec<Subject>,
}

/// Kinds of things, in the order in which they are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What lets requests in.
    Entry,
    /// Services.
    Service,
    /// A workload, its versions compared.
    Workload,
    /// What autoscalers saw and wanted.
    Autoscaler,
    /// What clients saw.
    Load,
    /// One version of a workload.
    Version,
    /// Nodes.
    Node,
    /// Pods.
    Pod,
}

impl Group {
    /// Key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Group::Entry => "charts.entries",
            Group::Service => "charts.services",
            Group::Workload => "charts.workloads",
            Group::Autoscaler => "charts.autoscalers",
            Group::Load => "charts.clients",
            Group::Version => "charts.versions",
            Group::Node => "charts.nodes",
            Group::Pod => "charts.pods",
        }
    }
}

/// Pods that are offered at most.
const MOST_PODS: usize = 200;

/// The id of an object's charts.
pub(super) fn id_of(key: &ObjectKey) -> String {
    let kind = match &*key.kind {
        "Deployment" | "Rollout" | "StatefulSet" | "DaemonSet" => "workload",
        "HorizontalPodAutoscaler" => "autoscaler",
        kind => return id(&kind.to_ascii_lowercase(), &key.namespace, &key.name),
    };
    id(kind, &key.namespace, &key.name)
}

fn id(kind: &str, namespace: &str, name: &str) -> String {
    [kind, "/", namespace, "/", name].concat()
}

/// Everything that was measured up to where the future is known. `present`: where pods are looked for that are gone then.
pub(super) fn all(known: &LabModel, present: &LabModel) -> Vec<Choice> {
    let mut list: Vec<Choice> = Vec::new();
    let mut add = |group: Group, id: String, name: String, subject: Option<Subject>| match list
        .iter_mut()
        .find(|choice| choice.id == id)
    {
        Some(choice) => choice.subjects.extend(subject),
        None => list.push(Choice { id, group, name, subjects: subject.into_iter().collect() }),
    };
    let shown = |namespace: &Str, name: &str| {
        if &**namespace == "default" { name.to_owned() } else { [namespace, "/", name].concat() }
    };
    let mut pods = 0;
    for subject in known.traffic().telemetry().subjects() {
        let own = Some(subject.clone());
        match subject {
            Subject::Workload(name) => add(Group::Load, id("load", "", name), name.to_string(), own),
            Subject::Entry(kind, namespace, name) => {
                let label = [kind, " ", &shown(namespace, name)].concat();
                add(Group::Entry, id(&kind.to_ascii_lowercase(), namespace, name), label, own);
            }
            Subject::Service(namespace, name) => {
                add(Group::Service, id("service", namespace, name), shown(namespace, name), own);
            }
            Subject::Version(namespace, name, revision) => {
                add(Group::Workload, id("workload", namespace, name), shown(namespace, name), own.clone());
                let number = revision.to_string();
                let label = [&shown(namespace, name), " v", &number].concat();
                add(Group::Version, [&id("version", namespace, name), "/", &number].concat(), label, own);
            }
            Subject::Pod(uid) if pods < MOST_PODS => {
                let pod = [known, present].into_iter().find_map(|model| {
                    model.cluster().store().typed_by_uid::<Pod>(*uid).map(|pod| pod.metadata.clone())
                });
                if let Some(meta) = pod {
                    pods += 1;
                    let label = shown(&meta.namespace, &meta.name);
                    add(Group::Pod, id("pod", &meta.namespace, &meta.name), label, own);
                }
            }
            Subject::Pod(_) | Subject::Node(_) | Subject::Rule(_) | Subject::Way(_) | Subject::Again(_) => {}
        }
    }
    for autoscaler in known.census().autoscalers() {
        let label = shown(&autoscaler.namespace, &autoscaler.name);
        add(Group::Autoscaler, id("autoscaler", &autoscaler.namespace, &autoscaler.name), label, None);
    }
    // Nodes alone, where nobody asked anything, have nothing to show.
    if known.traffic().is_active() {
        for node in known.cluster().store().list::<Node>(None) {
            let name = &node.metadata.name;
            add(Group::Node, id("node", "", name), name.to_string(), Some(Subject::Node(name.clone())));
        }
    }
    order::sort_by(&mut list, |a, b| (a.group, &a.name).cmp(&(b.group, &b.name)));
    list
}
