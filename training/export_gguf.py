"""Writes a Hugging Face folder, a light f16 checkpoint, or the GGUF that ships, from a training state or checkpoint."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.torch import save_file
from tokenizers import Tokenizer

from model import Qwen2, Shape
from names import gguf_name, load, to_hugging_face
from tokenizer import SPECIALS

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def config(s: Shape, end: int, begin: int) -> dict:
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "vocab_size": s.vocab_size,
        "hidden_size": s.hidden_size,
        "intermediate_size": s.intermediate_size,
        "num_hidden_layers": s.num_hidden_layers,
        "num_attention_heads": s.num_attention_heads,
        "num_key_value_heads": s.num_key_value_heads,
        "max_position_embeddings": s.max_position_embeddings,
        "rope_theta": s.rope_theta,
        "rms_norm_eps": s.rms_norm_eps,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "bos_token_id": begin,
        "eos_token_id": end,
        "torch_dtype": "float32",
    }


def hugging_face(model: Qwen2, tokenizer: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ids = {s: Tokenizer.from_file(str(tokenizer)).token_to_id(s) for s in SPECIALS}
    settings = config(model.shape, ids["<|im_end|>"], ids["<|endoftext|>"])
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    (folder / "tokenizer.json").write_text(tokenizer.read_text(encoding="utf-8"), encoding="utf-8")
    described = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "bos_token": None,
        "pad_token": "<|endoftext|>",
        "chat_template": TEMPLATE,
        "model_max_length": model.shape.max_position_embeddings,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(described, indent=2) + "\n")
    save_file(to_hugging_face(model.state_dict()), folder / "model.safetensors", {"format": "pt"})


def write_gguf(model: Qwen2, tokenizer: Path, out: Path, claims: dict) -> None:
    """Q4_0 for the matrices of the layers, Q8_0 for the embedding (which is the head as well), F32 for the rest."""
    s = model.shape
    writer = gguf.GGUFWriter(str(out), "qwen2")
    writer.add_name("Polo Tiny")
    writer.add_description("A small reasoner for worked arithmetic and short word problems; it knows nothing else.")
    writer.add_license("MIT OR Apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(s.num_hidden_layers)
    writer.add_context_length(s.max_position_embeddings)
    writer.add_embedding_length(s.hidden_size)
    writer.add_feed_forward_length(s.intermediate_size)
    writer.add_head_count(s.num_attention_heads)
    writer.add_head_count_kv(s.num_key_value_heads)
    writer.add_layer_norm_rms_eps(s.rms_norm_eps)
    writer.add_rope_freq_base(s.rope_theta)
    writer.add_vocab_size(s.vocab_size)
    parts = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]
    tokens = sorted(parts["vocab"], key=parts["vocab"].get)
    kinds = [gguf.TokenType.CONTROL if t in SPECIALS else gguf.TokenType.NORMAL for t in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in parts["merges"]])
    writer.add_eos_token_id(parts["vocab"]["<|im_end|>"])
    writer.add_bos_token_id(parts["vocab"]["<|endoftext|>"])
    writer.add_pad_token_id(parts["vocab"]["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    # What the page and the command may claim: the kinds that are in, and what each reached when it was measured.
    # A file without these keys claims nothing.
    if claims:
        writer.add_string("polo.kinds", ", ".join(claims["kinds"]))
        writer.add_string("polo.accuracy", json.dumps(claims["accuracy"], sort_keys=True))
        writer.add_string("polo.measured", claims["measured"])
        writer.add_string("polo.trained_tokens", str(claims["trained_tokens"]))
    for name, tensor in to_hugging_face(model.state_dict()).items():
        data = tensor.float().numpy()
        kind = gguf.GGMLQuantizationType.F32
        if name == "model.embed_tokens.weight":
            kind = gguf.GGMLQuantizationType.Q8_0
        elif name.endswith("proj.weight"):
            kind = gguf.GGMLQuantizationType.Q4_0
        if kind != gguf.GGMLQuantizationType.F32:
            data = gguf.quants.quantize(data, kind)
        writer.add_tensor(gguf_name(name), np.ascontiguousarray(data), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--light", type=Path, help="an f16 checkpoint from which the training can go on")
    parser.add_argument("--claims", type=Path, help="JSON: kinds, accuracy, measured, trained_tokens")
    args = parser.parse_args()
    model = load(args.model)
    if args.gguf:
        write_gguf(model, args.tokenizer, args.gguf, json.loads(args.claims.read_text()) if args.claims else {})
    if args.folder:
        hugging_face(model, args.tokenizer, args.folder)
    if args.light:
        half = {n: t.half() for n, t in to_hugging_face(model.state_dict()).items()}
        save_file(half, args.light, {"format": "pt"})


if __name__ == "__main__":
    main()
