//! The commands that are understood.

use std::time::Duration;

use super::{Flow, Shell};
use crate::run::duration;

impl Shell {
    pub(super) fn builtin(
        &mut self,
        name: &str,
        arguments: &[String],
        input: &str,
        output: &mut String,
    ) -> Flow {
        let first = arguments.first().map(String::as_str);
        let paths: Vec<String> =
            arguments.iter().filter(|argument| !argument.starts_with('-')).cloned().collect();
        let code = match name {
            "false" => 1,
            "exit" => {
                let code = first
                    .and_then(|code| code.parse::<i64>().ok())
                    .map_or(self.status, |code| (code & 255) as i32);
                return Flow::Exit(code);
            }
            "break" => return Flow::Break,
            "continue" => return Flow::Continue,
            "echo" => {
                let (words, line) = match first {
                    Some("-n") => (arguments.get(1..).unwrap_or(&[]), false),
                    Some("-e") => (arguments.get(1..).unwrap_or(&[]), true),
                    _ => (arguments, true),
                };
                output.push_str(&words.join(" "));
                if line {
                    output.push('\n');
                }
                0
            }
            "printf" => {
                let mut text = first.unwrap_or("").replace("\\n", "\n").replace("\\t", "\t");
                for argument in arguments.iter().skip(1) {
                    text = text.replacen("%s", argument, 1).replacen("%d", argument, 1);
                }
                output.push_str(&text);
                0
            }
            "test" => self.test(arguments),
            "[" | "[[" => match arguments.split_last() {
                Some((last, inner)) if last == "]" || last == "]]" => self.test(inner),
                _ => 2,
            },
            "set" => {
                for option in arguments {
                    match option.as_bytes() {
                        [b'+', rest @ ..] if rest.contains(&b'e') => self.lenient = true,
                        [b'-', rest @ ..] if rest.contains(&b'e') => self.lenient = false,
                        _ => {}
                    }
                }
                0
            }
            ":" | "true" | "shopt" | "ulimit" | "umask" | "trap" | "wait" | "local" | "readonly"
            | "chmod" | "sync" => 0,
            "export" => {
                for argument in arguments {
                    if let Some((name, value)) = argument.split_once('=') {
                        self.variables.insert(name.to_owned(), value.to_owned());
                    }
                }
                0
            }
            "unset" => {
                for name in &paths {
                    self.variables.remove(name);
                }
                0
            }
            "sleep" => {
                let seconds = first.and_then(|time| time.trim_end_matches('s').parse::<f64>().ok());
                self.elapsed += Duration::from_secs(seconds.unwrap_or(0.0) as u64);
                return Flow::Status(0);
            }
            "cd" => {
                let path = self.path(first.unwrap_or(""));
                let there = self.is_folder(&path) || first.is_some_and(|path| path.starts_with('/'));
                if there {
                    self.folder = path;
                }
                i32::from(!there)
            }
            "pwd" => {
                output.extend([format!("/{}\n", self.folder)]);
                0
            }
            "mkdir" => {
                let parents =
                    arguments.iter().any(|argument| argument.starts_with('-') && argument.contains('p'));
                self.make_folders(&paths, parents)
            }
            "touch" => {
                for path in &paths {
                    let path = self.path(path);
                    self.files.entry(path).or_default();
                }
                0
            }
            "cat" if paths.is_empty() => {
                output.push_str(input);
                0
            }
            "cat" | "head" | "tail" | "wc" => self.read(name, &paths, input, output),
            "tee" => {
                let append = arguments.iter().any(|argument| argument == "-a" || argument == "--append");
                for path in &paths {
                    let path = self.path(path);
                    let file = self.files.entry(path).or_default();
                    if !append {
                        file.clear();
                    }
                    file.push_str(input);
                }
                output.push_str(input);
                0
            }
            "rm" => self.remove(arguments, &paths),
            "cp" | "mv" => self.copy(name == "mv", &paths),
            "ls" => {
                let missing = paths.iter().any(|path| {
                    let path = self.path(path);
                    !self.files.contains_key(&path) && !self.is_folder(&path)
                });
                if missing { 2 } else { 0 }
            }
            "grep" => self.grep(arguments, input, output),
            "sed" if self.talk.is_some() => match self.sed(arguments, input, output) {
                Some(code) => code,
                None => self.only_takes_time(name, arguments, output),
            },
            "envsubst" if self.talk.is_some() => {
                output.push_str(&self.filled(input, first));
                0
            }
            _ => {
                let words: Vec<String> =
                    [name.to_owned()].into_iter().chain(arguments.iter().cloned()).collect();
                if let Some(flow) = self.outside(&words, input, output) {
                    return flow;
                }
                self.only_takes_time(name, arguments, output)
            }
        };
        Flow::Status(code)
    }

    fn only_takes_time(&mut self, name: &str, arguments: &[String], output: &mut String) -> i32 {
        let (time, opaque) = duration::script(&format!("{name} {}", arguments.join(" ")));
        if opaque {
            self.unknown.insert(name.to_owned());
        }
        if !time.is_zero() {
            self.clouds();
        }
        self.elapsed += Duration::from_secs(time.as_secs_f64().ceil() as u64);
        self.print_unknown(output);
        // It is taken to have gone well.
        self.assumed_well = true;
        0
    }

    fn make_folders(&mut self, paths: &[String], parents: bool) -> i32 {
        for path in paths {
            let path = self.path(path);
            if self.is_folder(&path) {
                if parents {
                    continue;
                }
                return 1;
            }
            let mut whole = String::new();
            for part in path.split('/') {
                if !whole.is_empty() {
                    whole.push('/');
                }
                whole.push_str(part);
                if whole != path && !parents && !self.is_folder(&whole) {
                    return 1;
                }
                self.folders.insert(whole.clone());
            }
        }
        0
    }

    fn read(&mut self, name: &str, paths: &[String], input: &str, output: &mut String) -> i32 {
        let mut text = String::new();
        // `head -5 file`: the number is no path.
        let paths: Vec<&String> = paths.iter().filter(|path| path.parse::<u32>().is_err()).collect();
        if paths.is_empty() {
            text.push_str(input);
        }
        for path in paths {
            let Some(content) = self.files.get(&self.path(path)) else {
                output.extend([format!("{name}: {path}: No such file or directory\n")]);
                return 1;
            };
            text.push_str(content);
        }
        match name {
            "wc" => output.extend([format!("{}\n", text.lines().count())]),
            "head" => output.extend(text.lines().take(10).flat_map(|line| [line, "\n"])),
            _ => output.push_str(&text),
        }
        0
    }

    fn remove(&mut self, arguments: &[String], paths: &[String]) -> i32 {
        let option =
            |c: char| arguments.iter().any(|argument| argument.starts_with('-') && argument.contains(c));
        for path in paths {
            let path = self.path(path);
            let inside = format!("{path}/");
            if self.files.remove(&path).is_some() {
                continue;
            }
            if self.is_folder(&path) && option('r') {
                self.files.retain(|file, _| !file.starts_with(&inside));
                self.folders.retain(|folder| *folder != path && !folder.starts_with(&inside));
            } else if !option('f') {
                return 1;
            }
        }
        0
    }

    fn copy(&mut self, remove: bool, paths: &[String]) -> i32 {
        let Some((target, sources)) = paths.split_last() else { return 1 };
        let target = self.path(target);
        for source in sources {
            let source = self.path(source);
            let name = source.rsplit('/').next().unwrap_or("").to_owned();
            let into = self.is_folder(&target);
            let to = if into { format!("{target}/{name}") } else { target.clone() };
            if let Some(text) = self.files.get(&source).cloned() {
                self.files.insert(to, text);
                if remove {
                    self.files.remove(&source);
                }
            } else if self.is_folder(&source) {
                let inside = format!("{source}/");
                let moved: Vec<(String, String)> = self
                    .files
                    .iter()
                    .filter_map(|(file, text)| Some((file.strip_prefix(&inside)?.to_owned(), text.clone())))
                    .collect();
                self.folders.insert(to.clone());
                for (file, text) in moved {
                    self.files.insert(format!("{to}/{file}"), text);
                    if remove {
                        self.files.remove(&format!("{inside}{file}"));
                    }
                }
            } else {
                return 1;
            }
        }
        0
    }

    fn grep(&mut self, arguments: &[String], input: &str, output: &mut String) -> i32 {
        let option =
            |c: char| arguments.iter().any(|argument| argument.starts_with('-') && argument.contains(c));
        let mut plain = arguments.iter().filter(|argument| !argument.starts_with('-'));
        let Some(pattern) = plain.next() else { return 2 };
        let mut text = String::new();
        let paths: Vec<&String> = plain.collect();
        for path in &paths {
            let Some(content) = self.files.get(&self.path(path)) else { return 2 };
            text.push_str(content);
        }
        if paths.is_empty() {
            text.push_str(input);
        }
        let expression = if option('F') {
            None
        } else {
            crate::gitlab::pattern::Pattern::new(pattern, if option('i') { "i" } else { "" })
        };
        let fits = |line: &&str| {
            let found = match &expression {
                Some(expression) => expression.is_match(line),
                None => line.contains(pattern.as_str()),
            };
            found != option('v')
        };
        let found: Vec<&str> = text.lines().filter(fits).collect();
        if !option('q') {
            output.extend(found.iter().flat_map(|line| [*line, "\n"]));
        }
        i32::from(found.is_empty())
    }

    /// `test`: 0 if it holds, 1 if not, 2 for what is no test.
    fn test(&mut self, arguments: &[String]) -> i32 {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        // A file that is not there may be there all the same.
        self.guessed |= self.assumes
            && words.iter().any(|word| ["-d", "-e", "-f", "-r", "-s", "-w", "-x"].contains(word));
        match self.holds(&words) {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        }
    }

    fn holds(&self, words: &[&str]) -> Option<bool> {
        for (joint, any) in [("-o", true), ("||", true), ("-a", false), ("&&", false)] {
            if let Some(at) = words.iter().position(|word| *word == joint).filter(|at| *at > 0) {
                let (left, right) = (self.holds(words.get(..at)?)?, self.holds(words.get(at + 1..)?)?);
                return Some(if any { left || right } else { left && right });
            }
        }
        match words {
            [] => Some(false),
            ["!", rest @ ..] if !rest.is_empty() => self.holds(rest).map(|holds| !holds),
            ["(", inner @ .., ")"] => self.holds(inner),
            [text] => Some(!text.is_empty()),
            [test, value] => {
                let path = self.path(value);
                Some(match *test {
                    "-z" => value.is_empty(),
                    "-n" => !value.is_empty(),
                    "-f" | "-r" | "-w" => self.files.contains_key(&path),
                    "-d" => self.is_folder(&path),
                    "-e" => self.files.contains_key(&path) || self.is_folder(&path),
                    "-s" => self.files.get(&path).is_some_and(|text| !text.is_empty()),
                    "-x" | "-L" | "-h" => false,
                    "-v" => self.variables.contains_key(*value),
                    _ => return None,
                })
            }
            [left, test, right] => {
                let numbers = || Some((left.trim().parse::<i64>().ok()?, right.trim().parse::<i64>().ok()?));
                Some(match *test {
                    "=" => left == right,
                    "==" => left == right || crate::gitlab::glob::fits(right, left),
                    "!=" => left != right,
                    "=~" => crate::gitlab::pattern::Pattern::new(right, "")?.is_match(left),
                    "<" => left < right,
                    ">" => left > right,
                    "-eq" => numbers().map(|(left, right)| left == right)?,
                    "-ne" => numbers().map(|(left, right)| left != right)?,
                    "-lt" => numbers().map(|(left, right)| left < right)?,
                    "-le" => numbers().map(|(left, right)| left <= right)?,
                    "-gt" => numbers().map(|(left, right)| left > right)?,
                    "-ge" => numbers().map(|(left, right)| left >= right)?,
                    _ => return None,
                })
            }
            _ => None,
        }
    }
}
