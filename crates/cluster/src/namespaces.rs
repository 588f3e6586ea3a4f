//! Namespaces: what is in each of them from the beginning (root-ca-cert-publisher, serviceaccount controller), and the end of
//! one with all that is in it (pkg/controller/namespace).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::{ObjectMeta, Str, Uid};
use opscape_manifest::api::{ConfigMap, Namespace, Object, Other, Resource};
use opscape_manifest::value::{Map, Value};

use crate::record::NamespaceEmptied;
use crate::{
    Api, Change, Component, Context, DeleteOptions, Event, Op, Options, Record, Subject, Weight, WorkQueue,
    words,
};

/// The controllers of namespaces.
#[derive(Clone)]
pub(crate) struct Namespaces {
    queue: WorkQueue,
    latency: Duration,
    /// Those being deleted, by name.
    ending: BTreeMap<Str, Uid>,
}

/// How long the controller waits before it looks at a namespace that is being deleted (`namespaceDeletionGracePeriod`).
const GRACE: Duration = Duration::from_secs(5);

impl Namespaces {
    pub(crate) fn new(options: &Options) -> Self {
        Namespaces {
            queue: WorkQueue::new(Event::Namespace),
            latency: options.latency.namespace,
            ending: BTreeMap::new(),
        }
    }

    /// Deletes what is in it: pods first, the rest once they are gone; at last the namespace itself.
    fn empty(&mut self, namespace: &Arc<Namespace>, api: &mut Api, context: &mut Context<'_>) {
        let name = &namespace.metadata.name;
        let mut content = content(name, api);
        let pods = content.iter().any(|object| object.kind_name() == "Pod");
        if pods {
            content.retain(|object| object.kind_name() == "Pod");
        }
        if !content.is_empty() {
            let fact = NamespaceEmptied {
                namespace: Subject::of_resource(&**namespace),
                remaining: u32::try_from(content.len()).unwrap_or(u32::MAX),
            };
            context.record_as_cause(Record::NamespaceEmptied(Box::new(fact)));
        }
        for object in &content {
            // What is gone already needs no deletion.
            let _ = api.delete(&object.key(), &DeleteOptions::default(), context);
        }
        let remaining = self::content(name, api);
        if remaining.is_empty() {
            let Some(current) = api.store().typed_by_uid::<Namespace>(namespace.metadata.uid).cloned() else {
                return;
            };
            api.finalize_namespace(&current, context);
            return;
        }
        let conditions = conditions(&remaining, &api.timestamp(context.now()).to_string());
        // The change brings the controller back after another grace period.
        let written = api.modify::<Namespace>("", name, context, |namespace| {
            if !same_but_for_time(&namespace.status.conditions, &conditions) {
                namespace.status.conditions = conditions;
            }
        });
        if written.is_ok() {
            self.queue.add_after(namespace.metadata.uid, GRACE, context);
        }
    }

    /// What every namespace has.
    fn furnish(namespace: &Namespace, api: &mut Api, context: &mut Context<'_>) {
        let metadata = |name: &str| ObjectMeta {
            name: name.into(),
            namespace: namespace.metadata.name.clone(),
            ..ObjectMeta::default()
        };
        let mut certificate = ConfigMap { metadata: metadata("kube-root-ca.crt"), ..ConfigMap::default() };
        certificate.metadata.set_annotation(
            "kubernetes.io/description",
            "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
        );
        certificate.data = BTreeMap::from([(
            "ca.crt".into(),
            "-----BEGIN CERTIFICATE-----\nopscape\n-----END CERTIFICATE-----\n".into(),
        )]);
        let account = Other {
            api_version: words::v1(),
            kind: "ServiceAccount".into(),
            metadata: metadata("default"),
            body: Map::new(),
        };
        for object in [Object::ConfigMap(Arc::new(certificate)), Object::Other(Arc::new(account))] {
            // They may be there already.
            let _ = api.create(object, context);
        }
    }
}

impl Component for Namespaces {
    type Wake = Uid;

    fn on_change(&mut self, change: &Change, _api: &Api, context: &mut Context<'_>) {
        let Some(namespace) = Namespace::from_object(&change.object) else { return };
        let meta = &namespace.metadata;
        if change.op == Op::Deleted {
            self.ending.remove(&meta.name);
        } else if meta.deletion_timestamp.is_some() {
            self.ending.insert(meta.name.clone(), meta.uid);
            self.queue.add_after(meta.uid, GRACE, context);
        } else if change.op == Op::Added {
            self.queue.add(meta.uid, Weight::Spec, self.latency, context);
        }
    }

    fn handle(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(namespace) = api.store().typed_by_uid::<Namespace>(uid).cloned() else { return };
        if namespace.metadata.deletion_timestamp.is_some() {
            self.empty(&namespace, api, context);
        } else {
            Self::furnish(&namespace, api, context);
        }
    }
}

fn content(namespace: &str, api: &Api) -> Vec<Object> {
    let store = api.store();
    store.kinds().flat_map(|kind| store.objects(kind, Some(namespace))).collect()
}

fn same_but_for_time(a: &[Value], b: &[Value]) -> bool {
    let fields = ["type", "status", "reason", "message"];
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| fields.iter().all(|field| a.get(field) == b.get(field)))
}

/// pkg/controller/namespace/deletion/status_condition_utils.go
fn conditions(remaining: &[Object], now: &str) -> Vec<Value> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for object in remaining {
        *counts.entry(crate::api::resource_name(object)).or_default() += 1;
    }
    let list: Vec<String> =
        counts.iter().map(|(resource, count)| format!("{resource} has {count} resource instances")).collect();
    let text = format!("Some resources are remaining: {}", list.join(", "));
    [
        (
            "NamespaceDeletionDiscoveryFailure",
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        ("NamespaceContentRemaining", "True", "SomeResourcesRemain", &text),
        (
            "NamespaceFinalizersRemaining",
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ]
    .into_iter()
    .map(|(kind, status, reason, message)| {
        let fields = [
            ("type", kind),
            ("status", status),
            ("reason", reason),
            ("message", message),
            ("lastTransitionTime", now),
        ];
        Value::Map(fields.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect())
    })
    .collect()
}
