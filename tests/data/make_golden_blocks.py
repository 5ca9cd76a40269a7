"""Golden values for the block formats of GGUF: random valid bytes of every type, and what the `gguf` package makes of them.

    python tests/data/make_golden_blocks.py        # rewrites golden/blocks.safetensors

Each row has its own scales, among them zero, the largest f16, negative and subnormal ones; the packed integers are
random, and in the last rows all zeros and all ones, so that the largest 6-bit scales and minima occur.
"""

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

import make_golden as base

ROWS = 10
# (type, elements of a row, where in a block its f16 scale and minimum lie)
TYPES = [(Type.Q4_0, 96, [0]), (Type.Q4_1, 96, [0, 2]), (Type.Q5_0, 96, [0]), (Type.Q5_1, 96, [0, 2]),
         (Type.Q8_0, 96, [0]), (Type.Q4_K, 768, [0, 2]), (Type.Q5_K, 768, [0, 2]), (Type.Q6_K, 768, [208]),
         (Type.BF16, 96, []), (Type.F16, 96, [])]
# Of row r: the scale is SCALES[r], the minimum SCALES[(3 r + 1) % 10]; 60000 times the largest integers stays finite.
SCALES = np.array([1, -1, 0.1, 0, 2.0**-24, -(2.0**-20), 65504, -1e-3, 0.037, -65504], np.float16)


def rows(kind, columns, at, rng):
    """Bytes [ROWS, n] of one type."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (ROWS, columns // elements, size), dtype=np.uint8)
    raw[-2], raw[-1] = 0, 255
    for field, start in enumerate(at):
        for row in range(ROWS):
            value = SCALES[row if field == 0 else (3 * row + 1) % 10]
            raw[row, :, start:start + 2] = np.frombuffer(value.tobytes(), np.uint8)
    raw = raw.reshape(ROWS, -1)
    if kind in (Type.BF16, Type.F16):
        # No infinities and no NaN: the highest bit of the exponent is cleared.
        raw[:, 1::2] &= 0xbf
    return raw


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    out = {}
    for kind, columns, at in TYPES:
        raw = rows(kind, columns, at, rng)
        values = gguf.quants.dequantize(raw.view(np.float16) if kind == Type.F16 else raw, kind).astype(np.float32)
        assert values.shape == (ROWS, columns) and np.isfinite(values).all(), kind
        out[f"{kind.name}_bytes"], out[f"{kind.name}_f32"] = raw, values
    save_file(out, base.GOLDEN / "blocks.safetensors",
              metadata=base.header() | {"script": "tests/data/make_golden_blocks.py", "gguf": "0.19.0"})
