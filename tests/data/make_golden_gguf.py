"""Golden values for GGUF files and for the quantised formats: the `gguf` package writes, transformers answers.

    python tests/data/make_golden_gguf.py          # rewrites golden/gguf/ and golden/quant.safetensors

golden/gguf/model.gguf is what a real Qwen2 file looks like, only tiny: metadata, a byte-level BPE tokenizer with
ChatML's special tokens and chat template, vocabulary padded past the tokenizer as Qwen's own, and layers in Q4_0, Q8_0,
F16 and a mixture. The reference runs on the weights as `gguf.quants.dequantize` returns them, and the script checks
that transformers' own GGUF loader returns the same (it wants the `accelerate` package for that).
The tokenizer also completes the folder of the bf16 model.
"""

import json

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

import make_golden as base

# Sizes are multiples of 32 where a quantised row runs along them; V is odd and larger than the tokenizer's vocabulary.
MODEL = dict(C=64, H=4, G=2, F=96, L=4, V=301, T=29, theta=1e6, tied=False)
Q4, Q8, F16 = Type.Q4_0, Type.Q8_0, Type.F16
# The type of each matrix, layer by layer: q k v o gate up down.
LAYER_TYPES = [[Q4] * 7, [Q8] * 7, [F16] * 7, [Q4, Q4, Q8, F16, Q4, Q8, F16]]
MATRICES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
NORMS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# The pre-tokenizer's pattern in Qwen2's tokenizer.json; GGUF calls it "qwen2".
QWEN2_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
               r"|\s+(?!\S)|\s+")
CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
CORPUS = ["The number of the apples in the basket and the number in the other basket.",
          "How many letters are there in the word? There are three of them, then one more."] * 4
CASES = ["", "The apples", " the  number\n\nof 12345", "How many r's in strawberry?", "Сколько будет 9.11?", "数字 3 和 4",
         "emoji 🍎 and\ttab\r\n", "<|im_start|>user\nthe<|im_end|>\n", "e\u0301 is NFC \u00e9", "\u0000\u007f\u00ff"]


def tokenizer():
    """A byte-level BPE tokenizer built as Qwen2's is, with a few merges."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2_SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel(add_prefix_space=False, use_regex=False)
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=290, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    return t


def add_metadata(out, m, t):
    """What a real Qwen2 file says of itself."""
    out.add_name("Polo golden")
    out.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    out.add_context_length(512)
    out.add_embedding_length(m["C"])
    out.add_block_count(m["L"])
    out.add_feed_forward_length(m["F"])
    out.add_head_count(m["H"])
    out.add_head_count_kv(m["G"])
    out.add_rope_freq_base(m["theta"])
    out.add_layer_norm_rms_eps(1e-6)
    vocab = sorted(t.get_vocab(with_added_tokens=True).items(), key=lambda kv: kv[1])
    tokens = [token for token, _ in vocab] + [f"[PAD{i}]" for i in range(len(vocab), m["V"])]
    types = [gguf.TokenType.CONTROL if token in SPECIAL else gguf.TokenType.NORMAL for token, _ in vocab]
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("qwen2")
    out.add_token_list(tokens)
    out.add_token_types(types + [gguf.TokenType.UNUSED] * (m["V"] - len(vocab)))
    merges = json.loads(t.to_str())["model"]["merges"]
    out.add_token_merges([" ".join(pair) for pair in merges])
    out.add_eos_token_id(t.token_to_id("<|im_end|>"))
    out.add_pad_token_id(t.token_to_id("<|endoftext|>"))
    out.add_bos_token_id(t.token_to_id("<|endoftext|>"))
    out.add_add_bos_token(False)
    out.add_chat_template(CHAT_TEMPLATE)


def add_tensors(add, m, w, layer_types, embedding, head):
    """Calls `add(GGUF name, Hugging Face name, type)` for every tensor; `head` is None where it is the embedding."""
    add("token_embd.weight", "model.embed_tokens.weight", embedding)
    for l in range(m["L"]):
        for (hf, name), kind in zip(MATRICES.items(), layer_types[l]):
            add(f"blk.{l}.{name}.weight", f"model.layers.{l}.{hf}.weight", kind)
            if f"model.layers.{l}.{hf}.bias" in w:
                add(f"blk.{l}.{name}.bias", f"model.layers.{l}.{hf}.bias")
        for hf, name in NORMS.items():
            add(f"blk.{l}.{name}.weight", f"model.layers.{l}.{hf}.weight")
    add("output_norm.weight", "model.norm.weight")
    if head is not None:
        add("output.weight", "lm_head.weight", head)


def write_gguf(path, m, w, t):
    """Writes the file; returns the weights as a reader of it sees them, under Hugging Face's names."""
    out = gguf.GGUFWriter(str(path), "qwen2")
    add_metadata(out, m, t)
    seen = {}
    def add(name, hf_name, kind=Type.F32):
        data = gguf.quants.quantize(w[hf_name], kind)
        out.add_tensor(name, data, raw_dtype=kind)
        seen[hf_name] = gguf.quants.dequantize(data, kind).reshape(w[hf_name].shape)
    add_tensors(add, m, w, LAYER_TYPES, embedding=Q8, head=Q4)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return seen


def make_gguf():
    """The GGUF model, its tokenizer.json, tokenizer cases and golden values."""
    folder = base.GOLDEN / "gguf"
    folder.mkdir(parents=True, exist_ok=True)
    t = tokenizer()
    assert t.get_vocab_size() < MODEL["V"]
    for seed in range(1, 2000):
        rng = np.random.default_rng(seed)
        w = write_gguf(folder / "model.gguf", MODEL, base.random_weights(MODEL, rng), t)
        # Ordinary tokens only, so that a prompt is text too.
        prompt = rng.integers(0, 280, MODEL["T"]).tolist()
        golden = base.reference(MODEL, base.load(MODEL, w), prompt)
        if base.good(MODEL, golden) and t.token_to_id("<|im_end|>") not in golden["greedy_ids"]:
            break
    error = base.f32_error(MODEL, w, golden)
    base.save_golden(folder / "golden.safetensors", golden, seed=seed, f32_error=f"{error:.2e}", gguf="0.19.0")
    print(f"gguf: seed {seed}, least margin {golden['greedy_margin'].min():.3f}, f32 error {error:.1e}")

    loaded = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32)
    for name, tensor in loaded.state_dict().items():
        assert np.array_equal(tensor.numpy(), w[name]), name
    with torch.no_grad():
        logits = loaded(torch.tensor([prompt])).logits[0].numpy()
    # Another attention (SDPA) by default, so not bit for bit; this shows that the metadata, too, says the right thing.
    assert np.abs(logits - golden["logits"]).max() < 1e-4

    t.save(str(folder / "tokenizer.json"))
    cases = [{"text": s, "ids": t.encode(s).ids, "decoded": t.decode(t.encode(s).ids, skip_special_tokens=False)}
             for s in CASES]
    (folder / "tokenizer_cases.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
    complete_folder(t, base.GOLDEN / "bf16_file")


def complete_folder(t, folder):
    """What a Hugging Face repository of Qwen2 has besides config.json and the weights."""
    t.save(str(folder / "tokenizer.json"))
    def write(name, value):
        (folder / name).write_text(json.dumps(value, indent=2) + "\n")
    write("tokenizer_config.json", {
        "add_bos_token": False, "bos_token": None, "chat_template": CHAT_TEMPLATE, "eos_token": "<|im_end|>",
        "model_max_length": 512, "pad_token": "<|endoftext|>", "tokenizer_class": "Qwen2Tokenizer"})
    end = [t.token_to_id("<|im_end|>"), t.token_to_id("<|endoftext|>")]
    write("generation_config.json", {
        "do_sample": True, "eos_token_id": end, "pad_token_id": end[1], "temperature": 0.7, "top_k": 20, "top_p": 0.8})


def make_quant():
    """Rows of Q4_0 and Q8_0: sources, bytes, and the f32 values the bytes stand for."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((12, 64)).astype(np.float32)
    rows[1] = 0
    rows[2] = 0.75                       # constant
    rows[3] = np.abs(rows[3])            # the largest is positive, so d is negative in Q4_0
    rows[4, 5], rows[4, 9] = 3.5, -3.5   # a tie for the largest: the first counts
    rows[5] *= 1e-6                      # d is a subnormal f16
    rows[6] *= 1e4
    rows[7, 40] = 400.0                  # one outlier flattens its block
    rows[8] = np.arange(64) % 32 - 16    # exact steps and halves
    rows[9] = (np.arange(64) % 32 - 15.5) / 8
    rows[10, :32] = 0                    # a zero block beside an ordinary one
    rows[11] = np.where(np.arange(64) % 2 == 0, -1.0, 1.0)
    out = {"source": rows}
    for name, kind, size in (("q4_0", Q4, 18), ("q8_0", Q8, 34)):
        data = gguf.quants.quantize(rows, kind)
        out[f"{name}_bytes"], out[f"{name}_f32"] = data, gguf.quants.dequantize(data, kind)
        # Every bit pattern of the integers under assorted scales, finite ones.
        raw = rng.integers(0, 256, (8, 2, size), dtype=np.uint8)
        scales = np.array([1, -1, 0.1, -0.0, 2.0**-24, -(2.0**-20), 65504, -1e-3], np.float16)
        raw[:, :, :2] = scales.view(np.uint8).reshape(8, 1, 2)
        raw = raw.reshape(8, 2 * size)
        out[f"{name}_raw_bytes"], out[f"{name}_raw_f32"] = raw, gguf.quants.dequantize(raw, kind)
    save_file(out, base.GOLDEN / "quant.safetensors",
              metadata=base.header() | {"script": "tests/data/make_golden_gguf.py", "gguf": "0.19.0"})


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_gguf()
    make_quant()
