"""Golden values for a GGUF model in all the types that golden/gguf/ lacks, mixed as Q4_K_M mixes them and more.

    python tests/data/make_golden_types.py         # rewrites golden/gguf_types/

The `gguf` package writes Q4_1, Q5_0 and Q5_1 itself. It reads the K types but does not make them: their blocks are
random integers under scales that give weights of the size a model has. The reference runs on the weights as
`gguf.quants.dequantize` returns them.
"""

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

import make_golden as base
import make_golden_gguf as golden_gguf

# Rows of the K types are whole blocks of 256; one layer, to keep the file small.
MODEL = dict(C=256, H=8, G=1, F=256, L=1, V=301, T=29, theta=1e6, tied=True)
K_TYPES = (Type.Q4_K, Type.Q5_K, Type.Q6_K)
# q k v o gate up down: q, k and v of three types are dispatched apart.
LAYER = [Type.Q4_K, Type.Q5_0, Type.Q6_K, Type.Q5_K, Type.Q4_1, Type.Q4_1, Type.Q5_1]


def k_blocks(kind, shape, deviation, rng):
    """Random bytes [rows, n] of a K type whose values have about this standard deviation and mean 0."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (shape[0], shape[1] // elements, size), dtype=np.uint8)
    def put(at, value):
        raw[:, :, at:at + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)
    if kind == Type.Q6_K:
        raw[:, :, 192:208] = rng.integers(-60, 61, raw[:, :, 192:208].shape).astype(np.int8).view(np.uint8)
        put(208, deviation / (18.5 * 35))        # of 6 bits, of the scales
        return raw.reshape(shape[0], -1)
    levels = 15 if kind == Type.Q4_K else 31
    d = deviation / (0.3 * levels * 40)
    put(0, d)
    put(2, d * levels / 2)
    # Eight scales and eight minima a little apart, six bits each, as `get_scale_min_k4` unpacks them.
    scale = rng.integers(24, 58, raw.shape[:2] + (8,), dtype=np.uint8)
    least = (scale + rng.integers(-3, 4, scale.shape)).astype(np.uint8)
    raw[:, :, 4:8] = scale[..., :4] | scale[..., 4:] >> 4 << 6
    raw[:, :, 8:12] = least[..., :4] | least[..., 4:] >> 4 << 6
    raw[:, :, 12:16] = (scale[..., 4:] & 15) | least[..., 4:] << 4
    return raw.reshape(shape[0], -1)


def write(path, m, w, t, rng):
    """Writes the file; returns the weights as a reader of it sees them, under Hugging Face's names."""
    out = gguf.GGUFWriter(str(path), "qwen2")
    golden_gguf.add_metadata(out, m, t)
    seen = {}
    def add(name, hf_name, kind=Type.F32):
        shape = w[hf_name].shape
        if kind in K_TYPES:
            data = k_blocks(kind, shape, float(w[hf_name].std()), rng)
        else:
            data = gguf.quants.quantize(w[hf_name], kind)
        out.add_tensor(name, data, raw_dtype=kind)
        seen[hf_name] = gguf.quants.dequantize(data, kind).reshape(shape)
    golden_gguf.add_tensors(add, m, w, [LAYER], embedding=Type.Q6_K, head=None)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return seen


def make():
    folder = base.GOLDEN / "gguf_types"
    folder.mkdir(parents=True, exist_ok=True)
    t = golden_gguf.tokenizer()
    for seed in range(1, 2000):
        rng = np.random.default_rng(seed)
        w = write(folder / "model.gguf", MODEL, base.random_weights(MODEL, rng), t, rng)
        prompt = rng.integers(0, 280, MODEL["T"]).tolist()
        golden = base.reference(MODEL, base.load(MODEL, w), prompt)
        if base.good(MODEL, golden) and t.token_to_id("<|im_end|>") not in golden["greedy_ids"]:
            break
    error = base.f32_error(MODEL, w, golden)
    base.save_golden(folder / "golden.safetensors", golden, seed=seed, f32_error=f"{error:.2e}", gguf="0.19.0",
                     script="tests/data/make_golden_types.py")
    print(f"gguf_types: seed {seed}, least margin {golden['greedy_margin'].min():.3f}, f32 error {error:.1e}")
    for name, value in w.items():
        print(f"  {name}: deviation {value.std():.3f}, mean {value.mean():.4f}")


if __name__ == "__main__":
    make()
