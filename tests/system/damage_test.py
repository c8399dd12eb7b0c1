#!/usr/bin/env python3
"""Damaged, truncated and random captures: no crash, no hang, no growth, and the damage is told.

Every input is made from a fixed seed, so that a failure names what to run again. Each one goes
through `parley analyze --json` and `parley packets -v` under limits of time and memory. The exit
code has to be 0, or 2 for what is no capture; the JSON has to be whole.

PARLEY_TEST_SCALE=N runs every Nth input alone (sanitizers are slow).

usage: damage_test.py PARLEY
"""

import concurrent.futures
import json
import os
import pathlib
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SMALL = ROOT / "captures/c08-fingerprint-mismatch/peerA.pcapng"
BIG = [
    ROOT / "captures" / name
    for name in (
        "c01m-lan-mdns/peerA.pcapng",
        "c05b-turn-403-forbidden-peer/turn.pcapng",
        "c13-udp-blocked-turn-tcp/peerB.pcapng",
        "c17-candidates-lost-one-way/peerA.pcapng",
    )
]
SCALE = max(1, int(os.environ.get("PARLEY_TEST_SCALE", "1")))
SECONDS = 20
MEMORY = 1 << 30
PARLEY = None
SANITIZED = False
FOLDER = None


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # AddressSanitizer reserves terabytes of addresses.
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(*words):
    return subprocess.run(
        [PARLEY, *words], capture_output=True, timeout=10 * SECONDS, preexec_fn=limits, check=False
    )


def some(cases):
    return cases[::SCALE]


class Outcome:
    def __init__(self, name, data):
        self.name = name
        path = pathlib.Path(FOLDER, name)
        path.write_bytes(data)
        analyze = run("analyze", "--json", str(path))
        packets = run("packets", "-v", str(path))
        path.unlink()
        self.codes = (analyze.returncode, packets.returncode)
        self.errors = analyze.stderr + packets.stderr
        self.packet_errors = packets.stderr
        self.packets = packets.stdout
        self.report = None
        self.problem = None
        if analyze.returncode == 0:
            try:
                self.report = json.loads(analyze.stdout)
            except ValueError as error:
                self.problem = f"JSON: {error}"
        if any(code not in (0, 2) for code in self.codes):
            self.problem = f"exit codes {self.codes}"
        if self.codes[0] != self.codes[1]:
            self.problem = f"analyze and packets disagree: {self.codes}"
        if 2 in self.codes and not self.errors.startswith(b"parley: "):
            self.problem = "no reason given"

    def damage(self):
        return [text for capture in self.report["captures"] for text in capture["damage"]]


class Damage(unittest.TestCase):
    def outcomes(self, cases):
        """`cases`: (name, octets). All of them, two at a time; fails with the names that fail."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda case: Outcome(*case), some(cases)))
        bad = [f"{one.name}: {one.problem} {one.errors[-300:]!r}" for one in done if one.problem]
        self.assertEqual(bad, [])
        return done

    def test_random_errors_in_a_capture(self):
        cases = []
        for source in BIG:
            for probability, seed in (("0.02", 1), ("0.02", 2), ("0.02", 3), ("0.1", 4), ("0.1", 5), ("0.1", 6)):
                target = pathlib.Path(FOLDER, "editcap.pcapng")
                words = ["editcap", "-E", probability, "--seed", str(seed), str(source), str(target)]
                subprocess.run(words, capture_output=True, check=True, timeout=60)
                cases.append((f"{source.parent.name}-{probability}-{seed}.pcapng", target.read_bytes()))
        for one in self.outcomes(cases):
            self.assertEqual(one.codes, (0, 0), one.name)

    def test_a_truncated_capture_is_read_up_to_its_end(self):
        for kind, data in (("pcapng", SMALL.read_bytes()), ("pcap", classic(SMALL))):
            whole = Outcome("whole." + kind, data)
            self.assertEqual((whole.damage(), whole.packet_errors), ([], b""))
            sizes = [*range(0, 40, 3), *range(300, len(data), 613), len(data) - 1]
            for one in self.outcomes([(f"{size}.{kind}", data[:size]) for size in sizes]):
                self.truncated(one, kind, data, whole)

    def truncated(self, one, kind, data, whole):
        size = int(one.name.split(".")[0])
        ends = block_ends(kind, data)
        if size < (24 if kind == "pcap" else ends[0]):
            self.assertIn(one.codes, ((0, 0), (2, 2)), one.name)
            self.assertTrue(one.codes[0] == 2 or one.damage(), one.name)
            return
        self.assertEqual(one.codes, (0, 0), one.name)
        self.assertEqual(bool(one.damage()), size not in ends, (one.name, one.damage()))
        self.assertEqual(bool(one.packet_errors), size not in ends, one.name)
        complete = sum(1 for at, end in packet_places(kind, data) if end <= size)
        self.assertEqual(one.report["captures"][0]["packets"], complete, one.name)
        self.assertLessEqual(len(one.packets), len(whole.packets))

    def test_every_octet_of_the_first_256_flipped(self):
        generator = random.Random(8)
        for kind, data in (("pcapng", SMALL.read_bytes()), ("pcap", classic(SMALL))):
            cases = []
            for at in range(256):
                changed = bytearray(data)
                changed[at] ^= generator.randrange(1, 256)
                cases.append((f"flip-{at}.{kind}", bytes(changed)))
            self.outcomes(cases)

    def test_random_octets(self):
        generator = random.Random(9)
        heads = (b"", SMALL.read_bytes()[:28], classic(SMALL)[:24], SMALL.read_bytes()[:400], b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd")
        cases = []
        for head in heads:
            for size in (0, 7, 100, 5000, 200000):
                cases.append((f"random-{heads.index(head)}-{size}.bin", head + generator.randbytes(size)))
        self.outcomes(cases)

    def test_lengths_that_promise_too_much(self):
        data = SMALL.read_bytes()
        places = packet_places("pcapng", data)
        cases = []
        for value in (0, 1, 11, 13, 0x7FFFFFFC, 0xFFFFFFFC, 0xFFFFFFFF):
            for offset, what in ((4, "block"), (20, "captured"), (24, "original")):
                at = places[3][0]
                changed = data[: at + offset] + struct.pack("<I", value) + data[at + offset + 4 :]
                cases.append((f"{what}-{value:x}.pcapng", changed))
        for one in self.outcomes(cases):
            self.assertEqual(one.codes, (0, 0), one.name)
            # A short packet is none the worse for what stands behind it; no length fits a block.
            if one.name.startswith("block") or one.name.startswith("captured-") and "fff" in one.name:
                self.assertTrue(one.damage(), one.name)


def classic(path):
    """The same capture as a classic pcap file."""
    target = pathlib.Path(FOLDER, "classic.pcap")
    subprocess.run(["editcap", "-F", "pcap", str(path), str(target)], capture_output=True, check=True, timeout=60)
    return target.read_bytes()


def blocks(data):
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        yield kind, at, at + size
        at += size


def packet_places(kind, data):
    """Where the packets begin and end."""
    if kind == "pcapng":
        return [(at, end) for block, at, end in blocks(data) if block == 6]
    places, at = [], 24
    while at < len(data):
        end = at + 16 + struct.unpack_from("<I", data, at + 8)[0]
        places.append((at, end))
        at = end
    return places


def block_ends(kind, data):
    """The sizes at which a truncated file looks whole."""
    if kind == "pcapng":
        return [end for _, _, end in blocks(data)]
    return [24] + [end for _, end in packet_places(kind, data)]


def main():
    global PARLEY, SANITIZED, FOLDER
    PARLEY = sys.argv.pop(1)
    SANITIZED = b"__asan_init" in pathlib.Path(PARLEY).read_bytes()
    FOLDER = tempfile.mkdtemp(prefix="parley-damage-")
    try:
        unittest.main()
    finally:
        shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
