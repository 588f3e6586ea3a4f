//! Jobs and CronJobs (pkg/apis/batch/validation).

use super::error::Errors;
use super::field::Field;
use super::{cron, pod};
use crate::golang::quote;

pub(super) fn job(root: &Field<'_>, old: Option<&Field<'_>>, errors: &mut Errors) {
    let spec = root.child("spec");
    spec_of(&spec, errors);
    if let Some(old) = old {
        let before = old.child("spec");
        for name in [
            "completions",
            "selector",
            "template",
            "completionMode",
            "podFailurePolicy",
            "backoffLimitPerIndex",
            "managedBy",
            "successPolicy",
        ] {
            let field = spec.child(name);
            // The server fills the selector and the labels in; a client that leaves them out does not change them.
            let left_out = name == "selector" && !field.is_set();
            let elastic = name == "completions"
                && spec.child("completionMode").text() == "Indexed"
                && field.int() == spec.child("parallelism").int();
            if !left_out && !elastic {
                errors.immutable(&field, &before.child(name));
            }
        }
    }
}

fn spec_of(spec: &Field<'_>, errors: &mut Errors) {
    const NUMBERS: &[&str] = &[
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    for name in NUMBERS {
        errors.not_negative(&spec.child(name));
    }
    let mode = spec.child("completionMode");
    let indexed = mode.text() == "Indexed";
    match mode.text() {
        "" | "NonIndexed" | "Indexed" => {}
        _ => errors.not_supported(&mode, &["NonIndexed", "Indexed"]),
    }
    let completions = spec.child("completions");
    if indexed && !completions.is_set() {
        errors.required(&completions, "when completion mode is Indexed");
    }
    if !indexed {
        for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            let field = spec.child(name);
            if field.is_set() {
                errors.invalid(&field, "requires indexed completion mode");
            }
        }
    }
    let template = spec.child("template");
    pod::template(&template, errors);
    let policy = template.at(&["spec", "restartPolicy"]);
    match policy.text() {
        "OnFailure" | "Never" => {}
        "" | "Always" => errors.required(&policy, "valid values: \"OnFailure\", \"Never\""),
        _ => errors.not_supported(&policy, &["OnFailure", "Never"]),
    }
}

pub(super) fn cron_job(root: &Field<'_>, errors: &mut Errors) {
    let spec = root.child("spec");
    let schedule = spec.child("schedule");
    if schedule.text().is_empty() {
        errors.required(&schedule, "");
    } else if let Some(message) = cron::complaint(schedule.text()) {
        errors.invalid(&schedule, message);
    }
    errors.not_negative(&spec.child("startingDeadlineSeconds"));
    let zone = spec.child("timeZone");
    if zone.is_set() && zone.text().is_empty() {
        errors.invalid(&zone, "timeZone must be nil or non-empty string");
    }
    errors.one_of(&spec.child("concurrencyPolicy"), &["Allow", "Forbid", "Replace"]);
    spec_of(&spec.at(&["jobTemplate", "spec"]), errors);
    errors.not_negative(&spec.child("successfulJobsHistoryLimit"));
    errors.not_negative(&spec.child("failedJobsHistoryLimit"));
    let name = root.at(&["metadata", "name"]);
    if name.text().len() > 52 {
        errors.invalid_raw(&name, quote(name.text()), crate::names::too_long(52));
    }
}
