//! How requests fail: from what proxies, queues, processes and nodes do.

mod common;

use std::time::Duration;

use common::{Pods, entry, near, run, seen, service, workload};
use opscape_manifest::api::meta::Uid;
use opscape_network::load::{
    Balance, Call, Demand, Load, ProcessState, Profile, Proxy, Serve, ServiceTime, Workload,
};
use opscape_network::telemetry::{Outcome, Subject};
use opscape_sim::Time;

fn slow(seconds: f64) -> Serve {
    Serve { time: ServiceTime::Constant(seconds), ..Serve::default() }
}

fn open(rate: f64) -> Workload {
    workload(Demand::Open { rate: Profile::constant(rate), poisson: false })
}

fn proxied(pods: u64, serve: Serve) -> Pods {
    Pods { proxy: Some(Proxy::default()), balance: Balance::RoundRobin, ..Pods::new(pods, serve) }
}

/// Changes a pod at an instant.
fn change(load: &mut Load, pods: &mut Pods, at: Time, number: u64, change: impl FnOnce(&mut Pods)) {
    load.advance(at, pods);
    change(pods);
    load.process_changed(Uid(number), pods);
}

#[test]
fn a_gone_endpoint_in_the_table_costs_a_try_and_all_gone_ones_are_a_502() {
    let mut pods = proxied(3, slow(0.01));
    pods.processes[0] = None;
    let (load, _) = run(&pods, open(100.0), 10, 1);
    let clients = seen(&load, 0, 10);
    assert_eq!((clients.errors(), clients.count), (0, 999));
    let tried = load.telemetry().recent(&service(), 10);
    assert!(tried.of(Outcome::Refused) > 300, "{tried:?}");

    pods.processes = vec![None, None, None];
    let (load, _) = run(&pods, open(100.0), 10, 1);
    assert_eq!(seen(&load, 0, 10).of(Outcome::Status(502)), 999);
    assert_eq!(load.telemetry().recent(&entry(), 10).of(Outcome::Status(502)), 999);
    pods.proxy = Some(Proxy { broken: 503, tries: 1, ..Proxy::default() });
    let (load, _) = run(&pods, open(100.0), 10, 1);
    assert_eq!(seen(&load, 0, 10).of(Outcome::Status(503)), 999, "as Envoy says it");
    // Without a proxy the client is refused.
    pods.proxy = None;
    let (load, _) = run(&pods, open(100.0), 10, 1);
    assert_eq!(seen(&load, 0, 10).of(Outcome::Refused), 999);
}

#[test]
fn no_endpoint_is_a_503_of_the_proxy() {
    let mut pods = proxied(1, slow(0.01));
    pods.table.clear();
    let (load, _) = run(&pods, open(100.0), 10, 1);
    assert_eq!(seen(&load, 0, 10).of(Outcome::Status(503)), 999);
    assert_eq!(load.telemetry().recent(&service(), 10).of(Outcome::Status(503)), 999);
}

#[test]
fn a_process_that_does_not_listen_yet_refuses() {
    let mut pods = proxied(1, slow(0.001));
    pods.pod(1).listens_at = Some(Time::secs(4));
    let (load, _) = run(&pods, open(100.0), 10, 1);
    let clients = seen(&load, 0, 10);
    assert!(near(clients.of(Outcome::Status(502)) as f64, 400.0, 0.01), "{clients:?}");
}

#[test]
fn a_process_that_drains_finishes_what_it_has_and_one_that_is_killed_does_not() {
    for (drains, posts, errors) in [(true, false, 0), (false, false, 0), (false, true, 50), (true, true, 0)] {
        let mut pods = proxied(2, slow(0.5));
        let method = if posts { "POST" } else { "GET" };
        let call = Call { method: method.into(), ..Call::get("http://web/") };
        let mut load = Load::new(1);
        load.begin(Workload { calls: vec![(call, 1)], ..open(200.0) }, Time::ZERO);
        let term = Time::secs(5);
        change(&mut load, &mut pods, term, 1, |pods| pods.pod(1).refuses_at = Some(term));
        assert!(load.in_flight(Uid(1)) >= 49);
        let end = if drains { Time::millis(5_600) } else { term };
        change(&mut load, &mut pods, end, 1, |pods| pods.pod(1).state = ProcessState::Ended);
        load.advance(Time::secs(10), &pods);
        let failed = seen(&load, 0, 10).of(Outcome::Status(502));
        // What breaks is sent to the other pod, unless it must not be sent twice.
        assert!(failed.abs_diff(errors) <= 1, "drains {drains}, posts {posts}: {failed}");
    }
}

#[test]
fn an_answer_that_takes_too_long_is_a_504_after_all_tries() {
    let mut pods = proxied(3, slow(100.0));
    pods.proxy = Some(Proxy { read_timeout: Duration::from_secs(2), ..Proxy::default() });
    let (load, _) = run(&pods, open(10.0), 60, 1);
    let clients = seen(&load, 20, 60);
    assert_eq!(clients.of(Outcome::Status(504)), clients.count);
    assert!(near(clients.durations.quantile(0.5), 6e6, 0.02), "{}", clients.durations.quantile(0.5));
}

#[test]
fn a_node_that_is_cut_off_answers_nothing() {
    let mut pods = proxied(2, slow(0.1));
    let mut load = Load::new(1);
    load.begin(open(100.0), Time::ZERO);
    change(&mut load, &mut pods, Time::secs(10), 1, |pods| pods.pod(1).state = ProcessState::Silent);
    load.advance(Time::secs(60), &pods);
    let clients = seen(&load, 20, 60);
    // The turns of all requests are one: some meet the silent pod three times.
    let failed = clients.errors() as f64 / clients.count as f64;
    assert!(
        clients.of(Outcome::Status(504)) == clients.errors() && (0.02..0.25).contains(&failed),
        "{failed}"
    );
    // Half of the requests lose the connect timeout of 5 s before they are sent to the other pod.
    assert!(near(clients.durations.quantile(0.6), 5.1e6, 0.02), "{}", clients.durations.quantile(0.6));
    assert!(near(clients.durations.quantile(0.25), 0.1e6, 0.02));
    // Those that were there waited for the read timeout of 60 s.
    load.advance(Time::secs(75), &pods);
    let late = seen(&load, 69, 75);
    assert!(late.durations.highest() > 60_000_000, "{}", late.durations.highest());
    // The node is back: a new life of its pod takes requests.
    change(&mut load, &mut pods, Time::secs(80), 1, |pods| pods.pod(1).state = ProcessState::Running);
    load.advance(Time::secs(100), &pods);
    assert!(near(seen(&load, 90, 100).durations.quantile(0.99), 0.1e6, 0.02));
}

#[test]
fn a_restarted_container_has_lost_its_connections() {
    let mut pods = Pods::new(1, slow(1.0));
    let mut load = Load::new(1);
    load.begin(open(50.0), Time::ZERO);
    change(&mut load, &mut pods, Time::secs(5), 1, |pods| {
        pods.pod(1).life = 2;
        pods.pod(1).listens_at = Some(Time::secs(7));
    });
    load.advance(Time::secs(20), &pods);
    let clients = seen(&load, 0, 20);
    assert!(clients.of(Outcome::Reset).abs_diff(50) <= 1, "{clients:?}");
    assert!(clients.of(Outcome::Refused).abs_diff(100) <= 1, "{clients:?}");
}

#[test]
fn a_process_that_hangs_lets_everybody_wait() {
    let mut pods = Pods::new(1, Serve { concurrency: 4, ..slow(0.1) });
    pods.pod(1).hangs = Some((Time::secs(10), Some(Time::secs(20))));
    let workload = Workload { timeout: Some(Duration::from_secs(3)), ..open(10.0) };
    let (load, _) = run(&pods, workload, 40, 1);
    assert_eq!(seen(&load, 0, 10).errors(), 0);
    let hung = seen(&load, 13, 20);
    assert_eq!(hung.of(Outcome::TimedOut), hung.count);
    assert_eq!(seen(&load, 25, 40).errors(), 0);
}

#[test]
fn clients_give_up_while_the_server_works_on() {
    let pods = Pods::new(1, Serve { concurrency: 1, queue: 1_000_000, ..slow(0.02) });
    let workload = Workload { timeout: Some(Duration::from_secs(1)), ..open(100.0) };
    let (load, _) = run(&pods, workload, 100, 1);
    let late = seen(&load, 50, 100);
    // Twice as much comes as can be done. The queue grows, and every answer comes too late.
    assert_eq!(late.of(Outcome::TimedOut), late.count);
    assert!(near(late.durations.quantile(0.5), 1e6, 0.02));
}

#[test]
fn cpu_limits_throttle_and_what_is_used_is_known() {
    let serve = Serve { concurrency: 8, cpu: 0.02, ..slow(0.02) };
    let mut pods = Pods::new(1, serve);
    pods.pod(1).cpu_limit = 500;
    // 10 requests a second of 20 ms each: 200m of 500m.
    let (load, _) = run(&pods, open(10.0), 60, 1);
    let used = load.cpu_used(Uid(1)) as f64 / 60e9;
    assert!(near(used, 0.2, 0.02), "{used}");
    assert!(near(seen(&load, 10, 60).durations.quantile(0.9), 20e3, 0.02));
    // 50 a second: 1000m. Only 500m are used, and half of them can be served.
    let pod = Subject::Pod(Uid(1));
    let (load, _) = run(&pods, Workload { timeout: Some(Duration::from_secs(5)), ..open(50.0) }, 60, 1);
    let used = load.telemetry().recent(&pod, 40);
    assert!(near(used.cpu as f64 / 40e6, 0.5, 0.02), "{}", used.cpu);
    assert!(used.throttled > 0);
}

#[test]
fn a_saturated_node_is_shared_by_cpu_requests() {
    // Two pods without limits on a node of 1 core; one asks for three times as much as the other. Each wants 2 cores.
    let serve = Serve { concurrency: 50, queue: 100_000, cpu: 0.02, ..slow(0.02) };
    let mut pods = Pods::new(2, serve);
    for (number, request) in [(1, 100), (2, 300)] {
        pods.pod(number).node_cpu = 1_000;
        pods.pod(number).cpu_request = request;
    }
    let (load, _) = run(&pods, open(200.0), 60, 1);
    let used = |number| load.telemetry().recent(&Subject::Pod(Uid(number)), 40).cpu as f64 / 40e6;
    assert!(near(used(1), 0.25, 0.05) && near(used(2), 0.75, 0.05), "{} {}", used(1), used(2));
    let node = load.telemetry().recent(&Subject::Node("node-1".into()), 40);
    assert!(near(node.cpu as f64 / 40e6, 1.0, 0.03), "{}", node.cpu);

    // One that wants little gets it.
    let mut modest = pods.clone();
    modest.pod(1).serve = Serve { cpu: 0.001, ..slow(0.01) };
    let (load, _) = run(&modest, open(200.0), 60, 1);
    let pod = |number| load.telemetry().recent(&Subject::Pod(Uid(number)), 40);
    assert!(near(pod(1).cpu as f64 / 40e6, 0.1, 0.1), "{}", pod(1).cpu);
    assert!(pod(1).durations.quantile(0.9) < 20e3, "{}", pod(1).durations.quantile(0.9));
    assert!(near(pod(2).cpu as f64 / 40e6, 0.9, 0.05), "{}", pod(2).cpu);
}

#[test]
fn a_run_ends_with_its_last_answer() {
    let pods = Pods::new(2, Serve { concurrency: 5, ..slow(0.1) });
    let mut load = Load::new(1);
    let hey = Workload {
        timeout: Some(Duration::from_secs(20)),
        ..workload(Demand::Run { requests: Some(20), clients: 10, every: 0.0 })
    };
    let id = load.begin(hey, Time::secs(3));
    load.advance(Time::secs(4), &pods);
    assert!(!load.report(id).expect("a report").is_done());
    load.advance(Time::secs(30), &pods);
    let report = load.report(id).expect("a report");
    assert!(report.is_done() && load.is_idle());
    assert_eq!((report.sent, report.outcomes.clone()), (200, vec![(Outcome::Status(200), 200)]));
    assert_eq!(report.latencies.len(), 200);
    let took = report.last.since(report.began).as_secs_f64();
    assert!((2.0..4.0).contains(&took), "{took}");

    // A rate limit per client: 10 clients of 2 per second for 5 s.
    let limited = Workload {
        until: Some(Time::secs(45)),
        ..workload(Demand::Run { requests: None, clients: 10, every: 0.5 })
    };
    let id = load.begin(limited, Time::secs(40));
    load.advance(Time::secs(60), &pods);
    let report = load.report(id).expect("a report");
    assert!(report.is_done());
    assert_eq!(report.sent, 90);
}

#[test]
fn the_same_seed_gives_the_same_run_however_it_is_advanced() {
    let mut pods = proxied(5, Serve { concurrency: 4, error_rate: 0.1, ..slow(0.05) });
    pods.pod(1).cpu_limit = 100;
    pods.pod(1).serve.cpu = 0.01;
    let begin = || {
        let mut load = Load::new(9);
        load.begin(workload(Demand::Open { rate: Profile::constant(300.0), poisson: true }), Time::ZERO);
        let closed = Demand::Closed { clients: Profile::constant(20.0), think: 0.2 };
        load.begin(Workload { name: "staff".into(), ..workload(closed) }, Time::ZERO);
        load
    };
    let measured = |load: &Load| {
        let telemetry = load.telemetry();
        let of = |subject| telemetry.series(subject).expect("a series").points().cloned().collect::<Vec<_>>();
        telemetry.subjects().map(|subject| (subject.clone(), of(subject))).collect::<Vec<_>>()
    };
    let mut one = begin();
    one.advance(Time::secs(30), &pods);
    let mut two = begin();
    let mut fork = None;
    for tick in 1..=300 {
        two.advance(Time::millis(100 * tick), &pods);
        if tick == 101 {
            fork = Some(two.clone());
        }
    }
    assert_eq!(measured(&one), measured(&two));
    let mut fork = fork.expect("a fork");
    fork.advance(Time::secs(30), &pods);
    assert_eq!(measured(&one), measured(&fork));
}

#[test]
fn absurd_numbers_do_no_harm() {
    let far = 1e15;
    for serve in [
        Serve { concurrency: 1, ..slow(far) },
        Serve { concurrency: 3, cpu: far, ..slow(far) },
        Serve { cpu: 1e-9, time: ServiceTime::Lognormal { median: 1e-9, p99: far }, ..Serve::default() },
        Serve { error_rate: 2.0, time: ServiceTime::Exponential(f64::MAX), ..Serve::default() },
    ] {
        let mut pods = proxied(2, serve);
        pods.proxy = Some(Proxy { read_timeout: Duration::MAX, ..Proxy::default() });
        pods.pod(1).cpu_limit = 1;
        pods.pod(1).node_cpu = 1;
        pods.pod(2).hangs = Some((Time::secs(3), None));
        let mut load = Load::new(1);
        let demands = [
            Demand::Open { rate: Profile::constant(1e5), poisson: true },
            Demand::Closed { clients: Profile::constant(1e3), think: far },
            Demand::Closed { clients: Profile::constant(1e3), think: 0.0 },
            Demand::Run { requests: Some(u32::MAX), clients: 100, every: far },
        ];
        for (number, demand) in demands.into_iter().enumerate() {
            let name = format!("load {number}").into();
            load.begin(Workload { name, timeout: Some(Duration::MAX), ..workload(demand) }, Time::secs(1));
        }
        for second in 1..8 {
            load.advance(Time::secs(second), &pods);
        }
        pods.pod(1).state = ProcessState::Silent;
        load.process_changed(Uid(1), &pods);
        load.advance(Time::secs(10), &pods);
        load.settle();
    }
}
