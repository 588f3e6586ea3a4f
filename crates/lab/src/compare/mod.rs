//! The same change made in different ways, each in a world of its own, on one clock: what it costs and risks.
//!
//! One text holds up to [`MOST`] lanes. An object with the annotation [`LANE`] is only in the lane that it names, and so is a
//! step of the Lab document with a `lane`; everything else is in each. Two texts, or two futures of one world, can be
//! compared as well: a lane is any world that is measured.

mod chart;
mod lanes;
mod measures;
mod second;
mod table;
mod versions;

use opscape_cluster::Record;
use opscape_cluster::record::RolloutWhat;
use opscape_manifest::api::Str;
use opscape_manifest::diagnostic::Diagnostic;
use opscape_sim::Time;

use crate::world::LabRecord;
use crate::{Session, SessionOptions};

pub use chart::{Chart, LANE_HEIGHT, Picture, failing};
pub use lanes::{About, lanes};
pub(crate) use lanes::{lane_of, lanes_of};
pub use measures::Measures;
pub use opscape_manifest::lab::LANE;
pub use second::Second;
pub use table::{Column, Table};
use versions::Versions;

/// How many ways can be compared at once.
pub const MOST: usize = 4;

/// One way, its world and what was measured of it, second by second.
#[derive(Clone)]
pub struct Lane {
    /// What it is called and does.
    pub about: About,
    session: Session,
    seconds: Vec<Second>,
    versions: Versions,
    /// When the first act was done.
    begin: Option<Time>,
    /// When an update was given up that nobody stopped: an analysis failed, or the time was over.
    given_up: Vec<Time>,
    /// How much of the journal was looked at.
    read: usize,
}

impl Lane {
    /// A lane out of a text; `options.world.lane` says which.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn open(about: About, text: &str, options: SessionOptions) -> Result<Lane, Vec<Diagnostic>> {
        Ok(Lane::of(about, Session::open(text, options)?))
    }

    /// A world as a lane, from its beginning: what was done in it happens at its time.
    pub fn of(about: About, mut session: Session) -> Lane {
        session.seek(Time::ZERO);
        Lane {
            about,
            session,
            seconds: Vec::new(),
            versions: Versions::default(),
            begin: None,
            given_up: Vec::new(),
            read: 0,
        }
    }

    /// All lanes of a text.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn all(text: &str, options: &SessionOptions) -> Result<Vec<Lane>, Vec<Diagnostic>> {
        let open = |name: Str| {
            let mut options = options.clone();
            let about = About::of(text, &name, options.lang);
            options.world.lane = Some(name);
            Lane::open(about, text, options)
        };
        lanes(text).into_iter().take(MOST).map(open).collect()
    }

    /// Its world.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.session.now()
    }

    /// Each second that is over.
    pub fn seconds(&self) -> &[Second] {
        &self.seconds
    }

    /// How far it was measured.
    pub fn measured(&self) -> Time {
        Time::secs(self.seconds.len() as u64)
    }

    /// What the old version and the new one are called, as far as they were seen.
    pub fn versions(&self) -> (&[String], &[String]) {
        self.versions.names()
    }

    /// When an update was given up that nobody stopped.
    pub fn given_up(&self) -> &[Time] {
        &self.given_up
    }

    /// When the first act was done.
    pub fn begin(&self) -> Option<Time> {
        self.begin
    }

    /// Whether pods of a revision of a workload are of the new version.
    pub fn is_new(&self, namespace: &str, workload: &str, revision: u32) -> bool {
        let workload = self.session.model().census().workload(namespace, workload);
        workload
            .and_then(|workload| Some(self.versions.is_new(workload, workload.revision(revision)?)))
            .unwrap_or(false)
    }

    /// Changes the language of what it says.
    pub fn set_lang(&mut self, about: About, lang: crate::Lang) {
        self.about = about;
        self.session.set_lang(lang);
    }

    /// The end of the first second that is not measured.
    fn next_second(&self) -> Time {
        Time::secs(self.seconds.len() as u64 + 1)
    }

    /// Whether it has come to an instant, with each second up to there measured.
    pub fn has_reached(&self, to: Time) -> bool {
        self.now() >= to && self.now() < self.next_second()
    }

    /// Goes on as long as `budget` says true, and measures each second that is over. Whether it got there.
    pub fn advance(&mut self, to: Time, budget: &mut dyn FnMut() -> bool) -> bool {
        loop {
            if self.has_reached(to) {
                return true;
            }
            // The budget may have ended amid what happens at the end of a second: then that is where it goes on.
            let next = self.next_second();
            let stop = next.min(to.max(self.now()));
            loop {
                match self.session.advance(stop, budget) {
                    crate::Reached::End => break,
                    crate::Reached::Budget => return false,
                    crate::Reached::Pause(_) => {}
                }
            }
            if stop == next {
                self.measure();
            }
            if !self.has_reached(to) && !budget() {
                return false;
            }
        }
    }

    /// Goes back to the nearest known place before an instant; [`Lane::advance`] does the rest within a budget.
    pub fn seek_start(&mut self, to: Time) {
        self.session.seek_start(to);
    }

    fn measure(&mut self) {
        let model = self.session.model();
        if self.begin.is_none() {
            // The text itself is the first thing that is done.
            self.begin = model.acts().iter().map(|act| act.at).find(|at| *at > Time::ZERO);
        }
        self.versions.see(model.census(), self.begin);
        let journal = self.session.run().journal();
        for (_, entry) in journal.since(self.read) {
            if let LabRecord::Cluster(Record::Rollout(fact)) = &entry.what
                && matches!(&fact.what, RolloutWhat::Aborted { why, .. } if !why.is_empty())
            {
                self.given_up.push(entry.at);
            }
        }
        self.read = journal.len();
        let second = u32::try_from(self.seconds.len()).unwrap_or(u32::MAX);
        self.seconds.push(Second::measure(model, second, &self.versions));
    }

    /// What comes of it so far.
    pub fn measures(&self) -> Measures {
        measures::of(self)
    }
}
