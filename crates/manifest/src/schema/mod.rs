//! Which fields exist and what they hold: the generated table of the official schemas (`fields.txt`), those of the
//! Gateway API (`gateway.txt`), of Argo Rollouts (`argo.txt`) and of our own `Lab` document (`lab.txt`), and the list of
//! what is simulated (`simulated.txt`).
//!
//! The tables are texts that are searched where they lie; only an index of the types is built, once for each of two
//! halves: what everyday documents are made of, and everything else.

mod decode;
mod halves;
mod simulated;
mod suggest;

use std::sync::OnceLock;

use crate::order::sort_by;

pub use decode::{Finding, FindingKind, Report, bad_request, inspect, normalize, patch_refusal};
pub use simulated::{Simulated, acts, simulated};
pub use suggest::nearest;

static LAB: &str = include_str!("lab.txt");
static GATEWAY: &str = include_str!("gateway.txt");
static ARGO: &str = include_str!("argo.txt");

/// A type of the table, by its Go name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its name in the table, e.g. `PodSpec` or `HorizontalPodAutoscaler@autoscaling/v1`.
    pub name: &'static str,
    /// Its group and version, e.g. `apps/v1`.
    pub group_version: &'static str,
    fields: &'static str,
}

/// A field of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// As in the document.
    pub name: &'static str,
    /// Whether the schema says that it is required.
    pub required: bool,
    /// What it holds.
    pub holds: Holds,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// One value of the type.
    One(&'static str),
    /// A list of them.
    List(&'static str),
    /// A map of them by text.
    Map(&'static str),
    /// A map of lists by text.
    MapOfLists(&'static str),
}

impl Holds {
    fn parse(text: &'static str) -> Self {
        if let Some(inner) = text.strip_prefix("map list ") {
            Holds::MapOfLists(inner)
        } else if let Some(inner) = text.strip_prefix("list ") {
            Holds::List(inner)
        } else if let Some(inner) = text.strip_prefix("map ") {
            Holds::Map(inner)
        } else {
            Holds::One(text)
        }
    }

    /// The name of the type of the innermost values: `string`, `int32`, ..., or a type of the table.
    pub fn type_name(self) -> &'static str {
        match self {
            Holds::One(name) | Holds::List(name) | Holds::Map(name) | Holds::MapOfLists(name) => name,
        }
    }
}

impl Type {
    /// The type of a name.
    pub fn named(name: &str) -> Option<Type> {
        // `string`, `int32`: no type of the tables.
        if !name.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            return None;
        }
        everyday().find(name).or_else(|| others().find(name))
    }

    /// The type of the objects of a kind; `None` for kinds that the server does not have.
    pub fn of(api_version: &str, kind: &str) -> Option<Type> {
        let of = |index: &'static Index| {
            index.kinds.iter().find(|(version, name, _)| *version == api_version && *name == kind)
        };
        of(everyday()).or_else(|| of(others())).and_then(|(_, _, ty)| Type::named(ty))
    }

    /// Its fields in alphabetical order.
    pub fn fields(self) -> impl Iterator<Item = Field> {
        self.fields.lines().filter_map(|line| {
            let (name, holds) = line.split_once(' ')?;
            let required = name.ends_with('!');
            Some(Field { name: name.trim_end_matches('!'), required, holds: Holds::parse(holds) })
        })
    }

    /// The field of a name.
    pub fn field(self, name: &str) -> Option<Field> {
        self.fields().find(|field| field.name == name)
    }

    /// The name of the Go type with its package, e.g. `v1.PodSpec`.
    pub fn go_name(self) -> String {
        let package = self.group_version.rsplit('/').next().unwrap_or_default();
        format!("{package}.{}", self.struct_name())
    }

    /// The name of the Go type without its package.
    pub fn struct_name(self) -> &'static str {
        self.name.split('@').next().unwrap_or_default()
    }
}

/// All kinds: (`apiVersion`, `kind`).
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    everyday().kinds.iter().chain(&others().kinds).map(|(version, kind, _)| (*version, *kind))
}

/// The type at a path of field names below a kind, for completion and hover: `["spec", "template"]`. Lists and maps
/// are stepped into; `None` where the path leads to a plain value or nowhere.
pub fn type_at(api_version: &str, kind: &str, path: &[&str]) -> Option<Type> {
    path.iter()
        .try_fold(Type::of(api_version, kind)?, |ty, name| Type::named(ty.field(name)?.holds.type_name()))
}

struct Index {
    /// Sorted by name.
    types: Vec<Type>,
    kinds: Vec<(&'static str, &'static str, &'static str)>,
}

impl Index {
    fn of(tables: &[&'static str]) -> Index {
        let mut index = Index { types: Vec::new(), kinds: Vec::new() };
        for table in tables {
            for section in table.split("\n= ") {
                let section = section.strip_prefix("= ").unwrap_or(section);
                let (head, fields) = section.split_once('\n').unwrap_or((section, ""));
                if head.starts_with(|letter: char| letter.is_ascii_uppercase()) {
                    let (name, group_version) = head.split_once(' ').unwrap_or((head, ""));
                    index.types.push(Type { name, group_version, fields });
                    continue;
                }
                // The head of a table.
                for line in section.lines() {
                    let mut words = line.split(' ');
                    if words.next() == Some("kind")
                        && let (Some(version), Some(kind), Some(ty)) =
                            (words.next(), words.next(), words.next())
                    {
                        index.kinds.push((version, kind, ty));
                    }
                }
            }
        }
        sort_by(&mut index.types, |a, b| a.name.cmp(b.name));
        index
    }

    fn find(&self, name: &str) -> Option<Type> {
        let at = self.types.binary_search_by(|ty| ty.name.cmp(name)).ok()?;
        self.types.get(at).copied()
    }
}

fn everyday() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index::of(&[halves::everyday(), LAB]))
}

fn others() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index::of(&[halves::others(), GATEWAY, ARGO]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_found() {
        let deployment = Type::of("apps/v1", "Deployment").unwrap();
        let spec = deployment.field("spec").unwrap();
        assert_eq!(spec.holds, Holds::One("DeploymentSpec"));
        assert!(Type::named("DeploymentSpec").unwrap().field("selector").unwrap().required);
        assert_eq!(type_at("v1", "Pod", &["spec", "containers"]).unwrap().go_name(), "v1.Container");
        assert_eq!(Type::of("apps/v2", "Deployment"), None);
        assert_eq!(Type::of("opscape.dev/v1alpha1", "Lab").unwrap().name, "Lab");
    }

    #[test]
    fn every_type_that_is_named_exists() {
        let plain = [
            "string",
            "bool",
            "int32",
            "int64",
            "number",
            "quantity",
            "intstr",
            "time",
            "microtime",
            "bytes",
            "raw",
            "duration",
            "text",
        ];
        for ty in everyday().types.iter().chain(&others().types) {
            for field in ty.fields() {
                let name = field.holds.type_name();
                assert!(
                    plain.contains(&name) || Type::named(name).is_some(),
                    "{}.{}: {name}",
                    ty.name,
                    field.name
                );
            }
        }
    }
}
