//! Answering a query.

use opscape_cluster::Store;
use opscape_cluster::analysis::Answer;
use opscape_manifest::api::ReplicaSet;
use opscape_network::route::regex::Regex;
use opscape_network::telemetry::{Outcome, Point, Subject};
use opscape_sim::Time;

use super::parse::{Expr, Selector, parse};
use crate::census;
use crate::traffic::Traffic;

/// What Prometheus answers.
///
/// # Errors
/// What is not understood.
pub(crate) fn answer(query: &str, traffic: &Traffic, store: &Store, now: Time) -> Result<Answer, String> {
    let second = u32::try_from(now.0 / 1_000_000).unwrap_or(u32::MAX);
    Prometheus { traffic, store, second }.value(&parse(query)?)
}

struct Prometheus<'a> {
    traffic: &'a Traffic,
    store: &'a Store,
    second: u32,
}

const COUNTS: &[&str] = &["http_requests_total", "nginx_ingress_controller_requests", "istio_requests_total"];
const DURATIONS: &[&str] = &[
    "http_request_duration_seconds_bucket",
    "nginx_ingress_controller_request_duration_seconds_bucket",
    "istio_request_duration_milliseconds_bucket",
];

/// The codes that requests end with, as a proxy counts them.
const CODES: [(Outcome, &str); 8] = [
    (Outcome::Status(400), "400"),
    (Outcome::Status(500), "500"),
    (Outcome::Status(502), "502"),
    (Outcome::Status(503), "503"),
    (Outcome::Status(504), "504"),
    (Outcome::Refused, "503"),
    (Outcome::Reset, "503"),
    (Outcome::TimedOut, "504"),
];

impl Prometheus<'_> {
    fn value(&self, expr: &Expr) -> Result<Answer, String> {
        Ok(match expr {
            Expr::Number(number) => Answer::Scalar(*number),
            Expr::Rate { selector, total } => {
                known(&selector.metric, COUNTS)?;
                let Some(point) = self.point(selector)? else { return Ok(Answer::Vector(Vec::new())) };
                let count = counted(&point, selector)? as f64;
                let rate = if *total { count } else { count / f64::from(selector.span) };
                Answer::Vector(vec![rate])
            }
            Expr::Quantile(share, selector) => {
                known(&selector.metric, DURATIONS)?;
                let Some(point) = self.point(selector)? else { return Ok(Answer::Vector(Vec::new())) };
                if selector.labels.iter().any(|matcher| is_code(&matcher.label)) {
                    return Err("Opscape measures durations of all requests together, not by code".to_owned());
                }
                let unit = if selector.metric.contains("milliseconds") { 1e3 } else { 1e6 };
                let value = if point.durations.is_empty() {
                    f64::NAN
                } else {
                    point.durations.quantile(*share) / unit
                };
                Answer::Vector(vec![value])
            }
            Expr::Math(sign, a, b) => compute(*sign, &self.value(a)?, &self.value(b)?),
        })
    }

    /// What was measured in the last seconds of what the labels name; none: it has no series.
    fn point(&self, selector: &Selector) -> Result<Option<Point>, String> {
        let from = self.second.saturating_sub(selector.span);
        let Some(subject) = self.subject(selector)? else { return Ok(None) };
        let series = self.traffic.telemetry().series(&subject);
        Ok(series.map(|series| series.between(from, self.second)))
    }

    fn subject(&self, selector: &Selector) -> Result<Option<Subject>, String> {
        let mut namespace = "default";
        let mut what: Option<(&str, &str)> = None;
        for matcher in &selector.labels {
            let label = matcher.label.as_str();
            if is_code(label) || label == "le" {
                continue;
            }
            let plain =
                matcher.op == "=" || (matcher.op == "=~" && !matcher.value.contains(['.', '*', '|', '+']));
            if !plain {
                return Err(format!(
                    "Opscape's Prometheus knows {label}=\"...\" only, not {label}{}",
                    matcher.op
                ));
            }
            match label {
                "namespace" | "exported_namespace" | "destination_service_namespace" => {
                    namespace = &matcher.value;
                }
                "service"
                | "exported_service"
                | "destination_service_name"
                | "ingress"
                | "rollouts_pod_template_hash"
                | "pod_template_hash"
                | "client" => {
                    if what.is_some() {
                        return Err(
                            "Opscape measures of one thing at a time: write one of these labels".to_owned()
                        );
                    }
                    what = Some((label, &matcher.value));
                }
                _ => {
                    return Err(format!(
                        "Opscape's Prometheus has no label {label}; it has service, ingress, rollouts_pod_template_hash, pod_template_hash, client, namespace and code"
                    ));
                }
            }
        }
        let Some((label, value)) = what else {
            return Err("of what? Write one of the labels service, ingress, rollouts_pod_template_hash, pod_template_hash or client".to_owned());
        };
        Ok(match label {
            "ingress" => Some(Subject::Entry("Ingress".into(), namespace.into(), value.into())),
            "client" => Some(Subject::Workload(value.into())),
            "rollouts_pod_template_hash" | "pod_template_hash" => {
                let name = if label == "pod_template_hash" {
                    "pod-template-hash"
                } else {
                    "rollouts-pod-template-hash"
                };
                let mut sets = self.store.list::<ReplicaSet>(Some(namespace));
                sets.find(|set| set.metadata.label(name) == Some(value)).map(|set| {
                    let version = census::of_replica_set(set);
                    Subject::Version(version.namespace, version.workload, version.revision)
                })
            }
            _ => Some(Subject::Service(namespace.into(), value.into())),
        })
    }
}

fn known(metric: &str, metrics: &[&str]) -> Result<(), String> {
    if metrics.contains(&metric) {
        return Ok(());
    }
    Err(format!("Opscape's Prometheus has no metric {metric} here; it has {}", metrics.join(", ")))
}

fn is_code(label: &str) -> bool {
    matches!(label, "code" | "status" | "response_code")
}

/// Requests whose code matches.
fn counted(point: &Point, selector: &Selector) -> Result<u64, String> {
    let matchers: Vec<_> = selector.labels.iter().filter(|matcher| is_code(&matcher.label)).collect();
    let mut tests: Vec<(&str, Option<Regex>, &str)> = Vec::new();
    for matcher in &matchers {
        let regex = match matcher.op {
            "=~" | "!~" => match Regex::new(&matcher.value, false) {
                Some(regex) => Some(regex),
                None => return Err(format!("invalid expression \"{}\"", matcher.value)),
            },
            _ => None,
        };
        tests.push((matcher.op, regex, &matcher.value));
    }
    let fits = |code: &str| {
        tests.iter().all(|(op, regex, value)| {
            let equal = match regex {
                Some(regex) => regex.is_full_match(code.as_bytes()),
                None => *value == code,
            };
            equal != op.starts_with('!')
        })
    };
    let failed: u64 = CODES.iter().map(|(outcome, _)| point.of(*outcome)).sum();
    let mut count = if fits("200") { point.count.saturating_sub(failed) } else { 0 };
    for (outcome, code) in &CODES {
        if fits(code) {
            count += point.of(*outcome);
        }
    }
    Ok(count)
}

fn compute(sign: char, a: &Answer, b: &Answer) -> Answer {
    let math = |a: f64, b: f64| match sign {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        _ => a / b,
    };
    match (a, b) {
        (Answer::Scalar(a), Answer::Scalar(b)) => Answer::Scalar(math(*a, *b)),
        (Answer::Vector(a), Answer::Scalar(b)) => Answer::Vector(a.iter().map(|a| math(*a, *b)).collect()),
        (Answer::Scalar(a), Answer::Vector(b)) => Answer::Vector(b.iter().map(|b| math(*a, *b)).collect()),
        (Answer::Vector(a), Answer::Vector(b)) => {
            Answer::Vector(a.iter().zip(b).map(|(a, b)| math(*a, *b)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_and_others_are_refused() {
        let good = [
            "sum(rate(http_requests_total{service=\"shop\",code!~\"5..\"}[1m])) / sum(rate(http_requests_total{service=\"shop\"}[1m]))",
            "sum by (le) (rate(http_request_duration_seconds_bucket{service=\"a\"}[30s])) ",
            "histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket{service=\"a\"}[2m])) by (le))",
            "100 * (1 - sum(increase(nginx_ingress_controller_requests{ingress=\"a\", status=~\"[4-5].*\"}[1m])))",
        ];
        for query in good {
            assert!(parse(query).is_ok(), "{query}: {:?}", parse(query));
        }
        for (query, part) in [
            ("up", "at \"up\""),
            ("sum(http_requests_total)", "at \"http_requests_total)\""),
            ("avg(rate(http_requests_total{service=\"a\"}[1m]))", "at \"avg(rate("),
            ("sum(rate(http_requests_total{service=\"a\"}[0s]))", "invalid range [0s]"),
            ("sum(rate(http_requests_total{service=\"a\"}[1m])) by (pod)", "by (le) only"),
        ] {
            let error = parse(query).unwrap_err();
            assert!(error.contains(part), "{query}: {error}");
        }
        assert!(parse(&"(".repeat(10_000)).unwrap_err().contains("deeply"));
    }

    #[test]
    fn codes_are_counted() {
        let mut point = Point::default();
        for (outcome, weight) in [
            (Outcome::Status(200), 90),
            (Outcome::Status(404), 4),
            (Outcome::Status(500), 3),
            (Outcome::Status(503), 2),
            (Outcome::Reset, 1),
        ] {
            point.add(outcome, 1_000, weight);
        }
        let count = |labels: &str| {
            let query = format!("sum(increase(http_requests_total{{{labels}}}[1m]))");
            let Ok(Expr::Rate { selector, .. }) = parse(&query) else { panic!("{query}") };
            counted(&point, &selector).unwrap()
        };
        assert_eq!(count(""), 100);
        assert_eq!(count("code=~\"5..\""), 6);
        assert_eq!(count("code!~\"5.*\""), 94);
        assert_eq!(count("status=\"200\""), 90);
        assert_eq!(count("code=~\"4..|500\""), 7);
    }
}
