//! Errors of single fields and how they are put together (apimachinery `pkg/util/validation/field`).

use std::fmt;

use super::field::Field;
use crate::golang::quote;
use crate::print::to_json;
use crate::value::Value;

/// What sort of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Required value`
    Required,
    /// `Invalid value`
    Invalid,
    /// `Unsupported value`
    NotSupported,
    /// `Forbidden`
    Forbidden,
    /// `Duplicate value`
    Duplicate,
    /// `Not found`
    NotFound,
    /// `Too long`
    TooLong,
    /// `Too many`
    TooMany,
}

/// One error of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, e.g. `spec.template.spec.containers[0].image`.
    pub path: String,
    /// What sort.
    pub kind: Kind,
    /// The value as Go prints it; empty where the sort prints none.
    pub value: String,
    /// More words.
    pub detail: String,
}

impl FieldError {
    /// `path: Required value[: detail]`
    pub fn required(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), kind: Kind::Required, value: String::new(), detail: detail.into() }
    }

    /// `path: Forbidden: detail`
    pub fn forbidden(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), kind: Kind::Forbidden, value: String::new(), detail: detail.into() }
    }

    /// `path: Invalid value: value: detail`
    pub fn invalid(path: impl Into<String>, value: &Value, detail: impl Into<String>) -> Self {
        Self { path: path.into(), kind: Kind::Invalid, value: go_value(value), detail: detail.into() }
    }

    /// The part behind the path: the message of a status cause.
    pub fn body(&self) -> String {
        let word = match self.kind {
            Kind::Required => "Required value",
            Kind::Invalid => "Invalid value",
            Kind::NotSupported => "Unsupported value",
            Kind::Forbidden => "Forbidden",
            Kind::Duplicate => "Duplicate value",
            Kind::NotFound => "Not found",
            Kind::TooLong => "Too long",
            Kind::TooMany => "Too many",
        };
        let mut out = word.to_owned();
        for part in [&self.value, &self.detail] {
            if !part.is_empty() {
                out.push_str(": ");
                out.push_str(part);
            }
        }
        out
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// A value in a message: texts quoted, numbers plain, the rest as JSON.
pub(super) fn go_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => to_json(other),
    }
}

/// The server's message for an object with errors (`errors.NewInvalid`):
/// `Deployment.apps "web" is invalid: spec.replicas: ...`, several in brackets.
pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> String {
    let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
    let lines = distinct(errors);
    let list = if let [one] = lines.as_slice() { one.clone() } else { format!("[{}]", lines.join(", ")) };
    format!("{qualified} {} is invalid: {list}", quote(name))
}

/// The same as kubectl prints it: `The Deployment "web" is invalid: ...`, several in lines with stars.
pub fn invalid_for_kubectl(kind: &str, name: &str, errors: &[FieldError]) -> String {
    let lines = distinct(errors);
    let list = if let [one] = lines.as_slice() {
        one.clone()
    } else {
        lines.iter().map(|line| format!("\n* {line}")).collect::<Vec<_>>().concat()
    };
    format!("The {kind} {} is invalid: {list}", quote(name))
}

fn distinct(errors: &[FieldError]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::with_capacity(errors.len());
    for error in errors {
        let line = error.to_string();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// The errors found so far.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<FieldError>);

impl Errors {
    fn push(&mut self, field: &Field<'_>, kind: Kind, value: String, detail: impl Into<String>) {
        self.0.push(FieldError { path: field.path(), kind, value, detail: detail.into() });
    }

    pub(super) fn required(&mut self, field: &Field<'_>, detail: &str) {
        self.push(field, Kind::Required, String::new(), detail);
    }

    pub(super) fn forbidden(&mut self, field: &Field<'_>, detail: &str) {
        self.push(field, Kind::Forbidden, String::new(), detail);
    }

    pub(super) fn invalid(&mut self, field: &Field<'_>, detail: impl Into<String>) {
        self.push(field, Kind::Invalid, go_value(field.value), detail);
    }

    /// With a text that is not the field's own value.
    pub(super) fn invalid_text(&mut self, field: &Field<'_>, text: &str, detail: impl Into<String>) {
        self.push(field, Kind::Invalid, quote(text), detail);
    }

    /// With a value printed already.
    pub(super) fn invalid_raw(&mut self, field: &Field<'_>, value: String, detail: impl Into<String>) {
        self.push(field, Kind::Invalid, value, detail);
    }

    /// One error for each message of a name check.
    pub(super) fn each(&mut self, field: &Field<'_>, messages: Vec<String>) {
        for message in messages {
            self.invalid(field, message);
        }
    }

    pub(super) fn duplicate(&mut self, field: &Field<'_>) {
        self.push(field, Kind::Duplicate, go_value(field.value), "");
    }

    pub(super) fn duplicate_raw(&mut self, field: &Field<'_>, value: String, detail: &str) {
        self.push(field, Kind::Duplicate, value, detail);
    }

    pub(super) fn not_found_raw(&mut self, field: &Field<'_>, value: String) {
        self.push(field, Kind::NotFound, value, "");
    }

    pub(super) fn not_found(&mut self, field: &Field<'_>) {
        self.push(field, Kind::NotFound, go_value(field.value), "");
    }

    pub(super) fn too_long(&mut self, field: &Field<'_>, bytes: usize) {
        self.push(field, Kind::TooLong, String::new(), format!("may not be more than {bytes} bytes"));
    }

    /// The values in the order upstream lists them.
    pub(super) fn not_supported(&mut self, field: &Field<'_>, supported: &[&str]) {
        self.not_supported_raw(field, go_value(field.value), supported);
    }

    pub(super) fn not_supported_raw(&mut self, field: &Field<'_>, value: String, supported: &[&str]) {
        let list: Vec<String> = supported.iter().map(|word| quote(word)).collect();
        self.push(field, Kind::NotSupported, value, format!("supported values: {}", list.join(", ")));
    }

    /// `must be greater than or equal to 0`
    pub(super) fn not_negative(&mut self, field: &Field<'_>) {
        if field.int().is_some_and(|int| int < 0) {
            self.invalid(field, NOT_NEGATIVE);
        }
    }

    /// Required if empty, else one of the supported values.
    pub(super) fn one_of(&mut self, field: &Field<'_>, supported: &[&str]) {
        if field.text().is_empty() {
            self.required(field, "");
        } else if !supported.contains(&field.text()) {
            self.not_supported(field, supported);
        }
    }

    /// `field is immutable` if it differs.
    pub(super) fn immutable(&mut self, new: &Field<'_>, old: &Field<'_>) {
        if !new.same(old) {
            self.invalid(new, IMMUTABLE);
        }
    }
}

pub(super) const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
pub(super) const IMMUTABLE: &str = "field is immutable";
