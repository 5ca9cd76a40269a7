//! docs/ERRORS.md holds what is really said: every message below has a row there, and every row of the
//! sections on files has a case below.

use std::path::Path;

use polo::files::{MemorySource, ModelFiles, safetensors_tensors};
use polo::model::Config;
use polo::protocol::{Message, ModelSource, Prompt, Role};
use polo::text::{ChatTemplate, Tokenizer, encode};
use serde_json::{Value, json};

use crate::gguf_writer::GgufWriter;

/// The rows of the document: what is said, cut at its `…`.
fn rows() -> Vec<Vec<String>> {
    let path = format!("{}/docs/ERRORS.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let ours = text.split("\n## ").filter(|section| {
        let ours = ["GGUF files", "Split", "Vocabularies", "Folders", "What the model", "Tokenizers"];
        ours.iter().any(|title| section.starts_with(title))
    });
    let cell = |line: &str| {
        let text = line.strip_prefix("| `")?.split("` |").next()?;
        Some(text.split('…').map(str::to_owned).collect())
    };
    ours.flat_map(str::lines).filter_map(cell).collect()
}

/// Whether the pieces stand in the message one after the other, the last one at its end.
pub(crate) fn fits(pieces: &[String], message: &str) -> bool {
    let mut rest = message;
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
        rest = after;
    }
    pieces.last().is_some_and(|last| message.ends_with(last.as_str()))
}

fn text(result: polo::Result<ModelFiles>) -> String {
    result.map(|_| ()).expect_err("expected an error").to_string()
}

fn gguf(bytes: Vec<u8>) -> String {
    text(pollster::block_on(ModelFiles::from_bytes("wrong.gguf", bytes)))
}

fn open(path: &Path) -> String {
    let path = path.to_str().unwrap().to_owned();
    text(pollster::block_on(ModelFiles::open(&ModelSource::Path { path })))
}

fn gguf_errors() -> Vec<String> {
    let good = GgufWriter::qwen2;
    let with_counts = |tensors: u64, metadata: u64| {
        let mut bytes = good().bytes();
        bytes[8..16].copy_from_slice(&tensors.to_le_bytes());
        bytes[16..24].copy_from_slice(&metadata.to_le_bytes());
        bytes
    };
    let tensor = |dims: &[u64], kind| good().tensor_at("blk.0.attn_q.weight", dims, kind, 0);
    let long = "a".repeat(40 << 20);
    let mut same_key = good().u32("aaaa", 1).u32("aaab", 2).bytes();
    let at = same_key.windows(4).position(|window| window == b"aaab").unwrap();
    same_key[at + 3] = b'a';
    let writers = [
        good().version(1),
        good().version(3u32.swap_bytes()),
        good().raw("x", 77, &[]),
        good().array("x", 9, 1, &[]),
        good().raw("x", 8, &u64::MAX.to_le_bytes()),
        good().array("x", 8, u64::MAX, &[]),
        good().raw("x", 8, &[2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]),
        good().text("x", &long).text("y", &long),
        good().u32("general.alignment", 24).tensor("a", &[1], 0, &[0; 4]),
        good().without("general.architecture"),
        good().u32("general.architecture", 1),
        good().text("general.architecture", "bert"),
        good().without("qwen2.block_count"),
        good().text("qwen2.block_count", "many"),
        tensor(&[], 0),
        tensor(&[256, 2], 10),
        good().tensor_at("a", &[1], 0, 5),
        good().tensor("a", &[1], 0, &[0; 4]).tensor("a", &[1], 0, &[0; 4]),
        tensor(&[32, 0], 0),
        tensor(&[1 << 40, 1 << 20], 0),
        tensor(&[33, 2], 2),
        tensor(&[32, 2], 0),
        good().tensor("a", &[16], 0, &[0; 64]).tensor_at("b", &[1], 0, 32),
        good().raw("split.count", 2, &[0xff, 0xff]),
        good().text("split.count", "two"),
        good().raw("split.count", 2, &[3, 0]),
        good().raw("split.count", 2, &[3, 0]).raw("split.no", 2, &[1, 0]),
        good().without("tokenizer.ggml.tokens"),
        good().text("tokenizer.ggml.model", "llama"),
        good().without("tokenizer.ggml.merges"),
        good().i32s("tokenizer.ggml.token_type", &[1]),
        good().text("tokenizer.ggml.pre", "tekken"),
        good().texts("tokenizer.ggml.tokens", &["a", "a", "b", "c"]),
    ];
    let mut errors: Vec<String> = writers.iter().map(|writer| gguf(writer.bytes())).collect();
    errors.extend([
        gguf(b"PK\x03\x04 a zip file".to_vec()),
        gguf(good().bytes()[..100].to_vec()),
        gguf(with_counts(1 << 40, 1)),
        gguf(with_counts(0, 1 << 40)),
        gguf(same_key),
    ]);
    errors
}

fn split_errors() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = |number: u16| folder.path().join(format!("m-{number:05}-of-00002.gguf"));
    let part = |writer: GgufWriter, number: u16, tensors: i32| {
        let writer = writer.raw("split.no", 2, &number.to_le_bytes()).raw("split.count", 2, &[2, 0]);
        writer.raw("split.tensors.count", 5, &tensors.to_le_bytes()).bytes()
    };
    std::fs::write(path(1), part(GgufWriter::qwen2(), 0, 7)).unwrap();
    let missing = open(&path(1));
    std::fs::write(path(2), part(GgufWriter::new(), 0, 7)).unwrap();
    let another = open(&path(1));
    std::fs::write(path(2), part(GgufWriter::new(), 1, 7)).unwrap();
    vec![missing, another, open(&path(1)), open(&path(2))]
}

fn folder_errors() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, bytes: &[u8]| std::fs::write(path(name), bytes).unwrap();
    let mut errors = vec![open(&path("nothing.gguf")), open(folder.path())];
    write("config.json", b"{}");
    errors.push(open(folder.path()));
    let tokenizer = format!("{}/tests/data/text/tokenizer.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(tokenizer, path("tokenizer.json")).unwrap();
    errors.push(open(folder.path()));
    let index = |map: &Value| {
        let text = json!({ "weight_map": map }).to_string();
        write("model.safetensors.index.json", text.as_bytes());
        open(folder.path())
    };
    let many: Value = (0..1001).map(|number| (format!("{number}"), json!(format!("{number}")))).collect();
    errors.extend([
        index(&json!({ "a": "one.safetensors" })),
        index(&json!(1)),
        index(&json!({ "a": 3 })),
        index(&json!({ "a": "../one.safetensors" })),
        index(&many),
    ]);
    write("one.safetensors", &[2, 0, 0, 0, 0, 0, 0, 0, b'{', b'}']);
    errors.push(index(&json!({ "a": "one.safetensors" })));
    write("chat_template.jinja", &[0xff]);
    errors.push(open(folder.path()));
    write("config.json", b"[1]");
    errors.push(open(folder.path()));
    write("config.json", &vec![b' '; (16 << 20) + 1]);
    errors.push(open(folder.path()));
    errors
}

fn safetensors_errors() -> Vec<String> {
    let read = |bytes: Vec<u8>| {
        let source = MemorySource::new("wrong.safetensors", bytes);
        pollster::block_on(safetensors_tensors(&source, 0)).expect_err("expected an error").to_string()
    };
    let file = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 8]].concat();
    let tensor = |dtype: &str, offsets: &str| {
        read(file(&format!(r#"{{"w": {{"dtype": "{dtype}", "shape": [2], "data_offsets": {offsets}}}}}"#)))
    };
    vec![
        read(vec![1, 2, 3]),
        read(vec![0xff; 64]),
        read(file("{")),
        tensor("I64", "[0, 8]"),
        tensor("F32", "[0, 4]"),
        tensor("F32", "[4, 12]"),
    ]
}

fn config_errors() -> Vec<String> {
    let wrong = [
        ("model_type", json!("bert")),
        ("hidden_size", json!(-1)),
        ("rms_norm_eps", json!("small")),
        ("num_key_value_heads", json!(3)),
        ("num_attention_heads", json!(64)),
        ("head_dim", json!(7)),
        ("hidden_act", json!("gelu")),
        ("use_sliding_window", json!(true)),
        ("rope_scaling", json!({ "rope_type": "longrope" })),
        ("rope_scaling", json!({ "rope_type": "linear", "factor": 0 })),
        (
            "rope_scaling",
            json!({ "rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1,
                "original_max_position_embeddings": 8192 }),
        ),
        ("partial_rotary_factor", json!(0.5)),
        ("num_local_experts", json!(8)),
        ("mlp_bias", json!(true)),
    ];
    let mut errors: Vec<String> = Vec::new();
    for (key, value) in wrong {
        let mut config = json!({
            "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4,
            "num_key_value_heads": 2, "intermediate_size": 64, "vocab_size": 4, "rms_norm_eps": 1e-6,
            "rope_theta": 1e6, "max_position_embeddings": 128,
        });
        config[key] = value;
        errors.push(Config::from_json("config.json", &config).expect_err(key).to_string());
    }
    let unknown = GgufWriter::qwen2().tensor("token_embd.weight", &[32, 4], 0, &[0; 512]).tensor(
        "rope_freqs.weight",
        &[4],
        0,
        &[0; 16],
    );
    let files = pollster::block_on(ModelFiles::from_bytes("a", unknown.bytes())).unwrap();
    errors.push(Config::of(&files).expect_err("a tensor without a place").to_string());
    errors.push(files.tensor("model.norm.weight").expect_err("a tensor that is not there").to_string());
    errors
}

fn text_errors() -> Vec<String> {
    let path = format!("{}/tests/data/text/tokenizer.json", env!("CARGO_MANIFEST_DIR"));
    let json = std::fs::read_to_string(path).unwrap();
    let refused = |json: &str| {
        let refused = Tokenizer::from_json(json.as_bytes()).map(|_| ());
        refused.expect_err("expected an error").to_string()
    };
    let mut other_decoder: Value = serde_json::from_str(&json).unwrap();
    other_decoder["decoder"] = json!({ "type": "Fuse" });
    let tokenizer = Tokenizer::from_json(json.as_bytes()).unwrap();
    let chat = |template: &str| {
        let messages = vec![Message { role: Role::User, content: "hi".into() }];
        let template = ChatTemplate::new(Some(template.into()), None, None);
        encode(&Prompt::Chat { messages }, &tokenizer, &template)
    };
    let tokens = encode(&Prompt::Tokens { tokens: vec![1_000_000] }, &tokenizer, &ChatTemplate::default());
    vec![
        refused("{}"),
        refused(&other_decoder.to_string()),
        chat("{{ raise_exception('roles must alternate') }}").expect_err("a refusal").to_string(),
        chat("{% for %}").unwrap().note.unwrap(),
        tokens.expect_err("a token of another model").to_string(),
        // Made in the engine, and tested there.
        "the model's generation config asks for num_beams 4, which is not supported and is left out".into(),
        "the model's generation config is not followed: temperature is 9, expected 0 to 4".into(),
    ]
}

#[test]
fn every_error_of_files_is_in_the_document() {
    let rows = rows();
    assert!(rows.len() > 60, "{} rows", rows.len());
    let cases = [
        gguf_errors(),
        split_errors(),
        folder_errors(),
        safetensors_errors(),
        config_errors(),
        text_errors(),
    ];
    let cases = cases.concat();
    for case in &cases {
        let shown: String = case.chars().take(300).collect();
        assert!(rows.iter().any(|row| fits(row, case)), "docs/ERRORS.md has no row for: {shown}");
        assert!(case.len() < 2000, "too long: {shown}");
    }
    for row in &rows {
        let known = cases.iter().any(|case| fits(row, case));
        assert!(known, "no case below gives: {}", row.join("…"));
    }
}
