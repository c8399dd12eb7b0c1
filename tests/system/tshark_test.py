#!/usr/bin/env python3
"""Every field of STUN, TURN, DTLS and RTP that `parley packets -v` shows, against tshark 4.0.

Both programs read every capture of captures/ and of fuzz/corpora. For each packet and each field of
FIELDS, the values in the order in which they stand in the packet have to be equal. What differs for
a good reason stands in DIFFERENCES with that reason; an entry that no packet needs is a failure.

PARLEY_CORPORA=DIR adds the captures of DIR/*: real ones whose licence keeps them out of this tree.

usage: tshark_test.py PARLEY [CAPTURE...]
"""

import collections
import json
import multiprocessing
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# c01m uses the UDP port of EtherNet/IP.
TSHARK = ["tshark", "-n", "--disable-protocol", "enip"] + [
    word
    for name in ("rtp_udp", "rtp_stun", "dtls_stun", "stun_turn")
    for word in ("--enable-heuristic", name)
]
FIELD_END, VALUE_END = "\x1e", "\x1f"
MAX_SHOWN = 40


def number(text):
    return int(text, 0)


def octets(text):
    return text.lower().replace(":", "").removeprefix("0x")


# Name in tshark: how its text becomes a value. The order is that of tshark's columns.
FIELDS = {
    "stun.type": number,
    "stun.length": number,  # of ChannelData too
    "stun.id": octets,
    "stun.channel": number,
    "stun.att.type": number,
    "stun.att.length": number,
    "stun.att.username": str,
    "stun.att.priority": number,
    "stun.att.ipv4": str,
    "stun.att.ipv6": str,
    "stun.att.port": number,
    "stun.att.tie-breaker": octets,
    "stun.att.error.class": number,
    "stun.att.error": number,
    "stun.att.error.reason": str,
    "stun.att.realm": str,
    "stun.att.nonce": str,
    "stun.att.software": str,
    "stun.att.lifetime": number,
    "stun.att.channelnum": number,
    "stun.att.transp": number,
    "stun.att.crc32": number,
    "dtls.record.content_type": number,
    "dtls.record.version": number,
    "dtls.record.epoch": number,
    "dtls.record.sequence_number": number,
    "dtls.record.length": number,
    "dtls.handshake.type": number,
    "dtls.handshake.length": number,
    "dtls.handshake.message_seq": number,
    "dtls.handshake.fragment_offset": number,
    "dtls.handshake.fragment_length": number,
    "dtls.handshake.version": number,
    "dtls.handshake.random": octets,
    "dtls.handshake.session_id_length": number,
    "dtls.handshake.ciphersuite": number,
    "dtls.handshake.comp_method": number,
    "dtls.handshake.extension.type": number,
    "dtls.handshake.extension.len": number,
    "dtls.handshake.extensions_supported_group": number,
    "dtls.handshake.extensions.supported_version": number,
    "dtls.handshake.extensions_key_share_group": number,
    "dtls.handshake.sig_hash_alg": number,
    "dtls.use_srtp.protection_profile": number,
    "dtls.handshake.certificate_length": number,
    "dtls.alert_message.level": number,
    "dtls.alert_message.desc": number,
    "rtp.version": number,
    "rtp.padding": number,
    "rtp.ext": number,
    "rtp.cc": number,
    "rtp.marker": number,
    "rtp.p_type": number,
    "rtp.seq": number,
    "rtp.timestamp": number,
    "rtp.ssrc": number,
    "rtp.csrc.item": number,
    "rtp.ext.profile": number,
    "rtp.ext.len": number,
    "rtp.ext.rfc5285.id": number,
    "rtp.ext.rfc5285.len": number,
}

# --- What parley shows ---------------------------------------------------------------------------


def code(text):
    """The number of "DTLS 1.2 (0xfefd)", "handshake (22)", "0x0001 (Binding request)", "600 s"."""
    found = re.search(r"0x[0-9a-f]+|\d+(?=\)$)", text) or re.match(r"\d+", text)
    return int(found.group(), 0)


def child(field, name):
    return next((c for c in field["children"] if c["name"] == name), None)


def yes(text):
    return 1 if text == "yes" else 0


def first_word(text):
    return text.split(" ")[0]


ADDRESSES = {0x0001, 0x0012, 0x0016, 0x0020, 0x8020, 0x8023, 0x802B, 0x802C}
# Attributes whose value is one of tshark's fields: how parley's text becomes the value.
ATTRIBUTES = {
    0x0006: ("stun.att.username", lambda f: f["value"]),
    0x000C: ("stun.att.channelnum", lambda f: code(child(f, "Channel Number")["value"])),
    0x000D: ("stun.att.lifetime", lambda f: code(f["value"])),
    0x0014: ("stun.att.realm", lambda f: f["value"]),
    0x0015: ("stun.att.nonce", lambda f: f["value"]),
    0x0019: ("stun.att.transp", lambda f: code(child(f, "Protocol")["value"])),
    0x0024: ("stun.att.priority", lambda f: int(f["value"])),
    0x8022: ("stun.att.software", lambda f: f["value"]),
    0x8028: ("stun.att.crc32", lambda f: code(f["value"])),
    0x8029: ("stun.att.tie-breaker", lambda f: octets(f["value"])),
    0x802A: ("stun.att.tie-breaker", lambda f: octets(f["value"])),
}
# Fields below a DTLS record or an RTP packet, by their name.
NAMED = {
    "Content Type": ("dtls.record.content_type", code),
    "Epoch": ("dtls.record.epoch", int),
    "Handshake Type": ("dtls.handshake.type", code),
    "Message Sequence": ("dtls.handshake.message_seq", int),
    "Fragment Offset": ("dtls.handshake.fragment_offset", int),
    "Fragment Length": ("dtls.handshake.fragment_length", int),
    "Client Version": ("dtls.handshake.version", code),
    "Server Version": ("dtls.handshake.version", code),
    "Random": ("dtls.handshake.random", first_word),
    "Session ID Length": ("dtls.handshake.session_id_length", int),
    "Cipher Suite": ("dtls.handshake.ciphersuite", code),
    "Compression Method": ("dtls.handshake.comp_method", code),
    "Profile": ("dtls.use_srtp.protection_profile", code),
    "Certificate Length": ("dtls.handshake.certificate_length", int),
    "Signature Algorithm": ("dtls.handshake.sig_hash_alg", code),
    "Selected Version": ("dtls.handshake.extensions.supported_version", code),
    "Level": ("dtls.alert_message.level", code),
    "Description": ("dtls.alert_message.desc", code),
}
RTP = {
    "Version": ("rtp.version", int),
    "Padding": ("rtp.padding", yes),
    "Extension": ("rtp.ext", yes),
    "CSRC Count": ("rtp.cc", int),
    "Marker": ("rtp.marker", yes),
    "Payload Type": ("rtp.p_type", int),
    "Sequence Number": ("rtp.seq", int),
    "Timestamp": ("rtp.timestamp", int),
    "SSRC": ("rtp.ssrc", number),
    "CSRC": ("rtp.csrc.item", number),
}


class Values(collections.defaultdict):
    """Field: its values, in the order of the packet; `notes` is what the tree says besides."""

    def __init__(self):
        super().__init__(list)
        self.notes = set()

    def stun(self, message):
        for field in message["children"]:
            name, value = field["name"], field["value"]
            if name == "Message Type":
                self["stun.type"].append(code(value))
            elif name == "Message Length":
                self["stun.length"].append(int(first_word(value)))
            elif name == "Transaction ID":
                self["stun.id"].append(value)
            elif child(field, "Type"):
                self.attribute(field)
        if message.get("fault"):
            self.notes.add("malformed")

    def attribute(self, field):
        kind = code(child(field, "Type")["value"])
        self["stun.att.type"].append(kind)
        self["stun.att.length"].append(int(child(field, "Length")["value"]))
        if kind in ADDRESSES and child(field, "Address"):
            address = first_word(child(field, "Address")["value"])
            self["stun.att.ipv6" if ":" in address else "stun.att.ipv4"].append(address)
            self["stun.att.port"].append(code(first_word(child(field, "Port")["value"])))
        elif kind == 0x0009 and child(field, "Class"):
            self["stun.att.error.class"].append(int(child(field, "Class")["value"]))
            self["stun.att.error"].append(int(child(field, "Number")["value"]))
            self["stun.att.error.reason"].append(child(field, "Reason Phrase")["value"])
        elif kind in ATTRIBUTES and not child(field, "Fault"):
            name, read = ATTRIBUTES[kind]
            self[name].append(read(field))
        for inner in field["children"]:
            self.payload(inner)

    def channel_data(self, frame):
        for field in frame["children"]:
            if field["name"] == "Channel Number":
                self["stun.channel"].append(code(field["value"]))
            elif field["name"] == "Length":
                self["stun.length"].append(int(field["value"]))
            else:
                self.payload(field)

    def record(self, record):
        if child(record, "Unified Header"):
            self.notes.add("unified")
            return
        for field in record["children"]:
            if field["name"] in ("Version", "Sequence Number", "Length"):
                name = field["name"].lower().replace(" ", "_")
                self["dtls.record." + name].append(code(field["value"]))
            else:
                self.handshake(field)

    def handshake(self, field):
        name = field["name"]
        if field.get("fault"):
            self.notes.add("malformed")
        if child(field, "Handshake Type"):
            self["dtls.handshake.length"].append(code(child(field, "Length")["value"]))
        elif name in NAMED and not field["children"]:
            known, read = NAMED[name]
            self[known].append(read(field["value"]))
        if name == "Extensions":
            for extension in field["children"]:
                self.extension(extension)
            return
        for inner in field["children"]:
            self.handshake(inner)

    def extension(self, field):
        kind = code(child(field, "Type")["value"])
        self["dtls.handshake.extension.type"].append(kind)
        self["dtls.handshake.extension.len"].append(int(child(field, "Length")["value"]))
        for name, known in (("Group", "extensions_supported_group"), ("Version", "extensions.supported_version")):
            for group in child(field, name + "s")["children"] if child(field, name + "s") else []:
                self["dtls.handshake." + known].append(code(group["value"]))
        shares = child(field, "Key Shares") or field
        for entry in shares["children"]:
            if entry["name"] == "Key Share Entry":
                self["dtls.handshake.extensions_key_share_group"].append(code(child(entry, "Group")["value"]))
        if kind in (13, 14, 34, 43, 50):
            for inner in field["children"]:
                self.handshake(inner)

    def rtp(self, packet):
        for field in packet["children"]:
            if field["name"] in RTP:
                known, read = RTP[field["name"]]
                self[known].append(read(field["value"]))
            elif field["name"] == "Header Extension":
                self["rtp.ext.profile"].append(code(child(field, "Profile")["value"]))
                self["rtp.ext.len"].append(int(first_word(child(field, "Length")["value"])))
                for element in field["children"]:
                    if child(element, "ID"):
                        self["rtp.ext.rfc5285.id"].append(int(child(element, "ID")["value"]))
                        self["rtp.ext.rfc5285.len"].append(int(child(element, "Length")["value"]))

    def payload(self, field):
        name = field["name"]
        if name == "STUN":
            self.stun(field)
        elif name == "ChannelData":
            self.channel_data(field)
        elif name == "DTLS":
            for record in field["children"]:
                self.record(record)
        elif name in ("RTP", "SRTP"):
            self.rtp(field)
        elif name == "Reassembled Datagram":
            for inner in field["children"]:
                self.payload(inner)
        elif name == "Another segment's message":
            self.notes.add("part of a message")


def ours(line):
    values = Values()
    for field in line["fields"]:
        values.payload(field)
        if field["name"] == "TCP":
            values.notes.add("tcp")
        if field["name"] == "Payload":
            values.notes.add("unclaimed")
    values.notes.add(line["protocol"])
    if "[cut:" in line["info"]:
        values.notes.add("cut")
    return values


# --- What tshark shows ---------------------------------------------------------------------------


def theirs(capture):
    columns = ["frame.number", "frame.protocols", *FIELDS]
    words = [word for name in columns for word in ("-e", name)]
    command = [*TSHARK, "-r", capture, "-Y", "stun || dtls || rtp", "-T", "fields", *words]
    command += ["-E", "separator=" + FIELD_END, "-E", "aggregator=" + VALUE_END]
    out = subprocess.run(command, capture_output=True, timeout=300, check=False)
    if out.returncode != 0:
        raise RuntimeError(f"tshark exits with {out.returncode}: {out.stderr.decode(errors='replace')}")
    packets = {}
    for line in out.stdout.decode(errors="replace").removesuffix("\n").split("\n"):
        if not line:
            break
        cells = line.split(FIELD_END)
        values = Values()
        values.notes = set(cells[1].split(":"))
        for name, cell in zip(FIELDS, cells[2:]):
            if cell:
                values[name] = [FIELDS[name](text) for text in cell.split(VALUE_END)]
        packets[int(cells[0])] = values
    return packets


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
