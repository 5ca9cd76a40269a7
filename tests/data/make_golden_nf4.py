"""Golden values for bitsandbytes' 4-bit NormalFloat: bitsandbytes quantises, on the CPU, and transformers answers.

    pip install bitsandbytes==0.50.2               # besides what README.md names
    python tests/data/make_golden_nf4.py           # rewrites golden/nf4.safetensors and golden/nf4_file/

golden/nf4_file/ is a checkpoint as `save_pretrained` writes it after loading with `load_in_4bit`, NF4 and double
quantisation. The reference runs on the weights as bitsandbytes dequantises them to f32; a bf16 model in transformers
would round them to bf16 on the way.
"""

import tempfile

import bitsandbytes as bnb
import bitsandbytes.functional as F
import numpy as np
import torch
import transformers
from safetensors.numpy import save_file
from transformers import BitsAndBytesConfig, Qwen2ForCausalLM

import make_golden as base

# More than 256 blocks of 64 in the MLP, so that their scales, quantised themselves, fill more than one block.
MODEL = dict(C=128, H=4, G=2, F=192, L=1, V=301, T=29, theta=1e6, tied=True, dtype="bfloat16")
HEADER = dict(script="tests/data/make_golden_nf4.py", bitsandbytes=bnb.__version__)


def make_rows():
    """Rows of 128 floats, what bitsandbytes makes of them, and those dequantised."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((8, 128)).astype(np.float32)
    rows[1] = 0
    rows[2] = -0.75                      # constant: -1, the first of the sixteen
    rows[3] *= 1e-20
    rows[4] *= 1e20
    rows[5, 40] = 400.0                  # one outlier flattens its block
    code = F.get_4bit_type("nf4", device="cpu").numpy()
    rows[6, :64] = code.repeat(4)        # the values themselves, and the middles between two
    rows[7, :60] = ((code[:-1] + code[1:]) / 2).repeat(4)
    rows[7, 60:64] = 1.0
    packed, state = F.quantize_4bit(torch.from_numpy(rows), quant_type="nf4", blocksize=64)
    values = F.dequantize_4bit(packed, state)
    save_file({"source": rows, "packed": packed.numpy().reshape(8, 64), "absmax": state.absmax.numpy().reshape(8, 2),
               "f32": values.numpy().reshape(8, 128)},
              base.GOLDEN / "nf4.safetensors", metadata=base.header(**HEADER))


def quantised(w):
    """The weights after a trip through bitsandbytes: the model in 4 bits, and what it holds in f32."""
    with tempfile.TemporaryDirectory() as folder:
        base.load(MODEL, w).to(torch.bfloat16).save_pretrained(folder)
        config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                                    bnb_4bit_compute_dtype=torch.bfloat16)
        model = Qwen2ForCausalLM.from_pretrained(folder, quantization_config=config, device_map="cpu",
                                                 dtype=torch.bfloat16)
    seen = {}
    for name, parameter in model.named_parameters():
        state = getattr(parameter, "quant_state", None)
        if state is None:
            seen[name] = parameter.detach().float().numpy()
        else:
            state = F.QuantState.from_dict(state.as_dict(packed=True), device="cpu")
            state.dtype = torch.float32
            seen[name] = F.dequantize_4bit(parameter.data, state).numpy()
            assert np.abs(seen[name] - w[name]).max() < 0.2 * np.abs(w[name]).max(), name
    return model, seen


def make_file():
    folder = base.GOLDEN / "nf4_file"
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(1, 2000):
        rng = np.random.default_rng(seed)
        model, w = quantised(base.random_weights(MODEL, rng))
        prompt = rng.integers(0, MODEL["V"] - 1, MODEL["T"]).tolist()
        golden = base.reference(MODEL, base.load(MODEL, w), prompt)
        if base.good(MODEL, golden):
            break
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    error = base.f32_error(MODEL, w, golden)
    base.save_golden(folder / "golden.safetensors", golden, seed=seed, f32_error=f"{error:.2e}", **HEADER)
    print(f"nf4_file: seed {seed}, least margin {golden['greedy_margin'].min():.3f}, f32 error {error:.1e}")


if __name__ == "__main__":
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    make_rows()
    make_file()
