//! What depends on who asks: session affinity, and limits of the rate.
#![allow(clippy::indexing_slicing, reason = "a test")]

mod common;

use std::time::Duration;

use common::{Pods, entry, near, run, seen, service, workload};
use opscape_manifest::api::meta::Uid;
use opscape_network::load::{Balance, Demand, Limit, Load, Profile, Proxy, Serve, ServiceTime, Workload};
use opscape_network::telemetry::{Outcome, Subject};
use opscape_sim::Time;

fn quick() -> Serve {
    Serve { time: ServiceTime::Constant(0.001), ..Serve::default() }
}

fn clients(clients: f64, think: f64) -> Workload {
    workload(Demand::Closed { clients: Profile::constant(clients), think })
}

fn open(rate: f64, addresses: Option<u32>) -> Workload {
    let demand = Demand::Open { rate: Profile::constant(rate), poisson: false };
    Workload { addresses, ..workload(demand) }
}

/// How many requests each pod had up to a second.
fn by_pod(load: &Load, pods: u64, from: u32, to: u32) -> Vec<u64> {
    let count = |pod| {
        let series = load.telemetry().series(&Subject::Pod(Uid(pod)));
        series.map_or(0, |series| series.between(from, to).count)
    };
    (1..=pods).map(count).collect()
}

#[test]
fn a_service_with_client_ip_affinity_keeps_an_address_at_one_endpoint() {
    let hour = Balance::ClientIp(Duration::from_hours(3));
    let pods = Pods { balance: hour, ..Pods::new(5, quick()) };
    // One client, or many with one address: one pod.
    for one in
        [clients(1.0, 0.01), Workload { addresses: Some(1), ..clients(20.0, 0.1) }, open(50.0, Some(1))]
    {
        let (load, _) = run(&pods, one, 10, 1);
        let served = by_pod(&load, 5, 0, 10);
        assert_eq!(served.iter().filter(|count| **count > 0).count(), 1, "{served:?}");
    }
    // Many addresses, or people who come once: all pods.
    for many in [clients(200.0, 1.0), open(500.0, None)] {
        let (load, _) = run(&pods, many, 10, 1);
        let served = by_pod(&load, 5, 0, 10);
        let total: u64 = served.iter().sum();
        assert!(served.iter().all(|count| near(*count as f64, total as f64 / 5.0, 0.4)), "{served:?}");
    }
}

#[test]
fn an_address_gets_another_endpoint_when_its_own_is_gone_or_it_was_away_for_too_long() {
    let balance = Balance::ClientIp(Duration::from_secs(2));
    let mut pods = Pods { balance, ..Pods::new(4, quick()) };
    let mut load = Load::new(3);
    load.begin(clients(1.0, 0.01), Time::ZERO);
    load.advance(Time::secs(5), &pods);
    let first = by_pod(&load, 4, 0, 5).iter().position(|count| *count > 0).unwrap_or_default() as u64 + 1;
    pods.table.retain(|pod| *pod != first);
    load.routes_changed();
    load.advance(Time::secs(10), &pods);
    load.settle();
    let served = by_pod(&load, 4, 5, 10);
    assert_eq!(served.iter().filter(|count| **count > 0).count(), 1, "{served:?}");
    assert_eq!(served[first as usize - 1], 0);
    // Back again: it stays where it is now.
    pods.table = vec![1, 2, 3, 4];
    load.routes_changed();
    load.advance(Time::secs(20), &pods);
    load.settle();
    assert_eq!(by_pod(&load, 4, 10, 20).iter().filter(|count| **count > 0).count(), 1);
    // One that thinks for longer than the time-out has another one nearly each time.
    let pods = Pods { balance, ..Pods::new(4, quick()) };
    let every = Demand::Run { requests: Some(100), clients: 1, every: 3.0 };
    let (load, _) = run(&pods, workload(every), 310, 1);
    assert!(by_pod(&load, 4, 0, 310).iter().all(|count| *count > 10));
}

#[test]
fn a_cookie_keeps_a_browser_and_a_scale_up_moves_only_some() {
    let proxied =
        |pods| Pods { balance: Balance::Cookie, proxy: Some(Proxy::default()), ..Pods::new(pods, quick()) };
    let (load, _) = run(&proxied(5), clients(1.0, 0.01), 10, 1);
    assert_eq!(by_pod(&load, 5, 0, 10).iter().filter(|count| **count > 0).count(), 1);
    // Programs keep no cookies.
    let hey = Demand::Run { requests: Some(100), clients: 1, every: 0.0 };
    let (load, _) = run(&proxied(5), workload(hey), 10, 1);
    assert_eq!(by_pod(&load, 5, 0, 10), [20; 5]);
    let (load, _) = run(&proxied(5), clients(500.0, 1.0), 20, 1);
    let served = by_pod(&load, 5, 0, 20);
    let total: u64 = served.iter().sum();
    assert!(served.iter().all(|count| near(*count as f64, total as f64 / 5.0, 0.25)), "{served:?}");
}

#[test]
fn what_comes_faster_than_its_rate_and_burst_is_a_503() {
    // 10 per second and 50 at once, as `limit-rps: 10` says.
    let limit = Limit { milli_rate: 10_000, burst: 50, per_minute: false };
    let limited = |limits| {
        let proxy = Proxy { limits, ..Proxy::default() };
        Pods { balance: Balance::RoundRobin, proxy: Some(proxy), ..Pods::new(2, quick()) }
    };
    let pods = limited([Some(limit), None]);
    let (load, _) = run(&pods, open(100.0, Some(1)), 10, 1);
    // 51 at once, then ten per second, of 999.
    let refused = seen(&load, 0, 10).of(Outcome::Status(503));
    assert!(near((999 - refused) as f64, 151.0, 0.03), "{refused}");
    let recent = load.telemetry().recent(&entry(), 10);
    assert_eq!(recent.of(Outcome::Status(503)), refused);
    // The Service has not seen them.
    assert_eq!(load.telemetry().recent(&service(), 10).of(Outcome::Status(503)), 0);
    // Ten addresses have ten times as much; people who come once are never too fast.
    let (load, _) = run(&pods, open(100.0, Some(10)), 10, 1);
    assert_eq!(seen(&load, 0, 10).errors(), 0);
    let (load, _) = run(&pods, open(1000.0, None), 10, 1);
    assert_eq!(seen(&load, 0, 10).errors(), 0);
    // `hey` is one machine, however many connections it has.
    let hey = Demand::Run { requests: Some(100), clients: 10, every: 0.0 };
    let (load, id) = run(&pods, workload(hey), 10, 1);
    let report = load.report(id).map(|report| report.outcomes.clone()).unwrap_or_default();
    let fine =
        report.iter().find(|(outcome, _)| *outcome == Outcome::Status(200)).map_or(0, |(_, count)| *count);
    assert!((51..60).contains(&fine), "{report:?}");
    // Per minute, and at a rate of which only some requests are followed.
    let per_minute = Limit { milli_rate: 1_000, burst: 300, per_minute: true };
    let (load, _) = run(&limited([None, Some(per_minute)]), open(50.0, Some(1)), 60, 1);
    let refused = seen(&load, 0, 60).of(Outcome::Status(503));
    assert!(near((2999 - refused) as f64, 361.0, 0.03), "{refused}");
    let fast = Limit { milli_rate: 2_000_000, burst: 10_000, per_minute: false };
    let (load, _) = run(&limited([Some(fast), None]), open(20_000.0, Some(1)), 10, 1);
    let point = seen(&load, 0, 10);
    assert!(near((point.count - point.of(Outcome::Status(503))) as f64, 30_000.0, 0.05), "{}", point.count);
}

#[test]
fn an_address_has_so_many_requests_under_way_and_the_others_get_503() {
    let proxy = Proxy { connections: 5, ..Proxy::default() };
    let serve = Serve { time: ServiceTime::Constant(0.1), ..Serve::default() };
    let pods = Pods { balance: Balance::RoundRobin, proxy: Some(proxy), ..Pods::new(2, serve) };
    // Five at a time of a tenth of a second each: fifty per second.
    let (load, _) = run(&pods, open(200.0, Some(1)), 10, 1);
    let point = seen(&load, 0, 10);
    let fine = point.count - point.of(Outcome::Status(503));
    assert!(near(fine as f64, 500.0, 0.03), "{fine} of {}", point.count);
    // As many connections as are allowed never are too many; nor are people who come once.
    let hey = Demand::Run { requests: Some(100), clients: 5, every: 0.0 };
    let (load, id) = run(&pods, workload(hey), 10, 1);
    let outcomes = load.report(id).map(|report| report.outcomes.clone()).unwrap_or_default();
    assert_eq!(outcomes, [(Outcome::Status(200), 500)]);
    let (load, _) = run(&pods, open(200.0, None), 10, 1);
    assert_eq!(seen(&load, 0, 10).errors(), 0);
}

#[test]
fn it_is_the_same_again() {
    let proxy = Proxy::default();
    let pods = Pods { balance: Balance::Cookie, proxy: Some(proxy), ..Pods::new(7, quick()) };
    let one = run(&pods, clients(50.0, 0.2), 20, 9).0;
    let two = run(&pods, clients(50.0, 0.2), 20, 9).0;
    assert_eq!(by_pod(&one, 7, 0, 20), by_pod(&two, 7, 0, 20));
}
