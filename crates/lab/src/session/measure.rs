//! Conditions about requests: what became of them, and which way one takes.

use opscape_manifest::api::Pod;
use opscape_manifest::lab::Check;
use opscape_network::route::{Objects, Request, Table, report};
use opscape_network::telemetry::{Point, Subject};
use opscape_sim::Time;

use crate::world::LabModel;

/// What is measured now; empty where there were no requests to tell it from.
pub(super) fn measured(check: &Check, model: &LabModel, now: Time) -> String {
    let of = check.of.as_deref().unwrap_or_default();
    let point = point(check, of, model, now);
    let measure = check.measure.as_deref().unwrap_or_default();
    let thousandths = |number: f64| decimal((number * 1e3).round() as u64);
    match measure {
        "requests" => return point.count.to_string(),
        "rate" => return thousandths(point.rate()),
        _ if point.count == 0 => return String::new(),
        _ => {}
    }
    let quantile = |share| thousandths(point.durations.quantile(share) / 1e3);
    match measure {
        "errors" => point.errors().to_string(),
        "errorRatio" => thousandths(point.errors() as f64 / point.count as f64),
        "p50" => quantile(0.5),
        "p90" => quantile(0.9),
        "p99" => quantile(0.99),
        _ => String::new(),
    }
}

/// All that a check is about, in the seconds that are over.
fn point(check: &Check, of: &str, model: &LabModel, now: Time) -> Point {
    let telemetry = model.traffic().telemetry();
    // Where nobody asks anything, nothing is counted, either.
    let to = telemetry.second().max(u32::try_from(now.0 / 1_000_000).unwrap_or(u32::MAX));
    let seconds =
        |span: opscape_manifest::lab::Duration| u32::try_from(span.0.max(0) / 1_000_000).unwrap_or(u32::MAX);
    let from = match (check.since, check.over) {
        (Some(since), _) => seconds(since),
        (None, Some(over)) => to.saturating_sub(seconds(over)),
        (None, None) => 0,
    };
    let mut sum = Point { at: from, span: to.saturating_sub(from), ..Point::default() };
    for subject in telemetry.subjects().filter(|subject| is_meant(subject, of, check, model)) {
        if let Some(series) = telemetry.series(subject) {
            sum.merge(&series.between(from, to));
        }
    }
    sum
}

fn is_meant(subject: &Subject, of: &str, check: &Check, model: &LabModel) -> bool {
    let Some((kind, name)) = of.split_once('/') else { return false };
    let namespace = check.namespace.as_deref().unwrap_or("default");
    match subject {
        Subject::Workload(own) => kind == "load" && **own == *name,
        Subject::Entry(own, space, entry) => {
            own.eq_ignore_ascii_case(kind) && **space == *namespace && **entry == *name
        }
        Subject::Service(space, service) => kind == "service" && **space == *namespace && **service == *name,
        Subject::Version(space, workload, _) => {
            matches!(kind, "deployment" | "rollout" | "statefulset" | "daemonset" | "replicaset")
                && **space == *namespace
                && **workload == *name
        }
        Subject::Pod(uid) => {
            let pod = || model.cluster().store().typed_by_uid::<Pod>(*uid);
            kind == "pod"
                && pod()
                    .is_some_and(|pod| *pod.metadata.namespace == *namespace && *pod.metadata.name == *name)
        }
        Subject::Node(_) | Subject::Rule(_) | Subject::Way(_) | Subject::Again(_) => false,
    }
}

/// Thousandths as a decimal number: `12.5`, `0.034`, `7`.
fn decimal(thousandths: u64) -> String {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    let mut out = whole.to_string();
    if rest > 0 {
        let digits = (rest + 1_000).to_string();
        out.push('.');
        out.push_str(digits.get(1..).unwrap_or_default().trim_end_matches('0'));
    }
    out
}

/// Which way a request takes by what the API server knows now.
pub(super) fn routed(check: &Check, model: &LabModel) -> String {
    let url = check.route.as_deref().unwrap_or_default();
    let headers = check.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let Ok(request) = Request::new(check.method.as_deref().unwrap_or("GET"), url, headers) else {
        return String::new();
    };
    let store = model.cluster().store();
    let kinds: Vec<String> = store.kinds().map(ToString::to_string).collect();
    let table = Table::compile(&Objects::of_cluster(kinds.iter().flat_map(|kind| store.objects(kind, None))));
    report::line(&table, &table.answer(&request))
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn thousandths_are_written_without_needless_zeros() {
        for (thousandths, text) in [(0, "0"), (7_000, "7"), (12_500, "12.5"), (34, "0.034"), (1_010, "1.01")]
        {
            assert_eq!(decimal(thousandths), text);
        }
    }
}
