"""huggingface_hub's InferenceClient, and the chat page that people build on it with gradio."""

import os

import gradio
import pytest
from gradio_client import Client
from huggingface_hub import InferenceClient

from conftest import KEY, ROOT


@pytest.fixture(scope="module")
def client(tiny):
    return InferenceClient(base_url=f"{tiny.url}/v1", api_key=KEY, timeout=300)


def test_chat_completion(client):
    reply = client.chat_completion([{"role": "user", "content": "What is 12 + 30?"}], temperature=0, max_tokens=600)
    assert "42" in reply.choices[0].message.content
    assert reply.usage.completion_tokens > 0


def test_chat_completion_without_the_v1(tiny):
    # The way a Text Generation Inference address is given.
    client = InferenceClient(tiny.url, token=KEY, timeout=300)
    reply = client.chat_completion([{"role": "user", "content": "What is 12 + 30?"}], max_tokens=600, seed=1)
    assert reply.choices[0].message.content


def page_of(client):
    """The page of gradio's own chat template, with its four knobs."""

    def respond(message, history, system_message, max_tokens, temperature, top_p):
        messages = [{"role": "system", "content": system_message}] if system_message else []
        messages += [{"role": turn["role"], "content": turn["content"]} for turn in history]
        messages.append({"role": "user", "content": message})
        response = ""
        for chunk in client.chat_completion(
            messages, max_tokens=max_tokens, stream=True, temperature=temperature, top_p=top_p
        ):
            if chunk.choices and chunk.choices[0].delta.content:
                response += chunk.choices[0].delta.content
                yield response

    return gradio.ChatInterface(
        respond,
        api_name="chat",
        additional_inputs=[
            gradio.Textbox(value="", label="System message"),
            gradio.Slider(1, 2048, value=600, step=1, label="Max new tokens"),
            gradio.Slider(0.1, 4.0, value=0.7, step=0.1, label="Temperature"),
            gradio.Slider(0.1, 1.0, value=0.95, step=0.05, label="Top-p (nucleus sampling)"),
        ],
    )


def test_gradio_page(client):
    page = page_of(client)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        reader = Client(address, verbose=False)
        answer = reader.predict("What is 12 + 30?", "", 600, 0.1, 0.9, api_name="/chat")
        assert "42" in str(answer)
        # With a system message and another turn: what was said before is part of the question.
        answer = reader.predict("What is 7 + 8?", "You are a careful calculator.", 600, 0.1, 0.9, api_name="/chat")
        assert answer
    finally:
        page.close()


def ask(server, system, question="Name a colour."):
    client = InferenceClient(base_url=f"{server.url}/v1", api_key="none", timeout=900)
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    reply = client.chat_completion(messages, temperature=0, max_tokens=12)
    assert reply.choices[0].message.content
    return reply.usage


SENTENCE = "You are a careful assistant. Answer in one short sentence. "


def test_system_prompts(smollm2):
    """Marco-o1's own, one of 1,000 tokens, and one that does not fit: taken whole, or refused with its counts."""
    assert ask(smollm2, (ROOT / "tests/data/text/marco_system_prompt.txt").read_text()).prompt_tokens > 100
    assert ask(smollm2, SENTENCE * 95).prompt_tokens > 1000
    with pytest.raises(Exception, match="(?i)context"):
        ask(smollm2, SENTENCE * 400)


@pytest.mark.skipif("POLO_SLOW" not in os.environ, reason="minutes on a software GPU: cargo xtask slow --only load")
def test_a_system_prompt_of_3000_tokens(smollm2):
    assert ask(smollm2, SENTENCE * 275).prompt_tokens > 3000
    again = ask(smollm2, SENTENCE * 275, "Name an animal.")
    assert again.prompt_tokens_details["cached_tokens"] > 3000, "the pages of the system prompt are used again"
