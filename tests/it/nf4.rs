//! Checkpoints that bitsandbytes wrote: what is wrong with one is named.

use std::collections::HashMap;
use std::path::Path;

use polo::files::ModelFiles;
use polo::protocol::ModelSource;
use proptest::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

const NAME: &str = "model.layers.0.mlp.up_proj.weight";

type Tensors = HashMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden/nf4_file")
}

fn tensors() -> Tensors {
    let bytes = std::fs::read(golden().join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |(name, view): (String, TensorView<'_>)| {
        (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec()))
    };
    file.tensors().into_iter().map(tensor).collect()
}

/// A folder with these bytes as its weights.
fn open(bytes: &[u8]) -> polo::Result<ModelFiles> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(golden().join("config.json"), folder.path().join("config.json")).unwrap();
    let tokenizer = golden().join("../bf16_file/tokenizer.json");
    std::fs::copy(tokenizer, folder.path().join("tokenizer.json")).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    pollster::block_on(ModelFiles::open(&ModelSource::Path { path }))
}

fn with(change: impl FnOnce(&mut Tensors)) -> polo::Result<ModelFiles> {
    let mut tensors = tensors();
    change(&mut tensors);
    let views = tensors
        .iter()
        .map(|(name, (dtype, dims, data))| (name, TensorView::new(*dtype, dims.clone(), data).unwrap()));
    open(&safetensors::serialize(views, None).unwrap())
}

#[track_caller]
fn refused(result: polo::Result<ModelFiles>, parts: &[&str]) {
    let error = result.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), "bad_model", "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{error} lacks {part}");
    }
}

#[test]
fn a_checkpoint_is_read() {
    let model = with(|_| {}).unwrap();
    let up = model.tensor(NAME).unwrap();
    assert_eq!((&up.dims[..], up.dtype.name()), (&[192, 128][..], "NF4"));
    assert!(!model.tensors.keys().any(|name| name.contains("absmax") || name.contains("quant")));
    // A row is the same, read alone or among others.
    let read = |rows| pollster::block_on(model.read_rows(NAME, rows)).unwrap();
    let (all, bytes) = (read(0..192), 128 / 64 * 36);
    assert_eq!((all.len(), &all[150 * bytes..152 * bytes]), (192 * bytes, &read(150..152)[..]));
    assert_eq!(up.bytes, all.len() as u64);
}

#[test]
fn scales_in_f32_are_read_as_they_are() {
    let model = with(|tensors| {
        let scales: Vec<u8> = (0..384).flat_map(|group| (group as f32 + 0.5).to_le_bytes()).collect();
        tensors.insert(format!("{NAME}.absmax"), (Dtype::F32, vec![384], scales));
    });
    let row = pollster::block_on(model.unwrap().read_rows(NAME, 100..101)).unwrap();
    assert_eq!((&row[..4], &row[36..40]), (&200.5f32.to_le_bytes()[..], &201.5f32.to_le_bytes()[..]));
}

#[test]
fn wrong_checkpoints_are_refused() {
    let state = format!("{NAME}.quant_state.bitsandbytes__nf4");
    let with_state = |json: &str| {
        with(|tensors| {
            drop(tensors.insert(state.clone(), (Dtype::U8, vec![json.len()], json.as_bytes().to_vec())));
        })
    };
    let json = |shape: &str, blocksize: u32, nested: u32| {
        format!(
            r#"{{"quant_type": "nf4", "blocksize": {blocksize}, "shape": {shape}, "nested_blocksize": {nested}, "nested_offset": 0.1}}"#
        )
    };
    assert!(with_state(&json("[192, 128]", 64, 256)).is_ok());
    refused(with_state("{"), &[NAME, "quant_state", "JSON"]);
    refused(with_state(&" ".repeat(70_000)), &[NAME, "70000 bytes"]);
    refused(with_state(&json("[192, 128]", 128, 256)), &[NAME, "blocks of 128"]);
    refused(with_state(&json("[192, 128]", 64, 512)), &[NAME, "512", "256"]);
    refused(with_state(&json("[384, 32]", 64, 256)), &[NAME, "multiple of 64"]);
    refused(with_state(&json("[128, 128]", 64, 256)), &[NAME]);
    refused(with_state(&json("[191, 128]", 64, 256)), &[NAME, "12288 bytes"]);
    refused(with_state(&json("[4294967296, 4294967296]", 64, 256)), &[NAME, "too large"]);
    for ending in [".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", ""] {
        let without = with(|tensors| drop(tensors.remove(&format!("{NAME}{ending}"))));
        refused(without, &[NAME, ending, "is missing"]);
    }
    refused(with(|tensors| drop(tensors.remove(&state))), &[NAME, "U8"]);
    let fp4 = with(|tensors| {
        let tensor = tensors.remove(&state).unwrap();
        tensors.insert(format!("{NAME}.quant_state.bitsandbytes__fp4"), tensor);
    });
    refused(fp4, &[NAME, "fp4", "nf4"]);
    let map = with(|tensors| tensors.get_mut(&format!("{NAME}.quant_map")).unwrap().2[0] ^= 1);
    refused(map, &[NAME, "expected nf4"]);
    refused(with(|tensors| tensors.get_mut(NAME).unwrap().0 = Dtype::I8), &[NAME, "I8"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_corrupted_checkpoint_never_panics(state: bool, at: prop::sample::Index, bytes in prop::collection::vec(prop::num::u8::ANY, 1..9)) {
        let mut file = std::fs::read(golden().join("model.safetensors")).unwrap();
        // In the header, or in the JSON of a quantised weight.
        let json = file.windows(12).position(|window| window == b"\"quant_type\"").unwrap();
        let at = if state { json + at.index(150) } else { at.index(9000) };
        file[at..at + bytes.len()].copy_from_slice(&bytes);
        if let Err(error) = open(&file) {
            prop_assert!(error.kind() == "bad_model", "{error:?}");
        }
    }
}
