//! What the components draw: made from the state once for each change, shared by all of them.

use std::rc::Rc;
use std::sync::Arc;

use opscape_lab::Session as Lab;
use opscape_lab::inspect::{EventFilter, EventRow, Inspection};
use opscape_lab::scene::{Level, Place, Scene};
use opscape_lab::session::{BranchInfo, Goal};
use opscape_lab::tracks::Tracks;
use opscape_lab::words::{Lang, Rich, count, fill, text};
use opscape_manifest::api::{ObjectKey, Str};
use opscape_manifest::lab::LabSpec;
use opscape_sim::Time;

use super::State;
use super::asking::Ask;
use super::clock::FAST;
use super::editing::TextView;
use super::terminal::Screen;
use crate::browser;

/// Events listed at most.
const EVENTS_MOST: usize = 500;
/// What looking for the next thing to be seen may take of a frame, in milliseconds. While it stands it takes what it needs.
const LOOKS: f64 = 3.0;

/// What the stage shows a mark for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Pods, as large as they fit.
    #[default]
    Pods,
    /// Pods as cells, so that all nodes are seen.
    Nodes,
    /// Zones.
    Zones,
    /// The jobs of a pipeline instead.
    Pipelines,
}

/// A part of the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Begin.
    pub from: Time,
    /// End.
    pub until: Time,
}

/// Something to tell for a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// In words.
    pub text: String,
    /// Whether something failed.
    pub bad: bool,
}

/// Everything that is drawn. It is made anew whenever something may have changed.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The language.
    pub lang: Lang,
    /// Whether there is a world.
    pub alive: bool,
    /// The present instant.
    pub at: Time,
    /// How far the future is known.
    pub known_until: Time,
    /// Whether it plays.
    pub playing: bool,
    /// Virtual seconds per second.
    pub speed: f64,
    /// The stage's choice.
    pub detail: Detail,
    /// The stage.
    pub scene: Rc<Scene>,
    /// The timeline.
    pub tracks: Rc<Tracks>,
    /// What comes next.
    pub next: Option<Rc<(Time, Rich)>>,
    /// The newest events.
    pub events: Rc<Vec<EventRow>>,
    /// What is selected.
    pub selected: Option<ObjectKey>,
    /// The pipeline that is looked at, and the job of it that is selected.
    pub pipeline: Option<(Str, Option<usize>)>,
    /// What is known about it.
    pub inspection: Option<Rc<Inspection>>,
    /// The terminal.
    pub screen: Rc<Screen>,
    /// The text panel.
    pub text: Rc<TextView>,
    /// Something to tell.
    pub notice: Option<Rc<Notice>>,
    /// A request that is asked for.
    pub ask: Option<Rc<Ask>>,
    /// What the live region says.
    pub said: Rc<str>,
    /// Title of the lab; empty: it has none.
    pub title: Rc<str>,
    /// The lab's checks as goals, as they stand now.
    pub goals: Rc<Vec<Goal>>,
    /// The Lab document.
    pub spec: Option<Arc<LabSpec>>,
    /// When each of its steps happens; none: it waits for its condition.
    pub steps: Rc<[Option<Time>]>,
    /// The seed.
    pub seed: u64,
    /// Futures that were left, oldest first.
    pub branches: Rc<Vec<BranchInfo>>,
}

/// Only a view itself is the same: what makes a new one has changed something, and looking for what would cost more than drawing.
impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl View {
    /// A text by its key.
    pub fn word(&self, key: &'static str) -> &'static str {
        text(self.lang, key)
    }

    /// A text with its places filled.
    pub fn say(&self, key: &'static str, values: &[(&str, &str)]) -> String {
        fill(self.lang, key, values)
    }

    /// How far a change that happened at `since` has come on the screen, 0 to 1, if changes take `ms` there.
    pub fn phase(&self, since: Time, ms: f64) -> f32 {
        if !self.playing || self.speed >= FAST {
            return 1.0;
        }
        let passed = self.at.since(since).as_secs_f64() * 1_000.0;
        (passed / (ms * self.speed)).clamp(0.0, 1.0) as f32
    }
}

impl Default for Window {
    fn default() -> Self {
        Window { from: Time::ZERO, until: Time::secs(20) }
    }
}

/// What is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewed {
    /// Everything: something was done.
    All,
    /// What is watched: the stage and the timeline.
    Picture,
    /// That and one of the parts that are read.
    Part(usize),
}

impl Renewed {
    /// How many parts are read.
    pub const PARTS: usize = 4;

    fn is(self, part: usize) -> bool {
        self == Renewed::All || self == Renewed::Part(part)
    }
}

/// Parts of the view that are not made for each frame.
#[derive(Default)]
pub struct Parts {
    /// The stage, and how many events of the world it shows.
    scene: Option<(u64, Rc<Scene>)>,
    events: Rc<Vec<EventRow>>,
    inspection: Option<Rc<Inspection>>,
    next: Option<Rc<(Time, Rich)>>,
    title: Rc<str>,
    goals: Rc<Vec<Goal>>,
    branches: Rc<Vec<BranchInfo>>,
    /// Whether requests failed when it was looked last.
    failing: bool,
    /// The last run of a pipeline whose end was said.
    ended: u32,
}

/// Of the requests so many have to fail before it is said aloud.
const TELLING: f32 = 0.005;

impl State {
    /// Says aloud when requests begin to fail, and when none does any more.
    fn watch_failures(&mut self, scene: &Scene) {
        let Some(traffic) = &scene.traffic else { return };
        let (mut all, mut errors) = (0.0, 0.0);
        for (_, rates) in traffic.places.iter().filter(|(place, _)| matches!(place, Place::Workload { .. })) {
            all += rates.rate;
            errors += rates.errors;
        }
        let failing = if self.parts.failing { errors > 0.0 } else { errors > all * TELLING };
        if failing != self.parts.failing && self.clock.playing {
            let percent = (errors / all.max(f32::MIN_POSITIVE) * 100.0).ceil();
            let share = [&count(percent as u64), "%"].concat();
            let key = if failing { "ui.flow.begins-to-fail" } else { "ui.flow.fails-no-more" };
            self.said = fill(self.lang, key, &[("share", &share)]);
        }
        self.parts.failing = failing;
    }

    /// Says aloud how a run of a pipeline ended.
    fn watch_runs(&mut self, scene: &Scene) {
        let ended = scene.pipelines.iter().filter_map(|scene| scene.run.as_ref());
        let last = ended.filter(|run| run.ended.is_some() && !run.asks).max_by_key(|run| run.number);
        if let Some(run) = last.filter(|run| run.number > self.parts.ended) {
            self.parts.ended = run.number;
            if self.clock.playing {
                self.said = crate::pipelines::told(run, scene.at, self.lang);
            }
        }
    }

    /// Makes the view.
    pub(super) fn refresh(&mut self, renewed: Renewed) {
        if renewed.is(0) {
            self.record();
        }
        self.look_for_answer();
        let mut view = View {
            lang: self.lang,
            playing: self.clock.playing,
            speed: self.clock.speed,
            detail: self.detail,
            selected: self.selected.clone(),
            pipeline: self.pipeline.clone(),
            text: self.text.view(),
            screen: self.terminal.screen.clone(),
            notice: self.notice.clone().map(Rc::new),
            ask: self.kept_ask(),
            said: self.said.as_str().into(),
            ..View::default()
        };
        if let Some(world) = &self.world {
            view.alive = true;
            view.at = world.now();
            view.known_until = world.known_until();
            view.seed = self.seed.or(world.spec().seed.map(i64::cast_unsigned)).unwrap_or(1);
            view.spec = Some(world.spec().clone());
            view.steps = (0..world.spec().steps.len()).map(|step| world.model().step_at(step)).collect();
            // Between two events of the world nothing on the stage is another one.
            let handled = world.run().handled();
            let kept = self.parts.scene.take().filter(|(at, _)| renewed != Renewed::All && *at == handled);
            let (_, scene) = self
                .parts
                .scene
                .insert(kept.unwrap_or_else(|| (handled, Rc::new(world.scene(level(self.detail))))));
            view.scene = scene.clone();
            let window = self.window.unwrap_or_else(|| whole(world.known_until()));
            view.tracks = Rc::new(world.tracks(window.from, window.until, self.track_width as u32));
            if renewed.is(0) {
                self.parts.title = title(world, self.lang).into();
            }
            if renewed.is(0) && self.reads {
                self.parts.goals = Rc::new(world.goals());
                self.parts.branches = Rc::new(world.branches());
            }
            if renewed.is(1) && self.reads {
                let filter = EventFilter { most: EVENTS_MOST, ..EventFilter::default() };
                self.parts.events = Rc::new(world.events(&filter));
            }
            if renewed.is(2) {
                self.parts.inspection =
                    self.selected.as_ref().and_then(|key| world.inspect(key)).map(Rc::new);
            }
            // What comes next is named until it is there, never after; nobody could read it at full speed.
            let passed = self.parts.next.as_ref().is_some_and(|next| next.0 <= view.at);
            if !self.reads || self.clock.playing && self.clock.speed >= FAST {
                self.parts.next = None;
            } else if renewed.is(3) || passed {
                let begin = browser::milliseconds();
                let playing = self.clock.playing;
                let next = world.look_for_next(&mut || !playing || browser::milliseconds() - begin < LOOKS);
                self.parts.next = next.map(|next| Rc::new((next.at, next.text)));
            }
            view.title = self.parts.title.clone();
            view.branches = self.parts.branches.clone();
            view.goals = self.parts.goals.clone();
            view.next.clone_from(&self.parts.next);
            view.events = self.parts.events.clone();
            view.inspection.clone_from(&self.parts.inspection);
        }
        if renewed.is(0) {
            self.watch_failures(&view.scene);
            if !view.scene.pipelines.is_empty() {
                self.watch_runs(&view.scene);
            }
        }
        self.view = Rc::new(view);
    }
}

/// The level of detail that the choice asks for; none: the one that fits.
fn level(detail: Detail) -> Option<Level> {
    match detail {
        Detail::Pods | Detail::Pipelines => None,
        Detail::Nodes => Some(Level::Far),
        Detail::Zones => Some(Level::Bars),
    }
}

fn title(world: &Lab, lang: Lang) -> &str {
    world.spec().title.as_ref().map_or("", |title| title.in_language(lang.tag()))
}

/// A part that shows all that is known with some room, and changes seldom.
fn whole(known: Time) -> Window {
    let wanted = known.as_secs_f64() * 1.05;
    let mut step = 10.0;
    let mut until = 20.0;
    while until < wanted {
        // 20 30 40 60 80 120 160 240 ...
        until += step;
        if until >= step * 4.0 {
            step *= 2.0;
        }
    }
    Window { from: Time::ZERO, until: Time::from_secs_f64(until) }
}
