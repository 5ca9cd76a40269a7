"""Many clients at once, some of which leave, some of which talk nonsense.

POLO_LOAD is "CLIENTS,SECONDS"; 8 for 60 seconds in the everyday tests, 64 for 300 in `cargo xtask slow`.
"""

import json
import os
import random
import threading
import time
import urllib.error
import urllib.request

from conftest import KEY

CLIENTS, SECONDS = (int(word) for word in os.environ.get("POLO_LOAD", "8,60").split(","))


def post(url, body, timeout=600):
    """Status and parsed answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def leave(url, body):
    """Reads the beginning of a stream, and goes."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(url, json.dumps(body | {"stream": True}).encode(), headers)
    with urllib.request.urlopen(request, timeout=600) as reply:
        for _ in range(random.randrange(6)):
            reply.readline()


def test_nothing_is_lost_or_mixed(tiny, capsys):
    url = f"{tiny.url}/v1/chat/completions"

    def ask(question, **more):
        body = {"model": "polo-tiny", "messages": [{"role": "user", "content": question}], "temperature": 0}
        return body | {"max_tokens": 200} | more

    questions = [f"What is {n} + {3 * n % 50}?" for n in range(11, 27)]
    # A long prompt, of which the last sum counts.
    questions += ["".join(f"{n} + 1 = {n + 1}\n" for n in range(k, k + 30)) + "What is 4 + 5?" for k in (10, 40)]
    alone = {}
    for question in questions:
        status, reply = post(url, ask(question))
        assert status == 200, reply
        alone[question] = reply["choices"][0]["message"]
    memory_before = tiny.resident()
    wrong, waits, counts = [], [[] for _ in range(CLIENTS)], {"answered": 0, "left": 0, "bad": 0, "full": 0}
    lock = threading.Lock()
    end = time.monotonic() + SECONDS

    def client(number):
        dice = random.Random(number)
        while time.monotonic() < end and not wrong:
            kind = dice.random()
            try:
                if kind < 0.15:
                    leave(url, ask(dice.choice(questions), ignore_eos=True))
                    what = "left"
                elif kind < 0.25:
                    body = dice.choice([b"{", b"[" * 5000, b"\xff\xfe", b'{"messages": 3}', b"null", dice.randbytes(400)])
                    status, _ = post(url, body)
                    if status not in (400, 413, 422):
                        wrong.append(f"a bad body was answered with {status}")
                    what = "bad"
                else:
                    question = dice.choice(questions)
                    started = time.monotonic()
                    status, reply = post(url, ask(question))
                    what = "full" if status == 503 else "answered"
                    if status == 200:
                        waits[number].append(time.monotonic() - started)
                        if reply["choices"][0]["message"] != alone[question]:
                            wrong.append(f"{question!r}: {reply['choices'][0]['message']} instead of {alone[question]}")
                    elif status != 503:
                        wrong.append(f"{question!r} was answered with {status}: {reply}")
            except Exception as error:  # noqa: BLE001: whatever goes wrong in a thread belongs into the report
                wrong.append(repr(error))
                return
            with lock:
                counts[what] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert counts["answered"] > CLIENTS and counts["left"] > 0 and counts["bad"] > 0, counts
    # Everyone's turn comes: nobody waits much longer than the rest do.
    means = sorted(sum(times) / len(times) for times in waits if times)
    assert len(means) == CLIENTS, "a client got no answer at all"
    grown = tiny.resident() - memory_before
    with capsys.disabled():
        print(
            f"\n    {CLIENTS} clients, {SECONDS} s: {counts}; mean wait {means[0]:.2f} to {means[-1]:.2f} s; "
            f"memory grew by {grown / 1e6:.1f} MB"
        )
    assert means[-1] < 4 * means[0] + 1
    quiet = time.monotonic() + 60
    while tiny.metric("polo_requests_running") > 0 and time.monotonic() < quiet:
        time.sleep(0.2)
    assert tiny.metric("polo_requests_running") == 0
    assert tiny.metric("polo_kv_pages_used") == tiny.metric("polo_kv_pages_cached") <= tiny.metric("polo_kv_pages"), "a page was lost"
    assert grown < 200e6
