//! `kubectl explain` (k8s.io/kubectl/pkg/explain/v2, plaintext.tmpl), from the field table and, where the world has
//! them, the texts of the official schemas.

use opscape_manifest::diagnostic::Position;
use opscape_manifest::schema::{Field, Holds, Type};
use opscape_manifest::tree::{self, Limits};
use opscape_manifest::value::Value;

use super::target::resource;
use super::{Call, Next, Outcome, words};

pub(super) const FLAGS: &str = "recursive! api-version= o|output=";

/// Texts by type and field: one file for each group.
struct Docs<'c, 'a, 'b> {
    call: &'c Call<'a, 'b>,
    read: Vec<(String, Value)>,
}

impl Docs<'_, '_, '_> {
    fn file(&mut self, group_version: &str) -> Option<&Value> {
        // Types of no group of their own are those of apimachinery.
        let group = match group_version.split_once('/') {
            Some((group, _)) => group.split('.').next().unwrap_or(group),
            None if group_version.is_empty() => "meta",
            None => "core",
        };
        if !self.read.iter().any(|(known, _)| known == group) {
            let text = self.call.scope.world.field_docs(group)?;
            let start = Position { line: 1, column: 1, offset: 0 };
            let parsed = tree::parse(&text, start, Limits::default());
            self.read.push((group.to_owned(), parsed.root.map(|root| root.to_value()).unwrap_or_default()));
        }
        self.read.iter().find(|(known, _)| known == group).map(|(_, value)| value)
    }

    /// What is said of a field of a type; of the type itself with an empty name.
    fn text(&mut self, ty: Type, field: &str) -> String {
        let found = |docs: &Value| {
            let texts = docs.get(ty.name).or_else(|| docs.get(ty.struct_name()))?;
            Some(texts.get(field)?.as_str()?.to_owned())
        };
        if let Some(text) = self.file(ty.group_version).and_then(found) {
            return text;
        }
        self.file("").and_then(found).unwrap_or_default()
    }
}

/// `[]Container`, `map[string]string`, `integer`.
fn type_name(holds: Holds) -> String {
    let one = |name: &str| match name {
        "int32" | "int64" => "integer".to_owned(),
        "bool" => "boolean".to_owned(),
        "quantity" => "Quantity".to_owned(),
        "intstr" => "IntOrString".to_owned(),
        "time" => "Time".to_owned(),
        "microtime" => "MicroTime".to_owned(),
        "bytes" => "string".to_owned(),
        "raw" => "Object".to_owned(),
        other => other.split('@').next().unwrap_or(other).to_owned(),
    };
    match holds {
        Holds::One(name) => one(name),
        Holds::List(name) => format!("[]{}", one(name)),
        Holds::Map(name) => format!("map[string]{}", one(name)),
        Holds::MapOfLists(name) => format!("map[string][]{}", one(name)),
    }
}

/// A text in lines of at most 80 characters with their indentation.
fn wrap(text: &str, indent: usize, out: &mut String) {
    let blanks = " ".repeat(indent);
    for paragraph in text.split('\n') {
        let mut line = blanks.clone();
        let mut empty = true;
        for word in paragraph.split_whitespace() {
            if !empty && line.len() + 1 + word.len() > 80 {
                out.push_str(&line);
                out.push('\n');
                line.clone_from(&blanks);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        out.push_str(&line);
        out.push('\n');
    }
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let [path] = call.args() else {
        return words(
            "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete list of supported resources.",
        );
    };
    let mut parts = path.split('.');
    let kind = resource(parts.next().unwrap_or(""))?;
    let Some(root) = Type::of(kind.api_version, kind.kind) else {
        return words(format!("couldn't find resource for \"{}, Kind={}\"", kind.api_version, kind.kind));
    };
    let mut docs = Docs { call, read: Vec::new() };
    let (mut ty, mut last): (Option<Type>, Option<Field>) = (Some(root), None);
    let mut described = docs.text(root, "");
    for name in parts {
        let field = ty.and_then(|ty| ty.field(name).map(|field| (ty, field)));
        let Some((parent, field)) = field else { return words(format!("field \"{name}\" does not exist")) };
        described = docs.text(parent, name);
        ty = Type::named(field.holds.type_name());
        if let Some(ty) = ty {
            let more = docs.text(ty, "");
            if !more.is_empty() {
                described = format!("{described}\n{more}");
            }
        }
        last = Some(field);
    }
    let mut out = String::new();
    if !kind.group().is_empty() {
        let part = format!("GROUP:      {}\n", kind.group());
        out.push_str(&part);
    }
    let part = format!("KIND:       {}\nVERSION:    {}\n\n", kind.kind, kind.version());
    out.push_str(&part);
    if let Some(field) = last {
        let part = format!("FIELD: {} <{}>", field.name, type_name(field.holds));
        out.push_str(&part);
        if field.required {
            out.push_str(" -required-");
        }
        out.push_str("\n\n\n");
    }
    out.push_str("DESCRIPTION:\n");
    wrap(if described.is_empty() { "<empty>" } else { &described }, 4, &mut out);
    out.push_str("    \n");
    if let Some(ty) = ty {
        out.push_str("FIELDS:\n");
        let recursive = call.flags.truth("recursive");
        let mut docs = Docs { call, read: docs.read };
        fields(ty, 2, recursive, &mut docs, &mut out);
    }
    out.push_str("\n\n");
    let out = out;
    call.io.out(&out);
    Ok(Next::Done)
}

/// Nested types deeper than this are not shown by `--recursive` (JSONSchemaProps contains itself).
const MAX_INDENT: usize = 24;

fn fields(ty: Type, indent: usize, recursive: bool, docs: &mut Docs<'_, '_, '_>, out: &mut String) {
    let mut names: Vec<String> = ty.fields().map(|field| field.name.to_owned()).collect();
    crate::sorted::texts(&mut names);
    for field in names.iter().filter_map(|name| ty.field(name)) {
        let required = if field.required { " -required-" } else { "" };
        let blanks = " ".repeat(indent);
        let part = format!("{blanks}{}\t<{}>{required}\n", field.name, type_name(field.holds));
        out.push_str(&part);
        if recursive {
            if let Some(inner) = Type::named(field.holds.type_name())
                && indent < MAX_INDENT
            {
                fields(inner, indent + 2, true, docs, out);
            }
            continue;
        }
        let text = docs.text(ty, field.name);
        wrap(if text.is_empty() { "<no description>" } else { &text }, indent + 2, out);
        out.push('\n');
    }
}
