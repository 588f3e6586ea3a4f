//! Answers of kubectl to single commands, to the letter.

use std::collections::{BTreeMap, BTreeSet};

use fancy_regex::Regex;
use serde_json::{Value as Json, json};

use super::names::{regex, replace, single_spaced, stable_patterns};
use super::state::text_of;

/// How one case went.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// The exit code is right.
    pub code: bool,
    /// Exit code and both texts are right.
    pub exact: bool,
    /// The field paths in the texts are right; none if the real texts have no field path.
    pub paths: Option<bool>,
    /// The stored object is right; none if the case does not say.
    pub stored: Option<bool>,
    /// What the real system said.
    pub want: String,
    /// What the simulated one said.
    pub got: String,
}

/// How all cases went, each a share of 0..1.
#[derive(Debug, Clone, Default)]
pub struct ValidationSummary {
    /// How many were compared.
    pub cases: usize,
    /// Recorded while the namespace was not there; they say nothing.
    pub left_out: usize,
    /// To the letter.
    pub exact: Option<f64>,
    /// With the right exit code.
    pub code: Option<f64>,
    /// With the right field paths.
    pub paths: Option<f64>,
    /// With the right stored object.
    pub stored: Option<f64>,
    /// The weighted mean: exact 0.5, code 0.3, paths 0.2.
    pub total: f64,
}

impl ValidationSummary {
    /// As the judge of the recordings prints it.
    pub fn to_json(&self) -> Json {
        let round = |share: Option<f64>| share.map(|share| (share * 1e4).round() / 1e4);
        json!({
            "cases": self.cases, "left_out_spoiled": self.left_out, "exact": round(self.exact), "rc": round(self.code),
            "field_path": round(self.paths), "stored_spec": round(self.stored), "total": round(Some(self.total)),
        })
    }
}

/// Recorded while the namespace of the cases was missing or going away: says nothing about the case itself.
fn spoiled(case: &Json) -> bool {
    let text = format!("{}{}", text_of(case, "stdout"), text_of(case, "stderr"));
    text.contains("namespaces \"validation\" not found")
        || text.contains("namespace validation because it is being terminated")
        || text_of(case, "path") == "update" && text.contains("error when creating")
}

fn clean(patterns: &[(Regex, &'static str)], text: &str) -> Vec<String> {
    let text = patterns.iter().fold(text.to_owned(), |text, (pattern, to)| replace(pattern, &text, to));
    let mut lines: Vec<String> = text.trim().lines().map(single_spaced).collect();
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// Compares the answers of the simulated system with those of the real one.
pub fn compare_validation(
    real: &[Json],
    sim: &[Json],
) -> Result<(ValidationSummary, Vec<CaseResult>), String> {
    let patterns = stable_patterns()?;
    let field = regex(
        r"\b(?:spec|metadata|status|data|webhooks|rules|subjects|roleRef|value)(?:\.[\w/$-]+|\[[^\]]*\])+",
    )?;
    let answers: BTreeMap<&str, &Json> = sim.iter().map(|case| (text_of(case, "name"), case)).collect();
    let code = |case: &Json| case.get("rc").and_then(Json::as_i64);
    let texts =
        |case: &Json| (clean(&patterns, text_of(case, "stdout")), clean(&patterns, text_of(case, "stderr")));
    let paths = |case: &Json| -> BTreeSet<String> {
        let text = format!("{}{}", text_of(case, "stdout"), text_of(case, "stderr"));
        field.find_iter(&text).filter_map(|found| Some(found.ok()?.as_str().to_owned())).collect()
    };
    let said = |case: &Json| {
        let errors = text_of(case, "stderr");
        if errors.is_empty() { text_of(case, "stdout") } else { errors }.to_owned()
    };
    let mut results = Vec::new();
    for case in real.iter().filter(|case| !spoiled(case)) {
        let answer = answers.get(text_of(case, "name")).copied();
        let right_code = answer.is_some_and(|answer| code(answer) == code(case));
        let wanted_paths = paths(case);
        results.push(CaseResult {
            name: text_of(case, "name").to_owned(),
            code: right_code,
            exact: right_code && answer.is_some_and(|answer| texts(answer) == texts(case)),
            paths: (!wanted_paths.is_empty())
                .then(|| answer.is_some_and(|answer| paths(answer) == wanted_paths)),
            stored: case
                .get("stored_spec")
                .map(|stored| answer.is_some_and(|answer| answer.get("stored_spec") == Some(stored))),
            want: said(case),
            got: answer.map_or_else(|| "(not run)".to_owned(), said),
        });
    }
    Ok((summarize(&results, real.len() - results.len()), results))
}

fn summarize(results: &[CaseResult], left_out: usize) -> ValidationSummary {
    let share = |values: Vec<bool>| {
        let right = values.iter().filter(|value| **value).count() as f64;
        (!values.is_empty()).then_some(right / values.len() as f64)
    };
    let exact = share(results.iter().map(|result| result.exact).collect());
    let code = share(results.iter().map(|result| result.code).collect());
    let paths = share(results.iter().filter_map(|result| result.paths).collect());
    let parts = [(exact, 0.5), (code, 0.3), (paths, 0.2)];
    let weight: f64 = parts.iter().filter(|(share, _)| share.is_some()).map(|(_, weight)| weight).sum();
    let sum: f64 = parts.iter().filter_map(|(share, weight)| Some((*share)? * weight)).sum();
    ValidationSummary {
        cases: results.len(),
        left_out,
        exact,
        code,
        paths,
        stored: share(results.iter().filter_map(|result| result.stored).collect()),
        total: if weight > 0.0 { sum / weight } else { 0.0 },
    }
}
