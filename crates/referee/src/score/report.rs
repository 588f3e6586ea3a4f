//! Scores in tables and words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::compare::{Comparison, Difference, Part, without_repeat};

/// The scenarios in a folder: those with a trace, by name.
pub fn scenarios(root: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(root).map_err(|error| format!("{}: {error}", root.display()))?;
    let mut out: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("trace.jsonl").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    out.sort();
    Ok(out)
}

/// Compares every scenario; one that is missing or cannot be read says why.
pub fn compare_all(real: &Path, sim: &Path) -> Result<BTreeMap<String, Result<Comparison, String>>, String> {
    let mut out = BTreeMap::new();
    for name in scenarios(real)? {
        let mut folder = sim.join(&name);
        if !folder.exists() {
            // A repeat may be compared with the simulated original.
            folder = sim.join(without_repeat(&name));
        }
        let result = if folder.join("trace.jsonl").exists() {
            Comparison::of(&real.join(&name), &folder)
        } else {
            Err("no simulated trace.jsonl".to_owned())
        };
        out.insert(name, result);
    }
    Ok(out)
}

/// The scores for programs.
pub fn to_json(results: &BTreeMap<String, Result<Comparison, String>>) -> Json {
    let round = |score: f64| (score * 1e4).round() / 1e4;
    let scenarios: serde_json::Map<String, Json> = results
        .iter()
        .map(|(name, result)| {
            let entry = match result {
                Ok(comparison) => {
                    let parts: serde_json::Map<String, Json> = comparison
                        .parts
                        .iter()
                        .map(|(part, score)| (part.name().to_owned(), round(*score).into()))
                        .collect();
                    json!({ "total": round(comparison.total), "parts": parts })
                }
                Err(error) => json!({ "total": 0.0, "parts": {}, "error": error }),
            };
            (name.clone(), entry)
        })
        .collect();
    json!({ "scenarios": scenarios })
}

/// The scores of all scenarios and of their families, and the mean.
pub fn table(results: &BTreeMap<String, Result<Comparison, String>>) -> (String, f64) {
    let mut out = format!("{:<36} {:>6}  ", "scenario", "total");
    for part in Part::ALL {
        let _ = write!(out, "{:>10} ", part.name());
    }
    out.push('\n');
    let mut families: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (name, result) in results {
        let total = result.as_ref().map_or(0.0, |comparison| comparison.total);
        families.entry(name.split('-').next().unwrap_or(name)).or_default().push(total);
        let _ = write!(out, "{name:<36} {total:>6.3}  ");
        for part in Part::ALL {
            let score = result.as_ref().ok().and_then(|comparison| comparison.parts.get(&part));
            let score = score.map_or_else(|| "-".to_owned(), |score| format!("{score:.3}"));
            let _ = write!(out, "{score:>10} ");
        }
        let _ = writeln!(out, "{}", result.as_ref().err().map_or("", String::as_str));
    }
    let least = |totals: &[f64]| totals.iter().copied().fold(f64::INFINITY, f64::min);
    let _ = writeln!(out, "\n{:<36} {:>6} {:>6} {:>4}", "family", "mean", "min", "n");
    for (family, totals) in &families {
        let mean = totals.iter().sum::<f64>() / totals.len() as f64;
        let _ = writeln!(out, "{family:<36} {mean:>6.3} {:>6.3} {:>4}", least(totals), totals.len());
    }
    let totals: Vec<f64> = families.into_values().flatten().collect();
    let mean = if totals.is_empty() { 0.0 } else { totals.iter().sum::<f64>() / totals.len() as f64 };
    let _ = writeln!(out, "\nmean {mean:.4}  min {:.4}  scenarios {}", least(&totals), totals.len());
    (out, mean)
}

/// The differences in order of time, each said once, at most `most` of them.
pub fn explain(comparison: &Comparison, most: usize) -> String {
    let mut sorted: Vec<&Difference> = comparison.differences.iter().collect();
    sorted.sort_by(|a, b| a.at.total_cmp(&b.at).then(b.cost.total_cmp(&a.cost)));
    let mut said: Vec<(&Difference, &str, usize)> = Vec::new();
    for difference in sorted {
        let what = without_time(&difference.text);
        match said.iter_mut().find(|(first, known, _)| first.part == difference.part && *known == what) {
            Some((_, _, times)) => *times += 1,
            None => said.push((difference, what, 1)),
        }
    }
    let mut out = format!("total {:.4}", comparison.total);
    for (part, score) in &comparison.parts {
        let _ = write!(out, "  {} {score:.3}", part.name());
    }
    let _ = writeln!(out, "   (times within {:.2} s)", comparison.tolerance);
    for (difference, _, times) in said.iter().take(most) {
        let text: String = difference.text.chars().take(600).collect();
        let times = if *times > 1 { format!(" [{times} times]") } else { String::new() };
        let _ = writeln!(out, "  {:<10} -{:.2}  {text}{times}", difference.part.name(), difference.cost);
    }
    if said.len() > most {
        let _ = writeln!(out, "  ... and {} more", said.len() - most);
    }
    out
}

/// A difference without the instant it begins with.
fn without_time(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("at ") else { return text };
    match rest.split_once(" s ") {
        Some((time, what)) if time.chars().all(|c| c.is_ascii_digit() || c == '.') => what,
        _ => text,
    }
}
