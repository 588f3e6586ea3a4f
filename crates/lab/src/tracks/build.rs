//! The counts of a world as [`Tracks`].

use imbl::Vector;
use opscape_sim::{Time, Timeline};

use super::{BranchTrack, Flag, RevisionTrack, Step, Tick, Ticks, Tracks, WorkloadTrack};
use crate::Lang;
use crate::census::{self, Census};
use crate::world::LabModel;

/// Steps of one series given at most per pixel.
const STEPS_PER_PIXEL: u32 = 2;
/// A tick needs about this many pixels to be told from the next one.
const PIXELS_PER_TICK: u32 = 3;
/// Width of a bin when ticks are counted.
const PIXELS_PER_BIN: u32 = 6;

/// The part of a timeline between two instants, with the futures that were left.
pub fn build<'a>(
    timeline: &Timeline<LabModel>,
    branches: impl Iterator<Item = (usize, &'a Timeline<LabModel>, Time)>,
    from: Time,
    until: Time,
    width: u32,
    lang: Lang,
) -> Tracks {
    let until = Time(until.0.max(from.0 + 1));
    let width = width.max(16);
    let known = timeline.known();
    let census = known.model().census();
    let mut branches: Vec<BranchTrack> = branches
        .map(|(branch, left, left_at)| {
            let start = left_at.max(from);
            BranchTrack {
                branch,
                left_at,
                known_until: left.known_until(),
                workloads: workloads(left.known().model().census(), start, until, width),
            }
        })
        .collect();
    branches.reverse();
    Tracks {
        from,
        until,
        now: timeline.now(),
        known_until: timeline.known_until(),
        workloads: workloads(census, from, until, width),
        ticks: ticks(census, from, until, width),
        flags: flags(timeline, from, until, lang),
        branches,
    }
}

fn workloads(census: &Census, from: Time, until: Time, width: u32) -> Vec<WorkloadTrack> {
    census
        .workloads()
        .iter()
        .map(|((namespace, name), workload)| {
            let wanted = part(&workload.wanted, |(at, _)| *at, from, until, width);
            let revisions: Vec<RevisionTrack> = workload
                .revisions
                .iter()
                .map(|(number, revision)| RevisionTrack {
                    revision: *number,
                    colour: census::colour(*number),
                    label: census::image_label(&revision.image),
                    steps: part(&revision.steps, |step: &Step| step.at, from, until, width),
                })
                .collect();
            let most = most(&wanted, &revisions);
            WorkloadTrack { namespace: namespace.clone(), workload: name.clone(), wanted, revisions, most }
        })
        .collect()
}

/// The largest sum over all revisions at any instant.
fn most(wanted: &[(Time, u32)], revisions: &[RevisionTrack]) -> u32 {
    let mut moves: Vec<(Time, usize, u32)> = revisions
        .iter()
        .enumerate()
        .flat_map(|(index, track)| {
            track.steps.iter().map(move |step| (step.at, index, step.ready + step.not_ready))
        })
        .collect();
    moves.sort_by_key(|(at, index, _)| (*at, *index));
    let mut counts = vec![0_u32; revisions.len()];
    let mut most = wanted.iter().map(|(_, wanted)| *wanted).max().unwrap_or_default();
    let mut moves = moves.into_iter().peekable();
    while let Some((at, index, count)) = moves.next() {
        if let Some(slot) = counts.get_mut(index) {
            *slot = count;
        }
        // What moves in one instant is looked at together.
        if moves.peek().is_none_or(|(next, ..)| *next > at) {
            most = most.max(counts.iter().sum());
        }
    }
    most
}

/// The steps between two instants and the one before them, thinned out where there are more than pixels: of the steps
/// within a pixel the last one counts.
fn part<T: Clone>(steps: &Vector<T>, at: impl Fn(&T) -> Time, from: Time, until: Time, width: u32) -> Vec<T> {
    let first = count_until(steps, &at, from).saturating_sub(1);
    let end = count_until(steps, &at, until);
    if end <= first {
        return Vec::new();
    }
    let most = (width * STEPS_PER_PIXEL) as usize;
    if end - first <= most {
        return steps.focus().narrow(first..end).into_iter().cloned().collect();
    }
    let span = until.0 - from.0;
    let mut thinned: Vec<T> = Vec::with_capacity(most + 1);
    let mut last = usize::MAX;
    for bin in 0..=most as u64 {
        let edge = Time(from.0 + (u128::from(span) * u128::from(bin) / most as u128) as u64);
        let count = count_until(steps, &at, edge);
        if count > 0 && count != last {
            thinned.extend(steps.get(count - 1).cloned());
            last = count;
        }
    }
    thinned
}

/// How many of the steps are at `time` or before.
fn count_until<T: Clone>(steps: &Vector<T>, at: &impl Fn(&T) -> Time, time: Time) -> usize {
    let (mut low, mut high) = (0, steps.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if steps.get(middle).is_some_and(|step| at(step) <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn ticks(census: &Census, from: Time, until: Time, width: u32) -> Ticks {
    let before = Time(from.0.saturating_sub(1));
    let itself = |time: &Time| *time;
    let count = |times: &Vector<Time>, time| count_until(times, &itself, time);
    let start = if from == Time::ZERO { 0 } else { count(census.events(), before) };
    let end = count(census.events(), until);
    if end - start <= (width / PIXELS_PER_TICK) as usize {
        let warnings: Vec<Time> = {
            let first = if from == Time::ZERO { 0 } else { count(census.warnings(), before) };
            let last = count(census.warnings(), until);
            census.warnings().focus().narrow(first..last).into_iter().copied().collect()
        };
        let mut warnings = warnings.into_iter().peekable();
        let mut ticks = Vec::with_capacity(end - start);
        for at in census.events().focus().narrow(start..end).into_iter().copied() {
            // Events of one instant: the warnings among them are given first.
            let warning = warnings.next_if(|warning| *warning <= at).is_some();
            ticks.push(Tick { at, warning });
        }
        return Ticks::Each(ticks);
    }
    let bins = (width / PIXELS_PER_BIN).max(1);
    let bin = ((until.0 - from.0) / u64::from(bins)).max(1);
    let edge = |index: u32| Time((from.0 + bin * u64::from(index)).saturating_sub(1));
    let counts = (0..bins).map(|index| {
        let (low, high) = (edge(index), if index + 1 == bins { until } else { edge(index + 1) });
        let between = |times: &Vector<Time>| {
            let low = if index == 0 { start_of(times, from) } else { count(times, low) };
            u32::try_from(count(times, high).saturating_sub(low)).unwrap_or(u32::MAX)
        };
        (between(census.events()), between(census.warnings()))
    });
    Ticks::Counts { width: std::time::Duration::from_micros(bin), bins: counts.collect() }
}

/// How many lie before an instant.
fn start_of(times: &Vector<Time>, from: Time) -> usize {
    if from == Time::ZERO { 0 } else { count_until(times, &|time: &Time| *time, Time(from.0 - 1)) }
}

fn flags(timeline: &Timeline<LabModel>, from: Time, until: Time, lang: Lang) -> Vec<Flag> {
    let now = timeline.now();
    let known = timeline.known().model();
    let mut flags: Vec<Flag> = known
        .acts()
        .iter()
        .filter(|mark| mark.at >= from && mark.at <= until)
        .map(|mark| Flag {
            at: mark.at,
            label: crate::why::flag(mark, lang),
            ahead: mark.at > now,
            script: mark.record.step.is_some(),
        })
        .collect();
    // Inputs beyond what is known are still to come.
    let done = known.acts().iter().filter(|mark| mark.record.step.is_none()).count();
    for (at, act) in timeline.inputs().iter().skip(done).filter(|(at, _)| *at >= from && *at <= until) {
        flags.push(Flag { at: *at, label: crate::why::flag_of_act(act, lang), ahead: true, script: false });
    }
    flags.sort_by_key(|flag| flag.at);
    flags
}
