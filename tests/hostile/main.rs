//! Mutated model files: whatever the bytes, an answer or an error; no panic, no endless loop, and no more
//! memory than a small multiple of the file.
//!
//! A program of its own, because its allocator counts. A few seconds of it run in every test, a million
//! mutations of each kind in `cargo xtask slow`. A failure names the number of the mutation, which makes the
//! same bytes again.

#[path = "../it/gguf_writer.rs"]
#[allow(dead_code, reason = "shared with the other tests, which need more of it")]
mod gguf_writer;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use gguf_writer::GgufWriter;
use polo::files::{MemorySource, ModelFiles, safetensors_tensors};
use polo::model::Config;

/// Counts the bytes that the thread holds.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written without; it only passes on and counts")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Memory may pass to a thread that frees more than it took: wrapping keeps the sum right.
        let live = LIVE.get().wrapping_add(layout.size());
        LIVE.set(live);
        if live < usize::MAX / 2 {
            PEAK.set(PEAK.get().max(live));
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Most bytes held during a call beyond those held before it.
fn peak_of<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = call();
    (result, PEAK.get().saturating_sub(before))
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Numbers at which counts and lengths go wrong.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    7,
    8,
    31,
    0x7f,
    0xff,
    0xffff,
    1 << 20,
    (1 << 20) + 1,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 32,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// Changes a file in one to five places.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(5) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(16)).min(bytes.len());
        match random.below(8) {
            0 => bytes[at..end].iter_mut().take(1).for_each(|byte| *byte ^= 1 << (random.0 >> 61)),
            1 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.next() as u8),
            2 | 3 => {
                // A count, a length, a type, an offset.
                let edge = EDGES[random.below(EDGES.len())].to_le_bytes();
                let width = [1, 2, 4, 8][random.below(4)];
                let room = bytes.len().saturating_sub(at).min(width);
                bytes[at..at + room].copy_from_slice(&edge[..room]);
            }
            4 => drop(bytes.drain(at..end)),
            5 => {
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            6 => {
                // In text: digits and brackets where there were others.
                let letters = b"0123456789-+eE.,:{}[]\"\\ntfu ";
                bytes[at..end].iter_mut().for_each(|byte| *byte = letters[random.below(letters.len())]);
            }
            _ if random.below(8) == 0 => bytes.truncate(at),
            _ => {}
        }
    }
}

/// How long to go on.
enum Until {
    Count(u64),
    Time(Duration),
}

/// Gives mutation after mutation of the files to `open`, which says whether it was taken for a model.
fn run(files: &[Vec<u8>], until: &Until, open: impl Fn(Vec<u8>) -> bool + std::panic::RefUnwindSafe) {
    let start = Instant::now();
    let (mut number, mut taken) = (0u64, 0u64);
    loop {
        match until {
            Until::Count(count) if number == *count => break,
            Until::Time(time) if number >= 1000 && start.elapsed() >= *time => break,
            _ => number += 1,
        }
        let mut random = Random(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut bytes = files[random.below(files.len())].clone();
        mutate(&mut bytes, &mut random);
        let len = bytes.len();
        let (outcome, peak) = peak_of(|| std::panic::catch_unwind(|| open(bytes)));
        let Ok(model) = outcome else { panic!("mutation {number} panicked") };
        taken += u64::from(model);
        // Small entries of a table cost more than their bytes; 256 KiB are the program's own.
        assert!(peak <= 64 * len + (256 << 10), "mutation {number}: {peak} bytes held for a file of {len}");
    }
    println!("{number} mutations, {taken} of them still models");
    assert!(taken > 0 && taken < number, "the mutations are too wild, or none at all");
}

fn gguf_files() -> Vec<Vec<u8>> {
    let weights = |writer: GgufWriter| {
        writer
            .tensor("token_embd.weight", &[32, 4], 0, &[0; 512])
            .tensor("blk.0.attn_q.weight", &[32, 32], 2, &[1; 576])
            .tensor("output_norm.weight", &[32], 0, &[0; 128])
    };
    let llama = GgufWriter::qwen2()
        .text("general.architecture", "llama")
        .u32("llama.embedding_length", 32)
        .u32("llama.block_count", 1)
        .u32("llama.attention.head_count", 4)
        .u32("llama.feed_forward_length", 64)
        .u32("llama.context_length", 128)
        .u32("llama.rope.dimension_count", 8)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
        .text("tokenizer.ggml.pre", "smollm")
        .text("tokenizer.chat_template", "{{ messages }}")
        .array("x.numbers", 6, 3, &[0; 12]);
    let split = GgufWriter::qwen2().raw("split.count", 2, &[3, 0]).raw("split.no", 2, &[0, 0]);
    vec![weights(GgufWriter::qwen2()).bytes(), weights(llama).bytes(), split.bytes()]
}

fn gguf(until: &Until) {
    run(&gguf_files(), until, |bytes| {
        let files = match pollster::block_on(ModelFiles::from_bytes("mutated.gguf", bytes)) {
            Ok(files) => files,
            Err(error) => {
                assert_eq!(error.kind(), "bad_model", "{error}");
                assert!(error.to_string().len() < 2000, "{error}");
                return false;
            }
        };
        // What was let through can be read, and says yes or no to being run.
        for name in files.tensors.keys() {
            let row = pollster::block_on(files.read_rows(name, 0..1)).expect("tensors lie inside the file");
            assert_eq!(row.len(), files.tensors[name].row_bytes());
        }
        let _ = Config::of(&files);
        true
    });
}

fn safetensors_files() -> Vec<Vec<u8>> {
    let file = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 7);
        bytes
    };
    let two = r#"{"__metadata__": {"format": "pt"}, "model.norm.weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
        "lm_head.weight": {"dtype": "BF16", "shape": [2, 4], "data_offsets": [16, 32]}}"#;
    vec![
        file(two, 32),
        file("{}", 0),
        file(r#"{"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}"#, 2),
    ]
}

fn safetensors(until: &Until) {
    run(&safetensors_files(), until, |bytes| {
        let len = bytes.len() as u64;
        match pollster::block_on(safetensors_tensors(&MemorySource::new("mutated", bytes), 0)) {
            Ok(tensors) => tensors.iter().all(|tensor| {
                assert!(tensor.offset + tensor.bytes <= len, "{tensor:?}");
                true
            }),
            Err(error) => {
                assert_eq!(error.kind(), "bad_model", "{error}");
                false
            }
        }
    });
}

#[test]
fn mutated_gguf_files_for_a_moment() {
    gguf(&Until::Time(Duration::from_secs(2)));
}

#[test]
fn mutated_safetensors_files_for_a_moment() {
    safetensors(&Until::Time(Duration::from_secs(2)));
}

#[test]
#[ignore = "long: a million mutations"]
fn a_million_mutated_gguf_files() {
    gguf(&Until::Count(1_000_000));
}

#[test]
#[ignore = "long: a million mutations"]
fn a_million_mutated_safetensors_files() {
    safetensors(&Until::Count(1_000_000));
}
