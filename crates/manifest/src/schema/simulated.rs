//! What is simulated today; the rest is valid, kept, and marked.

use super::{Holds, Type};
use crate::value::Value;

static TABLE: &str = include_str!("simulated.txt");

/// What of a document is not simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// Its kind as a whole is not.
    pub kind_missing: bool,
    /// Paths of fields that are valid but have no effect here.
    pub fields: Vec<String>,
}

fn line(word: &str) -> Option<impl Iterator<Item = &'static str>> {
    TABLE
        .lines()
        .find(|line| line.strip_prefix(word).is_some_and(|rest| rest.starts_with(' ')))
        .map(|line| line.split(' ').skip(1))
}

/// Whether a kind acts here.
pub fn acts(kind: &str) -> bool {
    line("kind").is_some_and(|mut kinds| kinds.any(|known| known == kind))
}

/// Looks through a document of a kind.
pub fn simulated(value: &Value, kind: &str, ty: Type) -> Simulated {
    if !acts(kind) {
        return Simulated { kind_missing: true, fields: Vec::new() };
    }
    let mut found = Simulated::default();
    walk(value, ty, "", &mut found.fields);
    found
}

fn walk(value: &Value, ty: Type, path: &str, found: &mut Vec<String>) {
    let (Some(known), Value::Map(map)) = (line(ty.name), value) else { return };
    let known: Vec<&str> = known.collect();
    for (key, value) in map {
        let Some(field) = ty.field(key) else { continue };
        if value.is_null() {
            continue;
        }
        let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if !known.contains(&key.as_str()) {
            found.push(here);
            continue;
        }
        let Some(inner) = Type::named(field.holds.type_name()) else { continue };
        match (field.holds, value) {
            (Holds::List(_), Value::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    walk(item, inner, &format!("{here}[{i}]"), found);
                }
            }
            (Holds::One(_), _) => walk(value, inner, &here, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_fields_that_exist() {
        for line in TABLE.lines().filter(|line| !line.starts_with(['#', 'k'])) {
            let (name, fields) = line.split_once(' ').unwrap();
            let ty = Type::named(name).unwrap_or_else(|| panic!("no type {name}"));
            for field in fields.split(' ') {
                assert!(ty.field(field).is_some(), "{name}.{field}");
            }
        }
    }

    #[test]
    fn fields_without_effect_are_marked() {
        let value: Value = serde_json::from_str(
            r#"{"spec":{"replicas":1,"template":{"spec":{"runtimeClassName":"x","containers":[{"name":"c","resizePolicy":[]}]}}}}"#,
        )
        .unwrap();
        let found = simulated(&value, "Deployment", Type::of("apps/v1", "Deployment").unwrap());
        assert_eq!(
            found.fields,
            ["spec.template.spec.containers[0].resizePolicy", "spec.template.spec.runtimeClassName"]
        );
        assert!(simulated(&value, "CronJob", Type::of("batch/v1", "CronJob").unwrap()).kind_missing);
    }
}
