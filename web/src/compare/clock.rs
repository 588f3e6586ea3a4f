//! The lanes on one clock: each frame they are brought up to the same instant, within a budget.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use opscape_lab::SessionOptions;
use opscape_lab::compare::{About, Lane, MOST, Table, lanes};
use opscape_lab::session::end_of;
use opscape_lab::words::{Lang, fill};
use opscape_lab::{Session as Lab, WorldOptions};
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use opscape_sim::Time;
use wasm_bindgen::prelude::*;
use yew::Callback;

use super::source::{Added, Run, Source};
use crate::browser;

/// What all lanes together may take of a frame while they play, in milliseconds.
const BUDGET: f64 = 9.0;
/// What they may take of it while somebody waits for an instant.
const WAITING: f64 = 14.0;
/// A frame that comes later than this counts as this long, in milliseconds.
const LONGEST: f64 = 100.0;
/// Speeds to choose from, in virtual seconds per second.
pub const SPEEDS: [f64; 5] = [1.0, 2.0, 5.0, 10.0, 50.0];

/// A comparison; clones are the same one.
#[derive(Clone)]
pub struct Comparison(Rc<Inner>);

impl PartialEq for Comparison {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The callback that the browser calls for each frame.
type Frame = Closure<dyn FnMut(f64)>;

struct Inner {
    state: RefCell<State>,
    listener: RefCell<Option<Callback<()>>>,
    frame: RefCell<Option<Frame>>,
    asked: Cell<Option<i32>>,
    over: Cell<bool>,
}

/// What is drawn.
pub struct State {
    /// Where the lanes come from.
    pub source: Source,
    /// The lanes; empty: what is compared cannot run.
    pub lanes: Vec<Lane>,
    /// What is wrong with the text; empty: nothing.
    pub problem: String,
    /// The instant that is looked at; lanes may still be on their way there.
    pub at: Time,
    /// End of the time axis.
    pub until: Time,
    /// Whether it plays.
    pub playing: bool,
    /// Virtual seconds per second.
    pub speed: f64,
    /// The language.
    pub lang: Lang,
    /// What it is called, and what it is about.
    pub title: String,
    pub description: String,
    /// The seed.
    pub seed: u64,
    /// Counts what is not told by the seconds measured: lanes, language.
    pub edition: u32,
    last: Option<f64>,
}

impl State {
    /// How far all lanes are measured.
    pub fn measured(&self) -> Time {
        self.lanes.iter().map(Lane::measured).min().unwrap_or_default()
    }

    /// The numbers so far.
    pub fn table(&self) -> Table {
        Table::of(&self.lanes, self.lang)
    }

    /// Whether lanes are still on their way to the instant that is looked at.
    pub fn waits(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.has_reached(self.at))
    }
}

impl Comparison {
    /// Opens the lanes and stands at an instant; plays if that is the beginning.
    pub fn new(source: Source, at: Time, lang: Lang) -> Comparison {
        let mut state = State {
            source,
            lanes: Vec::new(),
            problem: String::new(),
            at: Time::ZERO,
            until: Time::secs(60),
            playing: at == Time::ZERO,
            speed: 10.0,
            lang,
            title: String::new(),
            description: String::new(),
            seed: 1,
            edition: 0,
            last: None,
        };
        state.open();
        state.at = at.min(state.until);
        let inner = Rc::new(Inner {
            state: RefCell::new(state),
            listener: RefCell::default(),
            frame: RefCell::default(),
            asked: Cell::default(),
            over: Cell::new(false),
        });
        let weak = Rc::downgrade(&inner);
        let frame = Closure::<dyn FnMut(f64)>::new(move |_| {
            if let Some(inner) = weak.upgrade() {
                Comparison(inner).frame();
            }
        });
        inner.frame.replace(Some(frame));
        let comparison = Comparison(inner);
        comparison.wake();
        comparison
    }

    /// What to draw.
    pub fn state(&self) -> Ref<'_, State> {
        self.0.state.borrow()
    }

    /// Calls back whenever there is something new to draw.
    pub fn listen(&self, callback: Option<Callback<()>>) {
        self.0.listener.replace(callback);
    }

    /// Ends it.
    pub fn end(&self) {
        self.0.over.set(true);
        self.0.listener.replace(None);
        if let Some(asked) = self.0.asked.take() {
            browser::cancel_frame(asked);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        if let Ok(mut state) = self.0.state.try_borrow_mut() {
            change(&mut state);
        }
        self.notify();
        self.wake();
    }

    fn notify(&self) {
        let listener = self.0.listener.borrow().clone();
        if let Some(listener) = listener {
            listener.emit(());
        }
    }

    /// Plays or pauses; from the end it begins anew.
    pub fn toggle(&self) {
        self.change(|state| {
            state.playing = !state.playing && !state.lanes.is_empty();
            state.last = None;
            if state.playing && state.at >= state.until {
                state.seek(Time::ZERO);
            }
        });
    }

    /// Sets the speed.
    pub fn set_speed(&self, speed: f64) {
        self.change(|state| state.speed = speed.clamp(0.1, 1000.0));
    }

    /// Goes to an instant, in all lanes.
    pub fn seek(&self, to: Time) {
        self.change(|state| {
            state.last = None;
            state.playing &= to < state.until;
            state.seek(to);
        });
    }

    /// Adds a lane, from its beginning.
    ///
    /// # Errors
    /// Why it cannot run, in words.
    pub fn add(&self, added: Added) -> Result<(), String> {
        let lane = {
            let state = self.state();
            if state.lanes.len() >= MOST || state.source.has(&added) {
                return Ok(());
            }
            added.open(state.source.seed(), state.lang)?
        };
        self.change(|state| {
            let mut more = state.source.added().to_vec();
            more.push(added);
            state.source = state.source.with(more);
            state.lanes.push(lane);
            state.until = state.source.until(&state.lanes);
            state.edition += 1;
            state.last = None;
        });
        Ok(())
    }

    /// Takes away a lane that was added.
    pub fn remove(&self, index: usize) {
        self.change(|state| {
            let mut more = state.source.added().to_vec();
            let base = state.lanes.len().saturating_sub(more.len());
            let Some(at) = index.checked_sub(base).filter(|at| *at < more.len()) else { return };
            more.remove(at);
            state.source = state.source.with(more);
            state.lanes.remove(index);
            state.until = state.source.until(&state.lanes);
            state.at = state.at.min(state.until);
            state.edition += 1;
        });
    }

    /// Changes the language of everything.
    pub fn set_lang(&self, lang: Lang) {
        self.change(|state| {
            state.lang = lang;
            state.edition += 1;
            let abouts = state.source.abouts(lang);
            for (lane, about) in state.lanes.iter_mut().zip(abouts) {
                lane.set_lang(about, lang);
            }
            state.name();
        });
    }

    fn wake(&self) {
        let needed =
            self.0.state.try_borrow().is_ok_and(|state| state.playing || state.waits()) && !self.0.over.get();
        if needed
            && self.0.asked.get().is_none()
            && let Some(frame) = &*self.0.frame.borrow()
        {
            self.0.asked.set(Some(browser::at_next_frame(frame)));
        }
    }

    fn frame(&self) {
        self.0.asked.set(None);
        if self.0.over.get() {
            return;
        }
        if let Ok(mut state) = self.0.state.try_borrow_mut() {
            state.go_on();
        }
        self.notify();
        self.wake();
    }
}

impl State {
    fn open(&mut self) {
        let opened = self.source.open(self.lang);
        match opened {
            Ok(lanes) => self.lanes = lanes,
            Err(problem) => self.problem = problem,
        }
        if self.lanes.len() < 2 && self.problem.is_empty() {
            self.lanes.clear();
            self.problem = fill(self.lang, "compare.too-few", &[]);
        }
        self.until = self.source.until(&self.lanes);
        if let Some(lane) = self.lanes.first() {
            let spec = lane.session().spec();
            self.seed = self.source.seed().or(spec.seed.map(i64::cast_unsigned)).unwrap_or(1);
        }
        self.name();
        self.playing &= !self.lanes.is_empty();
    }

    fn name(&mut self) {
        let session = self.lanes.first().map(Lane::session);
        self.title = session.map_or_else(String::new, |session| session.title().to_owned());
        self.description = session.map_or_else(String::new, |session| session.description().to_owned());
        if self.title.is_empty() {
            self.title = fill(self.lang, "compare.untitled", &[]);
        }
    }

    fn seek(&mut self, to: Time) {
        self.at = to.min(self.until);
        for lane in self.lanes.iter_mut().filter(|lane| lane.now() > self.at) {
            lane.seek_start(self.at);
        }
    }

    /// Brings all lanes up to this frame.
    fn go_on(&mut self) {
        let begin = browser::milliseconds();
        let before = self.at;
        if self.playing {
            let passed = self.last.map_or(0.0, |last| (begin - last).clamp(0.0, LONGEST));
            self.last = Some(begin);
            let next = Time(self.at.0.saturating_add((passed * 1_000.0 * self.speed) as u64));
            self.at = next.min(self.until);
        }
        let most = if self.playing { BUDGET } else { WAITING };
        let budget = &mut || browser::milliseconds() - begin < most;
        // The one that is behind first, by seconds at most, so that all come along together.
        let at = self.at;
        while let Some(lane) =
            self.lanes.iter_mut().filter(|lane| !lane.has_reached(at)).min_by_key(|lane| lane.now())
        {
            let next = Time((lane.now().0 / 1_000_000 + 1) * 1_000_000);
            if !lane.advance(next.min(self.at), budget) || !budget() {
                break;
            }
        }
        if self.playing {
            // Lanes that cannot keep up hold up the clock.
            let reached = self.lanes.iter().map(Lane::now).min().unwrap_or(self.at);
            self.at = self.at.min(reached).max(before);
            if self.at >= self.until {
                self.playing = false;
            }
        }
    }
}

fn options(seed: Option<u64>, lang: Lang) -> SessionOptions {
    let world = WorldOptions { seed, runner: Some(opscape_shell::RUNNER), ..WorldOptions::default() };
    SessionOptions { lang, world }
}

impl Source {
    /// Its lanes, each at its beginning.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn open(&self, lang: Lang) -> Result<Vec<Lane>, String> {
        let options = options(self.seed(), lang);
        match self {
            Source::Text { text, .. } => Lane::all(text, &options).map_err(|found| problem(&found, lang)),
            Source::Runs { text, runs, .. } => {
                runs.iter().map(|run| future(text, run, options.clone())).collect()
            }
            Source::More { base, more } => {
                let mut lanes = base.open(lang)?;
                for added in more.iter().take(MOST.saturating_sub(lanes.len())) {
                    lanes.push(added.open(self.seed(), lang)?);
                }
                Ok(lanes)
            }
        }
    }

    fn abouts(&self, lang: Lang) -> Vec<About> {
        match self {
            Source::Text { text, .. } => lanes(text).iter().map(|name| About::of(text, name, lang)).collect(),
            Source::Runs { runs, .. } => runs.iter().map(|run| about_of(run, lang)).collect(),
            Source::More { base, more } => {
                let mut abouts = base.abouts(lang);
                abouts.truncate(MOST);
                abouts.extend(more.iter().map(|added| added.about(lang)));
                abouts
            }
        }
    }

    /// End of the time axis: of the lab, or of the runs as far as they were known.
    fn until(&self, lanes: &[Lane]) -> Time {
        let of_labs = || lanes.iter().map(|lane| end_of(lane.session().spec())).max().unwrap_or_default();
        let end = match self {
            Source::Text { .. } => of_labs(),
            Source::Runs { until, .. } => *until,
            Source::More { base, more } => {
                let own = lanes.len().saturating_sub(more.len());
                let own = base.until(lanes.get(..own).unwrap_or(lanes));
                let known = more
                    .iter()
                    .map(|added| if let Added::Future { until, .. } = added { *until } else { own });
                known.max().unwrap_or(own).max(own)
            }
        };
        Time(end.0.div_ceil(10_000_000).max(2) * 10_000_000)
    }
}

impl Added {
    /// The lane, at its beginning. `seed`: that of the comparison, if one was asked for.
    fn open(&self, seed: Option<u64>, lang: Lang) -> Result<Lane, String> {
        match self {
            Added::Way { lane, text, .. } => {
                let mut options = options(seed, lang);
                options.world.lane = Some(lane.as_str().into());
                Lane::open(self.about(lang), text, options).map_err(|found| problem(&found, lang))
            }
            Added::Future { text, seed, run, .. } => future(text, run, options(*seed, lang)),
        }
    }

    /// What it is called and does.
    pub fn about(&self, lang: Lang) -> About {
        match self {
            Added::Way { lane, text, .. } => About::of(text, lane, lang),
            Added::Future { run, .. } => about_of(run, lang),
        }
    }
}

/// A future as a lane.
fn future(text: &str, run: &Run, options: SessionOptions) -> Result<Lane, String> {
    let lang = options.lang;
    let bad = || fill(lang, "compare.bad-run", &[("name", &run.title(lang))]);
    let mut session = Lab::open(text, options).map_err(|_| bad())?;
    session.expect_acts(&run.acts).map_err(|_| bad())?;
    Ok(Lane::of(about_of(run, lang), session))
}

/// What is wrong with a text, in words.
fn problem(found: &[Diagnostic], lang: Lang) -> String {
    let first = found.iter().find(|found| found.severity == Severity::Error);
    first.map_or_else(String::new, |found| {
        let line = found.span.start.line.to_string();
        fill(lang, "compare.bad-text", &[("line", &line), ("message", &found.message)])
    })
}

fn about_of(run: &Run, lang: Lang) -> About {
    About { title: run.title(lang), description: run.about.clone(), strategy: String::new() }
}
