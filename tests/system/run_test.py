#!/usr/bin/env python3
"""parley run as a program: text and JSON tell the same end, files and streams hold what they should.

usage: run_test.py PARLEY
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PARLEY = None
SCENARIO = """name: Net
seed: 1
duration: {duration}
nodes:
  internet: {{kind: router}}
  stun: {{kind: server, address: 203.0.113.10, stun: {{}}}}
  home-a: {{kind: nat, outside: 198.51.100.1, inside: 192.168.0.1/24, profile: {profile}}}
  home-b: {{kind: nat, outside: 198.51.100.2, inside: 10.0.0.1/24, profile: port-restricted-cone}}
  alice: {{kind: host, address: 192.168.0.204}}
  bob: {{kind: host, address: 10.0.0.7}}
links:
  - {{between: [alice, home-a], delay: 1ms}}
  - {{between: [home-a, internet], delay: 15ms, rate: 20Mbps, loss: {loss}}}
  - {{between: [bob, home-b], delay: 2ms}}
  - {{between: [home-b, internet], delay: 25ms}}
  - {{between: [stun, internet], delay: 5ms}}
call:
  offerer: alice
  peers:
    alice: {{ice-servers: ["stun:203.0.113.10:3478"]}}
    bob: {{ice-servers: ["stun:203.0.113.10:3478"]}}
"""


def scenario(duration="90s", profile="port-restricted-cone", loss="0%"):
    return SCENARIO.format(duration=duration, profile=profile, loss=loss).encode()


def parley(*words, stdin=b""):
    return subprocess.run([PARLEY, *words], input=stdin, capture_output=True, timeout=120, check=False)


class OneEnd(unittest.TestCase):
    def test_text_and_json_tell_the_same_outcome(self):
        seen = set()
        for seed in range(1, 41):
            words = ["run", "-", "--seed", str(seed)]
            call = json.loads(parley(*words, "--json", stdin=scenario(loss="30%")).stdout)["calls"][0]
            text = parley(*words, stdin=scenario(loss="30%")).stdout.decode()
            word = call["outcome"].upper().replace("-", " ")
            self.assertEqual(text.split("\n\n")[1].split("   ")[0], word, f"seed {seed}\n{text}")
            if call["verdict"]["code"] != "ok":
                flat = " ".join(text.split())
                self.assertIn(" ".join(call["verdict"]["text"].split()), flat, f"seed {seed}")
            seen.add(word)
        self.assertLessEqual({"CONNECTED", "LOST"}, seen)

    def test_a_run_that_ends_first_is_no_short_capture(self):
        net = scenario(duration="20s", profile="symmetric")
        call = json.loads(parley("run", "-", "--json", stdin=net).stdout)["calls"][0]
        self.assertEqual(call["outcome"], "in-progress")
        self.assertEqual(call["verdict"]["code"], "run-ends-early")
        text = " ".join(parley("run", "-", stdin=net).stdout.decode().split())
        for part in ("IN PROGRESS", "alice is checking", "duration: 90s",
                     "home-a gives each destination another port (address-and-port-dependent mapping)",
                     "home-b lets in only answers to what was sent out"):
            self.assertIn(part, text)
        self.assertNotIn("apture longer", text)

    def test_a_symmetric_nat_against_a_port_filter_fails_with_its_cause(self):
        net = scenario(profile="symmetric")
        call = json.loads(parley("run", "-", "--json", stdin=net).stdout)["calls"][0]
        self.assertEqual(call["outcome"], "failed")
        text = " ".join(parley("run", "-", stdin=net).stdout.decode().split())
        for part in ("FAILED ICE found no path", "WHY home-a gives each destination another port",
                     "TRY", "mapping: endpoint-independent at home-a"):
            self.assertIn(part, text)


    def test_the_text_and_the_json_of_a_failed_run_tell_one_cause(self):
        net = scenario(profile="symmetric")
        call = json.loads(parley("run", "-", "--json", stdin=net).stdout)["calls"][0]
        finding = next(f for f in call["findings"] if f["code"] == call["verdict"]["code"])
        self.assertEqual([call["verdict"]["confidence"], finding["confidence"]], ["certain"] * 2)
        self.assertNotIn("capture", finding["because"])
        text = " ".join(parley("run", "-", stdin=net).stdout.decode().split())
        self.assertIn("WHY " + finding["because"], text)
        self.assertIn("TRY " + finding["try"], text)


class LossyLink(unittest.TestCase):
    NET = """name: Loss
duration: 60s
nodes:
  alice: {kind: host, address: 10.0.0.1}
  bob: {kind: host, address: 10.0.0.2}
links:
  - {between: [alice, bob], delay: 30ms, loss: 50%}
call:
  offerer: alice
  peers: {alice: {}, bob: {}}
""".encode()

    def test_a_nomination_that_gets_no_answer_is_the_cause_and_the_link_its_reason(self):
        call = json.loads(parley("run", "-", "--seed", "8", "--json", stdin=self.NET).stdout)["calls"][0]
        self.assertEqual(call["verdict"]["code"], "ice-nomination-failed")
        self.assertEqual(call["verdict"]["confidence"], "certain")
        self.assertRegex(call["verdict"]["text"],
                         r"^ICE of alice failed at 43.140 s: the nomination failed: no answer to 7 requests; "
                         r"the link alice-bob lost \d requests? and \d responses?\.$")
        lost = sum(int(n) for n in re.findall(r"(\d) re(?:quest|sponse)", call["verdict"]["text"].split(" lost ")[1]))
        self.assertEqual(lost, 7, call["verdict"]["text"])

    def test_a_link_that_loses_all_is_the_cause_and_no_relay_is_advised(self):
        net = self.NET.replace(b"50%", b"100%")
        call = json.loads(parley("run", "-", "--json", stdin=net).stdout)["calls"][0]
        finding = next(f for f in call["findings"] if f["code"] == call["verdict"]["code"])
        self.assertEqual(finding["confidence"], "certain")
        self.assertEqual(finding["because"], "The link alice-bob lost 7 packets of alice. "
                                             "The link alice-bob lost 7 packets of bob.")
        self.assertEqual(finding["try"], "In the scenario: less loss on the link alice-bob.")

    def test_sentences_name_the_nodes(self):
        for seed in range(1, 31):
            out = json.loads(parley("run", "-", "--seed", str(seed), "--json", stdin=self.NET).stdout)
            call = out["calls"][0]
            said = [call["verdict"]["text"]]
            for finding in call["findings"]:
                said += [finding["summary"], finding["because"] or "", finding["try"] or "", *finding["open"]]
                self.assertNotIn("TURN", finding["try"] or "")
            for text in said:
                self.assertIsNone(re.search(r"\b[AB]\b", text), f"seed {seed}: {text}")


class Streams(unittest.TestCase):
    def test_a_file_named_by_a_dash_is_standard_output(self):
        out = parley("run", "-", "--pcap", "-", stdin=scenario(duration="2s"))
        self.assertEqual(out.returncode, 0)
        self.assertTrue(out.stdout.startswith(b"\x0a\x0d\x0d\x0a"))
        self.assertIn(b"CONNECTED", out.stderr)
        events = parley("run", "-", "--quiet", "--events", "-", stdin=scenario(duration="2s")).stdout
        for line in events.splitlines():
            json.loads(line)
        self.assertFalse(pathlib.Path("-").exists())

    def test_two_documents_on_one_stream_are_refused(self):
        for words in (["--pcap", "-", "--events", "-"], ["--keys", "-", "--json"]):
            out = parley("run", "two-home-routers", *words)
            self.assertEqual(out.returncode, 2)
            self.assertIn(b"both write to standard output", out.stderr)
            self.assertEqual(out.stdout, b"")


class Folder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.out = self.folder / "out"

    def tearDown(self):
        self.temporary.cleanup()

    def names(self):
        return {path.name for path in self.out.iterdir()}

    def test_holds_one_run(self):
        self.assertEqual(parley("run", "two-home-routers", "--quiet", "--out", str(self.out)).returncode, 0)
        self.assertIn("home-a.inside.pcapng", self.names())
        self.assertEqual(parley("run", "two-home-routers", "--quiet", "--capture", "alice", "--out",
                                str(self.out)).returncode, 0)
        self.assertEqual(self.names(), {"alice.pcapng", "events.jsonl", "keys.log", "run.json"})
        listed = json.loads((self.out / "run.json").read_text())["files"]
        self.assertEqual(set(listed) | {"run.json"}, self.names())

    def test_with_captures_of_others_is_refused_and_left_alone(self):
        self.out.mkdir()
        (self.out / "mine.pcapng").write_bytes(b"precious")
        out = parley("run", "two-home-routers", "--out", str(self.out))
        self.assertEqual(out.returncode, 2)
        self.assertIn(b"mine.pcapng", out.stderr)
        self.assertEqual(self.names(), {"mine.pcapng"})

    def test_a_list_that_names_other_places_removes_nothing_there(self):
        self.out.mkdir()
        kept = self.folder / "kept.pcapng"
        kept.write_bytes(b"precious")
        (self.out / "run.json").write_text('{"schema": "parley.run/1", "files": ["../kept.pcapng"]}')
        self.assertEqual(parley("run", "two-home-routers", "--quiet", "--out", str(self.out)).returncode, 0)
        self.assertTrue(kept.exists())

    def test_bytes_do_not_depend_on_the_name_of_the_file(self):
        written = []
        for name in ("one", "two"):
            path = self.folder / f"{name}.yaml"
            path.write_bytes(scenario(duration="2s"))
            self.assertEqual(parley("run", str(path), "--quiet", "--out", str(self.folder / name)).returncode, 0)
            written.append({p.name: p.read_bytes() for p in (self.folder / name).iterdir()})
        self.assertEqual(written[0], written[1])


class Refusals(unittest.TestCase):
    def fails(self, code, words, text):
        out = parley("run", *words)
        error = out.stderr.decode()
        self.assertEqual(out.returncode, code, error)
        self.assertEqual(error.count("\n"), 1, error)
        self.assertIn(text, error)

    def test_say_why(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "net.yaml").write_bytes(scenario(duration="2s"))
            (folder / "a.pcapng").write_bytes(b"\x0a\x0d\x0d\x0a" + bytes(28))
            net = str(folder / "net.yaml")
            self.fails(3, [net, "--pcap", str(folder / "none" / "x.pcapng")], "No such file or directory")
            self.fails(3, [net, "--events", str(folder)], "Is a directory")
            self.fails(3, [str(folder)], "Is a directory")
            self.fails(2, [str(folder / "a.pcapng")], "looks like a capture")
            text = (folder / "net.yaml").read_text().replace("seed: 1", "then-stop: true")
            (folder / "stop.yaml").write_text(text)
            self.fails(2, [str(folder / "stop.yaml")], "then-stop")


if __name__ == "__main__":
    PARLEY = sys.argv.pop(1)
    unittest.main()
