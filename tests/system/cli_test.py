#!/usr/bin/env python3
"""The command line as the contract promises it: help, versions, exit codes, one-line errors, JSON.

usage: cli_test.py PARLEY
"""

import fcntl
import json
import os
import pathlib
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PARLEY = None
CAPTURE = str(ROOT / "captures/c02-two-cone-stun/peerA.pcapng")
HANDSHAKE = str(ROOT / "captures/c14-werift-data-keylog12/peerA.pcapng")
COMMANDS = ["run", "scenarios", "analyze", "packets", "decode"]


def parley(*words, stdin=b"", **kwargs):
    return subprocess.run([PARLEY, *words], input=stdin, capture_output=True, timeout=120, check=False, **kwargs)


class Help(unittest.TestCase):
    def test_overview_lists_exactly_the_commands_that_exist(self):
        out = parley("--help")
        self.assertEqual(out.returncode, 0)
        listed = [line.split()[0] for line in out.stdout.decode().splitlines() if line.startswith("  ")]
        self.assertEqual(listed, COMMANDS)

    def test_every_command_explains_itself(self):
        for command in COMMANDS:
            for words in ([command, "--help"], [command, "-h"], ["help", command]):
                out = parley(*words)
                self.assertEqual(out.returncode, 0, words)
                text = out.stdout.decode()
                self.assertIn("parley " + command, text)
                self.assertIn("--json", text)
                self.assertIn("Examples", text)
                self.assertEqual(out.stderr, b"")

    def test_version_names_the_libraries(self):
        out = parley("--version").stdout.decode()
        for word in ("parley ", "OpenSSL 3", "libsrtp", "libpcap", "Boost 1"):
            self.assertIn(word, out)


class Errors(unittest.TestCase):
    def fails(self, code, words, *texts, stdin=b""):
        out = parley(*words, stdin=stdin)
        error = out.stderr.decode()
        self.assertEqual(out.returncode, code, (words, error))
        self.assertEqual(error.count("\n"), 1, error)
        self.assertTrue(error.startswith("parley: "), error)
        for text in texts:
            self.assertIn(text, error)

    def test_bad_usage_is_exit_code_2_and_one_line(self):
        self.fails(2, [], "expected a command")
        self.fails(2, ["analyse"], "unknown command 'analyse'", "did you mean analyze?")
        self.fails(2, ["analyze"], "expected CAPTURE...")
        self.fails(2, ["analyze", "--jsn", CAPTURE], "--jsn", "did you mean --json?")
        self.fails(2, ["analyze", "--fail-on", "fatal", CAPTURE], "expected error, warning or note")
        self.fails(2, ["analyze", "--memory", "lots", CAPTURE], "expected a size like")
        self.fails(2, ["analyze", "--color", "blue", CAPTURE], "auto, always or never")
        self.fails(2, ["decode", "sip", "00"], "unknown protocol 'sip'")
        self.fails(2, ["decode", "stun", "0x123"], "expected hexadecimal digits")
        self.fails(2, ["decode", "stun"], "expected PROTOCOL HEX")
        self.fails(2, ["scenarios", "show", "two-home-router"], "did you mean two-home-routers?")
        self.fails(2, ["run", "two-home-routers", "--seed", "x"], "--seed", "whole number")
        self.fails(2, ["run", "two-home-routers", "--capture", "alise"], "alise", "alice")

    def test_a_description_is_decoded_from_its_text_and_from_its_digits(self):
        text = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:8hhY\r\n"
        from_text = parley("decode", "sdp", "-", stdin=text)
        from_digits = parley("decode", "SDP", text.hex())
        self.assertEqual(from_text.returncode, 0, from_text.stderr)
        self.assertIn(b"ice-ufrag: 8hhY", from_text.stdout)
        self.assertEqual(from_text.stdout, from_digits.stdout)
        self.assertEqual(parley("decode", "sdp", "-", stdin=text.replace(b"8hhY", b"8h")).returncode, 2)

    def test_what_the_user_wrote_cannot_steer_the_terminal(self):
        for words in (["analyze", "no\x1b[31m\n"], ["analy\x1b[2Jze"], ["decode", "\x1b]0;x\x07", "00"]):
            error = parley(*words).stderr
            self.assertNotIn(b"\x1b", error)
            self.assertEqual(error.count(b"\n"), 1)

    def test_an_empty_argument_and_too_little_memory_are_refused(self):
        self.fails(2, ["analyze", ""], "an argument is empty", "CAPTURE")
        self.fails(2, ["analyze", "--memory", "1B", CAPTURE], "at least 8MiB")
        self.fails(2, ["analyze", "--log-level", "loud", CAPTURE], "error, warning, info or debug")
        self.assertEqual(parley("analyze", "--memory", "8MiB", CAPTURE).returncode, 0)

    def test_the_wrong_kind_of_file_is_recognised(self):
        readme = str(ROOT / "README.md")
        self.fails(2, ["analyze", readme], readme, "looks like text")
        with tempfile.TemporaryDirectory() as folder:
            scenario = pathlib.Path(folder, "net.yaml")
            scenario.write_bytes(parley("scenarios", "show", "two-home-routers").stdout)
            self.fails(2, ["analyze", str(scenario)], "looks like a scenario", "parley run")
            self.fails(2, ["run", CAPTURE], "is a capture", "parley analyze")
            cut = pathlib.Path(folder, "cut.pcap")
            cut.write_bytes(b"\xd4\xc3\xb2")
            self.fails(2, ["analyze", str(cut)], "begins with d4c3b2")

    def test_a_directory_is_named_with_the_captures_in_it(self):
        folder = os.path.dirname(CAPTURE)
        self.fails(3, ["analyze", folder], "is a directory", "natA-wan.pcapng, peerA.pcapng, peerB.pcapng")

    def test_standard_input_has_one_name(self):
        for command in ("analyze", "packets"):
            self.fails(2, [command, "-"], "parley: standard input: ")

    def test_bad_input_names_the_place(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder, "notes.txt")
            text.write_text("this is no capture, whatever it is called\n")
            self.fails(2, ["analyze", str(text)], "notes.txt")
            self.fails(2, ["packets", str(text)], "notes.txt")
            scenario = pathlib.Path(folder, "bad.yaml")
            scenario.write_text("name: x\nnodes:\n  a: {kind: hots, address: 10.0.0.1}\n")
            self.fails(2, ["run", str(scenario)], "bad.yaml:3:", "host")

    def test_what_the_system_refuses_is_exit_code_3(self):
        self.fails(3, ["analyze", "/nonexistent/call.pcapng"], "/nonexistent/call.pcapng")
        self.fails(3, ["packets", "/nonexistent/call.pcapng"], "/nonexistent/call.pcapng")
        self.fails(3, ["run", "/nonexistent/net.yaml"], "/nonexistent/net.yaml")
        self.fails(3, ["run", "two-home-routers", "--quiet", "--out", "/proc/none"], "/proc/none")
        if os.path.exists("/dev/full"):
            with open("/dev/full", "wb") as full:
                out = subprocess.run([PARLEY, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
            self.assertEqual(out.returncode, 3)

    def test_an_empty_file_and_an_empty_pipe_are_bad_input(self):
        self.fails(2, ["analyze", "-"])
        self.fails(2, ["analyze", "/dev/null"])


def on_a_terminal(columns, *words, **variables):
    """What a terminal of that many columns is shown, without color unless the variables say so."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**os.environ, "NO_COLOR": "1", **variables}
    with subprocess.Popen([PARLEY, *words], stdout=slave, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # how Linux tells that the other end was closed
                break
            if not chunk:
                break
            shown += chunk
        process.wait(timeout=120)
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


class Output(unittest.TestCase):
    def test_text_fits_the_terminal_within_80_and_120_columns(self):
        failed = str(ROOT / "captures/c04-symmetric-no-turn-fails/peerA.pcapng")
        longest = {columns: max(len(line) for line in on_a_terminal(columns, "analyze", failed).splitlines())
                   for columns in (40, 80, 110, 300)}
        self.assertLessEqual(longest[80], 80)
        self.assertEqual(longest[40], longest[80])
        self.assertTrue(80 < longest[110] <= 110, longest)
        self.assertTrue(110 < longest[300] <= 120, longest)

    def test_a_terminal_without_escapes_gets_none(self):
        colored = {"NO_COLOR": "", "TERM": "xterm"}
        self.assertIn("\x1b[", on_a_terminal(100, "analyze", CAPTURE, **colored))
        self.assertNotIn("\x1b[", on_a_terminal(100, "analyze", CAPTURE, **{**colored, "TERM": "dumb"}))

    def test_columns_that_give_way_are_named_and_all_brings_them_back(self):
        joined = str(ROOT / "captures/c13-udp-blocked-turn-tcp")
        files = [f"{joined}/{point}.pcapng" for point in ("natA-wan", "peerA", "peerB", "turn")]
        narrow = on_a_terminal(80, "analyze", *files)
        self.assertRegex(narrow, r"no room for: RTT ms and packets \(--all shows them\)")
        for line in narrow.splitlines():
            if "RTT: m" in line:
                self.fail("a legend without its column: " + line)
        self.assertNotIn("no room for", on_a_terminal(80, "analyze", "--all", *files))

    def test_text_in_a_pipe_does_not_depend_on_the_terminal(self):
        narrow = {**os.environ, "COLUMNS": "80"}
        self.assertEqual(parley("analyze", CAPTURE, env=narrow).stdout, parley("analyze", CAPTURE).stdout)

    def test_json_is_one_document_and_nothing_else(self):
        for words in (["analyze", "--json", CAPTURE], ["decode", "--json", "stun", "000100002112a442" + "00" * 12],
                      ["scenarios", "--json"], ["run", "--json", "two-home-routers"]):
            out = parley(*words)
            self.assertEqual(out.returncode, 0, words)
            json.loads(out.stdout)
            self.assertEqual(out.stderr, b"")

    def test_every_member_of_the_json_is_documented(self):
        page = (ROOT / "docs/json.md").read_text()
        undocumented = set()

        def visit(value, inside):
            if isinstance(value, list):
                for item in value:
                    visit(item, inside)
            elif isinstance(value, dict):
                for key, item in value.items():
                    if inside != "by_protocol" and f"`{key}`" not in page and f'"{key}"' not in page:
                        undocumented.add(key)
                    visit(item, key)

        for capture in ("c05-turn-wrong-password", "c14-werift-data-keylog12", "c03-two-symmetric-turn"):
            visit(json.loads(parley("analyze", "--json", str(ROOT / "captures" / capture / "peerA.pcapng")).stdout), None)
        visit(json.loads(parley("run", "--json", "two-home-routers").stdout), None)
        self.assertEqual(undocumented, set())

    def test_packets_json_is_one_line_a_packet(self):
        out = parley("packets", "--json", CAPTURE)
        lines = out.stdout.decode().splitlines()
        self.assertEqual(len(lines), 753)
        for line in lines:
            json.loads(line)

    def test_quiet_says_only_what_went_wrong(self):
        failed = parley("analyze", "--quiet", str(ROOT / "captures/c04-symmetric-no-turn-fails/peerA.pcapng"))
        self.assertTrue(failed.stdout.startswith(b"Call 1   FAILED. "), failed.stdout)
        self.assertNotIn(b"PAIRS", failed.stdout)

    def test_a_file_that_is_given_twice_is_read_once_with_a_warning(self):
        once, twice = parley("analyze", CAPTURE), parley("analyze", CAPTURE, os.path.relpath(CAPTURE))
        self.assertEqual(twice.stdout, once.stdout)
        self.assertIn(b"parley: warning: ", twice.stderr)
        self.assertEqual(parley("analyze", "--log-level", "error", CAPTURE, CAPTURE).stderr, b"")

    def test_info_tells_what_was_read(self):
        self.assertIn(b"753 packets", parley("analyze", "--log-level", "info", CAPTURE).stderr)
        self.assertEqual(parley("analyze", CAPTURE).stderr, b"")

    def test_all_shows_what_is_cut_otherwise(self):
        long = str(ROOT / "captures/c09b-ice-restart/peerA.pcapng")
        usual, everything = (parley("analyze", *words, long).stdout.decode() for words in ([], ["--all"]))
        self.assertNotIn("--all", everything)
        self.assertGreater(everything.count("\n"), usual.count("\n"))

    def test_help_says_how_to_read_the_answer(self):
        self.assertIn(b"How to read it", parley("analyze", "--help").stdout)

    def test_quiet_prints_nothing_when_all_is_well(self):
        self.assertEqual(parley("analyze", "--quiet", CAPTURE).stdout, b"")
        self.assertEqual(parley("run", "--quiet", "two-home-routers").stdout, b"")

    def test_no_escape_codes_unless_asked_for(self):
        plain = parley("analyze", CAPTURE).stdout
        self.assertNotIn(b"\x1b", plain)
        self.assertIn(b"\x1b", parley("analyze", "--color", "always", CAPTURE).stdout)
        self.assertNotIn(b"\x1b", parley("analyze", "--color", "never", CAPTURE).stdout)

    def test_standard_input_gives_the_same_story_as_the_file(self):
        data = pathlib.Path(CAPTURE).read_bytes()
        from_file = json.loads(parley("analyze", "--json", CAPTURE).stdout)
        from_pipe = json.loads(parley("analyze", "--json", "-", stdin=data).stdout)
        self.assertEqual(from_file["calls"], from_pipe["calls"])

    def test_fail_on_turns_findings_into_exit_code_1(self):
        failed = str(ROOT / "captures/c04-symmetric-no-turn-fails/peerA.pcapng")
        self.assertEqual(parley("analyze", "--quiet", failed).returncode, 0)
        self.assertEqual(parley("analyze", "--quiet", "--fail-on", "error", failed).returncode, 1)
        self.assertEqual(parley("analyze", "--quiet", "--fail-on", "error", CAPTURE).returncode, 0)
        # Without an SDP no fingerprint can be compared: that alone is no reason to fail.
        found = json.loads(parley("analyze", "--json", HANDSHAKE).stdout)["calls"][0]["findings"]
        self.assertEqual([f["code"] for f in found], ["dtls-fingerprint-unverified"])
        self.assertEqual(parley("analyze", "--quiet", "--fail-on", "note", HANDSHAKE).returncode, 0)
        self.assertEqual(parley("analyze", "--quiet", "--fail-on", "note", failed).returncode, 1)

    def test_decode_reads_standard_input_and_shows_faults(self):
        good = parley("decode", "stun", "-", stdin=b"00 01 00 00 21 12 a4 42 " + b"00 " * 12)
        self.assertEqual(good.returncode, 0)
        self.assertIn(b"Binding", good.stdout)
        bad = parley("decode", "stun", "0001000821")
        self.assertEqual(bad.returncode, 2)
        self.assertNotEqual(bad.stdout, b"")

    def test_scenarios_show_prints_what_run_accepts(self):
        text = parley("scenarios", "show", "two-home-routers").stdout
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "mine.yaml")
            path.write_bytes(text)
            self.assertEqual(parley("run", str(path), "--quiet").returncode, 0)


class Damage(unittest.TestCase):
    def test_a_truncated_capture_is_read_to_the_damage_and_told(self):
        data = pathlib.Path(CAPTURE).read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "cut.pcapng")
            for size in (len(data) - 7, len(data) // 2 + 1, 400):
                path.write_bytes(data[:size])
                out = parley("analyze", "--json", str(path))
                self.assertEqual(out.returncode, 0)
                capture = json.loads(out.stdout)["captures"][0]
                self.assertGreaterEqual(len(capture["damage"]), 1)
                self.assertLess(capture["packets"], 753)


if __name__ == "__main__":
    PARLEY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
