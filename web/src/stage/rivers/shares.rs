//! What each node and each zone gets.

use opscape_lab::scene::{Level, Place, Scene};

use crate::stage::flows::Lit;

/// By colour of the revision, from 0, then what failed; once more for what stands back behind what is pointed at.
pub type Sums = [f32; 2 * PARTS];

/// Colours of revisions, and what failed.
pub const PARTS: usize = 7;

/// Of the failed ones.
pub const RED: usize = 6;

/// What each node and each zone gets.
#[derive(Default)]
pub struct Shares {
    pub nodes: Vec<Sums>,
    pub zones: Vec<Sums>,
    pub all: Sums,
}

/// Adds to all of it.
pub fn add(sums: &mut Sums, more: &Sums) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

/// All requests, failed ones among them.
pub fn total(sums: &Sums) -> f32 {
    sums.iter().enumerate().filter(|(part, _)| part % PARTS != RED).map(|(_, rate)| rate).sum()
}

/// What everything gets; at the level of bars, what each zone gets by its ready pods. `lit`: what is pointed at.
pub fn shares(scene: &Scene, lit: Option<&Lit>) -> Shares {
    let mut shares = Shares {
        nodes: vec![Sums::default(); scene.nodes.len()],
        zones: vec![Sums::default(); scene.zones.len()],
        all: Sums::default(),
    };
    let Some(traffic) = &scene.traffic else { return shares };
    let back = |service: usize| if lit.is_none_or(|lit| lit.leads_to(service)) { 0 } else { PARTS };
    let put = |sums: &mut Sums, service: usize, colour: u8, rate: f32, errors: f32| {
        let first = back(service);
        if let Some(sum) = sums.get_mut(first + usize::from(colour).saturating_sub(1).min(RED - 1)) {
            *sum += rate;
        }
        if let Some(sum) = sums.get_mut(first + RED) {
            *sum += errors;
        }
    };
    if scene.level == Level::Bars {
        for flow in &traffic.flows {
            let (Place::Service(namespace, name), Place::Version { colour, .. }) = (&flow.from, &flow.to)
            else {
                continue;
            };
            let service =
                scene.services.iter().position(|card| card.name == *name && card.namespace == *namespace);
            let Some(service) = service else { continue };
            let ready = |bars: &[opscape_lab::scene::Bar]| {
                bars.iter().filter(|bar| bar.colour == *colour).map(|bar| bar.ready).sum::<u32>() as f32
            };
            let all: f32 = scene.zones.iter().map(|zone| ready(&zone.bars)).sum();
            for (zone, sums) in scene.zones.iter().zip(&mut shares.zones) {
                let part = ready(&zone.bars) / all.max(1.0);
                put(sums, service, *colour, flow.rates.rate * part, flow.rates.errors * part);
            }
        }
    } else {
        // Both are in the order of the nodes and their pods.
        for service in 0..scene.services.len() {
            let mut flows = traffic.pods.iter().filter(|flow| flow.service == service).peekable();
            for (node, sums) in scene.nodes.iter().zip(&mut shares.nodes) {
                for pod in &node.pods {
                    if let Some(flow) = flows.next_if(|flow| flow.pod == pod.uid) {
                        put(sums, service, flow.colour, flow.rate, flow.errors);
                    }
                }
            }
        }
        for (zone, sums) in scene.zones.iter().zip(&mut shares.zones) {
            for node in shares.nodes.iter().skip(zone.first).take(zone.nodes) {
                add(sums, node);
            }
        }
    }
    for zone in &shares.zones {
        add(&mut shares.all, zone);
    }
    shares
}
