//! What a model takes on a device beside its weights: known beforehand, and allocated with a shorter context
//! where the device refuses.

use super::blueprint::Joined;
use super::buffers::{Buffers, Sizes};
use super::rope::Rotation;
use super::{Config, Options, Qwen2, Source};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};
use crate::ops::attention::Splits;
use crate::ops::step::PAGE;
use crate::protocol::Variant;

/// A context shorter than this is of no use; rather refuse. In tokens.
pub const SHORTEST_CONTEXT: usize = 512;

/// Bytes on the GPU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Weights.
    pub weights: u64,
    /// Keys and values.
    pub kv: u64,
    /// Everything between kernels.
    pub scratch: u64,
}

impl Needs {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.weights + self.kv + self.scratch
    }

    /// Of a model whose head was read. `variant` is the kernel family of the device.
    pub fn of(config: &Config, source: &Source<'_>, options: &Options, variant: Variant) -> Result<Self> {
        let mut weights = 0;
        for joined in Joined::all(config) {
            let parts = joined.find(source)?;
            weights += joined.bytes(&joined.formats(&parts, options.quantize), options.max_chunk_bytes);
        }
        // Norms, twice the first of a layer, and the biases.
        let vector = |len: usize| (len as u64 * 4).next_multiple_of(16);
        let heads = config.heads(options.kv);
        let norm = vector(config.hidden_size.next_multiple_of(crate::quant::BLOCK));
        let layer =
            2 * norm + vector(config.hidden_size.next_multiple_of(crate::quant::BLOCK) + heads.qkv_rows());
        weights += norm + config.num_hidden_layers as u64 * layer;
        let page = heads.page_words() as u64 * 4;
        let kv = (options.pages as u64 * page).next_multiple_of(16) * config.num_hidden_layers as u64;
        let rope = (options.context * config.head_dim) as u64 * 4;
        let scratch = sizes(options, variant).bytes(config, &heads) + rope;
        Ok(Self { weights, kv, scratch })
    }
}

/// Entries a block table may have: a fork leaves partly filled pages, so twice the pages of the context.
pub(super) fn max_entries(options: &Options) -> usize {
    2 * options.context.div_ceil(PAGE)
}

/// Tokens of a prefill chunk: long enough to fill the tiles, short enough that a submit stays under some
/// 200 ms and other work gets in between.
fn chunk_for(variant: Variant) -> usize {
    if variant == Variant::Serial { 64 } else { 256 }
}

fn sizes(options: &Options, variant: Variant) -> Sizes {
    let entries = max_entries(options);
    Sizes {
        tokens: chunk_for(variant),
        batch: Qwen2::MAX_BATCH,
        sequences: options.sequences,
        entries,
        many_splits: Splits { count: 1, entries: entries.next_multiple_of(8) },
    }
}

/// Everything beside the weights.
pub(super) struct Working {
    pub(super) sizes: Sizes,
    /// Keys and values of each layer, [pages, words].
    pub(super) kv: Vec<Tensor>,
    pub(super) rope_table: Tensor,
    pub(super) buffers: Buffers,
}

/// Allocates for the context asked for, or for half of it, and so on; the options come back as they were met.
pub(super) async fn allocate(
    gpu: &Gpu,
    config: &Config,
    rotation: &Rotation,
    mut options: Options,
) -> Result<(Options, Working)> {
    loop {
        match try_allocate(gpu, config, rotation, &options).await {
            Err(Error::OutOfMemory { .. }) if options.context / 2 >= SHORTEST_CONTEXT => {
                options = options.with_context(options.context / 2);
            }
            made => return made.map(|working| (options, working)),
        }
    }
}

async fn try_allocate(gpu: &Gpu, config: &Config, rotation: &Rotation, options: &Options) -> Result<Working> {
    let heads = config.heads(options.kv);
    let mut kv = Vec::with_capacity(config.num_hidden_layers);
    for _ in 0..config.num_hidden_layers {
        let dims = [options.pages, heads.page_words()];
        let bytes = dims.iter().product::<usize>() as u64 * 4;
        kv.push(gpu.allocate("the key/value cache of a layer", bytes, &dims).await?);
    }
    let table = rotation.table(options.context);
    let dims = [options.context, config.head_dim];
    let rope_table = gpu.allocate("rope_table", size_of_val(&*table) as u64, &dims).await?;
    gpu.write(&rope_table, 0, &table);
    let sizes = sizes(options, gpu.variant());
    let buffers = Buffers::new(gpu, config, &heads, &sizes).await?;
    Ok(Working { sizes, kv, rope_table, buffers })
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::gpu::DeviceOptions;
    use crate::model::random_config;
    use crate::protocol::{KvType, Quantize};

    fn options(context: usize, max_chunk_bytes: u64) -> Options {
        let pages = Options::pages_for(context);
        Options {
            quantize: Quantize::None,
            kv: KvType::F16,
            context,
            sequences: 4,
            spare: 0,
            pages,
            max_chunk_bytes,
        }
    }

    #[test]
    fn what_is_foretold_is_what_is_allocated() {
        pollster::block_on(async {
            let gpu = Rc::new(Gpu::open(&DeviceOptions::default()).await.unwrap());
            for max_chunk_bytes in [128 << 20, 10_000] {
                let config = random_config("tiny").unwrap();
                let options = options(600, max_chunk_bytes);
                let needs = Needs::of(&config, &Source::Random(1), &options, gpu.variant()).unwrap();
                let model =
                    Qwen2::load(gpu.clone(), config, Source::Random(1), options, &mut |_| {}).await.unwrap();
                assert_eq!(needs.weights, model.weights().bytes());
                assert_eq!(needs.kv, model.kv_bytes());
            }
        });
    }

    #[test]
    fn a_context_that_does_not_fit_is_halved_until_it_does() {
        pollster::block_on(async {
            let baseline = DeviceOptions { baseline: true, ..DeviceOptions::default() };
            let gpu = Rc::new(Gpu::open(&baseline).await.unwrap());
            let config = random_config("tiny").unwrap();
            // The default limits bind 128 MiB, less than the cache of one layer would take.
            let rotation = Rotation::of(&config, &Source::Random(1)).await.unwrap();
            let (met, working) = allocate(&gpu, &config, &rotation, options(1 << 21, 1 << 20)).await.unwrap();
            assert!(met.context < 1 << 21 && met.context >= SHORTEST_CONTEXT, "{}", met.context);
            assert!(working.kv.iter().all(|layer| layer.bytes() <= 128 << 20));
            assert_eq!(met.pages, Options::pages_for(met.context));
        });
    }
}
