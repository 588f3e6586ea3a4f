//! Errors of the API server, as `metav1.Status` (k8s.io/apimachinery/pkg/api/errors).

use std::fmt;

use opscape_manifest::api::meta::{Str, Uid};

/// Why the API server refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// One word, as `NotFound`.
    pub reason: &'static str,
    /// A sentence, as kubectl prints it after `Error from server (NotFound): `.
    pub message: String,
    /// Which object, and which of its fields.
    pub details: Option<Box<Details>>,
}

/// Which object a [`Status`] speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// Its name.
    pub name: Str,
    /// Its group, empty for the core group.
    pub group: Str,
    /// Its kind, or its resource (`deployments`) where the server gives that.
    pub kind: Str,
    /// Its identity.
    pub uid: Uid,
    /// The fields at fault.
    pub causes: Vec<Cause>,
}

/// A field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cause {
    /// One word, as `FieldValueInvalid`.
    pub reason: Str,
    /// A sentence.
    pub message: String,
    /// The path of the field.
    pub field: String,
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// `deployments.apps`: a resource with its group, as it stands in messages.
fn qualified(plural: &str, api_version: &str) -> String {
    match api_version.split_once('/') {
        Some((group, _)) => [plural, ".", group].concat(),
        None => plural.to_owned(),
    }
}

/// A resource in messages: its plural and its `apiVersion`.
#[derive(Debug, Clone, Copy)]
pub struct ResourceName<'a> {
    /// `deployments`
    pub plural: &'a str,
    /// `apps/v1`
    pub api_version: &'a str,
}

impl ResourceName<'_> {
    fn details(self, name: &str) -> Details {
        Details {
            name: name.into(),
            group: self.api_version.split_once('/').map_or("", |(group, _)| group).into(),
            kind: self.plural.into(),
            ..Details::default()
        }
    }

    /// 404: there is no such object.
    pub fn not_found(self, name: &str) -> Status {
        let resource = qualified(self.plural, self.api_version);
        Status {
            code: 404,
            reason: "NotFound",
            message: format!("{resource} \"{name}\" not found"),
            details: Some(Box::new(self.details(name))),
        }
    }

    /// 409: the name is taken.
    pub fn already_exists(self, name: &str) -> Status {
        let resource = qualified(self.plural, self.api_version);
        Status {
            code: 409,
            reason: "AlreadyExists",
            message: format!("{resource} \"{name}\" already exists"),
            details: Some(Box::new(self.details(name))),
        }
    }

    /// 409: the object was written by someone else meanwhile, or a precondition does not hold.
    pub fn conflict(self, name: &str, why: &str) -> Status {
        let resource = qualified(self.plural, self.api_version);
        Status {
            code: 409,
            reason: "Conflict",
            message: format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}"),
            details: Some(Box::new(self.details(name))),
        }
    }

    /// 403: admission refuses it.
    pub fn forbidden(self, name: &str, why: &str) -> Status {
        let resource = qualified(self.plural, self.api_version);
        Status {
            code: 403,
            reason: "Forbidden",
            message: format!("{resource} \"{name}\" is forbidden: {why}"),
            details: Some(Box::new(self.details(name))),
        }
    }
}

impl Status {
    /// The message of a lost race for a `resourceVersion`.
    pub const STALE: &str =
        "the object has been modified; please apply your changes to the latest version and try again";

    /// 429: a disruption budget does not let an eviction through now (`NewTooManyRequests`).
    pub(crate) fn disruption_budget(why: String) -> Status {
        let cause = Cause { reason: "DisruptionBudget".into(), message: why, field: String::new() };
        Status {
            code: 429,
            reason: "TooManyRequests",
            message: "Cannot evict pod as it would violate the pod's disruption budget.".to_owned(),
            details: Some(Box::new(Details { causes: vec![cause], ..Details::default() })),
        }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status { code: 400, reason: "BadRequest", message: message.into(), details: None }
    }

    /// 422: validation refuses it. `message` has all the complaints, as `Deployment.apps "web" is invalid: ...`.
    pub fn invalid(message: String, details: Details) -> Status {
        Status { code: 422, reason: "Invalid", message, details: Some(Box::new(details)) }
    }

    /// Whether the namespace is being deleted (`HasStatusCause(err, NamespaceTerminatingCause)`).
    pub fn is_namespace_terminating(&self) -> bool {
        self.details.as_ref().is_some_and(|details| {
            details.causes.iter().any(|cause| &*cause.reason == "NamespaceTerminating")
        })
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }
}
