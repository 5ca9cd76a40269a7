"""Golden values for the engine: tiny seeded Qwen2 models run by Hugging Face's own code.

    python tests/data/make_golden.py          # rewrites tests/data/golden/, about a minute

Every folder under golden/ is a model as Hugging Face stores it (config.json, model.safetensors) with the
reference beside it (golden.safetensors). The reference is `Qwen2ForCausalLM` in float32 with eager attention, on one
thread. README.md in this folder lists the models and describes each tensor; the header of each golden.safetensors
states versions, date and seed. The weights are drawn so that the logits are not flat (standard deviation about 3), and
seeds are tried in turn until the greedy answer is varied and never close to a tie, so that a test can ask for equal
tokens without excuses.

A second, independent forward pass in float64 (numpy, below) checks the reference and measures how far float32 itself
strays: it is printed, and stored in the header as `f32_error`.
"""

import datetime
import json
import pathlib
import platform

import numpy as np
import safetensors.torch
import torch
import transformers
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.models.qwen2 import modeling_qwen2

GOLDEN = pathlib.Path(__file__).parent / "golden"
GREEDY_TOKENS = 64

# C hidden size, H query heads, G key/value heads, F MLP size, L layers, V vocabulary, T prompt tokens.
MODELS = {
    # One query head a KV head, tied; the old default rope_theta.
    "gqa1_tied": dict(C=40, H=4, G=4, F=91, L=2, V=131, T=23, theta=1e4, tied=True),
    # Two query heads a KV head, untied; also run with K and V rounded to f16.
    "gqa2_untied": dict(C=72, H=4, G=2, F=51, L=2, V=257, T=29, theta=1e6, tied=False),
    # Marco-o1's seven query heads a KV head, with a single KV head.
    "gqa7_one_kv": dict(C=56, H=7, G=1, F=75, L=3, V=301, T=37, theta=1e6, tied=True),
    # Seven again, two KV heads, a long rope_theta and a prompt that fills several pages and chunks.
    "gqa7_long_rope": dict(C=84, H=14, G=2, F=61, L=2, V=113, T=83, theta=1e7, tied=False),
    # More layers than the others: errors add up here first.
    "deep": dict(C=36, H=6, G=2, F=53, L=7, V=151, T=21, theta=1e6, tied=False),
    # A file in f16, with the config.json that transformers 5 writes (rope_parameters, dtype).
    "f16_file": dict(C=100, H=10, G=5, F=77, L=2, V=119, T=25, theta=1e6, tied=False, dtype="float16"),
    # A file in bf16, complete with a tokenizer (make_golden_gguf.py adds it), whose vocabulary is smaller than V.
    "bf16_file": dict(C=88, H=4, G=1, F=97, L=2, V=301, T=27, theta=1e6, tied=True, dtype="bfloat16"),
    # K biases of +-400 and activations beyond 1e5, see `plant_outliers`.
    "outliers": dict(C=48, H=4, G=2, F=65, L=3, V=139, T=31, theta=1e6, tied=False, outliers=True),
}


def config_of(m):
    """The transformers config of a row of MODELS."""
    return Qwen2Config(
        hidden_size=m["C"], num_attention_heads=m["H"], num_key_value_heads=m["G"], intermediate_size=m["F"],
        num_hidden_layers=m["L"], vocab_size=m["V"], tie_word_embeddings=m["tied"], rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": m["theta"]}, max_position_embeddings=512,
        bos_token_id=None, eos_token_id=m["V"] - 1, attn_implementation="eager", use_sliding_window=False,
        architectures=["Qwen2ForCausalLM"], dtype=m.get("dtype", "float32"),
    )


def random_weights(m, rng):
    """Hugging Face names -> float32 arrays, scaled so that activations stay near 1 and logits spread."""
    C, H, G, F, V = m["C"], m["H"], m["G"], m["F"], m["V"]
    D = C // H
    def normal(*shape, std):
        return (rng.standard_normal(shape) * std).astype(np.float32)
    def norm():
        return (1 + 0.25 * rng.standard_normal(C)).astype(np.float32)
    # The head reads a vector of RMS 1, so this gives logits a standard deviation of about 3.
    head_std = 3 / C**0.5
    w = {"model.embed_tokens.weight": normal(V, C, std=head_std if m["tied"] else 1.0)}
    for l in range(m["L"]):
        p = f"model.layers.{l}."
        w[p + "input_layernorm.weight"] = norm()
        w[p + "post_attention_layernorm.weight"] = norm()
        for name, rows in (("q", H * D), ("k", G * D), ("v", G * D)):
            w[p + f"self_attn.{name}_proj.weight"] = normal(rows, C, std=1.2 / C**0.5)
            w[p + f"self_attn.{name}_proj.bias"] = normal(rows, std=0.5)
        w[p + "self_attn.o_proj.weight"] = normal(C, H * D, std=1 / C**0.5)
        w[p + "mlp.gate_proj.weight"] = normal(F, C, std=1.5 / C**0.5)
        w[p + "mlp.up_proj.weight"] = normal(F, C, std=1.5 / C**0.5)
        w[p + "mlp.down_proj.weight"] = normal(C, F, std=1.5 / F**0.5)
    w["model.norm.weight"] = norm()
    if not m["tied"]:
        w["lm_head.weight"] = normal(V, C, std=head_std)
    return w


# The token that sets off the massive activations of `plant_outliers`; it opens the prompt and stands in its middle.
OUTLIER_TOKEN = 7


def plant_outliers(m, w):
    """What real Qwen2 weights do to f16: see 'Massive Activations' (arXiv 2402.17762).

    K biases of +-400 sit where training puts them, in the slowest rotary pairs, where they are a common offset of all
    scores. One token drives the first MLP to write over 1e5 into one channel of the residual stream (f16 ends at
    65504), which later layers carry, normalise and attend to.
    """
    D = m["C"] // m["H"]
    for l in range(m["L"]):
        bias = w[f"model.layers.{l}.self_attn.k_proj.bias"].reshape(m["G"], D)
        # Rotary pairs are (i, i + D/2); the last i turn slowest.
        bias[:, D // 2 - 1], bias[:, D - 1] = 400.0, -400.0
        bias[:, D // 2 - 2], bias[:, D - 2] = -400.0, 400.0
    detect, massive, p = 3, 17, "model.layers.0."
    w["model.embed_tokens.weight"][:, detect] = 0.0
    w["model.embed_tokens.weight"][OUTLIER_TOKEN, detect] = 60.0
    w[p + "self_attn.o_proj.weight"][detect, :] = 0.0
    w[p + "post_attention_layernorm.weight"][detect] = 1.0
    # After the norm the detecting channel is about sqrt(C) = 6.9: gate and up reach 55, their product 3000.
    w[p + "mlp.gate_proj.weight"][0, :] = 0.0
    w[p + "mlp.up_proj.weight"][0, :] = 0.0
    w[p + "mlp.gate_proj.weight"][0, detect] = 8.0
    w[p + "mlp.up_proj.weight"][0, detect] = 8.0
    w[p + "mlp.down_proj.weight"][massive, 0] = 60.0


def forward_f64(m, w, ids, eps=1e-6):
    """Qwen2 in numpy and float64, written from the paper: hidden states [L+1, T, C], final norm, logits."""
    D = m["C"] // m["H"]
    T, group = len(ids), m["H"] // m["G"]
    w = {k: v.astype(np.float64) for k, v in w.items()}
    angle = np.arange(T)[:, None] * m["theta"] ** (-np.arange(0, D, 2) / D)[None, :]
    cos, sin = np.cos(angle)[:, None, :], np.sin(angle)[:, None, :]
    def norm(x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * w[name]
    def heads(h, p, n):
        return (h @ w[p + "weight"].T + w[p + "bias"]).reshape(T, n, D)
    def rope(x):
        a, b = x[..., : D // 2], x[..., D // 2 :]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)
    x = w["model.embed_tokens.weight"][ids]
    hidden = [x]
    for l in range(m["L"]):
        p = f"model.layers.{l}."
        h = norm(x, p + "input_layernorm.weight")
        q = rope(heads(h, p + "self_attn.q_proj.", m["H"]))
        k = np.repeat(rope(heads(h, p + "self_attn.k_proj.", m["G"])), group, 1)
        v = np.repeat(heads(h, p + "self_attn.v_proj.", m["G"]), group, 1)
        s = np.einsum("ihd,jhd->hij", q, k) / D**0.5
        s = np.where(np.tri(T, dtype=bool), s, -np.inf)
        s = np.exp(s - s.max(-1, keepdims=True))
        o = np.einsum("hij,jhd->ihd", s / s.sum(-1, keepdims=True), v).reshape(T, m["C"])
        x = x + o @ w[p + "self_attn.o_proj.weight"].T
        h = norm(x, p + "post_attention_layernorm.weight")
        g = h @ w[p + "mlp.gate_proj.weight"].T
        with np.errstate(over="ignore"):  # exp(-g) may reach infinity: silu is then 0, as it should be
            g = g / (1 + np.exp(-g))
        x = x + (g * (h @ w[p + "mlp.up_proj.weight"].T)) @ w[p + "mlp.down_proj.weight"].T
        hidden.append(x)
    final = norm(x, "model.norm.weight")
    return np.stack(hidden), final, final @ w.get("lm_head.weight", w["model.embed_tokens.weight"]).T


def load(m, w):
    """Hugging Face's model in float32 with these weights."""
    config = config_of(m)
    config.dtype = torch.float32
    model = Qwen2ForCausalLM(config).to(torch.float32).eval()
    missing, unexpected = model.load_state_dict({k: torch.from_numpy(v) for k, v in w.items()}, strict=False)
    assert not unexpected and set(missing) <= ({"lm_head.weight"} if m["tied"] else set()), (missing, unexpected)
    assert model.config._attn_implementation == "eager"
    return model


@torch.no_grad()
def reference(m, model, prompt):
    """The tensors of golden.safetensors, as numpy arrays; README.md says what each is."""
    layers = []
    hooks = [layer.register_forward_hook(
        lambda _m, _i, out: layers.append(out[0] if isinstance(out, tuple) else out)) for layer in model.model.layers]
    out = model(torch.tensor([prompt]), output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    hidden = torch.stack([out.hidden_states[0][0]] + [x.reshape(len(prompt), m["C"]) for x in layers])
    ids = list(prompt)
    for _ in range(GREEDY_TOKENS):
        ids.append(int(model(torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    # One more pass over everything, so that each step's numbers come from the same call.
    logits = model(torch.tensor([ids[:-1]]), use_cache=False).logits[0, len(prompt) - 1:]
    assert logits.argmax(-1).tolist() == ids[len(prompt):]
    top = torch.log_softmax(logits.double(), -1).topk(5)
    best = logits.topk(2).values
    return {
        "prompt_ids": np.array(prompt, np.uint32),
        "hidden": hidden.numpy(),
        "final_norm": out.hidden_states[-1][0].numpy(),
        "logits": out.logits[0].numpy(),
        "greedy_ids": np.array(ids[len(prompt):], np.uint32),
        "greedy_top_ids": top.indices.numpy().astype(np.uint32),
        "greedy_top_logprobs": top.values.float().numpy(),
        "greedy_margin": (best[:, 0] - best[:, 1]).numpy(),
    }


def f32_error(m, w, golden):
    """Largest |delta log-prob| of the top five, prompt and greedy steps, between Hugging Face's f32 and f64 here."""
    ids = np.concatenate([golden["prompt_ids"], golden["greedy_ids"][:-1]]).astype(np.int64)
    hidden, _, z = forward_f64(m, w, ids)
    T = len(golden["prompt_ids"])
    scale = np.sqrt((hidden[:, :T] ** 2).mean())
    assert np.abs(hidden[:, :T] - golden["hidden"]).max() < 1e-3 * max(scale, 1.0), "the two forward passes disagree"
    lp = z - z.max(-1, keepdims=True)
    lp -= np.log(np.exp(lp).sum(-1, keepdims=True))
    ours = np.take_along_axis(lp[T - 1:], golden["greedy_top_ids"].astype(np.int64), 1)
    return float(np.abs(ours - golden["greedy_top_logprobs"]).max())


def good(m, golden):
    """Varied, never near a tie, no end token: a test may demand the same 64 ids."""
    ids = golden["greedy_ids"].tolist()
    return len(set(ids)) >= 24 and golden["greedy_margin"].min() >= 0.01 and m["V"] - 1 not in ids


def header(**more):
    """What every golden file says about itself."""
    return {"script": "tests/data/make_golden.py", "date": datetime.date.today().isoformat(),
            "python": platform.python_version(), "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__, "numpy": np.__version__} | {k: str(v) for k, v in more.items()}


def save_golden(path, golden, **more):
    """Writes the reference with its header."""
    tensors = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in golden.items()}
    safetensors.torch.save_file(tensors, path, metadata=header(**more))


def write_config(m, folder):
    """config.json: as transformers 5 writes it for the f16 model, as Qwen2's own repositories have it for the rest."""
    new = json.loads(config_of(m).to_json_string())
    if m.get("dtype") != "float16":
        keep = ("architectures", "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "hidden_act",
                "num_attention_heads", "num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "vocab_size",
                "tie_word_embeddings", "eos_token_id", "attention_dropout", "initializer_range", "use_cache")
        new = {k: new[k] for k in keep} | {
            "rope_theta": m["theta"], "torch_dtype": m.get("dtype", "float32"), "sliding_window": 512,
            "max_window_layers": m["L"], "use_sliding_window": False}
    (folder / "config.json").write_text(json.dumps(new, indent=2, sort_keys=True) + "\n")


def round_kv(attention):
    """Eager attention that sees K (after RoPE) and V as an f16 cache would return them."""
    def rounded(module, query, key, value, *args, **kwargs):
        return attention(module, query, key.half().float(), value.half().float(), *args, **kwargs)
    return rounded


def make(name, m):
    """Finds a seed, writes the model and its golden values."""
    dtype = getattr(torch, m.get("dtype", "float32"))
    for seed in range(1, 2000):
        rng = np.random.default_rng(seed)
        w = random_weights(m, rng)
        if m.get("outliers"):
            plant_outliers(m, w)
        # The reference sees the weights as the file holds them.
        w = {k: torch.from_numpy(v).to(dtype).float().numpy() for k, v in w.items()}
        prompt = rng.integers(0, m["V"] - 1, m["T"]).tolist()
        if m.get("outliers"):
            prompt = [OUTLIER_TOKEN if i in (0, m["T"] // 2) else t for i, t in enumerate(prompt)]
        model = load(m, w)
        golden = reference(m, model, prompt)
        if good(m, golden):
            break
    error = f32_error(m, w, golden)
    folder = GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    write_config(m, folder)
    safetensors.torch.save_file({k: torch.from_numpy(v).to(dtype) for k, v in w.items()},
                                folder / "model.safetensors", metadata={"format": "pt"})
    save_golden(folder / "golden.safetensors", golden, seed=seed, f32_error=f"{error:.2e}")
    print(f"{name}: seed {seed}, {len(set(golden['greedy_ids'].tolist()))} distinct tokens, "
          f"least margin {golden['greedy_margin'].min():.3f}, std of logits {golden['logits'].std():.2f}, "
          f"largest |hidden| {np.abs(golden['hidden']).max():.3g}, f32 error {error:.1e}")
    if name == "gqa2_untied":
        eager = modeling_qwen2.eager_attention_forward
        modeling_qwen2.eager_attention_forward = round_kv(eager)
        rounded = reference(m, model, prompt)
        modeling_qwen2.eager_attention_forward = eager
        moved = np.abs(rounded["logits"] - golden["logits"]).max()
        assert moved > 1e-5, "the patch did nothing"
        assert good(m, rounded)
        save_golden(folder / "golden_f16_kv.safetensors", rounded, seed=seed)
        print(f"{name} with f16 K/V: least margin {rounded['greedy_margin'].min():.3f}, logits moved by {moved:.1e}")


def main():
    """All models; the GGUF file and the quantisation goldens have a script of their own."""
    torch.set_num_threads(1)
    for name, m in MODELS.items():
        make(name, m)


if __name__ == "__main__":
    main()
