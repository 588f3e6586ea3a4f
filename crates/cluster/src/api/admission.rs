//! Admission of objects that a person writes, and validation (plugin/pkg/admission, pkg/apis/*/validation).

use std::sync::Arc;

use opscape_manifest::api::Object;
use opscape_manifest::validation::{self, FieldError, Kind};
use opscape_manifest::value::Value;

use super::Api;
use crate::Status;
use crate::status::{Cause, Details};

impl Api {
    pub(super) fn admit(&mut self, object: &mut Object) -> Result<(), Status> {
        if let Object::Pod(pod) = object {
            let spec = self.admitted_spec(pod)?;
            Arc::make_mut(pod).spec = spec;
        } else if object.kind_name() == "PriorityClass" {
            self.forget_admitted();
        }
        Ok(())
    }
}

impl Api {
    /// ValidatingAdmissionWebhook (k8s.io/apiserver/pkg/admission/plugin/webhook/errors, `ToStatusErr`).
    pub(super) fn ask_webhooks(&self, object: &Object) -> Result<(), Status> {
        self.options.webhooks.review(object, &self.store).map_err(|refusal| {
            let crate::webhooks::Refusal { webhook, message } = refusal;
            Status::bad_request(format!("admission webhook {webhook:?} denied the request: {message}"))
        })
    }
}

/// What validation says of a new object.
pub(super) fn validate(object: &Value) -> Result<(), Status> {
    refuse(object, &validation::create(object))
}

/// What validation says of a change.
pub(super) fn validate_update(new: &Value, old: &Value) -> Result<(), Status> {
    refuse(new, &validation::update(new, old))
}

fn refuse(object: &Value, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let group = object.str_at(&["apiVersion"]).unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    let kind = object.str_at(&["kind"]).unwrap_or_default();
    let name = object.str_at(&["metadata", "name"]).unwrap_or_default();
    let causes = errors.iter().map(|error| Cause {
        reason: reason(error.kind).into(),
        message: error.body(),
        field: error.path.clone(),
    });
    let details = Details {
        name: name.into(),
        group: group.into(),
        kind: kind.into(),
        causes: causes.collect(),
        ..Details::default()
    };
    Err(Status::invalid(validation::invalid(group, kind, name, errors), details))
}

fn reason(kind: Kind) -> &'static str {
    match kind {
        Kind::Required => "FieldValueRequired",
        Kind::Invalid => "FieldValueInvalid",
        Kind::NotSupported => "FieldValueNotSupported",
        Kind::Forbidden => "FieldValueForbidden",
        Kind::Duplicate => "FieldValueDuplicate",
        Kind::NotFound => "FieldValueNotFound",
        Kind::TooLong => "FieldValueTooLong",
        Kind::TooMany => "FieldValueTooMany",
    }
}
