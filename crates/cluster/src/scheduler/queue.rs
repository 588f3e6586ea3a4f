//! Which pod is tried next (pkg/scheduler/backend/queue): those that can be tried, in order of priority and age; those that
//! wait out their back-off, tried when nothing else is there (SchedulerPopFromBackoffQ); those that wait for something to change.

use std::cmp::Reverse;
use std::time::Duration;

use imbl::OrdSet;
use opscape_manifest::api::meta::{Str, Uid};
use opscape_sim::{EntryId, IdMap, IdSet, Time};

/// `podInitialBackoffDuration` and `podMaxBackoffDuration`.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

/// A pod that has no node yet.
#[derive(Clone)]
pub(super) struct Queued {
    pub namespace: Str,
    pub name: Str,
    pub priority: i32,
    /// How often it was tried.
    pub attempts: u32,
    /// What brought it here, or back here.
    pub cause: Option<EntryId>,
    /// When it was added, or came back.
    since: Time,
    order: u64,
    place: Place,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Active,
    /// The second in which its back-off ends.
    BackOff(u64),
    /// Bits of the plugins that refused it.
    Waiting(u16),
    /// It is being tried, or has scheduling gates.
    Nowhere,
}

type Rank = (Reverse<i32>, Time, u64, Uid);

/// The queue.
#[derive(Clone, Default)]
pub(super) struct Queue {
    pods: IdMap<Uid, Queued>,
    /// What can be tried, the active ones with second 0.
    ready: OrdSet<(u64, Rank)>,
    /// What waits, by the plugins that refused it.
    waiting: Vec<(u16, IdSet<Uid>)>,
    order: u64,
}

impl Queue {
    /// A pod without a node. `gated`: it has scheduling gates.
    pub fn add(&mut self, uid: Uid, mut pod: Queued, gated: bool) {
        self.remove(uid);
        self.order += 1;
        pod.order = self.order;
        self.pods.insert(uid, pod);
        if !gated {
            self.put(uid, Place::Active);
        }
    }

    pub fn contains(&self, uid: Uid) -> bool {
        self.pods.contains_key(&uid)
    }

    /// A pod is gone, or has a node.
    pub fn remove(&mut self, uid: Uid) {
        self.put(uid, Place::Nowhere);
        self.pods.remove(&uid);
    }

    /// Whether a pod could be tried now.
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty()
    }

    /// The next pod to try.
    pub fn pop(&mut self) -> Option<(Uid, Queued)> {
        let uid = self.ready.get_min().map(|(_, (.., uid))| *uid)?;
        self.put(uid, Place::Nowhere);
        let pod = self.pods.get_mut(&uid)?;
        pod.attempts += 1;
        Some((uid, pod.clone()))
    }

    /// A pod was refused by these plugins; it waits until something changes that can help. If no plugin refused it (there
    /// was no node to ask one about), it is tried again when its back-off is over: the time comes back.
    pub fn refuse(&mut self, uid: Uid, plugins: u16, now: Time) -> Option<Time> {
        let pod = self.pods.get_mut(&uid)?;
        pod.since = now;
        let ends = now + pod.back_off();
        self.put(uid, Place::Waiting(plugins));
        // Back-offs are looked at once a second.
        (plugins == 0).then(|| Time::secs(ends.0.div_ceil(1_000_000)))
    }

    /// Something changed that may help a waiting pod.
    pub fn requeue(&mut self, uid: Uid, now: Time, cause: Option<EntryId>) {
        let Some(pod) = self.pods.get_mut(&uid) else { return };
        if !matches!(pod.place, Place::Waiting(_)) {
            return;
        }
        pod.cause = cause;
        let ends = pod.since + pod.back_off();
        let place = if ends <= now { Place::Active } else { Place::BackOff((ends.0 / 1_000_000).max(1)) };
        self.put(uid, place);
    }

    /// Pods that wait, refused by at least one of these plugins.
    pub fn waiting_for(&self, plugins: u16) -> Vec<(Uid, u16)> {
        let groups = self.waiting.iter().filter(|(refused, _)| refused & plugins != 0);
        groups.flat_map(|(refused, pods)| pods.iter().map(|uid| (uid, *refused))).collect()
    }

    /// Whether any pod waits.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Pods that have waited for longer than this.
    pub fn waiting_longer(&self, span: Duration, now: Time) -> Vec<Uid> {
        let pods = self.waiting.iter().flat_map(|(_, pods)| pods.iter());
        pods.filter(|uid| self.pods.get(uid).is_some_and(|pod| now.since(pod.since) > span)).collect()
    }

    /// Names of a queued pod.
    pub fn get(&self, uid: Uid) -> Option<&Queued> {
        self.pods.get(&uid)
    }

    fn put(&mut self, uid: Uid, place: Place) {
        let Some(pod) = self.pods.get_mut(&uid) else { return };
        let rank = (Reverse(pod.priority), pod.since, pod.order, uid);
        match std::mem::replace(&mut pod.place, place) {
            Place::Active => drop(self.ready.remove(&(0, rank))),
            Place::BackOff(second) => drop(self.ready.remove(&(second, rank))),
            Place::Waiting(plugins) => {
                if let Some((_, group)) = self.waiting.iter_mut().find(|(known, _)| *known == plugins) {
                    group.remove(&uid);
                }
                self.waiting.retain(|(_, group)| !group.is_empty());
            }
            Place::Nowhere => {}
        }
        match place {
            Place::Active => drop(self.ready.insert((0, rank))),
            Place::BackOff(second) => drop(self.ready.insert((second, rank))),
            Place::Waiting(plugins) => {
                let at = if let Some(at) = self.waiting.iter().position(|(known, _)| *known == plugins) {
                    at
                } else {
                    self.waiting.push((plugins, IdSet::new()));
                    self.waiting.len() - 1
                };
                if let Some((_, group)) = self.waiting.get_mut(at) {
                    group.insert(uid);
                }
            }
            Place::Nowhere => {}
        }
    }
}

impl Queued {
    fn back_off(&self) -> Duration {
        FIRST_BACK_OFF.saturating_mul(1 << self.attempts.saturating_sub(1).min(10)).min(LONGEST_BACK_OFF)
    }

    pub fn new(namespace: Str, name: Str, priority: i32, now: Time, cause: Option<EntryId>) -> Queued {
        Queued { namespace, name, priority, attempts: 0, cause, since: now, order: 0, place: Place::Nowhere }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, priority: i32, at: u64) -> Queued {
        Queued::new("default".into(), name.into(), priority, Time::secs(at), None)
    }

    fn next(queue: &mut Queue) -> Option<String> {
        queue.pop().map(|(_, pod)| pod.name.to_string())
    }

    #[test]
    fn higher_priority_goes_first_then_the_older() {
        let mut queue = Queue::default();
        queue.add(Uid(1), pod("old", 0, 1), false);
        queue.add(Uid(2), pod("young", 0, 2), false);
        queue.add(Uid(3), pod("high", 9, 3), false);
        queue.add(Uid(4), pod("gated", 99, 0), true);
        assert_eq!(next(&mut queue).as_deref(), Some("high"));
        assert_eq!(next(&mut queue).as_deref(), Some("old"));
        assert_eq!(next(&mut queue).as_deref(), Some("young"));
        assert_eq!(next(&mut queue), None);
    }

    #[test]
    fn a_pod_that_nobody_refused_is_tried_again_after_its_back_off() {
        let mut queue = Queue::default();
        queue.add(Uid(1), pod("lonely", 0, 1), false);
        for (now, again) in [(1, 2), (2, 4), (4, 8), (8, 16), (16, 26), (26, 36)] {
            let (uid, _) = queue.pop().unwrap();
            assert_eq!(queue.refuse(uid, 0, Time::secs(now)), Some(Time::secs(again)));
            assert!(queue.is_idle());
            queue.requeue(uid, Time::secs(again), None);
        }
        let (uid, _) = queue.pop().unwrap();
        assert_eq!(queue.refuse(uid, 1, Time::secs(36)), None);
    }

    #[test]
    fn a_refused_pod_waits_and_comes_after_the_active_ones() {
        let mut queue = Queue::default();
        queue.add(Uid(1), pod("refused", 5, 1), false);
        let (uid, _) = queue.pop().unwrap();
        queue.refuse(uid, 0b10, Time::secs(1));
        assert!(queue.is_idle());
        assert!(queue.waiting_for(0b01).is_empty());
        assert_eq!(queue.waiting_for(0b11), [(Uid(1), 0b10)]);
        queue.requeue(Uid(1), Time::millis(1500), None);
        queue.add(Uid(2), pod("new", 0, 2), false);
        assert_eq!(next(&mut queue).as_deref(), Some("new"));
        assert_eq!(next(&mut queue).as_deref(), Some("refused"));
        queue.refuse(uid, 0b10, Time::secs(2));
        // The back-off of two attempts, two seconds, is over.
        queue.requeue(uid, Time::secs(4), None);
        queue.add(Uid(3), pod("new", 0, 4), false);
        assert_eq!(next(&mut queue).as_deref(), Some("refused"));
    }
}
