//! One followed request stands for many: rates, percentiles and errors are those of the run in which each is followed.

#![expect(clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::time::Duration;

use common::{Pods, near, process, workload};
use opscape_manifest::api::meta::Uid;
use opscape_network::load::{
    Balance, Demand, FOLLOWED, Load, Profile, Proxy, Serve, ServiceTime, Shape, Workload,
};
use opscape_network::telemetry::{Outcome, Point, Subject};
use opscape_sim::Time;

const SECONDS: u32 = 100;

/// The same load as one workload (of whose requests some are followed), and as many small ones (all are).
fn both(pods: &Pods, rate: f64, shape: Shape) -> (Point, Point) {
    both_with(pods, rate, shape, &mut |_, _| {})
}

fn both_with(
    pods: &Pods,
    rate: f64,
    shape: Shape,
    at_half: &mut dyn FnMut(&mut Load, &mut Pods),
) -> (Point, Point) {
    let run = |parts: u32, at_half: &mut dyn FnMut(&mut Load, &mut Pods)| {
        let mut load = Load::new(41);
        let mut pods = pods.clone();
        let part = |level: f64| level / f64::from(parts);
        let shape = match shape {
            Shape::Wave { to, every } => Shape::Wave { to: part(to), every },
            other => other,
        };
        for number in 0..parts {
            let rate = Profile { base: part(rate), shape };
            let workload = Workload {
                name: format!("part {number}").into(),
                timeout: Some(Duration::from_secs(2)),
                ..workload(Demand::Open { rate, poisson: true })
            };
            load.begin(workload, Time::ZERO);
        }
        load.advance(Time::secs(u64::from(SECONDS / 2)), &pods);
        at_half(&mut load, &mut pods);
        load.advance(Time::secs(u64::from(SECONDS) + 3), &pods);
        let mut sum = Point { span: SECONDS - 5, ..Point::default() };
        for number in 0..parts {
            let subject = Subject::Workload(format!("part {number}").into());
            sum.merge(&load.telemetry().series(&subject).expect("a series").between(5, SECONDS));
        }
        sum
    };
    let peak = if let Shape::Wave { to, .. } = shape { rate.max(to) } else { rate };
    (run(1, at_half), run((peak / FOLLOWED).ceil() as u32, at_half))
}

fn check(name: &str, (some, all): (Point, Point)) {
    assert!(near(some.rate(), all.rate(), 0.02), "{name}: {} and {} requests/s", some.rate(), all.rate());
    for share in [0.5, 0.9, 0.99] {
        let (ours, theirs) = (some.durations.quantile(share), all.durations.quantile(share));
        assert!(near(ours, theirs, 0.02), "{name}: p{}: {ours} us and {theirs} us", share * 100.0);
    }
    for outcome in [Outcome::Status(500), Outcome::Status(502), Outcome::Status(503), Outcome::TimedOut] {
        // In parts of all requests: 2 % of the errors, or what chance does to as many as were followed.
        let (ours, theirs) = (some.of(outcome) as f64, all.of(outcome) as f64);
        let group = (all.rate() / FOLLOWED).ceil();
        let chance = 3.0 * (theirs * group).sqrt();
        assert!(
            (ours - theirs).abs() <= (0.02 * theirs).max(chance),
            "{name}: {outcome:?}: {ours} and {theirs}"
        );
    }
}

fn serve(concurrency: u32, time: ServiceTime) -> Serve {
    Serve { concurrency, time, queue: 200, ..Serve::default() }
}

#[test]
fn a_crowd_of_pods_half_busy() {
    let serve = Serve { error_rate: 0.02, ..serve(4, ServiceTime::Exponential(0.02)) };
    check("half busy", both(&Pods::new(200, serve), 20_000.0, Shape::Constant));
}

#[test]
fn pods_near_their_limit() {
    let pods = Pods::new(50, serve(8, ServiceTime::Lognormal { median: 0.008, p99: 0.05 }));
    check("busy", both(&pods, 29_000.0, Shape::Constant));
}

#[test]
fn overloaded_pods_turn_requests_away() {
    let mut pods = Pods::new(20, serve(4, ServiceTime::Exponential(0.01)));
    pods.proxy = Some(Proxy::default());
    pods.balance = Balance::RoundRobin;
    check("overload", both(&pods, 12_000.0, Shape::Constant));
}

#[test]
fn clients_that_give_up() {
    let pods = Pods::new(10, Serve { queue: 100_000, ..serve(4, ServiceTime::Exponential(0.01)) });
    let wave = Shape::Wave { to: 9_000.0, every: 100.0 };
    check("giving up", both(&pods, 500.0, wave));
}

#[test]
fn a_daily_wave() {
    let pods = Pods::new(40, serve(10, ServiceTime::Lognormal { median: 0.01, p99: 0.04 }));
    check("wave", both(&pods, 2_000.0, Shape::Wave { to: 30_000.0, every: 50.0 }));
}

#[test]
fn cpu_limits_throttle() {
    let serve = Serve { cpu: 0.004, ..serve(16, ServiceTime::Exponential(0.01)) };
    let mut pods = Pods::new(60, serve);
    for number in 1..=60 {
        pods.pod(number).cpu_limit = 800;
    }
    check("throttled", both(&pods, 6_500.0, Shape::Constant));
}

#[test]
fn pods_that_go_away() {
    let mut pods = Pods::new(20, serve(0, ServiceTime::Constant(0.05)));
    pods.proxy = Some(Proxy { tries: 1, ..Proxy::default() });
    let mut kill = |load: &mut Load, pods: &mut Pods| {
        for number in 1..=4 {
            pods.processes[number as usize - 1] = None;
            load.process_changed(Uid(number), pods);
        }
        pods.processes.push(Some(process(serve(0, ServiceTime::Constant(0.05)))));
    };
    check("gone", both_with(&pods, 16_000.0, Shape::Constant, &mut kill));
}
