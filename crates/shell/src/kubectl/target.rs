//! Which objects a command line means: `deploy/web`, `deploy web`, `deploy,rs -l app=web`, `all`, `--all`
//! (k8s.io/cli-runtime/pkg/resource/builder.go).

use opscape_cluster::Status;
use opscape_manifest::api::{Object, ObjectKey};
use opscape_manifest::selector::{FieldSelector, Selector};
use opscape_manifest::value::Value;

use super::resources::ALL;
use super::{Call, Failure, Resource, words};

/// One object that is meant, or that is missing.
#[derive(Clone)]
pub(crate) struct Target {
    pub resource: &'static Resource,
    pub name: String,
    pub namespace: String,
    pub found: Result<Object, Status>,
}

impl Target {
    /// Its key in the store.
    pub fn key(&self) -> ObjectKey {
        ObjectKey {
            kind: self.resource.kind.into(),
            namespace: if self.resource.namespaced { self.namespace.as_str().into() } else { "".into() },
            name: self.name.as_str().into(),
        }
    }

    /// `deployment.apps/web`.
    pub fn label(&self) -> String {
        format!("{}/{}", self.resource.qualified_kind(), self.name)
    }
}

/// What may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Without names, all objects of the kind are meant (`get`, `describe`).
    MeansAll,
    /// Without names, there must be a selector or `--all`.
    IsAnError,
}

/// What a command line means.
pub(crate) struct Targets {
    pub found: Vec<Target>,
    /// The resources asked for, in order.
    pub resources: Vec<&'static Resource>,
    /// One single object was named.
    pub singular: bool,
    /// More than one kind was asked for.
    pub several_kinds: bool,
    /// Names were given.
    pub named: bool,
}

const COMBINED: &str = "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";

/// The resource of a word.
pub(crate) fn resource(word: &str) -> Result<&'static Resource, Failure> {
    match Resource::find(word) {
        Some(resource) => Ok(resource),
        None => words(format!("the server doesn't have a resource type \"{word}\"")),
    }
}

/// The resources of `deploy,rs` and of `all`.
fn resources(word: &str) -> Result<Vec<&'static Resource>, Failure> {
    let mut found: Vec<&'static Resource> = Vec::new();
    for part in word.split(',') {
        if part == "all" {
            found.extend(ALL.iter().filter_map(|plural| Resource::find(plural)));
        } else if !part.is_empty() {
            found.push(resource(part)?);
        }
    }
    Ok(found)
}

impl Call<'_, '_> {
    /// The objects that `args` mean, with `-l`, `--field-selector`, `--all`, `-A` and `-n` of the command.
    pub fn targets(&self, args: &[String], missing: Missing) -> Result<Targets, Failure> {
        let everywhere = self.flags.truth("all-namespaces");
        let namespace = self.namespace();
        let selector = self.flags.text("selector").unwrap_or("");
        let fields = self.flags.text("field-selector").unwrap_or("");
        let selected = !selector.is_empty() || !fields.is_empty();
        let all = self.flags.truth("all");
        let slashes = args.iter().filter(|arg| arg.contains('/')).count();
        if slashes > 0 && slashes != args.len() {
            return words(COMBINED);
        }
        let mut named: Vec<(&'static Resource, String)> = Vec::new();
        let mut kinds = Vec::new();
        if slashes > 0 {
            for arg in args {
                let mut parts = arg.split('/');
                let (kind, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                if parts.next().is_some() || kind.is_empty() || name.is_empty() {
                    return words("arguments in resource/name form must have a single resource and name");
                }
                let resource = resource(kind)?;
                if !kinds.contains(&resource) {
                    kinds.push(resource);
                }
                named.push((resource, name.to_owned()));
            }
        } else if let Some((kind, names)) = args.split_first() {
            kinds = resources(kind)?;
            for resource in &kinds {
                named.extend(names.iter().map(|name| (*resource, name.clone())));
            }
        }
        let several_kinds = kinds.len() > 1 || args.first().is_some_and(|arg| arg == "all");
        let mut result = Targets {
            found: Vec::new(),
            resources: kinds,
            singular: false,
            several_kinds,
            named: !named.is_empty(),
        };
        if !named.is_empty() {
            if selected || all {
                return words("name cannot be provided when a selector is specified");
            }
            if everywhere {
                return words("a resource cannot be retrieved by name across all namespaces");
            }
            result.singular = named.len() == 1;
            for (resource, name) in named {
                let found = self.read(resource, &namespace, &name);
                result.found.push(Target { resource, name, namespace: namespace.clone(), found });
            }
            return Ok(result);
        }
        if result.resources.is_empty() {
            return words("You must provide one or more resources by argument or filename.");
        }
        if missing == Missing::IsAnError && !selected && !all {
            return words("resource(s) were provided, but no name was specified");
        }
        for resource in &result.resources {
            let filter = Filter::parse(resource, selector, fields)?;
            for object in self.list(resource, (!everywhere).then_some(namespace.as_str())) {
                if filter.matches(&object) {
                    let meta = object.meta();
                    let (name, namespace) = (meta.name.to_string(), meta.namespace.to_string());
                    result.found.push(Target { resource, name, namespace, found: Ok(object) });
                }
            }
        }
        Ok(result)
    }
}

/// `-l` and `--field-selector`.
#[derive(Clone)]
pub(crate) struct Filter {
    labels: Selector,
    fields: FieldSelector,
}

impl Filter {
    /// Reads both.
    pub fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Filter, Failure> {
        let refuse = |why: String| {
            Failure::Api(Status::bad_request(format!(
                "Unable to find \"{}, Resource={}\" that match label selector \"{labels}\", field selector \"{fields}\": {why}",
                if resource.group().is_empty() {
                    format!("/{}", resource.version())
                } else {
                    resource.api_version.to_owned()
                },
                resource.plural
            )))
        };
        let parsed_labels = Selector::parse(labels).map_err(refuse)?;
        let parsed_fields = FieldSelector::parse(fields).map_err(refuse)?;
        for term in &parsed_fields.terms {
            if !is_selectable(resource, &term.field) {
                return Err(refuse(format!("field label not supported: {}", term.field)));
            }
        }
        Ok(Filter { labels: parsed_labels, fields: parsed_fields })
    }

    /// Whether an object is selected.
    pub fn matches(&self, object: &Object) -> bool {
        if !self.labels.matches(&object.meta().labels) {
            return false;
        }
        if self.fields.terms.is_empty() {
            return true;
        }
        let value = object.to_value();
        let texts: Vec<(String, String)> = self
            .fields
            .terms
            .iter()
            .map(|term| {
                let path = if term.field == "source" { "source.component" } else { &term.field };
                let found = path.split('.').try_fold(&value, |value, key| value.get(key));
                let text = match found {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Bool(bool)) => bool.to_string(),
                    Some(Value::Int(int)) => int.to_string(),
                    _ if term.field == "spec.unschedulable" => "false".to_owned(),
                    _ => String::new(),
                };
                (term.field.clone(), text)
            })
            .collect();
        self.fields.matches_with(|field| {
            texts.iter().find(|(name, _)| name == field).map_or("", |(_, text)| text.as_str())
        })
    }
}

/// The fields that can be selected by, per kind (`AddFieldLabelConversionFunc`).
fn is_selectable(resource: &Resource, field: &str) -> bool {
    let own: &[&str] = match resource.plural {
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "nodes" => &["spec.unschedulable"],
        "namespaces" => &["status.phase"],
        "secrets" => &["type"],
        "replicasets" | "replicationcontrollers" => &["status.replicas"],
        "jobs" => &["status.successful"],
        "services" => &["spec.clusterIP", "spec.type"],
        _ => &[],
    };
    matches!(field, "metadata.name" | "metadata.namespace") || own.contains(&field)
}
