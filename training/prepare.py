"""Turns problems (JSON lines) into token arrays: ids, a loss weight for each, and where each conversation begins."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

SYSTEMS = [
    "You are a helpful assistant.",
    "You are a careful reasoner. Think step by step.",
    "Answer briefly.",
    "You are Polo, a small model that reasons in steps.",
    "Think in <Thought>, answer in <Output>.",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=10**9)
    parser.add_argument("--turns", type=float, default=0.06, help="share of problems put behind the one before")
    parser.add_argument("files", type=Path, nargs="+")
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(args.tokenizer))
    args.out.mkdir(parents=True, exist_ok=True)
    for path in args.files:
        rng = random.Random(path.stem)
        ids: list[np.ndarray] = []
        weights: list[np.ndarray] = []
        starts = [0]
        total = 0
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for _, line in zip(range(args.limit), file)]
        for begin in range(0, len(rows), 20000):
            texts, marks, joins = [], [], []
            for row in rows[begin : begin + 20000]:
                join = bool(texts) and rng.random() < args.turns
                system = ""
                if not join and rng.random() < 0.06:
                    system = f"<|im_start|>system\n{rng.choice(SYSTEMS)}<|im_end|>\n"
                head = f"{system}<|im_start|>user\n{row['question']}<|im_end|>\n<|im_start|>assistant\n"
                texts.append(f"{head}{row['reply']}<|im_end|>\n")
                marks.append((len(head), row.get("slip")))
                joins.append(join)
            for encoding, (head, slip), join in zip(tokenizer.encode_batch(texts), marks, joins):
                at = np.array([a for a, _ in encoding.offsets])
                weight = (at >= head).astype(np.uint8)
                if slip:
                    weight[(at >= head + slip[0]) & (at < head + slip[1])] = 0
                weight[-1] = 0  # the line break after <|im_end|> is the template's
                total += len(weight)
                ids.append(np.array(encoding.ids, dtype=np.uint16))
                weights.append(weight)
                if join:
                    starts[-1] = total
                else:
                    starts.append(total)
        np.savez(
            args.out / f"{path.stem}.npz",
            ids=np.concatenate(ids),
            weights=np.concatenate(weights),
            starts=np.array(starts, dtype=np.int64),
        )
        length = np.diff(starts)
        print(path.stem, len(length), "conversations", total, "tokens; mean", round(float(length.mean()), 1),
              "median", int(np.median(length)), "99%", int(np.percentile(length, 99)), "max", int(length.max()), flush=True)


if __name__ == "__main__":
    main()
