//! What was measured in the lanes as a drawing: SVG in one piece, the same on the page and in a slide.

use std::fmt::Write;

use opscape_manifest::order;
use opscape_sim::Time;

use super::{Lane, Second};
use crate::words::{Lang, count, text};

/// Pixels of a lane's tracks, from its top: flags, versions, share of failures, users, pods paid for.
const FLAGS: f32 = 15.0;
const VERSIONS: (f32, f32) = (22.0, 76.0);
const FAILING: (f32, f32) = (89.0, 115.0);
const MET: (f32, f32) = (127.0, 153.0);
const PAID: (f32, f32) = (164.0, 184.0);
/// Height of a lane.
pub const LANE_HEIGHT: f32 = 190.0;
/// Left of the tracks: what their tops stand for.
const GUTTER: f32 = 44.0;
/// Right of them.
const MARGIN: f32 = 12.0;
/// Seconds over which the share of failures is taken.
const OVER: usize = 5;

/// Some of the pods of a second.
type Pick = fn(&Second) -> u32;

/// How a drawing is made: its colours are those of the page (`var(--ink)`), or what these stand for there.
pub struct Picture<'a> {
    /// The colour of a name of `tokens.css` without its dashes, as `r1-tint`.
    pub colour: &'a dyn Fn(&str) -> String,
    /// Width in pixels.
    pub width: f32,
    /// End of the time axis.
    pub until: Time,
    /// The language.
    pub lang: Lang,
}

/// The scales that all lanes share.
pub struct Chart<'a> {
    lanes: &'a [Lane],
    picture: Picture<'a>,
    pods: u32,
    /// In thousandths.
    failing: u32,
    met: u64,
}

impl<'a> Chart<'a> {
    /// For these lanes.
    pub fn new(lanes: &'a [Lane], picture: Picture<'a>) -> Chart<'a> {
        let seconds = || lanes.iter().flat_map(Lane::seconds);
        let pods = seconds().map(Second::pods).max().unwrap_or_default();
        let failing = lanes.iter().flat_map(|lane| (0..lane.seconds().len()).map(|at| failing(lane, at)));
        let failing = (failing.fold(0.0, f64::max) * 1000.0).ceil() as u32;
        let met =
            lanes.iter().map(|lane| lane.seconds().iter().map(|second| second.users_new).sum::<u64>()).max();
        Chart {
            lanes,
            picture,
            pods: pods.next_multiple_of(if pods > 40 { 20 } else { 4 }).max(4),
            failing: [10, 20, 50, 100, 250, 500].into_iter().find(|most| *most >= failing).unwrap_or(1000),
            met: round_up(met.unwrap_or_default().max(100)),
        }
    }

    /// Pixels of an instant.
    pub fn x(&self, at: Time) -> f32 {
        let share = at.0 as f64 / self.picture.until.0.max(1) as f64;
        GUTTER + share as f32 * (self.picture.width - GUTTER - MARGIN).max(1.0)
    }

    /// The instant at a pixel.
    pub fn time(&self, x: f32) -> Time {
        let room = (self.picture.width - GUTTER - MARGIN).max(1.0);
        let share = f64::from(((x - GUTTER) / room).clamp(0.0, 1.0));
        Time((share * self.picture.until.0 as f64) as u64)
    }

    fn colour(&self, name: &str) -> String {
        (self.picture.colour)(name)
    }

    /// The seconds along the top, 20 px high.
    pub fn axis(&self) -> String {
        let mut out = String::new();
        for (at, last) in self.marks() {
            let label = if last { seconds(self.picture.lang, at) } else { (at.0 / 1_000_000).to_string() };
            let anchor = if at == Time::ZERO {
                "start"
            } else if self.x(at) > self.picture.width - MARGIN - 8.0 {
                "end"
            } else {
                "middle"
            };
            self.text(&mut out, self.x(at), 14.0, anchor, "ink-2", 11, &label);
        }
        out
    }

    /// Instants with a line, and whether it is the last one.
    fn marks(&self) -> Vec<(Time, bool)> {
        let whole = self.picture.until.0 / 1_000_000;
        let most = (self.picture.width / 90.0).clamp(2.0, 12.0) as u64;
        let steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600];
        let step = steps.into_iter().find(|step| whole / step <= most).unwrap_or(7200);
        let count = whole / step;
        (0..=count).map(|index| (Time::secs(index * step), index == count)).collect()
    }

    /// The tracks of a lane, without a frame around them.
    pub fn lane(&self, index: usize) -> String {
        let Some(lane) = self.lanes.get(index) else { return String::new() };
        let mut out = String::new();
        for (at, _) in self.marks() {
            let x = tenths(self.x(at));
            let _ = write!(
                out,
                r#"<path d="M{x} {FLAGS}V{LANE_HEIGHT}" style="stroke:{};fill:none"/>"#,
                self.colour("grid")
            );
        }
        self.unknown(&mut out, lane);
        self.versions(&mut out, lane);
        self.failures(&mut out, lane);
        self.users(&mut out, lane);
        self.paid(&mut out, lane);
        self.flags(&mut out, lane);
        out
    }

    /// What is not computed yet.
    fn unknown(&self, out: &mut String, lane: &Lane) {
        let (from, to) = (self.x(lane.measured()), self.x(self.picture.until));
        if to - from < 2.0 {
            return;
        }
        let (top, bottom) = (FLAGS + 4.0, PAID.1);
        let mut d = String::new();
        let high = bottom - top;
        let mut at = from - high;
        while at < to {
            let (x0, y0) = if at < from { (from, bottom - (from - at)) } else { (at, bottom) };
            let end = (at + high).min(to);
            if end > x0 {
                let _ = write!(
                    d,
                    "M{} {}L{} {}",
                    tenths(x0),
                    tenths(y0),
                    tenths(end),
                    tenths(bottom - (end - at))
                );
            }
            at += 9.0;
        }
        let _ = write!(out, r#"<path d="{d}" style="stroke:{};fill:none"/>"#, self.colour("line"));
    }

    fn versions(&self, out: &mut String, lane: &Lane) {
        let (top, bottom) = VERSIONS;
        let unit = (bottom - top) / self.pods as f32;
        let layers: [(&str, Pick); 4] = [
            ("r1", |of| of.old_ready),
            ("r1-tint", |of| of.old_waiting),
            ("r2", |of| of.new_ready),
            ("r2-tint", |of| of.new_waiting),
        ];
        let mut below = vec![0_u32; lane.seconds().len()];
        for (colour, pick) in layers {
            let above: Vec<u32> = below.iter().zip(lane.seconds()).map(|(low, of)| low + pick(of)).collect();
            if above != below {
                let d = self.steps(&below, &above, bottom, unit);
                let _ = write!(out, r#"<path d="{d}" style="fill:{}"/>"#, self.colour(colour));
            }
            below = above;
        }
        self.scale(out, top, &self.pods.to_string());
        if self.pods.is_multiple_of(2) {
            self.scale(out, f32::midpoint(top, bottom), &(self.pods / 2).to_string());
        }
    }

    /// The pieces between two lines of steps.
    fn steps(&self, low: &[u32], high: &[u32], bottom: f32, unit: f32) -> String {
        let mut d = String::new();
        let pairs: Vec<(u32, u32)> = low.iter().copied().zip(high.iter().copied()).collect();
        let mut from = 0;
        for part in pairs.chunk_by(|a, b| a == b) {
            let (low, high) = part.first().copied().unwrap_or_default();
            let to = from + part.len();
            if high > low {
                // A hair wider, so that neighbours leave no seam.
                let (x0, x1) = (self.x(Time::secs(from as u64)), self.x(Time::secs(to as u64)) + 0.3);
                let (y0, y1) = (bottom - low as f32 * unit, bottom - high as f32 * unit);
                let _ =
                    write!(d, "M{} {}H{}V{}H{}Z", tenths(x0), tenths(y1), tenths(x1), tenths(y0), tenths(x0));
            }
            from = to;
        }
        d
    }

    fn failures(&self, out: &mut String, lane: &Lane) {
        let (top, bottom) = FAILING;
        let most = f64::from(self.failing) / 1000.0;
        let values: Vec<f64> = (0..lane.seconds().len()).map(|at| failing(lane, at) / most).collect();
        self.line(out, &values, (top, bottom), "err", "err-bg");
        let tenths = self.failing;
        self.scale(
            out,
            top,
            &if tenths.is_multiple_of(10) {
                format!("{}%", tenths / 10)
            } else {
                format!("{}.{}%", tenths / 10, tenths % 10)
            },
        );
    }

    fn users(&self, out: &mut String, lane: &Lane) {
        let (top, bottom) = MET;
        let mut sum = 0;
        let values: Vec<f64> = lane
            .seconds()
            .iter()
            .map(|second| {
                sum += second.users_new;
                sum as f64 / self.met as f64
            })
            .collect();
        self.line(out, &values, (top, bottom), "r2", "r2-tint");
        self.scale(out, top, &brief(self.met));
    }

    fn paid(&self, out: &mut String, lane: &Lane) {
        let (top, bottom) = PAID;
        let unit = (bottom - top) / self.pods as f32;
        let high: Vec<u32> = lane.seconds().iter().map(Second::pods).collect();
        let low = vec![0; high.len()];
        let d = self.steps(&low, &high, bottom, unit);
        let _ = write!(out, r#"<path d="{d}" style="fill:{}"/>"#, self.colour("sunken"));
        let mut d = String::new();
        for (at, pods) in high.iter().enumerate() {
            let command = if at == 0 { 'M' } else { 'L' };
            let y = tenths(bottom - *pods as f32 * unit);
            let (from, to) = (self.x(Time::secs(at as u64)), self.x(Time::secs(at as u64 + 1)));
            let _ = write!(d, "{command}{} {y}H{}", tenths(from), tenths(to));
        }
        let _ = write!(
            out,
            r#"<path d="{d}" style="fill:none;stroke:{};stroke-width:1.5"/>"#,
            self.colour("ink-3")
        );
        self.scale(out, top, &self.pods.to_string());
    }

    /// A line over its tint; values are shares of the height, one at the end of each second.
    fn line(&self, out: &mut String, values: &[f64], (top, bottom): (f32, f32), line: &str, tint: &str) {
        let high = bottom - top;
        let mut d = format!("M{} {}", tenths(self.x(Time::ZERO)), tenths(bottom));
        for (at, value) in values.iter().enumerate() {
            let y = bottom - value.clamp(0.0, 1.0) as f32 * high;
            let _ = write!(d, "L{} {}", tenths(self.x(Time::secs(at as u64 + 1))), tenths(y));
        }
        if values.iter().any(|value| *value > 0.0) {
            let end = tenths(self.x(Time::secs(values.len() as u64)));
            let _ = write!(
                out,
                r#"<path d="{d}L{end} {}Z" style="fill:{}"/>"#,
                tenths(bottom),
                self.colour(tint)
            );
        }
        let _ = write!(
            out,
            r#"<path d="{d}" style="fill:none;stroke:{};stroke-width:1.5;stroke-linejoin:round"/>"#,
            self.colour(line)
        );
    }

    fn flags(&self, out: &mut String, lane: &Lane) {
        let flags = self.acts(lane);
        let ends: Vec<f32> = flags.iter().skip(1).map(|(at, _)| self.x(*at)).collect();
        let ink = self.colour("ink");
        for (index, (at, label)) in flags.iter().enumerate() {
            let x = self.x(*at);
            let room = ends.get(index).copied().unwrap_or(self.picture.width) - x - 18.0;
            let _ = write!(
                out,
                r#"<path d="M{x} 4V{}" style="stroke:{ink};stroke-dasharray:1.5 2.5;fill:none"/><path d="M{x} 4h8l-2 3.5 2 3.5h-8z" style="fill:{ink}"/>"#,
                tenths(PAID.1),
                x = tenths(x),
            );
            let label = cut(label, room);
            if !label.is_empty() {
                self.text(out, x + 13.0, 12.0, "start", "ink", 12, &label);
            }
        }
    }

    /// What was done, each instant once: the title of the script's step, or a few words. And what a controller gave up.
    fn acts(&self, lane: &Lane) -> Vec<(Time, String)> {
        let (session, lang) = (lane.session(), self.picture.lang);
        let model = session.timeline().known().model();
        let mut acts: Vec<(Time, String)> = Vec::new();
        for mark in model.acts().iter().filter(|mark| mark.at > Time::ZERO) {
            let step = mark.record.step.and_then(|step| session.spec().steps.get(step));
            let title = step.and_then(|step| step.title.as_ref());
            let label = title.map_or_else(
                || crate::why::flag(mark, lang),
                |title| title.in_language(lang.tag()).to_owned(),
            );
            if acts.last().is_none_or(|(at, _)| *at < mark.at) {
                acts.push((mark.at, label));
            }
        }
        acts.extend(lane.given_up().iter().map(|at| (*at, text(lang, "compare.given-up").to_owned())));
        order::sort_by(&mut acts, |(a, _), (b, _)| a.cmp(b));
        acts
    }

    fn scale(&self, out: &mut String, y: f32, label: &str) {
        self.text(out, GUTTER - 8.0, y + 4.0, "end", "ink-2", 11, label);
    }

    #[expect(clippy::too_many_arguments, reason = "what a text in a drawing has")]
    fn text(&self, out: &mut String, x: f32, y: f32, anchor: &str, colour: &str, size: u32, label: &str) {
        let _ = write!(
            out,
            r#"<text x="{}" y="{}" text-anchor="{anchor}" style="fill:{};font-size:{size}px">{}</text>"#,
            tenths(x),
            tenths(y),
            self.colour(colour),
            escaped(label),
        );
    }

    /// The whole drawing as a file: title, what colours mean, the lanes with their names, on a ground of its own.
    pub fn file(&self, title: &str) -> String {
        const NAMES: f32 = 190.0;
        const TOP: f32 = 84.0;
        let lang = self.picture.lang;
        let (width, height) =
            (self.picture.width + NAMES, TOP + LANE_HEIGHT * self.lanes.len() as f32 + 12.0);
        let mut out = String::new();
        let _ = write!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" font-family="-apple-system, 'Segoe UI', 'Apple SD Gothic Neo', 'Noto Sans KR', 'Noto Sans CJK KR', 'Malgun Gothic', sans-serif"><title>{}</title><rect width="{w}" height="{h}" style="fill:{}"/>"#,
            escaped(title),
            self.colour("stage"),
            w = tenths(width),
            h = tenths(height),
        );
        let _ = write!(out, r#"<g font-weight="600">"#);
        self.text(&mut out, 16.0, 28.0, "start", "ink", 18, title);
        out.push_str("</g>");
        let (old, new) = self.versions_seen();
        let legend = [
            ("r1", ["v1 ", &old].concat()),
            ("r2", ["v2 ", &new].concat()),
            ("r2-tint", text(lang, "compare.not-ready").to_owned()),
            ("err", text(lang, "compare.failing").to_owned()),
            ("ink-3", text(lang, "compare.paid").to_owned()),
        ];
        let mut x = 16.0;
        for (colour, label) in &legend {
            let _ = write!(
                out,
                r#"<rect x="{}" y="41" width="11" height="11" rx="2" style="fill:{}"/>"#,
                tenths(x),
                self.colour(colour)
            );
            self.text(&mut out, x + 17.0, 51.0, "start", "ink-2", 12, label);
            x += 17.0 + wide(label, 12.0) + 18.0;
        }
        let _ = write!(out, r#"<g transform="translate({} 62)">{}</g>"#, tenths(NAMES), self.axis());
        for (index, lane) in self.lanes.iter().enumerate() {
            let y = TOP + LANE_HEIGHT * index as f32;
            if index > 0 {
                let _ = write!(
                    out,
                    r#"<path d="M16 {y}H{}" style="stroke:{}"/>"#,
                    tenths(width - MARGIN),
                    self.colour("line"),
                    y = tenths(y - 2.0)
                );
            }
            let _ = write!(out, r#"<g transform="translate(0 {})"><g font-weight="600">"#, tenths(y));
            self.text(&mut out, 16.0, 16.0, "start", "ink", 15, &cut(&lane.about.title, NAMES - 20.0));
            out.push_str("</g>");
            for (place, key) in [
                (VERSIONS, "compare.ready"),
                (FAILING, "compare.failing"),
                (MET, "compare.met"),
                (PAID, "compare.paid"),
            ] {
                self.text(
                    &mut out,
                    16.0,
                    f32::midpoint(place.0, place.1) + 4.0,
                    "start",
                    "ink-2",
                    12,
                    text(lang, key),
                );
            }
            let _ =
                write!(out, r#"<g transform="translate({} 0)">{}</g></g>"#, tenths(NAMES), self.lane(index));
        }
        out.push_str("</svg>");
        out
    }

    /// Images of the old version and of the new one, in all lanes.
    pub fn versions_seen(&self) -> (String, String) {
        let all = |pick: fn(&Lane) -> &[String]| {
            let mut names: Vec<&str> = Vec::new();
            for name in self.lanes.iter().flat_map(pick) {
                if !names.contains(&&**name) {
                    names.push(name);
                }
            }
            names.join(", ")
        };
        (all(|lane| lane.versions().0), all(|lane| lane.versions().1))
    }
}

/// The share of requests that failed in the seconds up to this one.
pub fn failing(lane: &Lane, at: usize) -> f64 {
    let from = (at + 1).saturating_sub(OVER);
    let part = lane.seconds().get(from..=at).unwrap_or_default();
    let (all, failed) = part.iter().fold((0, 0), |sum, of| (sum.0 + of.requests, sum.1 + of.failed));
    failed as f64 / all.max(1) as f64
}

/// To two digits, upward.
fn round_up(value: u64) -> u64 {
    let unit = 10_u64.saturating_pow(value.ilog10().saturating_sub(1)).max(1);
    value.div_ceil(unit).saturating_mul(unit)
}

fn brief(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..10_000 if !number.is_multiple_of(1_000) => {
            format!("{}.{}k", number / 1_000, number % 1_000 / 100)
        }
        _ => [&count(number / 1_000), "k"].concat(),
    }
}

fn seconds(lang: Lang, at: Time) -> String {
    crate::words::fill(lang, "compare.seconds", &[("count", &(at.0 / 1_000_000).to_string())])
}

/// A length to a tenth of a pixel.
fn tenths(value: f32) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Pixels of a text; Hangul counts double.
fn wide(text: &str, size: f32) -> f32 {
    text.chars().map(|letter| if letter >= '\u{1100}' { size * 0.95 } else { size * 0.54 }).sum()
}

/// A text cut to a width at 12 px; empty if next to nothing fits.
fn cut(text: &str, room: f32) -> String {
    if wide(text, 12.0) <= room {
        return text.to_owned();
    }
    if room < 30.0 {
        return String::new();
    }
    let mut used = 0.0;
    let kept: String = text
        .chars()
        .take_while(|letter| {
            used += wide(letter.encode_utf8(&mut [0; 4]), 12.0);
            used <= room - 9.0
        })
        .collect();
    [kept.trim_end(), "…"].concat()
}
