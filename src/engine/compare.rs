//! How far quantised weights stray: next-token distributions of several models on the same texts, held against
//! those of a reference.

use std::rc::Rc;

use super::opened::Opened;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::model::{BlockTable, Pages, Qwen2};
use crate::ops::Row;
use crate::protocol::{Candidate, Compared, Comparison, KvType, LoadOptions, ModelSource, Quantize};

/// Tokens of each text that are read, at most: whole distributions of the reference are kept in memory.
const MOST_TOKENS: usize = 192;

/// Natural logarithms of the probabilities of every next token, for each position of a text but the last.
type Predictions = Vec<Vec<f32>>;

/// Loads the reference and then each candidate. `progress` is told the bytes read of each model and how many there are.
pub(super) async fn compare(
    gpu: &Rc<Gpu>,
    reference: &ModelSource,
    candidates: &[Candidate],
    texts: &[String],
    options: &LoadOptions,
    progress: &dyn Fn(u64, u64),
) -> Result<Comparison> {
    let opened = Opened::open(reference).await?;
    let Some(language) = opened.language()? else {
        return Err(Error::BadRequest("a random model has no tokenizer, and nothing to compare".into()));
    };
    let longest = MOST_TOKENS.min(opened.config.max_position_embeddings - 1);
    let mut tokens = Vec::new();
    for text in texts {
        let mut ids = language.tokenizer.encode(text)?;
        ids.truncate(longest);
        if ids.len() < 2 {
            return Err(Error::BadRequest("a text has fewer than two tokens: nothing to predict".into()));
        }
        tokens.push(ids);
    }
    let vocab = opened.config.vocab_size;
    let (weight_bytes, truth) = run(gpu, opened, Quantize::None, &tokens, options, progress).await?;
    let mut tally = Tally::default();
    tally.add_all(&tokens, &truth, &truth);
    let positions = tally.positions;
    let mut rows = vec![tally.row("reference", weight_bytes)];
    for candidate in candidates {
        let opened = Opened::open(&candidate.source).await?;
        if opened.config.vocab_size != vocab {
            let found = opened.config.vocab_size;
            let what = format!("{found} tokens in its vocabulary, expected the reference's {vocab}");
            return Err(Error::bad_model(&candidate.name, what));
        }
        let (weight_bytes, predictions) =
            run(gpu, opened, candidate.quantize, &tokens, options, progress).await?;
        let mut tally = Tally::default();
        tally.add_all(&tokens, &truth, &predictions);
        rows.push(tally.row(&candidate.name, weight_bytes));
    }
    let reference = Opened::open(reference).await?.name;
    Ok(Comparison { reference, positions, rows })
}

/// Loads a model and reads the texts; bytes of its weights, and what it predicts. Keys and values are f32, so that
/// weights make all the difference.
async fn run(
    gpu: &Rc<Gpu>,
    opened: Opened,
    quantize: Quantize,
    tokens: &[Vec<u32>],
    options: &LoadOptions,
    progress: &dyn Fn(u64, u64),
) -> Result<(u64, Vec<Predictions>)> {
    let context = tokens.iter().map(Vec::len).max().unwrap_or(0) + 1;
    let options =
        LoadOptions { quantize, kv: KvType::F32, context: Some(context), max_batch: 1, ..options.clone() };
    let chosen = opened.options(&options)?;
    let total = opened.file_bytes();
    let mut done = 0;
    let mut told = |bytes: u64| {
        done += bytes;
        progress(done, total);
    };
    let source = opened.source();
    let model = Qwen2::load(gpu.clone(), opened.config.clone(), source, chosen, &mut told).await?;
    let mut predictions = Vec::with_capacity(tokens.len());
    for ids in tokens {
        predictions.push(predict(&model, ids).await?);
    }
    Ok((model.weights().bytes(), predictions))
}

async fn predict(model: &Qwen2, tokens: &[u32]) -> Result<Predictions> {
    let (gpu, vocab) = (model.gpu(), model.config().vocab_size);
    let mut pages = Pages::new(model.options().pages);
    let mut table = BlockTable::default();
    let slots: Option<Vec<u32>> = tokens.iter().map(|_| table.push(&mut pages)).collect();
    let slots = slots.expect("the context holds the longest text");
    model.write_table(0, 0, &table.entries())?;
    let entries = table.entry_count() as u32;
    let row = |((position, &token), slot): ((u32, &u32), u32)| Row {
        token,
        position,
        slot,
        table: model.table_start(0),
        entries,
        ..Row::IDLE
    };
    let rows: Vec<Row> = (0..).zip(tokens).zip(slots).map(row).collect();
    let mut predictions = Vec::with_capacity(tokens.len());
    for rows in rows.chunks(model.max_rows()) {
        for first in (0..rows.len()).step_by(Qwen2::MAX_BATCH) {
            let picked: Vec<u32> =
                (first..rows.len().min(first + Qwen2::MAX_BATCH)).map(|row| row as u32).collect();
            let mut encoder = gpu.encoder();
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                if first == 0 {
                    model.encode(&mut pass, rows);
                }
                model.encode_head(&mut pass, &picked);
            }
            gpu.queue().submit([encoder.finish()]);
            let logits: Vec<f32> = gpu.read(model.logits()).await?;
            for logits in logits.chunks(vocab).take(picked.len()) {
                predictions.push(log_softmax(logits)?);
            }
        }
    }
    table.release(&mut pages);
    predictions.pop();
    Ok(predictions)
}

fn log_softmax(logits: &[f32]) -> Result<Vec<f32>> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
    if !sum.is_finite() {
        return Err(Error::BadNumbers("logits are not finite numbers".into()));
    }
    let norm = f64::from(largest) + sum.ln();
    Ok(logits.iter().map(|logit| (f64::from(*logit) - norm) as f32).collect())
}

/// Sums over positions.
#[derive(Debug, Default)]
struct Tally {
    positions: usize,
    kl: f64,
    worst_kl: f64,
    same_top: usize,
    /// Of the tokens that do come next.
    log_prob: f64,
}

impl Tally {
    fn add_all(&mut self, tokens: &[Vec<u32>], truth: &[Predictions], predictions: &[Predictions]) {
        for ((ids, truth), predictions) in tokens.iter().zip(truth).zip(predictions) {
            for ((next, p), q) in ids[1..].iter().zip(truth).zip(predictions) {
                self.add(*next, p, q);
            }
        }
    }

    /// `p` and `q` are logarithms of probabilities: KL = sum of p (ln p - ln q).
    fn add(&mut self, next: u32, p: &[f32], q: &[f32]) {
        let term = |(p, q): (&f32, &f32)| f64::from(*p).exp() * (f64::from(*p) - f64::from(*q));
        let kl: f64 = p.iter().zip(q).map(term).sum();
        self.positions += 1;
        self.kl += kl;
        self.worst_kl = self.worst_kl.max(kl);
        self.same_top += usize::from(top(p) == top(q));
        self.log_prob += f64::from(q[next as usize]);
    }

    fn row(&self, name: &str, weight_bytes: u64) -> Compared {
        let count = self.positions as f64;
        Compared {
            name: name.into(),
            weight_bytes,
            mean_kl: self.kl / count,
            worst_kl: self.worst_kl,
            same_top: self.same_top as f64 / count,
            perplexity: (-self.log_prob / count).exp(),
        }
    }
}

fn top(values: &[f32]) -> Option<usize> {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::DeviceOptions;

    #[test]
    fn sums_are_those_of_the_definitions() {
        let ln = |values: [f32; 3]| values.map(f32::ln).to_vec();
        let (p, q) = (ln([0.5, 0.25, 0.25]), ln([0.25, 0.25, 0.5]));
        let mut tally = Tally::default();
        tally.add_all(&[vec![9, 0, 2]], &[vec![p.clone(), p.clone()]], &[vec![q, p]]);
        let row = tally.row("q", 1);
        // 0.5 ln 2 - 0.25 ln 2 for the first position, nothing for the second.
        assert!((row.mean_kl - 0.125 * 2.0f64.ln()).abs() < 1e-7, "{row:?}");
        assert!((row.worst_kl - 0.25 * 2.0f64.ln()).abs() < 1e-7, "{row:?}");
        assert!((row.same_top - 0.5).abs() < 1e-12, "{row:?}");
        // Tokens 0 and 2 come next, with a quarter each.
        assert!((row.perplexity - 4.0).abs() < 1e-6, "{row:?}");
        assert!(log_softmax(&[1.0, f32::NAN]).is_err());
        assert_eq!(log_softmax(&[1e4, 1e4]).unwrap(), [0.5f32.ln(); 2]);
    }

    #[test]
    fn more_bits_stray_less() {
        let path = format!("{}/tests/data/golden/bf16_file", env!("CARGO_MANIFEST_DIR"));
        let source = ModelSource::Path { path };
        let candidate = |(name, quantize): (&str, Quantize)| Candidate {
            name: name.into(),
            source: source.clone(),
            quantize,
        };
        let candidates =
            [("same", Quantize::None), ("q8", Quantize::Q8), ("q4", Quantize::Q4), ("nf4", Quantize::Nf4)]
                .map(candidate);
        let texts = ["The number of the apples in the basket.", "Сколько букв в слове?"].map(str::to_owned);
        let rows = pollster::block_on(async {
            let gpu = Rc::new(Gpu::open(&DeviceOptions::default()).await.unwrap());
            compare(&gpu, &source, &candidates, &texts, &LoadOptions::default(), &|_, _| {})
                .await
                .unwrap()
                .rows
        });
        let [reference, same, q8, q4, nf4] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((same.mean_kl, same.same_top, same.perplexity), (0.0, 1.0, reference.perplexity));
        assert!(q8.mean_kl > 0.0 && q8.mean_kl * 10.0 < q4.mean_kl.min(nf4.mean_kl), "{rows:#?}");
        assert!(q4.weight_bytes < q8.weight_bytes && q8.weight_bytes < same.weight_bytes, "{rows:#?}");
        assert!(nf4.weight_bytes < q4.weight_bytes && nf4.mean_kl < 1.0, "{rows:#?}");
    }
}
