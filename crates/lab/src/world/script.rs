//! The steps of the Lab document, acted out by the world itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::{Cluster, Request, Status, Usage};
use opscape_manifest::api::{Object, Str};
use opscape_manifest::lab::LabSpec;
use opscape_manifest::text;
use opscape_network::route::Table;
use opscape_sim::{Context, Time};

use super::{LabEvent, LabModel, LabRecord};
use crate::Act;
use crate::images::LabImages;
use crate::logs::{self, Log, LogQuery};
use crate::pipelines::git::Git;
use crate::pipelines::{GitAct, Outcome};
use crate::traffic::{Report, Sending, WorkloadId};

/// The world as a command sees it. Reading is direct; every change is a [`Request`], plain data, so that a timeline can
/// keep it as an input and play it again.
pub trait World {
    /// The cluster at this instant, to read.
    fn cluster(&self) -> &Cluster;

    /// Sends a request to the API server, now, in the name of the person at the terminal.
    ///
    /// # Errors
    /// As the API server.
    fn request(&mut self, request: Request) -> Result<Object, Status>;

    /// The present instant.
    fn now(&self) -> Time;

    /// Begins to send requests, now, in the name of the person at the terminal. `None`: nothing can be sent here.
    fn send(&mut self, _sending: &Sending) -> Option<WorkloadId> {
        None
    }

    /// Sends no more of them.
    fn stop_sending(&mut self, _workload: WorkloadId) {}

    /// What became of them so far. `None`: they were never sent, at this instant.
    fn report(&self, _workload: WorkloadId) -> Option<&Report> {
        None
    }

    /// What the proxies know of routes and endpoints; `None`: nobody has sent anything yet.
    fn routes(&self) -> Option<&Table> {
        None
    }

    /// The log of a container.
    ///
    /// # Errors
    /// As the API server.
    fn logs(&self, query: LogQuery<'_>) -> Result<Log, Status> {
        logs::read(&LabImages::default(), self.cluster(), None, self.now(), query)
    }

    /// What containers use at this instant, for `kubectl top`.
    fn usage(&self) -> &dyn Usage {
        &*self.cluster().options().usage
    }

    /// The repository; `None`: there is none here.
    fn repository(&self) -> Option<&Git> {
        None
    }

    /// The checks of a pull request: jobs, and how each ended; none: it has not.
    fn checks(&self, _pull: u32) -> Vec<(Str, Option<Outcome>)> {
        Vec::new()
    }

    /// Does something to the repository, in the name of the person at the terminal; gives what git says, or why it does not.
    /// `None`: there is none here.
    fn git(&mut self, _act: GitAct) -> Option<Result<String, String>> {
        None
    }

    /// The text of a file of the lab (`kubectl apply -f web.yaml`); `None` if there is none of this path.
    fn file(&self, path: &str) -> Option<String>;

    /// The paths of the files of the lab.
    fn files(&self) -> Vec<String>;

    /// The official texts about fields, for `kubectl explain`: the content of `static/fields/GROUP.json`, if it is at
    /// hand (a page loads it when it is first needed).
    fn field_docs(&self, _group: &str) -> Option<String> {
        None
    }
}

/// Who runs command lines. The lab knows the world but no commands: the shell stands above it, so it is given to a world by
/// who makes one.
#[derive(Clone, Copy)]
pub struct Runner {
    /// Runs a line as far as it goes at this instant, and gives what it printed.
    pub line: fn(line: &str, world: &mut dyn World) -> String,
    /// Begins a command that goes on in virtual time: its words, and its standard input.
    pub command: fn(words: Vec<String>, input: &str) -> Box<dyn Running>,
}

/// How far a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It ended with this exit code.
    Done(i32),
    /// It waits for a change of the cluster, or for this instant, whichever comes first.
    Waiting(Option<Time>),
}

/// A command that runs in a world and is a part of it: the timeline keeps copies.
pub trait Running: Send + Sync {
    /// Goes on as far as possible now.
    fn poll(&mut self, world: &mut dyn World) -> Step;

    /// What it wrote since the last call: on standard output, and as errors.
    fn take_output(&mut self) -> (String, String);

    /// A copy that goes its own way.
    fn copy(&self) -> Box<dyn Running>;
}

impl Clone for Box<dyn Running> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

impl std::fmt::Debug for dyn Running {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Running")
    }
}

/// The text of a named file of a text; the part before the first named file has the name of none.
pub(crate) fn file_of(whole: &str, path: &str) -> Option<String> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let file = text::files(whole).into_iter().find(|file| file.name.as_deref() == Some(path))?;
    whole.get(file.range).map(str::to_owned)
}

/// The paths of the named files of a text.
pub(crate) fn files_of(whole: &str) -> Vec<String> {
    text::files(whole).into_iter().filter_map(|file| Some(file.name?.to_string())).collect()
}

pub(super) struct Desk<'a, 'b> {
    pub model: &'a mut LabModel,
    pub context: &'a mut Context<'b, LabEvent, LabRecord>,
    /// The files that are there; none: those of the text.
    pub files: Option<Arc<BTreeMap<String, String>>>,
}

impl World for Desk<'_, '_> {
    fn cluster(&self) -> &Cluster {
        &self.model.cluster
    }

    fn usage(&self) -> &dyn Usage {
        &*self.model
    }

    fn send(&mut self, sending: &Sending) -> Option<WorkloadId> {
        Some(self.model.send(sending, self.context))
    }

    fn stop_sending(&mut self, workload: WorkloadId) {
        self.model.traffic.end(workload);
    }

    fn report(&self, workload: WorkloadId) -> Option<&Report> {
        self.model.traffic.report(workload)
    }

    fn routes(&self) -> Option<&Table> {
        self.model.traffic.table()
    }

    fn request(&mut self, request: Request) -> Result<Object, Status> {
        self.model.request(self.context, &request)
    }

    fn now(&self) -> Time {
        self.context.now()
    }

    fn repository(&self) -> Option<&Git> {
        Some(self.model.pipelines.git())
    }

    fn checks(&self, pull: u32) -> Vec<(Str, Option<Outcome>)> {
        self.model.pipelines.checks(pull)
    }

    fn git(&mut self, act: GitAct) -> Option<Result<String, String>> {
        let outcome = self.model.git(&act, self.context);
        Some(if outcome.refused { Err(outcome.output) } else { Ok(outcome.output) })
    }

    fn logs(&self, query: LogQuery<'_>) -> Result<Log, Status> {
        let LabModel { images, cluster, traffic, .. } = &*self.model;
        logs::read(images, cluster, Some(traffic), self.context.now(), query)
    }

    fn file(&self, path: &str) -> Option<String> {
        match &self.files {
            Some(files) => files.get(path.strip_prefix("./").unwrap_or(path)).cloned(),
            None => file_of(&self.model.text, path),
        }
    }

    fn files(&self) -> Vec<String> {
        match &self.files {
            Some(files) => files.keys().cloned().collect(),
            None => files_of(&self.model.text),
        }
    }
}

/// How soon after a change a waiting step's condition is looked at. Changes in between are looked at together.
pub(super) const LOOKS_AFTER: Duration = Duration::from_millis(100);

/// A step that waits happens so long after its condition held, if it does not say how long: who watches can be told before.
pub(crate) const FOREWARNING: Duration = Duration::from_millis(500);

/// How far the steps of the Lab document are.
#[derive(Clone, Default)]
pub(super) struct Script {
    /// When each step is due; none: it waits for its condition.
    due: Arc<Vec<Option<Time>>>,
    /// The store's version when the condition was looked at last, and the second that was measured then.
    seen: Option<(u64, u32)>,
    /// A look is scheduled.
    looks: bool,
}

impl Script {
    pub fn new(spec: &LabSpec) -> Script {
        let due = spec.steps.iter().map(|step| step.when.is_none().then_some(time(step.at)));
        Script { due: Arc::new(due.collect()), ..Script::default() }
    }

    pub fn at(&self, index: usize) -> Option<Time> {
        self.due.get(index).copied().flatten()
    }

    /// The step whose condition is waited for: the first one that is not due, once those before it have happened.
    fn waiting(&self, now: Time) -> Option<usize> {
        let index = self.due.iter().position(Option::is_none)?;
        self.due.iter().take(index).all(|due| due.is_some_and(|due| due <= now)).then_some(index)
    }
}

fn time(span: opscape_manifest::lab::Duration) -> Time {
    Time(u64::try_from(span.0).unwrap_or_default())
}

impl LabModel {
    pub(super) fn begin_script(&mut self, context: &mut Context<'_, LabEvent, LabRecord>) {
        for index in 0..self.spec.steps.len() {
            if let Some(at) = self.script.at(index) {
                context.at(at, LabEvent::Step(index));
            }
        }
        self.wait_for_next_step(context);
    }

    /// Something may have changed: looks at the condition of the step that is waited for, a little later.
    pub(super) fn wait_for_next_step(&mut self, context: &mut Context<'_, LabEvent, LabRecord>) {
        let seen = (self.cluster.store().version(), self.traffic.telemetry().second());
        if self.script.looks || self.script.seen == Some(seen) {
            return;
        }
        let now = context.now();
        let Some(index) = self.script.waiting(now) else { return };
        let measures = self.spec.steps.get(index).and_then(|step| step.when.as_ref()?.measure.as_ref());
        if measures.is_none() && self.script.seen.is_some_and(|(version, _)| version == seen.0) {
            return;
        }
        let not_before = self.spec.steps.get(index).map(|step| time(step.at)).unwrap_or_default();
        self.script.looks = true;
        let before = context.because(None);
        context.at((now + LOOKS_AFTER).max(not_before), LabEvent::Look);
        context.because(before);
    }

    /// Looks at the condition of the step that is waited for.
    pub(super) fn look(&mut self, context: &mut Context<'_, LabEvent, LabRecord>) {
        self.script.looks = false;
        self.script.seen = Some((self.cluster.store().version(), self.traffic.telemetry().second()));
        let spec = self.spec.clone();
        let Some(index) = self.script.waiting(context.now()) else { return };
        let Some(step) = spec.steps.get(index) else { return };
        let Some(when) = &step.when else { return };
        if !crate::session::evaluate(when, self, context.now()).0 {
            return;
        }
        let after = step.after.map_or(FOREWARNING, |after| Duration::from_micros(time(after).0));
        let at = context.now() + after.max(FOREWARNING);
        if let Some(due) = Arc::make_mut(&mut self.script.due).get_mut(index) {
            *due = Some(at);
        }
        self.script.seen = None;
        context.at(at, LabEvent::Step(index));
    }

    pub(super) fn run_step(&mut self, index: usize, context: &mut Context<'_, LabEvent, LabRecord>) {
        let spec = self.spec.clone();
        let Some(step) = spec.steps.get(index) else { return };
        for action in &step.actions {
            let act = if let Some(file) = &action.apply {
                Act::ApplyFile { file: file.clone() }
            } else if let Some(line) = &action.run {
                Act::Run { line: line.clone() }
            } else if let Some(node) = &action.stop_node {
                Act::StopNode { node: node.clone() }
            } else if let Some(node) = &action.start_node {
                Act::StartNode { node: node.clone() }
            } else if let Some(node) = &action.remove_node {
                Act::RemoveNode { node: node.clone() }
            } else {
                continue;
            };
            self.act(&act, Some(index), context);
        }
    }

    /// Runs a command line, now; what it would wait for is not waited for.
    pub(super) fn run_command(
        &mut self,
        line: &str,
        context: &mut Context<'_, LabEvent, LabRecord>,
    ) -> String {
        match self.runner {
            Some(runner) => (runner.line)(line, &mut Desk { model: self, context, files: None }),
            None => String::new(),
        }
    }
}
