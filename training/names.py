"""Between the names in `model.py` and Hugging Face's, and from there to llama.cpp's; loading of either kind of file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from model import Qwen2, Shape

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
GGUF = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def to_hugging_face(state: dict[str, Tensor]) -> dict[str, Tensor]:
    out = {}
    for name, tensor in state.items():
        if name.startswith("layers."):
            _, layer, rest = name.split(".", 2)
            if rest.split(".")[0].endswith("_proj"):
                rest = ("self_attn." if rest.split(".")[0] in ATTENTION else "mlp.") + rest
            else:
                rest += ".weight"
            name = f"layers.{layer}.{rest}"
        else:
            name += ".weight"
        out[f"model.{name}"] = tensor.detach().clone().contiguous()
    return out


def from_hugging_face(state: dict[str, Tensor]) -> dict[str, Tensor]:
    out = {}
    for name, tensor in state.items():
        name = name.removeprefix("model.").replace("self_attn.", "").replace("mlp.", "")
        if "_proj" not in name:
            name = name.removesuffix(".weight")
        out[name] = tensor.float()
    return out


def gguf_name(name: str) -> str:
    """`model.layers.0.mlp.up_proj.weight` as llama.cpp calls it."""
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    module, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{GGUF[module]}.{kind}"


def load(path: Path) -> Qwen2:
    """The model in a training state (`.pt`) or a checkpoint (`.safetensors`)."""
    if path.suffix == ".pt":
        state = torch.load(path, map_location="cpu")["model"]
    else:
        state = from_hugging_face(load_file(path))
    model = Qwen2(Shape())
    model.load_state_dict(state)
    return model
