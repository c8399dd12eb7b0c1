#!/usr/bin/env python3
"""Checks the dependency rule of docs/architecture.md and the purity of stack/.

Each row: a folder and the folders that its files may include. The table is data; the tree must fit
it. The analyzer and the simulator never include each other, and the analyzer includes no engine.
"""

import pathlib
import re
import sys

BASE = ["stack/base"]
WIRE = BASE + ["stack/crypto", "stack/wire"]
TRACE = BASE + ["stack/trace"]
CODEC = WIRE + ["stack/trace"]

ALLOWED = {
    "stack/base": BASE,
    "stack/crypto": BASE + ["stack/crypto"],
    "stack/wire": WIRE,
    "stack/trace": TRACE,
    "stack": TRACE,  # stack/machine.h
    "stack/stun": CODEC + ["stack/machine.h", "stack/stun"],
    "stack/ice": CODEC + ["stack/machine.h", "stack/stun", "stack/ice"],
    "stack/dtls": CODEC + ["stack/machine.h", "stack/dtls"],
    "stack/srtp": WIRE + ["stack/srtp"],
    "stack/session": CODEC + ["stack/machine.h", "stack/stun", "stack/ice", "stack/dtls", "stack/session"],
    "sim": ["stack", "sim"],
    "analyzer": CODEC + ["stack/srtp", "analyzer"],
    "cli": ["stack", "analyzer", "sim", "cli"],
    "fuzz": ["stack", "analyzer", "sim", "fuzz"],
    "bench": ["stack", "analyzer", "sim", "bench"],
    "tests": ["stack", "analyzer", "sim", "cli", "tests"],
}

# What sans-IO code cannot have. openssl_env is the one place where libssl's clock and generator
# are replaced (docs/adr/0004).
IMPURE = [
    (re.compile(r"_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\btime\(\s*(nullptr|0|NULL)\s*\)"), "a clock"),
    (re.compile(r"#include <(thread|mutex|atomic|condition_variable|future|shared_mutex)>"), "threads"),
    (re.compile(r"#include <random>|\brandom_device\b|\bmt19937|\brand\(\)"), "a randomness source"),
    (re.compile(r"#include <(fstream|filesystem|iostream|cstdio)>|#include <sys/socket.h>|\bsocket\("), "input or output"),
    (re.compile(r"\bthrow\b(?!\s*\()"), "an exception"),
    (re.compile(r"^\s*(static|thread_local|inline static)\s+(?!const\b|constexpr\b|consteval\b|inline\b)[\w:<>, *&]+\s+\w+\s*(=|;|\{)", re.M), "mutable state that outlives a call"),
]
# What would let a run differ from another of the same seed, or an analysis from another of the same
# file: only what gives a result is listed, not what writes it.
UNREPEATABLE = IMPURE[:3]
REPEATABLE_FOLDERS = ("sim", "analyzer")
# assert.h writes one line before it ends the process.
EXEMPT = {"stack/crypto/openssl_env.cc", "stack/crypto/openssl_env.h", "stack/base/assert.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
LIMIT = 700


def folder_of(path):
    for length in (2, 1):
        key = "/".join(path.parts[:length])
        if key in ALLOWED and (length == 1 or len(path.parts) > length):
            return key
    return None


def code_only(text):
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def faults_of(path, text):
    folder = folder_of(path)
    if folder is None:
        return [f"{path}: no row of .ci/layering.py covers this folder"]
    faults = []
    for include in INCLUDE.findall(text):
        if not any(include == a or include.startswith(a + "/") for a in ALLOWED[folder]):
            faults.append(f'{path}: {folder} may not include "{include}"')
    lines = text.count("\n")
    if lines > LIMIT and folder not in ("tests",):
        faults.append(f"{path}: {lines} lines, the limit is {LIMIT}")
    if folder.startswith("stack") and str(path) not in EXEMPT:
        code = code_only(text)
        faults += [f"{path}: stack/ may not use {what}" for pattern, what in IMPURE if pattern.search(code)]
    if folder in REPEATABLE_FOLDERS:
        code = code_only(text)
        faults += [f"{path}: {folder}/ may not use {what}" for pattern, what in UNREPEATABLE if pattern.search(code)]
    return faults


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    files = [p for top in ("stack", "sim", "analyzer", "cli", "fuzz", "bench", "tests")
             for p in sorted((root / top).rglob("*")) if p.suffix in (".h", ".cc")]
    faults = [f for p in files for f in faults_of(p.relative_to(root), p.read_text(encoding="utf-8"))]
    for fault in faults:
        print(fault)
    print(f"layering: {len(files)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
