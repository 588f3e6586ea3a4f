//! The lab's Prometheus: a small part of PromQL over what was measured of requests, as analyses of rollouts ask for it.
//!
//! Understood are two metrics, as ingress controllers, meshes and libraries write them:
//! - `http_requests_total` (also `nginx_ingress_controller_requests`, `istio_requests_total`): requests, with the label
//!   `code` (also `status`, `response_code`);
//! - `http_request_duration_seconds_bucket` (also `nginx_ingress_controller_request_duration_seconds_bucket`,
//!   `istio_request_duration_milliseconds_bucket`): how long they took.
//!
//! One label says of what: `service`, `ingress`, `rollouts_pod_template_hash`, `pod_template_hash` or `client` (a workload of
//! the Lab document); `namespace` (default `default`) goes with it. Expressions are `sum(rate(METRIC{...}[1m]))` (also
//! `increase`, `irate`, `by (...)`), `histogram_quantile(0.95, sum(rate(...[1m])) by (le))`, numbers, `+ - * /` and
//! parentheses. Everything else is refused with words. A request that got no answer has the code 503 (504 if the client did
//! not wait any longer), as a proxy before it would count it. As in Prometheus, what nobody asked for has no series, and
//! 0 / 0 is not a number.

mod evaluate;
mod parse;

pub(crate) use evaluate::answer;
