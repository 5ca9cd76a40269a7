"""Qwen2 in plain PyTorch, numerically that of transformers' Qwen2ForCausalLM, with packed rows and fake int4 weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """The sizes of the model, in the words of Hugging Face's config.json."""

    vocab_size: int = 1280
    hidden_size: int = 192
    intermediate_size: int = 512
    num_hidden_layers: int = 6
    num_attention_heads: int = 6
    num_key_value_heads: int = 2
    max_position_embeddings: int = 2048
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_attention_heads


def fake_q4_0(w: Tensor) -> Tensor:
    """w as ggml's Q4_0 would give it back, with the gradient passed straight through.

    ggml: d = (the value of largest magnitude, with its sign) / -8, stored as f16; q = min(15, trunc(x / d + 8.5)).
    """
    blocks = w.reshape(-1, 32)
    extreme = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    scale = extreme / -8.0
    inverse = torch.where(scale == 0, torch.zeros_like(scale), 1.0 / scale)
    q = torch.clamp(torch.floor(blocks * inverse + 8.5), 0, 15) - 8
    back = (q * scale.half().float()).reshape(w.shape)
    return w + (back - w).detach()


def fake_q8_0(w: Tensor) -> Tensor:
    """w as ggml's Q8_0 would give it back (d = max|x| / 127 in f16), with the gradient passed straight through."""
    blocks = w.reshape(-1, 32)
    scale = blocks.abs().amax(1, keepdim=True) / 127.0
    inverse = torch.where(scale == 0, torch.zeros_like(scale), 1.0 / scale)
    back = (torch.round(blocks * inverse) * scale.half().float()).reshape(w.shape)
    return w + (back - w).detach()


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + eps) * weight).to(x.dtype)


def rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x: [B, H, T, D]; the halves are rotated against each other, as Hugging Face's rotate_half does."""
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Layer(nn.Module):
    """One block: attention and a gated MLP, each before a residual."""

    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.shape = s
        kv = s.num_key_value_heads * s.head_dim
        self.input_layernorm = nn.Parameter(torch.ones(s.hidden_size))
        self.post_attention_layernorm = nn.Parameter(torch.ones(s.hidden_size))
        self.q_proj = nn.Linear(s.hidden_size, s.hidden_size)
        self.k_proj = nn.Linear(s.hidden_size, kv)
        self.v_proj = nn.Linear(s.hidden_size, kv)
        self.o_proj = nn.Linear(s.hidden_size, s.hidden_size, bias=False)
        self.gate_proj = nn.Linear(s.hidden_size, s.intermediate_size, bias=False)
        self.up_proj = nn.Linear(s.hidden_size, s.intermediate_size, bias=False)
        self.down_proj = nn.Linear(s.intermediate_size, s.hidden_size, bias=False)


class Qwen2(nn.Module):
    """Embedding, layers, final norm; the head is the embedding (tied)."""

    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.shape = s
        self.embed_tokens = nn.Parameter(torch.randn(s.vocab_size, s.hidden_size) * 0.02)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.num_hidden_layers))
        self.norm = nn.Parameter(torch.ones(s.hidden_size))
        for name, p in self.named_parameters():
            if name.endswith("proj.weight"):
                scale = 0.5 / s.hidden_size**0.5
                if "o_proj" in name or "down_proj" in name:
                    scale /= (2 * s.num_hidden_layers) ** 0.5
                nn.init.normal_(p, std=scale)
            elif name.endswith("bias"):
                nn.init.zeros_(p)
        inv = s.rope_theta ** (-torch.arange(0, s.head_dim, 2).float() / s.head_dim)
        angle = torch.outer(torch.arange(s.max_position_embeddings).float(), inv)
        angle = torch.cat((angle, angle), -1)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def hidden(self, ids: Tensor, mask: Tensor, dtype: torch.dtype, quant: bool) -> Tensor:
        """ids: [B, T]; mask: [B, 1, T, T], True where a query may look. Gives [B, T, C]."""
        s = self.shape
        B, T = ids.shape
        H, G, D = s.num_attention_heads, s.num_key_value_heads, s.head_dim

        def w(m: nn.Linear) -> Tensor:
            return (fake_q4_0(m.weight) if quant else m.weight).to(dtype)

        table = fake_q8_0(self.embed_tokens) if quant else self.embed_tokens
        cos, sin = self.cos[:T].to(dtype), self.sin[:T].to(dtype)
        x = F.embedding(ids, table)  # the residual stream stays f32
        for layer in self.layers:
            h = rms_norm(x, layer.input_layernorm, s.rms_norm_eps).to(dtype)
            q = F.linear(h, w(layer.q_proj), layer.q_proj.bias.to(dtype)).view(B, T, H, D).transpose(1, 2)
            k = F.linear(h, w(layer.k_proj), layer.k_proj.bias.to(dtype)).view(B, T, G, D).transpose(1, 2)
            v = F.linear(h, w(layer.v_proj), layer.v_proj.bias.to(dtype)).view(B, T, G, D).transpose(1, 2)
            q, k = rope(q, cos, sin), rope(k, cos, sin)
            k = k.repeat_interleave(H // G, 1)
            v = v.repeat_interleave(H // G, 1)
            a = ATT(q, k, v, mask)
            x = x + F.linear(a.transpose(1, 2).reshape(B, T, H * D), w(layer.o_proj))
            h = rms_norm(x, layer.post_attention_layernorm, s.rms_norm_eps).to(dtype)
            g = F.silu(F.linear(h, w(layer.gate_proj))) * F.linear(h, w(layer.up_proj))
            x = x + F.linear(g, w(layer.down_proj))
        return rms_norm(x, self.norm, s.rms_norm_eps)

    def loss(self, ids: Tensor, targets: Tensor, weight: Tensor, mask: Tensor, dtype: torch.dtype, quant: bool) -> Tensor:
        h = self.hidden(ids, mask, dtype, quant).to(dtype)
        table = (fake_q8_0(self.embed_tokens) if quant else self.embed_tokens).to(dtype)
        logits = F.linear(h, table).float()
        nll = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        return (nll * weight.flatten()).sum() / weight.sum()


def sdpa(q, k, v, mask):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def plain(q, k, v, mask):
    s = (q @ k.transpose(-1, -2)) * (q.shape[-1] ** -0.5)
    p = torch.softmax(s.float().masked_fill(~mask, -1e9), -1).to(q.dtype)
    return p @ v


ATT = plain
