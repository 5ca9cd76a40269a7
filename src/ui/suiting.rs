//! Which of the known models suits this machine: as well as a page can tell before one of them is tried.

use crate::protocol::CatalogueEntry;

/// What a browser tells of the machine. WebGPU keeps the memory of the GPU to itself, so that pages cannot tell
/// machines apart; what the model then really takes is measured against the GPU on its card.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Machine {
    /// Whether the "GPU" is a program on the processor.
    pub software: bool,
    /// Whether it is a phone or a tablet.
    pub handheld: bool,
    /// Memory of the machine in GiB, where the browser tells; at most 8 or so is told.
    pub memory_gib: Option<f64>,
}

impl Machine {
    /// Bytes of weights that it should run well.
    fn bytes(self) -> u64 {
        let memory_gib = self.memory_gib.unwrap_or(8.0);
        if self.software || memory_gib < 4.0 {
            600_000_000
        } else if self.handheld || memory_gib < 8.0 {
            2_000_000_000
        } else {
            5_000_000_000
        }
    }
}

/// The first of the known models, best first, that the machine should run; the smallest where none is small enough.
pub fn suited(known: &[CatalogueEntry], machine: Machine) -> Option<&CatalogueEntry> {
    let fits = |entry: &&CatalogueEntry| entry.bytes <= machine.bytes();
    known.iter().find(fits).or_else(|| known.iter().min_by_key(|entry| entry.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ModelSource, ThoughtFormat};

    #[test]
    fn the_best_that_should_run_is_taken() {
        let entry = |alias: &str, bytes: u64| CatalogueEntry {
            alias: alias.into(),
            title: alias.into(),
            about: String::new(),
            source: ModelSource::Embedded,
            parameters: bytes,
            bytes,
            license: String::new(),
            thoughts: ThoughtFormat::None,
        };
        let known = [
            entry("large", 4_683_000_000),
            entry("as large", 4_683_000_000),
            entry("middle", 1_117_000_000),
            entry("small", 491_000_000),
            entry("tiny", 105_000_000),
        ];
        let alias = |machine| suited(&known, machine).map(|entry| entry.alias.as_str());
        let with = |memory_gib| Machine { memory_gib: Some(memory_gib), ..Machine::default() };
        assert_eq!(alias(Machine::default()), Some("large"), "a browser that does not tell");
        assert_eq!(
            (alias(with(8.0)), alias(with(4.0)), alias(with(2.0))),
            (Some("large"), Some("middle"), Some("small"))
        );
        assert_eq!(alias(Machine { handheld: true, ..with(8.0) }), Some("middle"));
        assert_eq!(alias(Machine { software: true, ..with(8.0) }), Some("small"));
        assert_eq!(suited(&known[..2], with(1.0)).map(|entry| entry.bytes), Some(4_683_000_000));
        assert_eq!(suited(&[], Machine::default()), None);
    }
}
