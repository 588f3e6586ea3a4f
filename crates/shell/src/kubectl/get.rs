//! `kubectl get` (k8s.io/kubectl/pkg/cmd/get).

use opscape_cluster::Op;
use opscape_manifest::api::Object;
use opscape_manifest::value::Value;

use super::format::{Format, list_of};
use super::print::{self, Printer};
use super::target::{Filter, Missing, Target, Targets};
use super::{Call, Failure, Next, Outcome, Resource, Waiter, usage, words};
use crate::output::jsonpath::{self, Template};
use crate::output::tabs;
use crate::process::Poll;

pub(super) const FLAGS: &str = "o|output= w|watch! watch-only! output-watch-events! A|all-namespaces! l|selector= \
    field-selector= sort-by= L|label-columns* show-labels! show-kind! no-headers! ignore-not-found! raw= chunk-size# \
    f|filename* R|recursive! k|kustomize= server-print! show-managed-fields! subresource= allow-missing-template-keys! \
    template=";

/// How tables look.
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the command")]
#[derive(Clone)]
struct View {
    wide: bool,
    namespaces: bool,
    kinds: bool,
    labels: Vec<String>,
    show_labels: bool,
    headers: bool,
    events: bool,
    columns: Option<Vec<(String, Template)>>,
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    if let Some(path) = call.flags.text("raw") {
        return raw(path, call);
    }
    let output = call.flags.text("output").unwrap_or("").to_owned();
    let columns = custom_columns(&output)?;
    let format = match output.as_str() {
        "" | "wide" => None,
        _ if columns.is_some() => None,
        other => Some(Format::parse(other, true)?),
    };
    let sort = match call.flags.text("sort-by") {
        Some(path) => Some((path.to_owned(), Template::relaxed(path).map_err(Failure::Words)?)),
        None => None,
    };
    let mut targets = find(call)?;
    let watch = call.flags.truth("watch") || call.flags.truth("watch-only");
    if watch && targets.resources.len() > 1 {
        return words("you may only specify a single resource type");
    }
    let view = View {
        wide: output == "wide",
        namespaces: call.flags.truth("all-namespaces"),
        kinds: call.flags.truth("show-kind") || targets.several_kinds,
        labels: call.flags.texts("label-columns").into_iter().map(str::to_owned).collect(),
        show_labels: call.flags.truth("show-labels"),
        headers: !call.flags.truth("no-headers"),
        events: call.flags.truth("output-watch-events"),
        columns,
    };
    if targets.resources.iter().any(|resource| resource.plural == "endpoints") {
        call.warn("Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
    }
    let quiet = call.flags.truth("ignore-not-found");
    let mut failures = Vec::new();
    let mut found: Vec<(&'static Resource, Vec<Object>)> = Vec::new();
    for target in targets.found.drain(..) {
        match target.found {
            Ok(object) => match found.last_mut() {
                Some((resource, objects)) if *resource == target.resource => objects.push(object),
                _ => found.push((target.resource, vec![object])),
            },
            Err(status) if quiet && status.is_not_found() => {}
            Err(status) => failures.push(Failure::Api(status)),
        }
    }
    if watch {
        Failure::all(failures)?;
        return watch_for(call, &targets, found, view, format);
    }
    let parts = if targets.named {
        found.iter().map(|(_, objects)| objects.len()).sum()
    } else {
        targets.resources.len()
    };
    if let (Some((path, _)), None, true) = (&sort, &format, parts > 1) {
        // Several tables cannot be sorted (sorting_printer.go looks for the field in the tables themselves).
        return no_field(path);
    }
    let mut written = false;
    if let Some(format) = &format {
        let mut values: Vec<Value> =
            found.iter().flat_map(|(_, objects)| objects).map(Object::to_value).collect();
        if let Some((path, template)) = &sort {
            sort_values(path, template, &mut values)?;
        }
        if targets.singular && values.is_empty() {
            return Failure::all(failures).map(|()| Next::Done);
        }
        let value = match values.len() {
            1 if targets.singular => values.remove(0),
            _ => list_of(values),
        };
        let text = format.print(&value)?;
        call.io.out(&text);
        written = true;
    } else {
        for (resource, objects) in found {
            let mut values: Vec<Value> = objects.iter().map(Object::to_value).collect();
            if let Some((path, template)) = &sort {
                sort_values(path, template, &mut values)?;
            }
            if written && view.headers {
                call.io.out("\n");
            }
            let mut text = String::new();
            if view.headers {
                text.push_str(&view.header(resource));
            }
            for value in &values {
                text.push_str(&view.row(resource, value, None, call));
            }
            call.io.out(&tabs::align(&text, tabs::TABLE, None));
            written = true;
        }
    }
    if !written && failures.is_empty() && !quiet {
        nothing(call, &targets);
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

fn nothing(call: &mut Call<'_, '_>, targets: &Targets) {
    let namespaced = !call.flags.truth("all-namespaces") && targets.resources.iter().all(|r| r.namespaced);
    if namespaced {
        let namespace = call.namespace();
        call.warn(&format!("No resources found in {namespace} namespace."));
    } else {
        call.warn("No resources found");
    }
}

fn raw(path: &str, call: &mut Call<'_, '_>) -> Outcome {
    match path {
        "/healthz" | "/livez" | "/readyz" => {
            call.io.out("ok");
            Ok(Next::Done)
        }
        _ => Err(Failure::Raw(
            "Error from server (NotFound): the server could not find the requested resource".to_owned(),
        )),
    }
}

/// The objects of the arguments, or of `-f`.
fn find(call: &mut Call<'_, '_>) -> Result<Targets, Failure> {
    if call.flags.given("filename") {
        return super::files::targets(call);
    }
    if call.args().is_empty() {
        call.warn(
            "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n",
        );
        return usage(
            "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).",
        )
        .map_err(|failure| match failure {
            Failure::Usage(text) => Failure::Raw(format!(
                "error: {text}\nSee 'kubectl get -h' for help and examples"
            )),
            other => other,
        });
    }
    let args = call.args().to_vec();
    call.targets(&args, Missing::MeansAll)
}

/// `custom-columns=NAME:.metadata.name,...`.
fn custom_columns(output: &str) -> Result<Option<Vec<(String, Template)>>, Failure> {
    let Some(spec) = output.strip_prefix("custom-columns") else { return Ok(None) };
    let spec = spec.strip_prefix('=').unwrap_or("");
    if spec.is_empty() {
        return words("custom-columns format specified but no custom columns given");
    }
    let mut columns = Vec::new();
    for part in spec.split(',') {
        let Some((header, path)) = part.split_once(':') else {
            return words(format!(
                "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
            ));
        };
        columns.push((header.to_owned(), Template::relaxed(path).map_err(Failure::Words)?));
    }
    Ok(Some(columns))
}

fn no_field<T>(path: &str) -> Result<T, Failure> {
    let shown = if path.starts_with('{') { path.to_owned() } else { format!("{{{path}}}") };
    words(format!("couldn't find any field with path \"{shown}\" in the list of objects"))
}

/// Sorts by what a path finds; what lacks it comes first.
fn sort_values(path: &str, template: &Template, items: &mut Vec<Value>) -> Result<(), Failure> {
    let key = |item: &Value| template.find(item).ok().and_then(|found| found.into_iter().next());
    if !items.is_empty() && items.iter().all(|item| key(item).is_none()) {
        return no_field(path);
    }
    crate::sorted::values_by(items, &|a, b| match (key(a), key(b)) {
        (Some(a), Some(b)) => match (&a, &b) {
            (Value::String(x), Value::String(y)) => by_text(x, y),
            _ => jsonpath::compare(&a, &b).unwrap_or(std::cmp::Ordering::Equal),
        },
        (None, Some(_)) => std::cmp::Ordering::Less,
        (Some(_), None) => std::cmp::Ordering::Greater,
        (None, None) => std::cmp::Ordering::Equal,
    });
    Ok(())
}

/// Quantities by amount, other texts with their digits as numbers (`sortorder.NaturalLess`).
fn by_text(a: &str, b: &str) -> std::cmp::Ordering {
    use opscape_manifest::quantity::Quantity;
    if let (Ok(x), Ok(y)) = (Quantity::parse(a), Quantity::parse(b)) {
        return x.nano_value().cmp(&y.nano_value());
    }
    natural(a, b)
}

#[expect(clippy::many_single_char_names, reason = "two of each: what is compared, its digits, their numbers")]
fn natural(mut a: &str, mut b: &str) -> std::cmp::Ordering {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    loop {
        let (x, y) = (digits(a), digits(b));
        if x > 0 && y > 0 {
            let number =
                |text: &str, end: usize| text.get(..end).unwrap_or("").trim_start_matches('0').to_owned();
            let (m, n) = (number(a, x), number(b, y));
            let order = m.len().cmp(&n.len()).then_with(|| m.cmp(&n)).then_with(|| x.cmp(&y));
            if order.is_ne() {
                return order;
            }
            (a, b) = (a.get(x..).unwrap_or(""), b.get(y..).unwrap_or(""));
            continue;
        }
        match (a.chars().next(), b.chars().next()) {
            (Some(m), Some(n)) if m == n => {
                (a, b) = (a.get(m.len_utf8()..).unwrap_or(""), b.get(n.len_utf8()..).unwrap_or(""));
            }
            (m, n) => return m.cmp(&n),
        }
    }
}

impl View {
    fn columns(&self, printer: Printer) -> Vec<bool> {
        printer.columns.split('|').map(|column| self.wide || !column.ends_with('*')).collect()
    }

    /// The line of headers.
    fn header(&self, resource: &Resource) -> String {
        let mut cells: Vec<String> = Vec::new();
        if self.events {
            cells.push("EVENT".to_owned());
        }
        if let Some(columns) = &self.columns {
            cells.extend(columns.iter().map(|(header, _)| header.clone()));
        } else {
            if self.namespaces && resource.namespaced {
                cells.push("NAMESPACE".to_owned());
            }
            let printer = print::printer(resource);
            let shown = self.columns(printer);
            let names = printer.columns.split('|').zip(shown).filter(|(_, shown)| *shown);
            cells.extend(names.map(|(name, _)| name.trim_end_matches('*').to_owned()));
            cells.extend(self.labels.iter().map(|label| {
                label.rsplit_once('/').map_or(label.as_str(), |(_, name)| name).to_ascii_uppercase()
            }));
            if self.show_labels {
                cells.push("LABELS".to_owned());
            }
        }
        cells.join("\t") + "\n"
    }

    /// The line of an object.
    fn row(&self, resource: &Resource, value: &Value, event: Option<Op>, call: &Call<'_, '_>) -> String {
        let mut cells: Vec<String> = Vec::new();
        if self.events {
            cells.push(
                match event {
                    None | Some(Op::Added) => "ADDED",
                    Some(Op::Modified) => "MODIFIED",
                    Some(Op::Deleted) => "DELETED",
                }
                .to_owned(),
            );
        }
        if let Some(columns) = &self.columns {
            for (_, path) in columns {
                let found: Vec<String> =
                    path.find(value).unwrap_or_default().iter().map(custom_cell).collect();
                cells.push(if found.is_empty() { "<none>".to_owned() } else { found.join(",") });
            }
            return cells.join("\t") + "\n";
        }
        let printer = print::printer(resource);
        if self.namespaces && resource.namespaced {
            cells.push(print::text(value, "metadata.namespace").to_owned());
        }
        let name_at = cells.len();
        let shown = self.columns(printer);
        let all = (printer.cells)(value, call.scope.utc());
        cells.extend(all.into_iter().zip(shown).filter(|(_, shown)| *shown).map(|(cell, _)| cell));
        if self.kinds
            && printer.columns.starts_with("NAME|")
            && let Some(name) = cells.get_mut(name_at)
        {
            *name = format!("{}/{name}", resource.qualified_kind());
        }
        let labels = print::at(value, "metadata.labels");
        for label in &self.labels {
            cells.push(
                labels.and_then(|labels| labels.get(label)).and_then(Value::as_str).unwrap_or("").to_owned(),
            );
        }
        if self.show_labels {
            cells.push(print::labels(labels));
        }
        // A cell has one line.
        for cell in &mut cells {
            if let Some((first, _)) = cell.split_once('\n') {
                *cell = format!("{first}...");
            }
        }
        cells.join("\t") + "\n"
    }
}

fn custom_cell(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Map(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", custom_cell(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(custom_cell).collect();
            format!("[{}]", items.join(" "))
        }
        other => jsonpath::shown(other),
    }
}

/// `-w`: prints what is there, then every change.
#[derive(Clone)]
struct Watch {
    resource: &'static Resource,
    namespace: Option<String>,
    name: Option<String>,
    filter: Filter,
    view: View,
    format: Option<Format>,
    widths: Vec<usize>,
    headed: bool,
    seen: u64,
}

fn watch_for(
    call: &mut Call<'_, '_>,
    targets: &Targets,
    found: Vec<(&'static Resource, Vec<Object>)>,
    view: View,
    format: Option<Format>,
) -> Outcome {
    let Some(resource) = targets.resources.first().copied() else {
        return words("you may only specify a single resource type");
    };
    let names: Vec<&str> = call.args().iter().skip(1).map(String::as_str).collect();
    let name = match names.as_slice() {
        [] => call.args().first().and_then(|arg| arg.split_once('/')).map(|(_, name)| name.to_owned()),
        [one] => Some((*one).to_owned()),
        _ => return words("you may only specify a single resource type"),
    };
    let everywhere = call.flags.truth("all-namespaces") || !resource.namespaced;
    let selector = call.flags.text("selector").unwrap_or("");
    let fields = call.flags.text("field-selector").unwrap_or("");
    let mut watch = Watch {
        resource,
        namespace: (!everywhere).then(|| call.namespace()),
        name,
        filter: Filter::parse(resource, selector, fields)?,
        view,
        format,
        widths: Vec::new(),
        headed: false,
        seen: call.scope.world.cluster().store().version(),
    };
    if !call.flags.truth("watch-only") {
        let objects: Vec<Object> = found.into_iter().flat_map(|(_, objects)| objects).collect();
        watch.print(&objects, None, call)?;
    }
    Ok(Next::Wait(Box::new(watch)))
}

impl Watch {
    fn print(
        &mut self,
        objects: &[Object],
        event: Option<Op>,
        call: &mut Call<'_, '_>,
    ) -> Result<(), Failure> {
        if objects.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for object in objects {
            let value = object.to_value();
            if let Some(format) = &self.format {
                let shown = format.print(&value)?;
                if matches!(format, Format::Yaml) && self.headed {
                    call.io.out("---\n");
                }
                self.headed = true;
                call.io.out(&shown);
                continue;
            }
            if !std::mem::replace(&mut self.headed, true) && self.view.headers {
                text.push_str(&self.view.header(self.resource));
            }
            text.push_str(&self.view.row(self.resource, &value, event, call));
        }
        if !text.is_empty() {
            call.io.out(&tabs::align(&text, tabs::TABLE, Some(&mut self.widths)));
        }
        Ok(())
    }
}

impl Waiter for Watch {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        let store = call.scope.world.cluster().store();
        let fresh: Vec<(Op, Object)> = store
            .changes_since(self.seen)
            .filter(|change| {
                let meta = change.object.meta();
                change.object.kind_name() == self.resource.kind
                    && Resource::of_object(&change.object).is_some_and(|r| r.group() == self.resource.group())
                    && self.namespace.as_deref().is_none_or(|namespace| *meta.namespace == *namespace)
                    && self.name.as_deref().is_none_or(|name| *meta.name == *name)
            })
            .filter_map(|change| {
                // An object that begins or ceases to be selected is added or deleted for the watcher.
                let is = self.filter.matches(&change.object);
                let was = change.old.as_ref().is_some_and(|old| self.filter.matches(old));
                let op = match (change.op, was, is) {
                    (Op::Modified, false, true) => Op::Added,
                    (Op::Modified, true, false) => Op::Deleted,
                    (_, false, false) => return None,
                    (op, ..) => op,
                };
                Some((op, change.object.clone()))
            })
            .collect();
        self.seen = store.version();
        for (op, object) in fresh {
            self.print(&[object], Some(op), call)?;
        }
        Ok(Poll::Waiting(None))
    }
}

/// Objects with the targets they were found for, and what is missing.
pub(super) type Present = (Vec<(Target, Object)>, Vec<Failure>);

/// The objects found, and the failures of those that are missing.
pub(super) fn present(targets: Vec<Target>) -> Present {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for target in targets {
        match target.found.clone() {
            Ok(object) => found.push((target, object)),
            Err(status) => failures.push(Failure::Api(status)),
        }
    }
    (found, failures)
}
