"""What strangers may send: the published description exercised, names that point elsewhere, slow and broken clients."""

import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import time
import urllib.parse

from conftest import KEY
from test_load import post


def talk(server, data, wait=10):
    """Sends bytes as they are and returns what comes until the server closes or falls silent."""
    address = urllib.parse.urlparse(server.url)
    got = b""
    with socket.create_connection((address.hostname, address.port), timeout=wait) as line:
        try:
            line.sendall(data)
            while piece := line.recv(65536):
                got += piece
                if b"\r\n\r\n" in got and b"chunked" not in got and len(got) > 16:
                    break
        except OSError:
            pass
    return got


def test_the_description_holds(tiny, tmp_path):
    """schemathesis makes requests of every kind from /openapi.json; none may end in a server error."""
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")), "run", f"{tiny.url}/openapi.json",
        "--header", f"Authorization: Bearer {KEY}", "--checks", "not_a_server_error,status_code_conformance,content_type_conformance",
        "--max-examples", os.environ.get("POLO_SCHEMATHESIS", "5"), "--seed", "1", "--request-timeout", "120",
        "--exclude-path-regex", "/api/(pull|delete|create|embed|embeddings)$",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert tiny.answers()


def test_names_do_not_point_elsewhere(tiny, tmp_path):
    secret = tmp_path / "secret.gguf"
    secret.write_bytes(b"GGUF" + bytes(100))
    names = [str(secret), f"file://{secret}", "../../../etc/passwd", "..\\..\\x", "/etc/passwd", "http://127.0.0.1:1/x.gguf",
             "a" * 100_000, "polo-tiny/../x", "%2e%2e/%2e%2e", "\0", "C:\\x.gguf"]
    for name in names:
        for path, body in [
            ("/v1/chat/completions", {"model": name, "messages": [{"role": "user", "content": "1"}]}),
            ("/v1/completions", {"model": name, "prompt": "1"}),
            ("/api/chat", {"model": name, "messages": []}),
            ("/api/show", {"model": name}),
        ]:
            status, reply = post(tiny.url + path, body)
            assert status in (400, 404), (path, name[:40], status, reply)
    assert secret.exists()
    for path in ["/v1/models/..%2f..%2fetc%2fpasswd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"]:
        got = talk(tiny, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n".encode())
        assert b"root:" not in got and b" 500 " not in got[:20], got[:200]


def test_bad_bodies(tiny):
    url = f"{tiny.url}/v1/chat/completions"
    message = [{"role": "user", "content": "1"}]
    dice = random.Random(3)
    bodies = [dice.randbytes(dice.randrange(2000)) for _ in range(60)]
    bodies += [b"[" * 100_000, b'{"messages":' + b"[" * 50_000, b'{"a":' * 20_000, b'"' + b"\\u0000" * 1000 + b'"']
    bodies += [
        json.dumps({"model": "polo-tiny", "messages": message} | wrong).encode()
        for wrong in [
            {"temperature": "hot"}, {"temperature": 1e308}, {"max_tokens": -1}, {"max_tokens": 2**70}, {"n": 10**9}, {"top_p": 0},
            {"stop": ["x"] * 10_000}, {"logit_bias": {"x": 1}}, {"logit_bias": {"1": 1e9}}, {"logit_bias": {"4000000000": 1}},
            {"messages": []}, {"messages": [{"role": "nobody", "content": "1"}]}, {"messages": [{"role": "user"}]},
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]},
            {"top_logprobs": 21, "logprobs": True}, {"response_format": {"type": "xml"}}, {"search": {"rollouts": -1}}, {"search": 3},
            {"search": {"no_such_option": 1}}, {"seed": "x"}, {"stream": "yes"},
        ]
    ]
    for body in bodies:
        status, reply = post(url, body)
        assert 400 <= status < 500, (body[:200], status)
        assert isinstance(reply["error"]["message"], str) and reply["error"]["type"], reply
    # Told before the body has come.
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    assert b" 413" in talk(tiny, f"{head}Content-Length: {70 << 20}\r\n\r\n{{".encode())[:15]
    assert tiny.answers()


def test_floods_and_slow_clients(tiny):
    many = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 100) for n in range(2000))
    got = talk(tiny, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")
    assert got == b"" or b" 4" in got[:15], got[:100]
    got = talk(tiny, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert got == b"" or b" 4" in got[:15], got[:100]
    assert b" 400" in talk(tiny, b"NONSENSE\r\n\r\n")[:15]
    # Another name for this machine is how a web page elsewhere would reach it.
    got = talk(tiny, f"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n".encode())
    assert b" 403" in got[:15], got[:200]
    # Heads that never end hold a connection, and nothing else.
    address = urllib.parse.urlparse(tiny.url)
    slow = [socket.create_connection((address.hostname, address.port)) for _ in range(100)]
    for line in slow:
        line.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX: ")
    assert tiny.answers()
    end = time.monotonic() + 60
    slow[0].settimeout(60)
    try:
        while slow[0].recv(1000):
            pass
    except ConnectionError:
        pass
    assert time.monotonic() < end, "a head that does not come is waited for without end"
    for line in slow:
        line.close()
