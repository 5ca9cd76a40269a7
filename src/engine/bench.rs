//! Speed of the loaded model, held against the bandwidth the device shows in the same run.

use super::session::Session;
use crate::error::{Error, Result};
use crate::generate::{Output, SequenceRequest};
use crate::gpu::{Gpu, Plan, Recorder, Tensor};
use crate::ops::{read_bandwidth, self_test};
use crate::platform::now_ms;
use crate::protocol::{BenchOptions, BenchReport, DecodeBench};
use crate::sampler::{Record, Rule};

/// Tokens of the prompts whose continuations are measured.
const SHORT_PROMPT: usize = 16;

/// Largest buffer of the bandwidth measurement: what every device binds. In bytes.
const PIECE_BYTES: u64 = 128 << 20;

impl Session {
    /// Runs the measurements one after the other. Requests wait.
    pub(super) async fn bench(&mut self, options: &BenchOptions) -> Result<BenchReport> {
        if self.is_busy() {
            return Err(Error::BadRequest(
                "a reply is being written: measure when the engine is idle".into(),
            ));
        }
        let context = self.scheduler.model().options().context;
        let needed = options.prompt_tokens.max(SHORT_PROMPT + options.decode_tokens) + 1;
        if needed > context {
            return Err(Error::BadRequest(format!(
                "the measurement needs {needed} tokens of context, there are {context}"
            )));
        }
        let (read_gb_per_s, bandwidth_bytes) =
            measure_bandwidth(self.scheduler.model().gpu(), options.bandwidth_bytes).await?;
        let gpu = self.scheduler.model().gpu().clone();
        let weight_bytes = self.info().weight_bytes;
        let started = now_ms();
        let file_bytes = self.opened.read_some(options.bandwidth_bytes).await?;
        let file_gb_per_s =
            (file_bytes > 0).then(|| file_bytes as f64 / (now_ms() - started).max(1e-3) / 1e6);
        let mut report = BenchReport {
            weights_ms: self.weights_ms,
            load_gb_per_s: weight_bytes as f64 / self.weights_ms.max(1e-3) / 1e6,
            file_gb_per_s,
            upload_gb_per_s: measure_upload(&gpu, weight_bytes.min(options.bandwidth_bytes)).await?,
            device: self.scheduler.model().gpu().info().clone(),
            model: self.info().name.clone(),
            parameters: self.info().parameters,
            load_ms: self.info().load_ms,
            prefill_tokens_per_s: 0.0,
            read_gb_per_s,
            bandwidth_bytes,
            decode: Vec::new(),
            search: None,
        };
        // Once to compile, once to measure.
        for _ in 0..2 {
            let started = now_ms();
            self.decode(1, options.prompt_tokens, 1).await?;
            report.prefill_tokens_per_s = options.prompt_tokens as f64 / (now_ms() - started) * 1e3;
        }
        for &batch in &options.batches {
            if !(1..=crate::model::Qwen2::MAX_BATCH).contains(&batch) {
                return Err(Error::BadRequest(format!("a batch of {batch}, expected 1 to 16")));
            }
            // Long enough that all sequences decode together: what they then need is compiled.
            self.decode(batch, SHORT_PROMPT, 2 * batch + 4).await?;
            let step_ms = self.decode(batch, SHORT_PROMPT, options.decode_tokens).await?;
            let model = self.scheduler.model();
            // Keys and values up to the middle of the run.
            let held = SHORT_PROMPT + options.decode_tokens / 2;
            let kv_bytes = model.kv_bytes_per_token() * (held * batch) as u64;
            let bytes_per_step = model.weights().step_bytes() + kv_bytes;
            let gb_per_s = bytes_per_step as f64 / step_ms / 1e6;
            report.decode.push(DecodeBench {
                batch,
                tokens_per_s: batch as f64 / step_ms * 1e3,
                bytes_per_step,
                gb_per_s,
                bandwidth_share: gb_per_s / read_gb_per_s,
                dispatches_per_step: self.scheduler.dispatches(batch),
                readback_bytes_per_token: size_of::<Record>(),
            });
        }
        if options.search {
            report.search = Some(self.bench_search(options.prompt_tokens, options.decode_tokens).await?);
        }
        Ok(report)
    }

    /// Decodes `batch` sequences to the end and gives the milliseconds of a step, prompts left out.
    async fn decode(&mut self, batch: usize, prompt: usize, tokens: usize) -> Result<f64> {
        self.scheduler.clear_cache();
        let vocab = self.scheduler.model().config().vocab_size;
        for sequence in 0..batch {
            self.scheduler.submit(SequenceRequest {
                tokens: self_test::some_tokens(sequence as u64 + 1, prompt, vocab),
                rule: Rule { temperature: 1.0, top_k: 40, top_p: 0.9 },
                seed: 1,
                choice: sequence as u32,
                max_new_tokens: tokens,
                ..SequenceRequest::default()
            })?;
        }
        let (mut told, mut from, mut first_told) = (0, now_ms(), 0);
        while self.scheduler.is_busy() {
            for output in self.scheduler.step().await? {
                match output {
                    Output::Token { .. } => told += 1,
                    Output::Finished { .. } | Output::Admitted { .. } | Output::Prompt { .. } => {}
                    Output::Failed { error, .. } => return Err(error),
                }
            }
            // From the moment every sequence has its first token, all decode together.
            if first_told == 0 && told >= batch {
                (from, first_told) = (now_ms(), told);
            }
        }
        let steps = (told - first_told) as f64 / batch as f64;
        Ok((now_ms() - from) / steps.max(1.0))
    }
}

/// GB/s of writing about `bytes` to the GPU in pieces, as a load does.
async fn measure_upload(gpu: &Gpu, bytes: u64) -> Result<f64> {
    let piece = vec![0u32; 1 << 20];
    let target = gpu.allocate("the upload measurement", 4 << 20, &[piece.len()]).await?;
    let pieces = bytes.div_ceil(4 << 20).max(1);
    gpu.finish().await?;
    let started = now_ms();
    for index in 0..pieces {
        gpu.write(&target, 0, &piece);
        gpu.queue().submit([]);
        if index % 16 == 15 {
            gpu.finish().await?;
        }
    }
    gpu.finish().await?;
    Ok((pieces * (4 << 20)) as f64 / (now_ms() - started) / 1e6)
}

/// (GB/s, bytes read) of the best of a few passes over a buffer of about `bytes`.
async fn measure_bandwidth(gpu: &Gpu, bytes: u64) -> Result<(f64, u64)> {
    let pieces = bytes.div_ceil(PIECE_BYTES).max(1);
    let elements = usize::try_from(bytes / pieces / 1024 * 256).unwrap_or(256).max(256);
    let mut buffers: Vec<Tensor> = Vec::new();
    for _ in 0..pieces {
        buffers.push(gpu.allocate("the bandwidth measurement", elements as u64 * 4, &[elements]).await?);
    }
    let invocations = (elements / 4 / 64).clamp(64, 1 << 16).next_multiple_of(64);
    let out = gpu.zeros("out", &[invocations]);
    let mut r = Recorder::new(gpu);
    for buffer in &buffers {
        read_bandwidth::record(&mut r, buffer, &out);
    }
    let plan: Plan = r.finish();
    let total = elements as u64 * 4 * pieces;
    let mut best = 0.0f64;
    for _ in 0..4 {
        gpu.finish().await?;
        let started = now_ms();
        plan.run(gpu, 1);
        gpu.finish().await?;
        best = best.max(total as f64 / (now_ms() - started) / 1e6);
    }
    Ok((best, total))
}
