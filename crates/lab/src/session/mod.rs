//! What a front end holds: one world in time, with its branches.

mod acts;
mod asking;
mod branches;
mod check;
mod events;
mod lesson;
mod measure;
mod next;
mod path;

use std::cell::RefCell;
use std::sync::Arc;

use opscape_cluster::{Cluster, Request, Status, Usage};
use opscape_manifest::api::{Object, ObjectKey, Str};
use opscape_manifest::check::{Checked, Role};
use opscape_manifest::codec;
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use opscape_manifest::lab::{Lab, LabSpec};
use opscape_network::route::Table;
use opscape_sim::{EntryId, Model, Run, Time, Timeline};

pub use acts::BadActs;
pub use asking::{Answer, Ended, Sent, Step, Verdict};
pub use branches::BranchInfo;
pub use check::{CheckReport, CheckState, end_of, evaluate};
pub(crate) use events::rows as event_rows;
pub use lesson::{Goal, StepRow};
pub use next::Next;

use crate::charts::Charts;
use crate::compare;
use crate::inspect::{EventFilter, EventRow, Inspection};
use crate::logs::{Log, LogQuery};
use crate::pipelines::GitAct;
use crate::pipelines::git::Git;
use crate::scene::{Level, Scene};
use crate::tracks::Tracks;
use crate::traffic::{Report, Sending, WorkloadId};
use crate::world::{FOREWARNING, LabModel, Outcome, World, WorldOptions};
use crate::{Act, Lang};

/// How a session is opened.
#[derive(Clone, Default)]
pub struct SessionOptions {
    /// The language of everything that is given in words.
    pub lang: Lang,
    /// Seed, the command lines of the lab's steps, delays.
    pub world: WorldOptions,
}

/// Why an act was not done.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// The text has errors, or the API server would refuse one of its objects: nothing of it was applied.
    Text(Vec<Diagnostic>),
    /// The API server's error.
    Api(Status),
}

/// How far an advance came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// All that was asked for.
    End,
    /// The budget ended first; call again to go on.
    Budget,
    /// A step of the Lab document wants to be looked at; advancing again goes on.
    Pause(usize),
}

/// A world in time, for one person.
#[derive(Clone)]
pub struct Session {
    timeline: Timeline<LabModel>,
    options: SessionOptions,
    /// The text it was opened with, and whether that had something to apply.
    opening: Str,
    applied_at_first: bool,
    /// What the API server refused of it then.
    refused_at_first: Arc<Vec<Diagnostic>>,
    branches: Vec<branches::Kept>,
    next: RefCell<next::Cache>,
    /// The pause that was reached last, so that it is not reached again.
    paused_at: Option<usize>,
}

impl Session {
    /// Makes a world from a text and applies the text at time 0. As with `kubectl apply`, an object that the API server
    /// refuses does not keep the others away ([`Session::refused_at_first`]).
    ///
    /// # Errors
    /// What is wrong with the text, or that everything in it was refused; then there is no world.
    pub fn open(text: &str, mut options: SessionOptions) -> Result<Session, Vec<Diagnostic>> {
        let checked = crate::pipelines::check(text);
        if checked.has_errors() {
            return Err(checked.diagnostics);
        }
        if options.world.lane.is_none() {
            options.world.lane = compare::lanes_of(&checked).into_iter().next();
        }
        let spec = spec_of(&checked, options.world.lane.as_ref());
        let run = LabModel::begin(&Arc::new(spec), &options.world);
        let mut session = Session {
            timeline: Timeline::new(run),
            options,
            opening: text.into(),
            applied_at_first: checked
                .documents
                .iter()
                .any(|document| matches!(document.role, Role::Object | Role::Workflow)),
            refused_at_first: Arc::default(),
            branches: Vec::new(),
            next: RefCell::default(),
            paused_at: None,
        };
        if session.applied_at_first {
            session.timeline.input(Arc::new(Act::Apply { text: session.opening.clone() }));
            let outcome = session.model().acts().last().map(|mark| mark.outcome.clone()).unwrap_or_default();
            let refused = refused(&outcome, &checked);
            if !refused.is_empty() {
                if refused.len() == outcome.applied.len() {
                    return Err([checked.diagnostics, refused].concat());
                }
                session.refused_at_first = Arc::new(refused);
            }
        }
        Ok(session)
    }

    /// What the API server refused of the text that the world began with, at the lines of the documents.
    pub fn refused_at_first(&self) -> &[Diagnostic] {
        &self.refused_at_first
    }

    /// What is wrong with a text, and what in it is not simulated. Changes nothing.
    pub fn check_text(text: &str) -> Vec<Diagnostic> {
        crate::pipelines::check(text).diagnostics
    }

    /// The language of everything that is given in words.
    pub fn lang(&self) -> Lang {
        self.options.lang
    }

    /// Changes the language.
    pub fn set_lang(&mut self, lang: Lang) {
        self.options.lang = lang;
        self.next.take();
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.timeline.now()
    }

    /// How far the future is known.
    pub fn known_until(&self) -> Time {
        self.timeline.known_until()
    }

    /// The world at the present instant.
    pub fn model(&self) -> &LabModel {
        self.timeline.present().model()
    }

    /// The run at the present instant, with its journal.
    pub fn run(&self) -> &Run<LabModel> {
        self.timeline.present()
    }

    /// The timeline.
    pub fn timeline(&self) -> &Timeline<LabModel> {
        &self.timeline
    }

    /// The cluster at the present instant.
    pub fn cluster(&self) -> &Cluster {
        self.model().cluster()
    }

    /// The Lab document the world began with.
    pub fn spec(&self) -> &Arc<LabSpec> {
        self.model().spec()
    }

    /// Whether a text's Lab document begins another world than this one: it then takes effect with [`Session::open`].
    pub fn needs_restart(&self, text: &str) -> bool {
        let checked = opscape_manifest::check::check(text);
        spec_of(&checked, self.options.world.lane.as_ref()) != **self.spec()
    }

    /// Goes on to `to` as long as `budget` says true. Stops where a step of the Lab document says `pause`.
    pub fn advance(&mut self, to: Time, budget: &mut dyn FnMut() -> bool) -> Reached {
        loop {
            let now = self.now();
            let (mut pause, mut waits) = (None, false);
            for (index, step) in self.spec().steps.iter().enumerate() {
                if step.pause != Some(true) || self.paused_at == Some(index) {
                    continue;
                }
                match self.model().step_at(index) {
                    Some(at) if at >= now && at <= to && pause.is_none() => pause = Some((index, at)),
                    Some(_) => {}
                    None => waits = true,
                }
            }
            // The pause comes before the step's actions: they are due at its instant. When a step that waits will happen is
            // known a little before it does.
            let next = self.timeline.next_change().unwrap_or(Time::FAR).max(now);
            let most = if waits { next + FOREWARNING } else { Time::FAR };
            let until = pause.map_or(to, |(_, at)| Time(at.0.saturating_sub(1)).max(now));
            match self.timeline.advance(until.min(most), budget) {
                opscape_sim::Reached::Budget => return Reached::Budget,
                opscape_sim::Reached::End if until > most && budget() => {}
                opscape_sim::Reached::End if until > most => return Reached::Budget,
                opscape_sim::Reached::End => {
                    let Some((index, _)) = pause else { return Reached::End };
                    self.paused_at = Some(index);
                    return Reached::Pause(index);
                }
            }
        }
    }

    /// Goes on to the next thing one can see. None: there is none before `until`; then that is the present instant.
    pub fn step(&mut self, until: Time) -> Option<EntryId> {
        self.timeline.step(until)
    }

    /// Goes back to the last instant before this one at which one could see something.
    pub fn step_back(&mut self) {
        let journal = self.run().journal();
        let now = self.now();
        let earlier = journal.count_until(Time(now.0.saturating_sub(1)));
        let found = journal
            .iter()
            .rev()
            .skip(journal.len() - earlier)
            .find(|(_, entry)| LabModel::is_visible(&entry.what))
            .map(|(_, entry)| entry.at);
        self.seek(found.unwrap_or(Time::ZERO));
    }

    /// Goes to an instant, back or forward.
    pub fn seek(&mut self, time: Time) {
        self.timeline.seek(time);
        self.paused_at = None;
    }

    /// Goes back to the nearest known place before `time`; [`Session::advance`] does the rest within a budget.
    pub fn seek_start(&mut self, time: Time) {
        self.timeline.seek_start(time);
        self.paused_at = None;
    }

    /// Does something at the present instant. If the future was known already, it becomes a branch.
    ///
    /// # Errors
    /// What is wrong with the text, or the API server's error. A text that is refused changes nothing.
    pub fn act(&mut self, act: Act) -> Result<Arc<Outcome>, Refused> {
        if let Act::Apply { text } = &act {
            let checked = crate::pipelines::check(text);
            let diagnostics = self.try_out(&act, &checked);
            if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
                return Err(Refused::Text(diagnostics));
            }
        }
        if let Act::Git { act: GitAct::Push { text: Some(text), .. }, .. } = &act {
            let diagnostics = crate::pipelines::check(text).diagnostics;
            if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
                return Err(Refused::Text(diagnostics));
            }
        }
        self.keep_branch();
        self.timeline.input(Arc::new(act));
        let outcome = self.model().acts().last().map(|mark| mark.outcome.clone()).unwrap_or_default();
        match outcome.error() {
            Some(status) => Err(Refused::Api(status.clone())),
            None => Ok(outcome),
        }
    }

    /// Findings of a text, with what the API server would say of its objects in the present world.
    pub fn diagnose(&self, text: &str) -> Vec<Diagnostic> {
        let checked = crate::pipelines::check(text);
        self.try_out(&Act::Apply { text: text.into() }, &checked)
    }

    fn try_out(&self, act: &Act, checked: &Checked) -> Vec<Diagnostic> {
        let mut diagnostics = checked.diagnostics.clone();
        if checked.has_errors() {
            return diagnostics;
        }
        let mut trial = self.run().clone();
        trial.input(&Arc::new(act.clone()));
        let Some(mark) = trial.model().acts().last() else { return diagnostics };
        diagnostics.extend(refused(&mark.outcome, checked));
        diagnostics
    }

    /// The picture of the present instant; at the level that fits the number of pods if none is asked for.
    pub fn scene(&self, level: Option<Level>) -> Scene {
        crate::scene::build(self.model(), self.now(), level)
    }

    /// The timeline between two instants, for a picture this many pixels wide.
    pub fn tracks(&self, from: Time, until: Time, width: u32) -> Tracks {
        let branches =
            self.branches.iter().enumerate().map(|(index, kept)| (index, &kept.timeline, kept.left_at));
        crate::tracks::build(&self.timeline, branches, from, until, width, self.options.lang)
    }

    /// What was measured between two instants, for pictures this many pixels wide: of the thing with this id, else of the
    /// object that is selected, else of the first thing that requests go through.
    pub fn charts(
        &self,
        wanted: (Option<&str>, Option<&ObjectKey>),
        from: Time,
        until: Time,
        width: u32,
    ) -> Charts {
        crate::charts::build(&self.timeline, wanted, from, until, width, self.options.lang)
    }

    /// Everything about one object. None: it neither is there nor ever was.
    pub fn inspect(&self, key: &ObjectKey) -> Option<Inspection> {
        crate::inspect::build(self.run(), key, self.options.lang)
    }

    /// The log of a container.
    ///
    /// # Errors
    /// In the words of the API server and the kubelet.
    pub fn logs(&self, query: LogQuery<'_>) -> Result<Log, Status> {
        let model = self.model();
        crate::logs::read(model.images(), self.cluster(), Some(model.traffic()), self.now(), query)
    }

    /// Events of the cluster, newest first.
    pub fn events(&self, filter: &EventFilter) -> Vec<EventRow> {
        events::rows(self.run(), filter)
    }

    /// What was done, by whom, when: with the text, the seed and this one plays the same run again.
    pub fn inputs(&self) -> &[(Time, Arc<Act>)] {
        self.timeline.inputs()
    }
}

/// A terminal works on a session directly.
impl World for Session {
    fn cluster(&self) -> &Cluster {
        Session::cluster(self)
    }

    fn request(&mut self, request: Request) -> Result<Object, Status> {
        let act = Act::Request { line: "".into(), request: Box::new(request) };
        match self.act(act) {
            Ok(outcome) => outcome.answer.clone().unwrap_or_else(|| Err(no_answer())),
            Err(Refused::Api(status)) => Err(status),
            Err(Refused::Text(_)) => Err(no_answer()),
        }
    }

    fn now(&self) -> Time {
        Session::now(self)
    }

    fn usage(&self) -> &dyn Usage {
        self.model()
    }

    fn repository(&self) -> Option<&Git> {
        Some(self.model().pipelines().git())
    }

    fn checks(&self, pull: u32) -> Vec<(Str, Option<crate::pipelines::Outcome>)> {
        self.model().pipelines().checks(pull)
    }

    fn git(&mut self, act: GitAct) -> Option<Result<String, String>> {
        let outcome = self.act(Act::Git { line: "".into(), act }).ok()?;
        Some(if outcome.refused { Err(outcome.output.clone()) } else { Ok(outcome.output.clone()) })
    }

    fn send(&mut self, sending: &Sending) -> Option<WorkloadId> {
        self.act(Act::Send { line: "".into(), sending: Box::new(sending.clone()) }).ok()?.sending
    }

    fn stop_sending(&mut self, workload: WorkloadId) {
        // It refuses nothing.
        let _ = self.act(Act::StopSending { line: "".into(), workload });
    }

    fn report(&self, workload: WorkloadId) -> Option<&Report> {
        self.model().traffic().report(workload)
    }

    fn routes(&self) -> Option<&Table> {
        self.model().traffic().table()
    }

    fn logs(&self, query: LogQuery<'_>) -> Result<Log, Status> {
        Session::logs(self, query)
    }

    fn file(&self, path: &str) -> Option<String> {
        crate::world::file_of(self.model().text(), path)
    }

    fn files(&self) -> Vec<String> {
        crate::world::files_of(self.model().text())
    }
}

/// Cannot happen: a request is always answered.
fn no_answer() -> Status {
    Status { code: 500, reason: "InternalError", message: String::new(), details: None }
}

/// The spec of the text's Lab document, without the steps of other lanes.
fn spec_of(checked: &Checked, lane: Option<&Str>) -> LabSpec {
    let mut spec = lab_of(checked).unwrap_or_default();
    if let Some(lane) = lane {
        spec.steps.retain(|step| step.lane.as_ref().is_none_or(|own| own == lane));
    }
    spec
}

/// The spec of the text's Lab document.
pub fn lab_of(checked: &Checked) -> Option<LabSpec> {
    let document = checked.documents.iter().find(|document| document.role == Role::Lab)?;
    codec::from_value::<Lab>(&document.value).ok().map(|lab| lab.spec)
}

/// What the API server refused of a text that was applied.
fn refused(outcome: &Outcome, checked: &Checked) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for result in &outcome.applied {
        if let (crate::world::Applied::Refused(status), Some(index)) = (&result.done, result.document)
            && let Some(document) = checked.documents.get(index)
        {
            let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
            let field = causes.first().map_or("", |cause| cause.field.as_str());
            let span = document.locate(field).best();
            let mut diagnostic = Diagnostic::error(status.message.clone(), span).with_path(field);
            diagnostic.file.clone_from(&document.file);
            diagnostic.document = index;
            found.push(diagnostic);
        }
    }
    found
}
