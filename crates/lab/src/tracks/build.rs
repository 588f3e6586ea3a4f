//! The counts of a world as [`Tracks`].

use opscape_sim::{Log, Time, Timeline};

use super::{BranchTrack, Flag, RevisionTrack, Step, Tick, Ticks, Tracks, WorkloadTrack};
use crate::Lang;
use crate::census::{self, Census};
use crate::world::LabModel;
use opscape_manifest::order;

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
        .map(|workload| {
            let wanted = part(&workload.wanted, from, until, width);
            let wanted: Vec<(Time, u32)> = wanted.into_iter().map(|step| (step.at, step.ready)).collect();
            let revisions: Vec<RevisionTrack> = workload
                .revisions
                .iter()
                .map(|revision| RevisionTrack {
                    revision: revision.number,
                    colour: revision.colour,
                    name: census.version_name(workload, revision),
                    label: census::image_label(&revision.image),
                    steps: part(&revision.steps, from, until, width),
                })
                .collect();
            let most = most(&wanted, &revisions);
            let (namespace, name) = (workload.namespace.clone(), workload.name.clone());
            WorkloadTrack { namespace, workload: name, wanted, revisions, most }
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
    order::sort_by(&mut moves, |a, b| (a.0, a.1).cmp(&(b.0, b.1)));
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
fn part(steps: &Log<Step>, from: Time, until: Time, width: u32) -> Vec<Step> {
    let first = count_until(steps, from).saturating_sub(1);
    let end = count_until(steps, until);
    if end <= first {
        return Vec::new();
    }
    let most = (width * STEPS_PER_PIXEL) as usize;
    if end - first <= most {
        return steps.range(first, end).copied().collect();
    }
    let span = until.0 - from.0;
    let mut thinned: Vec<Step> = Vec::with_capacity(most + 1);
    let mut last = usize::MAX;
    for bin in 0..=most as u64 {
        let edge = Time(from.0 + (u128::from(span) * u128::from(bin) / most as u128) as u64);
        let count = count_until(steps, edge);
        if count > 0 && count != last {
            thinned.extend(steps.get(count - 1).copied());
            last = count;
        }
    }
    thinned
}

/// How many of the steps are at `time` or before.
fn count_until(steps: &Log<Step>, time: Time) -> usize {
    steps.partition_point(|step| step.at <= time)
}

/// All Events up to an instant, and the warnings among them.
fn events_until(events: &Log<Step>, time: Time) -> (u32, u32) {
    let count = count_until(events, time);
    let step = count.checked_sub(1).and_then(|last| events.get(last));
    step.map_or((0, 0), |step| (step.ready, step.not_ready))
}

fn ticks(census: &Census, from: Time, until: Time, width: u32) -> Ticks {
    let events = census.events();
    let before = if from == Time::ZERO { (0, 0) } else { events_until(events, Time(from.0 - 1)) };
    let (all, _) = events_until(events, until);
    if all - before.0 <= width / PIXELS_PER_TICK {
        let first = if from == Time::ZERO { 0 } else { count_until(events, Time(from.0 - 1)) };
        let end = count_until(events, until);
        let mut ticks = Vec::with_capacity((all - before.0) as usize);
        let mut counted = before;
        for step in events.range(first, end) {
            // Of the Events of one instant the warnings are given first.
            let warnings = step.not_ready - counted.1;
            ticks
                .extend((0..step.ready - counted.0).map(|nth| Tick { at: step.at, warning: nth < warnings }));
            counted = (step.ready, step.not_ready);
        }
        return Ticks::Each(ticks);
    }
    let bins = (width / PIXELS_PER_BIN).max(1);
    let bin = ((until.0 - from.0) / u64::from(bins)).max(1);
    let mut counted = before;
    let counts = (1..=bins).map(|index| {
        let edge = if index == bins { until } else { Time(from.0 + bin * u64::from(index) - 1) };
        let (all, warnings) = events_until(events, edge);
        let counts = (all - counted.0, warnings - counted.1);
        counted = (all, warnings);
        counts
    });
    Ticks::Counts { width: std::time::Duration::from_micros(bin), bins: counts.collect() }
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
    order::sort_by(&mut flags, |a, b| a.at.cmp(&b.at));
    flags
}
