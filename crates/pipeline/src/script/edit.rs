//! `sed` and `envsubst`, as far as scripts that deploy something use them.

use super::Shell;
use crate::gitlab::pattern::Pattern;

/// `s/pattern/replacement/g`.
struct Substitution {
    pattern: Pattern,
    replacement: String,
    global: bool,
}

impl Shell {
    /// `sed [-i] [-E] [-e] 's/a/b/g; s|c|d|' [FILE...]`. None: it does something else, and is not understood.
    pub(super) fn sed(&mut self, arguments: &[String], input: &str, output: &mut String) -> Option<i32> {
        let (mut in_place, mut extended) = (false, false);
        let mut scripts: Vec<&str> = Vec::new();
        let mut plain: Vec<&str> = Vec::new();
        let mut rest = arguments.iter().map(String::as_str);
        while let Some(argument) = rest.next() {
            match argument {
                "-i" | "--in-place" | "-i.bak" | "-i.orig" | "" => in_place = true,
                "-E" | "-r" | "--regexp-extended" => extended = true,
                "-e" | "--expression" => scripts.push(rest.next()?),
                "-ie" | "-i -e" => {
                    in_place = true;
                    scripts.push(rest.next()?);
                }
                "-Ei" | "-ri" | "-iE" => (in_place, extended) = (true, true),
                _ if argument.starts_with('-') && argument.len() > 1 => return None,
                _ => plain.push(argument),
            }
        }
        if scripts.is_empty() {
            scripts.push(plain.first()?);
            plain.remove(0);
        }
        let mut substitutions = Vec::new();
        for script in scripts {
            read(script, extended, &mut substitutions)?;
        }
        if plain.is_empty() {
            output.push_str(&edited(input, &substitutions));
            return Some(0);
        }
        for name in plain {
            let path = self.path(name);
            let Some(text) = self.files.get(&path) else {
                self.errors.extend([format!("sed: can't read {name}: No such file or directory\n")]);
                return Some(2);
            };
            let text = edited(text, &substitutions);
            if in_place {
                self.files.insert(path, text);
            } else {
                output.push_str(&text);
            }
        }
        Some(0)
    }

    /// `envsubst`: the variables in a text, all of them or those that are named.
    pub(super) fn filled(&self, text: &str, only: Option<&str>) -> String {
        let wanted = |name: &str| {
            only.is_none_or(|only| {
                only.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
            })
        };
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            result.push_str(before);
            let braced =
                after.strip_prefix('{').and_then(|inner| inner.split_once('}')).map(|(name, _)| name);
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            let (name, length) =
                braced.map_or((after.get(..end).unwrap_or(""), end), |name| (name, name.len() + 2));
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_name && wanted(name) {
                result.push_str(self.variables.get(name).map_or("", String::as_str));
                rest = after.get(length..).unwrap_or("");
            } else {
                result.push('$');
                rest = after;
            }
        }
        result.push_str(rest);
        result
    }
}

/// The commands of a script of `sed`: only `s` is known.
fn read(script: &str, extended: bool, into: &mut Vec<Substitution>) -> Option<()> {
    let mut rest = script.trim_start_matches([' ', ';', '\n']);
    while !rest.is_empty() {
        let mut chars = rest.strip_prefix('s')?.chars();
        let mark = chars.next().filter(|mark| !mark.is_alphanumeric() && *mark != '\\' && *mark != ' ')?;
        let (pattern, after) = part(chars.as_str(), mark)?;
        let (replacement, after) = part(after, mark)?;
        let end = after.find([';', '\n']).unwrap_or(after.len());
        let flags = after.get(..end)?.trim();
        if !flags.chars().all(|flag| "gI".contains(flag)) {
            return None;
        }
        // `\\1` is not known.
        let refers = replacement
            .as_bytes()
            .windows(2)
            .any(|pair| pair.first() == Some(&b'\\') && pair.last().is_some_and(u8::is_ascii_digit));
        if refers {
            return None;
        }
        let expression = if extended { pattern } else { basic(&pattern) };
        let fold = if flags.contains('I') { "i" } else { "" };
        let pattern = Pattern::new(&expression, fold)?;
        into.push(Substitution { pattern, replacement, global: flags.contains('g') });
        rest = after.get(end..)?.trim_start_matches([' ', ';', '\n']);
    }
    Some(())
}

/// The text up to a mark, and what comes behind it.
fn part(text: &str, mark: char) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            c if c == mark => return Some((part, chars.as_str())),
            '\\' => {
                let next = chars.next()?;
                if next != mark {
                    part.push('\\');
                }
                part.push(next);
            }
            c => part.push(c),
        }
    }
}

/// A basic regular expression as an extended one: `+ ? | ( ) { }` mean themselves, and with `\\` before them what they mean there.
fn basic(pattern: &str) -> String {
    let mut result = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(next) if "+?|(){}".contains(next) => result.push(next),
                Some(next) => result.extend(['\\', next]),
                None => result.push_str("\\\\"),
            },
            _ if "+?|(){}".contains(c) => result.extend(['\\', c]),
            _ => result.push(c),
        }
    }
    result
}

fn edited(text: &str, substitutions: &[Substitution]) -> String {
    let mut result = String::new();
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        let mut body = body.to_owned();
        for substitution in substitutions {
            body = substitution.on(&body);
        }
        result.push_str(&body);
        result.push_str(end);
    }
    result
}

impl Substitution {
    fn on(&self, line: &str) -> String {
        let chars: Vec<char> = line.chars().collect();
        let mut result = String::new();
        let mut at = 0;
        while let Some((from, until)) = self.pattern.find(&chars, at) {
            result.extend(chars.get(at..from).unwrap_or_default());
            let found: String = chars.get(from..until).unwrap_or_default().iter().collect();
            let mut replacement = self.replacement.chars();
            while let Some(c) = replacement.next() {
                match c {
                    '&' => result.push_str(&found),
                    '\\' => match replacement.next() {
                        Some('n') => result.push('\n'),
                        Some('t') => result.push('\t'),
                        Some(c) => result.push(c),
                        None => result.push('\\'),
                    },
                    c => result.push(c),
                }
            }
            // What is empty moves on by one.
            if until == from {
                result.extend(chars.get(until));
            }
            at = until.max(from + 1);
            if !self.global || at > chars.len() {
                break;
            }
        }
        result.extend(chars.get(at..).unwrap_or_default());
        result
    }
}
