//! `cargo xtask test`: everything that must hold.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{build, size};
use crate::process::{self, cargo, command};
use crate::project;
use crate::step::{Failure, Result, seconds, step};
use crate::tools;
use crate::tools::chromium;

/// A part adds to the lines that the end repeats.
type Part = fn(&mut Vec<String>) -> Result<()>;

const PARTS: [(&str, Part); 8] = [
    ("format", format),
    ("clippy", clippy),
    ("types", types),
    ("native", native),
    ("doc", doc),
    ("site", |_| build::run()),
    ("size", |_| size::run()),
    ("e2e", browser),
];

enum Outcome {
    Passed(Duration),
    Failed(Duration, Failure),
    Skipped(&'static str),
}

/// Runs the named parts, or all. A part that fails does not stop those that do not need it; the end says what
/// failed and repeats each runner's own last words.
pub fn run(wanted: &[String]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        return Err(format!("no such part: {unknown}").into());
    }
    let mut last_words = Vec::new();
    let mut outcomes: Vec<(&str, Outcome)> = Vec::new();
    for (name, part) in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|one| one == name) {
            continue;
        }
        let no_site =
            outcomes.iter().any(|(name, outcome)| *name == "site" && !matches!(outcome, Outcome::Passed(_)));
        if no_site && matches!(name, "size" | "e2e") {
            outcomes.push((name, Outcome::Skipped("there is no site to look at")));
            continue;
        }
        println!("\n######## {name}");
        let start = Instant::now();
        let outcome = match part(&mut last_words) {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(failure) => {
                eprintln!("{name}: {failure}");
                Outcome::Failed(start.elapsed(), failure)
            }
        };
        outcomes.push((name, outcome));
    }
    println!("\n######## summary");
    for (name, outcome) in &outcomes {
        match outcome {
            Outcome::Passed(taken) => println!("{name:8} passed   {}", seconds(*taken)),
            Outcome::Failed(taken, failure) => println!("{name:8} FAILED   {}: {failure}", seconds(*taken)),
            Outcome::Skipped(why) => println!("{name:8} not run  {why}"),
        }
    }
    for line in &last_words {
        println!("{line}");
    }
    let failed: Vec<&str> =
        outcomes.iter().filter(|(_, o)| !matches!(o, Outcome::Passed(_))).map(|(name, _)| *name).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("not passed: {}", failed.join(", ")).into()) }
}

fn format(_: &mut Vec<String>) -> Result<()> {
    step("cargo fmt --check", || process::run(cargo().args(["fmt", "--all", "--check"])))
}

fn clippy(_: &mut Vec<String>) -> Result<()> {
    step("clippy, native", || {
        process::run(cargo().args(["clippy", "--locked", "--all-targets", "--", "-D", "warnings"]))
    })?;
    tools::wasm::target()?;
    step("clippy, wasm32", || {
        process::run(
            cargo().args(["clippy", "--locked", "--package", "opscape-web", "--all-targets"]).args([
                "--target",
                "wasm32-unknown-unknown",
                "--",
                "-D",
                "warnings",
            ]),
        )
    })
}

fn types(_: &mut Vec<String>) -> Result<()> {
    tools::npm::packages()?;
    step("tsc, web/js", || {
        process::run(command("node").args(["node_modules/typescript/bin/tsc", "-p", "web/js"]))
    })
}

fn native(last_words: &mut Vec<String>) -> Result<()> {
    tools::crates::nextest()?;
    keep(
        "cargo nextest run",
        cargo().args([
            "nextest",
            "run",
            "--locked",
            "--no-fail-fast",
            "--status-level",
            "fail",
            "--final-status-level",
            "fail",
        ]),
        |line| line.trim_start().starts_with("Summary ["),
        last_words,
    )
}

fn doc(last_words: &mut Vec<String>) -> Result<()> {
    // One line a crate; those without a doc test say nothing of interest.
    keep(
        "doc tests",
        cargo().args(["test", "--locked", "--doc", "--quiet"]),
        |line| line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed"),
        last_words,
    )
}

fn browser(last_words: &mut Vec<String>) -> Result<()> {
    tools::npm::packages()?;
    let chromium = chromium::find_or_install()?;
    let folder = project::root().join("e2e/tests");
    let mut suites: Vec<_> = std::fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| file.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    suites.sort();
    keep(
        "Playwright",
        command("node")
            .args(["--test", "--test-concurrency=2", "--test-reporter=spec"])
            .args(suites)
            .env(chromium::VARIABLE, chromium),
        |line| ["ℹ tests ", "ℹ pass ", "ℹ fail ", "ℹ skipped "].iter().any(|word| line.starts_with(word)),
        last_words,
    )
}

fn keep(
    what: &str,
    command: &mut Command,
    last: fn(&str) -> bool,
    last_words: &mut Vec<String>,
) -> Result<()> {
    step(what, || {
        let (result, lines) = process::run_and_keep(command);
        last_words.extend(lines.into_iter().filter(|line| last(line)));
        result
    })
}
