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


# Drawn from what is absent; all of it is there.
ABSENCE = {"capture-ends-early", "capture-lacks-packets", "capture-begins-late", "capture-one-direction",
           "dtls-not-started", "dtls-stuck", "ice-no-answer", "ice-no-relay", "ice-not-nominated",
           "ice-one-side-silent", "media-one-way", "dtls-loss", "ice-loss"}


def whole_is_true(parley, check):
    """Nothing that is said of a cut capture contradicts what the whole one shows."""
    for path in sorted((ROOT / "captures").glob("*/peerA.pcapng")):
        data = path.read_bytes()
        whole = json.loads(analyze(parley, data, "--json"))["calls"]
        known = {f["code"] for call in whole for f in call["findings"]}
        outcomes = {call["outcome"] for call in whole} | {None}
        for snap in [60, 64, 68, 80, 96, 100, 128, 160, 200, 256]:
            name = f"{path.parent.name} cut to {snap}"
            cut = rewritten(data, range(1, 1 << 20), snap)
            report, text = json.loads(analyze(parley, cut, "--json")), analyze(parley, cut)
            check(report["calls"] or snap <= 80, f"{name}: no call")
            check("NOT PART OF A CALL" not in text or not [c for c in report["calls"] if c["transports"]] or
                  "NOT PART" in analyze(parley, data), f"{name}: a flow of the call is none")
            for call in report["calls"]:
                codes = {f["code"] for f in call["findings"]}
                check(call["outcome"] in outcomes, f"{name}: {call['outcome']}")
                check(not (codes - known) & ABSENCE, f"{name}: {(codes - known) & ABSENCE}")
                check(call["verdict"]["code"] in known | {"ok", "capture-cut-short"} or not call["transports"],
                      f"{name}: {call['verdict']['code']}")
                check(not [p for p in call["peers"].values() if p["ice_lite"]] or path.parent.name.startswith("c19"),
                      f"{name}: ICE-lite")
    cut = rewritten((ROOT / "captures/c08-fingerprint-mismatch/peerA.pcapng").read_bytes(), range(1, 1 << 20), 96)
    call = json.loads(analyze(parley, cut, "--json"))["calls"][0]
    check(call["outcome"] == "failed" and call["verdict"]["code"] == "dtls-peer-silent",
          f"c08 cut to 96: {call['verdict']}")
    # Without the data behind it nothing shows how the handshake went.
    report = json.loads(analyze(parley, rewritten(
        (ROOT / "captures/c08-fingerprint-mismatch/peerA.pcapng").read_bytes(), set(range(1, 17)) | {49, 50, 55}, 96),
        "--json"))
    call = report["calls"][0]
    check(call["outcome"] is None and call["verdict"]["code"] == "capture-cut-short" and
          "3 DTLS packets are here" in call["verdict"]["text"], f"c08 without data: {call['verdict']}")
    cut = rewritten((ROOT / "captures/c14-werift-data-keylog12/peerA.pcapng").read_bytes(), range(1, 1 << 20), 96)
    call = json.loads(analyze(parley, cut, "--json"))["calls"][0]
    check(call["outcome"] == "closed", f"c14 cut to 96: {call['verdict']}")


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
    whole_is_true(parley, check)
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
        check([s["lost"] or 0 for s in streams] == [0, 0], f"missing segment {missing}: {streams}")
    check(named, "no stream says that a segment is missing")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
