//! The commands of a job, as far as they are understood.
//!
//! A small part of the shell: lists, conditions, loops, groups, quotes, variables, redirections, and the commands in
//! [`commands`]. What is not understood succeeds and takes
//! the time that such a command usually takes; [`Shell::unknown`] says of what nobody knows even that. As in a runner's
//! shell (`set -eo pipefail`), the first command that fails ends the job with its exit code.
//!
//! A workflow of GitHub is often all there is of its repository. A shell that [`Shell::assumes`] takes files that are not
//! there for files that nobody knows: commands that ask for them succeed, and what they print is [`UNKNOWN`].

mod commands;
mod edit;
mod parse;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parse::{AndOr, Command, List, Redirect, Simple, Target};
use words::Word;

use crate::run::{Asked, Talk, outside};

/// Files of a working directory: texts by path.
pub type Files = BTreeMap<String, String>;

/// What stands for a text that nobody knows: a secret, or what a program prints that is not understood.
pub const UNKNOWN: &str = "***";

/// The most commands that one job runs: loops end.
const MAX_COMMANDS: usize = 10_000;

/// A shell in a working directory.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own about what is known")]
pub struct Shell {
    /// Its files.
    pub files: Files,
    /// Directories that were made.
    pub folders: BTreeSet<String>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// What was printed, line by line.
    pub output: Vec<String>,
    /// How long the commands took: what they usually take, what `sleep` asks for, and what the world says.
    pub elapsed: Duration,
    /// Commands that are not understood.
    pub unknown: BTreeSet<String>,
    /// Whether files that are not there may be there all the same.
    pub assumes: bool,
    /// Whether something was decided by what nobody knows.
    pub guessed: bool,
    /// Whether the last command that ran is only taken to have gone well.
    assumed_well: bool,
    /// How deep in what is not printed, but kept.
    captured: usize,
    /// What the present command printed as errors, and what is still to be shown of them: they do not go into pipes.
    errors: String,
    aside: String,
    piped: usize,
    /// The world that some commands act on; none: they take their usual time.
    pub talk: Option<Talk>,
    /// The present directory; empty: that of the checkout.
    pub folder: String,
    status: i32,
    commands: usize,
    /// After `set +e`, failures end nothing.
    lenient: bool,
}

/// Runs lines as a runner does; gives the exit code, and the time and the number of lines printed at which each ended that
/// was run.
pub fn run_items(shell: &mut Shell, lines: &[String], first: usize) -> (i32, Vec<(Duration, usize)>) {
    shell.asks_in(first);
    shell.run_each(lines, first).unwrap_or_else(|| {
        let code = shell.run(lines);
        (code, vec![(shell.elapsed, shell.output.len())])
    })
}

/// Whether a shell reads a script to its end.
pub fn is_readable(script: &str) -> bool {
    parse::parse(script).is_some()
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flow {
    Status(i32),
    /// `exit`, or a command that failed.
    Exit(i32),
    Break,
    Continue,
}

/// The variables that a loop reads a line into in each of its turns.
fn reads(condition: &List) -> Option<&[Word]> {
    let [chain] = condition.as_slice() else { return None };
    let [AndOr { pipeline, .. }] = chain.as_slice() else { return None };
    let [Command::Simple(simple)] = pipeline.commands.as_slice() else { return None };
    let (first, names) = simple.words.split_first()?;
    (first.literal() == "read").then_some(names)
}

/// Whether what is printed goes into a file.
fn sends_away(redirects: &[Redirect]) -> bool {
    redirects
        .iter()
        .any(|redirect| !redirect.errors_only && matches!(redirect.target, Target::To(_) | Target::Append(_)))
}

impl Shell {
    /// A shell in a directory with some files.
    pub fn new(files: Files, variables: BTreeMap<String, String>) -> Shell {
        Shell { files, variables, ..Shell::default() }
    }

    /// The same in a world that some commands act on.
    #[must_use]
    pub fn talking(mut self, talk: Option<Talk>) -> Shell {
        self.talk = talk;
        self
    }

    /// Runs lines as a runner does; gives the exit code.
    pub fn run(&mut self, lines: &[String]) -> i32 {
        let Some(list) = parse::parse(&lines.join("\n")) else {
            // A shell reads no line that it cannot read to its end. Others may read more than this one.
            self.guessed = true;
            self.output.push("sh: syntax error".to_owned());
            return 2;
        };
        let mut output = String::new();
        let flow = self.list(&list, true, "", &mut output);
        self.output.extend(output.lines().map(str::to_owned));
        match flow {
            Flow::Status(code) | Flow::Exit(code) => code,
            Flow::Break | Flow::Continue => 0,
        }
    }

    /// Runs lines one by one, each of which can be read alone; gives the exit code, and the second and the number of lines
    /// printed at which each ended that was run. None: they can only be read together, and nothing was run.
    fn run_each(&mut self, lines: &[String], first: usize) -> Option<(i32, Vec<(Duration, usize)>)> {
        let lists = lines.iter().map(|line| parse::parse(line)).collect::<Option<Vec<List>>>()?;
        let mut output = String::new();
        let mut ends = Vec::new();
        let mut code = 0;
        for (at, list) in lists.iter().enumerate() {
            self.asks_in(first + at);
            let flow = self.list(list, true, "", &mut output);
            ends.push((self.elapsed, output.lines().count()));
            match flow {
                Flow::Status(status) => code = status,
                Flow::Exit(status) => {
                    code = status;
                    break;
                }
                Flow::Break | Flow::Continue => {
                    code = 0;
                    break;
                }
            }
        }
        self.output.extend(output.lines().map(str::to_owned));
        Some((code, ends))
    }

    /// Runs a list; `strict`: a failure ends it.
    fn list(&mut self, list: &List, strict: bool, input: &str, output: &mut String) -> Flow {
        let mut last = Flow::Status(0);
        for chain in list {
            last = self.chain(chain, strict, input, output);
            if !matches!(last, Flow::Status(_)) {
                return last;
            }
        }
        last
    }

    fn chain(&mut self, chain: &[AndOr], strict: bool, input: &str, output: &mut String) -> Flow {
        let mut status = 0;
        let mut fatal = false;
        for (at, step) in chain.iter().enumerate() {
            let wanted = match step.after {
                None => true,
                Some(true) => status == 0,
                Some(false) => status != 0,
            };
            if !wanted {
                continue;
            }
            let last = at + 1 == chain.len();
            let pipeline = &step.pipeline;
            let strict = strict && last && !pipeline.negated;
            match self.pipeline(&pipeline.commands, strict, input, output) {
                Flow::Status(code) => {
                    status = if pipeline.negated { i32::from(code == 0) } else { code };
                    fatal = strict && status != 0 && !self.lenient;
                }
                flow => return flow,
            }
            self.status = status;
        }
        if fatal { Flow::Exit(status) } else { Flow::Status(status) }
    }

    fn pipeline(&mut self, commands: &[Command], strict: bool, input: &str, output: &mut String) -> Flow {
        if let [command] = commands {
            return self.command(command, strict, input, output);
        }
        let mut passed = input.to_owned();
        let mut failed = 0;
        self.piped += 1;
        for (at, command) in commands.iter().enumerate() {
            let mut printed = String::new();
            // Each part of a pipeline is a shell of its own.
            let (variables, folder) = (self.variables.clone(), self.folder.clone());
            let kept = usize::from(at + 1 < commands.len());
            self.captured += kept;
            let flow = self.command(command, strict, &passed, &mut printed);
            self.captured -= kept;
            let code = match flow {
                Flow::Status(code) | Flow::Exit(code) => code,
                Flow::Break | Flow::Continue => 0,
            };
            (self.variables, self.folder) = (variables, folder);
            if code != 0 {
                failed = code;
            }
            if at + 1 == commands.len() {
                output.push_str(&printed);
            } else {
                passed = printed;
            }
        }
        self.piped -= 1;
        if self.piped == 0 {
            output.push_str(&std::mem::take(&mut self.aside));
        }
        Flow::Status(failed)
    }

    fn command(&mut self, command: &Command, strict: bool, input: &str, output: &mut String) -> Flow {
        if self.waits() {
            return Flow::Exit(0);
        }
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            output.push_str("sh: too many commands\n");
            self.guessed = true;
            return Flow::Exit(137);
        }
        match command {
            Command::Simple(simple) => self.simple(simple, input, output),
            Command::Group(list) => self.list(list, strict, input, output),
            Command::Redirected(command, redirects) => {
                let mut printed = String::new();
                let read = match self.input_of(redirects) {
                    Ok(read) => read,
                    Err(message) => {
                        output.push_str(&message);
                        return Flow::Status(1);
                    }
                };
                let kept = usize::from(sends_away(redirects));
                self.captured += kept;
                let input = read.as_deref().unwrap_or(input);
                let flow = self.command(command, strict, input, &mut printed);
                self.captured -= kept;
                match self.redirected(redirects, &printed, output) {
                    Some(code) => Flow::Status(code),
                    None => flow,
                }
            }
            Command::Subshell(list) => {
                let (variables, folder) = (self.variables.clone(), self.folder.clone());
                let flow = self.list(list, strict, input, output);
                (self.variables, self.folder) = (variables, folder);
                match flow {
                    Flow::Exit(code) if !strict || code == 0 => Flow::Status(code),
                    flow => flow,
                }
            }
            Command::If(branches, otherwise) => {
                for (condition, body) in branches {
                    let flow = self.list(condition, false, input, output);
                    self.guessed |= self.assumed_well;
                    match flow {
                        Flow::Status(0) => return self.list(body, strict, input, output),
                        Flow::Status(_) => {}
                        flow => return flow,
                    }
                }
                otherwise.as_ref().map_or(Flow::Status(0), |body| self.list(body, strict, input, output))
            }
            Command::For(name, words, body) => {
                let values: Vec<String> = words.iter().flat_map(|word| self.fields(word)).collect();
                for value in values {
                    self.variables.insert(name.clone(), value);
                    match self.list(body, strict, input, output) {
                        Flow::Break => break,
                        Flow::Exit(code) => return Flow::Exit(code),
                        _ => {}
                    }
                }
                Flow::Status(0)
            }
            Command::While(condition, true, body) if reads(condition).is_some() => {
                for line in input.lines() {
                    self.read_line(reads(condition).unwrap_or_default(), line);
                    match self.list(body, strict, "", output) {
                        Flow::Break => break,
                        Flow::Exit(code) => return Flow::Exit(code),
                        _ => {}
                    }
                }
                Flow::Status(0)
            }
            Command::While(condition, wanted, body) => loop {
                match self.list(condition, false, input, output) {
                    Flow::Status(code) if (code == 0) == *wanted => {}
                    Flow::Status(_) => return Flow::Status(0),
                    flow => return flow,
                }
                match self.list(body, strict, input, output) {
                    Flow::Break => return Flow::Status(0),
                    Flow::Exit(code) => return Flow::Exit(code),
                    _ => {}
                }
            },
            Command::Case(word, arms) => {
                let value = self.text(word);
                self.guessed |= value.contains(UNKNOWN);
                for (patterns, body) in arms {
                    let fits = patterns.iter().any(|pattern| {
                        let pattern = self.text(pattern);
                        crate::gitlab::glob::fits(&pattern, &value) || pattern == "*"
                    });
                    if fits {
                        return self.list(body, strict, input, output);
                    }
                }
                Flow::Status(0)
            }
        }
    }

    fn simple(&mut self, simple: &Simple, input: &str, output: &mut String) -> Flow {
        let assigned: Vec<(String, String)> =
            simple.assignments.iter().map(|(name, word)| (name.clone(), self.text(word))).collect();
        let words: Vec<String> = simple.words.iter().flat_map(|word| self.fields(word)).collect();
        let Some((name, arguments)) = words.split_first() else {
            self.variables.extend(assigned);
            let mut flow = Flow::Status(if simple.assignments.iter().any(|(_, word)| word.substitutes()) {
                self.status
            } else {
                0
            });
            if let Some(code) = self.redirected(&simple.redirects, "", output) {
                flow = Flow::Status(code);
            }
            return flow;
        };
        let before: Vec<(String, Option<String>)> =
            assigned.iter().map(|(name, _)| (name.clone(), self.variables.get(name).cloned())).collect();
        self.variables.extend(assigned);
        let read = match self.input_of(&simple.redirects) {
            Ok(read) => read,
            Err(message) => {
                output.push_str(&message);
                return Flow::Status(1);
            }
        };
        let mut printed = String::new();
        let told = self.told();
        let kept = usize::from(sends_away(&simple.redirects));
        self.captured += kept;
        let flow = self.assumed(name, arguments, read.as_deref().unwrap_or(input), &mut printed);
        self.captured -= kept;
        let errors = std::mem::take(&mut self.errors);
        if self.told() > told {
            let mark = outside::mark(told);
            if self.piped == 0 { output.push_str(&mark) } else { self.aside.push_str(&mark) }
        }
        for (name, value) in before {
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
        // Errors come where output comes, unless they are sent elsewhere.
        let joined = simple.redirects.iter().any(|redirect| redirect.target == Target::Same);
        if joined {
            printed.push_str(&errors);
        }
        let flow = match self.redirected(&simple.redirects, &printed, output) {
            Some(code) => Flow::Status(code),
            None => flow,
        };
        if !joined && !simple.redirects.iter().any(|redirect| redirect.errors_only) {
            self.aside.push_str(&errors);
        }
        if self.piped == 0 {
            output.push_str(&std::mem::take(&mut self.aside));
        }
        flow
    }

    /// A command ran that only took time: it may have made files.
    fn clouds(&mut self) {
        self.assumes |= self.talk.is_some();
    }

    fn told(&self) -> usize {
        self.talk.as_ref().map_or(0, |talk| talk.told.len())
    }

    /// From now on it is this step that asks.
    pub fn asks_in(&mut self, step: usize) {
        if let Some(talk) = &mut self.talk {
            talk.step = step;
        }
    }

    /// Whether a command waits for the world, so that nothing more is done.
    pub fn waits(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| talk.open.is_some())
    }

    /// A command that the world does, if there is one.
    fn outside(&mut self, words: &[String], input: &str, output: &mut String) -> Option<Flow> {
        let talk = self.talk.as_mut().filter(|_| outside::is_outside(words))?;
        let answer = talk.ask(Asked {
            words: words.to_vec(),
            input: input.to_owned(),
            files: Arc::new(self.files.clone()),
            variables: Arc::new(self.variables.clone()),
            folder: self.folder.clone(),
            at: self.elapsed,
            ..Asked::default()
        });
        let Some(answer) = answer else { return Some(Flow::Exit(0)) };
        self.elapsed += answer.took;
        if !answer.acts {
            self.unknown.insert(outside::name(words));
            self.clouds();
            self.print_unknown(output);
            self.assumed_well = true;
        }
        output.push_str(&answer.output);
        self.errors.push_str(&answer.errors);
        Some(Flow::Status(answer.code))
    }

    /// What a command reads instead of what comes to it.
    fn input_of(&mut self, redirects: &[Redirect]) -> Result<Option<String>, String> {
        let mut read = None;
        for redirect in redirects {
            match &redirect.target {
                Target::From(word) => {
                    let path = self.path(&self.text_now(word));
                    read = Some(match self.files.get(&path) {
                        Some(text) => text.clone(),
                        None if self.assumes => UNKNOWN.to_owned(),
                        None => return Err(format!("sh: {path}: No such file or directory\n")),
                    });
                }
                Target::Here(word) => read = Some(self.text(word)),
                Target::To(_) | Target::Append(_) | Target::Same => {}
            }
        }
        Ok(read)
    }

    /// `read`: the words of a line become variables, the last of them what is left.
    fn read_line(&mut self, names: &[Word], line: &str) {
        let names: Vec<String> =
            names.iter().map(Word::literal).filter(|name| !name.starts_with('-')).collect();
        let mut rest = line.trim();
        for (at, name) in names.iter().enumerate() {
            let end = if at + 1 == names.len() {
                rest.len()
            } else {
                rest.find(char::is_whitespace).unwrap_or(rest.len())
            };
            let (word, after) = rest.split_at(end);
            self.variables.insert(name.clone(), word.to_owned());
            rest = after.trim_start();
        }
    }

    /// Runs a command; one about files that are not there succeeds if they may be there all the same.
    fn assumed(&mut self, name: &str, arguments: &[String], input: &str, output: &mut String) -> Flow {
        const ABOUT_FILES: [&str; 11] =
            ["cat", "cd", "cp", "grep", "head", "ls", "mkdir", "mv", "rm", "tail", "wc"];
        let before = output.len();
        self.assumed_well = false;
        let decides = ["test", "[", "[[", "grep"].contains(&name);
        self.guessed |= decides
            && (input.contains(UNKNOWN) || arguments.iter().any(|argument| argument.contains(UNKNOWN)));
        let flow = self.builtin(name, arguments, input, output);
        // What is sought in a text that is known is found or not.
        let about_files = ABOUT_FILES.contains(&name) && (name != "grep" || input.is_empty());
        match flow {
            Flow::Status(code) if code != 0 && self.assumes && about_files => {
                output.truncate(before);
                self.print_unknown(output);
                Flow::Status(0)
            }
            flow => flow,
        }
    }

    /// What a program prints that nobody knows, if somebody asks for it.
    fn print_unknown(&self, output: &mut String) {
        if self.assumes && self.captured > 0 {
            output.extend([UNKNOWN, "\n"]);
        }
    }

    /// Sends what was printed where it shall go; gives an exit code if that cannot be.
    fn redirected(&mut self, redirects: &[Redirect], printed: &str, output: &mut String) -> Option<i32> {
        let mut to_file = false;
        for redirect in redirects {
            let (word, append) = match &redirect.target {
                Target::To(word) => (word, false),
                Target::Append(word) => (word, true),
                Target::From(_) | Target::Here(_) | Target::Same => continue,
            };
            if redirect.errors_only {
                continue;
            }
            let path = self.path(&self.text_now(word));
            to_file = true;
            if path == "dev/null" || path.starts_with("dev/") {
                continue;
            }
            let folder = path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
            if folder.is_some_and(|folder| !self.is_folder(&folder)) && !self.assumes {
                output.extend([format!("sh: {path}: No such file or directory\n")]);
                return Some(1);
            }
            let file = self.files.entry(path).or_default();
            if !append {
                file.clear();
            }
            file.push_str(printed);
        }
        if !to_file {
            output.push_str(printed);
        }
        None
    }

    /// A path from the root of the working directory.
    fn path(&self, written: &str) -> String {
        let whole = match written.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None if self.folder.is_empty() => written.to_owned(),
            None => format!("{}/{written}", self.folder),
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    fn is_folder(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        path.is_empty()
            || path == "tmp"
            || self.folders.contains(path)
            || self.files.range(inside.clone()..).next().is_some_and(|(file, _)| file.starts_with(&inside))
    }
}
