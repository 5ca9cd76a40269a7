//! Model files from outside: right ones are read exactly, wrong ones give an error that names the fault.

use std::collections::HashMap;
use std::path::Path;

use polo::files::ModelFiles;
use polo::protocol::ModelSource;
use polo::quant::DType;
use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use safetensors::tensor::{Dtype, TensorView};

use crate::gguf_writer::GgufWriter;

fn open(bytes: Vec<u8>) -> polo::Result<ModelFiles> {
    pollster::block_on(ModelFiles::from_bytes("test.gguf", bytes))
}

fn open_path(path: &Path) -> polo::Result<ModelFiles> {
    pollster::block_on(ModelFiles::open(&ModelSource::Path { path: path.to_str().unwrap().into() }))
}

/// Opens what is wrong, and checks that the message says so.
fn refused(result: polo::Result<ModelFiles>, words: &[&str]) {
    let error = result.map(|_| ()).expect_err(&format!("expected an error about {words:?}"));
    assert!(["bad_model", "fetch"].contains(&error.kind()), "{error:?}");
    for word in words {
        assert!(error.to_string().contains(word), "{error} does not say {word:?}");
    }
}

#[test]
fn a_gguf_file_is_read() {
    let f32s: Vec<u8> = (0..128u32).flat_map(|value| (value as f32).to_le_bytes()).collect();
    let q4: Vec<u8> = (0..36).collect();
    let writer = GgufWriter::qwen2()
        .tensor("token_embd.weight", &[32, 4], 0, &f32s)
        .tensor("blk.0.attn_q.weight", &[32, 2], 2, &q4)
        .tensor("blk.0.attn_q.bias", &[3], 1, &[1, 2, 3, 4, 5, 6])
        .tensor("output_norm.weight", &[2], 30, &[7, 8, 9, 10])
        .tensor("blk.0.ffn_up.weight", &[32], 8, &[42; 34]);
    for version in [2, 3] {
        let model = open(writer.clone().version(version).bytes()).unwrap();
        assert_eq!(model.name, "Tiny");
        assert_eq!(
            model.claims,
            [("general.name", "Tiny"), ("polo.kinds", "arithmetic")].map(|(k, v)| (k.into(), v.into()))
        );
        let expected = serde_json::json!({
            "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_act": "silu", "hidden_size": 32,
            "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 64,
            "vocab_size": 4, "rms_norm_eps": 1e-6, "rope_theta": 1e6, "max_position_embeddings": 128,
            "tie_word_embeddings": true, "eos_token_id": 3,
        });
        assert_eq!(model.config, expected);
        assert_eq!(model.end_tokens(), [3]);
        let embedding = model.tensor("model.embed_tokens.weight").unwrap();
        assert_eq!((&embedding.dims[..], embedding.dtype, embedding.bytes), (&[4, 32][..], DType::F32, 512));
        let q = model.tensor("model.layers.0.self_attn.q_proj.weight").unwrap();
        assert_eq!((q.rows(), q.columns(), q.row_bytes(), q.dtype), (2, 32, 18, DType::Q4_0));
        let read = |name: &str, rows| pollster::block_on(model.read_rows(name, rows)).unwrap();
        assert_eq!(read("model.embed_tokens.weight", 1..3), f32s[128..384]);
        assert_eq!(read("model.layers.0.self_attn.q_proj.weight", 1..2), q4[18..]);
        assert!(read("model.layers.0.self_attn.q_proj.weight", 1..1).is_empty());
        assert_eq!(read("model.layers.0.self_attn.q_proj.bias", 0..1), [1, 2, 3, 4, 5, 6]);
        assert_eq!(read("model.norm.weight", 0..1), [7, 8, 9, 10]);
        assert_eq!(read("model.layers.0.mlp.up_proj.weight", 0..1), [42; 34]);
        assert_eq!(model.weight_bytes(), 512 + 36 + 6 + 4 + 34);
        assert!(
            model.tensor("lm_head.weight").unwrap_err().to_string().contains("lm_head.weight is missing")
        );
    }
    let tied = writer.tensor("output.weight", &[32, 4], 0, &f32s);
    assert_eq!(open(tied.bytes()).unwrap().config["tie_word_embeddings"], false);
}

#[test]
fn a_gguf_file_on_disk_and_in_larger_pieces() {
    // A vocabulary past the first megabyte that is read.
    let tokens: Vec<String> =
        (0..60_000).map(|number| format!("token-with-a-longer-name-{number}")).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let writer = GgufWriter::qwen2()
        .without("tokenizer.ggml.token_type")
        .texts("tokenizer.ggml.tokens", &tokens)
        .texts("tokenizer.ggml.merges", &[])
        .tensor("output_norm.weight", &[2], 0, &[1; 8]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Big-One.Q4_0.gguf");
    std::fs::write(&path, writer.without("general.name").bytes()).unwrap();
    let model = open_path(&path).unwrap();
    assert_eq!(model.name, "Big-One.Q4_0");
    assert_eq!(pollster::block_on(model.read_rows("model.norm.weight", 0..1)).unwrap(), [1; 8]);
}

#[test]
fn wrong_gguf_files_are_refused() {
    let good = GgufWriter::qwen2();
    let check = |writer: &GgufWriter, words: &[&str]| refused(open(writer.bytes()), words);
    refused(open(Vec::new()), &["truncated"]);
    refused(open(b"PK\x03\x04 a zip file, not a model".to_vec()), &["PK\\x03\\x04", "GGUF"]);
    check(&good.clone().version(1), &["version 1"]);
    check(&good.clone().version(3u32.swap_bytes()), &["big-endian"]);
    check(&good.clone().without("general.architecture"), &["general.architecture"]);
    check(&good.clone().without("qwen2.embedding_length"), &["qwen2.embedding_length"]);
    check(&good.clone().text("qwen2.block_count", "many"), &["qwen2.block_count", "number"]);
    check(&good.clone().f32("qwen2.rope.freq_base", f32::NAN), &["rope.freq_base", "number"]);
    check(&good.clone().u32("general.alignment", 0), &["general.alignment"]);
    check(&good.clone().u32("general.alignment", 24), &["general.alignment", "power of two"]);
    check(&good.clone().raw("x", 77, &[]), &["metadata x", "type 77"]);
    check(&good.clone().raw("x", 8, &u64::MAX.to_le_bytes()), &["metadata x claims"]);
    check(&good.clone().array("x", 5, u64::MAX, &[]), &["truncated"]);
    check(&good.clone().array("x", 8, u64::MAX, &[]), &["metadata x", "texts", "damaged"]);
    check(&good.clone().array("x", 8, (1 << 20) + 1, &[]), &["metadata x", "1048577 texts"]);
    check(&good.clone().text(&"k".repeat(70_000), "x"), &["a metadata key claims 70000 bytes", "65535"]);
    check(&good.clone().text("general.architecture", "bert"), &["general.architecture is bert", "qwen2"]);
    check(&good.clone().u32("general.architecture", 7), &["general.architecture"]);
    let counts = |tensors: u64, metadata: u64| {
        let mut bytes = good.bytes();
        bytes[8..16].copy_from_slice(&tensors.to_le_bytes());
        bytes[16..24].copy_from_slice(&metadata.to_le_bytes());
        open(bytes)
    };
    refused(counts(1 << 40, 1), &["1099511627776 tensors"]);
    refused(counts(0, 1 << 40), &["1099511627776 entries of metadata"]);
    refused(counts(1, 10), &[]);
    check(&good.clone().array("x", 9, 1, &[]), &["metadata x", "array"]);
    check(&good.clone().raw("x", 8, &[2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), &["UTF-8"]);
    check(&good.clone().text("tokenizer.ggml.model", "llama"), &["tokenizer.ggml.model is llama", "gpt2"]);
    check(&good.clone().text("tokenizer.ggml.pre", "tekken"), &["tekken", "qwen2"]);
    check(&good.clone().i32s("tokenizer.ggml.token_type", &[1]), &["token_type"]);
    check(&good.clone().without("tokenizer.ggml.tokens"), &["tokenizer.ggml.tokens"]);
    check(&good.clone().texts("tokenizer.ggml.tokens", &["a", "a", "b", "c"]), &["twice"]);

    let tensor = |dims: &[u64], kind| good.clone().tensor_at("blk.0.attn_q.weight", dims, kind, 0);
    check(&tensor(&[32, 2], 10), &["blk.0.attn_q.weight", "Q2_K", "Q4_K_M"]);
    check(&tensor(&[32, 2], 12), &["q_proj.weight", "32", "multiple of 256"]);
    check(&tensor(&[32, 2], 4000), &["blk.0.attn_q.weight", "number 4000"]);
    check(&tensor(&[33, 2], 2), &["q_proj.weight", "33", "multiple of 32"]);
    check(&tensor(&[], 0), &["0 dimensions"]);
    check(&tensor(&[1, 1, 1, 1, 1], 0), &["5 dimensions"]);
    check(&tensor(&[32, 0], 0), &["[0, 32]"]);
    check(&tensor(&[u64::MAX, u64::MAX], 0), &["too large"]);
    check(&tensor(&[1 << 40, 1 << 20], 0), &["too large"]);
    check(&tensor(&[32, 2], 0), &["q_proj.weight", "256 bytes", "truncated"]);
    check(&good.clone().tensor_at("a", &[1], 0, u64::MAX - 31), &["tensor a", "truncated"]);
    check(&good.clone().tensor_at("a", &[1], 0, 5), &["tensor a", "multiple of 32"]);
    let twice = good.clone().tensor("a", &[1], 0, &[0; 4]).tensor("a", &[1], 0, &[0; 4]);
    check(&twice, &["tensor a appears twice"]);
    let overlapping = good.clone().tensor("a", &[16], 0, &[0; 64]).tensor_at("b", &[1], 0, 32);
    check(&overlapping, &["tensors a and b overlap"]);
}

/// A model of three tensors in as many files, and what of it is on disk under which name.
fn split_model(folder: &Path) -> Vec<std::path::PathBuf> {
    let part = |number: u16, writer: GgufWriter, tensor: &str, data: u8| {
        let writer = writer.raw("split.no", 2, &number.to_le_bytes()).raw("split.count", 2, &[3, 0]).raw(
            "split.tensors.count",
            5,
            &3i32.to_le_bytes(),
        );
        let path = folder.join(format!("m-{:05}-of-00003.gguf", number + 1));
        std::fs::write(&path, writer.tensor(tensor, &[2], 0, &[data; 8]).bytes()).unwrap();
        path
    };
    vec![
        part(0, GgufWriter::qwen2(), "output_norm.weight", 1),
        part(1, GgufWriter::new(), "blk.0.attn_q.bias", 2),
        part(2, GgufWriter::new(), "blk.0.attn_k.bias", 3),
    ]
}

#[test]
fn a_split_gguf_model_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let parts = split_model(folder.path());
    let model = open_path(&parts[0]).unwrap();
    let names =
        ["model.norm.weight", "model.layers.0.self_attn.q_proj.bias", "model.layers.0.self_attn.k_proj.bias"];
    for (name, data) in names.into_iter().zip(1..) {
        assert_eq!(pollster::block_on(model.read_rows(name, 0..1)).unwrap(), [data; 8], "{name}");
    }
    assert_eq!(model.name, "Tiny");

    refused(open_path(&parts[1]), &["part 2 of 3", "open m-00001-of-00003.gguf"]);
    let renamed = folder.path().join("first.gguf");
    std::fs::copy(&parts[0], &renamed).unwrap();
    refused(open_path(&renamed), &["first.gguf", "-00001-of-00003.gguf", "original names"]);
    refused(open(std::fs::read(&parts[0]).unwrap()), &["original names"]);
    // A part that is another's, that lacks a tensor, that is missing.
    std::fs::copy(&parts[1], &parts[2]).unwrap();
    refused(open_path(&parts[0]), &["m-00003", "part 2 of 3", "expected part 3 of 3"]);
    split_model(folder.path());
    let other = GgufWriter::new().raw("split.no", 2, &[2, 0]).raw("split.count", 2, &[3, 0]);
    std::fs::write(&parts[2], other.bytes()).unwrap();
    refused(open_path(&parts[0]), &["split.tensors.count is 3", "2 tensors"]);
    std::fs::write(&parts[2], other.tensor("output_norm.weight", &[2], 0, &[1; 8]).bytes()).unwrap();
    refused(open_path(&parts[0]), &["m-00003", "output_norm.weight appears twice"]);
    std::fs::remove_file(&parts[2]).unwrap();
    refused(open_path(&parts[0]), &["first of 3 parts", "m-00003-of-00003.gguf is not beside it"]);
    let many = GgufWriter::qwen2().raw("split.count", 2, &[0xff, 0xff]);
    refused(open(many.bytes()), &["split.count 65535", "1000"]);
    refused(open(GgufWriter::qwen2().text("split.count", "two").bytes()), &["split.count is two"]);
}

#[test]
fn a_truncated_gguf_file_is_refused_at_every_length() {
    let whole = GgufWriter::qwen2().tensor("output_norm.weight", &[8], 0, &[1; 32]).bytes();
    assert!(open(whole.clone()).is_ok());
    for len in 0..whole.len() {
        refused(open(whole[..len].to_vec()), &[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_corrupted_gguf_file_never_panics(at in 0usize..2000, bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..9)) {
        let mut file = GgufWriter::qwen2().tensor("output_norm.weight", &[8], 0, &[1; 32]).bytes();
        let at = at % file.len();
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        if let Err(error) = open(file) {
            prop_assert!(error.kind() == "bad_model", "{error:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_corrupted_safetensors_file_never_panics(at in 0usize..400, bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..9)) {
        let folder = folder("{}");
        let path = folder.path().join("model.safetensors");
        save(&path, &[("a", Dtype::F32, &[2, 2], &[1; 16]), ("b", Dtype::BF16, &[3], &[2; 6])]);
        let mut file = std::fs::read(&path).unwrap();
        let at = at % file.len();
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        std::fs::write(&path, file).unwrap();
        if let Err(error) = open_path(folder.path()) {
            prop_assert!(error.kind() == "bad_model", "{error:?}");
        }
    }
}

/// A folder as Hugging Face lays it out, with the tokenizer of the text tests.
fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/text");
    std::fs::copy(data.join("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    folder
}

fn save(path: &Path, tensors: &[(&str, Dtype, &[usize], &[u8])]) {
    let views: HashMap<&str, TensorView<'_>> = tensors
        .iter()
        .map(|(name, dtype, dims, data)| (*name, TensorView::new(*dtype, dims.to_vec(), data).unwrap()))
        .collect();
    safetensors::serialize_to_file(views, None, path).unwrap();
}

#[test]
fn a_hugging_face_folder_is_read() {
    let folder =
        folder(r#"{"model_type": "qwen2", "eos_token_id": [2, 1], "rope_parameters": {"rope_theta": 5e5}}"#);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "tokenizer_config.json",
        r#"{"chat_template": "old", "bos_token": null, "eos_token": {"content": "<e>"}}"#,
    );
    write("chat_template.jinja", "new");
    write("generation_config.json", r#"{"eos_token_id": 7, "top_p": 0.8}"#);
    let bytes: Vec<u8> = (0..48).collect();
    save(
        &folder.path().join("model.safetensors"),
        &[
            ("model.embed_tokens.weight", Dtype::F32, &[3, 4], &bytes),
            ("model.norm.weight", Dtype::BF16, &[2], &[1, 2, 3, 4]),
            ("lm_head.weight", Dtype::F16, &[2, 1], &[5, 6, 7, 8]),
        ],
    );
    let model = open_path(folder.path()).unwrap();
    assert_eq!(model.chat_template.as_deref(), Some("new"));
    assert_eq!(
        (model.tokenizer.bos_token.as_deref(), model.tokenizer.eos_token.as_deref()),
        (None, Some("<e>"))
    );
    assert_eq!(model.end_tokens(), [1, 2, 7]);
    assert_eq!(model.config["rope_theta"], 5e5);
    // The weights stand for their folder.
    assert_eq!(open_path(&folder.path().join("model.safetensors")).unwrap().tensors, model.tensors);
    assert_eq!(model.config["tie_word_embeddings"], false);
    let read = |name: &str, rows| pollster::block_on(model.read_rows(name, rows)).unwrap();
    assert_eq!(read("model.embed_tokens.weight", 1..3), bytes[16..]);
    assert_eq!(read("model.norm.weight", 0..1), [1, 2, 3, 4]);
    assert_eq!(read("lm_head.weight", 1..2), [7, 8]);
    std::fs::remove_file(folder.path().join("chat_template.jinja")).unwrap();
    assert_eq!(open_path(folder.path()).unwrap().chat_template.as_deref(), Some("old"));
}

#[test]
fn a_model_in_several_files_is_read() {
    let folder = folder("{}");
    save(&folder.path().join("one.safetensors"), &[("a", Dtype::F32, &[1], &[1, 2, 3, 4])]);
    save(
        &folder.path().join("two.safetensors"),
        &[("b", Dtype::F16, &[1], &[5, 6]), ("c", Dtype::F16, &[1], &[7, 8])],
    );
    let index = |map: &str| {
        let text = format!(r#"{{"metadata": {{}}, "weight_map": {map}}}"#);
        std::fs::write(folder.path().join("model.safetensors.index.json"), text).unwrap();
        open_path(folder.path())
    };
    let model = index(r#"{"a": "one.safetensors", "b": "two.safetensors", "c": "two.safetensors"}"#).unwrap();
    assert_eq!(model.config["tie_word_embeddings"], true);
    for (name, bytes) in [("a", &[1, 2, 3, 4][..]), ("b", &[5, 6]), ("c", &[7, 8])] {
        assert_eq!(pollster::block_on(model.read_rows(name, 0..1)).unwrap(), bytes);
    }
    refused(index(r#"{"a": "one.safetensors", "d": "two.safetensors"}"#), &["tensor d", "two.safetensors"]);
    refused(index(r#"{"a": "three.safetensors"}"#), &["three.safetensors", "names"]);
    refused(index(r#"{"a": "../one.safetensors"}"#), &["../one.safetensors", "beside the index"]);
    refused(index(r#"{"a": 3}"#), &["tensor a"]);
    refused(index("[]"), &["weight_map"]);
}

#[test]
fn wrong_folders_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    refused(open_path(empty.path()), &["config.json", ".gguf"]);
    refused(open_path(&empty.path().join("nothing.gguf")), &["nothing.gguf", "no such file"]);
    let folder = folder("{}");
    refused(open_path(folder.path()), &["model.safetensors"]);
    let path = folder.path().join("model.safetensors");
    let with = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        open_path(folder.path())
    };
    let header = |text: &str, data: usize| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        with(&bytes)
    };
    refused(with(&[1, 2, 3]), &["3 bytes"]);
    refused(with(&[0xff; 64]), &["claims 18446744073709551615 bytes"]);
    refused(header("{", 0), &["not valid JSON"]);
    refused(header("[]", 0), &["not valid JSON", "an object of tensors"]);
    let twice = r#"{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
                    "w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#;
    refused(header(twice, 8), &["tensor w appears twice"]);
    assert!(header(r#"{"__metadata__": {"a": [1, {}]}}"#, 0).is_ok());
    refused(header(&"[".repeat(5000), 0), &["not valid JSON"]);
    let tensor = |dtype: &str, shape: &str, offsets: &str, data| {
        header(
            &format!(r#"{{"w": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}}}"#),
            data,
        )
    };
    assert!(tensor("F32", "[2]", "[0, 8]", 8).is_ok());
    refused(tensor("I64", "[1]", "[0, 8]", 8), &["tensor w", "I64", "F32, F16 and BF16"]);
    refused(tensor("F32", "[2]", "[0, 4]", 8), &["tensor w", "[0, 4]", "8 bytes"]);
    refused(tensor("F32", "[2]", "[8, 0]", 8), &["tensor w"]);
    refused(
        tensor("F32", "[1, 1, 1, 1, 1, 1, 1, 1, 2]", "[0, 8]", 8),
        &["tensor w", "more than 8 dimensions"],
    );
    refused(tensor("F32", "[2]", "[4, 12]", 8), &["tensor w", "truncated"]);
    refused(tensor("F32", "[2, 0]", "[0, 0]", 0), &["tensor w", "[2, 0]"]);
    refused(tensor("F32", "[]", "[0, 4]", 4), &["tensor w"]);
    refused(tensor("F32", "[-1]", "[0, 4]", 4), &["tensor w"]);
    refused(tensor("F32", "[4294967296, 4294967296, 4]", "[0, 4]", 4), &["tensor w", "too large"]);
    refused(tensor("F32", "[2]", "[18446744073709551608, 18446744073709551615]", 4), &["tensor w"]);
    std::fs::write(folder.path().join("config.json"), "[1]").unwrap();
    refused(open_path(folder.path()), &["config.json", "JSON object"]);
    std::fs::write(folder.path().join("config.json"), [0xff, 0xfe]).unwrap();
    refused(open_path(folder.path()), &["config.json"]);
}

#[test]
fn an_address_without_a_server_is_an_error() {
    let source = ModelSource::Url { url: "http://127.0.0.1:9/model.gguf".into() };
    let error = pollster::block_on(ModelFiles::open(&source)).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), "fetch");
    assert!(error.to_string().contains("http://127.0.0.1:9/model.gguf"), "{error}");
}

#[test]
fn the_embedded_model_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/polo-tiny.gguf");
    let model = open_path(&path).unwrap();
    assert_eq!(model.config["model_type"], "qwen2");
    assert!(model.tensor("model.embed_tokens.weight").is_ok() && !model.end_tokens().is_empty());
    let tokenizer = polo::text::Tokenizer::from_json(&model.tokenizer.json).unwrap();
    for text in ["What is 12 + 34?", "Сколько? 小明\n"] {
        assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap()), text);
    }
}
