#!/usr/bin/env python3
"""What `parley analyze` says of real calls that several points captured: with clocks that differ,
with all points in one file, with both sides of a NAT on one interface.

usage: points_test.py PARLEY
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECTION, INTERFACE, ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
ETHERNET, COOKED = 1, 113
NANOSECONDS = struct.pack("<HHBxxx", 9, 1, 9)
END_OF_OPTIONS = struct.pack("<HH", 0, 0)


def packets(call, point):
    """(time in ns, frame) of one capture, all of whose times are in ns."""
    data = (ROOT / "captures" / call / f"{point}.pcapng").read_bytes()
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == INTERFACE:
            assert NANOSECONDS[:5] in data[at + 16:at + size - 4], f"{call} {point}: another resolution"
        if kind == ENHANCED_PACKET:
            _, high, low, captured = struct.unpack_from("<IIII", data, at + 8)
            yield high << 32 | low, data[at + 28:at + 28 + captured]
        at += size


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def written(frames, interfaces=("eth0",), link_type=ETHERNET):
    """A pcapng file of (time, interface, frame)."""
    out = block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    for name in interfaces:
        text = name.encode()
        option = struct.pack("<HH", 2, len(text)) + text + bytes(-len(text) % 4)
        out += block(INTERFACE, struct.pack("<HHI", link_type, 0, 0) + option + NANOSECONDS + END_OF_OPTIONS)
    for at, interface, frame in frames:
        out += block(ENHANCED_PACKET, struct.pack("<IIIII", interface, at >> 32, at & 0xFFFFFFFF,
                                                  len(frame), len(frame)) + frame)
    return out


def moved(call, point, seconds=0.0):
    return written((at + int(seconds * 1e9), 0, frame) for at, frame in packets(call, point))


def together(call, points):
    """One file, an interface for each point."""
    return written(sorted((at, i, frame) for i, point in enumerate(points) for at, frame in packets(call, point)),
                   points)


def on_any_interface(call, points):
    """One file as `tcpdump -i any` makes it at a router: Linux cooked, no sign of the interface."""
    cooked = []
    for point in points:
        for at, frame in packets(call, point):
            cooked.append((at, 0, struct.pack(">HHH", 0, 1, 6) + frame[6:12] + bytes(2) + frame[12:]))
    return written(sorted(cooked, key=lambda f: f[0]), ("any",), COOKED)


def told(parley, files, *options):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, data in files.items():
            paths.append(pathlib.Path(folder) / f"{name}.pcapng")
            paths[-1].write_bytes(data)
        return subprocess.run([parley, "analyze", *options, *paths], check=True, capture_output=True, text=True).stdout


def analyze(parley, files):
    return json.loads(told(parley, files, "--json"))


def joined(call, points):
    return {point: moved(call, point) for point in points}


def gist(analysis):
    """What does not depend on the last millisecond."""
    return [(call["outcome"], call["verdict"]["code"], sorted(f["code"] for f in call["findings"]),
             len(call["transports"]),
             [(p["agent"], p["local"]["address"], p["remote"]["address"], p["requests"], p["responses"])
              for t in call["transports"] for p in t["pairs"]]) for call in analysis["calls"]]


def clocks_that_differ_are_corrected(parley, check):
    for call, ahead in [("c09-consent-loss", 2), ("c02-two-cone-stun", -3), ("c02-two-cone-stun", 7200),
                        ("c09-consent-loss", 0.5), ("c03-two-symmetric-turn", 30), ("c13-udp-blocked-turn-tcp", 60)]:
        right = analyze(parley, joined(call, ["peerA", "peerB"]))
        check([c["clock_offset_s"] for c in right["captures"]] == [0, 0], f"{call}: one clock is taken for two")
        wrong = analyze(parley, {"peerA": moved(call, "peerA"), "peerB": moved(call, "peerB", ahead)})
        found = wrong["captures"][1]["clock_offset_s"]
        check(found is not None and abs(found - ahead) < 0.005, f"{call} by {ahead} s: found {found}")
        check(gist(wrong) == gist(right), f"{call} by {ahead} s: {gist(wrong)}, not {gist(right)}")
    text = told(parley, {"peerA": moved("c09-consent-loss", "peerA"), "peerB": moved("c09-consent-loss", "peerB", 2)})
    check("s ahead of peerA's: corrected here" in " ".join(text.split()), "the text does not tell of the clock")


def clocks_that_nothing_ties_together_are_told(parley, check):
    files = {"peerA": moved("c04-symmetric-no-turn-fails", "peerA"),
             "peerB": moved("c04-symmetric-no-turn-fails", "peerB")}
    check([c["clock_offset_s"] for c in analyze(parley, files)["captures"]] == [None, None],
          "an offset without a common packet")
    check("No packet went both ways between peerA and peerB" in " ".join(told(parley, files).split()),
          "the text does not tell that clocks are not known")
    single = analyze(parley, {"peerA": files["peerA"]})
    check(single["captures"][0]["clock_offset_s"] is None, "an offset of a single capture")


def a_break_begins_after_the_last_packet_that_came_through(parley, check):
    for points in (["natA-wan", "peerA", "peerB"], ["peerA", "peerB"], ["peerA", "natA-wan"]):
        analysis = analyze(parley, joined("c09-consent-loss", points))
        call = analysis["calls"][0]
        begin = min(at for point in points for at, _ in packets("c09-consent-loss", point))
        last = list(packets("c09-consent-loss", "peerA"))[610][0]
        check(f"From {(last - begin) / 1e9:.3f} on packets of B no longer reach A" in call["verdict"]["text"],
              f"c09 {points}: {call['verdict']['text']}")
        because = call["findings"][0]["because"]
        check("[natA-wan 12.." not in because, f"c09 {points}: counts a check from before the break: {because}")


def points_in_one_file_are_several_points(parley, check):
    points = ["peerA", "peerB"]
    several = analyze(parley, joined("c09-consent-loss", points))["calls"][0]
    one = analyze(parley, {"all": together("c09-consent-loss", points)})["calls"][0]
    check(one["verdict"]["text"] == several["verdict"]["text"],
          f"c09 in one file: {one['verdict']['text']}, in two: {several['verdict']['text']}")


def who_hung_up_first(parley, check):
    for points in (["peerA"], ["peerB"], ["peerA", "peerB"]):
        call = analyze(parley, joined("c03-two-symmetric-turn", points))["calls"][0]
        # At A alone B's end comes sooner than a packet may take there and back.
        end = "Closed in order (inferred)." if points == ["peerA"] else " A hung up at "
        check(end in call["verdict"]["text"], f"c03 {points}: {call['verdict']['text']}")
        check(call["outcome"] == "closed", f"c03 {points}: {call['outcome']}")


def more_points_do_not_hide_a_candidate_that_was_not_signaled(parley, check):
    for points in (["peerA"], ["peerA", "peerB"], ["natA-wan", "natB-wan", "peerA", "peerB", "turn"]):
        call = analyze(parley, joined("c17-candidates-lost-one-way", points))["calls"][0]
        check("ice-remote-only-reflexive" in [f["code"] for f in call["findings"]], f"c17 {points}: not found")
        check("prflx?" in call["verdict"]["text"], f"c17 {points}: {call['verdict']['text']}")


def what_is_known_to_be_lost_is_not_open(parley, check):
    call = analyze(parley, joined("c04-symmetric-no-turn-fails", ["peerA", "peerB"]))["calls"][0]
    for finding in call["findings"]:
        check("in silence" not in " ".join(finding["open"]), f"c04: {finding['open']}")


def both_sides_of_a_nat_on_one_interface(parley, check):
    call = analyze(parley, {"any": on_any_interface("c02-two-cone-stun", ["peerA", "natA-wan"])})["calls"][0]
    of_b = sorted((p["requests"], p["responses"]) for t in call["transports"] for p in t["pairs"] if p["agent"] == "B")
    check(of_b == [(8, 6), (15, 0)], f"c02 at its router: checks of B {of_b}")
    text = json.dumps(call)
    check("port 46335 is closed (6 ICMP port unreachable)" in text, "c02 at its router: one port or message twice")
    call = analyze(parley, {"any": on_any_interface("c04-symmetric-no-turn-fails", ["peerA", "natA-wan"])})["calls"][0]
    check(call["peers"]["A"]["nat"]["mapping"] == "not-endpoint-independent",
          f"c04 at its router: {call['peers']['A']['nat']}")


def outside_of_a_nat_its_ports_show(parley, check):
    call = analyze(parley, joined("c04-symmetric-no-turn-fails", ["natA-wan"]))["calls"][0]
    for side in ("A", "B"):
        nat = call["peers"][side]["nat"]
        check(nat["mapping"] == "not-endpoint-independent" and "mapping" in nat["inferred"], f"c04 natA-wan {side}: {nat}")
    check(len([o for o in call["findings"][0]["open"] if "no socket shows" in o]) == 2,
          f"c04 natA-wan: {call['findings'][0]['open']}")
    check(call["verdict"]["code"] == "ice-symmetric-both-no-relay" and call["verdict"]["confidence"] == "likely",
          f"c04 natA-wan: {call['verdict']}")


def a_server_at_its_own_address_is_a_host(parley, check):
    for case, points in [("c18-janus-echotest", ["natA-wan", "peerA", "sfu"]),
                         ("c19-janus-ice-lite", ["natA-wan", "peerA", "sfu"])]:
        call = analyze(parley, joined(case, points))["calls"][0]
        check("- host" in call["verdict"]["text"], f"{case} {points}: {call['verdict']['text']}")


def packets_that_alternate_between_interfaces_are_all_here(parley, check):
    """As two bonded interfaces show them: an answer on the one, its request on the other."""
    for case, point in [("c02-two-cone-stun", "peerA"), ("c09-consent-loss", "peerB")]:
        frames = [(at, number % 2, frame) for number, (at, frame) in enumerate(packets(case, point))]
        for shift in (0, 1):
            bonded = written([(at, (i + shift) % 2, frame) for at, i, frame in frames], ("bond-1", "bond-2"))
            for finding in analyze(parley, {"bonded": bonded})["calls"][0]["findings"]:
                check("not here" not in finding["because"], f"{case}, alternating: {finding['because']}")


def a_nat_that_both_peers_share_is_named(parley, check):
    """RFC 4787 section 6, from one side alone and from everywhere."""
    scenario = ROOT / "tests/system/scenarios/carrier-nat.yaml"
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run([parley, "run", scenario, "--out", folder, "--json"], check=True, capture_output=True)
        run = json.loads(out.stdout)["calls"][0]
        check(run["verdict"]["code"] == "nat-no-hairpin", f"run: {run['verdict']}")
        check("RFC 4787 REQ-9" in run["findings"][0]["try"], f"run: {run['findings'][0]['try']}")
        for points, confidence in [(["alice"], "likely"), (["bob"], "likely"),
                                   (["alice", "bob", "cgn.inside", "cgn.outside"], "certain"),
                                   (sorted(path.stem for path in pathlib.Path(folder).glob("*.pcapng")), "certain")]:
            files = {point: (pathlib.Path(folder) / f"{point}.pcapng").read_bytes() for point in points}
            verdict = analyze(parley, files)["calls"][0]["verdict"]
            check((verdict["code"], verdict["confidence"]) == ("nat-no-hairpin", confidence), f"{points}: {verdict}")


CHECKS = [clocks_that_differ_are_corrected, clocks_that_nothing_ties_together_are_told,
          a_break_begins_after_the_last_packet_that_came_through, points_in_one_file_are_several_points,
          who_hung_up_first, more_points_do_not_hide_a_candidate_that_was_not_signaled,
          what_is_known_to_be_lost_is_not_open, both_sides_of_a_nat_on_one_interface,
          outside_of_a_nat_its_ports_show, a_server_at_its_own_address_is_a_host,
          packets_that_alternate_between_interfaces_are_all_here, a_nat_that_both_peers_share_is_named]


def main():
    failures = []

    def check(truth, what):
        if not truth:
            failures.append(what)

    for one in CHECKS:
        one(sys.argv[1], check)
    for failure in failures:
        print(failure)
    print(f"points: {len(CHECKS)} checks, {len(failures)} faults")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
