#!/usr/bin/env python3
"""docs/architecture.md tells the truth: every folder that it lists exists, every folder is listed,
and each row of .ci/layering.py stands in its table."""

import importlib.util
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    folders, rules = text.split("## Who may include whom")
    listed = set(re.findall(r"`([a-z./_]+)`", "\n".join(
        line.split("|")[1] for line in folders.splitlines() if line.startswith("| `"))))
    real = {str(p.relative_to(ROOT)) for p in (ROOT / "stack").iterdir() if p.is_dir()}
    real |= {p.name for p in ROOT.iterdir() if p.is_dir() and p.name not in (".git", "stack", "out")
             and not p.name.startswith("build") and (not p.name.startswith(".") or p.name == ".ci")}
    spec = importlib.util.spec_from_file_location("layering", ROOT / ".ci/layering.py")
    layering = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(layering)
    ruled = set(re.findall(r"^\| `([a-z/]+)` \|", rules, re.M))
    faults = [f"docs/architecture.md lists {f}, which is not there" for f in sorted(listed - real)]
    faults += [f"docs/architecture.md does not list {f}" for f in sorted(real - listed)]
    expected = set(layering.ALLOWED) - {"stack", "fuzz", "bench", "tests"}
    faults += [f"the table of rules and .ci/layering.py differ in {f}" for f in sorted(ruled ^ expected)]
    print("\n".join(faults) or f"docs/architecture.md: {len(listed)} folders, {len(ruled)} rules, as in the tree")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
