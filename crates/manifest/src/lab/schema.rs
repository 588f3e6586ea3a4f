//! The schema of the lab's database: which columns there are, which an image needs, and which a migration adds and drops.
//!
//! A version that asks for a column which is not there gets `ERROR: column customers.full_name does not exist` (PostgreSQL,
//! SQLSTATE 42703). What it makes of that is up to it: most fail the request, some say in their readiness probe that they
//! cannot work, some compare the schema when they start and end (`spring.jpa.hibernate.ddl-auto=validate`).

use super::LabSpec;
use crate::api::Str;
use crate::codec::fields;
use crate::validation::FieldError;
use crate::value::Value;

/// What an image needs of the database, and what it changes there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageSchema {
    /// Columns it reads or writes: without them it cannot answer.
    pub needs: Vec<Str>,
    /// Columns that are there once it has migrated the database.
    pub adds: Vec<Str>,
    /// Columns that are gone then. It has migrated once it ended with 0, or, if it serves, once it listens.
    pub drops: Vec<Str>,
    /// What it does when a column it needs is not there: `errors` (default), `unready` or `exits`.
    pub when_missing: Option<Str>,
}

fields! {
    ImageSchema:
    needs "needs",
    adds "adds",
    drops "drops",
    when_missing "whenMissing",
}

impl ImageSchema {
    /// Its requests are answered with 500.
    pub const ERRORS: &str = "errors";
    /// Its readiness probe fails, too.
    pub const UNREADY: &str = "unready";
    /// It looks when it starts, and ends with 1.
    pub const EXITS: &str = "exits";

    /// What it does when a column it needs is not there.
    pub fn when_missing(&self) -> &str {
        self.when_missing.as_deref().unwrap_or(Self::ERRORS)
    }

    /// Whether it changes the database.
    pub fn migrates(&self) -> bool {
        !self.adds.is_empty() || !self.drops.is_empty()
    }
}

pub(super) fn validate(spec: &LabSpec, errors: &mut Vec<FieldError>) {
    columns(&spec.schema, "spec.schema", errors);
    for (i, image) in spec.images.iter().enumerate() {
        let Some(schema) = &image.schema else { continue };
        let path = format!("spec.images[{i}].schema");
        let lists = [("needs", &schema.needs), ("adds", &schema.adds), ("drops", &schema.drops)];
        for (name, list) in lists {
            columns(list, &[&path, ".", name].concat(), errors);
        }
        let choices = [ImageSchema::ERRORS, ImageSchema::UNREADY, ImageSchema::EXITS];
        let field = [&path, ".whenMissing"].concat();
        super::validate_load::one_of(schema.when_missing.as_deref(), &choices, field, errors);
        // A column that nobody ever adds is a slip of the pen.
        for (name, list) in [("needs", &schema.needs), ("drops", &schema.drops)] {
            for (j, column) in list.iter().enumerate().filter(|(_, column)| is_column(column)) {
                if !is_known(spec, column) {
                    let message = "is not in `spec.schema`, and no image adds it";
                    let value = Value::from(&**column);
                    errors.push(FieldError::invalid(format!("{path}.{name}[{j}]"), &value, message));
                }
            }
        }
        for (j, column) in schema.adds.iter().enumerate() {
            if schema.drops.contains(column) {
                let message = "may not be added and dropped at once";
                errors.push(FieldError::invalid(
                    format!("{path}.adds[{j}]"),
                    &Value::from(&**column),
                    message,
                ));
            }
        }
    }
}

/// Whether a column is there at some time: at t=0, or once an image has added it.
fn is_known(spec: &LabSpec, column: &Str) -> bool {
    let mut schemas = spec.images.iter().filter_map(|image| image.schema.as_ref());
    spec.schema.contains(column) || schemas.any(|schema| schema.adds.contains(column))
}

fn columns(list: &[Str], path: &str, errors: &mut Vec<FieldError>) {
    for (i, column) in list.iter().enumerate() {
        let message = if !is_column(column) {
            "must be a table and a column, as customers.name"
        } else if list.iter().take(i).any(|other| other == column) {
            "is there twice"
        } else {
            continue;
        };
        errors.push(FieldError::invalid(format!("{path}[{i}]"), &Value::from(&**column), message));
    }
}

fn is_column(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    text.split_once('.').is_some_and(|(table, column)| is_name(table) && is_name(column))
}
