//! How many pods a metric asks for (pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go). Pure
//! functions: the numbers in, the numbers out.

/// How far the ratio of a metric to its target may be off 1 without any act.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Above 1.
    pub up: f64,
    /// Below 1.
    pub down: f64,
}

/// `--horizontal-pod-autoscaler-tolerance`
pub const DEFAULT_TOLERANCE: f64 = 0.1;

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance { up: DEFAULT_TOLERANCE, down: DEFAULT_TOLERANCE }
    }
}

impl Tolerance {
    /// Whether a ratio is near enough to 1.
    pub fn covers(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// The pods of a workload, as the calculator sorts them (`groupPods`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    /// Pods that count: what each uses and what it requests.
    pub ready: Vec<(i64, i64)>,
    /// What each pod requests that is not ready, or not for long enough to have a metric of its own.
    pub unready: Vec<i64>,
    /// What each pod requests of which no metric is known.
    pub missing: Vec<i64>,
    /// Pods that fail or are being deleted.
    pub ignored: usize,
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The ratio is within the tolerance: nothing changes.
    Tolerance,
    /// `ceil(ratio * pods)`.
    Ratio,
    /// With the pods that are not ready or have no metric the answer would go the other way: nothing changes.
    Turned,
    /// `ceil(total / target per pod)`.
    PerPod,
}

/// What a metric asks for, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// Pods.
    pub replicas: i32,
    /// What decided.
    pub rule: Rule,
    /// The ratio that decided.
    pub ratio: f64,
    /// How many pods it was taken over; those that were assumed to use nothing or everything included.
    pub pods: usize,
    /// Utilisation in per cent; 0 for other targets.
    pub percent: i32,
    /// What is used, on average per pod or in all, in thousandths.
    pub usage: i64,
}

/// No metric is left to calculate with.
pub const NO_METRICS: &str = "did not receive metrics for targeted pods (pods might be unready)";

/// `GetResourceReplicas`: the target is a percentage of what the pods request.
///
/// # Errors
/// In the controller's words, where nothing can be said.
pub fn by_utilization(
    current: i32,
    target: i32,
    tolerance: Tolerance,
    pods: &Groups,
) -> Result<Proposal, String> {
    // Pods without a metric are taken to use all they request, or the target if that is more.
    let percent = i64::from(target.max(100));
    let all_used = |request: i64| request.saturating_mul(percent) / 100;
    by_pods(current, tolerance, pods, &all_used, &|pods| utilization(pods, target))
}

/// `calcPlainMetricReplicas`: the target is an amount per pod.
///
/// # Errors
/// In the controller's words, where nothing can be said.
pub fn by_average(
    current: i32,
    target: i64,
    tolerance: Tolerance,
    pods: &Groups,
) -> Result<Proposal, String> {
    by_pods(current, tolerance, pods, &|_| target, &|pods| Ok(average(pods, target)))
}

/// The ratio of a metric to its target, per cent (0 for amounts), and the average usage.
type Ratio = (f64, i32, i64);
/// The ratio for pods, of each of which it is told what it uses and what it requests.
type RatioOf<'a> = dyn Fn(&[(i64, i64)]) -> Result<Ratio, String> + 'a;

/// What both have in common: the ratio of the pods that count; if others might turn it, the ratio with them, each taken to
/// use what speaks against the change. `all_used`: what a pod of a request without a metric uses then at the most.
fn by_pods(
    current: i32,
    tolerance: Tolerance,
    pods: &Groups,
    all_used: &dyn Fn(i64) -> i64,
    ratio_of: &RatioOf<'_>,
) -> Result<Proposal, String> {
    if pods.ready.is_empty() {
        return Err(NO_METRICS.to_owned());
    }
    let (ratio, percent, usage) = ratio_of(&pods.ready)?;
    let found = |replicas, rule, ratio, pods| Ok(Proposal { replicas, rule, ratio, pods, percent, usage });
    let ready = pods.ready.len();
    let grows = ratio > 1.0 && !pods.unready.is_empty();
    if !grows && pods.missing.is_empty() {
        if tolerance.covers(ratio) {
            return found(current, Rule::Tolerance, ratio, ready);
        }
        return found(ceil(ratio * ready as f64), Rule::Ratio, ratio, ready);
    }
    let mut all = pods.ready.clone();
    if ratio < 1.0 {
        all.extend(pods.missing.iter().map(|request| (all_used(*request), *request)));
    } else if ratio > 1.0 {
        all.extend(pods.missing.iter().map(|request| (0, *request)));
    }
    if grows {
        all.extend(pods.unready.iter().map(|request| (0, *request)));
    }
    let (ratio_of_all, ..) = ratio_of(&all)?;
    // What comes out with all pods counts, unless it goes the other way.
    if tolerance.covers(ratio_of_all) {
        return found(current, Rule::Tolerance, ratio_of_all, all.len());
    }
    let turns = ratio < 1.0 && ratio_of_all > 1.0 || ratio > 1.0 && ratio_of_all < 1.0;
    let replicas = ceil(ratio_of_all * all.len() as f64);
    if turns || ratio_of_all < 1.0 && replicas > current || ratio_of_all > 1.0 && replicas < current {
        return found(current, Rule::Turned, ratio_of_all, all.len());
    }
    found(replicas, Rule::Ratio, ratio_of_all, all.len())
}

/// `GetObjectMetricReplicas`, `GetExternalMetricReplicas`: the target is an amount in all. `ready`: pods that are ready.
pub fn by_value(current: i32, target: i64, tolerance: Tolerance, usage: i64, ready: usize) -> Proposal {
    let ratio = usage as f64 / target as f64;
    let found = |replicas, rule| Proposal { replicas, rule, ratio, pods: ready, percent: 0, usage };
    if current == 0 {
        return found(ceil(ratio), Rule::Ratio);
    }
    if tolerance.covers(ratio) {
        return found(current, Rule::Tolerance);
    }
    found(ceil(ratio * ready as f64), Rule::Ratio)
}

/// `GetObjectPerPodMetricReplicas`, `GetExternalPerPodMetricReplicas`: the target is a share of the whole for each pod.
pub fn by_share(current: i32, target: i64, tolerance: Tolerance, usage: i64) -> Proposal {
    let pods = usize::try_from(current).unwrap_or(0);
    let ratio = usage as f64 / (target as f64 * f64::from(current));
    let share = (usage as f64 / f64::from(current)).ceil() as i64;
    let found = |replicas, rule| Proposal { replicas, rule, ratio, pods, percent: 0, usage: share };
    if tolerance.covers(ratio) {
        return found(current, Rule::Tolerance);
    }
    found(ceil(usage as f64 / target as f64), Rule::PerPod)
}

/// `GetResourceUtilizationRatio`.
fn utilization(pods: &[(i64, i64)], target: i32) -> Result<Ratio, String> {
    let used: i64 = pods.iter().fold(0, |sum, (used, _)| sum.saturating_add(*used));
    let requested: i64 = pods.iter().fold(0, |sum, (_, requested)| sum.saturating_add(*requested));
    if requested == 0 {
        return Err("no metrics returned matched known pods".to_owned());
    }
    let percent = i32::try_from(used.saturating_mul(100) / requested).unwrap_or(i32::MAX);
    let average = used / i64::try_from(pods.len()).unwrap_or(i64::MAX).max(1);
    Ok((f64::from(percent) / f64::from(target), percent, average))
}

/// `GetMetricUsageRatio`.
fn average(pods: &[(i64, i64)], target: i64) -> Ratio {
    let sum: i64 = pods.iter().fold(0, |sum, (used, _)| sum.saturating_add(*used));
    let average = sum / i64::try_from(pods.len()).unwrap_or(i64::MAX).max(1);
    (average as f64 / target as f64, 0, average)
}

fn ceil(pods: f64) -> i32 {
    pods.ceil() as i32
}
