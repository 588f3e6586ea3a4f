//! Requests and limits (`ValidateContainerResourceRequirements`), resource names and amounts.

use super::error::{Errors, NOT_NEGATIVE};
use super::field::Field;
use crate::golang::quote;
use crate::names;
use crate::quantity::Quantity;
use crate::value::Value;

const QUOTA: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
const COUNTED: &[&str] = &[
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// The amount in a field; fields that are no quantity were refused before.
pub(super) fn amount(value: &Value) -> Quantity {
    match value {
        Value::Int(int) => Quantity::whole(*int),
        Value::Float(number) => Quantity::parse(&crate::golang::float(*number)).unwrap_or_default(),
        Value::String(text) => Quantity::parse(text).unwrap_or_default(),
        _ => Quantity::default(),
    }
}

fn huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn extended(name: &str) -> bool {
    !native(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// `IsOvercommitAllowed`
fn may_overcommit(name: &str) -> bool {
    native(name) && !huge_pages(name)
}

/// `validateResourceName`; says whether it is fine.
fn name(field: &Field<'_>, name: &str, errors: &mut Errors) -> bool {
    let messages = names::qualified_name(name);
    let fine = messages.is_empty();
    for message in messages {
        errors.invalid_text(field, name, message);
    }
    if fine && !name.contains('/') && !QUOTA.contains(&name) && name != "storage" && !huge_pages(name) {
        errors.invalid_text(field, name, "must be a standard resource type or fully qualified");
        return false;
    }
    fine
}

/// `validateContainerResourceName`
pub(super) fn container_name(field: &Field<'_>, resource: &str, errors: &mut Errors) {
    name(field, resource, errors);
    if !resource.contains('/') {
        if !matches!(resource, "cpu" | "memory" | "ephemeral-storage") && !huge_pages(resource) {
            errors.invalid_text(field, resource, "must be a standard resource for containers");
        }
    } else if !native(resource) && !extended(resource) {
        errors.invalid_text(field, resource, "doesn't follow extended resource name standard");
    }
}

/// `ValidateResourceQuotaResourceName`
pub(super) fn quota_name(field: &Field<'_>, resource: &str, errors: &mut Errors) {
    name(field, resource, errors);
    if !resource.contains('/')
        && !QUOTA.contains(&resource)
        && !resource.starts_with("requests.hugepages-")
        && !huge_pages(resource)
    {
        errors.invalid_text(field, resource, "must be a standard resource for quota");
    }
}

/// `ValidateResourceQuantityValue`
pub(super) fn quantity(field: &Field<'_>, resource: &str, errors: &mut Errors) {
    let amount = amount(field.value);
    if amount.is_negative() {
        errors.invalid_raw(field, quote(&amount.to_string()), NOT_NEGATIVE);
    }
    if (COUNTED.contains(&resource) || extended(resource)) && !amount.is_whole() {
        errors.invalid_raw(field, quote(&amount.to_string()), "must be an integer");
    }
}

/// `validateResourceRequirements` of a container.
pub(super) fn requirements(field: &Field<'_>, errors: &mut Errors) {
    let (limits, requests) = (field.child("limits"), field.child("requests"));
    let (mut plain, mut huge) = (false, false);
    for (resource, limit) in limits.entries() {
        container_name(&limit, resource, errors);
        quantity(&limit, resource, errors);
        plain |= matches!(resource, "cpu" | "memory");
        huge |= huge_pages(resource);
    }
    for (resource, request) in requests.entries() {
        container_name(&request, resource, errors);
        quantity(&request, resource, errors);
        let asked = amount(request.value);
        let limit = limits.key(resource);
        if limit.is_set() {
            let limit = amount(limit.value);
            if asked != limit && !may_overcommit(resource) {
                let detail = format!("must be equal to {resource} limit of {limit}");
                errors.invalid_raw(&requests, quote(&asked.to_string()), detail);
            } else if asked > limit {
                let detail = format!("must be less than or equal to {resource} limit of {limit}");
                errors.invalid_raw(&requests, quote(&asked.to_string()), detail);
            }
        } else if !may_overcommit(resource) {
            errors.required(&limits, "Limit must be set for non overcommitable resources");
        }
        plain |= matches!(resource, "cpu" | "memory");
        huge |= huge_pages(resource);
    }
    if huge && !plain {
        errors.forbidden(field, "HugePages require cpu or memory");
    }
}
