#!/usr/bin/env python3
"""What `parley analyze` says of real calls whose packets a snap length cut, or whose first part is
missing: never that an answer is absent which is there and only cut, nor an address that no packet
holds.

usage: snap_length_test.py PARLEY
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CALLS = ["c02-two-cone-stun", "c03-two-symmetric-turn", "c13-udp-blocked-turn-tcp"]
SNAP_LENGTHS = [78, 96, 110, 120, 160, 200]
ENHANCED_PACKET = 6


def rewritten(data, keep, snap):
    """The pcapng file with the packets of the range `keep`, each cut to `snap` bytes."""
    out, at, number = bytearray(), 0, 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        block = data[at:at + size]
        at += size
        if kind != ENHANCED_PACKET:
            out += block
            continue
        number += 1
        if number not in keep:
            continue
        interface, high, low, captured, original = struct.unpack_from("<IIIII", block, 8)
        captured = min(captured, snap)
        body = struct.pack("<IIIII", interface, high, low, captured, original)
        body += block[28:28 + captured] + bytes(-captured % 4)
        out += struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    return bytes(out)


def analyze(parley, data, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "capture.pcapng"
        path.write_bytes(data)
        return subprocess.run([parley, "analyze", *options, path], check=True, capture_output=True,
                              text=True).stdout


def main():
    parley = sys.argv[1]
    failures = []

    def check(truth, what):
        if not truth:
            failures.append(what)

    for call in CALLS:
        data = (ROOT / "captures" / call / "peerA.pcapng").read_bytes()
        for snap in SNAP_LENGTHS:
            name = f"{call} cut to {snap}"
            text = analyze(parley, rewritten(data, range(1, 1 << 20), snap))
            report = json.loads(analyze(parley, rewritten(data, range(1, 1 << 20), snap), "--json"))
            check(report["calls"], f"{name}: no call")
            check("Not one packet from B" not in text, f"{name}: B is there")
            for one in report["calls"]:
                check(one["outcome"] not in ("failed", "lost"), f"{name}: {one['outcome']}")
                # UDP really is blocked in c13: only there a server is silent, over UDP.
                silent = [f["summary"] for f in one["findings"] if f["code"] == "turn-server-silent"]
                check(not [s for s in silent if not s.endswith("over UDP.")] and
                      (call.startswith("c13") or not silent), f"{name}: {silent}")
    for call, point, first in [("c13-udp-blocked-turn-tcp", "peerA", 400),
                               ("c13-udp-blocked-turn-tcp", "peerA", 200),
                               ("c03-two-symmetric-turn", "peerB", 400),
                               ("c03-two-symmetric-turn", "peerA", 400)]:
        name = f"{call} {point} from packet {first}"
        data = (ROOT / "captures" / call / f"{point}.pcapng").read_bytes()
        kept = rewritten(data, range(first, 1 << 20), 1 << 18)
        text, report = analyze(parley, kept), json.loads(analyze(parley, kept, "--json"))
        check("?:" not in text and '"?:' not in json.dumps(report), f"{name}: an address of none")
        check([c["outcome"] for c in report["calls"]] == ["connected"] or
              [c["outcome"] for c in report["calls"]] == ["closed"], f"{name}: outcome")
        check({s["from"] for c in report["calls"] for s in c["streams"]} == {"A", "B"},
              f"{name}: media goes both ways")
        check("for a relay [" not in text and "no relay, requested" not in text,
              f"{name}: a request that is not there")
    data = (ROOT / "captures/c13-udp-blocked-turn-tcp/peerA.pcapng").read_bytes()
    named = False
    for missing in range(200, 212):
        kept = rewritten(data, set(range(1, 2000)) - {missing}, 1 << 18)
        streams = json.loads(analyze(parley, kept, "--json"))["calls"][0]["streams"]
        named = named or any("lost" in s.get("inferred", []) for s in streams)
        check([s["lost"] for s in streams] == [0, 0], f"missing segment {missing}: {streams}")
    check(named, "no stream says that a segment is missing")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
