//! Commands: exit code, what was printed, how long it took.

use std::collections::BTreeSet;

use fancy_regex::Regex;

use super::compare::{Comparison, Part};
use super::groups::{Counter, beyond, common};
use super::names::{occurs, regex, replace};
use super::side::Side;
use crate::recording::Command;

struct Patterns {
    about_nodes: Regex,
    node_details: Regex,
    scaled: Regex,
    sizes: Regex,
    digits: Regex,
    watch: Regex,
    event: Regex,
}

impl Patterns {
    fn new() -> Result<Self, String> {
        Ok(Patterns {
            about_nodes: regex(r"\bnodes?\b|drain|cordon|taint")?,
            node_details: regex(r"\b(describe|top) nodes?\b")?,
            scaled: regex(r"\bScaled (up|down) replica set")?,
            sizes: regex(r"from \d+ to \d+")?,
            digits: regex(r"\d+")?,
            watch: regex(r" (-w|--watch|--watch-only)\b")?,
            event: regex(r"(?:^|\s)(?:Normal|Warning) ")?,
        })
    }

    /// The printed lines without what is unstable.
    fn lines(&self, side: &Side, command: &Command, printed: &[String]) -> Vec<String> {
        let keep_nodes = occurs(&self.about_nodes, &command.line);
        printed
            .iter()
            .filter(|line| {
                !line.trim().is_empty() && !line.contains("openshift") && !line.contains(" request.go:")
            })
            .map(|line| {
                let mut text = side.names.text(line, keep_nodes);
                if occurs(&self.scaled, &text) {
                    text = replace(&self.sizes, &text, "from N to N");
                }
                text.replace("(combined from similar events): ", "")
            })
            .collect()
    }

    /// How alike two outputs are, and the first difference.
    fn similarity(&self, command: &Command, a: &[String], b: &[String]) -> (f64, String) {
        if a == b {
            return (1.0, String::new());
        }
        if command.line.contains("rollout status") && !command.line.contains("--watch=false") {
            let kinds = |lines: &[String]| -> BTreeSet<String> {
                let before_last = lines.len().saturating_sub(1);
                lines.iter().take(before_last).map(|line| replace(&self.digits, line, "N")).collect()
            };
            let (ka, kb) = (kinds(a), kinds(b));
            let all = ka.union(&kb).count();
            let same = if all == 0 { 1.0 } else { ka.intersection(&kb).count() as f64 / all as f64 };
            let last = f64::from(u8::from(a.last() == b.last()));
            let why = format!(
                "last line expected {:?}, got {:?}; kinds of lines missing {:?}, unexpected {:?}",
                a.last(),
                b.last(),
                ka.difference(&kb).collect::<Vec<_>>(),
                kb.difference(&ka).collect::<Vec<_>>(),
            );
            return (0.7 * last + 0.3 * (same * 1.5).min(1.0), why);
        }
        if occurs(&self.watch, &command.line) {
            let (ka, kb): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
            let all = ka.union(&kb).count().max(1);
            let same = ka.intersection(&kb).count() as f64 / all as f64;
            let missing: Vec<_> = ka.difference(&kb).take(3).collect();
            let extra: Vec<_> = kb.difference(&ka).take(3).collect();
            return (
                (1.25 * same).min(1.0),
                format!("watch lines only expected: {missing:?}; only got: {extra:?}"),
            );
        }
        // Lines in any order; Events count once each, however often they were merged.
        let count = |lines: &[String]| -> Counter {
            let mut out = Counter::new();
            for line in lines {
                let count = out.entry(line.clone()).or_default();
                *count = if occurs(&self.event, line) { 1 } else { *count + 1 };
            }
            out
        };
        let (a, b) = (count(a), count(b));
        if a == b {
            return (1.0, String::new());
        }
        let all = a.values().sum::<usize>() + b.values().sum::<usize>();
        let same = 2.0 * common(&a, &b) as f64 / all as f64;
        let first = |counter: Counter| counter.into_keys().next().unwrap_or_default();
        let why = format!("expected line {:?}; got {:?}", first(beyond(&a, &b)), first(beyond(&b, &a)));
        (0.8 * same, why)
    }
}

impl Comparison {
    pub(super) fn commands(&mut self) -> Result<Option<f64>, String> {
        let patterns = Patterns::new()?;
        let real = self.real.commands.clone();
        let mut got = 0.0;
        for (index, command) in real.iter().enumerate() {
            let short: String = command.line.chars().take(110).collect();
            let label = format!("$ {short} ({:.2} s)", command.start);
            let at = command.start;
            let pair = self.pairs.get(index).copied().flatten();
            let Some(simulated) = pair.and_then(|pair| self.sim.commands.get(pair)).cloned() else {
                self.note(1.0, at, Part::Commands, format!("not run: {label}"));
                continue;
            };
            let right_code = command.code == simulated.code;
            if !right_code {
                let text = format!("exit code {} instead of {}: {label}", simulated.code, command.code);
                self.note(0.6, at, Part::Commands, text);
            }
            // The default cluster is shared with other recordings; what a node holds means little there.
            let shared = !self.real.own_nodes && occurs(&patterns.node_details, &command.line);
            let streams = [
                ("stdout", &command.stdout, &simulated.stdout),
                ("stderr", &command.stderr, &simulated.stderr),
            ];
            let (mut texts, mut weight) = (0.0, 0.0);
            for (stream, want, have) in streams.into_iter().skip(usize::from(shared)) {
                let a = patterns.lines(&self.real, command, want);
                let b = patterns.lines(&self.sim, &simulated, have);
                if a.is_empty() && b.is_empty() {
                    continue;
                }
                let (score, why) = patterns.similarity(command, &a, &b);
                let lines = a.len().max(1) as f64;
                texts += score * lines;
                weight += lines;
                self.note(0.6 * (1.0 - score), at, Part::Commands, format!("{stream} of {label}: {why}"));
            }
            let want = command.end - command.start;
            let have = simulated.end - simulated.start;
            let in_time =
                f64::max(want, have) <= 0.9 || (want - have).abs() <= self.window(command.end).1 + 0.5;
            if !in_time {
                let text = format!("took {have:.2} s instead of {want:.2} s: {label}");
                self.note(0.1, at, Part::Commands, text);
            }
            let share = |right: bool, of: f64| if right { of } else { 0.0 };
            let score = share(right_code, 0.3)
                + 0.6 * if weight > 0.0 { texts / weight } else { 1.0 }
                + share(in_time, 0.1);
            // A wrong exit code spoils the rest, too.
            got += if right_code { score } else { score * 0.5 };
        }
        Ok((!real.is_empty()).then(|| got / real.len() as f64))
    }
}
