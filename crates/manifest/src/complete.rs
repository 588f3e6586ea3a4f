//! What could stand at a place of a text, and what the field at a place is: for completion and hover.
//!
//! While somebody types, the text is seldom valid YAML. So the place is found from the lines above it, by their
//! indentation; only a field in braces on one line is looked up in the parsed document.

use std::collections::BTreeSet;

use crate::diagnostic::Position;
use crate::schema::{self, Field, Holds, Type};
use crate::tree::{self, Limits};

/// What could stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Byte offset where the word begins that a choice replaces.
    pub from: usize,
    /// In the order to show them in.
    pub choices: Vec<Choice>,
}

/// One of the things that could stand there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// The field or value.
    pub label: String,
    /// The type of a field.
    pub detail: String,
    /// What is put in.
    pub insert: String,
    /// Its name in the documentation, `TYPE.FIELD`; empty for values.
    pub about: String,
    /// Whether the schema says that it is required.
    pub required: bool,
}

/// The field at a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldAt {
    /// The bytes of its key.
    pub range: std::ops::Range<usize>,
    /// As `spec.strategy.type`.
    pub path: String,
    /// As `int32` or `[]Container`.
    pub holds: String,
    /// Its name in the documentation, `TYPE.FIELD`.
    pub about: String,
}

/// What could stand at a byte offset; `None` where nothing is known, as in a comment or in free text.
pub fn complete(text: &str, offset: usize) -> Option<Completion> {
    let lines = Lines::around(text, offset)?;
    let line = lines.current()?;
    let before = line.text.get(..offset.checked_sub(line.start)?)?;
    if before.trim_start().starts_with('#') {
        return None;
    }
    let shape = Shape::of(line.text);
    let path = lines.path(shape);
    let ty = lines.type_at(&path);
    match before.get(shape.key..).unwrap_or_default().split_once(':') {
        None => {
            let word = before.get(shape.key.min(before.len())..).unwrap_or_default();
            if !is_word(word) {
                return None;
            }
            let present = lines.siblings(shape);
            let choices = match ty {
                Some(ty) => keys(ty, shape.key, &present),
                None if path.is_empty() => roots(&present),
                None => return None,
            };
            Some(Completion { from: offset - word.len(), choices })
        }
        Some((key, value)) => {
            let word = value.trim_start();
            if value.is_empty() || !is_word(word) {
                return None;
            }
            Some(Completion { from: offset - word.len(), choices: values(&lines, &path, ty, key.trim()) })
        }
    }
}

/// The field whose key is at a byte offset.
pub fn field_at(text: &str, offset: usize) -> Option<FieldAt> {
    let lines = Lines::around(text, offset)?;
    let line = lines.current()?;
    let shape = Shape::of(line.text);
    let key = shape.key_of(line.text)?;
    let range = line.start + shape.key..line.start + shape.key + key.len();
    let (mut path, range) = if range.contains(&offset) {
        let mut path = lines.path(shape);
        path.push(key.to_owned());
        (path, range)
    } else {
        in_braces(&lines, offset)?
    };
    let name = path.pop()?;
    let ty = lines.type_at(&path)?;
    let field = ty.field(&name)?;
    path.push(name);
    Some(FieldAt {
        range,
        path: path.join("."),
        holds: holds(field.holds),
        about: format!("{}.{}", ty.name, field.name),
    })
}

/// A key inside of `{...}`, found in the parsed document.
fn in_braces(lines: &Lines<'_>, offset: usize) -> Option<(Vec<String>, std::ops::Range<usize>)> {
    let base = Position { line: 1, column: 1, offset: 0 };
    let parsed = tree::parse(lines.document, base, Limits::default());
    let at = u32::try_from(offset.checked_sub(lines.start)?).ok()?;
    let path = parsed.root.as_ref()?.path_at(at);
    let span = parsed.root.as_ref()?.locate(&path).key?;
    if !span.contains(at) {
        return None;
    }
    let names = path.split(['.', '[']).filter(|part| !part.ends_with(']')).map(str::to_owned).collect();
    Some((names, lines.start + span.start.offset as usize..lines.start + span.end.offset as usize))
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
}

fn keys(ty: Type, column: usize, present: &BTreeSet<&str>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = ty
        .fields()
        // The status is the system's to write.
        .filter(|field| field.name != "status" && !present.contains(field.name))
        .map(|field| key(ty, field, column))
        .collect();
    crate::order::sort_by(&mut choices, |a, b| b.required.cmp(&a.required));
    choices
}

fn key(ty: Type, field: Field, column: usize) -> Choice {
    let nested = || format!("{}:\n{}", field.name, " ".repeat(column + 2));
    let insert = match field.holds {
        Holds::List(_) => format!("{}:\n{}- ", field.name, " ".repeat(column)),
        Holds::Map(_) | Holds::MapOfLists(_) => nested(),
        Holds::One(name) if Type::named(name).is_some_and(|ty| ty.fields().next().is_some()) => nested(),
        Holds::One(_) => format!("{}: ", field.name),
    };
    Choice {
        label: field.name.to_owned(),
        detail: holds(field.holds),
        insert,
        about: format!("{}.{}", ty.name, field.name),
        required: field.required,
    }
}

/// What a document begins with while its kind is not known.
fn roots(present: &BTreeSet<&str>) -> Vec<Choice> {
    ["apiVersion", "kind", "metadata"]
        .into_iter()
        .filter(|name| !present.contains(name))
        .map(|name| Choice {
            label: name.to_owned(),
            insert: if name == "metadata" { "metadata:\n  name: ".to_owned() } else { format!("{name}: ") },
            required: true,
            ..Choice::default()
        })
        .collect()
}

fn values(lines: &Lines<'_>, path: &[String], ty: Option<Type>, key: &str) -> Vec<Choice> {
    let plain =
        |label: &str| Choice { label: label.to_owned(), insert: label.to_owned(), ..Choice::default() };
    if path.is_empty() && key == "kind" {
        let version = lines.root_value("apiVersion");
        let fits = |known: &str| version.is_none_or(|version| version == known);
        return schema::kinds().filter(|(known, _)| fits(known)).map(|(_, kind)| plain(kind)).collect();
    }
    if path.is_empty() && key == "apiVersion" {
        let kind = lines.root_value("kind");
        let fits = |known: &str| kind.is_none_or(|kind| kind == known);
        let versions: BTreeSet<&str> =
            schema::kinds().filter(|(_, k)| fits(k)).map(|(version, _)| version).collect();
        return versions.into_iter().map(plain).collect();
    }
    let Some(field) = ty.and_then(|ty| ty.field(key)) else { return Vec::new() };
    if field.holds == Holds::One("bool") {
        return ["true", "false"].map(plain).into();
    }
    let name = ty.map(Type::struct_name).unwrap_or_default();
    enumeration(name, key).iter().map(|value| plain(value)).collect()
}

/// The values that the API server accepts for a field with a fixed set of them (k8s.io/api, v1.36).
fn enumeration(ty: &str, field: &str) -> &'static [&'static str] {
    match (ty, field) {
        ("DeploymentStrategy", "type") => &["RollingUpdate", "Recreate"],
        ("StatefulSetUpdateStrategy" | "DaemonSetUpdateStrategy", "type") => &["RollingUpdate", "OnDelete"],
        ("PodSpec", "restartPolicy") => &["Always", "OnFailure", "Never"],
        ("PodSpec", "dnsPolicy") => &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        ("PodSpec", "preemptionPolicy") => &["PreemptLowerPriority", "Never"],
        ("Container", "imagePullPolicy") => &["Always", "IfNotPresent", "Never"],
        ("Container", "terminationMessagePolicy") => &["File", "FallbackToLogsOnError"],
        ("ContainerPort" | "ServicePort", "protocol") => &["TCP", "UDP", "SCTP"],
        ("ServiceSpec", "type") => &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
        ("ServiceSpec", "sessionAffinity") => &["None", "ClientIP"],
        ("ServiceSpec", "externalTrafficPolicy" | "internalTrafficPolicy") => &["Cluster", "Local"],
        ("Toleration", "operator") => &["Equal", "Exists"],
        ("Toleration" | "Taint", "effect") => &["NoSchedule", "PreferNoSchedule", "NoExecute"],
        ("LabelSelectorRequirement", "operator") => &["In", "NotIn", "Exists", "DoesNotExist"],
        ("NodeSelectorRequirement", "operator") => &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"],
        ("TopologySpreadConstraint", "whenUnsatisfiable") => &["DoNotSchedule", "ScheduleAnyway"],
        ("LabClusterAutoscaler", "expander") => crate::lab::EXPANDERS,
        ("LabLoad", "arrivals") => &["poisson", "constant"],
        ("LabServe", "distribution") => &["lognormal", "exponential", "constant"],
        ("HTTPGetAction", "scheme") => &["HTTP", "HTTPS"],
        _ => &[],
    }
}

/// A type as Go writes it: `[]Container`, `map[string]string`.
fn holds(holds: Holds) -> String {
    let name = holds.type_name();
    let name = name.split('@').next().unwrap_or(name);
    match holds {
        Holds::One(_) => name.to_owned(),
        Holds::List(_) => format!("[]{name}"),
        Holds::Map(_) => format!("map[string]{name}"),
        Holds::MapOfLists(_) => format!("map[string][]{name}"),
    }
}

/// The lines of one document, and which of them is the current one.
struct Lines<'a> {
    document: &'a str,
    /// Byte offset of the document in the text.
    start: usize,
    all: Vec<Line<'a>>,
    current: usize,
}

#[derive(Clone, Copy)]
struct Line<'a> {
    /// Byte offset in the whole text.
    start: usize,
    text: &'a str,
}

/// Where the dash and the key of a line begin, in bytes from its start.
#[derive(Clone, Copy)]
struct Shape {
    dash: Option<usize>,
    key: usize,
}

impl Shape {
    fn of(line: &str) -> Shape {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let (mut key, mut dash) = (indent, None);
        while let Some(rest) = line.get(key..).and_then(|rest| rest.strip_prefix('-')) {
            if !(rest.is_empty() || rest.starts_with(' ')) {
                break;
            }
            dash = dash.or(Some(key));
            key += 1 + (rest.len() - rest.trim_start_matches(' ').len());
        }
        Shape { dash, key }
    }

    fn key_of(self, line: &str) -> Option<&str> {
        let (key, rest) = line.get(self.key..)?.split_once(':')?;
        let ends = rest.is_empty() || rest.starts_with([' ', '\r']);
        (ends && !key.is_empty() && !key.starts_with(['#', '"', '\'', '{', '['])).then_some(key)
    }

    /// A key that holds this line begins before this column.
    fn limit(self) -> usize {
        self.dash.map_or(self.key, |dash| dash + 1)
    }
}

impl<'a> Lines<'a> {
    fn around(text: &'a str, offset: usize) -> Option<Self> {
        if offset > text.len() || !text.is_char_boundary(offset) {
            return None;
        }
        let is_separator = |line: &str| line.starts_with("---");
        let mut begin = 0;
        for (at, line) in line_starts(text) {
            if is_separator(line) {
                let next = at + line.len();
                if at <= offset && offset <= next && !line.ends_with('\n') {
                    return None;
                }
                if next > offset {
                    break;
                }
                begin = next;
            }
        }
        let rest = text.get(begin..)?;
        let end = line_starts(rest).find(|(_, line)| is_separator(line)).map_or(rest.len(), |(at, _)| at);
        let document = rest.get(..end)?;
        let lines: Vec<Line<'a>> = line_starts(document)
            .map(|(at, line)| Line { start: begin + at, text: line.trim_end_matches(['\n', '\r']) })
            .chain(
                (document.is_empty() || document.ends_with('\n'))
                    .then_some(Line { start: begin + document.len(), text: "" }),
            )
            .collect();
        let current = lines.iter().rposition(|line| line.start <= offset)?;
        Some(Lines { document, start: begin, all: lines, current })
    }

    fn current(&self) -> Option<Line<'a>> {
        self.all.get(self.current).copied()
    }

    /// The keys that hold the current line, outermost first.
    fn path(&self, shape: Shape) -> Vec<String> {
        let mut limit = shape.limit();
        let mut path = Vec::new();
        for line in self.all.iter().take(self.current).rev() {
            if limit == 0 {
                break;
            }
            if line.text.trim_start().is_empty() || line.text.trim_start().starts_with('#') {
                continue;
            }
            let above = Shape::of(line.text);
            if above.key < limit
                && let Some(key) = above.key_of(line.text)
            {
                path.push(key.to_owned());
                limit = above.limit();
            } else if above.dash.is_some_and(|dash| dash < limit) {
                limit = above.limit();
            }
        }
        path.reverse();
        path
    }

    /// The keys beside the current line, its own left out.
    fn siblings(&self, shape: Shape) -> BTreeSet<&'a str> {
        let mut keys = BTreeSet::new();
        let mut look = |line: &Line<'a>, up: bool| {
            if line.text.trim_start().is_empty() {
                return true;
            }
            let other = Shape::of(line.text);
            // Below, a dash begins the next item; above, it begins this one.
            if other.key < shape.key || (!up && other.dash.is_some_and(|dash| dash < shape.key)) {
                return false;
            }
            if other.key == shape.key {
                keys.extend(other.key_of(line.text));
                return !(up && other.dash.is_some());
            }
            true
        };
        if shape.dash.is_none() {
            let _ = self.all.iter().take(self.current).rev().all(|line| look(line, true));
        }
        let _ = self.all.iter().skip(self.current + 1).all(|line| look(line, false));
        keys
    }

    /// The value of a key of the document itself.
    fn root_value(&self, key: &str) -> Option<&'a str> {
        let value = self.all.iter().find_map(|line| line.text.strip_prefix(key)?.strip_prefix(':'))?;
        let value = value.split(" #").next().unwrap_or(value).trim();
        (!value.is_empty()).then(|| value.trim_matches(['"', '\'']))
    }

    fn type_at(&self, path: &[String]) -> Option<Type> {
        let (version, kind) = (self.root_value("apiVersion")?, self.root_value("kind")?);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        schema::type_at(version, kind, &path)
    }
}

fn line_starts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Completes at the `|` of a text.
    fn labels(marked: &str) -> Vec<String> {
        let offset = marked.find('|').unwrap();
        let found = complete(&marked.replace('|', ""), offset);
        found.map(|found| found.choices.into_iter().map(|choice| choice.label).collect()).unwrap_or_default()
    }

    fn field(marked: &str) -> Option<FieldAt> {
        let offset = marked.find('|').unwrap();
        field_at(&marked.replace('|', ""), offset)
    }

    const HEAD: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";

    #[test]
    fn offers_the_fields_of_a_type_the_required_ones_first() {
        let found = labels(&format!("{HEAD}spec:\n  |"));
        assert_eq!(&found[..2], ["selector", "template"]);
        assert!(found.contains(&"minReadySeconds".to_owned()));
        let found = labels(&format!("{HEAD}spec:\n  replicas: 2\n  rep|\n  selector: {{}}\n"));
        assert!(
            !found.contains(&"replicas".to_owned()) && !found.contains(&"selector".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn knows_the_place_in_lists() {
        let pod = format!("{HEAD}spec:\n  template:\n    spec:\n      containers:\n");
        for tail in [
            "      - |",
            "      - name: a\n        |",
            "        - name: a\n          |",
            "      - name: a\n      - im|",
        ] {
            let found = labels(&format!("{pod}{tail}"));
            assert!(found.contains(&"image".to_owned()), "{tail}: {found:?}");
        }
        let found = labels(&format!("{pod}      - name: a\n        ports:\n        - cont|"));
        assert!(found.contains(&"containerPort".to_owned()), "{found:?}");
        let found = labels(&format!("{pod}      - name: a\n      |"));
        assert!(
            found.contains(&"volumes".to_owned()) && !found.contains(&"containers".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn offers_values() {
        assert_eq!(labels(&format!("{HEAD}spec:\n  strategy:\n    type: R|")), ["RollingUpdate", "Recreate"]);
        assert_eq!(labels(&format!("{HEAD}spec:\n  paused: |")), ["true", "false"]);
        assert!(labels("apiVersion: apps/v1\nkind: |").contains(&"ReplicaSet".to_owned()));
        assert_eq!(labels("kind: Deployment\napiVersion: |"), ["apps/v1"]);
        assert!(labels(&format!("{HEAD}spec:\n  replicas: |")).is_empty());
    }

    #[test]
    fn each_document_has_its_own_kind() {
        let text =
            format!("{HEAD}---\napiVersion: v1\nkind: Service\nspec:\n  |\n---\napiVersion: v1\nkind: Pod\n");
        assert!(labels(&text).contains(&"clusterIP".to_owned()));
        assert_eq!(labels("|"), ["apiVersion", "kind", "metadata"]);
        assert_eq!(labels(&format!("{HEAD}---\nkind: Pod\n|")), ["apiVersion", "metadata"]);
    }

    #[test]
    fn what_is_put_in_leads_on() {
        let text = format!("{HEAD}spec:\n  ");
        let found = complete(&text, text.len()).unwrap();
        let insert =
            |label: &str| found.choices.iter().find(|choice| choice.label == label).unwrap().insert.clone();
        assert_eq!(insert("replicas"), "replicas: ");
        assert_eq!(insert("strategy"), "strategy:\n    ");
    }

    #[test]
    fn says_what_a_field_is() {
        let found =
            field(&format!("{HEAD}spec:\n  strategy:\n    rollingUpdate:\n      maxSu|rge: 1\n")).unwrap();
        assert_eq!(
            (found.path.as_str(), found.holds.as_str()),
            ("spec.strategy.rollingUpdate.maxSurge", "intstr")
        );
        assert_eq!(found.about, "RollingUpdateDeployment.maxSurge");
        let found =
            field(&format!("{HEAD}spec:\n  strategy: {{rollingUpdate: {{maxSu|rge: 1}}}}\n")).unwrap();
        assert_eq!(found.about, "RollingUpdateDeployment.maxSurge");
        assert_eq!(field(&format!("{HEAD}spec:\n  replicas: |3\n")), None);
    }

    #[test]
    fn nothing_is_offered_where_nothing_is_known() {
        for text in [
            "# ap|",
            "한글: |",
            "a: b c|",
            "---|",
            "apiVersion: x/v1\nkind: Y\nspec:\n  |",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |",
        ] {
            assert!(labels(text).is_empty(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[ \\-:a-z{}\\[\\]|#\n가\"']{0,80}", at in 0usize..90) {
            let _ = complete(&text, at);
            let _ = field_at(&text, at);
        }
    }
}
