//! `wget`: one request, as busybox (1.37) asks and says it.

use super::address::{self, Url};
use super::flags::{self, Argument};
use crate::process::{Io, Poll, Scope, Stream, Task};
use crate::programs::refused;

const USAGE: &str = "Usage: wget [-cqS] [--spider] [-O FILE] [--header STR] [-U AGENT] [-T SEC] URL...\n";
/// busybox gives up after so many seconds (`-T`).
const PATIENCE: &str = "900";

#[derive(Clone)]
struct Wget {
    url: String,
    quiet: bool,
    spider: bool,
    /// Where the answer goes: `-` is the standard output.
    file: String,
    /// What asks. What it says is not passed on.
    asks: Box<dyn Task>,
    said: String,
    begun: bool,
}

fn takes(flag: &str) -> Option<bool> {
    match flag {
        "q"
        | "quiet"
        | "c"
        | "continue"
        | "S"
        | "server-response"
        | "spider"
        | "no-check-certificate"
        | "no-verbose"
        | "nv" => Some(false),
        "O" | "output-document" | "T" | "timeout" | "U" | "user-agent" | "header" | "post-data" | "t"
        | "tries" | "P" | "Y" => Some(true),
        _ => None,
    }
}

pub(in super::super) fn wget(arguments: &[String]) -> Box<dyn Task> {
    let found = match flags::read(arguments, takes, true) {
        Ok(found) => found,
        Err((flag, true)) => {
            let flag = flag.trim_start_matches('-');
            return refused(1, format!("wget: option requires an argument -- '{flag}'\n{USAGE}"));
        }
        Err((flag, false)) => return refused(1, format!("wget: unrecognized option '{flag}'\n{USAGE}")),
    };
    let (mut url, mut quiet, mut spider, mut file) = (String::new(), false, false, String::new());
    let mut patience = PATIENCE.to_owned();
    // Of curl, only what comes back is wanted, and its code.
    let mut asked: Vec<String> = ["-s", "-w", "%{http_code}"].map(str::to_owned).to_vec();
    let mut ask = |flag: &str, value: String| asked.extend([flag.to_owned(), value]);
    for argument in found {
        match argument {
            Argument::Plain(text) => url = text,
            Argument::Flag(flag, value) => {
                let value = value.unwrap_or_default();
                match flag.as_str() {
                    "q" | "quiet" => quiet = true,
                    "spider" => spider = true,
                    "O" | "output-document" => file = value,
                    "T" | "timeout" => patience = value,
                    "U" | "user-agent" => ask("-A", value),
                    "header" => ask("-H", value),
                    "post-data" => ask("-d", value),
                    _ => {}
                }
            }
        }
    }
    if url.is_empty() {
        return refused(1, USAGE);
    }
    if !url.contains("://") {
        url.insert_str(0, "http://");
    }
    ask("-m", patience);
    asked.push(url.clone());
    if file.is_empty() {
        let path = url.split("://").nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
        let last = path.split_once('/').and_then(|(_, path)| path.rsplit('/').next());
        last.filter(|name| !name.is_empty()).unwrap_or("index.html").clone_into(&mut file);
    }
    let asks = super::curl(&asked);
    Box::new(Wget { url, quiet, spider, file, asks, said: String::new(), begun: false })
}

impl Wget {
    fn fail(io: &mut Io, message: &str) -> Poll {
        io.err(&["wget: ", message, "\n"].concat());
        Poll::Done(1)
    }

    fn answered(&self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let (body, status) = self.said.split_at(self.said.len().saturating_sub(3));
        let ok = matches!(status.parse::<u16>(), Ok(200..300));
        if !ok {
            let reason = super::curl_reason(status.parse().unwrap_or_default());
            return Self::fail(io, &format!("server returned error: HTTP/1.1 {status} {reason}"));
        }
        if self.spider {
            if !self.quiet {
                io.err("remote file exists\n");
            }
        } else if self.file == "-" {
            if !self.quiet {
                io.err("writing to stdout\n");
            }
            io.out(body);
            if !self.quiet {
                io.err("written to stdout\n");
            }
        } else {
            scope.shell.files.insert(self.file.clone(), body.to_owned());
            if !self.quiet {
                io.err(&format!("saving to '{0}'\n'{0}' saved\n", self.file));
            }
        }
        Poll::Done(0)
    }
}

impl Task for Wget {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let mut inner = Io { input_closed: true, interrupted: io.interrupted, ..Io::default() };
        let poll = self.asks.poll(&mut inner, scope);
        for piece in inner.output {
            match piece.stream {
                Stream::Out => self.said.push_str(&piece.text),
                Stream::Err => io.err(&piece.text),
            }
        }
        let Poll::Done(code) = poll else { return poll };
        let Some(url) = Url::of(&self.url) else { return Self::fail(io, "bad address") };
        let (host, port) = (url.host.to_owned(), url.port);
        if code == 6 {
            return Self::fail(io, &format!("bad address '{host}'"));
        }
        let address = address::of(&host, scope.world.cluster().store());
        if !self.quiet && !self.begun {
            self.begun = true;
            io.err(&format!("Connecting to {host} ({address}:{port})\n"));
        }
        match code {
            0 => self.answered(io, scope),
            7 => Self::fail(io, &format!("can't connect to remote host ({address}): Connection refused")),
            28 => Self::fail(io, "download timed out"),
            130 => Poll::Done(130),
            _ => Self::fail(io, "error getting response: Connection reset by peer"),
        }
    }
}
