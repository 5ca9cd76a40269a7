//! A token for each row of logits, by temperature, top-k, top-p and a counter-based random number, and its record:
//! `id ~ softmax(top_p(top_k(logits / T)))` as `crate::sampler` defines it (Hugging Face's `TemperatureLogitsWarper`,
//! `TopKLogitsWarper`, `TopPLogitsWarper`, in that order).
//!
//! The best few are extracted one after another, each time looking again only into the block the last one came from.
//! With top-k off the whole vocabulary is walked by its blocks; top-p then cuts at a threshold found by bisection.

use super::check::{self, Noise};
use super::logit_blocks::{self, Sampling};
use super::{logit_blocks_serial, sample_serial};
use crate::gpu::{Gpu, Grid, Recorder};
use crate::protocol::{SelfTestResult, Variant};
use crate::sampler::{self, Draw, Record, Rule, SampleRow};

pub use crate::sampler::reference;

/// The kernel.
pub const SHADER: &str = concat!(
    include_str!("../../shaders/sample.wgsl"),
    include_str!("../../shaders/common/choose.wgsl"),
    include_str!("../../shaders/common/sampling.wgsl")
);

/// The largest vocabulary: beyond it the list of blocks would not fit the default 16 KiB of workgroup memory.
pub const MAX_VOCAB: usize = 1024 * logit_blocks::BLOCK;

/// Records `sampled` and `records` from `logits`, `samples` and `blocks`.
pub fn record(r: &mut Recorder<'_>, s: &Sampling) {
    assert!(s.vocab <= MAX_VOCAB, "sample: a vocabulary of {}, at most {MAX_VOCAB}", s.vocab);
    let kernel = r.gpu().kernel("sample", SHADER, &[("BLOCKS", s.block_count() as f64)]);
    let tensors = [&s.logits, &s.samples, &s.blocks, &s.sampled, &s.records];
    r.dispatch(&kernel, &tensors, &s.params(), Grid::by_rows(1, 1, 1));
}

/// Records both kernels of a step in the family of `variant`.
pub fn record_step(r: &mut Recorder<'_>, variant: Variant, s: &Sampling) {
    match variant {
        Variant::Serial => {
            logit_blocks_serial::record(r, s);
            sample_serial::record(r, s);
        }
        Variant::Base | Variant::Subgroup => {
            logit_blocks::record(r, s);
            record(r, s);
        }
    }
}

/// How far a record is from the rules: the error of log-sum-exp, and how far the draw lies outside the stretch of
/// cumulative probability that belongs to the token; infinite where something exact is wrong.
///
/// f32 may put the edge of top-p one token further than f64 does, so edges within [`check::F32_EXP`] count as right.
pub fn error_of(logits: &[f32], row: &SampleRow, got: &Record) -> f64 {
    let want = reference(logits, row);
    let flags = if row.end.contains(&got.id) { sampler::FLAG_END } else { 0 };
    let exact = (got.top_ids, got.top_logits, got.position, got.slot)
        == (want.top_ids, want.top_logits, want.position, want.slot)
        && (want.is_fault() && *got == want
            || !want.is_fault() && got.flags == flags && logits.get(got.id as usize) == Some(&got.logit));
    if !exact {
        return f64::INFINITY;
    }
    if want.is_fault() {
        return 0.0;
    }
    let uniform = f64::from(row.draw().uniform());
    let rule = row.rule();
    let slack = check::F32_EXP as f32;
    let mut outside = f64::INFINITY;
    let edges = [rule.top_p, rule.top_p - slack, (rule.top_p + slack).min(1.0)];
    for &top_p in &edges[..if rule.top_p < 1.0 { 3 } else { 1 }] {
        let mut sum = 0.0;
        for (id, probability) in sampler::candidates(logits, Rule { top_p, ..rule }) {
            if id == got.id {
                outside = outside.min((sum - uniform).max(uniform - sum - probability).max(0.0));
            }
            sum += probability;
        }
    }
    outside.max(f64::from((got.log_sum_exp - want.log_sum_exp).abs()))
}

/// The rules of the check, one a row: greedy, top-k, the whole vocabulary, top-p with few and with many kept.
pub const RULES: [Rule; 11] = [
    Rule::GREEDY,
    Rule { temperature: 0.7, top_k: 40, top_p: 0.9 },
    Rule { temperature: 1.0, top_k: 0, top_p: 1.0 },
    Rule { temperature: 1.0, top_k: 0, top_p: 0.9 },
    Rule { temperature: 4.0, top_k: 0, top_p: 1.0 },
    Rule { temperature: 4.0, top_k: 0, top_p: 0.999 },
    Rule { temperature: 0.3, top_k: 0, top_p: 0.5 },
    Rule { temperature: 2.0, top_k: sampler::MAX_TOP_K, top_p: 1.0 },
    Rule { temperature: 0.01, top_k: 0, top_p: 0.95 },
    Rule { temperature: 1.0, top_k: 3, top_p: 0.01 },
    // On logits full of ties: top-p ends among equals.
    Rule { temperature: 3.0, top_k: 50, top_p: 0.3 },
];

/// Logits of one row: spread, nearly flat, full of ties, or with a few far above the rest.
fn some_logits(noise: &mut Noise, kind: usize, vocab: usize) -> Vec<f32> {
    match kind % 4 {
        0 => noise.normals(vocab, 3.0),
        1 => noise.normals(vocab, 0.01),
        2 => noise.normals(vocab, 3.0).iter().map(|z| (z * 2.0).round() / 2.0).collect(),
        _ => noise.normals(vocab, 1.0).iter().map(|z| if *z > 2.3 { z + 12.0 } else { *z }).collect(),
    }
}

/// What a test puts in: a row of logits, and how to choose from it.
#[derive(Debug, Clone)]
struct Input {
    logits: Vec<f32>,
    row: SampleRow,
}

async fn run(gpu: &Gpu, variant: Variant, inputs: &[Input]) -> Result<(Vec<Record>, Vec<u32>), String> {
    let (rows, vocab) = (inputs.len(), inputs[0].logits.len());
    let stride = vocab + 3;
    let logits: Vec<f32> = inputs.iter().flat_map(|input| input.logits.clone()).collect();
    let samples: Vec<SampleRow> = inputs.iter().map(|input| input.row).collect();
    let logits = gpu.upload("logits", &check::with_padding(&logits, vocab, stride, rows), &[rows, stride]);
    let slots = samples.iter().map(|row| row.slot as usize + 1).max().unwrap_or(1);
    let s = Sampling::new(gpu, &logits, vocab, &gpu.zeros("sampled", &[slots]));
    gpu.write(&s.samples, 0, &samples);
    gpu.check(|| {
        let mut recorder = Recorder::new(gpu);
        record_step(&mut recorder, variant, &s);
        recorder.finish().run(gpu, rows);
    })
    .await?;
    let records = gpu.read(&s.records).await.map_err(|error| error.to_string())?;
    let sampled = gpu.read(&s.sampled).await.map_err(|error| error.to_string())?;
    Ok((records, sampled))
}

/// Runs every rule of [`RULES`] at one size against [`reference`].
pub async fn check(gpu: &Gpu, variant: Variant, vocab: usize) -> SelfTestResult {
    let mut noise = Noise::new(vocab as u64);
    let end = [2, vocab as u32 - 1];
    let inputs: Vec<Input> = RULES
        .iter()
        .enumerate()
        .map(|(i, rule)| {
            let draw = Draw { seed: noise.bits(), choice: i as u32, position: 100 + i as u32 };
            // Slots in another order than rows.
            let slot = (RULES.len() - 1 - i) as u32;
            Input { logits: some_logits(&mut noise, i, vocab), row: SampleRow::new(*rule, draw, slot, &end) }
        })
        .collect();
    let name = format!("sample {variant:?} [{}, {vocab}]", inputs.len());
    let (error, failure) = match run(gpu, variant, &inputs).await {
        Err(message) => (f64::INFINITY, Some(message)),
        Ok((records, sampled)) => {
            let stored = records.iter().all(|record| sampled[record.slot as usize] == record.id);
            let errors =
                inputs.iter().zip(&records).map(|(input, got)| error_of(&input.logits, &input.row, got));
            (if stored { errors.fold(0.0, f64::max) } else { f64::INFINITY }, None)
        }
    };
    // Sums of up to 152064 exponentials; see F32_EXP.
    SelfTestResult { name, error, tolerance: check::F32_EXP, failure }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::gpu::Tensor;

    fn input(logits: &[f32], rule: Rule, position: u32) -> Input {
        let draw = Draw { seed: 7, choice: 1, position };
        Input { logits: logits.to_vec(), row: SampleRow::new(rule, draw, 0, &[]) }
    }

    fn run(gpu: &Gpu, variant: Variant, inputs: &[Input]) -> Vec<Record> {
        pollster::block_on(super::run(gpu, variant, inputs)).expect("the kernels run").0
    }

    pub(crate) fn every_rule_at_every_size(variant: Variant) {
        let gpu = check::testing::gpu();
        let results: Vec<_> = [1, 5, 131, 257, 1024, 3001, 152_064, MAX_VOCAB]
            .into_iter()
            .map(|vocab| pollster::block_on(check(&gpu, variant, vocab)))
            .collect();
        check::testing::assert_passed(&results);
    }

    pub(crate) fn faults(variant: Variant) {
        let gpu = check::testing::gpu();
        let mut noise = Noise::new(5);
        let good = noise.normals(600, 2.0);
        let mut inputs = Vec::new();
        for rule in RULES {
            for (place, value) in
                [(0, f32::NAN), (300, f32::INFINITY), (599, f32::NEG_INFINITY), (7, -f32::NAN)]
            {
                let mut logits = good.clone();
                logits[place] = value;
                inputs.push(input(&logits, rule, 1));
                inputs.push(input(&good, rule, 1));
            }
        }
        for (input, got) in inputs.iter().zip(run(&gpu, variant, &inputs)) {
            let faulty = input.logits.iter().any(|z| !z.is_finite());
            assert_eq!(got.is_fault(), faulty, "{:?}", input.row);
            assert!(error_of(&input.logits, &input.row, &got) <= check::F32_EXP, "{got:?}");
        }
    }

    pub(crate) fn rows_are_independent(variant: Variant) {
        let gpu = check::testing::gpu();
        let mut noise = Noise::new(6);
        let inputs: Vec<Input> = RULES
            .iter()
            .enumerate()
            .map(|(i, rule)| input(&some_logits(&mut noise, i, 3000), *rule, i as u32))
            .collect();
        let together = run(&gpu, variant, &inputs);
        let backwards: Vec<Input> = inputs.iter().rev().cloned().collect();
        let mut again = run(&gpu, variant, &backwards);
        again.reverse();
        // Bit for bit: records compare as floats, and none of these is NaN.
        assert_eq!(together, again);
        for (input, record) in inputs.iter().zip(&together) {
            assert_eq!(run(&gpu, variant, std::slice::from_ref(input)), [*record]);
        }
    }

    pub(crate) fn frequencies(variant: Variant) {
        let gpu = check::testing::gpu();
        let logits = Noise::new(8).normals(300, 1.5);
        let rows = 4000;
        for rule in [
            Rule { temperature: 1.0, top_k: 0, top_p: 1.0 },
            Rule { temperature: 1.5, top_k: 0, top_p: 0.95 },
            Rule { temperature: 0.8, top_k: 20, top_p: 0.9 },
        ] {
            let inputs: Vec<Input> = (0..rows).map(|position| input(&logits, rule, position)).collect();
            let mut counts = vec![0u32; logits.len()];
            for record in run(&gpu, variant, &inputs) {
                counts[record.id as usize] += 1;
            }
            let mut expected = vec![0.0; logits.len()];
            for (id, probability) in sampler::candidates(&logits, rule) {
                expected[id as usize] = probability * f64::from(rows);
            }
            // Chi-square over the tokens expected at least five times. Its deviation is sqrt(2 n), and the
            // draws are fixed, so four deviations hold today and tomorrow.
            let cells: Vec<_> = expected.iter().zip(&counts).filter(|(e, _)| **e >= 5.0).collect();
            let chi: f64 = cells.iter().map(|(e, n)| (f64::from(**n) - **e).powi(2) / **e).sum();
            let limit = cells.len() as f64 + 4.0 * (2.0 * cells.len() as f64).sqrt();
            assert!(chi < limit, "{rule:?}: chi-square {chi} over {} tokens", cells.len());
            let never = expected.iter().zip(&counts).any(|(e, n)| *e == 0.0 && *n > 0);
            assert!(!never, "{rule:?}: a token came that top-k or top-p excludes");
        }
    }

    #[test]
    fn gpu_matches_reference() {
        every_rule_at_every_size(Variant::Base);
    }

    #[test]
    fn faults_are_flagged_and_stay_in_their_row() {
        faults(Variant::Base);
    }

    #[test]
    fn rows_repeat_whatever_else_is_in_the_batch() {
        rows_are_independent(Variant::Base);
    }

    #[test]
    fn frequencies_follow_the_distribution() {
        frequencies(Variant::Base);
    }

    #[test]
    fn draws_equal_the_references_bit_for_bit() {
        const DRAWS: &str = concat!(
            include_str!("../../shaders/common/sampling.wgsl"),
            "struct Params { count: u32 }
            @group(0) @binding(0) var<storage, read> samples: array<SampleRow>;
            @group(0) @binding(1) var<storage, read_write> bits: array<u32>;
            @group(0) @binding(2) var<uniform> params: Params;
            @compute @workgroup_size(64) fn draws(@builtin(global_invocation_id) id: vec3<u32>) {
                if (id.x < params.count) { bits[id.x] = u32(uniform_of(samples[id.x]) * 16777216.0); }
            }"
        );
        let gpu = check::testing::gpu();
        let mut noise = Noise::new(9);
        let draws: Vec<Draw> = (0..1000)
            .map(|_| Draw { seed: noise.bits(), choice: noise.bits() as u32, position: noise.bits() as u32 })
            .collect();
        let rows: Vec<SampleRow> =
            draws.iter().map(|draw| SampleRow::new(Rule::GREEDY, *draw, 0, &[])).collect();
        let samples = gpu.zeros("samples", &[rows.len(), 12]);
        gpu.write(&samples, 0, &rows);
        let bits: Tensor = gpu.zeros("bits", &[rows.len()]);
        let kernel = gpu.kernel("draws", DRAWS, &[]);
        let mut recorder = Recorder::new(&gpu);
        recorder.dispatch(&kernel, &[&samples, &bits], &(rows.len() as u32), Grid::fixed(16, 1, 1));
        recorder.finish().run(&gpu, 1);
        let got: Vec<u32> = pollster::block_on(gpu.read(&bits)).expect("the device answers");
        assert_eq!(got, draws.iter().map(|draw| draw.bits()).collect::<Vec<_>>());
    }
}
