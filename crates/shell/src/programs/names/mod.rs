//! Programs that ask for names: `nslookup` and `dig` (BIND 9.18).

mod dig;
mod nslookup;

use std::time::Duration;

use opscape_network::route::Objects;
use opscape_network::route::dns::SERVER;
use opscape_sim::Time;

use crate::process::{Io, Poll, Scope};
use crate::seat;

pub(super) use dig::dig;
pub(super) use nslookup::nslookup;

/// How long BIND's tools wait for an answer, and how often they ask.
const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;

/// The namespace whose search path holds: of the pod, else the terminal's.
fn namespace(scope: &Scope<'_>) -> String {
    match &scope.seat {
        Some(seat) => seat.namespace.clone(),
        None => scope.shell.namespace().to_owned(),
    }
}

fn objects(scope: &Scope<'_>) -> Objects {
    seat::objects(scope.world.cluster().store())
}

/// A question that nobody answers, because NetworkPolicies drop it.
#[derive(Clone, Default)]
struct Silence {
    tries: u32,
    until: Option<Time>,
}

impl Silence {
    /// Waits, if it is so. `None`: there will be an answer.
    fn poll(&mut self, end: &str, io: &mut Io, scope: &Scope<'_>) -> Option<Poll> {
        let seat = scope.seat.as_ref()?;
        let now = scope.world.now();
        if self.until.is_none() && !seat.has_no_names(scope.world.cluster().store()) {
            return None;
        }
        let until = *self.until.get_or_insert(now + PATIENCE);
        if now < until {
            return Some(Poll::Waiting(Some(until)));
        }
        io.out(&format!(";; communications error to {SERVER}#53: timed out\n"));
        self.tries += 1;
        if self.tries < TRIES {
            self.until = Some(now + PATIENCE);
            return Some(Poll::Waiting(self.until));
        }
        io.out(end);
        Some(Poll::Done(if end.starts_with(";; no servers") { 9 } else { 1 }))
    }
}
