#!/usr/bin/env python3
"""What `parley analyze` says of media when packets are missing from a capture: those beside their
sender were missed, not lost; what left the captured side is not known to arrive.

usage: missing_packets_test.py PARLEY
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from snap_length_test import rewritten

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CALL = ROOT / "captures/c02-two-cone-stun"
WHOLE = 1 << 18
PARLEY = None


def analyzed(*captures):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, data in enumerate(captures):
            paths.append(pathlib.Path(folder) / f"{number}.pcapng")
            paths[-1].write_bytes(data)
        out = subprocess.run([PARLEY, "analyze", "--json", *paths], check=True, capture_output=True, timeout=120)
    return json.loads(out.stdout)["calls"][0]


def media(data):
    """The packet numbers of RTP by sender, as parley itself lists them."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "capture.pcapng"
        path.write_bytes(data)
        out = subprocess.run([PARLEY, "packets", "--json", path], check=True, capture_output=True, timeout=120)
    sent = {}
    for line in out.stdout.splitlines():
        packet = json.loads(line)
        if packet["protocol"] in ("RTP", "SRTP", "rtp", "srtp"):
            sent.setdefault(packet["source"], []).append(packet["packet"])
    return sent


class Missing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.peer_a = (CALL / "peerA.pcapng").read_bytes()
        cls.peer_b = (CALL / "peerB.pcapng").read_bytes()
        cls.media = media(cls.peer_a)
        cls.everything = set(range(1, 1 << 16))

    def without(self, source, every):
        """peerA's capture without each `every`th packet of media from `source`, never the first or last."""
        gone = set(self.media[source][2:-2:every])
        return rewritten(self.peer_a, self.everything - gone, WHOLE), len(gone)

    def of(self, call, side):
        streams = [s for s in call["streams"] if s["from"] == side]
        self.assertTrue(streams)
        return streams

    def codes(self, call):
        return {finding["code"]: finding for finding in call["findings"]}

    def sources(self):
        self.assertEqual(len(self.media), 2, self.media.keys())
        own = next(s for s in self.media if s.startswith("10.1.0.2:"))
        return own, next(s for s in self.media if s != own)

    def test_from_nothing_what_left_is_not_known_to_arrive(self):
        call = analyzed(self.peer_a)
        for stream in self.of(call, "A"):
            self.assertIsNone(stream["lost"])
            self.assertEqual(stream["not_captured"], 0)
        for stream in self.of(call, "B"):
            self.assertEqual(stream["lost"], 0)
            self.assertIsNone(stream["not_captured"])

    def test_beside_their_sender_were_missed_by_the_capture(self):
        data, gone = self.without(self.sources()[0], 4)
        call = analyzed(data)
        self.assertEqual(sum(s["not_captured"] for s in self.of(call, "A")), gone)
        self.assertEqual({s["lost"] for s in self.of(call, "A")}, {None})
        self.assertNotIn("rtp-loss", self.codes(call))
        self.assertIn(f"({gone} of ", self.codes(call)["rtp-not-captured"]["summary"])

    def test_before_their_receiver_were_lost_or_missed(self):
        data, gone = self.without(self.sources()[1], 4)
        call = analyzed(data)
        self.assertEqual(sum(s["lost"] for s in self.of(call, "B")), gone)
        self.assertEqual(self.codes(call)["rtp-loss"]["confidence"], "certain")
        self.assertNotIn("rtp-not-captured", self.codes(call))

    def test_on_one_side_are_on_no_link_when_the_other_side_has_them(self):
        data, gone = self.without(self.sources()[0], 4)
        call = analyzed(data, self.peer_b)
        self.assertEqual(sum(s["not_captured"] for s in self.of(call, "A")), gone)
        self.assertEqual(sum(s["lost"] for s in self.of(call, "A")), 0)
        self.assertNotIn("rtp-loss", self.codes(call))


if __name__ == "__main__":
    PARLEY = sys.argv.pop(1)
    unittest.main()
