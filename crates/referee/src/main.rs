//! Plays recordings of the real systems on our world, writes what it did in their format, and scores it.

use std::path::Path;
use std::process::ExitCode;

use opscape_referee::{play, score};
use serde_json::Value as Json;

const HELP: &str = "\
opscape-referee: plays recordings of the real systems on our world, and scores what it did

  kubernetes SCENARIOS_DIR OUT_DIR [NAME...]       plays scenarios (all, or those whose names begin so)
  validation CASES.json OUT.json                   plays single kubectl commands
  routing CASES_DIR OUT_DIR                        decides on requests
  ci CI_DIR OUT_DIR                                reads workflows and expressions of GitHub Actions, GitLab's configurations
  fuzz OUT_DIR [--minutes N] [--seed N]            throws damaged texts at the way from text to world
  fuzz OUT_DIR --replay FILE                       the same with one text
  score REAL_DIR SIM_DIR [--explain N]             one scenario against its recording
  score --all REAL_ROOT SIM_ROOT [--min X] [--explain N]
                                                   a table of all (or --json); exit code 1 if the mean is below X
  score --validation REAL.json SIM.json [--min X] [--explain N]
                                                   answers of kubectl, to the letter
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) =
        arguments.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    let result = match command {
        "kubernetes" => kubernetes(rest),
        "validation" => validation(rest),
        "fuzz" => fuzz(rest),
        "score" => score_command(rest),
        "routing" => routing(rest),
        "ci" => ci(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(true)
        }
        _ => Err(format!("Which recordings?\n\n{HELP}")),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn kubernetes(arguments: &[String]) -> Result<bool, String> {
    let [scenarios, out, only @ ..] = arguments else { return Err(HELP.to_owned()) };
    let failures = play::play_all(Path::new(scenarios), Path::new(out), only)?;
    Ok(failures.is_empty())
}

fn validation(arguments: &[String]) -> Result<bool, String> {
    let [cases, out] = arguments else { return Err(HELP.to_owned()) };
    let answers = play::play_cases(Path::new(cases))?;
    let text = serde_json::to_string_pretty(&answers).map_err(|error| error.to_string())?;
    std::fs::write(out, text).map_err(|error| format!("{out}: {error}"))?;
    Ok(true)
}

fn routing(arguments: &[String]) -> Result<bool, String> {
    let [cases, out] = arguments else { return Err(HELP.to_owned()) };
    play::play_routing(Path::new(cases), Path::new(out))?;
    Ok(true)
}

/// GitLab's configurations are not played yet.
fn ci(arguments: &[String]) -> Result<bool, String> {
    let [cases, out] = arguments else { return Err(HELP.to_owned()) };
    play::play_ci(Path::new(cases), Path::new(out))?;
    Ok(true)
}

/// Damaged texts are made from the repository's recordings.
fn fuzz(arguments: &[String]) -> Result<bool, String> {
    let mut arguments = arguments.to_vec();
    let number =
        |text: Option<String>, default: f64| text.and_then(|text| text.parse().ok()).unwrap_or(default);
    let minutes = number(option(&mut arguments, "--minutes", "10"), 10.0);
    let seed = number(option(&mut arguments, "--seed", "1"), 1.0) as u64;
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (recordings, labs) = (crate_folder.join("recordings"), crate_folder.join("../../static/labs"));
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [out] => {
            let (_, found) = opscape_referee::fuzz::fuzz(&recordings, &labs, Path::new(out), minutes, seed)?;
            Ok(found.is_empty())
        }
        [_, "--replay", file] => {
            opscape_referee::fuzz::replay(&recordings, &labs, Path::new(file)).map(|_| true)
        }
        _ => Err(HELP.to_owned()),
    }
}

/// Takes `--name VALUE` out of the arguments; without a number behind it, the value is `default`.
fn option(arguments: &mut Vec<String>, name: &str, default: &str) -> Option<String> {
    let index = arguments.iter().position(|argument| argument == name)?;
    arguments.remove(index);
    match arguments.get(index) {
        Some(value) if value.parse::<f64>().is_ok() => Some(arguments.remove(index)),
        _ => Some(default.to_owned()),
    }
}

fn score_command(arguments: &[String]) -> Result<bool, String> {
    let mut arguments = arguments.to_vec();
    let all = option(&mut arguments, "--all", "").is_some();
    let validation = option(&mut arguments, "--validation", "").is_some();
    let json = option(&mut arguments, "--json", "").is_some();
    let explain = option(&mut arguments, "--explain", "40").map(|n| n.parse::<usize>().unwrap_or(40));
    let least =
        option(&mut arguments, "--min", "0").and_then(|least| least.parse::<f64>().ok()).unwrap_or(0.0);
    let [real, sim] = arguments.as_slice() else { return Err(HELP.to_owned()) };
    let (real, sim) = (Path::new(real), Path::new(sim));
    if validation {
        return score_validation(real, sim, explain.unwrap_or(0), least);
    }
    if all {
        let results = score::compare_all(real, sim)?;
        if results.is_empty() {
            return Err(format!("no scenarios in {}", real.display()));
        }
        let (table, mean) = score::table(&results);
        if json {
            println!("{}", score::to_json(&results));
            return Ok(mean >= least);
        }
        print!("{table}");
        for (name, result) in results.iter().filter(|_| explain.is_some()) {
            if let Ok(comparison) = result {
                println!("\n== {name}\n{}", score::explain(comparison, explain.unwrap_or(0)));
            }
        }
        return Ok(mean >= least);
    }
    let comparison = score::Comparison::of(real, sim)?;
    print!("{}", score::explain(&comparison, explain.unwrap_or(0)));
    Ok(comparison.total >= least)
}

fn score_validation(real: &Path, sim: &Path, explain: usize, least: f64) -> Result<bool, String> {
    let read = |path: &Path| -> Result<Vec<Json>, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let (summary, results) = score::compare_validation(&read(real)?, &read(sim)?)?;
    println!("{:#}", summary.to_json());
    for result in results.iter().filter(|result| !result.exact).take(explain) {
        let code = if result.code { "ok" } else { "WRONG" };
        println!(
            "  {}: rc {code}\n    expected {}\n    got      {}",
            result.name,
            result.want.trim(),
            result.got.trim()
        );
    }
    Ok(summary.total >= least)
}
