//! `EventCorrelator` (k8s.io/client-go/tools/record/events_cache.go) of one component for one object.

use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_sim::Time;

use super::Message;

/// From this many different messages with one reason on, they are combined.
const MAX_SIMILAR: usize = 10;
/// Silence after which combining starts anew.
const SIMILAR_WITHIN: Duration = Duration::from_mins(10);
/// Events one component may send about one object at once, and the time after which it may send one more.
const BURST: f64 = 25.0;
const REFILL: f64 = 300.0;
/// Different events remembered for an object (upstream: 4096 for all objects).
const REMEMBERED: usize = 64;

/// What the correlator remembers.
#[derive(Debug, Clone)]
pub(super) struct Correlator {
    tokens: f64,
    refilled: Time,
    groups: Vec<Group>,
    seen: Vec<Seen>,
}

/// Messages with one type and reason.
#[derive(Debug, Clone)]
struct Group {
    warning: bool,
    reason: Str,
    last: Time,
    messages: Vec<Str>,
}

/// An event that was sent.
#[derive(Debug, Clone)]
struct Seen {
    key: Key,
    count: i32,
    stored: Option<Uid>,
}

/// What makes two events the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    warning: bool,
    reason: Str,
    field_path: Str,
    /// None: the combined one.
    message: Option<Str>,
}

/// What to do about an event.
pub(super) struct Verdict {
    pub(super) key: Key,
    pub(super) message: Str,
    /// How often it was said, this time included.
    pub(super) count: i32,
    /// The Event to update.
    pub(super) known: Option<Uid>,
    /// It is counted, but not sent.
    pub(super) dropped: bool,
}

impl Correlator {
    pub(super) fn new(now: Time) -> Self {
        Correlator { tokens: BURST, refilled: now, groups: Vec::new(), seen: Vec::new() }
    }

    pub(super) fn observe(&mut self, said: &Message<'_>, now: Time) -> Verdict {
        let combined = self.aggregate(said, now);
        let message: Str = if combined {
            ["(combined from similar events): ", said.message].concat().into()
        } else {
            said.message.into()
        };
        let key = Key {
            warning: said.warning,
            reason: said.reason.into(),
            field_path: if combined { "".into() } else { said.field_path.into() },
            message: (!combined).then(|| message.clone()),
        };
        let (count, known) = if let Some(seen) = self.seen.iter_mut().find(|seen| seen.key == key) {
            seen.count += 1;
            (seen.count, seen.stored)
        } else {
            self.seen.push(Seen { key: key.clone(), count: 1, stored: None });
            if self.seen.len() > REMEMBERED {
                self.seen.remove(0);
            }
            (1, None)
        };
        let dropped = !self.may_send(now);
        Verdict { key, message, count, known, dropped }
    }

    /// The Event was stored.
    pub(super) fn stored(&mut self, key: &Key, uid: Uid, count: i32) {
        if let Some(seen) = self.seen.iter_mut().find(|seen| seen.key == *key) {
            seen.stored = Some(uid);
            seen.count = count;
        }
    }

    /// Whether this one is to be combined with similar ones (`EventAggregate`).
    fn aggregate(&mut self, said: &Message<'_>, now: Time) -> bool {
        let at = self
            .groups
            .iter()
            .position(|group| group.warning == said.warning && &*group.reason == said.reason)
            .unwrap_or_else(|| {
                self.groups.push(Group {
                    warning: said.warning,
                    reason: said.reason.into(),
                    last: now,
                    messages: Vec::new(),
                });
                self.groups.len() - 1
            });
        let Some(group) = self.groups.get_mut(at) else { return false };
        if now.since(group.last) > SIMILAR_WITHIN {
            group.messages.clear();
        }
        group.last = now;
        if !group.messages.iter().any(|message| &**message == said.message) {
            group.messages.push(said.message.into());
        }
        if group.messages.len() < MAX_SIMILAR {
            return false;
        }
        group.messages.remove(0);
        true
    }

    /// `EventSourceObjectSpamFilter`: a token bucket.
    fn may_send(&mut self, now: Time) -> bool {
        self.tokens = (self.tokens + now.since(self.refilled).as_secs_f64() / REFILL).min(BURST);
        self.refilled = now;
        let may = self.tokens >= 1.0;
        if may {
            self.tokens -= 1.0;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(correlator: &mut Correlator, message: &str, at: Time) -> (String, i32, bool) {
        let verdict = correlator.observe(&Message::normal("Scaling", message), at);
        if !verdict.dropped {
            correlator.stored(&verdict.key, Uid(1), verdict.count);
        }
        (verdict.message.to_string(), verdict.count, verdict.dropped)
    }

    #[test]
    fn the_tenth_similar_message_is_combined_and_counts_up() {
        let mut correlator = Correlator::new(Time::ZERO);
        for n in 0..9 {
            assert_eq!(say(&mut correlator, &format!("m{n}"), Time::secs(1)), (format!("m{n}"), 1, false));
        }
        let combined = |n: u32| format!("(combined from similar events): m{n}");
        assert_eq!(say(&mut correlator, "m9", Time::secs(2)), (combined(9), 1, false));
        assert_eq!(say(&mut correlator, "m10", Time::secs(3)), (combined(10), 2, false));
        // After ten minutes of silence it starts anew.
        assert_eq!(say(&mut correlator, "m11", Time::secs(700)), ("m11".into(), 1, false));
    }

    #[test]
    fn repeats_count_and_floods_are_dropped() {
        let mut correlator = Correlator::new(Time::ZERO);
        for n in 1..=25 {
            assert_eq!(say(&mut correlator, "same", Time::secs(1)), ("same".into(), n, false));
        }
        assert_eq!(say(&mut correlator, "same", Time::secs(1)), ("same".into(), 26, true));
        // One more is allowed every 300 s; what was dropped was counted.
        assert_eq!(say(&mut correlator, "same", Time::secs(302)), ("same".into(), 27, false));
    }
}
