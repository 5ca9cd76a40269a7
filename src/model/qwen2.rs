//! The forward pass of Qwen2 (arXiv 2407.10671; `modeling_qwen2.py` of Hugging Face transformers) over a batch of
//! rows, each with its own position and block table: prompt chunks and decode steps alike.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::buffers::Buffers;
use super::memory::{self, Working};
use super::rope::Rotation;
use super::weights::{Layer, Loader};
use super::{Config, Options, Source, Weights};
use crate::error::{Error, Result};
use crate::gpu::{Extent, Gpu, Plan, Recorder, Tensor};
use crate::ops::attention::Splits;
use crate::ops::attention_serial::Attention;
use crate::ops::qkv::Projection;
use crate::ops::step::{Heads, PAGE};
use crate::ops::{
    Launch, Row, TableEntry, attention, attention_serial, embed, gate_up, gather, lm_head, matmul, matvec,
    qkv, rms_norm, rms_norm_serial, rope, swiglu,
};
use crate::protocol::Variant;

/// Which plan a step uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepShape {
    /// Up to 16 rows by the kernels that read weights once for all.
    Few(usize),
    /// A prefill chunk by tiled matrix products.
    Many,
}

/// A loaded model.
pub struct Qwen2 {
    gpu: Rc<Gpu>,
    config: Config,
    heads: Heads,
    options: Options,
    weights: Weights,
    kv: Vec<Tensor>,
    rope_table: Tensor,
    buffers: Buffers,
    /// The block tables as the GPU has them, [sequences, entries].
    table: RefCell<Vec<TableEntry>>,
    /// The work of attention as the GPU has it.
    work: RefCell<Vec<attention::Work>>,
    /// Grids of the last step.
    extent: Cell<Extent>,
    /// Entries of block tables that the attention of a layer has read so far, and would have with nothing shared.
    entries_read: Cell<[u64; 2]>,
    splits: Splits,
    many_splits: Splits,
    plans: RefCell<HashMap<StepShape, Rc<Plan>>>,
    heads_plans: RefCell<HashMap<(usize, bool), Rc<Plan>>>,
}

impl Qwen2 {
    /// Rows of the largest batch that decodes at once.
    pub const MAX_BATCH: usize = 16;

    /// Loads the weights and makes the cache; `progress` is told the bytes read. Where the cache does not fit
    /// the device, the context is halved until it does: [`Qwen2::options`] tells the one it got.
    pub async fn load(
        gpu: Rc<Gpu>,
        config: Config,
        source: Source<'_>,
        options: Options,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self> {
        let heads = config.heads(options.kv);
        let rotation = Rotation::of(&config, &source).await?;
        let weights = Loader::new(&gpu, source, &config, &options, progress).load().await?;
        let (options, working) = memory::allocate(&gpu, &config, &rotation, options).await?;
        let Working { sizes, kv, rope_table, buffers } = working;
        Ok(Self {
            work: RefCell::default(),
            extent: Cell::new(0.into()),
            entries_read: Cell::default(),
            table: RefCell::new(vec![TableEntry::new(0, 1, 0); sizes.sequences * sizes.entries]),
            splits: Splits::new(sizes.entries),
            many_splits: sizes.many_splits,
            gpu,
            config,
            heads,
            options,
            weights,
            kv,
            rope_table,
            buffers,
            plans: RefCell::default(),
            heads_plans: RefCell::default(),
        })
    }

    /// Most rows of one step.
    pub fn max_rows(&self) -> usize {
        self.buffers.x.dims()[0]
    }

    /// Entries that fit the block table of a sequence.
    pub fn table_entries(&self) -> usize {
        memory::max_entries(&self.options)
    }

    /// The device.
    pub fn gpu(&self) -> &Rc<Gpu> {
        &self.gpu
    }

    /// The model's numbers.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The choices made at load.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Bytes of the cache.
    pub fn kv_bytes(&self) -> u64 {
        self.kv.iter().map(Tensor::bytes).sum()
    }

    /// Bytes of keys and values of one token, all layers.
    pub fn kv_bytes_per_token(&self) -> u64 {
        (self.heads.page_words() * 4 / PAGE * self.kv.len()) as u64
    }

    /// Logits of the last step that asked for them, [B, V].
    pub fn logits(&self) -> &Tensor {
        &self.buffers.logits
    }

    /// Where the token sampled last for each sequence lies, [sequences + 1]; the last is for rows that no sequence
    /// goes on from.
    pub fn sampled(&self) -> &Tensor {
        &self.buffers.sampled
    }

    /// Writes part of the block table of running sequence `sequence`, from entry `first`.
    pub fn write_table(&self, sequence: usize, first: usize, entries: &[TableEntry]) -> Result<()> {
        if first + entries.len() > self.table_entries() {
            return Err(Error::ContextFull { prompt_tokens: first * PAGE, limit: self.options.context });
        }
        let offset = (sequence * self.table_entries() + first) * size_of::<TableEntry>();
        self.gpu.write(&self.buffers.table, offset as u64, entries);
        let start = sequence * self.table_entries() + first;
        self.table.borrow_mut()[start..start + entries.len()].copy_from_slice(entries);
        Ok(())
    }

    /// First entry of the block table of a running sequence, for [`Row::table`].
    pub fn table_start(&self, sequence: usize) -> u32 {
        (sequence * self.table_entries()) as u32
    }

    /// The plan for a step of `rows` rows.
    pub fn shape_for(&self, rows: usize) -> StepShape {
        if rows <= Self::MAX_BATCH || self.gpu.variant() == Variant::Serial {
            StepShape::Few(Launch::for_rows(self.gpu.variant(), rows).batch)
        } else {
            StepShape::Many
        }
    }

    /// Encodes one step over `rows`: embedding and all layers. Writes keys and values, leaves x.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>, rows: &[Row]) {
        let extent = self.write_rows(rows);
        self.plan(self.shape_for(rows.len())).encode(pass, extent);
    }

    /// The plans of the last step, which had `rows` rows, and its grids; for measurements.
    pub fn last_step(&self, rows: usize) -> ([Rc<Plan>; 2], Extent) {
        let batch = Launch::for_rows(self.gpu.variant(), rows).batch;
        ([self.plan(self.shape_for(rows)), self.head_plan(batch, false)], self.extent.get())
    }

    /// Bytes of keys and values that attention has read since the last call, and what it would have read if each
    /// row had read its own.
    pub fn take_kv_read(&self) -> [u64; 2] {
        let entry_bytes = PAGE as u64 * self.kv_bytes_per_token();
        self.entries_read.take().map(|entries| entries * entry_bytes)
    }

    /// Rows that share a piece of attention in steps of this shape.
    fn share(&self, shape: StepShape) -> usize {
        if shape == StepShape::Few(1) { 1 } else { attention::rows_per_work(&self.heads) }
    }

    /// Uploads the rows of a step, padded with idle rows to what its kernels cover, and the work of attention.
    fn write_rows(&self, rows: &[Row]) -> Extent {
        assert!(!rows.is_empty() && rows.len() <= self.max_rows(), "a step of {} rows", rows.len());
        let shape = self.shape_for(rows.len());
        let unit = match shape {
            StepShape::Few(batch) => batch,
            StepShape::Many => matmul::TILE,
        };
        let mut padded = rows.to_vec();
        padded.resize(rows.len().next_multiple_of(unit), Row::IDLE);
        self.gpu.write(&self.buffers.steps, 0, &padded);
        let alone: u64 = rows.iter().map(|row| u64::from(row.entries)).sum();
        let [read, unshared] = self.entries_read.get();
        if self.gpu.variant() == Variant::Serial {
            self.entries_read.set([read + alone, unshared + alone]);
            self.extent.set(rows.len().into());
            return rows.len().into();
        }
        let splits = if shape == StepShape::Many { self.many_splits } else { self.splits };
        let work = attention::work_list(rows, &self.table.borrow(), splits, self.share(shape));
        let extent = Extent { rows: rows.len(), work: work.len() };
        let shared: usize = work.iter().map(|work| work.entries_read(splits)).sum();
        self.entries_read.set([read + shared as u64, unshared + alone]);
        self.extent.set(extent);
        // It changes when a sequence takes a new page, not with every token.
        if *self.work.borrow() != work {
            self.gpu.write(&self.buffers.work, 0, &work);
            self.work.replace(work);
        }
        extent
    }

    /// Encodes final norm and head; `picked` are the rows of the step whose logits are wanted, at most 16.
    /// Logits of the n-th of them are row n of [`Qwen2::logits`].
    pub fn encode_head(&self, pass: &mut wgpu::ComputePass<'_>, picked: &[u32]) {
        assert!((1..=Self::MAX_BATCH).contains(&picked.len()), "logits of {} rows", picked.len());
        let in_order = picked.iter().zip(0..).all(|(row, index)| *row == index);
        if !in_order {
            self.gpu.write(&self.buffers.picked, 0, picked);
        }
        let batch = Launch::for_rows(self.gpu.variant(), picked.len()).batch;
        self.head_plan(batch, !in_order).encode(pass, picked.len());
    }

    /// Dispatches of a decode step of `rows` rows, sampling not counted.
    pub fn dispatches(&self, rows: usize) -> usize {
        let batch = Launch::for_rows(self.gpu.variant(), rows).batch;
        self.plan(self.shape_for(rows)).len() + self.head_plan(batch, false).len()
    }

    fn plan(&self, shape: StepShape) -> Rc<Plan> {
        if let Some(plan) = self.plans.borrow().get(&shape) {
            return plan.clone();
        }
        let mut r = Recorder::new(&self.gpu);
        self.record_embed(&mut r);
        for layer in 0..self.weights.layers.len() {
            self.record_layer(&mut r, shape, layer);
        }
        let plan = Rc::new(r.finish());
        self.plans.borrow_mut().insert(shape, plan.clone());
        plan
    }

    fn record_embed(&self, r: &mut Recorder<'_>) {
        let b = &self.buffers;
        embed::record(r, &self.weights.embed_tokens, &b.steps, &b.sampled, &b.x);
    }

    fn record_layer(&self, r: &mut Recorder<'_>, shape: StepShape, index: usize) {
        match shape {
            StepShape::Few(batch) => self.record_few(r, batch, index),
            StepShape::Many => self.record_many(r, index),
        }
    }

    fn projection<'t>(&'t self, layer: &'t Layer, index: usize) -> Projection<'t> {
        Projection {
            norm_bias: &layer.norm_bias,
            rope_table: &self.rope_table,
            steps: &self.buffers.steps,
            q: &self.buffers.q,
            kv: &self.kv[index],
        }
    }

    fn attention(&self, index: usize) -> Attention<'_> {
        let b = &self.buffers;
        Attention { q: &b.q, kv: &self.kv[index], steps: &b.steps, table: &b.table, out: &b.attended }
    }

    /// Norms folded into the products (but for the serial family, where one kernel makes them once).
    fn record_few(&self, r: &mut Recorder<'_>, batch: usize, index: usize) {
        let (b, layer, eps) = (&self.buffers, &self.weights.layers[index], self.config.rms_norm_eps);
        let columns = self.config.hidden_size;
        let launch = Launch { variant: self.gpu.variant(), batch };
        let serial = launch.variant == Variant::Serial;
        let h = if serial { &b.normed } else { &b.x };
        if serial {
            rms_norm_serial::record(r, &b.x, &layer.input_layernorm, columns, eps, &b.normed);
        }
        qkv::record(r, launch, &self.heads, &layer.qkv, h, eps, self.projection(layer, index));
        if serial {
            attention_serial::record(r, &self.heads, self.attention(index));
        } else {
            let work = (&b.work, self.share(StepShape::Few(batch)));
            attention::record(r, &self.heads, self.splits, self.attention(index), work, &b.partial, batch);
        }
        matvec::record(r, launch, &layer.o_proj, &b.attended, &b.x, true);
        if serial {
            rms_norm_serial::record(r, &b.x, &layer.post_attention_layernorm, columns, eps, &b.normed);
        }
        gate_up::record(r, launch, &layer.gate_up, h, &layer.post_attention_layernorm, eps, &b.mlp);
        matvec::record(r, launch, &layer.down_proj, &b.mlp, &b.x, true);
    }

    /// Many rows: tiled products, norms and activations as kernels of their own.
    fn record_many(&self, r: &mut Recorder<'_>, index: usize) {
        let (b, layer, eps) = (&self.buffers, &self.weights.layers[index], self.config.rms_norm_eps);
        let columns = self.config.hidden_size;
        rms_norm::record(r, &b.x, &layer.input_layernorm, columns, eps, &b.normed);
        matmul::record(r, &layer.qkv, &b.normed, &b.qkv, false);
        rope::record(r, &self.heads, &b.qkv, b.x.dims()[1], self.projection(layer, index));
        attention::record(
            r,
            &self.heads,
            self.many_splits,
            self.attention(index),
            (&b.work, self.share(StepShape::Many)),
            &b.partial,
            self.max_rows(),
        );
        matmul::record(r, &layer.o_proj, &b.attended, &b.x, true);
        rms_norm::record(r, &b.x, &layer.post_attention_layernorm, columns, eps, &b.normed);
        matmul::record(r, &layer.gate_up, &b.normed, &b.gate_up, false);
        swiglu::record(r, &b.gate_up, self.config.intermediate_size, &b.mlp);
        matmul::record(r, &layer.down_proj, &b.mlp, &b.x, true);
    }

    fn head_plan(&self, batch: usize, gathered: bool) -> Rc<Plan> {
        let key = (batch, gathered);
        if let Some(plan) = self.heads_plans.borrow().get(&key) {
            return plan.clone();
        }
        let (b, eps) = (&self.buffers, self.config.rms_norm_eps);
        let mut r = Recorder::new(&self.gpu);
        let mut x = &b.x;
        if gathered {
            gather::record(&mut r, x, &b.picked, &b.head_x);
            x = &b.head_x;
        }
        let launch = Launch { variant: self.gpu.variant(), batch };
        if launch.variant == Variant::Serial {
            rms_norm_serial::record(
                &mut r,
                x,
                &self.weights.norm,
                self.config.hidden_size,
                eps,
                &b.head_normed,
            );
            x = &b.head_normed;
        }
        lm_head::record(&mut r, launch, self.weights.head(), x, &self.weights.norm, eps, &b.logits);
        let plan = Rc::new(r.finish());
        self.heads_plans.borrow_mut().insert(key, plan.clone());
        plan
    }

    /// Runs one step and reads x after the embedding, after each layer: [L + 1][T, C padded]. For tests.
    pub async fn trace(&self, rows: &[Row]) -> Result<Vec<Vec<f32>>> {
        let extent = self.write_rows(rows);
        let shape = self.shape_for(rows.len());
        let mut states = Vec::new();
        for index in 0..=self.weights.layers.len() {
            let mut r = Recorder::new(&self.gpu);
            match index {
                0 => self.record_embed(&mut r),
                _ => self.record_layer(&mut r, shape, index - 1),
            }
            r.finish().run(&self.gpu, extent);
            let x: Vec<f32> = self.gpu.read(&self.buffers.x).await?;
            states.push(x[..rows.len() * self.buffers.x.dims()[1]].to_vec());
        }
        Ok(states)
    }
}
