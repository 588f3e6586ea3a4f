//! `dig`: a question to a name server, and its answer.

use std::fmt::Write as _;

use opscape_network::route::dns::{self, Code, Record, Reply, SERVER, TTL, ZONE};

use super::Silence;
use super::nslookup::{kind_of, reverse};
use crate::process::{Io, Poll, Scope, Task};
use crate::programs::refused;

#[derive(Clone, Default)]
struct Dig {
    name: String,
    kind: &'static str,
    short: bool,
    search: bool,
    silence: Silence,
}

pub(in super::super) fn dig(arguments: &[String]) -> Box<dyn Task> {
    let mut dig = Dig { kind: "A", ..Dig::default() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "+short" => dig.short = true,
            "+search" => dig.search = true,
            "-x" => {
                dig.name = words.next().and_then(|address| reverse(address)).unwrap_or_default();
                dig.kind = "PTR";
            }
            "-t" => match words.next().and_then(|word| kind_of(word)) {
                Some(kind) => dig.kind = kind,
                None => return refused(1, ";; Warning, ignoring invalid type\n"),
            },
            word if word.starts_with(['+', '@', '-']) => {}
            "IN" => {}
            word => match kind_of(word) {
                Some(kind) if word.bytes().all(|byte| byte.is_ascii_alphabetic()) => dig.kind = kind,
                _ => word.clone_into(&mut dig.name),
            },
        }
    }
    if dig.name.is_empty() {
        return refused(1, "Usage: dig [+short] [+search] NAME [A|SRV|...]\n");
    }
    Box::new(dig)
}

fn line(record: &Record) -> String {
    format!("{}.\t{TTL}\tIN\t{}\t{}\n", record.name, record.kind, record.data)
}

impl Dig {
    fn whole(&self, asked: &str, reply: &Reply, scope: &Scope<'_>) -> String {
        let inside = asked.ends_with(ZONE) || asked.ends_with(".in-addr.arpa");
        let flags = if inside { "qr aa rd" } else { "qr rd ra" };
        // A name that does not exist, or has no such record, comes with the zone's SOA.
        let authority = usize::from(inside && reply.answers.is_empty());
        let (answers, additional) = (reply.answers.len(), reply.additional.len() + 1);
        // A number that is the same for the same question at the same instant.
        let id = asked
            .bytes()
            .fold(scope.world.now().0 | 1, |id, byte| id.wrapping_mul(31).wrapping_add(u64::from(byte)))
            % 65_536;
        let mut out = format!(
            "\n; <<>> DiG 9.18.28 <<>> {}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {}, id: {id}\n;; flags: {flags}; QUERY: 1, ANSWER: {answers}, AUTHORITY: {authority}, ADDITIONAL: {additional}\n",
            if self.kind == "A" { self.name.clone() } else { [&self.name, " ", self.kind].concat() },
            reply.code.name(),
        );
        if inside {
            out.push_str(";; WARNING: recursion requested but not available\n");
        }
        let _ = write!(
            out,
            "\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION SECTION:\n;{asked}.\t\tIN\t{}\n",
            self.kind
        );
        if !reply.answers.is_empty() {
            out.push_str("\n;; ANSWER SECTION:\n");
            out.extend(reply.answers.iter().map(line));
        }
        if authority > 0 {
            let _ = write!(
                out,
                "\n;; AUTHORITY SECTION:\n{ZONE}.\t{TTL}\tIN\tSOA\tns.dns.{ZONE}. hostmaster.{ZONE}. {} 7200 1800 86400 30\n",
                scope.utc().0.div_euclid(1_000_000)
            );
        }
        if !reply.additional.is_empty() {
            out.push_str("\n;; ADDITIONAL SECTION:\n");
            out.extend(reply.additional.iter().map(line));
        }
        let _ = write!(out, "\n;; Query time: 0 msec\n;; SERVER: {SERVER}#53({SERVER}) (UDP)\n\n");
        out
    }
}

impl Task for Dig {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        if let Some(poll) = self.silence.poll(";; no servers could be reached\n", io, scope) {
            return poll;
        }
        let objects = super::objects(scope);
        let (asked, reply) = if self.search {
            dns::resolve(&objects, &super::namespace(scope), &self.name, self.kind)
        } else {
            let name = self.name.trim_end_matches('.');
            (name.to_owned(), dns::query(&objects, name, self.kind))
        };
        if self.short {
            let lines: Vec<String> =
                reply.answers.iter().map(|record| [&record.data, "\n"].concat()).collect();
            io.out(&lines.concat());
        } else {
            io.out(&self.whole(&asked, &reply, scope));
        }
        Poll::Done(if reply.code == Code::ServFail && self.short { 9 } else { 0 })
    }
}
