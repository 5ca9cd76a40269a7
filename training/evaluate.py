"""Greedy answers to problems with PyTorch, in f32, with the weights as they are or as the int4 file has them."""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from model import Qwen2, fake_q4_0, fake_q8_0, rms_norm, rope
from names import load


def dequantised(model: Qwen2) -> Qwen2:
    """Every matrix as Q4_0 and the embedding as Q8_0 would give it back."""
    with torch.no_grad():
        model.embed_tokens.copy_(fake_q8_0(model.embed_tokens))
        for name, p in model.named_parameters():
            if name.endswith("proj.weight"):
                p.copy_(fake_q4_0(p))
    return model


@torch.no_grad()
def step(model: Qwen2, ids: Tensor, keys: list[Tensor], values: list[Tensor], at: int, open_: Tensor) -> Tensor:
    """ids: [B, T] at positions at..at+T; open_: [B, S], the positions that are not padding. Gives logits [B, V]."""
    s = model.shape
    B, T = ids.shape
    H, G, D = s.num_attention_heads, s.num_key_value_heads, s.head_dim
    cos, sin = model.cos[at : at + T], model.sin[at : at + T]
    x = F.embedding(ids, model.embed_tokens)
    S = at + T
    before = torch.ones(T, S, dtype=torch.bool).tril(at)
    # Every position sees itself, also those of the padding, so that no row of the softmax is empty.
    mask = (open_[:, None, None, :S] & before) | (before & ~before.tril(at - 1))
    for i, layer in enumerate(model.layers):
        h = rms_norm(x, layer.input_layernorm, s.rms_norm_eps)
        q = layer.q_proj(h).view(B, T, H, D).transpose(1, 2)
        k = layer.k_proj(h).view(B, T, G, D).transpose(1, 2)
        keys[i][:, :, at:S] = rope(k, cos, sin)
        values[i][:, :, at:S] = layer.v_proj(h).view(B, T, G, D).transpose(1, 2)
        a = F.scaled_dot_product_attention(
            rope(q, cos, sin), keys[i][:, :, :S], values[i][:, :, :S], attn_mask=mask, enable_gqa=True
        )
        x = x + layer.o_proj(a.transpose(1, 2).reshape(B, T, H * D))
        h = rms_norm(x, layer.post_attention_layernorm, s.rms_norm_eps)
        x = x + layer.down_proj(F.silu(layer.gate_proj(h)) * layer.up_proj(h))
    return F.linear(rms_norm(x[:, -1], model.norm, s.rms_norm_eps), model.embed_tokens)


@torch.no_grad()
def replies(model: Qwen2, tokenizer: Tokenizer, questions: list[str], most: int) -> list[str]:
    """Greedy replies; prompts are padded on the left (rotary positions are relative, so that changes nothing)."""
    end = tokenizer.token_to_id("<|im_end|>")
    prompts = [tokenizer.encode(f"<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n").ids for q in questions]
    longest = max(map(len, prompts))
    B, total = len(prompts), longest + most
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    open_ = torch.ones(B, total, dtype=torch.bool)
    for row, p in zip(open_, prompts):
        row[: longest - len(p)] = False
    s = model.shape
    empty = lambda: torch.zeros(B, s.num_key_value_heads, total, s.head_dim)  # noqa: E731
    keys, values = [empty() for _ in model.layers], [empty() for _ in model.layers]
    out: list[list[int]] = [[] for _ in prompts]
    live = torch.arange(B)
    at = 0
    while at < total - 1 and len(live):
        logits = step(model, ids, keys, values, at, open_)
        at += ids.shape[1]
        token = logits.argmax(-1)
        for i, t in zip(live.tolist(), token.tolist()):
            out[i].append(t)
        keep = token != end
        if not bool(keep.all()):
            live, token, open_ = live[keep], token[keep], open_[keep]
            keys, values = [k[keep] for k in keys], [v[keep] for v in values]
        ids = token[:, None]
    return [tokenizer.decode(o, skip_special_tokens=False) for o in out]


def answer(reply: str) -> str | None:
    """The last number of the last <Output> (the Rust side has the full rule; the gold answers need no more)."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", reply.rsplit("<Output>", 1)[1]) if "<Output>" in reply else []
    return numbers[-1] if numbers else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--int4", action="store_true")
    parser.add_argument("--most", type=int, default=450, help="tokens in a reply")
    parser.add_argument("--show", type=int, default=0, help="wrong replies to print")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("files", type=Path, nargs="+")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = load(args.model)
    if args.int4:
        model = dequantised(model)
    tokenizer = Tokenizer.from_file(str(args.tokenizer))
    for path in args.files:
        with path.open(encoding="utf-8") as file:
            problems = [json.loads(line) for _, line in zip(range(args.count), file)]
        begin, right, none, shown = time.time(), 0, 0, 0
        for i in range(0, len(problems), 100):
            part = problems[i : i + 100]
            for p, r in zip(part, replies(model, tokenizer, [p["question"] for p in part], args.most)):
                got = answer(r)
                right += got == p["answer"]
                none += got is None
                if got != p["answer"] and shown < args.show:
                    shown += 1
                    print(f"--- {p['question']} gold {p['answer']} got {got}\n{r}\n")
        name = path.stem + (" int4" if args.int4 else " f32")
        print(f"{name}: {right}/{len(problems)} right, {none} without an answer, {time.time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
