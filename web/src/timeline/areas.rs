//! Replicas over time as areas with steps: for each revision the ready pods under those that are not, the oldest revision
//! at the bottom.

use opscape_lab::tracks::{RevisionTrack, Step, WorkloadTrack};
use opscape_sim::Time;

/// A part of an area with edges in pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// 1 to 6.
    pub colour: u8,
    /// 0: no revisions.
    pub revision: u32,
    /// What it is called.
    pub name: String,
    /// Whether it holds the ready ones.
    pub ready: bool,
    /// The path.
    pub path: String,
    /// Where a name has room: its middle, or none.
    pub name_at: Option<(f32, f32)>,
}

/// From time and count to pixels.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub from: Time,
    pub until: Time,
    pub left: f32,
    pub width: f32,
    /// Where 0 lies.
    pub bottom: f32,
    /// Pixels for one pod.
    pub unit: f32,
}

impl Scale {
    /// Pixels of an instant.
    pub fn x(&self, at: Time) -> f32 {
        let span = self.until.0.saturating_sub(self.from.0).max(1) as f64;
        let passed = at.0 as f64 - self.from.0 as f64;
        self.left + (passed / span) as f32 * self.width
    }

    /// The instant at a pixel.
    pub fn time(&self, x: f32) -> Time {
        let span = self.until.0.saturating_sub(self.from.0) as f64;
        let share = f64::from(((x - self.left) / self.width.max(1.0)).clamp(0.0, 1.0));
        Time(self.from.0 + (span * share) as u64)
    }

    fn y(&self, count: u32) -> f32 {
        self.bottom - count as f32 * self.unit
    }
}

/// All areas between two instants, in the order they are drawn.
pub fn areas(track: &WorkloadTrack, scale: Scale, begin: Time, end: Time) -> Vec<Area> {
    if end <= begin {
        return Vec::new();
    }
    // Every instant at which a count changes.
    let mut times: Vec<Time> = vec![begin];
    for revision in &track.revisions {
        times.extend(revision.steps.iter().map(|step| step.at).filter(|at| *at > begin && *at < end));
    }
    times.sort_unstable();
    // Of the steps within a pixel the last one is seen.
    let pixel = |at: Time| scale.x(at) as i32;
    let mut seen: Vec<Time> = Vec::with_capacity(times.len().min(4_000));
    for at in times {
        match seen.last_mut() {
            Some(last) if *last > begin && pixel(*last) == pixel(at) => *last = at,
            Some(last) if *last == at => {}
            _ => seen.push(at),
        }
    }
    let times = seen;
    let mut below = vec![0_u32; times.len()];
    let mut out = Vec::new();
    for revision in &track.revisions {
        let counts: Vec<Step> = counts_at(revision, &times);
        for ready in [true, false] {
            let pick = |step: &Step| if ready { step.ready } else { step.not_ready };
            if counts.iter().any(|step| pick(step) > 0) {
                let tops: Vec<u32> = below.iter().zip(&counts).map(|(low, step)| low + pick(step)).collect();
                out.push(Area {
                    colour: revision.colour,
                    revision: revision.revision,
                    name: revision.name.clone(),
                    ready,
                    path: path(scale, &times, end, &below, &tops),
                    name_at: room(scale, &times, end, &below, &tops),
                });
                below = tops;
            }
        }
    }
    out
}

/// The counts of a revision from each of these instants on.
fn counts_at(revision: &RevisionTrack, times: &[Time]) -> Vec<Step> {
    let mut steps = revision.steps.iter().copied().peekable();
    let mut now = Step::default();
    times
        .iter()
        .map(|at| {
            while let Some(step) = steps.next_if(|step| step.at <= *at) {
                now = step;
            }
            now
        })
        .collect()
}

/// Closed pieces between `low` and `high`; where both are the same there is nothing. A piece goes along its upper edge and
/// back along the lower one.
fn path(scale: Scale, times: &[Time], end: Time, low: &[u32], high: &[u32]) -> String {
    let mut out = String::new();
    let edge = |index: usize| scale.x(times.get(index).copied().unwrap_or(end));
    let at = |list: &[u32], index: usize| list.get(index).copied().unwrap_or_default();
    let mut index = 0;
    while index < times.len() {
        let first = index;
        while index < times.len() && at(high, index) > at(low, index) {
            index += 1;
        }
        if index == first {
            index += 1;
            continue;
        }
        put(&mut out, 'M', edge(first));
        put(&mut out, ' ', scale.y(at(high, first)));
        for step in first..index {
            if step > first && at(high, step) != at(high, step - 1) {
                put(&mut out, 'H', edge(step));
                put(&mut out, 'V', scale.y(at(high, step)));
            }
        }
        // A hair wider, so that neighbours leave no seam.
        put(&mut out, 'H', edge(index) + 0.3);
        put(&mut out, 'V', scale.y(at(low, index - 1)));
        for step in (first + 1..index).rev() {
            if at(low, step) != at(low, step - 1) {
                put(&mut out, 'H', edge(step));
                put(&mut out, 'V', scale.y(at(low, step - 1)));
            }
        }
        put(&mut out, 'H', edge(first));
        out.push('Z');
    }
    out
}

/// A command with its number to a tenth: some thousand of them are written for a frame.
fn put(out: &mut String, command: char, value: f32) {
    out.push(command);
    let tenths = (value * 10.0).round() as i32;
    if tenths < 0 {
        out.push('-');
    }
    let tenths = tenths.unsigned_abs();
    let mut digits = [0_u8; 10];
    let (mut left, mut count) = (tenths / 10, 0);
    for digit in &mut digits {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
        count += 1;
        if left == 0 {
            break;
        }
    }
    out.extend(digits.iter().take(count).rev().map(|digit| char::from(*digit)));
    if !tenths.is_multiple_of(10) {
        out.push('.');
        out.push(char::from(b'0' + (tenths % 10) as u8));
    }
}

/// The middle of the longest stretch where a name of 15 px fits.
fn room(scale: Scale, times: &[Time], end: Time, low: &[u32], high: &[u32]) -> Option<(f32, f32)> {
    let mut best: Option<(f32, f32, f32)> = None;
    let mut index = 0;
    while index < times.len() {
        let (l, h) = (*low.get(index)?, *high.get(index)?);
        if (h.saturating_sub(l)) as f32 * scale.unit < 15.0 {
            index += 1;
            continue;
        }
        // Goes on while there is a common band of 15 px.
        let (mut bottom, mut top) = (l, h);
        let mut last = index;
        while let (Some(l), Some(h)) = (low.get(last + 1), high.get(last + 1)) {
            let (b, t) = (bottom.max(*l), top.min(*h));
            if t.saturating_sub(b) as f32 * scale.unit < 15.0 {
                break;
            }
            (bottom, top) = (b, t);
            last += 1;
        }
        let (x, to) = (scale.x(*times.get(index)?), scale.x(times.get(last + 1).copied().unwrap_or(end)));
        if best.is_none_or(|(wide, ..)| to - x > wide) {
            best = Some((to - x, x, f32::midpoint(scale.y(top), scale.y(bottom)) + 4.0));
        }
        index = last + 1;
    }
    best.filter(|(wide, ..)| *wide > 74.0).map(|(_, x, y)| (x + 14.0, y))
}

/// The wanted number as a line with steps.
pub fn wanted(track: &WorkloadTrack, scale: Scale, end: Time) -> String {
    let mut out = String::new();
    for (index, (at, count)) in track.wanted.iter().enumerate() {
        if *at > end {
            break;
        }
        let next = track.wanted.get(index + 1).map_or(end, |(at, _)| (*at).min(end));
        let command = if out.is_empty() { 'M' } else { 'L' };
        put(&mut out, command, scale.x((*at).max(scale.from)));
        put(&mut out, ' ', scale.y(*count) + 0.5);
        put(&mut out, 'H', scale.x(next));
    }
    out
}
