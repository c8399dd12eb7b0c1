#!/usr/bin/env python3
"""What the simulator knows against what the analyzer infers from the run's own captures.

usage: run_truth_test.py PARLEY

For several seeds: `parley run --out`, then `parley analyze --json` on what one peer's capture point
saw and on all points together, compared field by field. What the analyzer says and does not mark as
inferred must be what happened; what it marks as inferred may be missing, but not wrong either. With
all points it must also know the fields of MUST_KNOW.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SEEDS = range(1, 13)
# Said in other words or known to one side only: names of nodes, addresses per capture point, prose.
NOT_COMPARED = {"id", "name", "addresses", "text", "timeline", "findings", "nat", "ice_lite", "would_decide",
                "inferred", "first", "last", "priority", "software"}
MUST_KNOW = ["outcome", "reached", "peers.A.ufrags", "peers.B.ufrags", "peers.A.ice_role", "peers.B.ice_role",
             "transports.0.agents.A.connected_s", "transports.0.agents.B.connected_s",
             "transports.0.agents.A.nominates",
             "transports.0.agents.A.selected_pair.local.type", "transports.0.agents.A.selected_pair.local.address",
             "transports.0.agents.A.selected_pair.remote.address",
             "transports.0.agents.B.selected_pair.local.type", "transports.0.agents.B.selected_pair.local.address",
             "transports.0.agents.B.selected_pair.remote.address",
             "transports.0.dtls.state", "transports.0.dtls.version", "transports.0.dtls.cipher_suite",
             "transports.0.dtls.group", "transports.0.dtls.client", "transports.0.dtls.srtp_profile",
             "transports.0.dtls.certificates"]
UP = {"connected", "completed"}
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
# Times: a capture point writes when a packet passes, an engine when it has acted on it. The DTLS
# handshake ends when the last flight arrives, which a single point sees one way earlier or later.
TOLERANCE = {"connected_s": 0.002, "handshake_ms": 100.0}
# What is marked as inferred: one way's delay.
TOLERANCE_INFERRED = {"connected_s": 0.05}


class Comparison:
    def __init__(self, where, own, offset):
        self.offset = offset  # of the analysis' time zero in the run's time
        self.where, self.own, self.faults, self.compared, self.inferred = where, own, [], 0, False

    def fault(self, path, truth, seen):
        self.faults.append(f"{self.where}: {path}: parley says {json.dumps(seen)}, the run says {json.dumps(truth)}")

    def values(self, path, truth, seen):
        """Nothing that is said may be wrong."""
        key = path.rsplit(".", 1)[-1]
        if key in NOT_COMPARED or seen is None or seen == [] and truth:
            return
        if isinstance(seen, dict):
            for name, value in seen.items():
                if truth is not None:
                    self.inferred = name in (seen.get("inferred") or [])
                    self.values(f"{path}.{name}", truth.get(name), value)
            return
        if key == "pairs":
            self.pairs(path, truth, seen)
            return
        if key == "candidates":
            self.candidates(path, truth, seen)
            return
        if isinstance(seen, list) and isinstance(truth, list) and len(seen) == len(truth):
            for i, value in enumerate(seen):
                self.values(f"{path}.{i}", truth[i], value)
            return
        if truth is None and ".dtls.offered." in path:
            return  # what a client offers is in no event of a run
        self.compared += 1
        if key in TOLERANCE and truth is not None:
            allowed = TOLERANCE_INFERRED.get(key, TOLERANCE[key]) if self.inferred else TOLERANCE[key]
            shift = self.offset if key.endswith("_s") else 0.0
            good = abs(seen + shift - truth) <= allowed
        elif key == "state" and ".agents." in path:
            good = (seen in UP) == (truth in UP)
        elif key == "retransmissions" or key == "records" or key == "undecrypted":
            good = True  # counts of what passed this point; truth counts what was made
        else:
            good = seen == truth
        if not good:
            self.fault(path, truth, seen)

    def candidates(self, path, truth, seen):
        known = {c["address"]: c for c in truth}
        for candidate in seen:
            self.compared += 1
            match = known.get(candidate["address"])
            if match is None:
                self.fault(path, sorted(known), candidate["address"])
            elif candidate["type"] not in (None, match["type"]):
                self.fault(f"{path} {candidate['address']}", match["type"], candidate["type"])

    def pairs(self, path, truth, seen):
        """The captured agent's counts are exact; of the other one at most what it sent arrives."""
        known = {(p["agent"], p["local"]["address"], p["remote"]["address"]): p for p in truth}
        for pair in seen:
            agent = pair["agent"]
            own = agent in self.own
            key = (agent, pair["local"]["address"], pair["remote"]["address"])
            match = known.get(key)
            if match is None:
                # A NAT stands between this point and the other agent: its pair shows with the
                # addresses that the NAT made.
                if own:
                    self.fault(f"{path} {key}", sorted(map(str, known)), "a pair that is not there")
                continue
            for field in ("requests", "responses"):
                self.compared += 1
                if own and pair[field] != match[field] or pair[field] > match[field]:
                    self.fault(f"{path} {key} {field}", match[field], pair[field])
            for field in ("selected", "nominated"):
                self.compared += 1
                if own and pair[field] != match[field]:
                    self.fault(f"{path} {key} {field}", match[field], pair[field])
            self.compared += 1
            if own and pair["state"] not in (None, match["state"]) and "state" not in pair["inferred"]:
                self.fault(f"{path} {key} state", match["state"], pair["state"])


def time_zero(analysis):
    """Seconds from the start of the run to the earliest packet of the captures."""
    first = min(c["first_time"] for c in analysis["captures"])
    whole, fraction = first.rstrip("Z").split(".")
    moment = datetime.datetime.fromisoformat(whole + "+00:00")
    return (moment - START).total_seconds() + float("0." + fraction)


def at(document, path):
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else (document or {}).get(part)
    return document


def parley(program, *words):
    out = subprocess.run([program, *words], capture_output=True, timeout=120, check=False)
    if out.returncode != 0:
        raise SystemExit(f"{words}: exit code {out.returncode}: {out.stdout.decode()}{out.stderr.decode()}")
    return out.stdout


def main():
    program = os.path.abspath(sys.argv[1])
    faults, compared, looked = [], 0, 0
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "out")
            parley(program, "run", "two-home-routers", "--seed", str(seed), "--quiet", "--out", str(out))
            truth = json.loads((out / "run.json").read_text())["calls"][0]
            captures = {"alice": ["A"], "bob": ["B"], "all": ["A", "B"]}
            for point, own in captures.items():
                files = sorted(out.glob("*.pcapng")) if point == "all" else [out / f"{point}.pcapng"]
                analysis = json.loads(parley(program, "analyze", "--json", *map(str, files)))
                calls = analysis["calls"]
                where = f"seed {seed}, {point}"
                if len(calls) != 1:
                    faults.append(f"{where}: {len(calls)} calls instead of 1")
                    continue
                comparison = Comparison(where, own, time_zero(analysis))
                comparison.values("call", truth, calls[0])
                if point == "all":
                    faults += [f"{where}: {path} is not known" for path in MUST_KNOW if at(calls[0], path) in (None, [])]
                faults += comparison.faults
                compared += comparison.compared
                looked += 1
    print("\n".join(faults))
    print(f"run against analysis: {looked} analyses, {compared} values compared, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
