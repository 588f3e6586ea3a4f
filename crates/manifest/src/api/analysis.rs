//! `argoproj.io/v1alpha1`: AnalysisTemplate and AnalysisRun. Source: argo-rollouts v1.8,
//! pkg/apis/rollouts/v1alpha1/analysis_types.go.

use std::collections::BTreeMap;

use super::meta::{IntOrString, ObjectMeta, Str, Timestamp};
use super::rollout::DryRun;
use crate::codec::fields;
use crate::value::Value;

/// An AnalysisTemplate: what to measure, and what is well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisTemplate {
    /// Name, labels.
    pub metadata: ObjectMeta,
    /// What to measure.
    pub spec: AnalysisTemplateSpec,
}

fields! {
    AnalysisTemplate:
    metadata "metadata",
    spec "spec",
}

/// `spec` of an AnalysisTemplate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisTemplateSpec {
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// Values that the metrics take.
    pub args: Vec<Argument>,
    /// Metrics whose result does not count.
    pub dry_run: Vec<DryRun>,
    /// Not simulated.
    pub measurement_retention: Value,
    /// Not simulated.
    pub templates: Value,
}

fields! {
    AnalysisTemplateSpec:
    metrics "metrics",
    args "args",
    dry_run "dryRun",
    measurement_retention "measurementRetention",
    templates "templates",
}

/// A value that metrics take, as `{{args.NAME}}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Argument {
    /// Its name.
    pub name: Str,
    /// Its value; none: who runs the analysis says it.
    pub value: Option<Str>,
    /// Not simulated.
    pub value_from: Value,
}

fields! {
    Argument:
    name "name",
    value "value",
    value_from "valueFrom",
}

/// One thing that is measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metric {
    /// Its name.
    pub name: Str,
    /// Time between two measurements, as `30s`; empty: one measurement.
    pub interval: Str,
    /// Time before the first one.
    pub initial_delay: Str,
    /// How many measurements; none: until the run is ended, or 1 without an interval.
    pub count: Option<IntOrString>,
    /// Well if this holds, as `result[0] >= 0.95`.
    pub success_condition: Str,
    /// Bad if this holds.
    pub failure_condition: Str,
    /// Failed measurements that are tolerated; default 0.
    pub failure_limit: Option<IntOrString>,
    /// Inconclusive measurements that are tolerated; default 0.
    pub inconclusive_limit: Option<IntOrString>,
    /// Errors in a row that are tolerated; default 4.
    pub consecutive_error_limit: Option<IntOrString>,
    /// Successes in a row that end the metric well.
    pub consecutive_success_limit: Option<IntOrString>,
    /// Who is asked.
    pub provider: MetricProvider,
}

fields! {
    Metric:
    name "name",
    interval "interval",
    initial_delay "initialDelay",
    count "count",
    success_condition "successCondition",
    failure_condition "failureCondition",
    failure_limit "failureLimit",
    inconclusive_limit "inconclusiveLimit",
    consecutive_error_limit "consecutiveErrorLimit",
    consecutive_success_limit "consecutiveSuccessLimit",
    provider "provider",
}

/// Who is asked for a metric: exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricProvider {
    /// Prometheus.
    pub prometheus: Option<PrometheusMetric>,
    /// Not simulated.
    pub kayenta: Value,
    /// Not simulated.
    pub web: Value,
    /// Not simulated.
    pub datadog: Value,
    /// Not simulated.
    pub wavefront: Value,
    /// Not simulated.
    pub new_relic: Value,
    /// Not simulated.
    pub job: Value,
    /// Not simulated.
    pub cloud_watch: Value,
    /// Not simulated.
    pub graphite: Value,
    /// Not simulated.
    pub influxdb: Value,
    /// Not simulated.
    pub skywalking: Value,
    /// Not simulated.
    pub plugin: Value,
}

fields! {
    MetricProvider:
    prometheus "prometheus",
    kayenta "kayenta",
    web "web",
    datadog "datadog",
    wavefront "wavefront",
    new_relic "newRelic",
    job "job",
    cloud_watch "cloudWatch",
    graphite "graphite",
    influxdb "influxdb",
    skywalking "skywalking",
    plugin "plugin",
}

/// A question to Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrometheusMetric {
    /// Where it is. Every address is that of the lab's one Prometheus.
    pub address: Str,
    /// What is asked, in PromQL.
    pub query: Str,
    /// Not simulated.
    pub authentication: Value,
    /// Not simulated.
    pub timeout: Value,
    /// Not simulated.
    pub insecure: bool,
    /// Not simulated.
    pub headers: Value,
    /// Not simulated.
    pub range_query: Value,
}

fields! {
    PrometheusMetric:
    address "address",
    query "query",
    authentication "authentication",
    timeout "timeout",
    insecure "insecure",
    headers "headers",
    range_query "rangeQuery",
}

/// An AnalysisRun: measures what its spec says, once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisRun {
    /// Name, labels, owner.
    pub metadata: ObjectMeta,
    /// What to measure.
    pub spec: AnalysisRunSpec,
    /// What was measured.
    pub status: AnalysisRunStatus,
}

fields! {
    AnalysisRun:
    metadata "metadata",
    spec "spec",
    status "status",
}

/// `spec` of an AnalysisRun.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisRunSpec {
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// Values that the metrics take.
    pub args: Vec<Argument>,
    /// Whether to stop.
    pub terminate: bool,
    /// Metrics whose result does not count.
    pub dry_run: Vec<DryRun>,
    /// Not simulated.
    pub measurement_retention: Value,
}

fields! {
    AnalysisRunSpec:
    metrics "metrics",
    args "args",
    terminate "terminate",
    dry_run "dryRun",
    measurement_retention "measurementRetention",
}

/// `status` of an AnalysisRun.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisRunStatus {
    /// `Pending`, `Running`, `Successful`, `Failed`, `Error` or `Inconclusive`.
    pub phase: Str,
    /// Why.
    pub message: Str,
    /// By metric.
    pub metric_results: Vec<MetricResult>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// Metrics by how they ended.
    pub run_summary: RunSummary,
    /// The same of those that do not count.
    pub dry_run_summary: Option<RunSummary>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

fields! {
    AnalysisRunStatus:
    phase "!phase",
    message "message",
    metric_results "metricResults",
    started_at "startedAt",
    run_summary "runSummary",
    dry_run_summary "dryRunSummary",
    completed_at "completedAt",
}

/// Whether a phase is an end (`AnalysisPhase.Completed`).
pub fn is_completed(phase: &str) -> bool {
    matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive")
}

/// Metrics by how they ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunSummary {
    /// All.
    pub count: i32,
    /// Well.
    pub successful: i32,
    /// Badly.
    pub failed: i32,
    /// Neither.
    pub inconclusive: i32,
    /// Could not be measured.
    pub error: i32,
}

fields! {
    RunSummary:
    count "count",
    successful "successful",
    failed "failed",
    inconclusive "inconclusive",
    error "error",
}

/// What was measured of one metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricResult {
    /// The metric.
    pub name: Str,
    /// As of the run.
    pub phase: Str,
    /// The last ten.
    pub measurements: Vec<Measurement>,
    /// Of the last one.
    pub message: Str,
    /// Measurements that could be made.
    pub count: i32,
    /// Well.
    pub successful: i32,
    /// Badly.
    pub failed: i32,
    /// Neither.
    pub inconclusive: i32,
    /// Could not be made.
    pub error: i32,
    /// Could not be made, in a row.
    pub consecutive_error: i32,
    /// Well, in a row.
    pub consecutive_success: i32,
    /// Whether it does not count.
    pub dry_run: bool,
    /// By a name: what was asked (`ResolvedPrometheusQuery`).
    pub metadata: BTreeMap<Str, Str>,
}

fields! {
    MetricResult:
    name "!name",
    phase "!phase",
    measurements "measurements",
    message "message",
    count "count",
    successful "successful",
    failed "failed",
    inconclusive "inconclusive",
    error "error",
    consecutive_error "consecutiveError",
    consecutive_success "consecutiveSuccess",
    dry_run "dryRun",
    metadata "metadata",
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measurement {
    /// As of the run.
    pub phase: Str,
    /// What went wrong.
    pub message: Str,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What was answered.
    pub value: Str,
}

fields! {
    Measurement:
    phase "!phase",
    message "message",
    started_at "startedAt",
    finished_at "finishedAt",
    value "value",
}
