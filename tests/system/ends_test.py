#!/usr/bin/env python3
"""Who ended a call, which restart came first, what was lost: what `parley analyze` says of it, and what
it leaves open when the capture begins late, shows one direction or lacks a packet.

usage: ends_test.py PARLEY
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import lacking_test
from lacking_test import ROOT, kept, sent_by, sent_to

PARLEY = None


def analyze(*captures):
    report, text = lacking_test.analyze(PARLEY, "", *captures)
    return report["calls"][0], text


def whole(call, point="peerA"):
    return kept(call, lambda number, frame: True, point)


def cut(call, first, last, point="peerA"):
    return kept(call, lambda number, frame: first <= number <= last, point)


def finding(call, code):
    found = [f for f in call["findings"] if f["code"] == code]
    return found[0] if found else None


class WhoHungUp(unittest.TestCase):
    def test_is_not_known_from_one_direction(self):
        for case, point, host in [("c03-two-symmetric-turn", "peerA", "10.1.0.2"),
                                  ("c11-firefox-chromium-av", "peerA", "10.1.0.2"),
                                  ("c11-firefox-chromium-av", "peerB", "10.2.0.2"),
                                  ("c16-pion-av-data", "peerA", "10.1.0.2"),
                                  ("c16-pion-av-data", "peerB", "10.2.0.2"),
                                  ("c08b-media-filtered", "peerB", "10.2.0.2")]:
            for wanted in (sent_by(host), sent_to(host)):
                call, _ = analyze(kept(case, wanted, point))
                self.assertNotIn("hung up", call["verdict"]["text"], f"{case} {point}")

    def test_is_not_turned_round_by_one_packet_that_the_capture_lacks(self):
        # 1153 is how A ends DTLS; after it comes B's alert, then A gives up its relay.
        call, _ = analyze(kept("c03-two-symmetric-turn", lambda number, frame: number != 1153))
        self.assertEqual(call["outcome"], "closed")
        self.assertNotIn("hung up", call["verdict"]["text"])

    def test_is_known_from_both_ends(self):
        call, _ = analyze(whole("c03-two-symmetric-turn"), whole("c03-two-symmetric-turn", "peerB"))
        self.assertIn(" A hung up at ", call["verdict"]["text"])


class Alerts(unittest.TestCase):
    def test_of_dtls13_are_known_by_their_length_alone_also_without_its_hellos(self):
        for data in (cut("c02-two-cone-stun", 200, 753), cut("c09b-ice-restart", 914, 1303),
                     kept("c02-two-cone-stun", sent_to("10.1.0.2"))):
            call, text = analyze(data)
            self.assertIn("an encrypted record of an alert's length", " ".join(text.split()))
            self.assertNotIn("an encrypted alert", " ".join(text.split()))
            self.assertEqual(call["transports"][0]["dtls"]["version"], "DTLS 1.3")

    def test_before_the_first_check_of_a_late_capture_close_the_call(self):
        for first in (1000, 1084, 1150):
            call, _ = analyze(cut("c09b-ice-restart", first, 1303, "peerB"))
            self.assertEqual(call["outcome"], "closed", first)


class Restarts(unittest.TestCase):
    def test_before_the_capture_have_no_order(self):
        for point, first in (("peerA", 914), ("peerB", 1084)):
            call, text = analyze(cut("c09b-ice-restart", first, 1303, point))
            self.assertIsNone(finding(call, "ice-restart"), point)
            self.assertEqual(call["transports"][0]["restarts"], 0)
            for peer in call["peers"].values():
                self.assertEqual([u["generation"] for u in peer["ufrags"]], [None, None], point)
            self.assertIn("which of the two is older was not captured", finding(call, "ice-paths-differ")["summary"])
            self.assertIn("Two ufrag pairs are in use; which is older was not captured.",
                          finding(call, "capture-begins-late")["summary"])
            for claim in (", then ", "ICE restart", "old one", "new pair"):
                self.assertNotIn(claim, text, point)

    def test_in_a_late_capture_have_one(self):
        call, _ = analyze(cut("c09b-ice-restart", 300, 1303))
        self.assertIsNotNone(finding(call, "capture-begins-late"))
        self.assertEqual(call["transports"][0]["restarts"], 1)
        self.assertEqual(call["peers"]["B"]["ufrags"],
                         [{"ufrag": "xul3", "generation": 0}, {"ufrag": "AY5X", "generation": 1}])
        self.assertIn("A on the new pair, B still on the old one", finding(call, "ice-paths-differ")["summary"])


class LostConsent(unittest.TestCase):
    def test_ends_when_the_agent_gives_up_itself(self):
        call, _ = analyze(whole("c09-consent-loss"))
        because = finding(call, "ice-consent-lost")["because"]
        self.assertIn("A stopped checking by itself at 21.683 [1146]: it gave up.", because)
        self.assertNotIn("of the 30 s", because)

    def test_is_not_put_down_to_a_mapping_that_is_seen_alive(self):
        # At A itself nothing comes in any more, not from the STUN server either.
        call, _ = analyze(whole("c09-consent-loss"))
        self.assertIn("203.0.113.10:3478 does not answer it any more either.",
                      finding(call, "ice-consent-lost")["because"])
        points = ("peerB", "natA-wan", "natB-wan", "peerA")
        for captures in (*([p] for p in points[:3]), points, ("peerA", "peerB"), ("peerA", "natA-wan")):
            _, text = analyze(*(whole("c09-consent-loss", p) for p in captures))
            text = " ".join(text.split())
            for claim in ("mapping that expired", ": NAT mapping, firewall"):
                self.assertNotIn(claim, text, captures)


class Handshakes(unittest.TestCase):
    def test_that_wait_for_ice_show_no_loss(self):
        call, _ = analyze(whole("c16-pion-av-data"))
        slow = finding(call, "dtls-slow")
        self.assertIn("A answered no ClientHello before its ICE was up", slow["summary"])
        self.assertEqual(slow["open"], [])
        # At B it is not seen whether the first ones arrived.
        call, _ = analyze(whole("c16-pion-av-data", "peerB"))
        slow = finding(call, "dtls-slow")
        self.assertIn("parts of it were sent again", slow["summary"])
        self.assertIn("or A answers none before its ICE is up", slow["open"][0])
        self.assertIn("B sends media and gets A's", call["verdict"]["text"])

    def test_that_hang_tell_what_came_from_what_was_sent(self):
        scenario = (ROOT / "scenarios/two-home-routers.yaml").read_text().split("expect:")[0]
        with tempfile.TemporaryDirectory() as folder:
            slow = pathlib.Path(folder) / "slow.yaml"
            slow.write_text(scenario.replace("rate: 20Mbps", "rate: 8kbps"))
            subprocess.run([PARLEY, "run", slow, "--out", f"{folder}/run"], capture_output=True, timeout=120)
            call, _ = analyze(pathlib.Path(f"{folder}/run/bob.pcapng").read_bytes())
        because = finding(call, "dtls-stuck")["because"]
        self.assertIn("ServerHelloDone, came once", because)
        self.assertIn("A began that flight 5 times, first at 1.460 [17..47]", because)
        self.assertIn("4 of 5 were lost on the way", because)


class Loss(unittest.TestCase):
    def test_of_dtls_records_shows_in_their_numbers(self):
        call, _ = analyze(whole("c06-aiortc-data-keylog"))
        loss = finding(call, "dtls-loss")
        self.assertIsNotNone(loss)
        self.assertTrue(loss["summary"].startswith("14 of 591 DTLS records of B"), loss["summary"])
        self.assertEqual(loss["level"], "note")


    def test_of_checks_is_told_with_its_direction(self):
        scenario = (ROOT / "scenarios/two-home-routers.yaml").read_text().split("expect:")[0]
        with tempfile.TemporaryDirectory() as folder:
            lossy = pathlib.Path(folder) / "lossy.yaml"
            lossy.write_text(scenario.replace("loss: 1%", "loss: 20%").replace("duration: 20s", "duration: 60s"))
            subprocess.run([PARLEY, "run", lossy, "--out", f"{folder}/run"], capture_output=True, timeout=120)
            call, _ = analyze(*(pathlib.Path(f"{folder}/run/{host}.pcapng").read_bytes() for host in ("alice", "bob")))
        loss = finding(call, "ice-loss")
        self.assertEqual(loss["summary"], "3 of 13 checks of A on the pair in use went unanswered.")
        self.assertIn("2 did not come to", loss["because"])
        self.assertIn("and 1 of the answers that left there did not come back", loss["because"])


class Media(unittest.TestCase):
    def test_that_leaves_is_not_said_to_arrive(self):
        call, _ = analyze(whole("c08b-media-filtered", "peerB"))
        self.assertIn("B sends media and gets A's", call["verdict"]["text"])
        call, _ = analyze(whole("c02-two-cone-stun"), whole("c02-two-cone-stun", "peerB"))
        self.assertIn("media both ways", call["verdict"]["text"])


class HalvesAtTwoPoints(unittest.TestCase):
    """One point shows only what its host sends: it proves no loss and no silence."""

    CASE = "c04-symmetric-no-turn-fails"

    def sent_by_a(self):
        return kept(self.CASE, sent_by("10.1.0.2"))

    def test_no_server_is_silent_whose_answers_could_not_show(self):
        sent_by_b = kept(self.CASE, sent_by("10.2.0.2"), "peerB")
        for far in (whole(self.CASE, "natA-wan"), whole(self.CASE, "peerB"), sent_by_b):
            call, _ = analyze(self.sent_by_a(), far)
            self.assertIsNone(finding(call, "stun-server-silent"))
            asked = [e["what"] for e in call["timeline"] if "A asks STUN server" in e["what"]]
            self.assertEqual(len(asked), 1)
            self.assertNotIn("no answer", asked[0])

    def test_checks_do_not_end_before_a_point_that_could_not_show_them(self):
        call, text = analyze(self.sent_by_a(), whole(self.CASE, "peerB"))
        because = finding(call, "ice-no-relay")["because"]
        self.assertRegex(because, r"A's checks [^\[]*\[point0 [\d.]+\], none at point1")
        self.assertRegex(because, r"B's checks [^\[]*\[point1 [\d.]+\]\.")
        self.assertNotIn("none at point0", because)
        rows = [line for line in text.splitlines() if line.startswith(("   A  ", "   B  "))]
        ends = {row[3]: row.rstrip().split("  ")[-1].strip() for row in rows if ".." in row}
        self.assertTrue(ends["A"].startswith("up to "), ends)
        self.assertEqual(ends["B"], "no answer")

    def test_the_end_of_a_pair_is_not_known_from_what_both_hosts_send(self):
        _, text = analyze(self.sent_by_a(), kept(self.CASE, sent_by("10.2.0.2"), "peerB"))
        self.assertNotIn("up to ", text.split("PAIRS")[1])
        self.assertEqual(text.split("PAIRS")[1].count("  not known"), 4)


class HalvesOfALostCall(unittest.TestCase):
    """From 3.996 on nothing of B comes to A (c09); A's packets go on to B."""

    CASE = "c09-consent-loss"

    def half(self, host, point, comes_in=False):
        return kept(self.CASE, (sent_to if comes_in else sent_by)(host), point)

    def told(self, *captures):
        call, text = analyze(*captures)
        return call, " ".join(text.split())

    def test_what_comes_to_one_host_shows_no_break_on_the_way_there(self):
        call, text = self.told(whole(self.CASE), self.half("10.2.0.2", "peerB", comes_in=True))
        self.assertNotIn("checks of A no longer reach B", text)
        self.assertIsNone(finding(call, "ice-path-broken"))
        self.assertNotIn("none at point0", text)

    def test_who_is_heard_in_one_direction_only_lost_no_consent(self):
        call, text = self.told(self.half("10.1.0.2", "peerA"), whole(self.CASE, "peerB"))
        for lost in call["findings"]:
            if lost["code"] == "ice-consent-lost":
                self.assertNotEqual(lost["about"].get("peer"), "A", text)
        call, text = self.told(whole(self.CASE), whole(self.CASE, "natA-wan"), whole(self.CASE, "natB-wan"),
                               self.half("10.2.0.2", "peerB"))
        self.assertIsNotNone(finding(call, "ice-path-broken"), text)
        self.assertIsNone(finding(call, "ice-consent-lost"), text)


class ServersWhoseAnswersStop(unittest.TestCase):
    CASE = "c05-turn-wrong-password"
    ALLOCATE, REFUSAL = b"\x00\x03", b"\x01\x13"

    def first_allocate(self, point, answered):
        """Without what follows it: a second one has a NONCE, which only an answer can have brought."""
        seen = {self.ALLOCATE: 0, self.REFUSAL: 0}

        def wanted(number, frame):
            kind = frame[42:44]
            if kind not in seen:
                return True
            seen[kind] += 1
            return seen[kind] == 1 and (answered or kind == self.ALLOCATE)

        return kept(self.CASE, wanted, point)

    def test_are_told_with_the_point_that_shows_them(self):
        call, _ = analyze(self.first_allocate("peerA", False), self.first_allocate("natA-wan", True))
        silent = finding(call, "turn-server-silent")
        self.assertIn("do not reach A", silent["summary"])
        self.assertIn("at point1", silent["because"])

    def test_are_taken_from_another_point_where_the_clients_own_shows_one_direction(self):
        call, _ = analyze(kept(self.CASE, sent_by("10.1.0.2")), whole(self.CASE, "natA-wan"))
        self.assertIsNotNone(finding(call, "turn-401"))
        self.assertIsNone(finding(call, "turn-server-silent"))
        client = [turn["client"] for turn in call["turn"] if turn["of"] == "A"]
        self.assertTrue(all(c.startswith("10.1.0.2:") for c in client), client)


class WithoutStun(unittest.TestCase):
    def test_what_runs_is_told_and_excludes_what_it_disproves(self):
        report, text = lacking_test.analyze(
            PARLEY, "", kept("c02-two-cone-stun", lambda number, frame: not lacking_test.is_stun(frame)))
        self.assertEqual(report["calls"], [])
        self.assertIn("a capture filter left STUN out", text)
        self.assertNotIn("no candidate ever reached", text)
        for what in ("DTLS", "RTP", "638562899"):
            self.assertIn(what, text.split("NOT PART OF A CALL")[1])


if __name__ == "__main__":
    PARLEY = sys.argv.pop(1)
    unittest.main()
