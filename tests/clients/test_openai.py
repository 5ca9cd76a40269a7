"""The openai package, as it comes from PyPI."""

import json
import threading
import time

import numpy
import openai
import pytest
from safetensors.numpy import load_file

from conftest import KEY, ROOT

SUM = [{"role": "user", "content": "What is 12 + 30?"}]
MODEL = "polo-tiny"


@pytest.fixture(scope="module")
def client(tiny):
    return openai.OpenAI(base_url=f"{tiny.url}/v1", api_key=KEY, max_retries=0, timeout=300)


def test_models(client):
    listed = client.models.list().data
    assert MODEL in [model.id for model in listed]
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("nobody/knows-this")
    assert "nobody/knows-this" in refused.value.message


def test_chat(client):
    reply = client.chat.completions.create(model=MODEL, messages=SUM, temperature=0)
    choice = reply.choices[0]
    assert "42" in choice.message.content
    assert choice.message.role == "assistant"
    assert choice.finish_reason == "stop"
    assert choice.message.reasoning_content, "the thought is apart"
    assert "<Thought>" not in choice.message.content and "<Output>" not in choice.message.content
    usage = reply.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens
    assert reply.object == "chat.completion" and reply.id and abs(reply.created - time.time()) < 600
    again = client.chat.completions.create(model=MODEL, messages=SUM, temperature=0)
    assert again.choices[0].message.content == choice.message.content
    assert again.usage.prompt_tokens_details.cached_tokens > 0, "what both begin with is computed once"


def test_stream(client):
    whole = client.chat.completions.create(model=MODEL, messages=SUM, temperature=0)
    chunks = list(client.chat.completions.create(
        model=MODEL, messages=SUM, temperature=0, stream=True, stream_options={"include_usage": True}
    ))
    assert chunks[0].choices[0].delta.role == "assistant"
    with_choice = [chunk.choices[0] for chunk in chunks if chunk.choices]
    content = "".join(choice.delta.content or "" for choice in with_choice)
    thought = "".join(getattr(choice.delta, "reasoning_content", None) or "" for choice in with_choice)
    assert content == whole.choices[0].message.content
    assert thought == whole.choices[0].message.reasoning_content
    assert [choice.finish_reason for choice in with_choice if choice.finish_reason] == ["stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert len({chunk.id for chunk in chunks}) == 1


def test_several_choices_and_seed(client):
    # Polo Tiny is very sure of itself: only all of the vocabulary at the highest temperature varies what it says.
    ask = dict(model=MODEL, messages=SUM, temperature=2, n=3, seed=7, max_tokens=40, top_p=1, extra_body={"top_k": 0})
    first, second = client.chat.completions.create(**ask), client.chat.completions.create(**ask)
    texts = [(choice.message.content, choice.message.model_extra.get("reasoning_content")) for choice in first.choices]
    assert [choice.index for choice in first.choices] == [0, 1, 2]
    assert len(set(texts)) > 1
    again = [(choice.message.content, choice.message.model_extra.get("reasoning_content")) for choice in second.choices]
    assert texts == again, "the same seed gives the same replies"
    assert first.usage.completion_tokens <= 3 * 40


def test_limits_and_stop(client):
    short = client.chat.completions.create(model=MODEL, messages=SUM, temperature=0, max_completion_tokens=5)
    assert short.choices[0].finish_reason == "length" and short.usage.completion_tokens == 5
    whole = client.completions.create(model=MODEL, prompt="1 + 1 = ", temperature=0, max_tokens=30).choices[0].text
    assert len(whole) > 8
    stopped = client.completions.create(model=MODEL, prompt="1 + 1 = ", temperature=0, max_tokens=30, stop=whole[4:7])
    assert stopped.choices[0].text == whole[: whole.index(whole[4:7])]
    assert stopped.choices[0].finish_reason == "stop"


def test_logprobs(client):
    reply = client.chat.completions.create(
        model=MODEL, messages=SUM, temperature=0, logprobs=True, top_logprobs=20, max_tokens=60
    )
    logprobs = reply.choices[0].logprobs
    entries = logprobs.model_extra.get("reasoning_content", []) + [entry.model_dump() for entry in logprobs.content]
    assert len(entries) == reply.usage.completion_tokens
    for entry in entries:
        assert len(entry["top_logprobs"]) == 20
        chances = [alternative["logprob"] for alternative in entry["top_logprobs"]]
        assert chances == sorted(chances, reverse=True)
        assert abs(entry["logprob"] - chances[0]) < 1e-6, "greedy takes the best"
        assert bytes(entry["bytes"]).decode(errors="replace") == entry["token"]
        assert sum(numpy.exp(chances)) <= 1 + 1e-5


def test_bias_and_penalties(client):
    ask = dict(model=MODEL, prompt="12 + 30 = ", max_tokens=12, temperature=0)
    plain = client.completions.create(**ask, logprobs=1, extra_body={"return_token_ids": True})
    first = plain.choices[0].model_extra["token_ids"][0]
    barred = client.completions.create(**ask, logit_bias={str(first): -100}, extra_body={"return_token_ids": True})
    assert first not in barred.choices[0].model_extra["token_ids"]
    # What it says again and again loses 2 each time.
    ask["max_tokens"] = 120
    plain, varied = (client.completions.create(**ask, frequency_penalty=penalty, presence_penalty=penalty) for penalty in (0, 2))
    assert varied.choices[0].text != plain.choices[0].text


def test_json_schema(client):
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "integer"}, "sure": {"type": "boolean"}},
        "required": ["answer", "sure"],
        "additionalProperties": False,
    }
    for seed in range(3):
        reply = client.chat.completions.create(
            model=MODEL, messages=SUM, seed=seed, temperature=1, max_tokens=400,
            response_format={"type": "json_schema", "json_schema": {"name": "sum", "schema": schema, "strict": True}},
        )
        assert reply.choices[0].finish_reason == "stop", reply
        found = json.loads(reply.choices[0].message.content)
        assert set(found) == {"answer", "sure"} and isinstance(found["answer"], int) and isinstance(found["sure"], bool)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model=MODEL, messages=SUM,
            response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}},
        )


def test_search(client):
    reply = client.chat.completions.create(
        model=MODEL, messages=SUM, seed=1, extra_body={"search": {"preset": "quick", "rollouts": 4}}
    )
    assert "42" in reply.choices[0].message.content
    assert reply.choices[0].message.reasoning_content
    search = reply.model_extra["search"]
    assert search["votes"] and search["nodes"] if "nodes" in search else search
    effort = client.chat.completions.create(model=MODEL, messages=SUM, reasoning_effort="low", temperature=0)
    assert "search" not in effort.model_extra, "a low effort is one thought"
    stream = client.chat.completions.create(
        model=MODEL, messages=SUM, seed=1, stream=True, extra_body={"search": {"preset": "quick", "rollouts": 4}}
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text == reply.choices[0].message.content, "an ordinary client sees an ordinary stream, and the same tree"


def test_errors(client, tiny):
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=f"{tiny.url}/v1", api_key="wrong", max_retries=0).models.list()
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="gpt-9", messages=SUM)
    assert refused.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "12 + 30 = " * 4000}])
    assert refused.value.code == "context_length_exceeded"
    counts = [int(word) for word in refused.value.message.replace(",", "").split() if word.strip(".;:").isdigit()]
    assert len(counts) >= 2 and max(counts) > 4000, refused.value.message
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=MODEL, messages=SUM, temperature=99)
    assert refused.value.param == "temperature"
    with pytest.raises(openai.BadRequestError) as refused:
        tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
        client.chat.completions.create(model=MODEL, messages=SUM, tools=[tool])
    assert "tools" in refused.value.message


def test_timeouts_and_leaving(client, tiny):
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.05).chat.completions.create(
            model=MODEL, messages=SUM, max_tokens=900, extra_body={"ignore_eos": True}
        )
    stream = client.completions.create(
        model=MODEL, prompt="1", max_tokens=900, stream=True, extra_body={"ignore_eos": True}
    )
    for _, _chunk in zip(range(3), stream):
        pass
    assert tiny.metric("polo_requests_running") > 0
    stream.close()
    # What nobody reads any more is not computed any more.
    end = time.monotonic() + 30
    while tiny.metric("polo_requests_running") > 0:
        assert time.monotonic() < end, "a client that left is still being answered"
        time.sleep(0.1)


def test_many_at_once(client):
    questions = [f"What is {n} + {n + 3}?" for n in range(10, 34)]
    alone = {}
    together = {}

    def ask(question, into):
        reply = client.chat.completions.create(
            model=MODEL, temperature=0, messages=[{"role": "user", "content": question}]
        )
        into[question] = reply.choices[0].message.content

    for question in questions[:4]:
        ask(question, alone)
    threads = [threading.Thread(target=ask, args=(question, together)) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(together) == len(questions)
    assert {question: together[question] for question in alone} == alone


def test_log_probs_are_those_of_transformers(random_qwen2, capsys):
    """Prompt as token ids, echoed: the best five of each place equal transformers' in f32."""
    golden = load_file(ROOT / "tests/data/golden/bf16_file/golden.safetensors")
    prompt = golden["prompt_ids"].tolist()
    logits = golden["logits"].astype(numpy.float64)
    expected = logits - numpy.log(numpy.exp(logits).sum(-1, keepdims=True))
    client = openai.OpenAI(base_url=f"{random_qwen2.url}/v1", api_key="none", max_retries=0)
    reply = client.completions.create(
        model="default", prompt=prompt, max_tokens=8, temperature=0, echo=True, logprobs=5,
        extra_body={"return_token_ids": True},
    )
    told = reply.choices[0].logprobs.model_extra["content"]
    greedy = golden["greedy_ids"].tolist()[:8]
    assert [entry["id"] for entry in told] == prompt + greedy
    assert told[0]["logprob"] is None, "nothing stands before the first"
    worst = 0.0
    for place, entry in enumerate(told[1 : len(prompt) + 1], start=0):
        row = expected[place]
        best = numpy.argsort(-row, kind="stable")[:5]
        assert [alternative["id"] for alternative in entry["top_logprobs"]] == best.tolist()
        found = numpy.array([alternative["logprob"] for alternative in entry["top_logprobs"]])
        worst = max(worst, float(numpy.abs(found - row[best]).max()), abs(entry["logprob"] - row[entry["id"]]))
    for place, entry in enumerate(told[len(prompt) :]):
        best = golden["greedy_top_ids"][place].tolist()
        assert [alternative["id"] for alternative in entry["top_logprobs"]] == best
        found = numpy.array([alternative["logprob"] for alternative in entry["top_logprobs"]])
        worst = max(worst, float(numpy.abs(found - golden["greedy_top_logprobs"][place]).max()))
    with capsys.disabled():
        print(f"\n    largest difference of a log-probability: {worst:.2e}")
    assert worst < 1e-3
