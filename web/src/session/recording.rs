//! What this tab would need to come back to where it is, should the program stop: the text the world was opened with, what
//! was done since, and the present instant. It is kept in the tab's own storage, and read only after a stop.

use std::sync::Arc;

use opscape_lab::{Act, Session as Lab, SessionOptions};
use opscape_sim::Time;

use super::State;
use crate::browser;

/// Longer records are not kept: the browser has some 5 MB for all of them.
const LONGEST: usize = 1_500_000;
/// Milliseconds between two notes of the present instant.
const PAUSE: f64 = 500.0;

/// What was kept.
pub struct Recording {
    /// The text the world was opened with.
    pub opened: String,
    pub seed: Option<u64>,
    /// Which of the text's lanes it was; none: the first one.
    pub lane: Option<String>,
    pub acts: String,
    pub at: Time,
}

impl Recording {
    /// Of this tab, from before the page was loaded.
    pub fn stored() -> Option<Recording> {
        Some(Recording {
            opened: browser::kept("opened")?,
            seed: browser::kept("seed").and_then(|seed| seed.parse().ok()),
            lane: browser::kept("lane"),
            acts: browser::kept("acts").unwrap_or_default(),
            at: Time(browser::kept("at")?.parse().ok()?),
        })
    }
}

/// What was written last.
#[derive(Default)]
pub struct Recorder {
    /// Number of acts, and the last of them.
    acts: Option<(usize, Option<Arc<Act>>)>,
    noted: f64,
}

impl State {
    /// Another world: what was done in the one before does not count.
    pub(super) fn record_opened(&mut self) {
        self.recorder = Recorder::default();
        if self.keep.is_none() {
            return;
        }
        let text = self.text.all();
        if text.len() > LONGEST {
            browser::forget("opened");
            return;
        }
        browser::keep("opened", text);
        match self.seed {
            Some(seed) => browser::keep("seed", &seed.to_string()),
            None => browser::forget("seed"),
        }
        match &self.lane {
            Some(lane) => browser::keep("lane", lane),
            None => browser::forget("lane"),
        }
    }

    /// Writes what is new.
    pub(super) fn record(&mut self) {
        let (Some(world), Some(_)) = (&self.world, self.keep) else { return };
        let inputs = world.inputs();
        let newest = inputs.last().map(|(_, act)| act.clone());
        let same = self.recorder.acts.as_ref().is_some_and(|(count, last)| {
            *count == inputs.len()
                && match (last, &newest) {
                    (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                    (a, b) => a.is_none() && b.is_none(),
                }
        });
        let now = browser::milliseconds();
        if !same {
            let lines = world.acts_text();
            browser::keep("acts", if lines.len() > LONGEST { "" } else { &lines });
            self.recorder.acts = Some((inputs.len(), newest));
        }
        if !same || now - self.recorder.noted > PAUSE || !self.clock.playing {
            browser::keep("at", &world.now().0.to_string());
            self.recorder.noted = now;
        }
    }

    /// Comes back to what was recorded, standing. The text stays as it was typed.
    pub(super) fn resume(&mut self, recording: &Recording) {
        self.seed = recording.seed;
        self.lane = recording.lane.as_deref().map(Into::into);
        let options = SessionOptions { lang: self.lang, world: self.world_options() };
        let Ok(mut world) = Lab::open(&recording.opened, options) else {
            self.open();
            return;
        };
        // Acts that cannot be read are not done: then it is at least the same instant.
        let _ = world.expect_acts(&recording.acts);
        world.seek(recording.at);
        let applied = world.model().text().to_string();
        self.set_world(world);
        self.text.set_applied(applied);
    }
}
