"""The servers that the clients talk to: `polo serve` with Polo Tiny, with SmolLM2, and with a random Qwen2.

POLO_BIN is the program, POLO_SMOLLM2 the file of SmolLM2; `cargo xtask test --only clients` sets both.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "sk-of-the-tests"


class Server:
    """A running server: its address, and what it has said so far."""

    def __init__(self, folder, *arguments, key=None):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.key = key
        self.log = folder / "server.log"
        # Nothing of the person's own: neither models nor settings.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("POLO_", "HF_", "OLLAMA_"))}
        environment |= {"POLO_HOME": str(folder / "home"), "HF_HOME": str(folder / "hf"), "XDG_CONFIG_HOME": str(folder)}
        if key:
            environment["POLO_API_KEY"] = key
        self.process = subprocess.Popen(
            [os.environ["POLO_BIN"], "serve", "--port", str(port), *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log.open("wb"), stderr=subprocess.STDOUT, env=environment,
        )
        end = time.monotonic() + 300
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"polo serve did not come up: {self.said()}")
            time.sleep(0.1)

    def answers(self):
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False

    def said(self):
        """Everything it wrote."""
        return self.log.read_text(errors="replace")

    def resident(self):
        """Bytes of memory (Linux only)."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def metric(self, name):
        """A gauge or counter of /metrics, summed over its labels."""
        request = urllib.request.Request(self.url + "/metrics")
        if self.key:
            request.add_header("Authorization", f"Bearer {self.key}")
        with urllib.request.urlopen(request, timeout=10) as reply:
            lines = reply.read().decode().splitlines()
        values = [float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
        assert values, f"/metrics has no {name}"
        return sum(values)

    def close(self):
        self.process.terminate()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert code == 0, f"polo serve ended with {code}: {self.said()[-2000:]}"
        assert "panicked" not in self.said()


def serve(folder, *arguments, key=None):
    server = Server(folder, *arguments, key=key)
    yield server
    server.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Polo Tiny, behind a key."""
    yield from serve(tmp_path_factory.mktemp("tiny"), "--model", "polo-tiny", key=KEY)


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory):
    """SmolLM2-135M-Instruct, a real model that does not think aloud."""
    path = os.environ.get("POLO_SMOLLM2")
    if not path:
        pytest.fail("POLO_SMOLLM2 does not name the file: run `cargo xtask test --only clients`")
    yield from serve(tmp_path_factory.mktemp("smollm2"), "--model", path, "--context", "4096")


@pytest.fixture(scope="session")
def random_qwen2(tmp_path_factory):
    """A seeded random Qwen2 of which transformers' numbers are known (tests/data/README.md)."""
    folder = tmp_path_factory.mktemp("random")
    shutil.copytree(ROOT / "tests/data/golden/bf16_file", folder / "model")
    yield from serve(folder, "--model", str(folder / "model"), "--kv", "f32")
