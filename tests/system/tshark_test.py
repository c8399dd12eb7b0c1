#!/usr/bin/env python3
"""Every field of STUN, TURN, DTLS and RTP that `parley packets -v` shows, against tshark 4.0.

Both programs read every capture of captures/ and of fuzz/corpora. For each packet and each field of
FIELDS (packet_values.py), the values in the order in which they stand in the packet have to be equal.
What differs for a good reason stands in DIFFERENCES with that reason; an entry that no packet needs is
a failure.

PARLEY_CORPORA=DIR adds the captures of DIR/*: real ones whose licence keeps them out of this tree.

usage: tshark_test.py PARLEY [CAPTURE...]
"""

import collections
import json
import multiprocessing
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

from packet_values import FIELDS, Values, ours, theirs

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAX_SHOWN = 40

# Attributes of the corpora that tshark names in no field.
UNKNOWN_TO_TSHARK = {0x00AA, 0x4002, 0x802F, 0xFA22}

# (why, whether it explains how the values of one field of one packet differ)
DIFFERENCES = [
    (
        "tshark opens the packet that an ICMP error quotes, parley names its 5-tuple",
        lambda name, mine, other: "ICMP" in mine.notes and not mine[name],
    ),
    (
        "SRTP with the padding bit: tshark's guess wants a count in the last octet, which is encrypted",
        lambda name, mine, other: name.startswith("rtp.") and mine["rtp.padding"] == [1] and not other[name],
    ),
    (
        "tshark 4.0 does not know the unified header of DTLS 1.3 and gives up the whole datagram",
        lambda name, mine, other: name.startswith("dtls.") and "unified" in mine.notes and not other.notes,
    ),
    (
        "tshark puts the type of an attribute that it does not know into a message of its own",
        lambda name, mine, other: name == "stun.att.type"
        and [kind for kind in mine[name] if kind not in UNKNOWN_TO_TSHARK] == other[name],
    ),
    (
        "a datagram that goes on behind its STUN message is nothing to tshark, to parley malformed STUN",
        lambda name, mine, other: name.startswith("stun.") and "malformed" in mine.notes and not other.notes,
    ),
    (
        "attribute 0x0027 is RESPONSE-PORT since RFC 5780, an address to tshark",
        lambda name, mine, other: name == "stun.att.port" and mine["stun.att.type"] == [0x0027],
    ),
    (
        "tshark opens a ServerKeyExchange only behind the ServerHello, here each datagram stands alone",
        lambda name, mine, other: name == "dtls.handshake.sig_hash_alg"
        and mine["dtls.handshake.type"] == [12]
        and not other[name],
    ),
]

# What only the captures of PARLEY_CORPORA show.
DIFFERENCES_OUTSIDE = [
    (
        "tshark goes into GTP tunnels",
        lambda name, mine, other: "gtp" in other.notes and not mine[name],
    ),
    (
        "ICE over TCP frames its messages (RFC 4571), which parley does not read yet",
        lambda name, mine, other: {"tcp", "stun"} <= other.notes and "unclaimed" in mine.notes,
    ),
    (
        "DTLS of OpenSSL before 0.9.8f has a version of its own (1.0 as 0x0100)",
        lambda name, mine, other: name.startswith("dtls.") and "unclaimed" in mine.notes
        and other["dtls.record.version"][:1] == [0x0100],
    ),
    (
        "a length that is no multiple of four is no STUN (RFC 8489 section 5)",
        lambda name, mine, other: name.startswith("stun.") and "unclaimed" in mine.notes
        and any(length % 4 for length in other["stun.length"]),
    ),
    (
        "an empty reason phrase is a field to parley",
        lambda name, mine, other: name == "stun.att.error.reason" and mine[name] == [""] and not other[name],
    ),
    (
        "a DTLS record that is damaged inside is data to tshark",
        lambda name, mine, other: name.startswith("dtls.") and "malformed" in mine.notes and not other.notes,
    ),
    (
        "an extension element that overruns the extension is named by parley, left out by tshark",
        lambda name, mine, other: name.startswith("rtp.ext.") and mine[name][: len(other[name])] == other[name],
    ),
    (
        "tshark names the version of what it took for RTP at first",
        lambda name, mine, other: name == "rtp.version" and other[name] == [0] and not mine[name],
    ),
]
OUTSIDE = os.environ.get("PARLEY_CORPORA")
if OUTSIDE:
    DIFFERENCES += DIFFERENCES_OUTSIDE


def compare(parley, capture):
    run = subprocess.run([parley, "packets", "--json", "-v", capture], capture_output=True, timeout=300, check=False)
    known = theirs(capture)
    if run.returncode != 0:
        return collections.Counter(), [f"{capture}: parley exits with {run.returncode}"], collections.Counter()
    used, failures, compared = collections.Counter(), [], collections.Counter()
    for text in run.stdout.splitlines():
        line = json.loads(text)
        mine, other = ours(line), known.pop(line["packet"], Values())
        for name in FIELDS:
            if mine[name] == other[name]:
                compared[name] += len(mine[name])
                continue
            for index, (_, explains) in enumerate(DIFFERENCES):
                if explains(name, mine, other):
                    used[index] += 1
                    break
            else:
                failures.append(
                    f"{capture} packet {line['packet']} {name}: parley {mine[name]} {sorted(mine.notes)}, "
                    f"tshark {other[name]} {sorted(other.notes)}"
                )
    failures += [f"{capture} packet {packet}: only tshark lists it" for packet in known]
    return used, failures, compared


# Folders of fuzz/corpora that hold one datagram a file.
DATAGRAMS = ["coturn-stun", "coturn-stunclient", "libwebrtc-stun", "libwebrtc-rtp", "dtls-datagrams", "aiortc"]
# Those of the captures are encrypted: handshake_failure, and close_notify.
ALERTS = [bytes.fromhex("15fefd00000000000000020002" + alert) for alert in ("0228", "0100")]
STUN_HEADER = bytes.fromhex("000100002112a442000102030405060708090a0b")


def datagram_capture(path):
    """A capture of the datagrams, each on its own 5-tuple behind a STUN message, which says that the
    5-tuple is one of WebRTC."""
    files = [one for folder in DATAGRAMS for one in sorted((ROOT / "fuzz/corpora" / folder).iterdir())]
    payloads = [one.read_bytes()[:1472] for one in files] + ALERTS
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for index, datagram in enumerate(payloads):
            for payload in (STUN_HEADER, datagram):
                udp = struct.pack(">HHHH", 61000 + index, 62001, 8 + len(payload), 0) + payload
                ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + bytes([10, 1, 0, 2, 10, 2, 0, 2])
                out.write(struct.pack("<IIII", 0, 0, len(ip) + len(udp), len(ip) + len(udp)) + ip + udp)
    return path


def captures():
    found = [*ROOT.glob("captures/*/*.pcapng"), *ROOT.glob("fuzz/corpora/zeek/*.pcap*"), *ROOT.glob("fuzz/corpora/pcapng-*/*.pcapng")]
    if OUTSIDE:
        here = {path.name for path in ROOT.glob("fuzz/corpora/*")}
        found += [
            path
            for path in pathlib.Path(OUTSIDE).glob("*/*.*cap*")
            if path.parent.name not in here
        ]
    return sorted(str(path) for path in found)


def main():
    parley = sys.argv[1]
    chosen = sys.argv[2:]
    used, failures, compared = collections.Counter(), [], collections.Counter()
    with tempfile.TemporaryDirectory() as folder, multiprocessing.Pool(2) as pool:
        chosen = chosen or captures() + [datagram_capture(folder + "/datagrams.pcap")]
        for part in pool.starmap(compare, [(parley, path) for path in chosen], chunksize=1):
            used += part[0]
            failures += part[1]
            compared += part[2]
    if not sys.argv[2:]:
        failures += [f"{name}: no capture holds it" for name in FIELDS if not compared[name]]
    for line in failures[:MAX_SHOWN]:
        print(line)
    for index, (why, _) in enumerate(DIFFERENCES):
        print(f"{used[index]:7} fields differ: {why}")
        if not sys.argv[2:] and not used[index]:
            failures.append("")
            print("  no packet needs this entry")
    print(f"{compared.total()} values of {len(chosen)} captures are equal, {len(failures)} differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
