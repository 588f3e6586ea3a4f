//! `-o yaml|json|name|jsonpath=...|go-template=...`: objects as text (k8s.io/cli-runtime/pkg/genericclioptions).

use opscape_manifest::print::{to_json_pretty, to_yaml};
use opscape_manifest::value::Value;

use super::literal::map;
use super::print::text;
use super::{Failure, Resource, words};
use crate::output::jsonpath;
use crate::output::template;

/// A form of output.
#[derive(Debug, Clone)]
pub(crate) enum Format {
    Yaml,
    Json,
    Name,
    JsonPath(jsonpath::Template),
    /// All that a path finds, as a JSON list.
    JsonPathAsJson(jsonpath::Template),
    GoTemplate(template::Template),
}

const FORMATS: &str = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml";
const TABLE_FORMATS: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml";

impl Format {
    /// Reads the value of `-o`; `table` says whether tables are possible, too (their formats are not read here).
    pub fn parse(text: &str, table: bool) -> Result<Format, Failure> {
        let (kind, argument) = match text.split_once('=') {
            Some((kind, argument)) => (kind, Some(argument)),
            None => (text, None),
        };
        Ok(match (kind, argument) {
            ("yaml", None) => Format::Yaml,
            ("json", None) => Format::Json,
            ("name", None) => Format::Name,
            ("jsonpath", Some(template)) => Format::JsonPath(path(template)?),
            ("jsonpath-as-json", Some(template)) => Format::JsonPathAsJson(path(template)?),
            #[cfg(feature = "unsimulated")]
            ("go-template" | "template", Some(source)) => match template::Template::parse(source) {
                Ok(template) => Format::GoTemplate(template),
                Err(why) => {
                    return words(format!("error parsing template {source}, template: output:1: {why}"));
                }
            },
            ("jsonpath" | "jsonpath-as-json" | "go-template" | "template", None) => {
                return words("template format specified but no template given");
            }
            _ => {
                let allowed = if table { TABLE_FORMATS } else { FORMATS };
                return words(format!(
                    "unable to match a printer suitable for the output format \"{text}\", allowed formats are: {allowed}"
                ));
            }
        })
    }

    /// One object, or a list, as text.
    pub fn print(&self, value: &Value) -> Result<String, Failure> {
        let value = &as_sent(value);
        Ok(match self {
            Format::Yaml => to_yaml(value),
            Format::Json => to_json_pretty(value) + "\n",
            Format::Name => {
                let items = value.get("items").and_then(Value::as_list);
                items.unwrap_or(std::slice::from_ref(value)).iter().map(|item| label(item) + "\n").collect()
            }
            Format::JsonPath(template) => template
                .print(value)
                .map_err(|why| Failure::Words(format!("error executing jsonpath: {why}")))?,
            Format::JsonPathAsJson(template) => {
                let found = template.find(value).map_err(Failure::Words)?;
                to_json_pretty(&Value::List(found)) + "\n"
            }
            Format::GoTemplate(template) => template.print(value),
        })
    }
}

/// As the API server sends it: conditions of pods have a `lastProbeTime`, which nobody sets and Go does not leave out.
fn as_sent(value: &Value) -> Value {
    let mut out = value.clone();
    let add = |object: &mut Value| {
        let is_pod = object.str_at(&["kind"]) == Some("Pod");
        let status = object.as_map_mut().filter(|_| is_pod).and_then(|map| map.get_mut("status"));
        let conditions = status.and_then(Value::as_map_mut).and_then(|status| status.get_mut("conditions"));
        if let Some(Value::List(conditions)) = conditions {
            for condition in conditions.iter_mut().filter_map(Value::as_map_mut) {
                condition.entry("lastProbeTime".to_owned()).or_insert(Value::Null);
            }
        }
    };
    add(&mut out);
    if let Some(Value::List(items)) = out.as_map_mut().and_then(|map| map.get_mut("items")) {
        items.iter_mut().for_each(add);
    }
    out
}

fn path(template: &str) -> Result<jsonpath::Template, Failure> {
    jsonpath::Template::parse(template, true)
        .map_err(|why| Failure::Words(format!("error parsing jsonpath {template}, {why}")))
}

/// `deployment.apps/web` of an object.
pub(crate) fn label(value: &Value) -> String {
    let (api_version, kind) = (text(value, "apiVersion"), text(value, "kind"));
    let name = text(value, "metadata.name");
    if let Some(resource) = Resource::of(api_version, kind) {
        format!("{}/{name}", resource.qualified_kind())
    } else {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        format!("{}/{name}", super::resources::qualified(&kind.to_ascii_lowercase(), group))
    }
}

/// A `List` of objects.
pub(crate) fn list_of(items: Vec<Value>) -> Value {
    map([
        ("apiVersion", Value::from("v1")),
        ("items", Value::List(items)),
        ("kind", Value::from("List")),
        ("metadata", map([("resourceVersion", Value::from(""))])),
    ])
}
