//! Simulated queues against queueing theory.

mod common;

use std::time::Duration;

use common::{Pods, near, run, seen, workload};
use opscape_network::load::{Demand, Profile, Serve, ServiceTime};

const MEAN: f64 = 0.01;

fn serve(concurrency: u32, time: ServiceTime) -> Serve {
    Serve { concurrency, queue: u32::MAX, time, ..Serve::default() }
}

/// The probability that a request has to wait in M/M/c (Erlang C) with `load` = arrival rate / service rate.
fn erlang_c(servers: u32, load: f64) -> f64 {
    let mut blocked = 1.0;
    for n in 1..=servers {
        blocked = load * blocked / (f64::from(n) + load * blocked);
    }
    let rho = load / f64::from(servers);
    blocked / (1.0 - rho + rho * blocked)
}

/// Mean waiting time in seconds, without service.
fn waiting(concurrency: u32, time: ServiceTime, rho: f64, requests: f64, seed: u64) -> f64 {
    let rate = rho * f64::from(concurrency) / MEAN;
    let demand = Demand::Open { rate: Profile::constant(rate), poisson: true };
    // The rate of one workload is kept low enough for every request to be followed.
    assert!(rate <= opscape_network::load::FOLLOWED);
    let seconds = (requests / rate) as u32;
    let (load, _) = run(&Pods::new(1, serve(concurrency, time)), workload(demand), u64::from(seconds), seed);
    let all = seen(&load, 0, seconds);
    assert!(near(all.count as f64, requests, 0.01), "{} of {requests} requests", all.count);
    all.mean() / 1e6 - MEAN
}

#[test]
fn waiting_times_of_m_m_c_are_those_of_erlang() {
    for (servers, rho, requests) in
        [(1, 0.5, 5e5), (1, 0.8, 2e6), (2, 0.7, 1e6), (4, 0.9, 4e6), (10, 0.8, 2e6), (30, 0.9, 4e6)]
    {
        let theory = erlang_c(servers, rho * f64::from(servers)) * MEAN / (f64::from(servers) * (1.0 - rho));
        let simulated = waiting(servers, ServiceTime::Exponential(MEAN), rho, requests, 7);
        assert!(near(simulated, theory, 0.03), "M/M/{servers}, rho {rho}: {simulated}, theory {theory}");
    }
}

#[test]
fn waiting_times_of_m_g_1_are_those_of_pollaczek_and_khinchine() {
    for rho in [0.5, 0.8] {
        let theory = rho * MEAN / (2.0 * (1.0 - rho));
        let simulated = waiting(1, ServiceTime::Constant(MEAN), rho, 1e6, 11);
        assert!(near(simulated, theory, 0.03), "M/D/1, rho {rho}: {simulated}, theory {theory}");
    }
    // Lognormal with sigma 0.8: E[S^2] = mean^2 * exp(sigma^2).
    let sigma: f64 = 0.8;
    let median = MEAN / (sigma * sigma / 2.0).exp();
    let time = ServiceTime::Lognormal { median, p99: median * (sigma * 2.326_347_874).exp() };
    let theory = 0.6 * MEAN * (sigma * sigma).exp() / (2.0 * 0.4);
    let simulated = waiting(1, time, 0.6, 2e6, 13);
    assert!(near(simulated, theory, 0.03), "M/G/1: {simulated}, theory {theory}");
}

#[test]
fn percentiles_of_m_m_1_are_exponential() {
    // Response times of M/M/1 are exponential with mean 1 / (mu - lambda).
    let demand = Demand::Open { rate: Profile::constant(60.0), poisson: true };
    let pods = Pods::new(1, serve(1, ServiceTime::Exponential(MEAN)));
    let (load, _) = run(&pods, workload(demand), 20_000, 3);
    let all = seen(&load, 0, 20_000);
    let mean = 1.0 / (100.0 - 60.0);
    for share in [0.5, 0.9_f64, 0.99] {
        let theory = -(1.0 - share).ln() * mean * 1e6;
        assert!(near(all.durations.quantile(share), theory, 0.03), "{share}: {theory}");
    }
}

#[test]
fn the_queue_limit_turns_away_what_erlang_b_says() {
    // M/M/c/c: no queue. With a proxy in front that is a 503.
    let (servers, load_in) = (5_u32, 4.0_f64);
    let mut blocked = 1.0;
    for n in 1..=servers {
        blocked = load_in * blocked / (f64::from(n) + load_in * blocked);
    }
    let pods = Pods::new(1, Serve { queue: 0, ..serve(servers, ServiceTime::Exponential(MEAN)) });
    let demand = Demand::Open { rate: Profile::constant(load_in / MEAN), poisson: true };
    let (load, _) = run(&pods, workload(demand), 1_500, 5);
    let all = seen(&load, 0, 1_500);
    let turned_away = all.of(opscape_network::telemetry::Outcome::Status(503)) as f64 / all.count as f64;
    assert!(near(turned_away, blocked, 0.02), "{turned_away}, theory {blocked}");
}

#[test]
fn closed_loops_obey_the_interactive_response_time_law() {
    // X = N / (R + Z), and no more than c / S.
    for (clients, think, concurrency) in [(50, 0.5, 4), (200, 0.5, 4), (40, 0.0, 4), (10, 2.0, 1)] {
        let demand = Demand::Closed { clients: Profile::constant(f64::from(clients)), think };
        let mut pods = Pods::new(1, serve(concurrency, ServiceTime::Exponential(MEAN)));
        pods.round_trip = Duration::from_millis(1);
        let (load, _) = run(&pods, workload(demand), 1_000, 17);
        let all = seen(&load, 100, 1_000);
        let (rate, response) = (all.rate(), all.mean() / 1e6);
        let law = f64::from(clients) / (response + think);
        assert!(near(rate, law, 0.02), "{clients} clients: {rate}/s, by the law {law}/s");
        let most = f64::from(concurrency) / MEAN;
        assert!(rate <= most * 1.01);
        if think == 0.0 || f64::from(clients) / think > 1.5 * most {
            assert!(near(rate, most, 0.01), "saturated: {rate}/s of {most}/s");
        }
    }
}

#[test]
fn littles_law_holds_at_the_servers() {
    let demand = Demand::Open { rate: Profile::constant(300.0), poisson: true };
    let pods = Pods::new(3, serve(2, ServiceTime::Exponential(MEAN)));
    let mut load = opscape_network::load::Load::new(23);
    load.begin(workload(demand), opscape_sim::Time::ZERO);
    let (mut inside, looks) = (0_usize, 40_000_u64);
    for look in 1..=looks {
        load.advance(opscape_sim::Time::millis(look * 37), &pods);
        inside += (1..=3).map(|pod| load.in_flight(opscape_manifest::api::meta::Uid(pod))).sum::<usize>();
    }
    let seconds = looks * 37 / 1_000;
    let all = seen(&load, 0, seconds as u32);
    let (number, law) = (inside as f64 / looks as f64, all.rate() * all.mean() / 1e6);
    assert!(near(number, law, 0.02), "{number} requests inside, by the law {law}");
}
