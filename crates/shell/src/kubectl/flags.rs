//! Command-line flags as `spf13/pflag` reads them.
//!
//! The flags a command has are written as a text, one word each: `f|filename*` has the short form `-f`; the last
//! character says what it takes: `!` nothing (a truth value), `=` a text, `*` texts (repeated or separated by commas),
//! `&` texts (repeated, commas kept), `#` a number, `~` a duration, `?word` an optional text with this default.

use opscape_manifest::{duration, golang};

/// The flags every kubectl command has.
pub(crate) const GLOBAL: &str = "n|namespace= context= cluster= user= kubeconfig= s|server= token= request-timeout= \
    as= as-group* as-uid= cache-dir= certificate-authority= client-certificate= client-key= \
    insecure-skip-tls-verify! match-server-version! password= username= profile= profile-output= tls-server-name= \
    disable-compression! warnings-as-errors! v|v# vmodule= log-flush-frequency~ kuberc= h|help! as-user-extra&";

/// One flag of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spec {
    pub name: &'static str,
    pub short: Option<char>,
    pub takes: Takes,
}

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Truth,
    Text,
    Texts,
    Raw,
    Number,
    Duration,
    Optional(&'static str),
}

/// The flags of a specification.
pub(crate) fn specs(text: &'static str) -> impl Iterator<Item = Spec> {
    text.split_whitespace().chain(GLOBAL.split_whitespace()).filter_map(|word| {
        let (short, rest) = match word.split_once('|') {
            Some((short, rest)) => (short.chars().next(), rest),
            None => (None, word),
        };
        let end = rest.find(['!', '=', '*', '&', '#', '~', '?'])?;
        let (name, kind) = rest.split_at_checked(end)?;
        let takes = match kind.chars().next()? {
            '!' => Takes::Truth,
            '=' => Takes::Text,
            '*' => Takes::Texts,
            '&' => Takes::Raw,
            '#' => Takes::Number,
            '~' => Takes::Duration,
            _ => Takes::Optional(kind.get(1..)?),
        };
        Some(Spec { name, short, takes })
    })
}

/// Flags and arguments as given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    values: Vec<(&'static str, String)>,
    /// What is not a flag.
    pub args: Vec<String>,
    /// How many arguments came before `--`, if there was one.
    pub dash: Option<usize>,
}

impl Flags {
    /// Reads a command line by a specification.
    ///
    /// # Errors
    /// pflag's message.
    pub fn parse(spec: &'static str, words: &[String]) -> Result<Flags, String> {
        let mut flags = Flags::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                flags.dash = Some(flags.args.len());
                flags.args.extend(words.by_ref().cloned());
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (long, None),
                };
                let spec = specs(spec)
                    .find(|spec| spec.name == name)
                    .ok_or_else(|| format!("unknown flag: --{name}"))?;
                let value = match (value, spec.takes) {
                    (Some(value), _) => value.to_owned(),
                    (None, Takes::Truth) => "true".to_owned(),
                    (None, Takes::Optional(default)) => default.to_owned(),
                    (None, _) => {
                        words.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?
                    }
                };
                flags.set(spec, &value)?;
            } else if word.len() > 1 && word.starts_with('-') {
                flags.shorts(spec, word, &mut words)?;
            } else {
                flags.args.push(word.clone());
            }
        }
        Ok(flags)
    }

    /// `-it`, `-nkube-system`, `-n=kube-system`, `-n kube-system`.
    fn shorts<'a>(
        &mut self,
        spec: &'static str,
        word: &str,
        words: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        let mut rest = word.get(1..).unwrap_or("");
        while let Some(letter) = rest.chars().next() {
            let whole = rest;
            rest = rest.get(letter.len_utf8()..).unwrap_or("");
            let found = specs(spec)
                .find(|spec| spec.short == Some(letter))
                .ok_or_else(|| format!("unknown shorthand flag: '{letter}' in -{whole}"))?;
            if let Some(value) = rest.strip_prefix('=') {
                return self.set(found, value);
            }
            match found.takes {
                Takes::Truth => self.set(found, "true")?,
                Takes::Optional(default) => self.set(found, default)?,
                _ if !rest.is_empty() => return self.set(found, rest),
                _ => {
                    let value = words
                        .next()
                        .ok_or_else(|| format!("flag needs an argument: '{letter}' in -{whole}"))?;
                    return self.set(found, value);
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, spec: Spec, value: &str) -> Result<(), String> {
        let invalid = |why: String| {
            let shown = match spec.short {
                Some(short) => format!("-{short}, --{}", spec.name),
                None => format!("--{}", spec.name),
            };
            format!("invalid argument {} for \"{shown}\" flag: {why}", golang::quote(value))
        };
        let not_parsed = |function: &str| {
            invalid(format!("strconv.{function}: parsing {}: invalid syntax", golang::quote(value)))
        };
        match spec.takes {
            Takes::Truth if !matches!(value, "true" | "false" | "1" | "0" | "t" | "f" | "T" | "F") => {
                return Err(not_parsed("ParseBool"));
            }
            Takes::Number if value.parse::<i64>().is_err() => return Err(not_parsed("ParseInt")),
            Takes::Duration => {
                duration::parse_go(value).map_err(invalid)?;
            }
            Takes::Texts => {
                self.values.extend(value.split(',').map(|part| (spec.name, part.to_owned())));
                return Ok(());
            }
            _ => {}
        }
        self.values.push((spec.name, value.to_owned()));
        Ok(())
    }

    /// The value given last.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(flag, _)| *flag == name).map(|(_, value)| value.as_str())
    }

    /// All values in order.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.values.iter().filter(|(flag, _)| *flag == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether the flag was given at all.
    pub fn given(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// A truth value; false without the flag.
    pub fn truth(&self, name: &str) -> bool {
        self.truth_or(name, false)
    }

    /// A truth value with its default.
    pub fn truth_or(&self, name: &str, default: bool) -> bool {
        self.text(name).map_or(default, |value| matches!(value, "true" | "1" | "t" | "T"))
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// A duration in microseconds.
    pub fn duration(&self, name: &str) -> Option<i64> {
        duration::parse_go(self.text(name)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str =
        "f|filename* o|output= w|watch! A|all-namespaces! replicas# timeout~ dry-run?unchanged l|selector=";

    fn parse(line: &str) -> Result<Flags, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Flags::parse(GET, &words)
    }

    #[test]
    fn flags_are_read_as_pflag_reads_them() {
        let flags =
            parse("pods -wA -owide --filename=a,b -f c --dry-run x -nkube-system --timeout=1m30s -- -z")
                .unwrap();
        assert_eq!(flags.args, ["pods", "x", "-z"]);
        assert_eq!(flags.dash, Some(2));
        assert!(flags.truth("watch") && flags.truth("all-namespaces"));
        assert_eq!(flags.text("output"), Some("wide"));
        assert_eq!(flags.texts("filename"), ["a", "b", "c"]);
        assert_eq!(flags.text("dry-run"), Some("unchanged"));
        assert_eq!(flags.text("namespace"), Some("kube-system"));
        assert_eq!(flags.duration("timeout"), Some(90_000_000));
        assert_eq!(parse("-f -").unwrap().texts("filename"), ["-"]);
    }

    #[test]
    fn errors_are_those_of_pflag() {
        for (line, message) in [
            ("--foo", "unknown flag: --foo"),
            ("-wz", "unknown shorthand flag: 'z' in -z"),
            ("--output", "flag needs an argument: --output"),
            ("-o", "flag needs an argument: 'o' in -o"),
            (
                "--replicas=x",
                "invalid argument \"x\" for \"--replicas\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
            ),
            (
                "-w=maybe",
                "invalid argument \"maybe\" for \"-w, --watch\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                "--timeout=5",
                "invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err(), message);
        }
    }
}
