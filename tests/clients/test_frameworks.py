"""LangChain, LiteLLM and Ollama's own client."""

import json

import litellm
import ollama
import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from conftest import KEY

QUESTION = "What is 12 + 30?"


def test_langchain(tiny):
    model = ChatOpenAI(base_url=f"{tiny.url}/v1", api_key=KEY, model="polo-tiny", temperature=0, max_tokens=600)
    reply = model.invoke([SystemMessage("You are a calculator."), HumanMessage(QUESTION)])
    assert reply.content and reply.usage_metadata["output_tokens"] > 0
    reply = model.invoke(QUESTION)
    assert "42" in reply.content
    assert "".join(chunk.content for chunk in model.stream(QUESTION)) == reply.content
    answers = model.batch([QUESTION, "What is 7 + 8?"])
    assert "42" in answers[0].content and "15" in answers[1].content


def test_litellm(tiny):
    ask = dict(
        model="openai/polo-tiny", api_base=f"{tiny.url}/v1", api_key=KEY, temperature=0,
        messages=[{"role": "user", "content": QUESTION}], max_tokens=600,
    )
    reply = litellm.completion(**ask)
    assert "42" in reply.choices[0].message.content
    assert reply.choices[0].message.reasoning_content
    chunks = litellm.completion(**ask, stream=True)
    assert "42" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    with pytest.raises(litellm.ContextWindowExceededError):
        litellm.completion(**ask | {"messages": [{"role": "user", "content": "12 + 30 = " * 4000}]})


def test_ollama(tiny):
    client = ollama.Client(host=tiny.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=300)
    assert [model.model for model in client.list().models if model.model.startswith("polo-tiny")]
    messages = [{"role": "user", "content": QUESTION}]
    reply = client.chat("polo-tiny", messages, options={"temperature": 0, "num_predict": 600})
    assert "42" in reply.message.content and reply.done and reply.done_reason == "stop"
    assert reply.eval_count > 0 and reply.prompt_eval_count > 0 and reply.total_duration > 0
    parts = list(client.chat("polo-tiny", messages, stream=True, options={"temperature": 0, "num_predict": 600}))
    assert "".join(part.message.content or "" for part in parts) == reply.message.content
    assert parts[-1].done and not any(part.done for part in parts[:-1])
    thinking = client.chat("polo-tiny", messages, think=True, options={"temperature": 0, "num_predict": 600})
    assert thinking.message.thinking and "42" in thinking.message.content
    written = client.generate("polo-tiny", QUESTION, options={"temperature": 0, "num_predict": 600})
    assert "42" in written.response
    formed = client.chat(
        "polo-tiny", messages, options={"num_predict": 400, "seed": 1},
        format={"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"],
                "additionalProperties": False},
    )
    assert isinstance(json.loads(formed.message.content)["answer"], int)
    running = client.ps().models
    assert [model.model for model in running if model.model.startswith("polo-tiny")]
    assert client.show("polo-tiny").details.family == "qwen2"
    with pytest.raises(ollama.ResponseError) as refused:
        client.chat("no-such-model", messages)
    assert refused.value.status_code == 404
