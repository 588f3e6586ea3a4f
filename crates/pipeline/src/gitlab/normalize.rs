//! `parallel`: copies of jobs and their names.
//!
//! Source: gitlab `lib/gitlab/ci/config/normalizer.rb` and its strategies, read, not run.

use std::collections::BTreeMap;

use super::entry::flat;
use super::job::{Axes, Job, NeedOf};
use super::value::{Data, Map, Value};

/// The variables of a matrix with their values, one list for each entry.
pub(super) fn matrix(value: &Value) -> Vec<Axes> {
    let axes = |map: &Map| {
        map.iter()
            .map(|(key, value)| (key.name.clone(), flat(value).into_iter().map(Value::to_text).collect()))
            .collect()
    };
    value.list().unwrap_or(&[]).iter().filter_map(Value::map).map(axes).collect()
}

/// All combinations: the first variable changes last.
fn combinations(entries: &[Axes]) -> Vec<Vec<(String, String)>> {
    let mut result = Vec::new();
    for axes in entries {
        let mut rows: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for (name, values) in axes {
            rows = rows
                .iter()
                .flat_map(|row| {
                    values.iter().map(|value| {
                        let mut row = row.clone();
                        row.push((name.clone(), value.clone()));
                        row
                    })
                })
                .collect();
        }
        result.extend(rows);
    }
    result
}

fn matrix_name(base: &str, row: &[(String, String)]) -> String {
    let values: Vec<&str> = row.iter().map(|(_, value)| value.as_str()).collect();
    format!("{base}: [{}]", values.join(", "))
}

/// The copies of a job; the job itself without `parallel`.
pub(super) fn copies(job: Job, parallel: Option<&Value>) -> Vec<Job> {
    match parallel.map(|value| &value.data) {
        Some(Data::Integer(count)) => {
            let total = (*count).max(0) as usize;
            (1..=total)
                .map(|index| {
                    let mut copy = job.clone();
                    copy.name = format!("{} {index}/{total}", job.base);
                    copy.instance = Some((index, total));
                    copy
                })
                .collect()
        }
        Some(Data::Map(map)) => {
            let entries = map.given("matrix").map(matrix).unwrap_or_default();
            let rows = combinations(&entries);
            let total = rows.len();
            rows.into_iter()
                .enumerate()
                .map(|(at, row)| {
                    let mut copy = job.clone();
                    copy.name = matrix_name(&job.base, &row);
                    copy.instance = Some((at + 1, total));
                    for (name, value) in row {
                        copy.variables.set(&name, value);
                    }
                    copy
                })
                .collect()
        }
        _ => vec![job],
    }
}

/// Replaces names of jobs that have copies by the copies' names in `needs` and `dependencies`.
pub(super) fn name_copies(jobs: &mut [Job]) {
    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.instance.is_some()) {
        copies.entry(job.base.clone()).or_default().push(job.name.clone());
    }
    if copies.is_empty() {
        return;
    }
    for job in jobs {
        let own = job.variables.clone();
        for need in job.needs.iter_mut().flatten() {
            let NeedOf::Job { name, jobs } = &mut need.of else { continue };
            let Some(names) = copies.get(name) else { continue };
            *jobs = match &need.matrix {
                None => names.clone(),
                Some(entries) => {
                    let entries: Vec<Axes> = entries
                        .iter()
                        .map(|axes| {
                            axes.iter()
                                .map(|(name, values)| {
                                    (name.clone(), values.iter().map(|value| filled(value, &own)).collect())
                                })
                                .collect()
                        })
                        .collect();
                    combinations(&entries).iter().map(|row| matrix_name(name, row)).collect()
                }
            };
        }
        if let Some(dependencies) = &mut job.dependencies {
            *dependencies = dependencies
                .iter()
                .flat_map(|name| copies.get(name).cloned().unwrap_or_else(|| vec![name.clone()]))
                .collect();
        }
    }
}

/// A value with `$[[ matrix.NAME ]]` replaced by what the job itself has.
fn filled(value: &str, own: &super::Variables) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("$[[") {
        let Some(end) = rest.get(at..).and_then(|found| found.find("]]")) else { break };
        let inside = rest.get(at + 3..at + end).unwrap_or("").trim();
        result.push_str(rest.get(..at).unwrap_or(""));
        let found = inside.strip_prefix("matrix.").and_then(|name| own.get(name));
        result.push_str(found.unwrap_or_else(|| rest.get(at..at + end + 2).unwrap_or("")));
        rest = rest.get(at + end + 2..).unwrap_or("");
    }
    result.push_str(rest);
    result
}
