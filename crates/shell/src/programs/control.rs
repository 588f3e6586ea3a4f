//! Programs that run or delay other programs, and what the shell itself knows.

use opscape_manifest::api::meta::Timestamp;
use opscape_sim::Time;

use super::{Ended, launch, refused};
use crate::process::{Io, Poll, Scope, Task};

/// `10`, `1.5s`, `2m`, `1h`, `1d` in microseconds.
fn span(text: &str) -> Option<u64> {
    let (number, unit) = match text.chars().last()? {
        's' => (text.strip_suffix('s')?, 1e6),
        'm' => (text.strip_suffix('m')?, 6e7),
        'h' => (text.strip_suffix('h')?, 3.6e9),
        'd' => (text.strip_suffix('d')?, 8.64e10),
        _ => (text, 1e6),
    };
    let amount: f64 = number.parse().ok()?;
    (amount >= 0.0 && amount * unit < 1e18).then_some((amount * unit) as u64)
}

fn after(now: Time, micros: u64) -> Time {
    Time(now.0.saturating_add(micros))
}

fn earlier(a: Option<Time>, b: Time) -> Time {
    a.map_or(b, |a| a.min(b))
}

/// `timeout SECONDS COMMAND...`: ends it with exit code 124.
#[derive(Clone)]
struct Timeout {
    micros: u64,
    words: Vec<String>,
    running: Option<(Time, Box<dyn Task>)>,
}

pub(super) fn timeout(arguments: &[String]) -> Box<dyn Task> {
    let Some((first, words)) = arguments.split_first() else {
        return refused(125, "timeout: missing operand\nTry 'timeout --help' for more information.\n");
    };
    match span(first) {
        Some(micros) if !words.is_empty() => {
            Box::new(Timeout { micros, words: words.to_vec(), running: None })
        }
        Some(_) => refused(125, "timeout: missing operand\nTry 'timeout --help' for more information.\n"),
        None => refused(
            125,
            format!("timeout: invalid time interval '{first}'\nTry 'timeout --help' for more information.\n"),
        ),
    }
}

impl Task for Timeout {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let now = scope.world.now();
        let (deadline, task) = if let Some(running) = &mut self.running {
            running
        } else {
            let task = launch(std::mem::take(&mut self.words), scope.shell);
            self.running.insert((after(now, self.micros), task))
        };
        match task.poll(io, scope) {
            Poll::Done(code) => Poll::Done(code),
            Poll::Waiting(_) if now >= *deadline => Poll::Done(124),
            Poll::Waiting(until) => Poll::Waiting(Some(earlier(until, *deadline))),
        }
    }
}

#[derive(Clone)]
struct Sleep {
    micros: u64,
    until: Option<Time>,
}

pub(super) fn sleep(arguments: &[String]) -> Box<dyn Task> {
    let spans: Option<Vec<u64>> = arguments.iter().map(|text| span(text)).collect();
    match spans {
        Some(spans) if !spans.is_empty() => Box::new(Sleep {
            micros: spans.iter().fold(0, |sum, span| sum.saturating_add(*span)),
            until: None,
        }),
        Some(_) => refused(1, "sleep: missing operand\nTry 'sleep --help' for more information.\n"),
        None => refused(
            1,
            format!(
                "sleep: invalid time interval '{}'\nTry 'sleep --help' for more information.\n",
                arguments.join(" ")
            ),
        ),
    }
}

impl Task for Sleep {
    fn poll(&mut self, _: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let now = scope.world.now();
        let until = *self.until.get_or_insert(after(now, self.micros));
        if now >= until { Poll::Done(0) } else { Poll::Waiting(Some(until)) }
    }
}

/// `xargs COMMAND...`: adds the words of the input to the command.
#[derive(Clone)]
struct Xargs {
    words: Vec<String>,
    one_by_one: bool,
    waiting: Vec<String>,
    running: Option<Box<dyn Task>>,
    status: i32,
}

pub(super) fn xargs(mut arguments: Vec<String>) -> Box<dyn Task> {
    let mut one_by_one = false;
    loop {
        match arguments.first().map(String::as_str) {
            Some("-n" | "-L") => {
                arguments.drain(..2.min(arguments.len()));
                one_by_one = true;
            }
            Some("-n1" | "-L1") => {
                arguments.remove(0);
                one_by_one = true;
            }
            Some("-r" | "-t") => {
                arguments.remove(0);
            }
            _ => break,
        }
    }
    if arguments.is_empty() {
        arguments.push("echo".to_owned());
    }
    Box::new(Xargs { words: arguments, one_by_one, waiting: Vec::new(), running: None, status: 0 })
}

impl Task for Xargs {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        if !io.input_closed {
            return Poll::Waiting(None);
        }
        self.waiting.extend(std::mem::take(&mut io.input).split_whitespace().map(str::to_owned));
        loop {
            if let Some(task) = &mut self.running {
                match task.poll(io, scope) {
                    Poll::Waiting(until) => return Poll::Waiting(until),
                    Poll::Done(0) => {}
                    Poll::Done(_) => self.status = 123,
                }
                self.running = None;
            }
            if self.waiting.is_empty() {
                return Poll::Done(self.status);
            }
            let count = if self.one_by_one { 1 } else { self.waiting.len() };
            let mut words = self.words.clone();
            words.extend(self.waiting.drain(..count));
            self.running = Some(launch(words, scope.shell));
        }
    }
}

/// `watch [-n SECONDS] COMMAND...`: runs it again and again, until it is interrupted.
#[derive(Clone)]
struct Watch {
    every: u64,
    words: Vec<String>,
    next: Option<Time>,
    running: Option<Box<dyn Task>>,
}

pub(super) fn watch(arguments: &[String]) -> Box<dyn Task> {
    let (every, words) = match arguments {
        [flag, seconds, words @ ..] if flag == "-n" || flag == "--interval" => (span(seconds), words),
        [flag, words @ ..] if flag.starts_with("-n") => (flag.strip_prefix("-n").and_then(span), words),
        words => (Some(2_000_000), words),
    };
    match every {
        Some(every) if !words.is_empty() => {
            let words = words.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned).collect();
            Box::new(Watch { every: every.max(100_000), words, next: None, running: None })
        }
        _ => refused(1, "Usage:\n watch [options] command\n"),
    }
}

impl Task for Watch {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let now = scope.world.now();
        if self.running.is_none() && self.next.is_none_or(|next| now >= next) {
            if self.next.is_some() {
                io.out("\n");
            }
            self.next = Some(after(now, self.every));
            self.running = Some(launch(self.words.clone(), scope.shell));
        }
        if let Some(task) = &mut self.running
            && let Poll::Done(_) = task.poll(io, scope)
        {
            self.running = None;
        }
        Poll::Waiting(self.next)
    }
}

/// What the shell does itself, at once.
#[derive(Clone)]
pub(super) struct Builtin {
    pub name: String,
    pub arguments: Vec<String>,
}

impl Task for Builtin {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        match self.name.as_str() {
            "echo" => echo(&self.arguments, io),
            "printf" => {
                if let Some((format, values)) = self.arguments.split_first() {
                    io.out(&printf(format, values));
                }
            }
            "pwd" => io.out("/lab\n"),
            // What the program writes for a terminal: cursor home, erase the screen, erase what was scrolled away.
            "clear" => io.out("\x1b[H\x1b[2J\x1b[3J"),
            "date" => {
                let now = scope.utc();
                io.out(&format!("{}\n", Timestamp(now.0.div_euclid(1_000_000))));
            }
            "ls" => return ls(&self.arguments, io, scope),
            "rm" => {
                for file in self.arguments.iter().filter(|file| !file.starts_with('-')) {
                    if scope.shell.files.remove(file).is_none() {
                        io.err(&format!("rm: cannot remove '{file}': No such file or directory\n"));
                        return Poll::Done(1);
                    }
                }
            }
            "export" => {
                for argument in &self.arguments {
                    if let Some((name, value)) = argument.split_once('=') {
                        scope.shell.variables.insert(name.to_owned(), value.to_owned());
                    }
                }
            }
            "unset" => self.arguments.iter().for_each(|name| {
                scope.shell.variables.remove(name);
            }),
            "alias" => {
                for argument in &self.arguments {
                    if let Some((name, value)) = argument.split_once('=') {
                        scope.shell.aliases.insert(name.to_owned(), value.to_owned());
                    }
                }
                if self.arguments.is_empty() {
                    for (name, value) in &scope.shell.aliases {
                        io.out(&format!("alias {name}='{value}'\n"));
                    }
                }
            }
            "help" => io.out(&crate::elsewhere::help(scope.shell)),
            // Files here are named by their whole path; there are no directories to make or enter.
            _ => {}
        }
        Poll::Done(0)
    }
}

fn echo(arguments: &[String], io: &mut Io) {
    let mut rest = arguments;
    let (mut newline, mut escapes) = (true, false);
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "-n" => newline = false,
            "-e" => escapes = true,
            "-ne" | "-en" => (newline, escapes) = (false, true),
            _ => break,
        }
        rest = after;
    }
    let mut text = rest.join(" ");
    if escapes {
        text = unescape(&text);
    }
    if newline {
        text.push('\n');
    }
    io.out(&text);
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        match (next, next == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('\\') | None => out.push('\\'),
                Some(other) => out.extend(['\\', other]),
            },
            (other, _) => out.push(other),
        }
    }
    out
}

/// `printf FORMAT VALUES`: `%s`, `%d`, `%%` and escapes.
fn printf(format: &str, values: &[String]) -> String {
    let mut out = String::new();
    let mut values = values.iter();
    let format = unescape(format);
    let mut chars = format.chars();
    while let Some(next) = chars.next() {
        match next {
            '%' => match chars.next() {
                Some('s') => out.push_str(values.next().map_or("", String::as_str)),
                Some('d') => out.push_str(values.next().map_or("0", String::as_str)),
                Some(other) => out.push(other),
                None => out.push('%'),
            },
            other => out.push(other),
        }
    }
    out
}

fn ls(arguments: &[String], io: &mut Io, scope: &mut Scope<'_>) -> Poll {
    let wanted: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|path| !path.starts_with('-') && *path != ".").collect();
    let mut files: Vec<String> = scope.world.files();
    files.extend(scope.shell.files.keys().cloned());
    crate::sorted::distinct(&mut files);
    let mut code = 0;
    for path in &wanted {
        let inside = format!("{}/", path.trim_end_matches('/'));
        if !files.iter().any(|file| file == path || file.starts_with(&inside)) {
            io.err(&format!("ls: cannot access '{path}': No such file or directory\n"));
            code = 2;
        }
    }
    for file in files {
        let shown = wanted
            .iter()
            .any(|path| file == *path || file.starts_with(&format!("{}/", path.trim_end_matches('/'))));
        if wanted.is_empty() || shown {
            io.out(&file);
            io.out("\n");
        }
    }
    Ended(code).poll(io, scope)
}
