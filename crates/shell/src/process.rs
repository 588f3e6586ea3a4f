//! A command line as a process in virtual time: it goes on whenever the world has changed, until it is done.

use std::collections::BTreeMap;

use opscape_lab::words::Lang;
use opscape_manifest::api::meta::MicroTime;
use opscape_sim::Time;

use crate::seat::Seat;
use crate::syntax::{Command, Joint, Part, Pipeline, Redirect, Script, SyntaxError, Word, parse};
use crate::{World, programs};

/// What a terminal remembers between commands.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// kubectl's current namespace (`kubectl config set-context --current --namespace`); empty is `default`.
    pub namespace: String,
    /// The language of what is not a real program's output.
    pub lang: Lang,
    /// Exit code of the last process, `$?`.
    pub status: i32,
    /// `NAME=value` and `export NAME=value`.
    pub(crate) variables: BTreeMap<String, String>,
    /// `alias k=kubectl`.
    pub(crate) aliases: BTreeMap<String, String>,
    /// The branch of `git switch`; empty is `main`.
    pub(crate) branch: String,
    /// The message of a commit that was not pushed yet, and tags that were not.
    pub(crate) message: Option<String>,
    pub(crate) tags: Vec<String>,
    /// Files written by redirects; they come before those of the lab.
    pub(crate) files: BTreeMap<String, String>,
}

impl Shell {
    /// A fresh terminal in a namespace.
    pub fn new(namespace: &str, lang: Lang) -> Self {
        Shell { namespace: namespace.to_owned(), lang, ..Shell::default() }
    }

    /// kubectl's current namespace.
    pub fn namespace(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }

    /// Starts a command line (or several lines). `stdin` is what its first reader reads; without it, standard input is at
    /// its end. Nothing runs before the first [`Process::poll`].
    ///
    /// # Errors
    /// Where the line cannot be read; [`SyntaxError::incomplete`] says whether more lines could complete it.
    pub fn start(&self, line: &str, stdin: Option<&str>) -> Result<Process, SyntaxError> {
        let run = ScriptRun::new(parse(line)?, stdin.unwrap_or_default().to_owned());
        Ok(Process { run, output: Vec::new(), done: None })
    }

    /// The text of a file: written here, else of the lab.
    pub(crate) fn file(&self, world: &dyn World, path: &str) -> Option<String> {
        let path = path.strip_prefix("./").unwrap_or(path);
        self.files.get(path).cloned().or_else(|| world.file(path))
    }
}

/// Where a piece of output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A piece of output: whole lines, as a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it goes.
    pub stream: Stream,
    /// The text.
    pub text: String,
}

/// How far a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// It ended with this exit code.
    Done(i32),
    /// It waits for a change of the cluster, or for this instant, whichever comes first.
    Waiting(Option<Time>),
}

/// A command line that runs. Poll it when it was started, after every change of the world's cluster, and at the
/// instant it waits for.
#[derive(Clone)]
pub struct Process {
    run: ScriptRun,
    output: Vec<Piece>,
    done: Option<i32>,
}

/// What a running command sees.
pub(crate) struct Scope<'a> {
    pub shell: &'a mut Shell,
    pub world: &'a mut dyn World,
    /// The pod in which it runs (`kubectl exec`); none: the terminal.
    pub seat: Option<Seat>,
}

impl Scope<'_> {
    /// What the cluster's clock shows.
    pub fn utc(&self) -> MicroTime {
        let epoch = self.world.cluster().options().epoch;
        MicroTime(epoch.0.saturating_add_unsigned(self.world.now().0))
    }
}

/// Input and output of a running command.
#[derive(Clone, Default)]
pub(crate) struct Io {
    pub input: String,
    /// No more input will come.
    pub input_closed: bool,
    /// Ctrl-C was pressed: what is to be said of it is said now.
    pub interrupted: bool,
    pub output: Vec<Piece>,
}

impl Io {
    /// Writes to standard output.
    pub fn out(&mut self, text: &str) {
        self.push(Stream::Out, text);
    }

    /// Writes to standard error.
    pub fn err(&mut self, text: &str) {
        self.push(Stream::Err, text);
    }

    pub fn push(&mut self, stream: Stream, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.output.last_mut() {
            Some(last) if last.stream == stream => last.text.push_str(text),
            _ => self.output.push(Piece { stream, text: text.to_owned() }),
        }
    }

    /// The next whole line of the input with its end; at the end of the input, what is left of it.
    pub fn line(&mut self) -> Option<String> {
        let end = match self.input.find('\n') {
            Some(end) => end + 1,
            None if self.input_closed && !self.input.is_empty() => self.input.len(),
            None => return None,
        };
        let rest = self.input.split_off(end);
        Some(std::mem::replace(&mut self.input, rest))
    }
}

/// A running command.
pub(crate) trait Task: CopyTask + Send + Sync {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll;
}

/// A command that a step of a pipeline runs is a part of the world, of which the timeline keeps copies.
pub(crate) trait CopyTask {
    fn copy(&self) -> Box<dyn Task>;
}

impl<T: Task + Clone + 'static> CopyTask for T {
    fn copy(&self) -> Box<dyn Task> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Task> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

impl Process {
    /// Goes on as far as possible now.
    pub fn poll(&mut self, shell: &mut Shell, world: &mut dyn World) -> Poll {
        if let Some(code) = self.done {
            return Poll::Done(code);
        }
        let mut scope = Scope { shell, world, seat: None };
        let poll = self.run.poll(&mut self.output, &mut scope);
        if let Poll::Done(code) = poll {
            self.done = Some(code);
            scope.shell.status = code;
        }
        poll
    }

    /// What it wrote since the last call.
    pub fn take_output(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.output)
    }

    /// The exit code, once it is done.
    pub fn exit_code(&self) -> Option<i32> {
        self.done
    }

    /// Ctrl-C: its commands may say what they have so far, and it ends with exit code 130.
    pub fn interrupt_in(&mut self, shell: &mut Shell, world: &mut dyn World) {
        if self.done.is_none() {
            let stages = self.run.current.iter_mut().flat_map(|run| &mut run.stages);
            stages.for_each(|stage| stage.io.interrupted = true);
            let mut scope = Scope { shell, world, seat: None };
            if let Some(run) = &mut self.run.current {
                run.poll(&mut scope);
                self.output.append(&mut run.output);
            }
        }
        self.interrupt();
    }

    /// Ctrl-C: ends it with exit code 130.
    pub fn interrupt(&mut self) {
        self.done.get_or_insert(130);
    }
}

/// A script that runs.
#[derive(Clone)]
pub(crate) struct ScriptRun {
    script: Script,
    at: usize,
    status: i32,
    stdin: String,
    current: Option<PipelineRun>,
}

impl ScriptRun {
    pub fn new(script: Script, stdin: String) -> Self {
        ScriptRun { script, at: 0, status: 0, stdin, current: None }
    }

    pub fn poll(&mut self, output: &mut Vec<Piece>, scope: &mut Scope<'_>) -> Poll {
        loop {
            if let Some(run) = &mut self.current {
                let poll = run.poll(scope);
                output.append(&mut run.output);
                match poll {
                    Poll::Waiting(until) => return Poll::Waiting(until),
                    Poll::Done(code) => {
                        self.status = code;
                        scope.shell.status = code;
                        self.stdin = run.rest_of_input();
                        self.current = None;
                    }
                }
            }
            let Some((joint, pipeline)) = self.script.items.get(self.at) else {
                return Poll::Done(self.status);
            };
            self.at += 1;
            let runs = match joint {
                Joint::Then => true,
                Joint::And => self.status == 0,
                Joint::Or => self.status != 0,
            };
            if runs {
                self.current = Some(PipelineRun::new(pipeline, std::mem::take(&mut self.stdin)));
            }
        }
    }
}

#[derive(Clone)]
struct PipelineRun {
    stages: Vec<Stage>,
    output: Vec<Piece>,
}

impl PipelineRun {
    fn new(pipeline: &Pipeline, stdin: String) -> Self {
        let mut stages: Vec<Stage> = pipeline.iter().cloned().map(Stage::new).collect();
        if let Some(first) = stages.first_mut() {
            first.io.input = stdin;
            first.io.input_closed = true;
        }
        PipelineRun { stages, output: Vec::new() }
    }

    fn rest_of_input(&mut self) -> String {
        self.stages.first_mut().map(|first| std::mem::take(&mut first.io.input)).unwrap_or_default()
    }

    fn poll(&mut self, scope: &mut Scope<'_>) -> Poll {
        let mut wake: Option<Time> = None;
        let last = self.stages.len().saturating_sub(1);
        for at in 0..self.stages.len() {
            let Some(stage) = self.stages.get_mut(at) else { break };
            if stage.done.is_none()
                && let Poll::Waiting(until) = stage.poll(scope)
            {
                wake = [wake, until].into_iter().flatten().min();
            }
            let pieces = stage.take_output(scope);
            let done = stage.done.is_some();
            if at == last {
                self.output.extend(pieces);
                continue;
            }
            let Some(next) = self.stages.get_mut(at + 1) else { break };
            for piece in pieces {
                match piece.stream {
                    Stream::Out => next.io.input.push_str(&piece.text),
                    Stream::Err => self.output.push(piece),
                }
            }
            next.io.input_closed = done;
        }
        // A reader that has ended ends its writers (SIGPIPE).
        match self.stages.get(last).map_or(Some(0), |stage| stage.done) {
            Some(code) => Poll::Done(code),
            None => Poll::Waiting(wake),
        }
    }
}

/// A command of a pipeline: first its words are expanded, then it runs.
#[derive(Clone)]
struct Stage {
    command: Command,
    /// Outputs of the `$(...)` that have run.
    outputs: Vec<String>,
    expanding: Option<(ScriptRun, String)>,
    task: Option<Box<dyn Task>>,
    io: Io,
    redirects: Vec<Resolved>,
    done: Option<i32>,
}

/// A redirect with its file name.
#[derive(Clone)]
enum Resolved {
    Write { error: bool, file: String },
    ErrorToOutput,
    OutputToError,
}

impl Stage {
    fn new(command: Command) -> Self {
        Stage {
            command,
            outputs: Vec::new(),
            expanding: None,
            task: None,
            io: Io::default(),
            redirects: Vec::new(),
            done: None,
        }
    }

    fn poll(&mut self, scope: &mut Scope<'_>) -> Poll {
        if self.task.is_none()
            && let Some(poll) = self.launch(scope)
        {
            return poll;
        }
        let Some(task) = &mut self.task else { return Poll::Done(0) };
        let poll = task.poll(&mut self.io, scope);
        if let Poll::Done(code) = poll {
            self.done = Some(code);
        }
        poll
    }

    /// Runs the `$(...)`, expands the words, opens the files. Some: not running yet, or done already.
    fn launch(&mut self, scope: &mut Scope<'_>) -> Option<Poll> {
        loop {
            if let Some((run, text)) = &mut self.expanding {
                let mut pieces = Vec::new();
                let poll = run.poll(&mut pieces, scope);
                for piece in pieces {
                    match piece.stream {
                        Stream::Out => text.push_str(&piece.text),
                        Stream::Err => self.io.err(&piece.text),
                    }
                }
                if let Poll::Waiting(until) = poll {
                    return Some(Poll::Waiting(until));
                }
                self.outputs.push(text.trim_end_matches('\n').to_owned());
                self.expanding = None;
            }
            match nth_script(&self.command, self.outputs.len()) {
                Some(script) => {
                    self.expanding = Some((ScriptRun::new(script.clone(), String::new()), String::new()));
                }
                None => break,
            }
        }
        let mut outputs = std::mem::take(&mut self.outputs).into_iter();
        let command = std::mem::take(&mut self.command);
        let mut set = Vec::new();
        for (name, word) in &command.assignments {
            set.push((name.clone(), expand(word, &mut outputs, scope.shell).join(" ")));
        }
        let mut words = Vec::new();
        for word in &command.words {
            words.extend(expand(word, &mut outputs, scope.shell));
        }
        for redirect in &command.redirects {
            if let Err(message) = self.open(redirect, &mut outputs, scope) {
                self.io.err(&message);
                self.done = Some(1);
                return Some(Poll::Done(1));
            }
        }
        if words.is_empty() {
            scope.shell.variables.extend(set);
            self.done = Some(0);
            return Some(Poll::Done(0));
        }
        self.task = Some(programs::launch(words, scope.shell));
        None
    }

    fn open(
        &mut self,
        redirect: &Redirect,
        outputs: &mut dyn Iterator<Item = String>,
        scope: &mut Scope<'_>,
    ) -> Result<(), String> {
        match redirect {
            Redirect::Here(word) => self.io.input = expand(word, outputs, scope.shell).join(" "),
            Redirect::Read(word) => {
                let path = expand(word, outputs, scope.shell).join(" ");
                self.io.input = scope
                    .shell
                    .file(scope.world, &path)
                    .ok_or_else(|| format!("bash: {path}: No such file or directory\n"))?;
            }
            Redirect::Write { error, append, file } => {
                let file = expand(file, outputs, scope.shell).join(" ");
                let file = file.strip_prefix("./").unwrap_or(&file).to_owned();
                let before = if *append { scope.shell.file(scope.world, &file) } else { None };
                if file != "/dev/null" {
                    scope.shell.files.insert(file.clone(), before.unwrap_or_default());
                }
                self.redirects.push(Resolved::Write { error: *error, file });
            }
            Redirect::ErrorToOutput => self.redirects.push(Resolved::ErrorToOutput),
            Redirect::OutputToError => self.redirects.push(Resolved::OutputToError),
        }
        self.io.input_closed |= !matches!(redirect, Redirect::Write { .. });
        Ok(())
    }

    /// The output since the last call, after the redirects.
    fn take_output(&mut self, scope: &mut Scope<'_>) -> Vec<Piece> {
        let mut kept = Vec::new();
        for mut piece in std::mem::take(&mut self.io.output) {
            let mut written = false;
            // From the right: `> FILE 2>&1` sends both into the file.
            for redirect in self.redirects.iter().rev() {
                match redirect {
                    Resolved::ErrorToOutput => piece.stream = Stream::Out,
                    Resolved::OutputToError => piece.stream = Stream::Err,
                    Resolved::Write { error, file } if *error == (piece.stream == Stream::Err) => {
                        if let Some(text) = scope.shell.files.get_mut(file) {
                            text.push_str(&piece.text);
                        }
                        written = true;
                        break;
                    }
                    Resolved::Write { .. } => {}
                }
            }
            if !written {
                kept.push(piece);
            }
        }
        kept
    }
}

fn words_of(command: &Command) -> impl Iterator<Item = &Word> {
    let assigned = command.assignments.iter().map(|(_, word)| word);
    let redirected = command.redirects.iter().filter_map(|redirect| match redirect {
        Redirect::Write { file: word, .. } | Redirect::Read(word) | Redirect::Here(word) => Some(word),
        Redirect::ErrorToOutput | Redirect::OutputToError => None,
    });
    assigned.chain(&command.words).chain(redirected)
}

fn nth_script(command: &Command, index: usize) -> Option<&Script> {
    let scripts = words_of(command).flatten().filter_map(|part| match part {
        Part::Output { script, .. } => Some(script),
        _ => None,
    });
    scripts.into_iter().nth(index)
}

/// The words a word becomes: unquoted variables and outputs are split at blanks.
fn expand(word: &Word, outputs: &mut dyn Iterator<Item = String>, shell: &Shell) -> Vec<String> {
    let mut words = Vec::new();
    let mut open: Option<String> = None;
    for part in word {
        let (text, split) = match part {
            Part::Text(text) => (text.clone(), false),
            Part::Variable { name, quoted } if name == "?" => (shell.status.to_string(), !quoted),
            Part::Variable { name, quoted } => {
                (shell.variables.get(name).cloned().unwrap_or_default(), !quoted)
            }
            Part::Output { quoted, .. } => (outputs.next().unwrap_or_default(), !quoted),
        };
        if !split {
            open.get_or_insert_default().push_str(&text);
            continue;
        }
        if text.starts_with(char::is_whitespace) {
            words.extend(open.take());
        }
        let ends_open = !text.ends_with(char::is_whitespace);
        let mut pieces = text.split_whitespace().peekable();
        while let Some(piece) = pieces.next() {
            open.get_or_insert_default().push_str(piece);
            if pieces.peek().is_some() || !ends_open {
                words.extend(open.take());
            }
        }
    }
    words.extend(open);
    words
}
