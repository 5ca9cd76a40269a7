//! The suite `quantization`: what is compared, on which texts, and the table of the result.

use std::fmt::Write;

use crate::protocol::{Candidate, Comparison, ModelSource, Quantize};

/// Name of the suite.
pub const NAME: &str = "quantization";

/// English, Russian and Chinese prose with some numbers in it, written for this purpose.
const TEXTS: [&str; 3] =
    [include_str!("texts/en.txt"), include_str!("texts/ru.txt"), include_str!("texts/zh.txt")];

/// The texts that every model reads.
pub fn texts() -> Vec<String> {
    TEXTS.map(str::to_owned).to_vec()
}

/// Every choice of `--quantize` for the reference, then other files of the same model as they are.
pub fn candidates(reference: &ModelSource, others: &[String]) -> Vec<Candidate> {
    let choices = [("q8", Quantize::Q8), ("q4", Quantize::Q4), ("nf4", Quantize::Nf4)];
    let of = |(name, quantize): (&str, Quantize)| Candidate {
        name: format!("--quantize {name}"),
        source: reference.clone(),
        quantize,
    };
    let file = |path: &String| Candidate {
        name: path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned(),
        source: ModelSource::Path { path: path.clone() },
        quantize: Quantize::None,
    };
    choices.into_iter().map(of).chain(others.iter().map(file)).collect()
}

/// The comparison as lines of text.
pub fn table(comparison: &Comparison) -> String {
    let mut out = format!(
        "{:<24} {:>10} {:>10} {:>10} {:>10} {:>11}\n",
        "weights", "MB", "mean KL", "worst KL", "same top", "perplexity"
    );
    for row in &comparison.rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:<24} {:>10.1} {:>10.5} {:>10.4} {:>8.1} % {:>11.3}",
            row.name,
            row.weight_bytes as f64 / 1e6,
            row.mean_kl,
            row.worst_kl,
            100.0 * row.same_top,
            row.perplexity
        );
    }
    let _ = writeln!(
        out,
        "KL in nats from {}, over {} next-token distributions",
        comparison.reference, comparison.positions
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Compared;

    #[test]
    fn every_choice_and_every_file_is_a_row() {
        let reference = ModelSource::Embedded;
        let candidates = candidates(&reference, &["a/b.gguf".into()]);
        let names: Vec<&str> = candidates.iter().map(|candidate| &*candidate.name).collect();
        assert_eq!(names, ["--quantize q8", "--quantize q4", "--quantize nf4", "b.gguf"]);
        let row = |name: &str, mean_kl| Compared {
            name: name.into(),
            mean_kl,
            same_top: 0.5,
            ..Compared::default()
        };
        let rows = vec![row("reference", 0.0), row("b.gguf", 0.0123)];
        let table = table(&Comparison { reference: "m".into(), positions: 7, rows });
        assert!(table.contains("b.gguf") && table.contains("0.01230") && table.contains("50.0 %"), "{table}");
        assert!(table.contains("from m, over 7"), "{table}");
    }
}
