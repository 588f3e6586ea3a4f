//! A simulated run held against a real one: states and times.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::groups::{Group, Value, after, describe_difference, value_score};
use super::matching;
use super::names::{occurs, regex};
use super::side::Side;

/// Shorter pauses are not quiet, in seconds.
const GAP: f64 = 0.7;

/// What is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// States at quiet moments.
    Settled,
    /// Commands.
    Commands,
    /// Events.
    Events,
    /// Where pods were put.
    Scheduling,
    /// States at the end.
    Final,
}

impl Part {
    /// All parts, in the order of tables.
    pub const ALL: [Part; 5] = [Part::Settled, Part::Commands, Part::Events, Part::Scheduling, Part::Final];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Part::Settled => "settled",
            Part::Commands => "commands",
            Part::Events => "events",
            Part::Scheduling => "scheduling",
            Part::Final => "final",
        }
    }

    fn weight(self, with_scores: bool) -> f64 {
        match self {
            Part::Settled => 0.40,
            Part::Commands => 0.25,
            Part::Events => 0.15,
            Part::Scheduling if with_scores => 0.10,
            Part::Scheduling => 0.03,
            Part::Final => 0.10,
        }
    }
}

/// Something that is not as in the real run.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What it costs where it counts.
    pub cost: f64,
    /// When, in seconds of the real run.
    pub at: f64,
    /// The part it counts in.
    pub part: Part,
    /// In words.
    pub text: String,
}

/// A simulated run held against a real one.
pub struct Comparison {
    /// 0..1.
    pub total: f64,
    /// The parts the scenario exercises.
    pub parts: BTreeMap<Part, f64>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// How far times may be off, in seconds, at the least.
    pub tolerance: f64,
    pub(super) real: Side,
    pub(super) sim: Side,
    pub(super) pairs: Vec<Option<usize>>,
    pub(super) quiet: Vec<(f64, f64)>,
    groups: BTreeSet<Group>,
}

/// `roll-3-run2` is a repeat of `roll-3`.
pub(crate) fn without_repeat(name: &str) -> &str {
    match name.rsplit_once("-run") {
        Some((base, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => name,
    }
}

fn folder_name(folder: &Path) -> String {
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Comparison {
    /// Compares two folders.
    pub fn of(real: &Path, sim: &Path) -> Result<Self, String> {
        let mut namespaces = BTreeSet::new();
        for name in [folder_name(real), folder_name(sim)] {
            namespaces.insert(without_repeat(&name).to_owned());
            namespaces.insert(name);
        }
        let real = Side::read(real, &namespaces, None)?;
        let sim = Side::read(sim, &namespaces, Some(&real.nodes))?;
        let lines = |side: &Side| -> Vec<String> {
            side.commands.iter().map(|command| side.names.text(&command.line, true)).collect()
        };
        let pairs = matching::pair(&lines(&real), &lines(&sim));
        let mut out = Comparison {
            total: 0.0,
            parts: BTreeMap::new(),
            differences: Vec::new(),
            tolerance: tolerance(&real)?,
            groups: compared_groups(&real, &sim),
            quiet: quiet(&real),
            real,
            sim,
            pairs,
        };
        let parts = [
            (Part::Settled, out.settled()),
            (Part::Commands, out.commands()?),
            (Part::Events, out.events()?),
            (Part::Scheduling, out.scheduling()),
            (Part::Final, out.final_states()),
        ];
        out.parts = parts.into_iter().filter_map(|(part, score)| Some((part, score?))).collect();
        let with_scores = !out.real.scores.is_empty();
        let weight: f64 = out.parts.keys().map(|part| part.weight(with_scores)).sum();
        let sum: f64 = out.parts.iter().map(|(part, score)| part.weight(with_scores) * score).sum();
        let worst = out.parts.values().copied().fold(f64::INFINITY, f64::min);
        if weight > 0.0 {
            out.total = 0.75 * sum / weight + 0.25 * worst;
        }
        Ok(out)
    }

    /// Notes a difference, if it costs anything.
    pub(super) fn note(&mut self, cost: f64, at: f64, part: Part, text: String) {
        if cost > 1e-9 {
            self.differences.push(Difference { cost, at, part, text });
        }
    }

    /// The simulated instant that stands for a real one, and how far it may be off: simulated times are moved by how much
    /// later the last command started, and the real system's steps take some milliseconds each.
    pub(super) fn window(&self, at: f64) -> (f64, f64) {
        let starts: Vec<f64> = self.real.commands.iter().map(|command| command.start).collect();
        let last = (0..after(&starts, at)).rev().find_map(|index| {
            let command = self.sim.commands.get((*self.pairs.get(index)?)?)?;
            Some((*starts.get(index)?, command.start))
        });
        let Some((real, sim)) = last else { return (at, self.tolerance) };
        (at + sim - real, self.tolerance + (0.025 * (at - real)).min(0.4))
    }

    /// How well the best simulated state near a real instant fits, with both states.
    fn best(&self, group: &Group, at: f64) -> (f64, Option<Value>, Option<Value>) {
        let want = self.real.line(group).and_then(|line| line.value_at(at));
        let (time, off) = self.window(at);
        let near = match self.sim.line(group) {
            Some(line) => line.values_between(time - off, time + off),
            None => vec![None],
        };
        let closeness = |state: Option<&Value>| match state {
            None => -9999,
            state if state == want => 1,
            state => -(describe_difference(want, state).chars().count() as i64),
        };
        let mut best = (-1.0, i64::MIN, None);
        for state in near {
            let key = (value_score(want, state), closeness(state));
            if key.0 > best.0 || (key.0 >= best.0 && key.1 > best.1) {
                best = (key.0, key.1, state);
            }
        }
        (best.0, want.cloned(), best.2.cloned())
    }

    fn settled(&mut self) -> Option<f64> {
        let (mut got, mut of) = (0.0, 0.0);
        let mut before = -0.5;
        for (from, to) in self.quiet.clone() {
            for group in self.groups.clone() {
                let changed = self
                    .real
                    .line(&group)
                    .is_some_and(|line| line.times.iter().any(|at| before < *at && *at <= from + 1e-6));
                let first = self.best(&group, from + 0.1);
                let last = self.best(&group, to - 0.1);
                let score = 0.7 * first.0.min(last.0) + 0.3 * first.0.max(last.0);
                if changed || score < 1.0 {
                    got += score;
                    of += 1.0;
                }
                if score < 1.0 {
                    let right_once = first.0.max(last.0) >= 1.0;
                    let (worse, how) = if first.0 <= last.0 {
                        (first, " (too late: right only later on)")
                    } else {
                        (last, " (too early: right only before)")
                    };
                    let how = if right_once { how } else { "" };
                    let what = describe_difference(worse.1.as_ref(), worse.2.as_ref());
                    let text = format!("at {from:.2}..{to:.2} s {} {}{how}: {what}", group.0, group.1);
                    self.note(1.0 - score, from, Part::Settled, text);
                }
            }
            before = from;
        }
        (of > 0.0).then(|| got / of)
    }

    fn final_states(&mut self) -> Option<f64> {
        let at = self.real.end.max(self.real.times.last().copied().unwrap_or(0.0)) + 0.6;
        let (mut got, mut of) = (0.0, 0.0);
        for group in self.groups.clone() {
            let moved = [&self.real, &self.sim]
                .into_iter()
                .any(|side| side.line(&group).is_some_and(|line| line.last_change() >= 0.0));
            let (score, want, have) = self.best(&group, at);
            if moved && (want.is_some() || have.is_some()) {
                got += score;
                of += 1.0;
                let what = describe_difference(want.as_ref(), have.as_ref());
                let text = format!("at the end {} {}: {what}", group.0, group.1);
                self.note(1.0 - score, at, Part::Final, text);
            }
        }
        (of > 0.0).then(|| got / of)
    }
}

/// The pauses of the real run in which nothing compared changes.
fn quiet(real: &Side) -> Vec<(f64, f64)> {
    let times = &real.times;
    let mut out: Vec<(f64, f64)> = times
        .iter()
        .zip(times.iter().skip(1))
        .filter(|(from, to)| *to - *from >= GAP)
        .map(|(from, to)| (*from, *to))
        .collect();
    if let Some(last) = times.last() {
        out.push((*last, last.max(real.end) + 1.0));
    }
    out
}

/// Left out: what was there and never moves, and nodes the recorder did not watch.
fn compared_groups(real: &Side, sim: &Side) -> BTreeSet<Group> {
    let moved = |side: &Side, group: &Group| side.line(group).is_some_and(|line| line.last_change() >= 0.0);
    let real_groups = real.lines.keys().filter(|group| sim.lines.contains_key(*group) || moved(real, group));
    let sim_groups = sim
        .lines
        .keys()
        .filter(|group| real.lines.contains_key(*group) || moved(sim, group) && group.0 != "Node");
    real_groups.chain(sim_groups).cloned().collect()
}

/// How far times may be off: the phase of the node monitor is arbitrary, and time stamps have whole seconds.
fn tolerance(real: &Side) -> Result<f64, String> {
    let text = &real.tolerance_text;
    if text.contains("ref/stopped") {
        return Ok(5.5);
    }
    let seconds = regex(
        r#"minReadySeconds"?: *[1-9]|eadlineSeconds|ttlSeconds|tolerationSeconds|kind: CronJob|NoExecute|fail-first|exit-code|fail-indexes|backoffLimit|create cronjob"#,
    )?;
    Ok(if occurs(&seconds, text) { 1.15 } else { 0.35 })
}
