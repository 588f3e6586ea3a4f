//! `kubectl argo rollouts status`

use opscape_cluster::rollouts;
use opscape_manifest::api::Uid;
use opscape_manifest::duration::parse_go;
use opscape_sim::Time;

use super::{error, find, name_of};
use crate::kubectl::{Call, Failure, Next, Outcome, Waiter};
use crate::process::Poll;

pub(in crate::kubectl) const FLAGS: &str = "w|watch! t|timeout=";

pub(in crate::kubectl) fn status(call: &mut Call<'_, '_>) -> Outcome {
    let name = name_of(call)?;
    let rollout = find(call, &name)?;
    let watch = !call.flags.given("watch") || call.flags.truth("watch");
    let (phase, message) = rollouts::phase(&rollout);
    if !watch {
        if matches!(phase.as_str(), "Healthy" | "Degraded") {
            call.say(&phase);
        } else {
            call.say(&format!("{phase} - {message}"));
        }
        return if phase == "Degraded" { degraded(&message) } else { Ok(Next::Done) };
    }
    let span = match call.flags.text("timeout").map(parse_go) {
        None => None,
        Some(Ok(micros)) => u64::try_from(micros).ok().filter(|micros| *micros > 0),
        Some(Err(why)) => return error(why),
    };
    let deadline = span.map(|span| Time(call.scope.world.now().0.saturating_add(span)));
    let waiter = Watching { uid: rollout.metadata.uid, last: String::new(), deadline };
    Ok(Next::Wait(Box::new(waiter)))
}

fn degraded<T>(message: &str) -> Result<T, Failure> {
    error(format!("The rollout is in a degraded state with message: {message}"))
}

#[derive(Clone)]
struct Watching {
    uid: Uid,
    /// What was said last.
    last: String,
    deadline: Option<Time>,
}

impl Waiter for Watching {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        let store = call.scope.world.cluster().store();
        let rollout = store.typed_by_uid::<opscape_manifest::api::Rollout>(self.uid).cloned();
        let Some(rollout) = rollout else { return error("rollout is gone") };
        let (phase, message) = rollouts::phase(&rollout);
        let line = if message.is_empty() { phase.clone() } else { format!("{phase} - {message}") };
        if line != self.last {
            call.say(&line);
            self.last = line;
        }
        match phase.as_str() {
            "Healthy" => return Ok(Poll::Done(0)),
            "Degraded" => return degraded(&message),
            _ => {}
        }
        if self.deadline.is_some_and(|deadline| call.scope.world.now() >= deadline) {
            return error("Rollout status watch exceeded timeout");
        }
        Ok(Poll::Waiting(self.deadline))
    }
}
