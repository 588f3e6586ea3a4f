//! The same change made in different ways, each in a world of its own, on one clock: what it costs and risks.
//!
//! One text holds up to [`MOST`] lanes. An object with the annotation [`LANE`] is only in the lane that it names, and so is a
//! step of the Lab document with a `lane`; everything else is in each. Two texts can be compared as well: a lane is any
//! world that is measured.

mod measures;

use opscape_manifest::api::Str;
use opscape_manifest::check::{Checked, Document, check};
use opscape_manifest::diagnostic::Diagnostic;
use opscape_network::telemetry::{Point, Subject};
use opscape_sim::Time;

use crate::census::image_label;
use crate::session::lab_of;
use crate::{Session, SessionOptions};

pub use measures::Measures;

/// The annotation of an object that is only in one lane.
pub const LANE: &str = "opscape.dev/lane";

/// How many ways can be compared at once.
pub const MOST: usize = 4;

/// One way, its world and what was measured of it, second by second.
pub struct Lane {
    /// What it is called.
    pub name: String,
    session: Session,
    seconds: Vec<Second>,
    /// Short images that ran before anything was done; the others are new.
    old: Vec<String>,
    /// When the first act was done.
    begin: Option<Time>,
}

/// What was measured in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Second {
    /// Pods of the old version that are ready at its end.
    pub old_ready: u32,
    /// Pods of the new version that are ready at its end.
    pub new_ready: u32,
    /// Pods of both that are there at its end and not ready.
    pub not_ready: u32,
    /// Requests of the clients that ended in it.
    pub requests: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Requests that the old version answered.
    pub met_old: u64,
    /// Requests that the new version answered.
    pub met_new: u64,
}

impl Second {
    /// All pods that are there.
    pub fn pods(&self) -> u32 {
        self.old_ready + self.new_ready + self.not_ready
    }
}

fn lane_of(document: &Document) -> Option<&str> {
    document.value.str_at(&["metadata", "annotations", LANE])
}

/// The lanes that a text names, in order; none: the text is one way.
pub fn lanes(text: &str) -> Vec<String> {
    let checked = check(text);
    let mut names: Vec<String> = Vec::new();
    let steps = lab_of(&checked).map(|spec| spec.steps).unwrap_or_default();
    let objects = checked.documents.iter().filter_map(lane_of);
    for name in objects.chain(steps.iter().filter_map(|step| step.lane.as_deref())) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The text of one lane: without the objects of the others.
pub fn text_of(text: &str, lane: &str) -> String {
    let checked: Checked = check(text);
    let mut out = text.to_owned();
    for document in checked.documents.iter().rev() {
        if lane_of(document).is_none_or(|own| own == lane) {
            continue;
        }
        let span = document.root.span;
        let range = span.start.offset as usize..span.end.offset as usize;
        if out.get(range.clone()).is_some() {
            out.replace_range(range, "\n");
        }
    }
    out
}

impl Lane {
    /// A lane out of a text; without a name in `options.world.lane` it is the whole text.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn open(name: &str, text: &str, options: SessionOptions) -> Result<Lane, Vec<Diagnostic>> {
        let own = options.world.lane.clone();
        let text = own.map_or_else(|| text.to_owned(), |lane| text_of(text, &lane));
        let session = Session::open(&text, options)?;
        Ok(Lane { name: name.to_owned(), session, seconds: Vec::new(), old: Vec::new(), begin: None })
    }

    /// All lanes of a text.
    ///
    /// # Errors
    /// What is wrong with the text of the first lane that has errors.
    pub fn all(text: &str, options: &SessionOptions) -> Result<Vec<Lane>, Vec<Diagnostic>> {
        let open = |name: String| {
            let mut options = options.clone();
            options.world.lane = Some(Str::from(name.as_str()));
            Lane::open(&name, text, options)
        };
        lanes(text).into_iter().take(MOST).map(open).collect()
    }

    /// Its world.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Each second that is over.
    pub fn seconds(&self) -> &[Second] {
        &self.seconds
    }

    /// Lets time pass, up to whole seconds, and measures.
    pub fn advance(&mut self, to: Time) {
        loop {
            let next = self.seconds.len() as u64 + 1;
            if Time::secs(next) > to {
                return;
            }
            self.go_to(Time::secs(next));
            self.measure(next);
        }
    }

    fn go_to(&mut self, to: Time) {
        while self.session.advance(to, &mut || true) != crate::Reached::End {}
    }

    fn is_old(&self, image: &str) -> bool {
        self.old.iter().any(|old| old == image)
    }

    fn measure(&mut self, end: u64) {
        let model = self.session.model();
        if self.begin.is_none() {
            // The text itself is the first thing that is done.
            self.begin = model.acts().iter().map(|act| act.at).find(|at| *at > Time::ZERO);
        }
        let begun = self.begin;
        let mut now = Second::default();
        let mut first: Vec<String> = Vec::new();
        for workload in model.census().workloads() {
            for revision in &workload.revisions {
                let image = image_label(&revision.image);
                let there = revision.steps.iter().next().map(|step| step.at);
                if there.is_some_and(|at| begun.is_none_or(|begun| at < begun)) {
                    first.push(image);
                }
            }
        }
        if self.old.is_empty() || begun.is_none() {
            self.old = first;
        }
        let second = u32::try_from(end - 1).unwrap_or(u32::MAX);
        let telemetry = model.traffic().telemetry();
        let point = |subject: &Subject| {
            telemetry
                .series(subject)
                .map_or_else(Point::default, |series| series.between(second, second.saturating_add(1)))
        };
        for subject in telemetry.subjects() {
            if let Subject::Workload(_) = subject {
                let point = point(subject);
                now.requests += point.count;
                now.failed += point.errors();
            }
        }
        for workload in model.census().workloads() {
            for revision in &workload.revisions {
                let image = image_label(&revision.image);
                let step = revision.steps.last().copied().unwrap_or_default();
                let subject =
                    Subject::Version(workload.namespace.clone(), workload.name.clone(), revision.number);
                let met = point(&subject).count;
                now.not_ready += step.not_ready;
                if self.is_old(&image) {
                    now.old_ready += step.ready;
                    now.met_old += met;
                } else {
                    now.new_ready += step.ready;
                    now.met_new += met;
                }
            }
        }
        self.seconds.push(now);
    }

    /// What comes of it so far.
    pub fn measures(&self) -> Measures {
        measures::of(self)
    }
}
