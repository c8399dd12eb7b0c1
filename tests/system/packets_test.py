#!/usr/bin/env python3
"""`parley packets` and `parley decode` on whole captures and as programs: fragments of several
packets, snap lengths, chosen packets, errors.

usage: packets_test.py PARLEY
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PARLEY = None
CAPTURE = str(ROOT / "captures/c02-two-cone-stun/peerA.pcapng")
TURN_CAPTURE = str(ROOT / "captures/c03-two-symmetric-turn/peerA.pcapng")
ETHERNET = 1


def parley(*words, stdin=b""):
    return subprocess.run([PARLEY, *words], input=stdin, capture_output=True, timeout=120, check=False)


def lines(*words):
    out = parley("packets", "--json", *words)
    assert out.returncode == 0, out.stderr
    return [json.loads(line) for line in out.stdout.splitlines()]


def frames_of(path):
    """(link type, frame) of each Enhanced Packet Block."""
    data, at, links = pathlib.Path(path).read_bytes(), 0, []
    while at + 12 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 1:
            links.append(struct.unpack_from("<H", data, at + 8)[0])
        if kind == 6:
            interface, captured = struct.unpack_from("<I", data, at + 8)[0], struct.unpack_from("<I", data, at + 20)[0]
            yield links[interface], data[at + 28 : at + 28 + captured]
        at += size


def write_pcap(path, link, records):
    """`records`: (seconds, frame, size on the wire)."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link))
        for seconds, frame, size in records:
            out.write(struct.pack("<IIII", seconds, 0, len(frame), size) + frame)


def walk(fields):
    for field in fields:
        yield field
        yield from walk(field["children"])


class Tree(unittest.TestCase):
    def test_a_client_hello_of_two_packets_is_shown_with_its_extensions(self):
        (second,) = lines("-v", "--only", "14", CAPTURE)
        (whole,) = [f for f in walk(second["fields"]) if f["name"] == "Reassembled ClientHello"]
        self.assertIn("from packets 13, 14", whole["value"])
        names = {field["name"] for field in walk([whole])}
        self.assertLessEqual({"Cipher Suites", "use_srtp", "supported_groups"}, names)

    def test_a_snap_length_makes_no_packet_malformed(self):
        for capture in (CAPTURE, TURN_CAPTURE):
            whole = lines(capture)
            frames = list(frames_of(capture))
            with tempfile.TemporaryDirectory() as folder:
                path = folder + "/cut.pcap"
                write_pcap(path, frames[0][0], [(1, frame[:96], len(frame)) for _, frame in frames])
                cut = lines("-v", path)
            self.assertEqual(len(cut), len(whole))
            for before, after in zip(whole, cut):
                self.assertEqual(before["protocol"], after["protocol"], (before["info"], after["info"]))
                self.assertEqual(
                    [f for f in walk(after["fields"]) if f.get("fault")], [], (capture, after["packet"])
                )
                if before["protocol"] in ("STUN", "TURN"):
                    self.assertEqual(before["info"].split("  ")[0], after["info"].split("  ")[0])

    def test_the_leaves_cover_every_byte_of_every_frame(self):
        for capture in (CAPTURE, TURN_CAPTURE):
            for line in lines("-v", capture):
                covered = bytearray(line["captured"])
                for field in walk(line["fields"]):
                    if not field["children"]:
                        covered[field["offset"] : field["offset"] + field["length"]] = b"x" * field["length"]
                self.assertNotIn(0, covered[: line["captured"]], (capture, line["packet"]))

    def test_reassembled_datagrams_show_their_udp_header(self):
        payload = bytes.fromhex("000100002112a442000102030405060708090a0b")
        udp = struct.pack(">HHHH", 5000, 3478, 8 + len(payload), 0) + payload
        addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2])
        records = []
        for offset, part in ((0, udp[:16]), (16, udp[16:])):
            flags = offset // 8 | (0x2000 if offset == 0 else 0)
            header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(part), 7, flags, 64, 17, 0)
            frame = header + addresses + part
            records.append((1, frame, len(frame)))
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/fragments.pcap"
            write_pcap(path, 101, records)
            first, last = lines("-v", path)
        self.assertIn("fragment of UDP", first["info"])
        self.assertFalse([f for f in walk(first["fields"]) if f.get("fault")], first)
        (whole,) = [f for f in last["fields"] if f["name"] == "Reassembled Datagram"]
        self.assertEqual([c["name"] for c in whole["children"]], ["UDP", "STUN"])
        self.assertEqual(whole["children"][1]["offset"], 8)


class List(unittest.TestCase):
    def test_only_the_packets_asked_for_are_listed(self):
        self.assertEqual([line["packet"] for line in lines("--only", "8,27..30", CAPTURE)], [8, 27, 28, 29, 30])

    def test_times_count_from_the_earliest_packet(self):
        frames = [frame for _, frame in frames_of(CAPTURE)][:3]
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/late.pcap"
            write_pcap(path, ETHERNET, [(t, f, len(f)) for t, f in zip((5, 3, 4), frames)])
            self.assertEqual([line["time_s"] for line in lines(path)], [2, 0, 1])

    def test_media_behind_dtls_is_srtp(self):
        protocols = {line["protocol"] for line in lines(str(ROOT / "captures/c01-lan-av-data/peerA.pcapng"))}
        self.assertIn("SRTP", protocols)
        self.assertNotIn("RTP", protocols)

    def test_an_indication_names_what_it_carries(self):
        indications = [line["info"] for line in lines(TURN_CAPTURE) if line["info"].startswith("Send indication")]
        self.assertTrue(any("data: STUN Binding request" in info for info in indications), indications[:3])

    def test_escape_codes_come_where_they_are_asked_for(self):
        for words in (["packets", "--only", "1", CAPTURE], ["decode", "rtp", "80e00001000003e80000000a"]):
            self.assertNotIn(b"\x1b", parley(*words).stdout)
            self.assertIn(b"\x1b", parley(*words, "--color", "always").stdout)


class Errors(unittest.TestCase):
    def fails(self, words, *texts, stdin=b""):
        out = parley(*words, stdin=stdin)
        error = out.stderr.decode()
        self.assertEqual(out.returncode, 2, (words, error))
        self.assertEqual(error.count("\n"), 1, error)
        self.assertTrue(error.startswith("parley: "), error)
        for text in texts:
            self.assertIn(text, error)
        return out.stdout.decode()

    def test_what_packets_cannot_do_is_said(self):
        self.fails(["packets", "--password", "x", CAPTURE], "-v")
        self.fails(["packets", "--only", "3..1", CAPTURE], "3..1")
        self.fails(["packets", "--only", "9999999", CAPTURE], "9999999", "the capture has")

    def test_bad_digits_are_named(self):
        self.fails(["decode", "stun", "00 01 0g"], "character 8", "'g'")
        self.fails(["decode", "stun", "000"], "3 are there")
        self.fails(["decode", "stun", ""], "an argument is empty")
        self.fails(["decode", "stun", "-"], "standard input", "character 3", stdin=b"0xz")
        self.fails(["decode", "stun", CAPTURE], "is a file")

    def test_a_message_with_a_fault_is_shown_and_the_fault_is_named(self):
        for words in (["decode", "stun", "0001000821"], ["decode", "--json", "rtp", "40"]):
            self.assertNotEqual(self.fails(words, "byte "), "")

    def test_a_password_is_refused_where_nothing_could_use_it(self):
        self.fails(["decode", "rtp", "--password", "x", "80e00001000003e80000000a"], "MESSAGE-INTEGRITY")

    def test_protocols_are_known_in_capitals_and_rtcp_by_its_type(self):
        self.assertEqual(parley("decode", "STUN", "000100002112a442" + "00" * 12).returncode, 0)
        out = parley("decode", "rtp", "80c900010000000a")
        self.assertEqual(out.returncode, 0)
        self.assertIn(b"receiver report", out.stdout)


if __name__ == "__main__":
    PARLEY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
