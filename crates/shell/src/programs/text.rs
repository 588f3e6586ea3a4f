//! Text tools: filters that read lines and write lines as they come.

use opscape_manifest::{golang, order};

use super::pattern::Pattern;
use super::refused;
use crate::process::{Io, Poll, Scope, Task};

/// What is done with the lines.
#[derive(Clone)]
enum Filter {
    Cat,
    Grep(Grep),
    Head { lines: usize },
    Tail { from: Option<usize>, last: usize, kept: Vec<String> },
    Wc { lines: bool, words: bool, bytes: bool, counts: [usize; 3] },
    Cut { bytes: bool, delimiter: char, ranges: Vec<(usize, usize)> },
    Sort { reverse: bool, numeric: bool, unique: bool, key: Option<usize>, kept: Vec<String> },
    Uniq { count: bool, last: Option<(String, usize)> },
    Tr { delete: bool, from: Vec<char>, to: Vec<char> },
    Tee { files: Vec<String> },
    Base64 { decode: bool, kept: String },
    Column { separator: Option<char>, columns: Vec<usize> },
    Replace { pattern: Pattern, with: String, all: bool },
}

/// The state of `grep`.
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
#[derive(Clone)]
struct Grep {
    pattern: Pattern,
    invert: bool,
    count: bool,
    only: bool,
    quiet: bool,
    hits: usize,
    /// Lines of context wanted before and after a match (`-B`, `-A`, `-C`).
    before: usize,
    after: usize,
    /// The last lines that were not shown, and how many are still to be shown after a match.
    held: Vec<String>,
    owed: usize,
    /// Whether lines were left out since the last one shown.
    gap: bool,
}

#[derive(Clone)]
struct Reading {
    name: String,
    filter: Filter,
    /// Files to read instead of the input.
    files: Vec<String>,
    opened: bool,
    failed: bool,
}

/// Options of a tool: letters with and without a value, then the rest.
struct Options<'a> {
    flags: Vec<(char, &'a str)>,
    rest: Vec<&'a str>,
}

fn options<'a>(arguments: &'a [String], flags: &str, valued: &str) -> Result<Options<'a>, char> {
    let mut found = Options { flags: Vec::new(), rest: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            found.rest.push(argument);
            continue;
        };
        if letters == "-" {
            found.rest.extend(arguments.by_ref().map(String::as_str));
            break;
        }
        if letters.starts_with(|c: char| c.is_ascii_digit()) && valued.contains('n') {
            found.flags.push(('n', letters));
            continue;
        }
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            rest = rest.get(letter.len_utf8()..).unwrap_or("");
            if valued.contains(letter) {
                let value = if rest.is_empty() { arguments.next().map_or("", String::as_str) } else { rest };
                found.flags.push((letter, value));
                break;
            }
            if !flags.contains(letter) {
                return Err(letter);
            }
            found.flags.push((letter, ""));
        }
    }
    Ok(found)
}

impl Options<'_> {
    fn has(&self, letter: char) -> bool {
        self.flags.iter().any(|(found, _)| *found == letter)
    }

    fn value(&self, letter: char) -> Option<&str> {
        self.flags.iter().rev().find(|(found, _)| *found == letter).map(|(_, value)| *value)
    }
}

pub(super) fn launch(name: &str, arguments: &[String]) -> Box<dyn Task> {
    let (flags, valued) = match name {
        "grep" | "egrep" => ("vicEoqF", "eABCm"),
        "head" | "tail" => ("", "n"),
        "wc" => ("lwcm", ""),
        "cut" => ("", "cdfb"),
        "sort" => ("rnu", "kt"),
        "uniq" => ("c", ""),
        "tr" => ("d", ""),
        "base64" => ("d", "w"),
        "awk" => ("", "F"),
        "sed" => ("nEr", "e"),
        _ => ("n", ""),
    };
    let options = match options(arguments, flags, valued) {
        Ok(options) => options,
        Err(letter) => return refused(2, format!("{name}: invalid option -- '{letter}'\n")),
    };
    let mut files: Vec<String> = options.rest.iter().map(|&file| file.to_owned()).collect();
    let filter = match filter(name, &options, &mut files) {
        Ok(filter) => filter,
        Err(message) => return refused(2, format!("{name}: {message}\n")),
    };
    Box::new(Reading { name: name.to_owned(), filter, files, opened: false, failed: false })
}

fn take_first(files: &mut Vec<String>, what: &str) -> Result<String, String> {
    if files.is_empty() { Err(format!("missing {what}")) } else { Ok(files.remove(0)) }
}

fn filter(name: &str, options: &Options<'_>, files: &mut Vec<String>) -> Result<Filter, String> {
    let count = |text: &str| text.parse::<usize>().map_err(|_| format!("invalid number of lines: '{text}'"));
    Ok(match name {
        "grep" | "egrep" => {
            let text = match options.value('e') {
                Some(text) => text.to_owned(),
                None => take_first(files, "pattern")?,
            };
            let text = if options.has('F') { escape(&text) } else { text };
            let pattern = Pattern::new(&text, name == "egrep" || options.has('E'), options.has('i'))
                .ok_or_else(|| format!("invalid regular expression '{text}'"))?;
            let lines = |letter: char| options.value(letter).or(options.value('C')).map_or(Ok(0), count);
            Filter::Grep(Grep {
                pattern,
                invert: options.has('v'),
                count: options.has('c'),
                only: options.has('o'),
                quiet: options.has('q'),
                hits: 0,
                before: lines('B')?,
                after: lines('A')?,
                held: Vec::new(),
                owed: 0,
                gap: false,
            })
        }
        "head" => Filter::Head { lines: count(options.value('n').unwrap_or("10"))? },
        "tail" => {
            let text = options.value('n').unwrap_or("10");
            match text.strip_prefix('+') {
                Some(from) => Filter::Tail { from: Some(count(from)?), last: 0, kept: Vec::new() },
                None => Filter::Tail { from: None, last: count(text)?, kept: Vec::new() },
            }
        }
        "wc" => {
            let all = options.flags.is_empty();
            let (lines, words) = (all || options.has('l'), all || options.has('w'));
            Filter::Wc { lines, words, bytes: all || options.has('c') || options.has('m'), counts: [0; 3] }
        }
        "cut" => {
            let bytes = options.value('c').or(options.value('b'));
            let list = bytes.or(options.value('f')).ok_or(
                "you must specify a list of bytes, characters, or fields\nTry 'cut --help' for more information.",
            )?;
            let delimiter = options.value('d').and_then(|text| text.chars().next()).unwrap_or('\t');
            let ranges = list.split(',').map(range).collect::<Option<_>>();
            let ranges = ranges.ok_or_else(|| format!("invalid field value '{list}'"))?;
            Filter::Cut { bytes: bytes.is_some(), delimiter, ranges }
        }
        "sort" => {
            let key = options.value('k').and_then(|key| key.split(',').next()?.parse().ok());
            let (reverse, numeric) = (options.has('r'), options.has('n'));
            Filter::Sort { reverse, numeric, unique: options.has('u'), key, kept: Vec::new() }
        }
        "uniq" => Filter::Uniq { count: options.has('c'), last: None },
        "tr" => {
            let delete = options.has('d');
            let from = set(&take_first(files, "operand")?);
            let to = if delete { Vec::new() } else { set(&take_first(files, "operand")?) };
            files.clear();
            Filter::Tr { delete, from, to }
        }
        "tee" => Filter::Tee { files: std::mem::take(files) },
        "base64" => Filter::Base64 { decode: options.has('d'), kept: String::new() },
        "awk" => {
            let program = take_first(files, "program")?;
            let columns = program
                .trim()
                .strip_prefix('{')
                .and_then(|text| text.strip_suffix('}'))
                .and_then(|text| text.trim().strip_prefix("print"))
                .and_then(|text| {
                    text.split(',').map(|word| word.trim().strip_prefix('$')?.parse().ok()).collect()
                });
            let separator = options.value('F').and_then(|text| text.chars().next());
            let columns = columns.ok_or("only '{print $N, ...}' is understood here")?;
            Filter::Column { separator, columns }
        }
        "sed" => {
            let program = match options.value('e') {
                Some(program) => program.to_owned(),
                None => take_first(files, "expression")?,
            };
            substitution(&program, options.has('E') || options.has('r'))
                .ok_or("only 's/PATTERN/TEXT/[g]' is understood here")?
        }
        _ => Filter::Cat,
    })
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for next in text.chars() {
        if ".*[]^$\\".contains(next) {
            escaped.push('\\');
        }
        escaped.push(next);
    }
    escaped
}

fn substitution(program: &str, extended: bool) -> Option<Filter> {
    let body = program.strip_prefix('s')?;
    let mark = body.chars().next()?;
    let mut parts = body.get(mark.len_utf8()..)?.split(mark);
    let (pattern, with, flags) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !matches!(flags, "" | "g") {
        return None;
    }
    let pattern = Pattern::new(pattern, extended, false)?;
    Some(Filter::Replace { pattern, with: with.to_owned(), all: flags == "g" })
}

/// `3`, `2-5`, `-4`, `3-` as a range of positions from 1, both ends included.
fn range(text: &str) -> Option<(usize, usize)> {
    match text.split_once('-') {
        None => text.parse().ok().map(|at| (at, at)),
        Some(("", to)) => Some((1, to.parse().ok()?)),
        Some((from, "")) => Some((from.parse().ok()?, usize::MAX)),
        Some((from, to)) => Some((from.parse().ok()?, to.parse().ok()?)),
    }
}

/// The characters of a set of `tr`: ranges and the escapes `\n`, `\t`.
fn set(text: &str) -> Vec<char> {
    let text = text.replace("\\n", "\n").replace("\\t", "\t");
    let chars: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(first) = chars.get(at) {
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(last)) if last >= first => {
                all.extend(*first..=*last);
                at += 3;
            }
            _ => {
                all.push(*first);
                at += 1;
            }
        }
    }
    all
}

impl Task for Reading {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        if !self.opened {
            self.opened = true;
            let only_input = self.files.iter().all(|file| file == "-");
            if !only_input {
                let mut text = String::new();
                for file in &self.files {
                    match scope.shell.file(scope.world, file) {
                        Some(content) => text.push_str(&content),
                        None if file == "-" => text.push_str(&io.input),
                        None => {
                            io.err(&format!("{}: {file}: No such file or directory\n", self.name));
                            self.failed = true;
                        }
                    }
                }
                io.input = text;
                io.input_closed = true;
            }
        }
        while let Some(line) = io.line() {
            if let Some(code) = self.filter.line(&line, io, scope) {
                return Poll::Done(code);
            }
        }
        if !io.input_closed {
            return Poll::Waiting(None);
        }
        let code = self.filter.end(io);
        Poll::Done(if self.failed { 1 } else { code })
    }
}

impl Filter {
    /// Handles a line with its end; Some: the tool has seen enough.
    fn line(&mut self, line: &str, io: &mut Io, scope: &mut Scope<'_>) -> Option<i32> {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        match self {
            Filter::Cat => io.out(line),
            Filter::Grep(grep) => return grep.line(bare, io),
            Filter::Head { lines } => {
                if *lines > 0 {
                    io.out(line);
                    *lines -= 1;
                }
                if *lines == 0 {
                    return Some(0);
                }
            }
            Filter::Tail { from: Some(from), .. } => {
                if *from <= 1 {
                    io.out(line);
                }
                *from = from.saturating_sub(1);
            }
            Filter::Tail { last, kept, .. } => {
                kept.push(line.to_owned());
                if kept.len() > *last {
                    kept.remove(0);
                }
            }
            Filter::Wc { counts: [lines, words, bytes], .. } => {
                *lines += usize::from(line.ends_with('\n'));
                *words += line.split_whitespace().count();
                *bytes += line.len();
            }
            Filter::Cut { bytes, delimiter, ranges } => {
                io.out(&cut(bare, *bytes, *delimiter, ranges));
                io.out("\n");
            }
            Filter::Sort { kept, .. } => kept.push(bare.to_owned()),
            Filter::Uniq { count, last } => match last {
                Some((text, times)) if text == bare => *times += 1,
                _ => {
                    let before = last.replace((bare.to_owned(), 1));
                    uniq_line(before, *count, io);
                }
            },
            Filter::Tr { delete, from, to } => {
                let mapped: String = line
                    .chars()
                    .filter_map(|c| match from.iter().position(|wanted| *wanted == c) {
                        Some(_) if *delete => None,
                        Some(at) => to.get(at).or(to.last()).copied(),
                        None => Some(c),
                    })
                    .collect();
                io.out(&mapped);
            }
            Filter::Tee { files } => {
                for file in files.iter() {
                    scope.shell.files.entry(file.clone()).or_default().push_str(line);
                }
                io.out(line);
            }
            Filter::Base64 { kept, .. } => kept.push_str(line),
            Filter::Column { separator, columns } => {
                let fields: Vec<&str> = match separator {
                    Some(separator) => bare.split(*separator).collect(),
                    None => bare.split_whitespace().collect(),
                };
                let picked: Vec<&str> = columns
                    .iter()
                    .map(|column| match column.checked_sub(1) {
                        None => bare,
                        Some(at) => fields.get(at).copied().unwrap_or(""),
                    })
                    .collect();
                io.out(&picked.join(" "));
                io.out("\n");
            }
            Filter::Replace { pattern, with, all } => {
                io.out(&replace(bare, pattern, with, *all));
                io.out("\n");
            }
        }
        None
    }

    fn end(&mut self, io: &mut Io) -> i32 {
        match self {
            Filter::Grep(grep) => {
                if grep.count {
                    io.out(&format!("{}\n", grep.hits));
                }
                return i32::from(grep.hits == 0);
            }
            Filter::Tail { kept, .. } => kept.iter().for_each(|line| io.out(line)),
            Filter::Wc { lines, words, bytes, counts } => {
                let wanted = [*lines, *words, *bytes];
                let shown: Vec<usize> = counts
                    .iter()
                    .zip(wanted)
                    .filter_map(|(count, wanted)| wanted.then_some(*count))
                    .collect();
                let text = match shown.as_slice() {
                    [one] => one.to_string(),
                    several => several.iter().map(|count| format!("{count:7}")).collect::<Vec<_>>().join(" "),
                };
                io.out(&text);
                io.out("\n");
            }
            Filter::Sort { reverse, numeric, unique, key, kept } => {
                let key = *key;
                let field = |line: &str| match key {
                    Some(at) => {
                        line.split_whitespace().skip(at.saturating_sub(1)).collect::<Vec<_>>().join(" ")
                    }
                    None => line.to_owned(),
                };
                let number = |text: &str| {
                    let text = text.trim_start();
                    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '-' || c == '.'));
                    text.get(..end.unwrap_or(text.len())).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0)
                };
                order::sort_by(kept, |a, b| {
                    let (x, y) = (field(a), field(b));
                    let order = if *numeric { number(&x).total_cmp(&number(&y)) } else { x.cmp(&y) };
                    let order = order.then_with(|| a.cmp(b));
                    if *reverse { order.reverse() } else { order }
                });
                if *unique {
                    kept.dedup();
                }
                for line in kept {
                    io.out(line);
                    io.out("\n");
                }
            }
            Filter::Uniq { count, last } => uniq_line(last.take(), *count, io),
            Filter::Base64 { decode: false, kept } => {
                io.out(&golang::base64(kept.as_bytes()));
                io.out("\n");
            }
            Filter::Base64 { kept, .. } => {
                if let Ok(bytes) = golang::base64_decode(kept.trim()) {
                    io.out(&String::from_utf8_lossy(&bytes));
                } else {
                    io.err("base64: invalid input\n");
                    return 1;
                }
            }
            _ => {}
        }
        0
    }
}

impl Grep {
    fn line(&mut self, line: &str, io: &mut Io) -> Option<i32> {
        let chars: Vec<char> = line.chars().collect();
        let found = self.pattern.find(&chars);
        if found.is_some() == self.invert {
            if self.owed > 0 {
                self.owed -= 1;
                io.out(&format!("{line}\n"));
            } else if self.before > 0 || self.after > 0 {
                self.held.push(line.to_owned());
                if self.held.len() > self.before {
                    self.held.remove(0);
                    self.gap = true;
                }
            }
            return None;
        }
        self.hits += 1;
        if self.quiet {
            return Some(0);
        }
        if self.count {
            return None;
        }
        if std::mem::take(&mut self.gap) && self.hits > 1 {
            io.out("--\n");
        }
        for held in std::mem::take(&mut self.held) {
            io.out(&format!("{held}\n"));
        }
        self.owed = self.after;
        if let (true, Some((from, to))) = (self.only, found) {
            let text: String = chars.get(from..to).unwrap_or_default().iter().collect();
            io.out(&format!("{text}\n"));
        } else {
            io.out(&format!("{line}\n"));
        }
        None
    }
}

fn uniq_line(group: Option<(String, usize)>, count: bool, io: &mut Io) {
    if let Some((text, times)) = group {
        io.out(&if count { format!("{times:7} {text}\n") } else { format!("{text}\n") });
    }
}

fn cut(line: &str, bytes: bool, delimiter: char, ranges: &[(usize, usize)]) -> String {
    let picked = |at: usize| ranges.iter().any(|(from, to)| (*from..=*to).contains(&(at + 1)));
    if bytes {
        return line.chars().enumerate().filter(|(at, _)| picked(*at)).map(|(_, c)| c).collect();
    }
    if !line.contains(delimiter) {
        return line.to_owned();
    }
    let fields: Vec<&str> =
        line.split(delimiter).enumerate().filter(|(at, _)| picked(*at)).map(|(_, field)| field).collect();
    fields.join(delimiter.encode_utf8(&mut [0; 4]))
}

fn replace(line: &str, pattern: &Pattern, with: &str, all: bool) -> String {
    let mut rest: Vec<char> = line.chars().collect();
    let mut out = String::new();
    while let Some((from, to)) = pattern.find(&rest) {
        let matched: String = rest.get(from..to).unwrap_or_default().iter().collect();
        out.extend(rest.drain(..from));
        out.push_str(&with.replace('&', &matched));
        rest.drain(..to - from);
        if !all || rest.is_empty() {
            break;
        }
        if to == from {
            out.push(rest.remove(0));
        }
    }
    out.extend(rest);
    out
}
