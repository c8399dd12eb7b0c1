"""One packet's fields as values that can be compared: out of parley's field tree, and of tshark's columns."""

import collections
import re
import subprocess

# c01m uses the UDP port of EtherNet/IP.
TSHARK = ["tshark", "-n", "--disable-protocol", "enip"] + [
    word
    for name in ("rtp_udp", "rtp_stun", "dtls_stun", "stun_turn")
    for word in ("--enable-heuristic", name)
]
FIELD_END, VALUE_END = "\x1e", "\x1f"


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
