#!/usr/bin/env python3
"""Whose side a capture of a real call stands on, and what follows from it: never both sides at once,
never the wrong one, and no loss and no round-trip time where it is not known.

usage: sides_test.py PARLEY
"""

import pathlib
import random
import re
import sys

from lacking_test import ROOT, analyze, check, failures, kept, sent_by

# By the network that the machine of the capture stands in.
OWN = {"peerA": ("10.1.", "192.168.50.11"), "peerB": ("10.2.", "192.168.50.12"), "sfu": ("203.0.113.30",)}
# (call, point): the side is not known there. Nothing but milliseconds tells these from each other.
NOT_KNOWN = {(call, point) for point in ("peerA", "peerB")
             for call in ("c01-lan-av-data", "c01m-lan-mdns", "c08-fingerprint-mismatch", "c09b-ice-restart",
                          "c15-no-bundle")}


def side_of(call, point):
    """Of the peer that the machine at that point is."""
    sides = {pair["agent"] for transport in call["transports"] for pair in transport["pairs"]
             if (pair["local"]["address"] or "").startswith(OWN[point])}
    check(len(sides) <= 1, f"{point}: {sides}")
    return sides.pop() if sides else None


def told_sides(text):
    """The letters behind which "captured on its side" is told."""
    flat = re.sub(r"\s+", " ", text.split("\n\nWHY")[0].split("\n\nFINDINGS")[0])
    parts = re.split(r" (?=[AB] = )", flat)
    return {part[0] for part in parts if part[1:4] == " = " and "captured on its side" in part}


def claims(call):
    """By side: whether the capture is said to be beside it."""
    beside = set()
    for stream in call["streams"]:
        if stream["sent"] is not None or stream["not_captured"] is not None:
            beside.add(stream["from"])
        if stream["arrived"] is not None or stream["lost"] is not None:
            beside.add("AB".replace(stream["from"], ""))
    for transport in call["transports"]:
        beside |= {pair["agent"] for pair in transport["pairs"] if pair["rtt_ms"]}
    return beside


def single_points(parley):
    for path in sorted((ROOT / "captures").glob("*/*.pcapng")):
        point, case = path.stem, path.parent.name
        name = f"{case} {point}"
        report, text = analyze(parley, name, path.read_bytes())
        for call in report["calls"]:
            said = claims(call) | told_sides(text)
            if point != "turn":
                check(len(said) <= 1, f"{name}: beside {said}")
            if point in OWN and call["transports"]:
                known = set() if (case, point) in NOT_KNOWN else {side_of(call, point)}
                check(said == known, f"{name}: beside {said}, not {known}")
            if point.startswith("nat") or point == "turn":
                rtts = [pair["agent"] for t in call["transports"] for pair in t["pairs"] if pair["rtt_ms"]]
                # The segment outside of this NAT is that of the server too.
                check(not rtts or case == "c19-janus-ice-lite", f"{name}: RTT of {rtts} outside of a NAT")


def both_sides(parley):
    for case in ("c15-no-bundle", "c02-two-cone-stun", "c01-lan-av-data"):
        files = [(ROOT / "captures" / case / f"{point}.pcapng").read_bytes() for point in ("peerA", "peerB")]
        report, _ = analyze(parley, case, *files)
        pairs = [pair for t in report["calls"][0]["transports"] for pair in t["pairs"] if pair["responses"] > 0]
        check({pair["agent"] for pair in pairs if pair["rtt_ms"]} == {"A", "B"}, f"{case}: RTT of both sides")
        for stream in report["calls"][0]["streams"]:
            check(stream["sent"] is not None and stream["arrived"] is not None and stream["lost"] is not None,
                  f"{case}: {stream}")


def lossy(parley):
    for case, point in (("c11-firefox-chromium-av", "peerB"), ("c01-lan-av-data", "peerA"),
                        ("c02-two-cone-stun", "peerA"), ("c07-firefox-av-keylog-loss", "peerB")):
        for seed in range(3):
            name = f"{case} {point} without a fifth, seed {seed}"
            chance = random.Random(seed)
            report, _ = analyze(parley, name, kept(case, lambda n, f: chance.random() >= 0.2, point))
            call = report["calls"][0]
            own = side_of(call, point)
            check(claims(call) <= {own}, f"{name}: beside {claims(call)}, is {own}")
            for finding in call["findings"]:
                if finding["code"] == "rtp-loss":
                    check(finding["confidence"] != "certain" and finding["open"], f"{name}: {finding}")
                    check(f"of {own}:" not in finding["summary"], f"{name}: {finding}")
                if finding["code"] == "rtp-not-captured":
                    check(f"on {own}'s side" in finding["summary"], f"{name}: {finding}")


def one_direction(parley):
    name = "c02 out"
    report, text = analyze(parley, name, kept("c02-two-cone-stun", sent_by("10.1.0.2")))
    check(told_sides(text) == {"A"}, f"{name}: {told_sides(text)}")
    for stream in report["calls"][0]["streams"]:
        check(stream["lost"] is None, f"{name}: {stream}")
    report, _ = analyze(parley, "c01 out", kept("c01-lan-av-data", sent_by("192.168.50.11")))
    for stream in report["calls"][0]["streams"]:
        check(stream["lost"] is None, f"c01 out: {stream}")


def beside_another_call(parley):
    files = [(ROOT / "captures" / name).read_bytes()
             for name in ("c02-two-cone-stun/peerA.pcapng", "c13-udp-blocked-turn-tcp/peerB.pcapng")]
    _, text = analyze(parley, "two calls", *files)
    check("captured on its side (at peerA)" in re.sub(r"\s+", " ", text), "two calls: where the first was captured")


def main():
    parley = sys.argv[1]
    for part in (single_points, both_sides, lossy, one_direction, beside_another_call):
        part(parley)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"sides: {len(failures)} faults")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
