//! "Why five replicas?": what a horizontal pod autoscaler decided, with the formula and its numbers.

use opscape_cluster::autoscaler::decision::{Asked, Decision, Rule, Target, Why};
use opscape_manifest::api::HorizontalPodAutoscaler;

use super::{Teller, named, told};
use crate::inspect::{Mark, WhyRow};
use crate::words::{self, Rich};

/// The row of a new size.
pub(super) fn row(teller: Teller<'_>, decision: &Decision) -> WhyRow {
    let values = [
        ("autoscaler", &*named(&decision.autoscaler.kind, &decision.autoscaler.name)),
        ("target", &named(&decision.target.kind, &decision.target.name)),
        ("from", &decision.current.to_string()),
        ("to", &decision.desired.to_string()),
    ];
    told(Mark::Step, teller.rich("why.autoscaled", &values), rule(teller, decision))
}

/// The state of an autoscaler: the size it wants, and why.
pub(super) fn state(teller: Teller<'_>, autoscaler: &HorizontalPodAutoscaler) -> WhyRow {
    let Some(decision) = teller.model().cluster().autoscaler_decision(autoscaler.metadata.uid) else {
        // It cannot find its target, or has not looked yet.
        let failed = autoscaler.status.conditions.iter().find(|condition| &*condition.status == "False");
        return match failed {
            Some(failed) => told(
                Mark::State,
                teller.rich("why.state.autoscaler-lost", &[]),
                Rich::verbatim(&failed.message),
            ),
            None => told(Mark::State, teller.rich("why.state.autoscaler-new", &[]), Rich::default()),
        };
    };
    let key = match decision.why {
        Why::Off => "why.state.autoscaler-off",
        Why::Unknown => "why.state.autoscaler-unknown",
        _ => "why.state.autoscaler",
    };
    let values = [
        ("n", &*decision.desired.to_string()),
        ("target", &named(&decision.target.kind, &decision.target.name)),
    ];
    let mut row = told(Mark::State, teller.rich(key, &values), rule(teller, decision));
    row.at = decision.at;
    row
}

/// The formula of the metric that asks for most, and what held the size back.
fn rule(teller: Teller<'_>, decision: &Decision) -> Rich {
    let text = |number: i32| number.to_string();
    let fill = |key: &str, values: &[(&str, &str)]| words::fill(teller.lang, key, values);
    let (most, wanted, stabilized, stability, limit) = match decision.why {
        Why::Metrics { most, wanted, stabilized, stability, limit } => {
            (most, wanted, stabilized, stability, limit)
        }
        Why::AboveMax => return teller.rich("why.rule.hpa-max", &[("n", &text(decision.max))]),
        Why::BelowMin => return teller.rich("why.rule.hpa-min", &[("n", &text(decision.min))]),
        Why::Off => return Rich::default(),
        Why::Unknown => {
            let failed = decision.metrics.iter().find_map(|asked| asked.outcome.as_ref().err());
            return failed.map_or_else(Rich::default, |message| Rich::verbatim(message));
        }
    };
    let mut parts: Vec<String> =
        decision.metrics.get(most).into_iter().map(|asked| formula(teller, asked)).collect();
    if decision.metrics.len() > 1 {
        let all = text(i32::try_from(decision.metrics.len()).unwrap_or(i32::MAX));
        parts.push(fill("why.rule.hpa-most", &[("n", &all)]));
    }
    if stabilized != wanted {
        let key =
            if stability == "ScaleUpStabilized" { "why.rule.hpa-lowest" } else { "why.rule.hpa-highest" };
        parts.push(fill(key, &[("n", &text(stabilized))]));
    }
    let key = match limit {
        "TooManyReplicas" => "why.rule.hpa-max",
        "TooFewReplicas" => "why.rule.hpa-min",
        "ScaleUpLimit" => "why.rule.hpa-up",
        "ScaleDownLimit" => "why.rule.hpa-down",
        _ => "",
    };
    if !key.is_empty() {
        parts.push(fill(key, &[("n", &text(decision.desired))]));
    }
    Rich::parse(&parts.join(" · "))
}

/// `cpu 87 % / 50 % = 1.74 · ⌈1.74 × 4⌉ = 7`
fn formula(teller: Teller<'_>, asked: &Asked) -> String {
    let Ok(proposal) = &asked.outcome else { return String::new() };
    let is_memory = &*asked.name == "memory" && matches!(&*asked.kind, "Resource" | "ContainerResource");
    let amount = |milli: i64| {
        if is_memory { words::memory(milli / 1000) } else { words::millicores(milli) }
    };
    let (usage, target) = match asked.target {
        Target::Percent(percent) => (format!("{} %", proposal.percent), format!("{percent} %")),
        Target::Average(target) | Target::Value(target) => (amount(proposal.usage), amount(target)),
    };
    let (ready, unready, missing) = asked.pods;
    // Pods were assumed to use nothing, or all they may.
    let assumed = unready + missing > 0 && proposal.pods > ready;
    let tolerance = if proposal.ratio < 1.0 { asked.tolerance.down } else { asked.tolerance.up };
    let values = [
        ("metric", &*asked.name),
        ("usage", &usage),
        ("target", &target),
        ("ratio", &decimal(proposal.ratio)),
        ("pods", &proposal.pods.to_string()),
        ("wanted", &proposal.replicas.to_string()),
        ("tolerance", &decimal(tolerance)),
    ];
    let key = match proposal.rule {
        Rule::Ratio if assumed => "why.rule.hpa-ratio-all",
        Rule::Ratio => "why.rule.hpa-ratio",
        Rule::PerPod => "why.rule.hpa-share",
        Rule::Tolerance if assumed => "why.rule.hpa-tolerance-all",
        Rule::Tolerance => "why.rule.hpa-tolerance",
        Rule::Turned => "why.rule.hpa-turned",
    };
    let mut text = words::fill(teller.lang, key, &values);
    // Pods that are not ready or have no metric are counted as using nothing, or all; or not at all.
    for (count, key) in [(unready, "why.rule.hpa-unready"), (missing, "why.rule.hpa-missing")] {
        if count > 0 {
            text.push_str(" · ");
            text.push_str(&words::fill(teller.lang, key, &[("n", &count.to_string())]));
        }
    }
    text
}

/// `1.74`, `0.5`, `2`
fn decimal(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
