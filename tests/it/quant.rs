//! The block formats of files against the `gguf` package, bit for bit. tests/data/README.md says how the numbers were made.

use polo::quant::{DType, Format, decode_row, pack_row, unpack_row};
use safetensors::SafeTensors;

fn open(file: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Packs each row of a golden tensor into the lossless format, and says where what the shaders make of it differs.
fn faults(file: &SafeTensors<'_>, dtype: DType, bytes: &str, values: &str) -> Vec<String> {
    let (bytes, values) = (file.tensor(bytes).unwrap(), file.tensor(values).unwrap());
    let (rows, columns) = (values.shape()[0], values.shape()[1]);
    let want: Vec<f32> = bytemuck::pod_collect_to_vec(values.data());
    let row_bytes = dtype.row_bytes(columns).unwrap();
    assert_eq!(bytes.data().len(), rows * row_bytes, "{dtype:?}");
    let format = Format::lossless(dtype);
    let mut faults = Vec::new();
    for (row, (bytes, want)) in bytes.data().chunks(row_bytes).zip(want.chunks(columns)).enumerate() {
        let (mut weight, mut scales) = (Vec::new(), Vec::new());
        pack_row(format, dtype, bytes, columns, &mut weight, &mut scales);
        let unpacked = unpack_row(format, columns, &weight, &scales);
        for (how, got) in [("packed", unpacked), ("decoded", decode_row(dtype, bytes))] {
            let wrong = (0..columns).find(|&at| got[at].to_bits() != want[at].to_bits());
            if let Some(at) = wrong {
                faults.push(format!("{dtype:?} row {row} {how}: {} at {at}, expected {}", got[at], want[at]));
            }
        }
    }
    faults
}

#[test]
fn blocks_are_what_gguf_makes_of_them() {
    let file = open("blocks.safetensors");
    let file = SafeTensors::deserialize(&file).unwrap();
    let blocks = [DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0];
    let others = [DType::Q4K, DType::Q5K, DType::Q6K, DType::BF16, DType::F16];
    let of = |dtype: DType| {
        faults(&file, dtype, &format!("{}_bytes", dtype.name()), &format!("{}_f32", dtype.name()))
    };
    let faults: Vec<String> = blocks.into_iter().chain(others).flat_map(of).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn quantised_rows_are_what_gguf_makes_of_them() {
    let file = open("quant.safetensors");
    let file = SafeTensors::deserialize(&file).unwrap();
    for (dtype, name) in [(DType::Q4_0, "q4_0"), (DType::Q8_0, "q8_0")] {
        for kind in ["", "_raw"] {
            let faults = faults(&file, dtype, &format!("{name}{kind}_bytes"), &format!("{name}{kind}_f32"));
            assert!(faults.is_empty(), "{faults:#?}");
        }
    }
}

#[test]
fn nf4_is_quantised_and_read_as_bitsandbytes_does_it() {
    let file = open("nf4.safetensors");
    let file = SafeTensors::deserialize(&file).unwrap();
    let tensor = |name: &str| file.tensor(name).unwrap();
    let floats = |name: &str| bytemuck::pod_collect_to_vec::<u8, f32>(tensor(name).data());
    let columns = tensor("f32").shape()[1];
    let (source, absmax, values) = (floats("source"), floats("absmax"), floats("f32"));
    let packed = tensor("packed").data();
    for (row, want) in values.chunks(columns).enumerate() {
        // As `files` hands a row on.
        let mut bytes = Vec::new();
        for group in row * columns / 64..(row + 1) * columns / 64 {
            bytes.extend(absmax[group].to_le_bytes());
            bytes.extend(&packed[group * 32..][..32]);
        }
        let pack = |dtype, bytes: &[u8]| {
            let (mut weight, mut scales) = (Vec::new(), Vec::new());
            pack_row(Format::Nf4, dtype, bytes, columns, &mut weight, &mut scales);
            (weight, scales)
        };
        let (weight, scales) = pack(DType::Nf4, &bytes);
        assert_eq!(unpack_row(Format::Nf4, columns, &weight, &scales), want, "row {row}");
        let source = bytemuck::cast_slice(&source[row * columns..][..columns]);
        assert_eq!(pack(DType::F32, source), (weight, scales), "row {row} quantised");
    }
}
