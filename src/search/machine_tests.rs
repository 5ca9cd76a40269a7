//! Properties of whole searches.

use super::toy::{Toy, run};
use super::*;
use crate::protocol::*;

#[test]
fn smoke() {
    let options = SearchOptions::default();
    let mut s = Search::new(&options, &SamplingOptions::default(), ThoughtFormat::Marco, 4000).unwrap();
    run(&mut s, &mut Toy::default(), |_| 0).unwrap();
    for n in s.tree().nodes() {
        eprintln!(
            "{} {:?} r{} N{} W{:.3} c{:?} L{} {:?} {:?}",
            n.parent,
            n.kind,
            n.rollout,
            n.visits,
            n.total_value.to_f64(),
            n.mean_confidence(),
            n.launched,
            n.children,
            n.answer.as_ref().map(|a| &a.class)
        );
    }
    eprintln!("{:?}", s.report());
}
