//! `kubectl describe` (k8s.io/kubectl/pkg/describe/describe.go).
//!
//! A describer writes lines with tabs between their cells into a [`Page`]; the page aligns them. Kinds without a describer
//! of their own are shown field by field, as `kubectl` shows custom resources.

mod autoscaling;
mod config;
mod containers;
mod generic;
mod network;
mod node;
mod pod;
mod volumes;
mod workloads;

pub(super) use containers::pod_template;

use opscape_manifest::api::meta::{MicroTime, civil, parse_rfc3339};
use opscape_manifest::value::Value;

use super::get::present;
use super::print::{at, list, number, since, text};
use super::target::Missing;
use super::{Call, Failure, Next, Outcome, Resource, words};
use crate::output::tabs;

pub(super) const FLAGS: &str = "A|all-namespaces! l|selector= field-selector= f|filename* R|recursive! k|kustomize= show-events! chunk-size#";

/// Lines with tabs, and those aligned already.
#[derive(Default)]
pub(crate) struct Page {
    done: String,
    lines: String,
}

impl Page {
    /// A line.
    pub fn line(&mut self, text: &str) {
        self.lines.push_str(text);
        self.lines.push('\n');
    }

    /// A name and its value.
    pub fn pair(&mut self, name: &str, value: &str) {
        self.line(&format!("{name}:\t{value}"));
    }

    /// What is written so far is aligned without regard to what follows.
    pub fn flush(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        if !lines.is_empty() {
            self.done.push_str(&tabs::align(&lines, tabs::DESCRIBE, None));
        }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        self.flush();
        self.done
    }

    /// The lines as they are, not aligned.
    pub fn raw(self) -> String {
        self.lines
    }

    /// `Labels:  a=b`, one in each line.
    pub fn labels(&mut self, title: &str, labels: Option<&Value>) {
        let pairs: Vec<String> = labels
            .and_then(Value::as_map)
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")))
            .collect();
        self.several(title, &pairs);
    }

    /// A title and texts, one in each line; `<none>` if there are none.
    pub fn several(&mut self, title: &str, texts: &[String]) {
        let Some((first, rest)) = texts.split_first() else { return self.pair(title, "<none>") };
        self.pair(title, first);
        for text in rest {
            self.line(&format!("\t{text}"));
        }
    }

    /// `Annotations:  a: b`, one in each line; long ones below their key.
    pub fn annotations(&mut self, title: &str, annotations: Option<&Value>) {
        const LONGEST: usize = 140;
        let mut shown = Vec::new();
        for (key, value) in annotations.and_then(Value::as_map).into_iter().flatten() {
            if key == super::apply::LAST_APPLIED {
                continue;
            }
            let value = value.as_str().unwrap_or("");
            let value = value.strip_suffix('\n').unwrap_or(value);
            if value.len() + key.len() + 2 <= LONGEST && !value.contains('\n') {
                shown.push(format!("{key}: {value}"));
                continue;
            }
            shown.push(format!("{key}:"));
            for line in value.split('\n') {
                let short: String = line.chars().take(LONGEST - 2).collect();
                let dots = if short.len() < line.len() { "..." } else { "" };
                shown.push(format!("  {short}{dots}"));
            }
        }
        self.several(title, &shown);
    }

    /// Name, namespace, labels and annotations, as most kinds begin.
    pub fn head(&mut self, object: &Value) {
        self.pair("Name", text(object, "metadata.name"));
        if at(object, "metadata.namespace").is_some() {
            self.pair("Namespace", text(object, "metadata.namespace"));
        }
        self.labels("Labels", at(object, "metadata.labels"));
        self.annotations("Annotations", at(object, "metadata.annotations"));
    }
}

/// `Sat, 21 Nov 2026 01:33:15 +0000` (`time.RFC1123Z`).
pub(crate) fn date(time: &str) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some(micros) = parse_rfc3339(time) else { return "<unset>".to_owned() };
    let seconds = micros.div_euclid(1_000_000);
    let (year, month, day, hour, minute, second) = civil(seconds);
    let weekday = DAYS.get(seconds.div_euclid(86_400).rem_euclid(7) as usize).copied().unwrap_or("");
    let month = MONTHS.get((month as usize).saturating_sub(1)).copied().unwrap_or("");
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

/// `True` and `False`.
pub(crate) fn truth(value: Option<&Value>) -> &'static str {
    if value.and_then(Value::as_bool) == Some(true) { "True" } else { "False" }
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    if call.args().is_empty() && !call.flags.given("filename") {
        call.warn("You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.\n");
        return words(
            "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl describe -h' for help and examples",
        );
    }
    let args = call.args().to_vec();
    let mut targets = call.targets_of(&args, Missing::MeansAll);
    // A name that is not there may be the beginning of others.
    if let Ok(found) = &mut targets
        && let [target] = found.found.as_slice()
        && target.found.is_err()
        && args.len() == 2
        && let [kind, prefix] = args.as_slice()
    {
        let mut all = call.targets(std::slice::from_ref(kind), Missing::MeansAll)?;
        all.found.retain(|target| target.name.starts_with(prefix.as_str()));
        if !all.found.is_empty() {
            *found = all;
        }
    }
    let targets = targets?;
    let resources = targets.resources.clone();
    let (found, failures) = present(targets.found);
    if found.is_empty() && failures.is_empty() {
        let namespaced =
            !call.flags.truth("all-namespaces") && resources.iter().all(|found| found.namespaced);
        let place = if namespaced { format!(" in {} namespace.", call.namespace()) } else { String::new() };
        call.warn(&format!("No resources found{place}"));
    }
    // Of several objects the Events are left out.
    let with_events = if call.flags.given("show-events") {
        call.flags.truth_or("show-events", true)
    } else {
        found.len() == 1
    };
    let mut first = true;
    for (target, object) in found {
        let value = object.to_value();
        let text = page(target.resource, &value, with_events, call);
        if !std::mem::replace(&mut first, false) {
            call.io.out("\n\n");
        }
        call.io.out(&text);
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

fn page(resource: &Resource, object: &Value, with_events: bool, call: &Call<'_, '_>) -> String {
    let now = call.scope.utc();
    let mut page = Page::default();
    let events = match resource.plural {
        "pods" => pod::describe(object, now, &mut page),
        "deployments" => workloads::deployment(object, call, &mut page),
        "replicasets" => workloads::replica_set(object, call, &mut page),
        #[cfg(feature = "unsimulated")]
        "statefulsets" => workloads::stateful_set(object, call, &mut page),
        #[cfg(feature = "unsimulated")]
        "daemonsets" => workloads::daemon_set(object, call, &mut page),
        #[cfg(feature = "unsimulated")]
        "jobs" => workloads::job(object, now, &mut page),
        #[cfg(feature = "unsimulated")]
        "cronjobs" => workloads::cron_job(object, &mut page),
        "nodes" => node::describe(object, call, &mut page),
        "services" => network::service(object, call, &mut page),
        #[cfg(feature = "unsimulated")]
        "ingresses" => network::ingress(object, call, &mut page),
        "endpointslices" => network::endpoint_slice(object, &mut page),
        "configmaps" => config::config_map(object, &mut page),
        "secrets" => config::secret(object, &mut page),
        "serviceaccounts" => config::service_account(object, &mut page),
        "namespaces" => config::namespace(object, call, &mut page),
        #[cfg(feature = "unsimulated")]
        "resourcequotas" => config::quota(object, &mut page),
        #[cfg(feature = "unsimulated")]
        "limitranges" => config::limits(object, &mut page),
        #[cfg(feature = "unsimulated")]
        "persistentvolumeclaims" => config::claim(object, call, &mut page),
        #[cfg(feature = "unsimulated")]
        "poddisruptionbudgets" => config::budget(object, &mut page),
        #[cfg(feature = "unsimulated")]
        "roles" | "clusterroles" => config::role(object, &mut page),
        #[cfg(feature = "unsimulated")]
        "rolebindings" | "clusterrolebindings" => config::binding(object, &mut page),
        "horizontalpodautoscalers" => autoscaling::autoscaler(object, &mut page),
        _ => generic::describe(object, &mut page),
    };
    if events && with_events {
        describe_events(&events_of(object, call), now, &mut page);
    }
    page.finish()
}

/// The Events about an object, in order of their last time stamps.
fn events_of(object: &Value, call: &Call<'_, '_>) -> Vec<Value> {
    let (kind, name) = (text(object, "kind"), text(object, "metadata.name"));
    let namespace = text(object, "metadata.namespace");
    let uid = text(object, "metadata.uid");
    let Some(resource) = Resource::find("events") else { return Vec::new() };
    let mut found: Vec<Value> = call
        .list(resource, None)
        .iter()
        .map(opscape_manifest::api::Object::to_value)
        .filter(|event| {
            let about = |field: &str| text(event, &format!("involvedObject.{field}"));
            // Events about nodes name the node where others have a uid.
            let same =
                about("uid") == uid || kind == "Node" && about("uid") == name || about("uid").is_empty();
            about("kind") == kind && about("name") == name && about("namespace") == namespace && same
        })
        .collect();
    crate::sorted::values(&mut found, &|event| text(event, "lastTimestamp").to_owned());
    found
}

fn describe_events(events: &[Value], now: MicroTime, page: &mut Page) {
    if events.is_empty() {
        return page.pair("Events", "<none>");
    }
    page.flush();
    page.line("Events:\n  Type\tReason\tAge\tFrom\tMessage");
    page.line("  ----\t------\t----\t----\t-------");
    for event in events {
        let time = |path: &str| at(event, path).and_then(Value::as_str).filter(|time| !time.is_empty());
        let first = since(time("eventTime").or(time("firstTimestamp")).unwrap_or(""), now);
        let count = number(event, "count");
        let age = match at(event, "series") {
            Some(series) => {
                let last = since(text(series, "lastObservedTime"), now);
                format!("{last} (x{} over {first})", number(series, "count"))
            }
            None if count > 1 => {
                format!("{} (x{count} over {first})", since(text(event, "lastTimestamp"), now))
            }
            None => first,
        };
        let mut from = text(event, "source.component");
        if from.is_empty() {
            from = text(event, "reportingComponent");
        }
        let (kind, reason) = (text(event, "type"), text(event, "reason"));
        page.line(&format!("  {kind}\t{reason}\t{age}\t{from}\t{}", text(event, "message").trim()));
    }
}

/// `ReplicaSet/web-5ff89d6786` of the controller of an object.
pub(crate) fn controller(object: &Value) -> Option<String> {
    let owner = list(object, "metadata.ownerReferences")
        .iter()
        .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))?;
    Some(format!("{}/{}", text(owner, "kind"), text(owner, "name")))
}
