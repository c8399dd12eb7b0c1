#!/usr/bin/env python3
"""What `parley analyze` says of real calls whose capture begins after their first checks: a time at which
ICE came up is the one that the whole capture shows, or none. And of calls whose capture ends, or of
which nothing comes in any more: no outcome that the packets do not carry.

usage: late_begin_test.py PARLEY
"""

import sys

from lacking_test import analyze, check, codes, failures, kept

POINTS = [
    ("c02-two-cone-stun", "peerA"), ("c02-two-cone-stun", "peerB"), ("c06-aiortc-data-keylog", "peerB"),
    ("c07-firefox-av-keylog-loss", "peerB"), ("c13-udp-blocked-turn-tcp", "peerA"), ("c16-pion-av-data", "peerA"),
    ("c18-janus-echotest", "peerA"), ("c11-firefox-chromium-av", "peerA"), ("c15-no-bundle", "peerB")]
STEP, REACH = 7, 43


def seconds(moment):
    """Of "2026-11-22T07:24:29.579000000Z", since midnight."""
    hours, minutes, rest = moment.split("T")[1].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def times_up(report):
    """When ICE came up, of every agent of which it is told."""
    origin = seconds(report["captures"][0]["first_time"])
    return [origin + agent["connected_s"] for call in report["calls"] for transport in call["transports"]
            for agent in transport["agents"].values() if agent["connected_s"] is not None]


def first_check(report):
    return min(pair["first"]["packet"] for call in report["calls"] for transport in call["transports"]
               for pair in transport["pairs"])


def beginnings(parley):
    known = 0
    for case, point in POINTS:
        whole, _ = analyze(parley, f"{case} {point}", kept(case, lambda n, f: True, point))
        truth = times_up(whole)
        check(truth, f"{case} {point}: ICE came up")
        begin = first_check(whole)
        for first in range(begin + 1, begin + REACH, STEP):
            name = f"{case} {point} from packet {first}"
            report, text = analyze(parley, name, kept(case, lambda n, f, first=first: n >= first, point))
            told = times_up(report)
            known += len(told)
            wrong = [at for at in told if all(abs(at - other) > 0.002 for other in truth)]
            check(not wrong, f"{name}: ICE came up at {wrong}, {truth} in the whole capture")
            missing = any("capture-begins-late" in codes(call) for call in report["calls"])
            check(missing or told, f"{name}: neither begins late nor tells when ICE came up")
            check(not missing or "after the first check)" not in text, f"{name}: a time after the first check")
    check(known > 0, "some cuts leave the first checks of an agent")


def middles(parley):
    """Not one packet comes in any more, and not even its STUN server answers A."""
    for first, last in ((633, 1151), (863, 1151), (700, 1100)):
        name = f"c09 peerA {first} to {last}"
        report, text = analyze(parley, name, kept("c09-consent-loss", lambda n, f: first <= n <= last))
        call = report["calls"][0]
        check(call["outcome"] == "lost", f"{name}: {call['outcome']}")
        check("path is up" not in text and "Connected over" not in text, f"{name}: a path is up")
    for first, last in ((250, 502), (251, 502), (251, 753)):
        name = f"c02 peerA {first} to {last}"
        report, text = analyze(parley, name, kept("c02-two-cone-stun", lambda n, f: first <= n <= last))
        check("capture-begins-late" in codes(report["calls"][0]), f"{name}: {codes(report['calls'][0])}")
        check("is up" not in text, f"{name}: ICE comes up in the capture")


def ends(parley):
    """An agent that still checks has not failed."""
    for case in ("c04-symmetric-no-turn-fails", "c05b-turn-403-forbidden-peer"):
        for last in (100, 160, 200, 208):
            name = f"{case} to packet {last}"
            report, _ = analyze(parley, name, kept(case, lambda n, f: n <= last))
            check(report["calls"][0]["outcome"] == "in-progress", f"{name}: {report['calls'][0]['outcome']}")


def main():
    parley = sys.argv[1]
    beginnings(parley)
    middles(parley)
    ends(parley)
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failed" if failures else "all passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
