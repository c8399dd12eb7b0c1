#!/usr/bin/env python3
"""Runs clang-tidy on the files whose content it has not passed yet.

The key of a file is the hash of .clang-tidy, of the file and of every project header that it
includes, directly or not. Files that pass are remembered by that key. Newest changes come first, so
that a run with a time budget looks at what was just written; what is left over is counted aloud.
"""

import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import time

INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)


def headers_of(root, path, seen):
    for name in INCLUDE.findall(path.read_bytes()):
        header = root / name.decode()
        if header.exists() and header not in seen:
            seen.add(header)
            headers_of(root, header, seen)
    return seen


def key_of(root, path):
    digest = hashlib.sha256((root / ".clang-tidy").read_bytes())
    digest.update((root / "cmake/Parley.cmake").read_bytes())
    for part in [path] + sorted(headers_of(root, path, set())):
        digest.update(str(part.relative_to(root)).encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()


def newest_first(root, files):
    log = subprocess.run(["git", "log", "--format=", "--name-only", "-n", "400"], cwd=root,
                         capture_output=True, text=True, check=False).stdout.split()
    order = {}
    for position, name in enumerate(log):
        order.setdefault(name, position)
    return sorted(files, key=lambda f: (order.get(str(f.relative_to(root)), len(log)), str(f)))


def changed_since(root, revision, files):
    """Those that differ from `revision`, and for each other header that does one file that includes
    it; all of them where the revision is not known (a shallow clone)."""
    diff = subprocess.run(["git", "diff", "--name-only", revision, "--"], cwd=root,
                          capture_output=True, text=True, check=False)
    if diff.returncode != 0:
        return files
    new = subprocess.run(["git", "ls-files", "--others", "--exclude-standard"], cwd=root,
                         capture_output=True, text=True, check=False).stdout
    names = {root / name for name in (diff.stdout + new).split()}
    chosen = [f for f in files if f in names]
    covered = set()
    for f in chosen:
        headers_of(root, f, covered)
    for header in sorted(n for n in names if n.suffix == ".h" and n not in covered):
        for f in files:
            seen = headers_of(root, f, set())
            if header in seen:
                chosen.append(f)
                covered |= seen
                break
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--cache", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--budget", type=float, default=0, help="seconds; 0: none")
    parser.add_argument("--again", action="store_true", help="also what has passed before")
    parser.add_argument("--only", default="", help="comma-separated top folders")
    parser.add_argument("--since", default="", help="only files that differ from this revision")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parent.parent
    database = json.loads((root / options.build / "compile_commands.json").read_text())
    known = sorted({pathlib.Path(entry["file"]) for entry in database})
    files = [f for f in known if f.is_relative_to(root) and not f.is_relative_to(root / options.build)]
    if options.since:
        files = changed_since(root, options.since, files)
    if options.only:
        tops = options.only.split(",")
        files = [f for f in files if f.relative_to(root).parts[0] in tops]
    if options.files:
        files = [f for f in files if str(f.relative_to(root)) in options.files]
    cache = pathlib.Path(options.cache)
    cache.mkdir(parents=True, exist_ok=True)
    todo = [(f, key_of(root, f)) for f in newest_first(root, files)]
    if not options.again:
        todo = [(f, k) for f, k in todo if not (cache / k).exists()]
    end = time.monotonic() + options.budget if options.budget else None

    def check(item):
        path, key = item
        if end and time.monotonic() > end:
            return path, None, ""
        run = subprocess.run(["clang-tidy", "--quiet", "-p", str(root / options.build), str(path)],
                             capture_output=True, text=True, check=False)
        if run.returncode == 0:
            (cache / key).touch()
        return path, run.returncode == 0, run.stdout

    failed = left = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path, passed, output in pool.map(check, todo):
            if passed is None:
                left += 1
            elif not passed:
                failed += 1
                print(output.strip() or f"{path}: clang-tidy failed")
    print(f"clang-tidy: {len(files)} files, {len(files) - len(todo)} known, "
          f"{len(todo) - left} checked, {left} left for the next run, {failed} with faults")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
