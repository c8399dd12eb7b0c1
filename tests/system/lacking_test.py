#!/usr/bin/env python3
"""What `parley analyze` says of real calls when the capture lacks something of them: a direction, the
beginning, packets, all but one protocol. Never that something was absent which only the capture
lacks.

usage: lacking_test.py PARLEY
"""

import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENHANCED_PACKET = 6
ETHERNET, IPV4, UDP = 14, 0x0800, 17

failures = []


def check(truth, what):
    if not truth:
        failures.append(what)


def kept(call, wanted, point="peerA"):
    """The capture with the packets for which wanted(number, frame) is true."""
    data = (ROOT / "captures" / call / f"{point}.pcapng").read_bytes()
    out, at, number = bytearray(), 0, 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        block = data[at:at + size]
        at += size
        if kind == ENHANCED_PACKET:
            number += 1
            captured = struct.unpack_from("<I", block, 20)[0]
            if not wanted(number, block[28:28 + captured]):
                continue
        out += block
    return bytes(out)


def address(frame, offset):
    """Of IPv4: the source at 12, the destination at 16."""
    if len(frame) < ETHERNET + 20 or struct.unpack_from(">H", frame, 12)[0] != IPV4:
        return None
    return ".".join(str(b) for b in frame[ETHERNET + offset:ETHERNET + offset + 4])


def sent_by(host):
    return lambda number, frame: address(frame, 12) == host


def sent_to(host):
    return lambda number, frame: address(frame, 16) == host


def is_stun(frame):
    udp = ETHERNET + 20
    return (address(frame, 12) is not None and frame[ETHERNET + 9] == UDP and
            frame[udp + 12:udp + 16] == b"\x21\x12\xa4\x42")


def analyze(parley, name, *captures):
    """The report and its text."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, data in enumerate(captures):
            paths.append(pathlib.Path(folder) / f"point{i}.pcapng")
            paths[-1].write_bytes(data)
        run = [subprocess.run([parley, "analyze", "--all", *options, *paths], capture_output=True, text=True)
               for options in (["--json"], [])]
    check(all(r.returncode == 0 for r in run), f"{name}: {run[0].stderr}")
    return json.loads(run[0].stdout), run[1].stdout


def codes(call, level=None):
    return [f["code"] for f in call["findings"] if level is None or f["level"] == level]


HOSTS = {"c01-lan-av-data": "192.168.50.11", "c02-two-cone-stun": "10.1.0.2", "c03-two-symmetric-turn": "10.1.0.2",
         "c05-turn-wrong-password": "10.1.0.2", "c06-aiortc-data-keylog": "192.168.50.11",
         "c09-consent-loss": "10.1.0.2", "c11-firefox-chromium-av": "10.1.0.2",
         "c13-udp-blocked-turn-tcp": "10.1.0.2"}


def one_direction(parley):
    for case, host in HOSTS.items():
        for way, wanted in (("out", sent_by(host)), ("in", sent_to(host))):
            name = f"{case} {way}"
            report, text = analyze(parley, name, kept(case, wanted))
            for call in report["calls"]:
                if not call["transports"]:
                    continue
                check("capture-one-direction" in codes(call), f"{name}: {codes(call)}")
                check(not codes(call, "error"), f"{name}: {codes(call, 'error')}")
                check(call["outcome"] not in ("lost",), f"{name}: {call['outcome']}")
                if case in ("c01-lan-av-data", "c02-two-cone-stun"):
                    check(call["outcome"] in ("connected", "closed"), f"{name}: {call['outcome']}")
                for code in ("media-one-way", "stun-server-silent", "turn-server-silent", "ice-relayed",
                             "capture-ends-early", "network-udp-blocked"):
                    check(code not in codes(call), f"{name}: {code}")
            for claim in ("no answer", "none answered", "Not one packet"):
                check(claim not in text, f"{name}: '{claim}'")
    report, text = analyze(parley, "c06 out", kept("c06-aiortc-data-keylog", sent_by("192.168.50.11")))
    check(report["calls"][0]["outcome"] == "closed", "c06 out: A's close_notify is there")
    report, text = analyze(parley, "c05 out", kept("c05-turn-wrong-password", sent_by("10.1.0.2")))
    check(report["calls"][0]["verdict"]["code"] == "capture-one-direction", "c05 out: verdict")
    check("NONCE" in text, "c05 out: the server did answer")
    report, text = analyze(parley, "c04 in", kept("c04-symmetric-no-turn-fails", sent_to("10.1.0.2")))
    check("203.0.113.10:3478 answers 10.1.0.2" in text and "one direction" in text, "c04 in: server and direction")
    # The other point has both directions: nothing is lost on the way to a point that lacks one.
    report, text = analyze(parley, "c02 out and peerB", kept("c02-two-cone-stun", sent_by("10.1.0.2")),
                           kept("c02-two-cone-stun", lambda number, frame: True, "peerB"))
    check(not codes(report["calls"][0], "error"), f"c02 out and peerB: {codes(report['calls'][0])}")


def sides_of_directions(parley):
    """Which host was captured, and what servers told it, where half of the packets are missing."""
    for case in ("c05b-turn-403-forbidden-peer", "c03-two-symmetric-turn"):
        name = f"{case} peerB out"
        report, text = analyze(parley, name, kept(case, sent_by("10.2.0.2"), "peerB"))
        check("only what B sends" in text and "comes to A" not in text, f"{name}: whose packets")
        check("Take the capture at B" in text and "To be certain" not in text, f"{name}: what to try")
    # The answers to Allocate tell of the relays.
    name = "c03 in"
    report, text = analyze(parley, name, kept("c03-two-symmetric-turn", sent_to("10.1.0.2")))
    relays = {t["relayed"]: t for t in report["calls"][0]["turn"]}
    check(set(relays) == {"203.0.113.10:49225", "203.0.113.10:49167"}, f"{name}: {set(relays)}")
    check(all(t["lifetime_s"] == 600 for t in relays.values()), f"{name}: lifetime")
    check("made before" not in text and "no relay" not in text, f"{name}: the relays are in it")
    check("the requests are not here" in text, f"{name}: the requests are not")
    name = "c05 in"
    report, text = analyze(parley, name, kept("c05-turn-wrong-password", sent_to("10.1.0.2")))
    turn = report["calls"][0]["turn"][0]
    check(turn["state"] == "refused" and "state" in turn["inferred"], f"{name}: {turn['state']}")
    check("the requests are not here" in text, f"{name}: one direction")
    name = "c05 out"
    report, text = analyze(parley, name, kept("c05-turn-wrong-password", sent_by("10.1.0.2")))
    check("with credentials, as 'alice' [" in text and "no relay" not in text, f"{name}: credentials")
    name = "c02 in"
    report, text = analyze(parley, name, kept("c02-two-cone-stun", sent_to("10.1.0.2")))
    check("203.0.113.21" in report["calls"][0]["peers"]["A"]["addresses"], f"{name}: what the server saw")
    name = "c02 out"
    report, text = analyze(parley, name, kept("c02-two-cone-stun", sent_by("10.1.0.2")))
    check("answer not captured" not in text and "not known" in text, f"{name}: an answer that never was")


def lacking_answer(parley):
    """One response to an Allocate request is missing: the client did not ask again, so it came."""
    report, text = analyze(parley, "c05 without a 401", kept("c05-turn-wrong-password", lambda n, f: n != 10, "peerB"))
    call = report["calls"][0]
    check("capture-lacks-packets" in codes(call), f"without a 401: {codes(call)}")
    for claim in ("got none", "had no relay", "there was no relay", "no relay, requested"):
        check(claim not in text, f"without a 401: {claim}")
    check("The answer to B's Allocate with credentials is not here" in " ".join(text.split()), "without a 401: open")
    check([f["confidence"] for f in call["findings"] if f["code"] == "ice-no-relay"] == ["possible"],
          "without a 401: confidence")


def beginning(parley):
    for case, first, last in [("c02-two-cone-stun", 200, 600), ("c06-aiortc-data-keylog", 300, 1078),
                              ("c01-lan-av-data", 400, 1600), ("c11-firefox-chromium-av", 300, 900)]:
        name = f"{case} from packet {first}"
        report, text = analyze(parley, name, kept(case, lambda n, f: first <= n <= last))
        for call in report["calls"]:
            check("capture-begins-late" in codes(call), f"{name}: {codes(call)}")
            check(call["outcome"] in ("connected", "closed"), f"{name}: {call['outcome']}")
            for transport in call["transports"]:
                for agent in transport["agents"].values():
                    check(agent["connected_s"] is None and agent["nominates"] is None, f"{name}: {agent}")
        check("is up" not in text and "DTLS is finished" not in text and "ICE connected" not in text,
              f"{name}: the beginning is told")
    # After gathering: a relay that A has, and that its capture does not show.
    name = "c04 from its first checks"
    report, text = analyze(parley, name, kept("c04-symmetric-no-turn-fails", lambda n, f: 30 <= n))
    call = report["calls"][0]
    check("capture-begins-late" in codes(call), f"{name}: {codes(call)}")
    check("had no relay" not in text and "sent no TURN Allocate" not in text, f"{name}: no relay is claimed")
    check("No relay of A was seen" in text and "Whether A had a relay" in text, f"{name}: what is open")
    # Behind the handshake, with protected data of one side alone.
    name = "c08 behind its handshake"
    report, text = analyze(parley, name, kept("c08-fingerprint-mismatch", lambda n, f: 19 <= n <= 55))
    check(report["calls"][0]["outcome"] is None, f"{name}: {report['calls'][0]['outcome']}")
    check("that this is the cause" not in text, f"{name}: no cause is named")


def whole(parley):
    """Nothing of this is said of captures that lack nothing."""
    said = {"capture-one-direction", "capture-begins-late", "capture-lacks-packets", "capture-filtered"}
    for path in sorted((ROOT / "captures").glob("*/peer?.pcapng")):
        report, _ = analyze(parley, str(path), path.read_bytes())
        for call in report["calls"]:
            check(not said & set(codes(call)), f"{path.parent.name} {path.name}: {codes(call)}")


def packets(parley):
    for case in ("c02-two-cone-stun", "c08-fingerprint-mismatch", "c06-aiortc-data-keylog"):
        for seed in range(4):
            name = f"{case} without a fifth, seed {seed}"
            chance = random.Random(seed)
            report, _ = analyze(parley, name, kept(case, lambda n, f: chance.random() >= 0.2))
            for call in report["calls"]:
                surely = [f["code"] for f in call["findings"]
                          if f["level"] == "error" and f["confidence"] != "possible"]
                check(not surely or case.startswith("c08"), f"{name}: {surely}")
                check(not {"dtls-stuck", "dtls-not-started"} & set(surely), f"{name}: {surely}")


def filters(parley):
    report, text = analyze(parley, "STUN only", kept("c02-two-cone-stun", lambda n, f: is_stun(f)))
    call = report["calls"][0]
    check(call["outcome"] is None and call["verdict"]["code"] == "capture-filtered", f"STUN only: {call['verdict']}")
    check("capture filter" in text, "STUN only: the filter is named")
    # A filter that reads DTLS 1.3 only up to its ServerHello.
    seen = []

    def hello(number, frame):
        udp = ETHERNET + 20
        if address(frame, 12) is not None and frame[ETHERNET + 9] == UDP and frame[udp + 8] == 22:
            seen.append(number)
            return True
        return is_stun(frame)
    report, _ = analyze(parley, "hellos only", kept("c02-two-cone-stun", hello))
    call = report["calls"][0]
    check(seen and call["outcome"] is None and not codes(call, "error"), f"hellos only: {codes(call)}")
    # Without the port that A's media moved to.
    moved = struct.pack(">H", 57012)
    report, text = analyze(parley, "one path less", kept(
        "c09b-ice-restart", lambda n, f: f[ETHERNET + 20:ETHERNET + 22] != moved and f[ETHERNET + 22:ETHERNET + 24] != moved))
    check("then from" in report["calls"][0]["verdict"]["text"], f"one path less: {report['calls'][0]['verdict']}")
    report, _ = analyze(parley, "c09", (ROOT / "captures/c09-consent-loss/peerA.pcapng").read_bytes())
    check(any(e["what"].startswith("last RTP of A") for e in report["calls"][0]["timeline"]), "c09: A's media ends")


def main():
    parley = sys.argv[1]
    for part in (one_direction, sides_of_directions, lacking_answer, beginning, packets, filters, whole):
        part(parley)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
