//! The command line.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use opscape_lab::Lang;
use opscape_manifest::duration::parse_go;
use opscape_sim::Time;

use crate::ci;
use crate::route::Asked;
use crate::say::say;

/// How `run` tells what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Output {
    /// Everything in order of time.
    #[default]
    Journal,
    /// What is there at the end.
    Table,
    /// Everything, for programs.
    Json,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `run`
    Run { file: String, until: Option<Time>, output: Output },
    /// `compare`
    Compare { files: Vec<String>, until: Option<Time>, json: bool },
    /// `check`
    Check { files: Vec<String> },
    /// `route`
    Route { file: String, asked: Asked },
    /// `ci`
    Ci { file: String, asked: ci::Asked },
    /// `kubectl`
    Kubectl { file: String, at: Time, arguments: Vec<String> },
    /// `shell`
    Shell { file: String, at: Time },
    /// `bench`
    Bench { large: bool, names: Vec<String> },
    /// `--help`
    Help,
    /// `--version`
    Version,
}

/// A command line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// What to do.
    pub command: Command,
    /// The language of messages.
    pub lang: Lang,
    /// Of all random streams; none: as the text says.
    pub seed: Option<u64>,
}

/// The language that the environment asks for.
pub fn lang_of_environment() -> Lang {
    let value = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| std::env::var(name).ok());
    Lang::from_tag(&value.unwrap_or_default())
}

#[derive(Default)]
struct Options {
    until: Option<Time>,
    at: Option<Time>,
    output: Output,
    seed: Option<u64>,
    url: Option<String>,
    method: Option<String>,
    headers: Vec<String>,
    pipeline: ci::Asked,
    large: bool,
    words: Vec<String>,
    behind: Vec<String>,
    help: bool,
    version: bool,
}

/// Reads a command line, without the program's name. The error is in words, and the language it is in comes with it.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, lang: Lang) -> Result<Arguments, String> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let lang = chosen_lang(&arguments).unwrap_or(Ok(lang))?;
    let options = read(&arguments, lang)?;
    let seed = options.seed;
    Ok(Arguments { command: command(options, lang)?, lang, seed })
}

/// The language comes first: it decides how errors are told.
fn chosen_lang(arguments: &[OsString]) -> Option<Result<Lang, String>> {
    let text: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let text = text.split(|argument| *argument == "--").next().unwrap_or_default();
    let next =
        text.iter().zip(text.iter().skip(1)).find(|(name, _)| **name == "--lang").map(|(_, value)| *value);
    let value = next.or_else(|| text.iter().find_map(|argument| argument.strip_prefix("--lang=")))?;
    Some(match value {
        "ko" => Ok(Lang::Ko),
        "en" => Ok(Lang::En),
        other => Err(say(lang_of_environment(), "error.lang", &[("value", other)])),
    })
}

fn read(arguments: &[OsString], lang: Lang) -> Result<Options, String> {
    let mut options = Options::default();
    // What follows `--` is kubectl's own.
    let mut parts = arguments.splitn(2, |argument| argument == "--");
    let own = parts.next().unwrap_or_default().to_vec();
    options.behind =
        parts.next().unwrap_or_default().iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut parser = Parser::from_args(own);
    let text = |error: lexopt::Error| error.to_string();
    while let Some(argument) = parser.next().map_err(text)? {
        match argument {
            Arg::Long("until") => options.until = Some(time(&value(&mut parser)?, lang)?),
            Arg::Long("at") => options.at = Some(time(&value(&mut parser)?, lang)?),
            Arg::Long("seed") => {
                let value = value(&mut parser)?;
                let seed = value.parse().map_err(|_| say(lang, "error.seed", &[("value", &value)]))?;
                options.seed = Some(seed);
            }
            Arg::Short('o') | Arg::Long("output") => {
                let value = value(&mut parser)?;
                options.output = match value.as_str() {
                    "journal" => Output::Journal,
                    "table" => Output::Table,
                    "json" => Output::Json,
                    _ => return Err(say(lang, "error.output", &[("value", &value)])),
                };
            }
            Arg::Long("url") => options.url = Some(value(&mut parser)?),
            Arg::Short('X') | Arg::Long("method") => options.method = Some(value(&mut parser)?),
            Arg::Short('H') | Arg::Long("header") => options.headers.push(value(&mut parser)?),
            Arg::Long("event") => options.pipeline.event = Some(value(&mut parser)?),
            Arg::Long("branch") => options.pipeline.branch = Some(value(&mut parser)?),
            Arg::Long("tag") => options.pipeline.tag = Some(value(&mut parser)?),
            Arg::Long("type") => options.pipeline.action = Some(value(&mut parser)?),
            Arg::Long("changed") => options.pipeline.changed.push(value(&mut parser)?),
            Arg::Long("run") => options.pipeline.run = true,
            Arg::Long("fail") => options.pipeline.fails.push(value(&mut parser)?),
            Arg::Long("play") => options.pipeline.plays.push(value(&mut parser)?),
            Arg::Long("review") => options.pipeline.reviews.push((value(&mut parser)?, None)),
            Arg::Long("approve") => options.pipeline.reviews.push((value(&mut parser)?, Some(true))),
            Arg::Long("reject") => options.pipeline.reviews.push((value(&mut parser)?, Some(false))),
            Arg::Long("variable") => {
                let value = value(&mut parser)?;
                let Some((name, value)) = value.split_once('=') else {
                    return Err(say(lang, "error.variable", &[("value", &value)]));
                };
                options.pipeline.variables.push((name.to_owned(), value.to_owned()));
            }
            Arg::Long("runners") => {
                let value = value(&mut parser)?;
                let count = value.parse().ok().filter(|count| *count > 0);
                let count = count.ok_or_else(|| say(lang, "error.runners", &[("value", &value)]))?;
                options.pipeline.runners = Some(count);
            }
            Arg::Long("message") => options.pipeline.message = Some(value(&mut parser)?),
            Arg::Long("lang") => drop(value(&mut parser)?),
            Arg::Long("large") => options.large = true,
            Arg::Short('h') | Arg::Long("help") => options.help = true,
            Arg::Short('V') | Arg::Long("version") => options.version = true,
            Arg::Value(word) => options.words.push(word.string().map_err(text)?),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(options)
}

fn value(parser: &mut Parser) -> Result<String, String> {
    parser.value().and_then(ValueExt::string).map_err(|error| error.to_string())
}

fn time(text: &str, lang: Lang) -> Result<Time, String> {
    let micros = parse_go(text).ok().and_then(|micros| u64::try_from(micros).ok());
    micros.map(Time).ok_or_else(|| say(lang, "error.duration", &[("value", text)]))
}

fn command(options: Options, lang: Lang) -> Result<Command, String> {
    if options.help {
        return Ok(Command::Help);
    }
    if options.version {
        return Ok(Command::Version);
    }
    let mut words = options.words.into_iter();
    let Some(name) = words.next() else { return Err(say(lang, "error.missing-command", &[])) };
    let files: Vec<String> = words.collect();
    let one_file = || match files.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(say(lang, "error.missing-file", &[("command", &name)])),
        _ => Err(say(lang, "error.one-file", &[("command", &name)])),
    };
    let at = options.at.unwrap_or(Time::ZERO);
    let seed = options.seed;
    match name.as_str() {
        "run" => Ok(Command::Run { file: one_file()?, until: options.until, output: options.output }),
        "compare" | "check" if files.is_empty() => {
            Err(say(lang, "error.missing-file", &[("command", &name)]))
        }
        "compare" => {
            Ok(Command::Compare { files, until: options.until, json: options.output == Output::Json })
        }

        "check" => Ok(Command::Check { files }),
        "route" => {
            let file = one_file()?;
            let json = options.output == Output::Json;
            let url = options.url.ok_or_else(|| say(lang, "error.no-url", &[]))?;
            let asked = Asked { url, method: options.method, headers: options.headers, at: options.at, json };
            Ok(Command::Route { file, asked })
        }
        "ci" => {
            let json = options.output == Output::Json;
            let asked = ci::Asked { seed, json, ..options.pipeline };
            Ok(Command::Ci { file: one_file()?, asked })
        }
        "kubectl" if options.behind.is_empty() => Err(say(lang, "error.no-arguments", &[])),
        "kubectl" => Ok(Command::Kubectl { file: one_file()?, at, arguments: options.behind }),
        "shell" => Ok(Command::Shell { file: one_file()?, at }),
        "bench" => Ok(Command::Bench { large: options.large, names: files }),
        "help" => Ok(Command::Help),
        other => Err(say(lang, "error.unknown-command", &[("command", other)])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &str) -> Result<Arguments, String> {
        parse(line.split_whitespace().map(OsString::from), Lang::En)
    }

    #[test]
    fn a_run_with_all_its_options() {
        let arguments = read_line("run lab.yaml --until 2m30s --seed=7 -o json --lang ko").unwrap();
        let command =
            Command::Run { file: "lab.yaml".to_owned(), until: Some(Time::secs(150)), output: Output::Json };
        assert_eq!(arguments, Arguments { command, lang: Lang::Ko, seed: Some(7) });
    }

    #[test]
    fn what_happens_to_a_pipeline() {
        let line = "ci ci.yml --event push --branch main --changed a --changed b -o json";
        let Command::Ci { file, asked } = read_line(line).unwrap().command else { panic!() };
        let text = |text: &str| Some(text.to_owned());
        let changed = ["a", "b"].map(str::to_owned).to_vec();
        let wanted = ci::Asked {
            event: text("push"),
            branch: text("main"),
            changed,
            json: true,
            ..ci::Asked::default()
        };
        assert_eq!((file.as_str(), asked), ("ci.yml", wanted));
    }

    #[test]
    fn what_follows_the_dashes_belongs_to_kubectl() {
        let arguments = read_line("kubectl lab.yaml --at 5s -- get pods -o wide --lang xx").unwrap();
        let Command::Kubectl { file, at, arguments } = arguments.command else { panic!() };
        assert_eq!((file.as_str(), at), ("lab.yaml", Time::secs(5)));
        assert_eq!(arguments, ["get", "pods", "-o", "wide", "--lang", "xx"]);
    }

    #[test]
    fn mistakes_are_told_in_words() {
        for (line, words) in [
            ("", "which command? See opscape --help"),
            ("fly", "unknown command \"fly\"; see opscape --help"),
            ("run", "run needs a FILE"),
            ("run a b", "run takes one FILE"),
            ("run a --until soon", "\"soon\" is no duration; write it as 90s or 2m30s"),
            ("run a --seed x", "\"x\" is no whole number"),
            ("run a -o xml", "\"xml\" is no output format; there are journal, table and json"),
            ("run a --fast", "invalid option '--fast'"),
            ("kubectl a", "kubectl needs its arguments behind --"),
            ("route a", "route needs --url URL"),
        ] {
            assert_eq!(read_line(line).unwrap_err(), words, "{line}");
        }
        assert_eq!(read_line("--lang ko run").unwrap_err(), "run은 FILE이 있어야 합니다");
    }
}
