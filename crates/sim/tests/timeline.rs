//! The promises of the timeline, over random worlds and random hands.

use std::time::Duration;

use opscape_sim::{Context, Model, Rng, Run, Time, Timeline};
use proptest::prelude::*;

/// Balls that bounce at random times and split now and then; a person throws more of them in.
#[derive(Clone)]
struct Balls {
    bounces: Vec<u32>,
    random: Rng,
}

impl Model for Balls {
    type Event = usize;
    type Input = u8;
    type Record = String;

    fn input(&mut self, input: &u8, context: &mut Context<'_, usize, String>) {
        context.record_as_cause(format!("throw {input}"));
        for _ in 0..*input {
            self.throw(context);
        }
    }

    fn handle(&mut self, ball: usize, context: &mut Context<'_, usize, String>) {
        let Some(bounces) = self.bounces.get_mut(ball) else { return };
        *bounces += 1;
        context.record_as_cause(format!("ball {ball} bounces"));
        if self.random.chance(0.02) {
            self.throw(context);
        }
        context.after(Duration::from_micros(self.random.below(20_000)), ball);
    }

    fn is_visible(record: &String) -> bool {
        record.starts_with("throw")
    }
}

impl Balls {
    fn throw(&mut self, context: &mut Context<'_, usize, String>) {
        self.bounces.push(0);
        context.after(Duration::from_micros(self.random.below(5_000)), self.bounces.len() - 1);
    }
}

fn begin(seed: u64) -> Timeline<Balls> {
    let balls = Balls { bounces: Vec::new(), random: Rng::stream(seed, "balls") };
    Timeline::new(Run::new(balls, Balls::throw))
}

fn state(timeline: &Timeline<Balls>) -> (Time, Vec<u32>, Vec<String>) {
    let journal = timeline.present().journal();
    let lines = journal.iter().map(|(id, e)| format!("{id:?} {:?} {:?} {}", e.at, e.cause, e.what)).collect();
    (timeline.now(), timeline.present().model().bounces.clone(), lines)
}

/// Inputs at increasing times, up to 300 ms.
fn inputs() -> impl Strategy<Value = Vec<(u64, u8)>> {
    prop::collection::vec((0..300u64, 0..4u8), 0..5).prop_map(|mut inputs| {
        inputs.sort_unstable();
        inputs
    })
}

fn play(seed: u64, inputs: &[(u64, u8)], until: Time) -> Timeline<Balls> {
    let mut timeline = begin(seed);
    for (at, input) in inputs.iter().filter(|(at, _)| Time::millis(*at) <= until) {
        timeline.seek(Time::millis(*at));
        timeline.input(*input);
    }
    timeline.seek(until);
    timeline
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_seed_and_inputs_give_the_same_journal(seed: u64, inputs in inputs()) {
        let end = Time::millis(400);
        prop_assert_eq!(state(&play(seed, &inputs, end)), state(&play(seed, &inputs, end)));
    }

    #[test]
    fn seeking_equals_a_fresh_run(seed: u64, inputs in inputs(), times in prop::collection::vec(0..400u64, 1..6)) {
        let mut timeline = play(seed, &inputs, Time::millis(400));
        for time in times {
            let time = Time::millis(time);
            timeline.seek(time);
            prop_assert_eq!(state(&timeline), state(&play(seed, &inputs, time)));
            prop_assert_eq!(timeline.known_until(), Time::millis(400));
        }
    }

    #[test]
    fn a_budget_changes_nothing(seed: u64, inputs in inputs(), every in 1..5u32) {
        let mut timeline = play(seed, &inputs, Time::ZERO);
        let mut whole = timeline.fork();
        let mut left = every;
        while timeline.advance(Time::millis(200), &mut || { left -= 1; left > 0 }) == opscape_sim::Reached::Budget {
            left = every;
        }
        whole.seek(Time::millis(200));
        prop_assert_eq!(state(&timeline), state(&whole));
    }

    #[test]
    fn a_fork_shares_the_past_and_not_the_future(seed: u64, at in 0..300u64) {
        let mut one = play(seed, &[], Time::millis(at));
        let past = state(&one).2;
        let mut two = one.fork();
        two.input(3);
        one.seek(Time::millis(400));
        two.seek(Time::millis(400));
        prop_assert_eq!(&state(&one).2[..past.len()], &past[..]);
        prop_assert_eq!(&state(&two).2[..past.len()], &past[..]);
        prop_assert_eq!(state(&one), state(&play(seed, &[], Time::millis(400))));
        prop_assert_eq!(state(&two), state(&play(seed, &[(at, 3)], Time::millis(400))));
    }

    #[test]
    fn a_change_in_the_past_leaves_the_old_future(seed: u64, at in 0..300u64) {
        let mut timeline = play(seed, &[(350, 1)], Time::millis(400));
        timeline.seek(Time::millis(at));
        let left = timeline.input(2).unwrap();
        prop_assert_eq!((left.left_at, left.run.now()), (Time::millis(at), Time::millis(400)));
        timeline.seek(Time::millis(400));
        prop_assert_eq!(state(&timeline), state(&play(seed, &[(at, 2)], Time::millis(400))));
    }
}

#[test]
fn a_step_goes_to_the_next_visible_entry() {
    let mut timeline = play(3, &[(100, 1), (200, 2)], Time::millis(300));
    timeline.seek(Time::ZERO);
    let first = timeline.step(Time::FAR).unwrap();
    assert_eq!(
        (timeline.now(), timeline.present().journal().get(first).unwrap().what.as_str()),
        (Time::millis(100), "throw 1")
    );
    timeline.step(Time::FAR).unwrap();
    assert_eq!(timeline.now(), Time::millis(200));
    assert_eq!(timeline.step(Time::millis(250)), None);
    assert_eq!(timeline.now(), Time::millis(250));
}

#[test]
fn causes_lead_back_to_the_hand() {
    let timeline = play(5, &[(10, 2)], Time::millis(100));
    let journal = timeline.present().journal();
    let thrown = journal.iter().position(|(_, entry)| entry.what == "throw 2").unwrap();
    let (last, _) = journal.iter().rev().find(|(_, entry)| entry.what == "ball 1 bounces").unwrap();
    let chain: Vec<_> = journal.causes(last).collect();
    assert!(chain.len() > 2);
    assert_eq!(chain.last().unwrap().0.0 as usize, thrown);
}

#[test]
fn checkpoints_stay_few_and_exact_over_many_events() {
    let mut timeline = play(1, &[(0, 50)], Time::millis(1_500));
    assert!(timeline.present().handled() > 20_000);
    let end = state(&timeline).1;
    timeline.seek(Time::millis(700));
    timeline.seek(Time::millis(1_500));
    assert_eq!(state(&timeline).1, end);
}
