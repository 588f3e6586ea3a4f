//! `nslookup`: the address of a name.

use opscape_network::route::dns::{self, Code, SERVER};

use super::Silence;
use crate::process::{Io, Poll, Scope, Task};
use crate::programs::refused;

#[derive(Clone)]
struct Lookup {
    name: String,
    kind: &'static str,
    silence: Silence,
}

/// Kinds of records that can be asked for.
const KINDS: [&str; 6] = ["A", "AAAA", "SRV", "CNAME", "PTR", "ANY"];

/// The kind of a word.
pub(super) fn kind_of(word: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(word))
}

/// `4.3.2.1.in-addr.arpa` of `1.2.3.4`.
pub(super) fn reverse(name: &str) -> Option<String> {
    let address: std::net::Ipv4Addr = name.parse().ok()?;
    let [a, b, c, d] = address.octets();
    Some(format!("{d}.{c}.{b}.{a}.in-addr.arpa"))
}

pub(in super::super) fn nslookup(arguments: &[String]) -> Box<dyn Task> {
    let mut lookup = Lookup { name: String::new(), kind: "A", silence: Silence::default() };
    for argument in arguments {
        if let Some(option) = argument.strip_prefix('-') {
            let kind = option.split_once('=').filter(|(name, _)| matches!(*name, "type" | "query" | "q"));
            match kind.map(|(_, kind)| kind_of(kind)) {
                Some(Some(kind)) => lookup.kind = kind,
                Some(None) => return refused(1, format!("unknown query type: {option}\n")),
                None => {}
            }
        } else if lookup.name.is_empty() {
            lookup.name.clone_from(argument);
        }
    }
    if lookup.name.is_empty() {
        return refused(1, "Usage: nslookup [-type=A|SRV|...] NAME\n");
    }
    if let Some(name) = reverse(&lookup.name) {
        lookup.name = [&name, "."].concat();
        lookup.kind = "PTR";
    }
    Box::new(lookup)
}

impl Task for Lookup {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        if let Some(poll) = self.silence.poll(";; no servers could be reached\n\n", io, scope) {
            return if matches!(poll, Poll::Done(_)) { Poll::Done(1) } else { poll };
        }
        let objects = super::objects(scope);
        let (_, reply) = dns::resolve(&objects, &super::namespace(scope), &self.name, self.kind);
        if self.kind != "PTR" || reply.code != Code::NoError {
            io.out(&format!("Server:\t\t{SERVER}\nAddress:\t{SERVER}#53\n\n"));
        }
        let asked = self.name.trim_end_matches('.');
        if reply.code != Code::NoError {
            io.out(&format!("** server can't find {asked}: {}\n\n", reply.code.name()));
            return Poll::Done(1);
        }
        if reply.answers.is_empty() {
            io.out(&format!("*** Can't find {asked}: No answer\n\n"));
            return Poll::Done(0);
        }
        for record in &reply.answers {
            let (name, data) = (&record.name, record.data.as_str());
            io.out(&match record.kind {
                "A" | "AAAA" => format!("Name:\t{name}\nAddress: {data}\n"),
                "CNAME" => format!("{name}\tcanonical name = {data}\n"),
                "SRV" => format!("{name}\tservice = {data}\n"),
                _ => format!("{name}\tname = {data}\n"),
            });
        }
        io.out("\n");
        Poll::Done(0)
    }
}
