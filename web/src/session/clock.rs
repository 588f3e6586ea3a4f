//! Playing: each frame the world advances by the time that passed on the screen times the speed, within a budget.

use opscape_lab::Reached;
use opscape_lab::words::text;
use opscape_sim::Time;
use wasm_bindgen::prelude::*;

use super::view::Renewed;
use super::{Session, State};
use crate::browser;
use crate::memory::Room;

/// What the world may take of a frame, in milliseconds.
const BUDGET: f64 = 8.0;
/// What it may take at once while nothing is drawn: three frames, short enough that input does not seem to wait.
const WHOLE: f64 = 45.0;
/// While the world lags behind it has so many times as long to itself as it took to make a picture of it. The page takes about
/// as long again to draw that.
const SHARE: f64 = 40.0;
/// A frame that comes later than this (a hidden tab, a slow page) counts as this long.
const LONGEST: f64 = 100.0;
/// Before a page moves it counts as long as one that is in time: the part of the program that it begins with has what these
/// first instants need, on a slow machine as well.
const USUAL: f64 = 17.0;
/// From this speed on nothing moves by itself, only final states are drawn.
pub const FAST: f64 = 20.0;
/// After so many frames with something to see, a page moves.
const MOVES: u8 = 3;
/// Slowest and fastest speed.
pub const SPEEDS: (f64, f64) = (0.1, 1000.0);

/// The pace of playing.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub playing: bool,
    /// Virtual seconds per second.
    pub speed: f64,
    /// When the last frame was, in the browser's milliseconds.
    pub last: Option<f64>,
    /// Where a drag wants to be; the newest wins.
    pub seek: Option<Time>,
    /// Not seen by anybody: do not play.
    pub hidden: bool,
    /// When one of the parts that are read was made last, and which.
    pub slow_parts: f64,
    pub turn: usize,
    /// In how many frames there was something to see, up to `MOVES`.
    pub seen: u8,
    /// Stands until the program's next part is there.
    pub waits: bool,
    /// Until when a world that cannot keep up is not drawn, in the browser's milliseconds.
    pub undrawn: f64,
    /// Memory asked for ahead.
    pub room: Room,
    /// Frames and their total milliseconds of work, for the benchmarks.
    pub frames: u32,
    pub busy: f64,
    pub worst: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock {
            playing: false,
            speed: 1.0,
            last: None,
            seek: None,
            hidden: false,
            slow_parts: 0.0,
            turn: 0,
            seen: 0,
            waits: false,
            undrawn: 0.0,
            room: Room::default(),
            frames: 0,
            busy: 0.0,
            worst: 0.0,
        }
    }
}

impl Clock {
    /// Counts a frame that took so many milliseconds.
    fn worked(&mut self, took: f64) {
        self.frames += 1;
        self.busy += took;
        self.worst = self.worst.max(took);
    }

    /// Whether it stands until a part of the program is there.
    fn waits(&mut self) -> bool {
        if self.waits && !browser::waits_for("soon") {
            self.waits = false;
            self.last = None;
        }
        self.waits
    }
}

/// The callback that the browser calls for each frame.
pub struct Frame(Closure<dyn FnMut(f64)>);

impl Session {
    pub(super) fn prepare_frames(&self) {
        let weak = std::rc::Rc::downgrade(&self.0);
        let closure = Closure::<dyn FnMut(f64)>::new(move |_| {
            if let Some(inner) = weak.upgrade() {
                Session(inner).frame();
            }
        });
        self.0.frame.replace(Some(Frame(closure)));
    }

    /// Asks for a frame, if none is coming.
    pub(super) fn wake(&self) {
        let needed = self.0.state.try_borrow().is_ok_and(|state| state.moves());
        if needed
            && !self.0.over.get()
            && !self.0.awake.replace(true)
            && let Some(frame) = &*self.0.frame.borrow()
        {
            self.0.asked.set(browser::at_next_frame(&frame.0));
        }
    }

    /// Goes on without waiting for the screen: there is nothing to draw yet.
    fn go_on_soon(&self) {
        if !self.0.state.try_borrow().is_ok_and(|state| state.moves()) {
            return;
        }
        let weak = std::rc::Rc::downgrade(&self.0);
        self.0.awake.set(true);
        let comes = browser::go_on_soon(move || {
            if let Some(inner) = weak.upgrade() {
                Session(inner).frame();
            }
        });
        if !comes {
            self.0.awake.set(false);
            self.wake();
        }
    }

    fn frame(&self) {
        self.0.awake.set(false);
        if self.0.over.get() {
            return;
        }
        if self.0.state.try_borrow_mut().is_ok_and(|mut state| state.clock.waits()) {
            self.wake();
            return;
        }
        let begin = browser::milliseconds();
        if let Ok(mut state) = self.0.state.try_borrow_mut() {
            let draws = begin >= state.clock.undrawn;
            let lags = state.go_on(begin, if draws { BUDGET } else { WHOLE });
            // A world too large to be drawn sixty times a second while it runs is drawn less often: it gets there sooner.
            if !draws && lags {
                state.clock.worked(browser::milliseconds() - begin);
                drop(state);
                self.go_on_soon();
                return;
            }
            let drawing = browser::milliseconds();
            // Words and tables are read, not watched: while it plays, each five times a second, one in a frame. Nobody reads
            // before it moves, and what the first frames run should not hang on how long they take.
            let parts = if !state.clock.playing {
                Renewed::All
            } else if state.clock.seen >= MOVES
                && begin - state.clock.slow_parts > 200.0 / Renewed::PARTS as f64
            {
                state.clock.slow_parts = begin;
                state.clock.turn = (state.clock.turn + 1) % Renewed::PARTS;
                Renewed::Part(state.clock.turn)
            } else {
                Renewed::Picture
            };
            state.refresh(parts);
            let drawn = browser::milliseconds();
            state.clock.undrawn = if lags { drawn + SHARE * (drawn - drawing) } else { 0.0 };
        }
        self.notify();
        let took = browser::milliseconds() - begin;
        if let Ok(mut state) = self.0.state.try_borrow_mut() {
            let something = state.view.scene.counts.total() > 0;
            let clock = &mut state.clock;
            clock.worked(took);
            if clock.seen < MOVES && something {
                clock.seen += 1;
                if clock.seen == MOVES {
                    // It moves: now what the next seconds need may come. The clock stands until it is there; else the
                    // whole page would stand when it is called.
                    browser::prefetch("soon");
                    clock.waits = true;
                }
            }
        }
        self.wake();
    }

    /// Plays or pauses.
    pub fn play(&self, on: bool) {
        self.change(|state| {
            state.clock.playing = on;
            state.clock.last = None;
        });
    }

    /// Plays if it stands, pauses if it plays.
    pub fn toggle(&self) {
        let playing = self.0.state.borrow().clock.playing;
        self.play(!playing);
    }

    /// Sets the speed in virtual seconds per second.
    pub fn set_speed(&self, speed: f64) {
        self.change(|state| state.clock.speed = speed.clamp(SPEEDS.0, SPEEDS.1));
    }

    /// Nobody sees it, or somebody does again.
    pub fn set_hidden(&self, hidden: bool) {
        self.change(|state| {
            state.clock.hidden = hidden;
            state.clock.last = None;
        });
    }

    /// Goes to an instant at the next frame.
    pub fn drag_to(&self, time: Time) {
        if let Ok(mut state) = self.0.state.try_borrow_mut() {
            state.clock.seek = Some(time);
            state.clock.last = None;
        }
        self.wake();
    }

    /// Goes to an instant at once.
    pub fn seek(&self, time: Time) {
        self.change(|state| {
            if let Some(world) = &mut state.world {
                world.seek(time);
            }
            state.clock.last = None;
        });
    }

    /// Pauses at the next thing to be seen.
    pub fn step(&self) {
        self.change(|state| {
            state.clock.playing = false;
            if let Some(world) = &mut state.world
                && let Some(next) = world.next_visible()
            {
                world.step(next.at);
            }
        });
    }

    /// Drops the known future: from here on it may be another one.
    pub fn branch_here(&self) {
        self.change(|state| {
            state.clock.playing = false;
            if let Some(world) = &mut state.world {
                world.fork();
            }
        });
    }

    /// Goes over to a future that was left; the present one is kept in its place.
    pub fn switch_branch(&self, index: usize) {
        self.change(|state| {
            let (lang, said) = (state.lang, "ui.branch-switched");
            if state.world.as_mut().is_some_and(|world| world.switch(index)) {
                state.clock.last = None;
                text(lang, said).clone_into(&mut state.said);
            }
        });
    }

    /// Drops a future that was left.
    pub fn drop_branch(&self, index: usize) {
        self.change(|state| {
            let (lang, said) = (state.lang, "ui.branch-dropped");
            if state.world.as_mut().is_some_and(|world| world.drop_branch(index)) {
                text(lang, said).clone_into(&mut state.said);
            }
        });
    }

    /// Pauses at the thing seen before.
    pub fn step_back(&self) {
        self.change(|state| {
            state.clock.playing = false;
            if let Some(world) = &mut state.world {
                world.step_back();
            }
        });
    }

    /// Frames so far, their mean and their longest work in milliseconds; begins anew.
    pub fn take_frame_times(&self) -> (u32, f64, f64) {
        let Ok(mut state) = self.0.state.try_borrow_mut() else { return (0, 0.0, 0.0) };
        let clock = &mut state.clock;
        let found = (clock.frames, clock.busy / f64::from(clock.frames.max(1)), clock.worst);
        (clock.frames, clock.busy, clock.worst) = (0, 0.0, 0.0);
        found
    }
}

impl State {
    fn moves(&self) -> bool {
        let clock = &self.clock;
        clock.seek.is_some() || (clock.playing && !clock.hidden && self.world.is_some())
    }

    /// Brings the world up to this frame, in at most so many milliseconds. Whether that was not enough.
    fn go_on(&mut self, now: f64, most: f64) -> bool {
        let Some(world) = &mut self.world else { return false };
        if let Some(time) = self.clock.seek.take() {
            world.seek(time);
            self.clock.last = None;
            return false;
        }
        if !self.clock.playing || self.clock.hidden {
            return false;
        }
        let longest = if self.clock.seen < MOVES { USUAL } else { LONGEST };
        let passed = self.clock.last.map_or(0.0, |last| (now - last).clamp(0.0, longest));
        self.clock.last = Some(now);
        let until = Time(world.now().0.saturating_add((passed * 1_000.0 * self.clock.speed) as u64));
        let budget = &mut || browser::milliseconds() - now < most;
        self.clock.room.ahead();
        loop {
            // A command sees every change; without one the world goes on as far as it can.
            let stop = if self.terminal.is_running() {
                let soon = [world.timeline().next_change(), self.terminal.until()];
                soon.into_iter().flatten().filter(|at| *at > world.now()).fold(until, Time::min)
            } else {
                until
            };
            let reached = world.advance(stop, budget);
            if self.terminal.is_running() {
                self.terminal.poll(world);
            }
            if let Reached::Pause(_) = reached {
                self.clock.playing = false;
                return false;
            }
            if reached == Reached::Budget || world.now() >= until || !budget() {
                return world.now() < until;
            }
        }
    }
}
