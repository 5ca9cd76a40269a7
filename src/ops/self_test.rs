//! Every kernel in every variant the device can run, against its reference: for the browser tests, where
//! another compiler reads the shaders, and for `polo doctor`. And every shader text there is.

use super::check::Noise;
use super::step::Heads;
use super::{
    Launch, attention, attention_merge, attention_serial, embed, gate_up, gather, lm_head, logit_blocks,
    matmul, matvec, qkv, read_bandwidth, rms_norm, rope, sample, swiglu,
};
use crate::gpu::Gpu;
use crate::protocol::{KvType, SelfTestResult, Variant};
use crate::quant::Format;

/// One format of each weight fragment and kind of scales.
const FORMATS: [Format; 11] = [
    Format::Q4 { min: false },
    Format::Q4 { min: true },
    Format::Q5 { min: false },
    Format::Q5 { min: true },
    Format::Q8 { min: false },
    Format::Q4K,
    Format::Q5K,
    Format::Q6K,
    Format::Nf4,
    Format::BF16,
    Format::F32,
];

/// The variants this device can run.
pub fn variants(gpu: &Gpu) -> Vec<Variant> {
    let mut variants = vec![Variant::Base, Variant::Serial];
    if gpu.has_subgroups() {
        variants.push(Variant::Subgroup);
    }
    variants
}

/// A quick check of the family in use, before anything is loaded: a product of one row and of several, attention
/// and sampling. Enough to catch a broken compiler or a wrong assumption about subgroups; the weights themselves
/// are checked while they are uploaded. The first result that is wrong, or the last.
pub async fn check_variant(gpu: &Gpu) -> SelfTestResult {
    let variant = gpu.variant();
    let q4 = Format::Q4 { min: false };
    let several = Launch::for_rows(variant, 4).batch;
    let mut result = matvec::check(gpu, Launch { variant, batch: 1 }, q4, 70, 544, 1 << 20).await;
    if result.passed() && several > 1 {
        result = matvec::check(gpu, Launch { variant, batch: several }, q4, 70, 544, 1 << 20).await;
    }
    if result.passed() {
        let heads = Heads { heads: 4, kv_heads: 2, head_dim: 16, kv: KvType::F16 };
        result = match variant {
            Variant::Serial => attention_serial::check(gpu, heads, &[3, 40]).await,
            Variant::Base | Variant::Subgroup => {
                attention::check(gpu, heads, &[3, 40], attention::rows_per_work(&heads)).await
            }
        };
    }
    if result.passed() {
        let sampling = if variant == Variant::Serial { Variant::Serial } else { Variant::Base };
        result = sample::check(gpu, sampling, 517).await;
    }
    result
}

/// Runs everything once at small sizes.
pub async fn run(gpu: &Gpu) -> Vec<SelfTestResult> {
    let mut out = Vec::new();
    let q4 = Format::Q4 { min: false };
    for variant in variants(gpu) {
        for batch in Launch::BATCHES {
            let launch = Launch { variant, batch };
            let heads = Heads { heads: 4, kv_heads: 2, head_dim: 16, kv: KvType::F16 };
            out.push(matvec::check(gpu, launch, q4, 37, 100, 1 << 20).await);
            out.push(qkv::check(gpu, launch, q4, heads, 100).await);
            out.push(gate_up::check(gpu, launch, q4, 37, 100).await);
            out.push(lm_head::check(gpu, launch, q4, 131, 100).await);
        }
        for format in FORMATS {
            out.push(matvec::check(gpu, Launch { variant, batch: 2 }, format, 19, 328, 6).await);
        }
        let sampling = if variant == Variant::Serial { Variant::Serial } else { Variant::Base };
        if variant != Variant::Subgroup {
            out.push(rms_norm::check(gpu, variant, 5, 100).await);
            out.push(logit_blocks::check(gpu, sampling, 2, 517).await);
            out.push(sample::check(gpu, sampling, 517).await);
        }
    }
    for format in FORMATS {
        out.push(embed::check(gpu, format, 131, 328, 44).await);
        out.push(matmul::check(gpu, format, 65, 37, 328, 20).await);
    }
    for kv in [KvType::F16, KvType::F32] {
        for (heads, kv_heads, head_dim, lengths) in attention_serial::CASES {
            let heads = Heads { heads, kv_heads, head_dim, kv };
            out.push(attention::check(gpu, heads, lengths, 1).await);
            out.push(attention::check(gpu, heads, lengths, attention::rows_per_work(&heads)).await);
            out.push(attention_serial::check(gpu, heads, lengths).await);
        }
        out.push(rope::check(gpu, Heads { heads: 7, kv_heads: 1, head_dim: 8, kv }, 33).await);
    }
    out.push(attention_merge::check(gpu, 7, 18, 4, 3).await);
    out.push(swiglu::check(gpu, 3, 100).await);
    out.push(gather::check(gpu, 7, 3, 96).await);
    out.push(read_bandwidth::check(gpu, 1000, 128).await);
    out
}

/// Every shader text the engine can compile: name of the entry point, text.
pub fn all_shaders() -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, text: String| out.push((name.to_owned(), text));
    // One format of each fragment: what else sets formats apart is constants.
    let mut fragments: Vec<String> = Vec::new();
    for format in Format::ALL {
        let fragment = super::source::weight_fragment(format);
        if fragments.contains(&fragment) {
            continue;
        }
        fragments.push(fragment);
        for variant in [Variant::Base, Variant::Serial, Variant::Subgroup] {
            for batch in Launch::BATCHES {
                let launch = Launch { variant, batch };
                let pair = |name, shader| super::source::pair_kernel(name, shader, format, variant, batch);
                add("matvec", pair("matvec", matvec::SHADER));
                add("lm_head", pair("lm_head", lm_head::SHADER));
                add("gate_up", pair("gate_up", gate_up::SHADER));
                add("qkv", qkv::text(launch, format));
            }
        }
        add("embed", embed::text(format));
        add("matmul", matmul::text(format));
    }
    // One to seven query heads a KV head, small and large heads.
    for (heads, head_dim) in [(1, 2), (2, 64), (7, 128), (8, 256)] {
        let heads = Heads { heads, kv_heads: 1, head_dim, kv: KvType::F16 };
        add("attention", attention::text(&heads, 1));
        add("attention", attention::text(&heads, attention::rows_per_work(&heads)));
        add("attention_serial", attention_serial::text(&heads));
    }
    add("attention_merge", attention_merge::text());
    add("rope", rope::text());
    for (name, text) in [
        ("gather", gather::SHADER),
        ("logit_blocks", logit_blocks::SHADER),
        ("logit_blocks_serial", super::logit_blocks_serial::SHADER),
        ("read_bandwidth", read_bandwidth::SHADER),
        ("rms_norm", rms_norm::SHADER),
        ("rms_norm_serial", super::rms_norm_serial::SHADER),
        ("sample", sample::SHADER),
        ("sample_serial", super::sample_serial::SHADER),
        ("swiglu", swiglu::SHADER),
    ] {
        add(name, text.to_owned());
    }
    out
}

/// Uniform token ids for measurements and tests, below `vocab`.
pub fn some_tokens(seed: u64, count: usize, vocab: usize) -> Vec<u32> {
    let mut noise = Noise::new(seed);
    (0..count).map(|_| (noise.bits() % vocab as u64) as u32).collect()
}
