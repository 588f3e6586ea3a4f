//! What the node lifecycle controller and the taint eviction controller did, in words.

use opscape_cluster::node_lifecycle::{Fact, What};

use super::{Teller, told};
use crate::inspect::{Mark, WhyRow};
use crate::words::Rich;

pub(super) fn row(teller: Teller<'_>, fact: &Fact) -> WhyRow {
    let node = ("node", &*fact.node);
    match &fact.what {
        What::Silent { since, grace } => {
            let text = teller.rich("why.silent", &[node, ("at", &teller.at(*since))]);
            told(Mark::Failure, text, teller.rich("why.rule.silent", &[("span", &teller.span(*grace))]))
        }
        What::Tainted { key, effect } => {
            let taint = [&**key, ":", effect].concat();
            told(Mark::Step, teller.rich("why.tainted", &[node, ("taint", &taint)]), Rich::default())
        }
        What::Untainted { key, effect } => {
            let taint = [&**key, ":", effect].concat();
            told(Mark::Step, teller.rich("why.untainted", &[node, ("taint", &taint)]), Rich::default())
        }
        What::Evicted { taint, tolerated } => {
            let text = teller.rich("why.evicted", &[node, ("taint", taint)]);
            let seconds = tolerated.to_string();
            let key = if *tolerated > 0 { "why.rule.tolerated" } else { "why.rule.not-tolerated" };
            told(Mark::Failure, text, teller.rich(key, &[("n", &seconds)]))
        }
        What::Collected => told(Mark::Failure, teller.rich("why.node-gone", &[node]), Rich::default()),
    }
}
