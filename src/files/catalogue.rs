//! Models known to suit: real repositories, their recommended file, size and licence.

use crate::protocol::{CatalogueEntry, ModelSource, ThoughtFormat};

/// Alias, title, repository, weights and bytes of the `Q4_K_M` file, licence, thoughts, what it is for.
type Row = (&'static str, &'static str, &'static str, u64, u64, &'static str, ThoughtFormat, &'static str);

const MODELS: [Row; 12] = [
    (
        "marco-o1",
        "Marco-o1 7B",
        "bartowski/Marco-o1-GGUF",
        7_615_616_512,
        4_683_073_504,
        "Apache-2.0",
        ThoughtFormat::Marco,
        "The model this program is made for: long thoughts on open problems, then the answer.",
    ),
    (
        "deepseek-r1-7b",
        "DeepSeek-R1-Distill-Qwen 7B",
        "unsloth/DeepSeek-R1-Distill-Qwen-7B-GGUF",
        7_615_616_512,
        4_683_073_248,
        "MIT",
        ThoughtFormat::Think,
        "Strong at mathematics and logic; thinks long.",
    ),
    (
        "deepseek-r1-1.5b",
        "DeepSeek-R1-Distill-Qwen 1.5B",
        "unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF",
        1_777_088_000,
        1_117_320_576,
        "MIT",
        ThoughtFormat::Think,
        "The smallest model that reasons well; fits most GPUs.",
    ),
    (
        "qwen2.5-7b",
        "Qwen2.5 7B Instruct",
        "bartowski/Qwen2.5-7B-Instruct-GGUF",
        7_615_616_512,
        4_683_074_240,
        "Apache-2.0",
        ThoughtFormat::None,
        "A capable all-round assistant in many languages; answers at once.",
    ),
    (
        "qwen2.5-1.5b",
        "Qwen2.5 1.5B Instruct",
        "Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        1_543_714_304,
        1_117_320_736,
        "Apache-2.0",
        ThoughtFormat::None,
        "A quick assistant for small GPUs.",
    ),
    (
        "qwen2.5-0.5b",
        "Qwen2.5 0.5B Instruct",
        "Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        494_032_768,
        491_400_032,
        "Apache-2.0",
        ThoughtFormat::None,
        "Very small and quick; simple questions only.",
    ),
    (
        "qwen2-7b",
        "Qwen2 7B Instruct",
        "Qwen/Qwen2-7B-Instruct-GGUF",
        7_615_616_512,
        4_683_071_456,
        "Apache-2.0",
        ThoughtFormat::None,
        "The base that Marco-o1 was tuned from.",
    ),
    (
        "qwen2-1.5b",
        "Qwen2 1.5B Instruct",
        "Qwen/Qwen2-1.5B-Instruct-GGUF",
        1_543_714_304,
        986_045_824,
        "Apache-2.0",
        ThoughtFormat::None,
        "A quick assistant for small GPUs, of the earlier generation.",
    ),
    (
        "qwen2-0.5b",
        "Qwen2 0.5B Instruct",
        "Qwen/Qwen2-0.5B-Instruct-GGUF",
        494_032_768,
        397_805_248,
        "Apache-2.0",
        ThoughtFormat::None,
        "Very small and quick, of the earlier generation.",
    ),
    (
        "smollm2-1.7b",
        "SmolLM2 1.7B Instruct",
        "bartowski/SmolLM2-1.7B-Instruct-GGUF",
        1_711_376_384,
        1_055_609_536,
        "Apache-2.0",
        ThoughtFormat::None,
        "A small assistant with open training data; English.",
    ),
    (
        "smollm2-360m",
        "SmolLM2 360M Instruct",
        "bartowski/SmolLM2-360M-Instruct-GGUF",
        361_821_120,
        270_590_880,
        "Apache-2.0",
        ThoughtFormat::None,
        "Runs on anything; short and simple English.",
    ),
    (
        "smollm2-135m",
        "SmolLM2 135M Instruct",
        "bartowski/SmolLM2-135M-Instruct-GGUF",
        134_515_008,
        105_454_432,
        "Apache-2.0",
        ThoughtFormat::None,
        "The smallest real chat model: to see that everything works.",
    ),
];

/// Every model known to suit, the best first.
pub(super) fn catalogue() -> Vec<CatalogueEntry> {
    let entry = |&(alias, title, repo, parameters, bytes, license, thoughts, about): &Row| CatalogueEntry {
        alias: alias.into(),
        title: title.into(),
        about: about.into(),
        source: ModelSource::Hub { repo: repo.into(), revision: None, file: Some("Q4_K_M".into()) },
        parameters,
        // Nobody reads more than three digits, and a repository may renew its files.
        bytes: bytes / 1_000_000 * 1_000_000,
        license: license.into(),
        thoughts,
    };
    MODELS.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::catalogue;

    #[test]
    fn aliases_are_short_and_single() {
        let entries = catalogue();
        let aliases: BTreeSet<_> = entries.iter().map(|entry| &entry.alias).collect();
        assert_eq!(aliases.len(), entries.len());
        assert!(
            aliases.iter().all(|alias| alias.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)))
        );
        // 4-bit files with scales and a 6-bit head: between half a byte and a byte and a bit a weight.
        assert!(
            entries.iter().all(|entry| (0.5..1.1).contains(&(entry.bytes as f64 / entry.parameters as f64)))
        );
    }
}
