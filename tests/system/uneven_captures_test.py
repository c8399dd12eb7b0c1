#!/usr/bin/env python3
"""What `parley analyze` says was lost when one of two captures of a call ends early or begins late: what
was not captured is not lost.

usage: uneven_captures_test.py PARLEY
"""

import json
import sys
import unittest

from ends_test import cut, finding, whole
from lacking_test import ROOT, analyze as analyze_files

PARLEY = None
CASES = {"c02-two-cone-stun": 760, "c07-firefox-av-keylog-loss": 2006, "c16-pion-av-data": 760,
         "c17-candidates-lost-one-way": 650}
END = 1 << 30


def analyze(*captures):
    report, text = analyze_files(PARLEY, "", *captures)
    return report["calls"][0], text


def truth_of(case):
    """By SSRC: what was sent, and what of it did not arrive."""
    truth = json.loads((ROOT / "captures" / case / "truth.json").read_text())["rtp_sent_vs_arrived"]
    return {int(ssrc): (of["sent"], of["sent"] - of["arrived"])
            for side in truth.values() for ssrc, of in side.items()}


def pair(case, first, last, short="peerA"):
    other = "peerB" if short == "peerA" else "peerA"
    return cut(case, first, last, short), whole(case, other)


def certain(stream, member):
    return stream[member] is not None and member not in stream["inferred"]


class OneCaptureEndsEarlyOrBeginsLate(unittest.TestCase):
    def test_what_it_could_not_show_is_not_lost(self):
        for case, first, last, short in [("c02-two-cone-stun", 1, 400, "peerA"), ("c02-two-cone-stun", 1, 15, "peerA"),
                                         ("c02-two-cone-stun", 1, 32, "peerA"), ("c02-two-cone-stun", 150, END, "peerA"),
                                         ("c02-two-cone-stun", 400, END, "peerA"), ("c16-pion-av-data", 1, 400, "peerA"),
                                         ("c17-candidates-lost-one-way", 1, 40, "peerB")]:
            call, text = analyze(*pair(case, first, last, short))
            name = f"{case} {short} {first}-{last}"
            self.assertIsNone(finding(call, "rtp-loss"), name)
            for stream in call["streams"]:
                self.assertIn(stream["lost"], (0, None), name)
            self.assertNotIn("lost packets", text, name)

    def test_what_did_arrive_is_a_part_of_what_was_sent(self):
        call, _ = analyze(*pair("c02-two-cone-stun", 1, 400))
        stream = next(s for s in call["streams"] if s["ssrc"] == 638562899)
        self.assertEqual((stream["sent"], stream["lost"], stream["inferred"]), (205, 0, ["arrived"]))
        self.assertLess(stream["arrived"], 205)

    def test_numbers_that_its_sender_was_not_seen_to_send_are_lost_as_inferred(self):
        case = "c07-firefox-av-keylog-loss"
        call, text = analyze(*pair(case, 1, 1000))
        stream = next(s for s in call["streams"] if s["ssrc"] == 2490451315)
        self.assertEqual((stream["sent"], stream["arrived"], stream["lost"]), (226, 442, 23))
        self.assertEqual(stream["inferred"], ["lost", "sent"])
        self.assertRegex(text, r"2490451315 .* 23\?")
        self.assertEqual(finding(call, "rtp-loss")["confidence"], "likely")
        call, text = analyze(whole(case), whole(case, "peerB"))
        stream = next(s for s in call["streams"] if s["ssrc"] == 2490451315)
        self.assertEqual((stream["sent"], stream["arrived"], stream["lost"]), (465, 442, 23))
        self.assertEqual(stream["inferred"], [])
        self.assertEqual(finding(call, "rtp-loss")["confidence"], "certain")

    def test_of_no_cut_more_is_lost_than_was(self):
        for case, packets in CASES.items():
            truth = truth_of(case)
            for short in ("peerA", "peerB"):
                for part in range(1, 24):
                    at = packets * part // 24
                    for first, last in ((1, at), (at, END)):
                        self.holds(truth, f"{case} {short} {first}-{last}", *pair(case, first, last, short))

    def holds(self, truth, name, *captures):
        call, _ = analyze(*captures)
        for stream in call["streams"]:
            if stream["lost"] is None:
                continue
            sent, lost = truth[stream["ssrc"]]
            what = f"{name}: {stream['ssrc']} lost {stream['lost']} of {lost}, inferred {stream['inferred']}"
            self.assertLessEqual(stream["lost"], lost if certain(stream, "lost") else lost + sent * 0.02 + 5, what)
            if certain(stream, "sent") and certain(stream, "arrived"):
                # The last ones may still have been under way.
                self.assertIn(stream["sent"] - stream["arrived"] - stream["lost"], range(6), what)


class MediaSeenOutsideOfANat(unittest.TestCase):
    """The NAT of A drops what B sends: it does not arrive, and from outside that does not show."""

    CASE = "c08b-media-filtered"

    def test_is_not_said_to_arrive(self):
        for points, claim in [(["natA-wan"], "media from both was seen"),
                              (["natA-wan", "peerB"], "B sends media and gets A's"),
                              (["peerB"], "B sends media and gets A's")]:
            call, _ = analyze(*(whole(self.CASE, point) for point in points))
            self.assertIn(claim, call["verdict"]["text"], points)
            self.assertNotIn("media both ways", call["verdict"]["text"], points)

    def test_is_said_not_to_arrive_where_its_receiver_was_captured(self):
        call, _ = analyze(*(whole(self.CASE, point) for point in ("natA-wan", "peerA", "peerB")))
        self.assertEqual(call["verdict"]["code"], "media-one-way")
        self.assertEqual(call["verdict"]["confidence"], "certain")


if __name__ == "__main__":
    PARLEY = sys.argv.pop(1)
    unittest.main()
