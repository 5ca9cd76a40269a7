//! A model of the size people use: the shape of Qwen2-7B, its types mixed as in a `Q4_K_M` file, random
//! weights, 4.7 GB made at run time. For `cargo xtask slow`: it wants 12 GB of memory and of disk.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use half::f16;
use serde_json::Value;

use crate::gguf_writer::GgufWriter;

const LAYERS: u64 = 28;
const HIDDEN: u64 = 3584;
const KV: u64 = 512;
const MLP: u64 = 18944;
const VOCAB: u64 = 152_064;

/// A type in a GGUF file: id, weights and bytes of a block.
#[derive(Clone, Copy)]
struct Kind {
    id: u32,
    weights: u64,
    bytes: u64,
}

const F32: Kind = Kind { id: 0, weights: 1, bytes: 4 };
const Q4_K: Kind = Kind { id: 12, weights: 256, bytes: 144 };
const Q6_K: Kind = Kind { id: 14, weights: 256, bytes: 210 };

/// Name, dimensions (innermost first), type; in the order of the file.
fn tensors() -> Vec<(String, Vec<u64>, Kind)> {
    let mut out = vec![("token_embd.weight".into(), vec![HIDDEN, VOCAB], Q4_K)];
    for layer in 0..LAYERS {
        // llama.cpp gives the first and last eighth of the layers, and every third between, more bits.
        let more = !(LAYERS / 8..7 * LAYERS / 8).contains(&layer) || (layer - LAYERS / 8) % 3 == 2;
        let finer = if more { Q6_K } else { Q4_K };
        let mut add =
            |part: &str, dims: &[u64], kind| out.push((format!("blk.{layer}.{part}"), dims.to_vec(), kind));
        add("attn_norm.weight", &[HIDDEN], F32);
        for (part, rows, kind) in [("attn_q", HIDDEN, Q4_K), ("attn_k", KV, Q4_K), ("attn_v", KV, finer)] {
            add(&format!("{part}.weight"), &[HIDDEN, rows], kind);
            add(&format!("{part}.bias"), &[rows], F32);
        }
        add("attn_output.weight", &[HIDDEN, HIDDEN], Q4_K);
        add("ffn_norm.weight", &[HIDDEN], F32);
        add("ffn_gate.weight", &[HIDDEN, MLP], Q4_K);
        add("ffn_up.weight", &[HIDDEN, MLP], Q4_K);
        add("ffn_down.weight", &[MLP, HIDDEN], finer);
    }
    out.push(("output_norm.weight".into(), vec![HIDDEN], F32));
    out.push(("output.weight".into(), vec![HIDDEN, VOCAB], Q6_K));
    out
}

/// Blocks of random weights of deviation about 0.015, enough of them that rows differ.
fn blocks(kind: Kind) -> Vec<u8> {
    let mut state = u64::from(kind.id) + 1;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut out = Vec::new();
    for _ in 0..4099 {
        if kind.id == F32.id {
            // Norms and biases.
            out.extend((0.5 + f32::from(byte()) / 512.0).to_le_bytes());
            continue;
        }
        let first = out.len();
        out.extend((0..kind.bytes).map(|_| byte()));
        if kind.id == Q4_K.id {
            // d, then dmin: the mean of d * scale * q is that of dmin * minimum.
            out[first..first + 2].copy_from_slice(&f16::from_f32(1e-4).to_le_bytes());
            out[first + 2..first + 4].copy_from_slice(&f16::from_f32(7.5e-4).to_le_bytes());
        } else {
            let at = out.len() - 2;
            out[at..].copy_from_slice(&f16::from_f32(1.5e-5).to_le_bytes());
        }
    }
    out
}

/// Writes the file, once: 4.7 GB.
fn write(path: &Path) -> std::io::Result<()> {
    let mut gguf = GgufWriter::new()
        .text("general.architecture", "qwen2")
        .text("general.name", "Random 7B")
        .u32("qwen2.embedding_length", HIDDEN as u32)
        .u32("qwen2.block_count", LAYERS as u32)
        .u32("qwen2.attention.head_count", 28)
        .u32("qwen2.attention.head_count_kv", 4)
        .u32("qwen2.feed_forward_length", MLP as u32)
        .u32("qwen2.context_length", 32768)
        .f32("qwen2.attention.layer_norm_rms_epsilon", 1e-6)
        .f32("qwen2.rope.freq_base", 1e6)
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "qwen2")
        .texts("tokenizer.ggml.merges", &["a b"])
        .u32("tokenizer.ggml.eos_token_id", VOCAB as u32 - 1);
    let mut tokens: Vec<String> = ('a'..='z').map(String::from).collect();
    tokens.push("ab".into());
    tokens.extend((tokens.len() as u64..VOCAB).map(|n| format!("t{n}")));
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    gguf = gguf.texts("tokenizer.ggml.tokens", &tokens);
    let mut kinds = vec![1; tokens.len()];
    kinds[tokens.len() - 1] = 3;
    gguf = gguf.i32s("tokenizer.ggml.token_type", &kinds);
    let size = |dims: &[u64], kind: Kind| dims.iter().product::<u64>() / kind.weights * kind.bytes;
    let mut offset = 0u64;
    for (name, dims, kind) in tensors() {
        gguf = gguf.tensor_at(&name, &dims, kind.id, offset);
        offset += size(&dims, kind).next_multiple_of(32);
    }
    let unfinished = path.with_extension("part");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
    file.write_all(&gguf.bytes())?;
    let pools = [F32, Q4_K, Q6_K].map(|kind| (kind.id, blocks(kind)));
    for (_, dims, kind) in tensors() {
        let (_, pool) = pools.iter().find(|(id, _)| *id == kind.id).unwrap();
        let mut left = size(&dims, kind);
        let padding = left.next_multiple_of(32) - left;
        while left > 0 {
            let part = left.min(pool.len() as u64);
            file.write_all(&pool[..part as usize])?;
            left -= part;
        }
        file.write_all(&vec![0; padding as usize])?;
    }
    file.flush()?;
    std::fs::rename(unfinished, path)
}

/// The file, made if it is not there; the browser's slow test reads it too.
pub(crate) fn file() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("random-7b-q4_k_m.gguf");
    if !path.exists() {
        write(&path).unwrap();
    }
    path
}

/// Highest resident memory of a process so far, in bytes.
fn peak_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Reads a file to its end; seconds.
fn read_seconds(path: &Path) -> f64 {
    let started = Instant::now();
    let mut file = File::open(path).unwrap();
    let mut piece = vec![0; 4 << 20];
    while file.read(&mut piece).unwrap() > 0 {}
    started.elapsed().as_secs_f64()
}

#[test]
#[ignore = "4.7 GB of disk, 6 GB of memory and some minutes: cargo xtask slow"]
fn gpu_seven_billion_weights_load_and_decode() {
    let path = file();
    let read_s = read_seconds(&path);
    let words = ["ask", "--json", "--raw", "--greedy", "--max-tokens", "4", "--context", "512", "--model"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_polo"))
        .args(words)
        .arg(&path)
        .arg("abababab")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak_bytes(child.id()).unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["tokens"].as_array().map(Vec::len), Some(4), "{answer}");
    let bytes = |key: &str| answer["model_memory"][key].as_u64().unwrap();
    let on_gpu = bytes("weight_bytes") + bytes("kv_bytes");
    let load_s = answer["timings"]["load_ms"].as_f64().unwrap() / 1e3;
    println!(
        "7B: {:.2} GB on the GPU, peak resident {:.2} GB, load {load_s:.1} s, reading the file alone {read_s:.1} s",
        on_gpu as f64 / 1e9,
        peak as f64 / 1e9
    );
    // A software GPU's memory is the process's own: what lies beyond it is ours.
    if peak > on_gpu {
        assert!(peak - on_gpu < 512 << 20, "{} bytes resident beyond the GPU's {on_gpu}", peak - on_gpu);
    }
}
