"""Golden values for models whose positions are scaled.

    PYTHONPATH=tests/data python tests/data/make_golden_rope.py   # rewrites golden/rope_yarn/, rope_llama3/, gguf_llama3/

- golden/rope_yarn/: a Qwen2 with YaRN, trained (it says) on 32 tokens and read up to 128, config.json as Qwen2.5's has it.
- golden/rope_llama3/: a Llama with the scaling of Llama 3.1, from 32 tokens.
- golden/gguf_llama3/model.gguf: the same kind in GGUF, where llama.cpp's converter writes the divisors of the
  frequencies as a tensor, `rope_freqs.weight` (`LlamaModel.generate_extra_tensors` of convert_hf_to_gguf.py).

The original contexts are short so that prompts go beyond them. The script also prints the table of frequencies that
the tests of src/model/rope.rs hold.
"""

import json
import math

import gguf
import numpy as np
import safetensors.torch
import torch
from transformers import LlamaConfig, Qwen2Config
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

import make_golden as base
import make_golden_llama as llama

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}
QWEN = dict(C=64, H=4, G=2, F=51, L=2, V=257, T=47, theta=1e4, tied=False, rope=YARN)
FOLDER = dict(C=72, H=4, G=2, F=51, L=2, V=257, T=47, theta=1e4, tied=True, rope=LLAMA3)
GGUF = dict(C=256, H=4, G=2, F=64, L=2, V=301, T=43, theta=1e4, tied=True, rope=LLAMA3)

# What src/model/rope.rs is held to: heads of 16, a base of 10000.
TABLE = [
    {"type": "linear", "factor": 2.5},
    LLAMA3 | {"original_max_position_embeddings": 64},
    LLAMA3 | {"factor": 32.0, "original_max_position_embeddings": 8192},
    {"type": "yarn", "factor": 4.0},
    {"type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096, "mscale": 1.0, "mscale_all_dim": 0.5},
    {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512, "beta_fast": 16, "beta_slow": 2,
     "truncate": False, "attention_factor": 1.25},
]


def frequencies(scaling, theta=1e4, dim=16, longest=64):
    """Inverse frequencies and the factor of cosines and sines."""
    scaling = {"rope_type": scaling.get("rope_type", scaling.get("type")), "rope_theta": theta} | scaling
    scaling.pop("type", None)
    if scaling["rope_type"] == "yarn":
        scaling.setdefault("original_max_position_embeddings", longest)
    config = LlamaConfig(hidden_size=dim, num_attention_heads=1, max_position_embeddings=longest, rope_parameters=scaling)
    inverse, factor = ROPE_INIT_FUNCTIONS[scaling["rope_type"]](config, "cpu")
    return inverse.numpy(), factor


def print_table():
    for scaling in TABLE:
        inverse, factor = frequencies(scaling)
        numbers = ", ".join(f"{float(x):.9e}" for x in inverse)
        print(f"        (r#\"{json.dumps(scaling)}\"#, [{numbers}], {factor!r}),")


def forward_f64(m, w, ids, plain=base.forward_f64):
    """The second pass of make_golden.py with other angles: its `theta` is asked for powers of a base."""
    D = m["C"] // m["H"]
    inverse, factor = frequencies(m["rope"], m["theta"], D)

    class Angles:
        def __pow__(self, _exponents):
            return inverse.astype(np.float64)

    # The factor multiplies q and k both, after the rotation.
    w = dict(w)
    for l in range(m["L"]):
        for name in "qk":
            for part in ("weight", "bias"):
                key = f"model.layers.{l}.self_attn.{name}_proj.{part}"
                w[key] = w[key].astype(np.float64) * factor
    return plain(m | {"theta": Angles()}, w, ids)


def qwen_config(m):
    return Qwen2Config(
        hidden_size=m["C"], num_attention_heads=m["H"], num_key_value_heads=m["G"], intermediate_size=m["F"],
        num_hidden_layers=m["L"], vocab_size=m["V"], tie_word_embeddings=m["tied"], rms_norm_eps=1e-6,
        rope_parameters=m["rope"] | {"rope_theta": m["theta"]}, max_position_embeddings=128, bos_token_id=None,
        eos_token_id=m["V"] - 1, attn_implementation="eager", use_sliding_window=False,
        architectures=["Qwen2ForCausalLM"])


def llama_config(m):
    config = plain_llama_config(m)
    return LlamaConfig(**{k: v for k, v in config.to_dict().items() if k not in ("rope_parameters", "model_type", "transformers_version")},
                       rope_parameters=m["rope"] | {"rope_theta": m["theta"]}, attn_implementation="eager")


plain_llama_config = llama.config_of


def make_yarn(name, m):
    """As Qwen2.5's config.json has it: `rope_scaling` with `type`, max_position_embeddings that of the training."""
    for seed in range(1, 2000):
        rng = np.random.default_rng(seed)
        w = base.random_weights(m, rng)
        prompt = rng.integers(0, m["V"] - 1, m["T"]).tolist()
        golden = base.reference(m, base.load(m, w), prompt)
        if base.good(m, golden):
            break
    error = base.f32_error(m, w, golden)
    folder = base.GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    base.write_config(m, folder)
    config = json.loads((folder / "config.json").read_text())
    scaling = dict(m["rope"])
    scaling["type"] = scaling.pop("rope_type")
    config |= {"rope_scaling": scaling, "max_position_embeddings": scaling["original_max_position_embeddings"]}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    safetensors.torch.save_file({k: torch.from_numpy(v) for k, v in w.items()}, folder / "model.safetensors",
                                metadata={"format": "pt"})
    base.save_golden(folder / "golden.safetensors", golden, seed=seed, f32_error=f"{error:.2e}",
                     script="tests/data/make_golden_rope.py")
    print(f"{name}: seed {seed}, f32 error {error:.1e}")


def divisors(m):
    """`rope_freqs.weight` as llama.cpp's converter computes it."""
    dim, rope = m["C"] // m["H"], m["rope"]
    freqs = 1.0 / (m["theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
    low, high, old = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    out = []
    for freq in freqs:
        wavelen = 2 * math.pi / freq
        if wavelen < old / high:
            out.append(1)
        elif wavelen > old / low:
            out.append(rope["factor"])
        else:
            smooth = (old / wavelen - low) / (high - low)
            out.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(out, np.float32)


class WriterWithDivisors(gguf.GGUFWriter):
    """Adds the tensor before the file is written."""

    def write_header_to_file(self, *args, **kwargs):
        self.add_tensor("rope_freqs.weight", divisors(GGUF))
        super().write_header_to_file(*args, **kwargs)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print_table()
    base.config_of = qwen_config
    base.forward_f64 = forward_f64
    make_yarn("rope_yarn", QWEN)
    llama.config_of = llama_config
    llama.make_folder("rope_llama3", FOLDER)
    plain_writer, gguf.GGUFWriter = gguf.GGUFWriter, WriterWithDivisors
    llama.make_gguf("gguf_llama3", GGUF)
