//! What a search costs the GPU: branches of one prefix that decode as one batch.

use std::rc::Rc;

use super::session::Session;
use crate::error::Result;
use crate::generate::{Output, SequenceRequest};
use crate::gpu::{Extent, Gpu, Plan};
use crate::model::{BlockTable, Pages, Qwen2};
use crate::ops::self_test::some_tokens;
use crate::ops::step::PAGE;
use crate::platform::now_ms;
use crate::protocol::{KernelBench, LaneBench, SearchBench};
use crate::sampler::Rule;

/// The plans of a step, each with its grids.
type Step = Vec<(Rc<Plan>, Extent)>;

/// Numbers of lanes that are measured.
const LANES: [usize; 5] = [1, 2, 4, 8, 16];

/// The step whose kernels are told has so many lanes.
const PROFILED: usize = 8;

/// Replays of a step that are timed together, and how often.
const REPLAYS: usize = 8;
const ROUNDS: usize = 3;

impl Session {
    /// Branches over a prefix of `prefix` tokens, each with `own` tokens of its own.
    pub(super) async fn bench_search(&mut self, prefix: usize, own: usize) -> Result<SearchBench> {
        let mut report = SearchBench {
            prefix_tokens: prefix,
            branch_tokens: own,
            fork_us: fork_us(prefix),
            ..SearchBench::default()
        };
        let options = self.scheduler.model().options();
        let sequences = options.sequences - options.spare;
        for lanes in LANES.into_iter().filter(|lanes| *lanes <= sequences) {
            let (row, first_token_ms, step) = self.bench_lanes(lanes, prefix, own).await?;
            if lanes == 1 {
                report.first_token_ms = first_token_ms;
            }
            report.lanes.push(row);
            if lanes == PROFILED {
                report.kernels = profile(self.scheduler.model().gpu(), &step).await?;
            }
        }
        Ok(report)
    }

    /// One row, the time to the first token in milliseconds, and a step in which every lane had a part.
    async fn bench_lanes(
        &mut self,
        lanes: usize,
        prefix: usize,
        own: usize,
    ) -> Result<(LaneBench, f64, Step)> {
        let model = self.scheduler.model();
        let tokens = some_tokens(1, prefix, model.config().vocab_size);
        let token_bytes = model.kv_bytes_per_token();
        let asked = |choice, max_new_tokens| SequenceRequest {
            tokens: tokens.clone(),
            rule: Rule { temperature: 1.0, top_k: 40, top_p: 0.9 },
            seed: 1,
            choice,
            max_new_tokens,
            ..SequenceRequest::default()
        };
        let mut row = LaneBench { lanes, ..LaneBench::default() };
        let mut first_token_ms = 0.0;
        let mut whole = Step::new();
        // Once to compile, once to measure.
        for _ in 0..2 {
            self.scheduler.clear_cache();
            self.scheduler.submit(asked(99, 1))?;
            while self.scheduler.is_busy() {
                fail(self.scheduler.step().await?)?;
            }
            let submitted_ms = now_ms();
            for lane in 0..lanes {
                self.scheduler.submit(asked(lane as u32, own))?;
            }
            let (mut told, mut from) = (0, None);
            while self.scheduler.is_busy() {
                told += fail(self.scheduler.step().await?)?;
                if told >= 1 && first_token_ms == 0.0 {
                    first_token_ms = now_ms() - submitted_ms;
                }
                // From the moment every lane has its first token, all decode together.
                if told >= lanes && from.is_none() {
                    self.scheduler.model().take_kv_read();
                    from = Some((now_ms(), told));
                }
                let step = self.scheduler.last_step(lanes);
                if step.iter().all(|(_, extent)| extent.rows == lanes) {
                    whole = step;
                }
                row.kv_bytes = (self.scheduler.pages_used() * PAGE) as u64 * token_bytes;
            }
            let (from_ms, first_told) = from.unwrap_or((submitted_ms, 0));
            let steps = ((told - first_told) as f64 / lanes as f64).max(1.0);
            row.step_ms = (now_ms() - from_ms) / steps;
            let read = self.scheduler.model().take_kv_read();
            #[expect(clippy::cast_sign_loss, reason = "bytes have no sign")]
            let [read, unshared] = read.map(|bytes| (bytes as f64 / steps) as u64);
            (row.kv_read_bytes, row.kv_read_bytes_unshared) = (read, unshared);
        }
        row.kv_bytes_unshared = (lanes * (prefix + own)).next_multiple_of(PAGE) as u64 * token_bytes;
        row.tokens_per_s = lanes as f64 / row.step_ms * 1e3;
        row.gpu_ms = replay_ms(self.scheduler.model().gpu(), &whole).await?;
        row.idle_share = (1.0 - row.gpu_ms / row.step_ms).max(0.0);
        self.scheduler.clear_cache();
        Ok((row, first_token_ms, whole))
    }
}

/// The kernels of a step, each alone.
async fn profile(gpu: &Gpu, step: &Step) -> Result<Vec<KernelBench>> {
    let mut kernels: Vec<KernelBench> = Vec::new();
    for (plan, extent) in step {
        for name in plan.kernels() {
            let own = Rc::new(plan.only(&name));
            let ms = replay_ms(gpu, &[(own.clone(), *extent)]).await?;
            match kernels.iter_mut().find(|kernel| kernel.name == name) {
                Some(kernel) => {
                    kernel.dispatches += own.len();
                    kernel.ms += ms;
                }
                None => kernels.push(KernelBench { name, dispatches: own.len(), ms, share: 0.0 }),
            }
        }
    }
    let total: f64 = kernels.iter().map(|kernel| kernel.ms).sum();
    for kernel in &mut kernels {
        kernel.share = kernel.ms / total.max(1e-9);
    }
    kernels.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    Ok(kernels)
}

/// Tokens among the outputs of a step.
fn fail(outputs: Vec<Output>) -> Result<usize> {
    let mut tokens = 0;
    for output in outputs {
        match output {
            Output::Token { .. } => tokens += 1,
            Output::Finished { .. } | Output::Admitted { .. } | Output::Prompt { .. } => {}
            Output::Failed { error, .. } => return Err(error),
        }
    }
    Ok(tokens)
}

/// Milliseconds of running these plans once, when nothing comes between: the best of a few rounds.
async fn replay_ms(gpu: &Gpu, plans: &[(Rc<Plan>, Extent)]) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        gpu.finish().await?;
        let started_ms = now_ms();
        for _ in 0..REPLAYS {
            let mut encoder = gpu.encoder();
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                for (plan, extent) in plans {
                    plan.encode(&mut pass, *extent);
                }
            }
            gpu.queue().submit([encoder.finish()]);
        }
        gpu.finish().await?;
        best = best.min((now_ms() - started_ms) / REPLAYS as f64);
    }
    Ok(best)
}

/// Microseconds of making and giving back a branch at the end of a table of `len` tokens.
fn fork_us(len: usize) -> f64 {
    const FORKS: u32 = 1000;
    let mut pages = Pages::new(len.div_ceil(PAGE));
    let mut table = BlockTable::default();
    while table.len() < len && table.push(&mut pages).is_some() {}
    let started_ms = now_ms();
    for _ in 0..FORKS {
        table.fork(len, &mut pages).release(&mut pages);
    }
    let us = (now_ms() - started_ms) * 1e3 / f64::from(FORKS);
    table.release(&mut pages);
    us
}

const _: () = assert!(LANES[LANES.len() - 1] <= Qwen2::MAX_BATCH);
