"""Golden values for Llama: a GGUF file of all the types of tensor, and a folder of safetensors.

    PYTHONPATH=tests/data python tests/data/make_golden_llama.py     # rewrites golden/gguf_llama/ and golden/llama_folder/

- golden/gguf_llama/model.gguf: Q4_K, Q5_K, Q6_K, Q4_1, Q5_0, Q5_1 and BF16; rows of q and k permuted as llama.cpp's
  converter does.
- golden/llama_folder/: a Llama as transformers writes it, untied, config.json of transformers 5.

The `gguf` package cannot quantise to the K types, only read them: their blocks are random bytes whose scales are set
so that the weights have mean 0 and the deviation wanted. The reference runs on the weights as
`gguf.quants.dequantize` returns them, and transformers' own GGUF loader must return the same, permutation undone.
"""

import json

import gguf
import numpy as np
import safetensors.torch
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from transformers import LlamaConfig, LlamaForCausalLM

import make_golden as base
import make_golden_gguf as files

# Rows of the K types are multiples of 256; the others get by with 64.
LLAMA = dict(C=256, H=4, G=2, F=64, L=3, V=301, T=19, theta=1e5, tied=True)
FOLDER = dict(C=72, H=4, G=2, F=51, L=2, V=257, T=29, theta=1e5, tied=False)
Q4K, Q5K, Q6K = Type.Q4_K, Type.Q5_K, Type.Q6_K
Q41, Q50, Q51, BF16 = Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.BF16
# q k v o gate up down, layer by layer.
TYPES = [[Q5K, Q4K, Q6K, Q5K, Q6K, Q6K, Q51], [Q41, Q41, Q41, Q50, Q51, Q41, BF16], [Q51, Q50, Q4K, Q4K, Q4K, Q5K, Q50]]
# Bytes of a block of 256, and where its f16 scales stand.
K_BLOCKS = {Q4K: (144, 0, 2), Q5K: (176, 0, 2), Q6K: (210, 208, None)}


def k_quants(kind, rows, columns, std, rng):
    """Random rows of a K type."""
    size, at_d, at_min = K_BLOCKS[kind]
    raw = rng.integers(0, 256, (rows * columns // 256, size), dtype=np.uint8)
    def with_scales(d, minimum):
        raw[:, at_d:at_d + 2] = np.broadcast_to(np.float16(d), len(raw)).astype(np.float16).view(np.uint8).reshape(-1, 2)
        if at_min is not None:
            raw[:, at_min:at_min + 2] = (
                np.broadcast_to(minimum, len(raw)).astype(np.float16).view(np.uint8).reshape(-1, 2))
        return gguf.quants.dequantize(raw, kind)
    ratio = 0.0
    if at_min is not None:
        up, down = with_scales(1.0, 0.0), with_scales(0.0, 1.0)
        ratio = -up.mean() / down.mean()
    scale = std / with_scales(1.0, np.float16(ratio)).std()
    with_scales(scale, np.float16(scale * ratio))
    return raw.reshape(rows, -1)


def permute(rows, heads):
    """Rows of q or k as llama.cpp's convert_hf_to_gguf.py lays them (`LlamaModel.permute`)."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def write(path, m, w, t, rng):
    """Writes the file; returns the weights as a reader sees them, under Hugging Face's names."""
    out = gguf.GGUFWriter(str(path), "llama")
    out.add_name("Polo golden")
    out.add_context_length(512)
    out.add_embedding_length(m["C"])
    out.add_block_count(m["L"])
    out.add_feed_forward_length(m["F"])
    out.add_head_count(m["H"])
    out.add_head_count_kv(m["G"])
    out.add_rope_freq_base(m["theta"])
    out.add_rope_dimension_count(m["C"] // m["H"])
    out.add_layer_norm_rms_eps(1e-6)
    vocab = sorted(t.get_vocab(with_added_tokens=True).items(), key=lambda kv: kv[1])
    tokens = [token for token, _ in vocab] + [f"[PAD{i}]" for i in range(len(vocab), m["V"])]
    kinds = [gguf.TokenType.CONTROL if token in files.SPECIAL else gguf.TokenType.NORMAL for token, _ in vocab]
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("smollm")
    out.add_token_list(tokens)
    out.add_token_types(kinds + [gguf.TokenType.UNUSED] * (m["V"] - len(vocab)))
    out.add_token_merges([" ".join(pair) for pair in json.loads(t.to_str())["model"]["merges"]])
    out.add_eos_token_id(t.token_to_id("<|im_end|>"))
    out.add_chat_template(files.CHAT_TEMPLATE)
    seen = {}
    def add(name, hf_name, kind=Type.F32, heads=None):
        values = w[hf_name]
        if kind in K_BLOCKS:
            data = k_quants(kind, *values.shape, values.std(), rng)
        else:
            data = gguf.quants.quantize(values, kind)
        seen[hf_name] = gguf.quants.dequantize(data, kind).reshape(values.shape)
        out.add_tensor(name, permute(data, heads) if heads else data, raw_dtype=kind)
    add("token_embd.weight", "model.embed_tokens.weight", Q6K)
    for l in range(m["L"]):
        for (hf, name), kind in zip(files.MATRICES.items(), TYPES[l]):
            heads = {"attn_q": m["H"], "attn_k": m["G"]}.get(name)
            add(f"blk.{l}.{name}.weight", f"model.layers.{l}.{hf}.weight", kind, heads)
        for hf, name in files.NORMS.items():
            add(f"blk.{l}.{name}.weight", f"model.layers.{l}.{hf}.weight")
    add("output_norm.weight", "model.norm.weight")
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return seen


def config_of(m):
    """The transformers config of a Llama."""
    return LlamaConfig(
        hidden_size=m["C"], num_attention_heads=m["H"], num_key_value_heads=m["G"], intermediate_size=m["F"],
        num_hidden_layers=m["L"], vocab_size=m["V"], tie_word_embeddings=m["tied"], rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": m["theta"]}, max_position_embeddings=512,
        bos_token_id=None, eos_token_id=m["V"] - 1, attn_implementation="eager", architectures=["LlamaForCausalLM"],
        dtype="float32")


def load(m, w):
    """Hugging Face's model in float32 with these weights."""
    config = config_of(m)
    config.dtype = torch.float32
    model = LlamaForCausalLM(config).to(torch.float32).eval()
    missing, unexpected = model.load_state_dict({k: torch.from_numpy(v) for k, v in w.items()}, strict=False)
    assert not unexpected and set(missing) <= ({"lm_head.weight"} if m["tied"] else set()), (missing, unexpected)
    return model


def weights(m, rng):
    """Random weights; a Llama has no biases."""
    return {k: v for k, v in base.random_weights(m, rng).items() if not k.endswith("bias")}


def f32_error(m, w, golden):
    """As in make_golden.py, whose f64 pass wants biases."""
    w = dict(w)
    for l in range(m["L"]):
        for name in "qkv":
            p = f"model.layers.{l}.self_attn.{name}_proj."
            w.setdefault(p + "bias", np.zeros(len(w[p + "weight"]), np.float32))
    return base.f32_error(m, w, golden)


def save(name, m, w, golden, seed, **more):
    error = f32_error(m, w, golden)
    base.save_golden(base.GOLDEN / name / "golden.safetensors", golden, seed=seed, f32_error=f"{error:.2e}",
                     script="tests/data/make_golden_llama.py", **more)
    print(f"{name}: seed {seed}, {len(set(golden['greedy_ids'].tolist()))} distinct tokens, least margin "
          f"{golden['greedy_margin'].min():.3f}, std of logits {golden['logits'].std():.2f}, f32 error {error:.1e}")


def make_gguf(name, m):
    """A GGUF file and what transformers makes of its weights."""
    folder = base.GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    t = files.tokenizer()
    for seed in range(1, 500):
        rng = np.random.default_rng(seed)
        w = write(folder / "model.gguf", m, weights(m, rng), t, rng)
        prompt = rng.integers(0, 280, m["T"]).tolist()
        golden = base.reference(m, load(m, w), prompt)
        if base.good(m, golden) and t.token_to_id("<|im_end|>") not in golden["greedy_ids"]:
            break
    save(name, m, w, golden, seed, gguf="0.19.0")
    loaded = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32)
    for key, tensor in loaded.state_dict().items():
        assert np.array_equal(tensor.numpy(), w.get(key, w["model.embed_tokens.weight"])), key


def make_folder(name, m):
    """A Llama as transformers saves it."""
    folder = base.GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(1, 500):
        rng = np.random.default_rng(seed)
        w = weights(m, rng)
        prompt = rng.integers(0, m["V"] - 1, m["T"]).tolist()
        golden = base.reference(m, load(m, w), prompt)
        if base.good(m, golden):
            break
    safetensors.torch.save_file({k: torch.from_numpy(v) for k, v in w.items()}, folder / "model.safetensors",
                                metadata={"format": "pt"})
    (folder / "config.json").write_text(config_of(m).to_json_string())
    save(name, m, w, golden, seed)


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_folder("llama_folder", FOLDER)
    make_gguf("gguf_llama", LLAMA)
