//! Applying a text: what `kubectl apply --prune` of the whole text would do.
//!
//! Each object is created, or changed by a three-way merge of what was applied before (kubectl's annotation
//! `last-applied-configuration`), what is applied now and what is there. An object that came from the text and is no
//! longer in it is deleted (files that a step of the Lab document applies are left to that step); what came about otherwise (kubectl in the terminal, controllers) is left alone. Namespaces that
//! objects name and that nobody declares are created, because a text pasted from work has them elsewhere.

use std::sync::Arc;

use opscape_cluster::{Cluster, DeleteOptions, Request, WriteOptions};
use opscape_manifest::api::meta::ObjectMeta;
use opscape_manifest::api::{Kind, Namespace, Object, ObjectKey};
use opscape_manifest::check::{self, Document, Role};
use opscape_manifest::patch;
use opscape_manifest::schema::{Type, normalize};
use opscape_manifest::value::{Map, Value};
use opscape_sim::Context;

use crate::compare::lane_of;

use super::{Applied, ApplyResult, LabEvent, LabModel, LabRecord, differences};

impl LabModel {
    pub(super) fn apply(
        &mut self,
        text: &str,
        prune: bool,
        context: &mut Context<'_, LabEvent, LabRecord>,
    ) -> Vec<ApplyResult> {
        let checked = check::check(text);
        if prune && (!self.pipelines.is_empty() || has_pipelines(&checked)) {
            Arc::make_mut(&mut self.pipelines).read(text, &checked, context.now());
        }
        let documents: Vec<(usize, ObjectKey, Value)> = checked
            .documents
            .iter()
            .enumerate()
            .filter(|(_, document)| document.role == Role::Object && self.is_of_this_lane(document))
            .filter(|(_, document)| !(prune && self.is_for_later(document)))
            .filter_map(|(index, document)| {
                let value = with_namespace(document);
                Some((index, key_of(&value)?, value))
            })
            .collect();
        self.make_namespaces(&documents, context);
        let mut results = Vec::new();
        for (index, key, value) in &documents {
            let (done, changes) = self.apply_one(key, value, context);
            if prune && !matches!(done, Applied::Refused(_)) && !self.from_text.contains(key) {
                Arc::make_mut(&mut self.from_text).push(key.clone());
            }
            results.push(ApplyResult { key: key.clone(), document: Some(*index), done, changes });
        }
        if prune {
            let dropped: Vec<ObjectKey> = self
                .from_text
                .iter()
                .filter(|key| !documents.iter().any(|(_, kept, _)| kept == *key))
                .cloned()
                .collect();
            for key in dropped {
                Arc::make_mut(&mut self.from_text).retain(|known| *known != key);
                let request = Request::Delete(key.clone(), DeleteOptions::default());
                if self.request(context, &request).is_ok() {
                    results.push(ApplyResult {
                        key,
                        document: None,
                        done: Applied::Pruned,
                        changes: Vec::new(),
                    });
                }
            }
        }
        results
    }

    /// Whether an object is in this world, where a text holds several that are compared.
    fn is_of_this_lane(&self, document: &Document) -> bool {
        match (lane_of(document), &self.lane) {
            (Some(lane), Some(own)) => lane == &**own,
            _ => true,
        }
    }

    /// Files that a step of the Lab document applies are left to that step.
    fn is_for_later(&self, document: &Document) -> bool {
        let actions = self.spec.steps.iter().flat_map(|step| &step.actions);
        document.file.is_some()
            && actions
                .filter_map(|action| action.apply.as_ref())
                .any(|file| Some(file) == document.file.as_ref())
    }

    fn make_namespaces(
        &mut self,
        documents: &[(usize, ObjectKey, Value)],
        context: &mut Context<'_, LabEvent, LabRecord>,
    ) {
        let declared =
            |name: &str| documents.iter().any(|(_, key, _)| &*key.kind == "Namespace" && &*key.name == name);
        for (_, ObjectKey { namespace: name, .. }, _) in documents {
            if name.is_empty() || declared(name) || self.cluster.store().get::<Namespace>("", name).is_some()
            {
                continue;
            }
            let metadata = ObjectMeta { name: name.clone(), ..ObjectMeta::default() };
            let namespace = Namespace { metadata, ..Namespace::default() };
            // A name that is no name is found at the objects in it.
            let _ = self.request(
                context,
                &Request::Create(Object::Namespace(namespace.into()), WriteOptions::default()),
            );
        }
    }

    fn apply_one(
        &mut self,
        key: &ObjectKey,
        written: &Value,
        context: &mut Context<'_, LabEvent, LabRecord>,
    ) -> (Applied, Vec<super::FieldChange>) {
        match plan(&self.cluster, key, written) {
            Plan::Create(object) => {
                match self.request(context, &Request::Create(object, WriteOptions::default())) {
                    Ok(_) => (Applied::Created, Vec::new()),
                    Err(status) => (Applied::Refused(status), Vec::new()),
                }
            }
            Plan::Update(object, changes) => {
                let before = object.meta().resource_version;
                match self.request(context, &Request::Update(object, WriteOptions::default())) {
                    // Another spelling of the same, such as 0.5 for 500m.
                    Ok(after) if after.meta().resource_version == before => (Applied::Unchanged, Vec::new()),
                    Ok(_) => (Applied::Configured, changes),
                    Err(status) => (Applied::Refused(status), changes),
                }
            }
            Plan::Nothing => (Applied::Unchanged, Vec::new()),
            Plan::Broken(message) => (
                Applied::Refused(opscape_cluster::Status {
                    code: 400,
                    reason: "BadRequest",
                    message,
                    details: None,
                }),
                Vec::new(),
            ),
        }
    }
}

fn has_pipelines(checked: &check::Checked) -> bool {
    checked.documents.iter().any(|document| document.role == Role::Workflow)
}

enum Plan {
    Create(Object),
    Update(Object, Vec<super::FieldChange>),
    Nothing,
    Broken(String),
}

fn plan(cluster: &Cluster, key: &ObjectKey, written: &Value) -> Plan {
    try_plan(cluster, key, written).unwrap_or_else(Plan::Broken)
}

fn try_plan(cluster: &Cluster, key: &ObjectKey, written: &Value) -> Result<Plan, String> {
    let modified = patch::modified(written, None);
    let Some(current) = cluster.store().object(&key.kind, &key.namespace, &key.name) else {
        return Ok(Plan::Create(Object::from_value(&modified).map_err(|error| error.0)?));
    };
    let present = current.to_value();
    let text = |field: &str| present.str_at(&[field]).unwrap_or_default();
    let Some(ty) = Type::of(text("apiVersion"), text("kind")) else {
        return Err(["no schema of ", &key.kind].concat());
    };
    let last = patch::last_applied(&present);
    let mut sent = patch::three_way(last.as_ref(), &modified, &present, ty)?;
    if sent.as_map().is_some_and(Map::is_empty) {
        return Ok(Plan::Nothing);
    }
    let patched = normalize(&patch::strategic(&present, &mut sent, ty)?, ty);
    let object = Object::from_value(&patched).map_err(|error| error.0)?;
    let mut changes = differences(&last.unwrap_or_default(), written);
    // kubectl writes an empty `annotations` into what it remembers.
    changes.retain(|change| change.path != "metadata.annotations");
    Ok(Plan::Update(object, changes))
}

/// What is applied, with the namespace kubectl fills in.
fn with_namespace(document: &Document) -> Value {
    let mut value = document.value.clone();
    let kind = Kind::of(document.api_version(), document.kind());
    let namespaced = if kind == Kind::Other { is_namespaced(document.kind()) } else { kind.namespaced() };
    let metadata =
        value.as_map_mut().map(|map| map.entry("metadata".to_owned()).or_insert_with(|| Map::new().into()));
    if let Some(metadata) = metadata.and_then(Value::as_map_mut) {
        if namespaced {
            metadata.entry("namespace".to_owned()).or_insert_with(|| "default".into());
        } else {
            metadata.remove("namespace");
        }
    }
    value
}

/// Cluster-scoped kinds among those without a type of their own.
fn is_namespaced(kind: &str) -> bool {
    !matches!(
        kind,
        "ClusterAnalysisTemplate"
            | "ClusterRole"
            | "ClusterRoleBinding"
            | "CustomResourceDefinition"
            | "GatewayClass"
            | "IngressClass"
            | "PersistentVolume"
            | "PriorityClass"
            | "RuntimeClass"
            | "StorageClass"
            | "ValidatingWebhookConfiguration"
            | "MutatingWebhookConfiguration"
    )
}

fn key_of(value: &Value) -> Option<ObjectKey> {
    Some(ObjectKey {
        kind: value.str_at(&["kind"])?.into(),
        namespace: value.str_at(&["metadata", "namespace"]).unwrap_or_default().into(),
        name: value.str_at(&["metadata", "name"])?.into(),
    })
}
