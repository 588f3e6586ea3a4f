//! Events (`printEvent`).

use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::value::Value;

use super::{Printer, at, name, number, since, text};

pub(super) fn printer() -> Printer {
    Printer {
        columns: "LAST SEEN|TYPE|REASON|OBJECT|SUBOBJECT*|SOURCE*|MESSAGE|FIRST SEEN*|COUNT*|NAME*",
        cells,
    }
}

/// The component, and its node, that an event comes from (`formatEventSource`).
pub(crate) fn source(event: &Value) -> String {
    let mut component = text(event, "source.component");
    if component.is_empty() {
        component = text(event, "reportingComponent");
    }
    let mut instance = text(event, "source.host");
    if instance.is_empty() {
        instance = text(event, "reportingInstance");
    }
    if instance.is_empty() { component.to_owned() } else { format!("{component}, {instance}") }
}

fn cells(event: &Value, now: MicroTime) -> Vec<String> {
    let time = |path: &str| at(event, path).and_then(Value::as_str).filter(|time| !time.is_empty());
    let first = time("firstTimestamp").or(time("eventTime")).unwrap_or("");
    let series = at(event, "series");
    let last = match series {
        Some(series) => text(series, "lastObservedTime"),
        None => time("lastTimestamp").unwrap_or(first),
    };
    let count = match series {
        Some(series) => number(series, "count"),
        None => number(event, "count").max(1),
    };
    let kind = text(event, "involvedObject.kind").to_ascii_lowercase();
    let object = match text(event, "involvedObject.name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    vec![
        since(last, now),
        text(event, "type").to_owned(),
        text(event, "reason").to_owned(),
        object,
        text(event, "involvedObject.fieldPath").to_owned(),
        source(event),
        text(event, "message").trim().to_owned(),
        since(first, now),
        count.to_string(),
        name(event),
    ]
}
