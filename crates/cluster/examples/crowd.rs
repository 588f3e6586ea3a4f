//! Brings a crowd of pods to Ready and says how long that took: `cargo run --release --example crowd -- 10000 400`, and with
//! `served` behind it with a Service that selects them all.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "measuring is what it is for")]

use std::time::Instant;

use opscape_cluster::bench;
use opscape_manifest::api::{EndpointSlice, Event, Pod};
use opscape_sim::Time;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u32>().ok());
    let pods = numbers.next().unwrap_or(1000);
    let nodes = numbers.next().unwrap_or(pods.div_ceil(30));
    let served = std::env::args().any(|text| text == "served");
    let begin = Instant::now();
    let make = if served { bench::served_crowd } else { bench::crowd };
    let mut run = make(pods as i32, nodes, 1);
    let made = begin.elapsed();
    let ready = bench::until_available(&mut run, pods as i32, Time::secs(3600));
    let took = begin.elapsed();
    let store = run.model().cluster.store();
    let bound = store.list::<Pod>(None).filter(|pod| !pod.spec.node_name.is_empty()).count();
    println!(
        "{{\"pods\":{pods},\"nodes\":{nodes},\"ready\":{ready},\"available\":{},\"bound\":{bound},\"nodes_ms\":{},\"wall_ms\":{},\"events\":{},\"journal\":{},\"told\":{},\"virtual_s\":{:.1},\"us_per_pod\":{:.1},\"slices\":{}}}",
        bench::available(&run),
        made.as_millis(),
        took.as_millis(),
        run.handled(),
        run.journal().len(),
        store.list::<Event>(None).count(),
        run.now().as_secs_f64(),
        took.as_secs_f64() * 1e6 / f64::from(pods),
        store.list::<EndpointSlice>(None).count(),
    );
}
