"""Trains Polo Tiny on two CPU cores: packed rows, bf16 products, Muon and AdamW, loss on the reply alone.

Stop it at any time: it goes on from the last checkpoint. The mix file (JSON) is read again whenever it changes:
{"kinds": {"arithmetic-en": 0.6, ...}, "lr": 1.0, "quant": false, "max_tokens": 513, "decay_from": 18000, "stop_at": 20000}
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model import Qwen2, Shape
from names import load


class Shard:
    """The conversations of one kind, in an order of their own, over and over."""

    def __init__(self, path: Path, seed: int) -> None:
        data = np.load(path)
        self.ids, self.weights, self.starts = data["ids"], data["weights"], data["starts"]
        self.lengths = np.diff(self.starts)
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(self.lengths))
        self.at = 0

    def next(self, least: int, most: int) -> int:
        """The next conversation of so many tokens."""
        while True:
            if self.at == len(self.order):
                self.order, self.at = self.rng.permutation(len(self.lengths)), 0
            self.at += 1
            doc = int(self.order[self.at - 1])
            if least <= self.lengths[doc] <= most:
                return doc


class Packer:
    """Fills rows of a fixed length with whole conversations, from a pool that is kept full.

    A row begins with the conversation that has waited longest and goes on with the longest that still fits, which
    leaves some 3 % of the tokens empty (first fit: 12 %).
    """

    def __init__(self, folder: Path, seed: int, columns: int, least: int = 0) -> None:
        self.folder, self.seed, self.columns, self.least = folder, seed, columns, least
        self.rng = np.random.default_rng(seed)
        self.shards: dict[str, Shard] = {}
        self.pool: list[tuple[int, str, int]] = []

    def fill(self, kinds: dict[str, float], most: int) -> None:
        """Draws conversations by their shares until the pool is full again."""
        names, share = list(kinds), np.array(list(kinds.values()))
        for name in names:
            if name not in self.shards:
                self.shards[name] = Shard(self.folder / f"{name}.npz", self.seed)
        for i in self.rng.choice(len(names), size=256 - len(self.pool), p=share / share.sum()):
            shard = self.shards[names[i]]
            doc = shard.next(self.least, min(most, self.columns + 1))
            # The last token is only a target.
            self.pool.append((int(shard.lengths[doc]) - 1, names[i], doc))

    def batch(self, rows: int, kinds: dict[str, float], most: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """ids, targets, weights: [rows, columns]; document of each token: [rows, columns]."""
        ids = np.zeros((rows, self.columns), dtype=np.int64)
        targets, weights = ids.copy(), np.zeros((rows, self.columns), dtype=np.float32)
        document = np.full((rows, self.columns), -1, dtype=np.int64)
        for row in range(rows):
            self.fill(kinds, most)
            at, chosen = 0, 0
            while chosen is not None:
                n, name, doc = self.pool.pop(chosen)
                shard = self.shards[name]
                a = int(shard.starts[doc])
                ids[row, at : at + n] = shard.ids[a : a + n]
                targets[row, at : at + n] = shard.ids[a + 1 : a + 1 + n]
                weights[row, at : at + n] = shard.weights[a + 1 : a + 1 + n]
                document[row, at : at + n] = at
                at += n
                fits = [i for i, (n, _, _) in enumerate(self.pool) if n <= self.columns - at]
                chosen = max(fits, key=lambda i: self.pool[i][0], default=None)
        return tuple(torch.from_numpy(x) for x in (ids, targets, weights, document))  # type: ignore[return-value]


def orthogonal(g: Tensor) -> Tensor:
    """Newton-Schulz towards the nearest orthogonal matrices (Muon, Jordan 2024; quintic coefficients), batched."""
    x = g.bfloat16()
    flip = x.shape[1] < x.shape[2]  # so that the Gram matrix is the small one
    if flip:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x.mT @ x
        x = 3.4445 * x + x @ (-4.7750 * a + 2.0315 * (a @ a))
    return (x.mT if flip else x).float()


class Muon:
    """Momentum, made orthogonal, for the matrices of the layers; matrices of one shape go together."""

    def __init__(self, parameters: list[Tensor], lr: float, decay: float) -> None:
        self.lr, self.decay = lr, decay
        self.groups: dict[tuple[int, ...], list[Tensor]] = {}
        for p in parameters:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.momenta = {s: torch.zeros(len(ps), *s) for s, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, scale: float, momentum: float) -> None:
        for shape, ps in self.groups.items():
            g = torch.stack([p.grad for p in ps])
            m = self.momenta[shape]
            m.lerp_(g, 1 - momentum)
            update = orthogonal(g.lerp(m, momentum))
            lr = self.lr * scale
            for p, u in zip(ps, update):
                p.mul_(1 - lr * self.decay)
                p.add_(u, alpha=-lr * max(1.0, shape[0] / shape[1]) ** 0.5)
                p.grad = None


def trapezoid(step: int, mix: dict) -> float:
    """Warm-up, a level stretch, and a line down to 2 % once the mix file says so."""
    lr = mix.get("lr", 1.0) * min(1.0, (step + 1) / 150)
    if "decay_from" in mix and step >= mix["decay_from"]:
        lr *= max(0.02, 1 - (step - mix["decay_from"]) / (mix["stop_at"] - mix["decay_from"]))
    return lr


def batches(args: argparse.Namespace, step: int, mix: dict, packers: dict[int, Packer]) -> Iterator:
    """Mostly rows of 256; every eighth batch has half as many rows of 512, for the long conversations."""
    long = mix.get("max_tokens", 256) > 257 and step % mix.get("long_every", 8) == 7
    columns = 2 * args.columns if long else args.columns
    rows = args.tokens // columns
    most = min(mix.get("max_tokens", 256), columns + 1)
    yield packers[columns].batch(rows, mix["kinds"], most)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--mix", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="a light checkpoint to begin from when --out has no state")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=8192, help="in a batch")
    parser.add_argument("--columns", type=int, default=256)
    parser.add_argument("--lr-matrix", type=float, default=0.02)
    parser.add_argument("--lr-rest", type=float, default=0.004)
    parser.add_argument("--minutes", type=float, default=4.0, help="between checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    model = load(args.start) if args.start else Qwen2(Shape())
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and n != "embed_tokens"]
    rest = [p for n, p in model.named_parameters() if p.ndim != 2 or n == "embed_tokens"]
    muon = Muon(matrices, args.lr_matrix, 0.1)
    adam = torch.optim.AdamW(rest, lr=args.lr_rest, betas=(0.9, 0.98), eps=1e-10, weight_decay=0.0, fused=True)
    step, seen = 0, 0
    saved = args.out / "state.pt"
    if saved.exists():
        state = torch.load(saved)
        model.load_state_dict(state["model"])
        adam.load_state_dict(state["adam"])
        muon.momenta = state["muon"]
        step, seen = state["step"], state["seen"]
    c = args.columns
    packers = {c: Packer(args.data, args.seed + step, c), 2 * c: Packer(args.data, args.seed + step, 2 * c, 3 * c // 4)}
    loss_of = torch.compile(model.loss, dynamic=False)
    print(f"{sum(p.numel() for p in model.parameters())} weights, from step {step}", flush=True)

    def save() -> None:
        state = {"model": model.state_dict(), "adam": adam.state_dict(), "muon": muon.momenta, "step": step, "seen": seen}
        torch.save(state, saved.with_suffix(".new"))
        saved.with_suffix(".new").rename(saved)

    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    mix, changed, last_save, last_log, recent = {}, 0.0, time.time(), time.time(), []
    tokens_since = 0
    while True:
        if args.mix.stat().st_mtime != changed:
            changed = args.mix.stat().st_mtime
            mix = json.loads(args.mix.read_text())
            print("mix", json.dumps(mix), flush=True)
        if stop or step >= mix.get("stop_at", math.inf):
            break
        for ids, targets, weights, document in batches(args, step, mix, packers):
            T = ids.shape[1]
            mask = (document[:, :, None] == document[:, None, :]) & torch.ones(T, T, dtype=torch.bool).tril()
            loss = loss_of(ids, targets, weights, mask[:, None], torch.bfloat16, mix.get("quant", False))
            loss.backward()
            used = int((document >= 0).sum())
            seen, tokens_since = seen + used, tokens_since + used
        scale = trapezoid(step, mix)
        for group in adam.param_groups:
            group["lr"] = args.lr_rest * scale
        torch.nn.utils.clip_grad_norm_(rest, 1.0)
        adam.step()
        adam.zero_grad(set_to_none=True)
        muon.step(scale, min(0.95, 0.85 + step / 3000))
        recent.append(loss.item())
        step += 1
        if step % 20 == 0:
            now = time.time()
            print(f"step {step} tokens {seen / 1e6:.2f}M loss {np.mean(recent):.4f} lr {scale:.3f} "
                  f"{tokens_since / (now - last_log):.0f} tok/s {time.strftime('%H:%M:%S')}", flush=True)
            recent, last_log, tokens_since = [], now, 0
        if time.time() - last_save > 60 * args.minutes:
            save()
            last_save = time.time()
    save()


if __name__ == "__main__":
    main()
