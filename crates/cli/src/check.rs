//! `opscape check`: whether labs do what they say.

use opscape_lab::session::CheckState;
use opscape_lab::{Lang, words};

use crate::say::say;
use crate::world::{Stopped, open};

/// Runs files to their end and says how their checks come out. True: all hold.
pub fn check(files: &[String], lang: Lang, seed: Option<u64>) -> bool {
    let mut well = true;
    for file in files {
        if files.len() > 1 {
            println!("{file}");
        }
        well &= check_file(file, lang, seed).unwrap_or(false);
    }
    well
}

fn check_file(file: &str, lang: Lang, seed: Option<u64>) -> Result<bool, Stopped> {
    let mut session = open(file, lang, seed)?;
    let refused = !session.refused_at_first().is_empty();
    let reports = session.run_checks();
    if reports.is_empty() {
        println!("{}", say(lang, "check.none", &[("file", file)]));
        return Ok(!refused);
    }
    let spec = session.spec().clone();
    for report in &reports {
        let words = spec.checks.get(report.index).and_then(|check| check.text.as_ref());
        let wanted = words.map_or(report.wanted.as_str(), |text| text.in_language(lang.tag()));
        let key = match report.state {
            CheckState::Passed => "check.passed",
            CheckState::Failed => "check.failed",
            CheckState::Open => "check.open",
        };
        println!("{}", say(lang, key, &[("wanted", wanted)]));
        if report.state != CheckState::Passed {
            let at = words::span(lang, report.at.since(opscape_sim::Time::ZERO));
            println!("        {}", report.wanted);
            println!("        {}", say(lang, "check.seen", &[("at", &at), ("seen", &report.seen)]));
        }
    }
    let passed = reports.iter().filter(|report| report.state == CheckState::Passed).count();
    let values = [("passed", passed.to_string()), ("all", reports.len().to_string())];
    println!("{}", say(lang, "check.sum", &values.each_ref().map(|(name, value)| (*name, value.as_str()))));
    Ok(!refused && passed == reports.len())
}
