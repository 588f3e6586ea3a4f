//! The terminal: command lines that run in virtual time against the session's world.

use std::collections::VecDeque;
use std::rc::Rc;

use opscape_cluster::{Cluster, Request, Status, Usage};
use opscape_lab::logs::{Log, LogQuery};
use opscape_lab::traffic::Table;
use opscape_lab::traffic::{Report, Sending, WorkloadId};
use opscape_lab::words::Lang;
use opscape_lab::{Act, Refused, Session as Lab, World};
use opscape_manifest::api::Object;
use opscape_shell::{Completions, Poll, Process, Shell, Stream};
use opscape_sim::Time;

use super::{Session, State};
use crate::browser;
use crate::text::fields;

/// Lines kept on the screen.
const LINES_MOST: usize = 2_000;
/// Command lines kept for the arrows.
const HISTORY_MOST: usize = 200;

/// What a line on the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The prompt and what was typed.
    Typed,
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A line on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    pub text: Rc<str>,
}

/// What is on the screen of the terminal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Screen {
    pub lines: VecDeque<Line>,
    /// Whether a command runs.
    pub running: bool,
    /// What was typed before, the newest last.
    pub history: Vec<Rc<str>>,
}

/// The terminal of a session.
pub struct Terminal {
    shell: Shell,
    process: Option<Process>,
    /// The command line that runs.
    line: Rc<str>,
    /// When the command that runs wants to go on, whatever happens.
    until: Option<Time>,
    /// The official texts about fields by group, once `kubectl explain` asked for them.
    docs: Rc<Vec<(&'static str, String)>>,
    pub screen: Rc<Screen>,
}

impl Terminal {
    pub fn new(lang: Lang) -> Terminal {
        let stored = browser::stored("history").unwrap_or_default();
        let history = stored.lines().map(Rc::from).collect();
        Terminal {
            shell: Shell::new("default", lang),
            process: None,
            line: Rc::default(),
            until: None,
            docs: Rc::default(),
            screen: Rc::new(Screen { history, ..Screen::default() }),
        }
    }

    pub fn set_lang(&mut self, lang: Lang) {
        self.shell.lang = lang;
    }

    pub fn set_namespace(&mut self, namespace: &str) {
        namespace.clone_into(&mut self.shell.namespace);
    }

    /// Whether a command waits for the world.
    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// When the command wants to go on at the latest.
    pub fn until(&self) -> Option<Time> {
        self.until
    }

    fn print(&mut self, kind: LineKind, text: &str) {
        let screen = Rc::make_mut(&mut self.screen);
        let mut text = text;
        // `clear` sends what a terminal knows as "erase the screen".
        if let Some(at) = text.rfind("\u{1b}[2J") {
            screen.lines.clear();
            text = text
                .get(at + 4..)
                .unwrap_or("")
                .trim_start_matches("\u{1b}[H")
                .trim_start_matches("\u{1b}[3J");
            if text.is_empty() {
                return;
            }
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            screen.lines.push_back(Line { kind, text: line.into() });
        }
        let over = screen.lines.len().saturating_sub(LINES_MOST);
        screen.lines.drain(..over);
    }

    fn start(&mut self, line: &str) {
        self.print(LineKind::Typed, line);
        if line.trim().is_empty() {
            return;
        }
        let screen = Rc::make_mut(&mut self.screen);
        if screen.history.last().is_none_or(|last| **last != *line) {
            screen.history.push(line.into());
            let over = screen.history.len().saturating_sub(HISTORY_MOST);
            screen.history.drain(..over);
            browser::store("history", &screen.history.join("\n"));
        }
        match self.shell.start(line, None) {
            Ok(process) => {
                self.process = Some(process);
                self.line = line.into();
            }
            Err(problem) => self.print(LineKind::Err, &problem.message),
        }
    }

    /// Lets the command go on as far as it can at this instant.
    pub fn poll(&mut self, world: &mut Lab) {
        let Some(process) = &mut self.process else { return };
        let mut desk = Desk { world, line: &self.line, docs: &self.docs };
        let poll = process.poll(&mut self.shell, &mut desk);
        let output = process.take_output();
        match poll {
            Poll::Done(_) => {
                self.process = None;
                self.until = None;
            }
            Poll::Waiting(until) => self.until = until,
        }
        for piece in output {
            let kind = if piece.stream == Stream::Err { LineKind::Err } else { LineKind::Out };
            self.print(kind, &piece.text);
        }
        let running = self.process.is_some();
        if self.screen.running != running {
            Rc::make_mut(&mut self.screen).running = running;
        }
    }

    fn interrupt(&mut self, world: Option<&mut Lab>) {
        let Some(mut process) = self.process.take() else { return };
        self.until = None;
        self.print(LineKind::Typed, "^C");
        if let Some(world) = world {
            let mut desk = Desk { world, line: &self.line, docs: &self.docs };
            process.interrupt_in(&mut self.shell, &mut desk);
        }
        for piece in process.take_output() {
            let kind = if piece.stream == Stream::Err { LineKind::Err } else { LineKind::Out };
            self.print(kind, &piece.text);
        }
        Rc::make_mut(&mut self.screen).running = false;
    }
}

/// The session's world as a command sees it; what it changes carries the command line, for the timeline's flags.
struct Desk<'a> {
    world: &'a mut Lab,
    line: &'a str,
    docs: &'a [(&'static str, String)],
}

impl World for Desk<'_> {
    fn cluster(&self) -> &Cluster {
        self.world.cluster()
    }

    fn request(&mut self, request: Request) -> Result<Object, Status> {
        let act = Act::Request { line: self.line.into(), request: Box::new(request) };
        let none =
            || Err(Status { code: 500, reason: "InternalError", message: String::new(), details: None });
        match self.world.act(act) {
            Ok(outcome) => outcome.answer.clone().unwrap_or_else(none),
            Err(Refused::Api(status)) => Err(status),
            Err(Refused::Text(_)) => none(),
        }
    }

    fn now(&self) -> Time {
        self.world.now()
    }

    fn usage(&self) -> &dyn Usage {
        World::usage(self.world)
    }

    fn send(&mut self, sending: &Sending) -> Option<WorkloadId> {
        let act = Act::Send { line: self.line.into(), sending: Box::new(sending.clone()) };
        self.world.act(act).ok()?.sending
    }

    fn stop_sending(&mut self, workload: WorkloadId) {
        // It refuses nothing.
        let _ = self.world.act(Act::StopSending { line: self.line.into(), workload });
    }

    fn report(&self, workload: WorkloadId) -> Option<&Report> {
        World::report(self.world, workload)
    }

    fn routes(&self) -> Option<&Table> {
        World::routes(self.world)
    }

    fn logs(&self, query: LogQuery<'_>) -> Result<Log, Status> {
        self.world.logs(query)
    }

    fn file(&self, path: &str) -> Option<String> {
        World::file(self.world, path)
    }

    fn files(&self) -> Vec<String> {
        World::files(self.world)
    }

    fn field_docs(&self, group: &str) -> Option<String> {
        self.docs.iter().find(|(name, _)| *name == group).map(|(_, text)| text.clone())
    }
}

impl Session {
    /// Runs a command line; `kubectl explain` after the texts about fields have come.
    pub fn run(&self, line: &str) {
        let explains = line.split_whitespace().any(|word| word == "explain");
        if !explains || !self.0.state.borrow().terminal.docs.is_empty() {
            self.start(line);
            return;
        }
        let (session, line) = (self.clone(), line.to_owned());
        wasm_bindgen_futures::spawn_local(async move {
            let base = session.base();
            let mut docs = Vec::new();
            for group in fields::GROUPS {
                if let Some(text) = fields::load(&base, group).await {
                    docs.push((group, text));
                }
            }
            session.0.state.borrow_mut().terminal.docs = Rc::new(docs);
            session.start(&line);
        });
    }

    fn start(&self, line: &str) {
        self.change(|state| {
            state.terminal.start(line);
            state.poll_terminal();
        });
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        self.change(|state| state.terminal.interrupt(state.world.as_mut()));
    }

    /// What the end of a line could become.
    pub fn complete(&self, line: &str) -> Completions {
        let state = self.0.state.borrow();
        state
            .world
            .as_ref()
            .map(|world| state.terminal.shell.complete(line, line.len(), world))
            .unwrap_or_default()
    }
}

impl State {
    pub(super) fn poll_terminal(&mut self) {
        if let Some(world) = &mut self.world {
            self.terminal.poll(world);
        }
    }
}
