//! The one object that holds a lab on the screen: the world, the text, the clock, what is selected. Components get a
//! [`View`] to draw and this handle to act; they hold no state that another one needs.

mod acts;
mod asking;
mod charts;
mod clock;
mod editing;
mod logs;
mod pipelines;
mod recording;
mod terminal;
mod view;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use opscape_lab::words::{Lang, fill, seconds};
use opscape_lab::{Session as Lab, SessionOptions, WorldOptions};
use opscape_manifest::api::{ObjectKey, Str};
use opscape_sim::Time;
use yew::prelude::*;

use crate::compare::{Added, Source};
use crate::share::{Done, Shared};
pub use asking::{Ask, millis, outcome_word};
use editing::TextState;
pub use editing::TextView;
pub use logs::Writing;
pub use recording::Recording;
pub use terminal::{LineKind, Screen};
use view::Renewed;
pub use view::{Detail, Notice, View, Window};

/// A handle on the session; clones are the same session.
#[derive(Clone)]
pub struct Session(Rc<Inner>);

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

struct Inner {
    state: RefCell<State>,
    listeners: RefCell<Vec<Callback<()>>>,
    frame: RefCell<Option<clock::Frame>>,
    /// Whether a frame was asked for.
    awake: Cell<bool>,
    /// Its handle.
    asked: Cell<i32>,
    /// Set when the element was taken from the page.
    over: Cell<bool>,
}

/// How a session begins.
pub struct Start {
    /// The text.
    pub text: String,
    /// The seed that a shared link asks for; none: the text's.
    pub seed: Option<u64>,
    /// Which of the text's lanes; none: the first one.
    pub lane: Option<String>,
    /// The language.
    pub lang: Lang,
    /// Whether it plays at once.
    pub play: bool,
    /// Under which name the text is kept as it is typed; none: it is not.
    pub keep: Option<&'static str>,
    /// Where the site's files are, relative to the page; ends in a slash or is empty.
    pub base: String,
    /// Whether goals, events and what comes next are shown; a widget has no place for them.
    pub reads: bool,
    /// How the world begins.
    pub world: Begin,
}

/// How the world begins.
#[derive(Default)]
pub enum Begin {
    /// As the text says.
    #[default]
    Fresh,
    /// Where it was before the program stopped.
    Again(Box<Recording>),
    /// Where it was when somebody shared it.
    Shared(Box<Recording>),
    /// Not at all: the text is there, and may be applied.
    NotYet,
}

pub(crate) struct State {
    world: Option<Lab>,
    text: TextState,
    terminal: terminal::Terminal,
    seed: Option<u64>,
    /// Which of the lanes of its text it is; none: the first one.
    lane: Option<Str>,
    lang: Lang,
    clock: clock::Clock,
    detail: Detail,
    selected: Option<ObjectKey>,
    /// The pipeline that is looked at, and the job of it that is selected.
    pipeline: Option<(Str, Option<usize>)>,
    notice: Option<Notice>,
    /// A request that is asked for.
    ask: Option<asking::Ask>,
    /// What the live region says.
    said: String,
    track_width: f32,
    /// The part of the timeline that is shown; none: as much as fits what is known.
    window: Option<Window>,
    keep: Option<&'static str>,
    recorder: recording::Recorder,
    base: String,
    reads: bool,
    view: Rc<View>,
    parts: view::Parts,
}

impl Session {
    /// Opens a text. If it cannot run, the page shows why; the text is kept in any case.
    pub fn new(start: Start) -> Session {
        let mut state = State {
            world: None,
            text: TextState::new(start.text),
            terminal: terminal::Terminal::new(start.lang),
            seed: start.seed,
            lane: start.lane.as_deref().map(Str::from),
            lang: start.lang,
            clock: clock::Clock { playing: start.play, ..clock::Clock::default() },
            detail: Detail::default(),
            selected: None,
            pipeline: None,
            notice: None,
            ask: None,
            said: String::new(),
            track_width: 1200.0,
            window: None,
            keep: start.keep,
            recorder: recording::Recorder::default(),
            base: start.base,
            reads: start.reads,
            view: Rc::default(),
            parts: view::Parts::default(),
        };
        let again = matches!(start.world, Begin::Again(_));
        match start.world {
            Begin::Fresh => state.open(),
            Begin::Again(recording) | Begin::Shared(recording) => state.resume(&recording),
            Begin::NotYet => state.text.check(),
        }
        state.clock.playing &= state.world.is_some();
        state.refresh(Renewed::All);
        let session = Session(Rc::new(Inner {
            state: RefCell::new(state),
            listeners: RefCell::default(),
            frame: RefCell::default(),
            awake: Cell::new(false),
            asked: Cell::new(0),
            over: Cell::new(false),
        }));
        session.prepare_frames();
        session.wake();
        if again {
            let at = seconds(start.lang, session.now());
            session.tell(fill(start.lang, "ui.resumed", &[("t", &at)]), false);
        }
        session
    }

    /// What to draw now.
    pub fn view(&self) -> Rc<View> {
        self.0.state.borrow().view.clone()
    }

    /// Calls back whenever there is something new to draw.
    pub fn listen(&self, callback: Callback<()>) {
        self.0.listeners.borrow_mut().push(callback);
    }

    /// Ends it: no more frames, no more calls.
    pub fn end(&self) {
        self.0.over.set(true);
        self.0.listeners.borrow_mut().clear();
        if self.0.awake.replace(false) {
            crate::browser::cancel_frame(self.0.asked.get());
        }
    }

    fn notify(&self) {
        let listeners = self.0.listeners.borrow().clone();
        for listener in listeners {
            listener.emit(());
        }
    }

    /// Changes the state, then draws what changed.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> Option<R> {
        if self.0.over.get() {
            return None;
        }
        // An event that fires while the state is being changed is lost rather than trapped on.
        let result = {
            let mut state = self.0.state.try_borrow_mut().ok()?;
            let result = change(&mut state);
            state.refresh(Renewed::All);
            result
        };
        self.notify();
        self.wake();
        Some(result)
    }

    /// Selects an object, or nothing.
    pub fn select(&self, key: Option<ObjectKey>) {
        self.change(|state| state.selected = key);
    }

    /// Sets what the stage shows a mark for: pods, nodes or zones.
    pub fn set_detail(&self, detail: Detail) {
        self.change(|state| state.detail = detail);
    }

    /// Changes the language of everything.
    pub fn set_lang(&self, lang: Lang) {
        self.change(|state| {
            state.lang = lang;
            state.terminal.set_lang(lang);
            if let Some(world) = &mut state.world {
                world.set_lang(lang);
            }
        });
    }

    /// Says how wide the tracks are drawn.
    pub fn set_track_width(&self, width: f32) {
        if (self.0.state.borrow().track_width - width).abs() > 1.0 {
            self.change(|state| state.track_width = width);
        }
    }

    /// Shows a part of the timeline; none: as much as fits what is known.
    pub fn set_window(&self, window: Option<Window>) {
        self.change(|state| state.window = window);
    }

    /// Shows a notice for a while and lets the live region say it.
    pub fn tell(&self, text: String, bad: bool) {
        self.change(|state| state.tell(text, bad));
        let session = self.clone();
        let shown = self.0.state.borrow().notice.clone();
        crate::browser::after(if bad { 8_000 } else { 4_000 }, move || {
            if session.0.state.borrow().notice == shown {
                session.change(|state| state.notice = None);
            }
        });
    }

    /// Where the site's files are.
    pub fn base(&self) -> String {
        self.0.state.borrow().base.clone()
    }

    /// The language.
    pub fn lang(&self) -> Lang {
        self.0.state.borrow().lang
    }

    /// What a link has to carry.
    pub fn shared(&self) -> Shared {
        let state = self.0.state.borrow();
        let done = state.world.as_ref().and_then(|world| {
            let acts = world.acts_text();
            (!acts.is_empty()).then(|| Done {
                opened: world.opening_text().to_owned(),
                acts,
                at: world.now(),
            })
        });
        let lane = state.lane.as_ref().map(ToString::to_string);
        Shared { text: state.text.all().to_owned(), seed: state.seed, lane, done }
    }

    /// The lanes of the text as it stands, to be compared.
    pub fn lanes_source(&self) -> Source {
        let state = self.0.state.borrow();
        Source::Text { text: state.text.all().to_owned(), seed: state.seed, name: None }
    }

    /// The present run and those that were left, to be compared. None: there are none.
    pub fn branches_source(&self) -> Option<Source> {
        let state = self.0.state.borrow();
        Source::of_branches(state.world.as_ref()?, state.seed)
    }

    /// The present run and those that were left, each to be added to a comparison.
    pub fn futures(&self) -> Vec<Added> {
        let state = self.0.state.borrow();
        state.world.as_ref().map(|world| Source::futures(world, state.seed)).unwrap_or_default()
    }

    /// What the lab is called; empty: nobody said.
    pub fn title(&self) -> String {
        let state = self.0.state.borrow();
        state.world.as_ref().map(|world| world.title().to_owned()).unwrap_or_default()
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.0.state.borrow().now()
    }
}

impl State {
    fn now(&self) -> Time {
        self.world.as_ref().map_or(Time::ZERO, Lab::now)
    }

    fn tell(&mut self, text: String, bad: bool) {
        self.said.clone_from(&text);
        self.notice = Some(Notice { text, bad });
    }

    /// Starts the text's world from the beginning. With errors the world that was there stays.
    fn open(&mut self) {
        let options = SessionOptions { lang: self.lang, world: self.world_options() };
        match Lab::open(self.text.all(), options) {
            Ok(world) => {
                let refused = world.refused_at_first().to_vec();
                self.set_world(world);
                self.text.was_applied();
                self.text.add_problems(refused);
                self.record_opened();
            }
            Err(problems) => self.text.set_problems(problems),
        }
    }

    fn world_options(&self) -> WorldOptions {
        WorldOptions {
            seed: self.seed,
            runner: Some(opscape_shell::RUNNER),
            lane: self.lane.clone(),
            ..WorldOptions::default()
        }
    }

    fn set_world(&mut self, world: Lab) {
        // kubectl without -n means the namespace that the text is about.
        let namespaces = world.scene(None).namespaces;
        if let [only] = namespaces.as_slice() {
            self.terminal.set_namespace(only);
        }
        self.world = Some(world);
        self.selected = None;
        self.pipeline = None;
        self.look_at_pipelines(false);
        self.ask = None;
    }
}
