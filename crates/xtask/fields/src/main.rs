//! Writes what the Kubernetes API's official schemas say of its fields, in the two forms Opscape uses:
//!
//! - `FIELDS` (first argument): the compact table the strict decoder is built from;
//! - `DOCS` (second argument): a folder of JSON files with the official documentation texts, loaded by the editor
//!   and `kubectl explain` when first needed.
//!
//! The source is the `k8s-openapi` crate's schemas for the version named in `Cargo.toml`. The output is
//! deterministic: types and fields in alphabetical order, the order in which the schemas keep them.

mod kinds;

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fmt::Write as _, fs, process};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// One API type of the schemas: its Go name, made unique, and where it lives.
struct ApiType {
    /// Go type name; `@group/version` follows where two groups have the same name.
    name: String,
    /// `v1`, `apps/v1`, `networking.k8s.io/v1`, `meta/v1` for the shared types.
    group_version: String,
    schema: Map<String, Value>,
}

fn main() {
    let mut arguments = env::args().skip(1);
    let (Some(fields), Some(docs)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: opscape-fields FIELDS.txt DOCS_FOLDER");
        process::exit(2);
    };
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let roots = kinds::register(&mut generator);
    let definitions = generator.take_definitions(true);
    let types = name_types(&definitions, &roots);

    fs::write(&fields, table(&types, &roots)).unwrap_or_else(|error| panic!("{fields}: {error}"));
    let docs = Path::new(&docs);
    fs::create_dir_all(docs).unwrap_or_else(|error| panic!("{}: {error}", docs.display()));
    for (group, texts) in documentation(&types) {
        let path = docs.join(format!("{group}.json"));
        fs::write(&path, one_entry_a_line(&texts))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    println!(
        "{} kinds, {} types",
        roots.len(),
        types.values().filter(|t| scalar(&t.schema, &t.name).is_none()).count()
    );
}

/// JSON with a line for each text and no indentation: small to load, and a change shows as the line it is.
fn one_entry_a_line(texts: &BTreeMap<String, Value>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer =
        serde_json::Serializer::with_formatter(&mut out, serde_json::ser::PrettyFormatter::with_indent(b""));
    texts.serialize(&mut writer).expect("maps of strings serialise");
    out.push(b'\n');
    out
}

/// Gives each schema its Go name. The kinds registered first keep the plain name where two groups share one.
fn name_types(definitions: &Map<String, Value>, roots: &[kinds::Root]) -> BTreeMap<String, ApiType> {
    let mut order: Vec<&String> = definitions.keys().collect();
    // The groups in the order the kinds were registered in, so that the usual meaning of a name wins.
    let rank = |path: &str| {
        let group_version = group_version(path);
        roots.iter().position(|root| root.group_version == group_version).unwrap_or(0)
    };
    order.sort_by_key(|path| (rank(path), (*path).clone()));
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut types = BTreeMap::new();
    for path in order {
        let go = path.rsplit('.').next().unwrap_or(path).to_owned();
        let group_version = group_version(path);
        let name = if taken.contains_key(&go) { format!("{go}@{group_version}") } else { go.clone() };
        taken.insert(name.clone(), path.clone());
        let schema = definitions[path].as_object().cloned().unwrap_or_default();
        types.insert(path.clone(), ApiType { name, group_version, schema });
    }
    types
}

/// `io.k8s.api.networking.v1.Ingress` is in `networking.k8s.io/v1`.
fn group_version(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    let (group, version) = match parts.as_slice() {
        ["io", "k8s", "api", group, version, _] => (*group, *version),
        _ => ("meta", "v1"),
    };
    match group {
        "core" => version.to_owned(),
        "networking" | "discovery" | "scheduling" | "storage" | "coordination" => {
            format!("{group}.k8s.io/{version}")
        }
        "rbac" => format!("rbac.authorization.k8s.io/{version}"),
        _ => format!("{group}/{version}"),
    }
}

/// The table, see its own first lines.
fn table(types: &BTreeMap<String, ApiType>, roots: &[kinds::Root]) -> String {
    let mut out = String::from(
        "# The fields of the Kubernetes API, v1.36. Made by `cargo xtask fields` from the official schemas; do not edit.\n\
         # kind GROUP_VERSION KIND TYPE          a kind and the type of its object\n\
         # = TYPE GROUP_VERSION                  a type by its Go name; the lines after it are its fields:\n\
         # FIELD[!] FIELD_TYPE                   `!`: the schema says required. FIELD_TYPE is one of\n\
         #   string bool int32 int64 number quantity intstr time microtime bytes raw, a TYPE, `list X`, `map X`.\n\
         # TYPE@GROUP_VERSION: a type whose Go name another group has as well.\n",
    );
    for root in roots {
        let name = &types[&root.schema].name;
        let _ = writeln!(out, "kind {} {} {name}", root.group_version, root.kind);
    }
    let mut by_name: Vec<&ApiType> = types.values().collect();
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    for api_type in by_name {
        if scalar(&api_type.schema, &api_type.name).is_some() {
            continue;
        }
        let _ = writeln!(out, "= {} {}", api_type.name, api_type.group_version);
        let required: Vec<&str> = api_type
            .schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for (field, schema) in properties(api_type) {
            let mark = if required.contains(&field.as_str()) { "!" } else { "" };
            let of =
                field_type(schema, types).unwrap_or_else(|| panic!("{}.{field}: {schema}", api_type.name));
            let _ = writeln!(out, "{field}{mark} {of}");
        }
    }
    out
}

fn properties(api_type: &ApiType) -> impl Iterator<Item = (&String, &Value)> {
    api_type.schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The table's word for a field's schema; `None` where the schemas hold something the table has no word for.
fn field_type(schema: &Value, types: &BTreeMap<String, ApiType>) -> Option<String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = types.get(reference.rsplit('/').next()?)?;
        return Some(scalar(&target.schema, &target.name).map_or_else(|| target.name.clone(), str::to_owned));
    }
    let object = schema.as_object()?;
    if let Some(items) = object.get("items") {
        return Some(format!("list {}", field_type(items, types)?));
    }
    if let Some(values) = object.get("additionalProperties") {
        return Some(format!("map {}", field_type(values, types)?));
    }
    scalar(object, "").map(str::to_owned)
}

/// The table's word for a schema that is no object with fields of its own.
fn scalar(schema: &Map<String, Value>, name: &str) -> Option<&'static str> {
    let format = schema.get("format").and_then(Value::as_str);
    Some(match (name, schema.get("type").and_then(Value::as_str), format) {
        ("Quantity", ..) => "quantity",
        ("IntOrString", ..) => "intstr",
        ("MicroTime", ..) => "microtime",
        ("Time", ..) => "time",
        ("RawExtension" | "FieldsV1", ..) => "raw",
        (_, Some("string"), Some("byte")) => "bytes",
        (_, Some("string"), None) => "string",
        (_, Some("boolean"), _) => "bool",
        (_, Some("integer"), Some("int32")) => "int32",
        (_, Some("integer"), Some("int64")) => "int64",
        (_, Some("number"), _) => "number",
        _ => return None,
    })
}

/// One file for each API group: type -> field -> text; the type's own text under the empty name.
fn documentation(types: &BTreeMap<String, ApiType>) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut files: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for api_type in types.values() {
        if scalar(&api_type.schema, &api_type.name).is_some() {
            continue;
        }
        let group = match api_type.group_version.split_once('/') {
            Some((group, _)) => group.split('.').next().unwrap_or(group),
            None => "core",
        };
        let mut texts = Map::new();
        let own = api_type.schema.get("description").and_then(Value::as_str).unwrap_or_default();
        texts.insert(String::new(), json!(own));
        for (field, schema) in properties(api_type) {
            if let Some(text) = schema.get("description").and_then(Value::as_str) {
                texts.insert(field.clone(), json!(text));
            }
        }
        files.entry(group.to_owned()).or_default().insert(api_type.name.clone(), Value::Object(texts));
    }
    files
}
