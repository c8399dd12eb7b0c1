#!/usr/bin/env python3
"""What `parley analyze` says of real calls whose capture lies in parts, one file after the other or
one for each direction, and of calls that lost single packets between two capture points.

usage: parts_test.py PARLEY
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

from snap_length_test import ENHANCED_PACKET, ROOT, rewritten

WHOLE = 1 << 18


def frames(data):
    """The frames of the pcapng file, in order."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == ENHANCED_PACKET:
            captured = struct.unpack_from("<I", data, at + 20)[0]
            yield data[at + 28:at + 28 + captured]
        at += size


def source(frame):
    """The IPv4 source of an Ethernet frame, or nothing."""
    return frame[26:30] if frame[12:14] == b"\x08\x00" else b""


def analyze(parley, files):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, data in files.items():
            paths.append(pathlib.Path(folder) / f"{name}.pcapng")
            paths[-1].write_bytes(data)
        return json.loads(subprocess.run([parley, "analyze", "--json", *paths], check=True,
                                         capture_output=True, text=True).stdout)


def total(captures):
    counts = {}
    for capture in captures:
        for name, count in capture["by_protocol"].items():
            counts[name] = counts.get(name, 0) + count
    return counts


def packets_are_counted_in_their_files(parley, check):
    for folder in sorted((ROOT / "captures").glob("c*")):
        path = folder / "peerA.pcapng"
        if not path.exists():
            continue
        data = path.read_bytes()
        sources = [source(frame) for frame in frames(data)]
        everything = set(range(1, len(sources) + 1))
        # The host that a capture was taken at is where most packets come from or go to.
        out = {n for n in everything if sources[n - 1] == max(set(sources), key=sources.count)}
        whole = total(analyze(parley, {"whole": data})["captures"])
        for how, first in {"one after the other": set(range(1, len(sources) // 2)),
                           "by direction": out}.items():
            parts = analyze(parley, {"first": rewritten(data, first, WHOLE),
                                     "second": rewritten(data, everything - first, WHOLE)})
            name = f"{folder.name} in two files {how}"
            for capture in parts["captures"]:
                named = sum(capture["by_protocol"].values()) + capture["undecoded"]
                check(named == capture["packets"],
                      f"{name}: {named} of {capture['packets']} packets named")
            check(total(parts["captures"]) == whole,
                  f"{name}: {total(parts['captures'])}, in one file {whole}")


def one_path_is_one_where_packets_are_lost(parley, check):
    for call, lost in [("c02-two-cone-stun", 1), ("c02-two-cone-stun", 5),
                       ("c14-werift-data-keylog12", 1)]:
        near, far = ((ROOT / "captures" / call / f"{point}.pcapng").read_bytes()
                     for point in ("peerA", "peerB"))
        numbered = list(enumerate(frames(far), 1))
        # RTP, or application data of DTLS, that came from far.
        here = max({source(f) for _, f in numbered}, key=[source(f) for _, f in numbered].count)
        media = [n for n, f in numbered if n > 100 and f[42:43] in (b"\x90", b"\x80", b"\x17") and
                 source(f) != here]
        check(len(media) >= lost, f"{call}: no media to lose")
        kept = set(range(1, len(numbered) + 1)) - set(media[:lost])
        report = analyze(parley, {"peerA": near, "peerB": rewritten(far, kept, WHOLE)})
        for one in report["calls"]:
            codes = [f["code"] for f in one["findings"]]
            check("ice-paths-differ" not in codes, f"{call} without {lost}: {codes}")


def main():
    parley = sys.argv[1]
    failures = []

    def check(truth, what):
        if not truth:
            failures.append(what)

    packets_are_counted_in_their_files(parley, check)
    one_path_is_one_where_packets_are_lost(parley, check)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
