#!/usr/bin/env python3
"""What the simulator knows against what the analyzer infers from the run's own captures.

usage: run_truth_test.py PARLEY [--seeds N]

For several scenarios and seeds: `parley run --out`, then `parley analyze --json` on what each peer's
capture point saw and on all points together, compared field by field. What the analyzer says and
does not mark as inferred must be what happened; what it marks as inferred may be missing or a bound,
but not wrong either. With all points of the easy scenario it must also know the fields of MUST_KNOW.

What no packet of one peer's capture shows, and is not held against it:
- how the call ended, where the verdict is not certain: what arrived at the far peer, or happened to
  it after its last packet that arrived. `reached` is then the last step that showed.
- that the last flight of DTLS reached its client, at the server: "handshaking", inferred, is a bound.
- how many checks the far agent sent, and which answers it got: those lost on the way are missing
  from the first and too many in the second. Both have to be marked as inferred, and what follows
  from them.
- that a check which still waits when the capture ends has failed later.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
# Name or file, and the seeds of it that are tried.
SCENARIOS = [("two-home-routers", 4), ("lossy.yaml", 30), ("lossy-a-little.yaml", 4), ("symmetric.yaml", 2),
             ("shared-nat.yaml", 3), ("no-nat.yaml", 3)]
# Said in other words or known to one side only: names of nodes, addresses per capture point, prose,
# what passed a point (in no event of a run), what a client offers.
NOT_COMPARED = {"id", "name", "addresses", "text", "timeline", "findings", "ice_lite", "would_decide", "evidence",
                "inferred", "first", "last", "software", "records", "undecrypted", "offered", "confidence"}
MUST_KNOW = ["outcome", "reached", "peers.A.ufrags", "peers.B.ufrags", "peers.A.ice_role", "peers.B.ice_role",
             "peers.A.nat.mapping", "peers.B.nat.mapping",
             "transports.0.agents.A.connected_s", "transports.0.agents.B.connected_s",
             "transports.0.agents.A.nominates",
             "transports.0.agents.A.selected_pair.local.type", "transports.0.agents.A.selected_pair.local.address",
             "transports.0.agents.A.selected_pair.remote.address",
             "transports.0.agents.B.selected_pair.local.type", "transports.0.agents.B.selected_pair.local.address",
             "transports.0.agents.B.selected_pair.remote.address",
             "transports.0.dtls.state", "transports.0.dtls.version", "transports.0.dtls.cipher_suite",
             "transports.0.dtls.group", "transports.0.dtls.client", "transports.0.dtls.srtp_profile",
             "transports.0.dtls.certificates", "transports.0.dtls.handshake_ms", "transports.0.dtls.retransmissions"]
UP = {"connected", "completed"}
STEPS = [None, "signaling", "ice", "dtls", "media", "data"]
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
# A capture point writes when a packet passes, an engine when it has acted on it.
TOLERANCE = {"connected_s": 0.002, "consent_lost_s": 0.002, "handshake_ms": 2.0}


class Comparison:
    def __init__(self, where, own, offset):
        self.offset = offset  # of the analysis' time zero in the run's time
        self.where, self.own, self.faults, self.compared, self.inferred = where, own, [], 0, False

    def fault(self, path, truth, seen):
        self.faults.append(f"{self.where}: {path}: parley says {json.dumps(seen)}, the run says {json.dumps(truth)}"
                           + (" (inferred)" if self.inferred else ""))

    def values(self, path, truth, seen):
        """Nothing that is said may be wrong."""
        key = path.rsplit(".", 1)[-1]
        if key in NOT_COMPARED or seen is None or seen == [] and truth:
            return
        special = {"pairs": self.pairs, "candidates": self.candidates, "call": self.call, "nat": self.nat,
                   "agents": self.agents}.get(key)
        if special:
            special(path, truth, seen)
        elif isinstance(seen, dict) and isinstance(truth, dict):
            self.members(path, truth, seen)
        elif key == "certificates":
            known = [c["peer"] for c in truth]  # of those that a stack has accepted
            for certificate in seen:
                if certificate["peer"] in known:
                    self.values(f"{path}.{certificate['peer']}", truth[known.index(certificate["peer"])], certificate)
        elif isinstance(seen, list) and isinstance(truth, list) and len(seen) == len(truth):
            for i, value in enumerate(seen):
                self.values(f"{path}.{i}", truth[i], value)
        else:
            self.compared += 1
            if not self.agrees(key, truth, seen):
                self.fault(path, truth, seen)

    def members(self, path, truth, seen):
        for name, value in seen.items():
            self.inferred = name in (seen.get("inferred") or [])
            self.values(f"{path}.{name}", truth.get(name), value)
            self.inferred = False

    def agrees(self, key, truth, seen):
        if key in TOLERANCE and truth is not None:
            seen += self.offset if key.endswith("_s") else 0.0
            # What is inferred of a time is a lower bound.
            return seen <= truth + TOLERANCE[key] and (self.inferred or seen >= truth - TOLERANCE[key])
        if key == "retransmissions" and self.inferred:
            return seen <= truth
        if key in ("version", "cipher_suite", "group", "srtp_profile") and truth is None:
            return True  # a run tells what was negotiated when a side is connected
        if key == "state" and self.inferred and seen == "handshaking":
            return True  # the server's capture does not show what arrived at the client
        return seen == truth

    def call(self, path, truth, seen):
        """What is not certain may be another cause; with one peer's capture, another end too. A run is certain."""
        if truth["verdict"]["confidence"] != "certain" or any(f["confidence"] != "certain" for f in truth["findings"]
                                                              if f["code"] == truth["verdict"]["code"]):
            self.fault(f"{path}.verdict", "certain", truth["verdict"])
        certain = seen["verdict"]["confidence"] == "certain"
        hidden = [] if certain else ["verdict"]
        if not certain and len(self.own) == 1:
            hidden += ["outcome", "reached"]
            self.compared += 1
            if STEPS.index(seen["reached"]) > STEPS.index(truth["reached"]):
                self.fault(f"{path}.reached", truth["reached"], seen["reached"])
        self.members(path, truth, {name: value for name, value in seen.items() if name not in hidden})

    def nat(self, path, truth, seen):
        """Which address a mapping depends on shows only with destinations that share one."""
        for name, value in seen.items():
            if name not in ("mapping", "filtering", "ports") or value is None or name in seen["inferred"]:
                continue
            self.compared += 1
            good = value[4:] != truth[name] if value.startswith("not-") else value == truth[name]
            if not good or truth[name] is None:
                self.fault(f"{path}.{name}", truth[name], value)

    def agents(self, path, truth, seen):
        for side, agent in seen.items():
            self.members(f"{path}.{side}", truth[side], dict(agent, state=None))
            if agent["state"] is None:
                continue
            self.compared += 1
            if (agent["state"] in UP) != (truth[side]["state"] in UP):
                self.fault(f"{path}.{side}.state", truth[side]["state"], agent["state"])

    def candidates(self, path, truth, seen):
        known = {c["address"]: c for c in truth}
        for candidate in seen:
            self.compared += 1
            match = known.get(candidate["address"])
            if match is None:
                # What an agent learns of itself from checks alone is no candidate that it signaled.
                if candidate["type"] is not None and "address" not in candidate["inferred"]:
                    self.fault(path, sorted(known), candidate["address"])
                continue
            for field in ("type", "priority"):
                if candidate[field] not in (None, match[field]):
                    self.fault(f"{path} {candidate['address']} {field}", match[field], candidate[field])

    def pairs(self, path, truth, seen):
        """The captured agent's counts are exact; of the other one nothing is certain."""
        known = {(p["agent"], p["local"]["address"], p["remote"]["address"]): p for p in truth}
        for pair in seen:
            own = pair["agent"] in self.own
            key = (pair["agent"], pair["local"]["address"], pair["remote"]["address"])
            match = known.get(key)
            for field in () if own else ("requests", "responses", "nominated", "state"):
                if field not in pair["inferred"]:
                    self.fault(f"{path} {key}", "not seen at that agent's socket", f"{field} for certain")
            if match is not None:
                self.pair(f"{path} {key}", match, pair, own)
            elif own:
                # Of the other agent, a NAT in between shows the addresses that it made.
                self.fault(f"{path} {key}", sorted(map(str, known)), "a pair that is not there")

    def pair(self, path, truth, seen, own):
        for field in ("requests", "responses"):
            self.compared += 1
            if own and seen[field] != truth[field] or field == "requests" and seen[field] > truth[field]:
                self.fault(f"{path} {field}", truth[field], seen[field])
        if not own:
            return
        for field in ("selected", "nominated"):
            self.compared += 1
            if seen[field] != truth[field]:
                self.fault(f"{path} {field}", truth[field], seen[field])
        for field in ("local", "remote"):
            if seen[field]["priority"] not in (None, truth[field]["priority"]):
                self.fault(f"{path} {field}.priority", truth[field]["priority"], seen[field]["priority"])
        self.compared += 1
        # A check that still waits for its answer when the capture ends fails behind its end.
        later = "state" in seen["inferred"] and truth["state"] == "failed" and seen["state"] != "failed"
        if seen["state"] not in (None, truth["state"]) and not later:
            self.fault(f"{path} state", truth["state"], seen["state"])


def moment(text):
    """Seconds from the start of the run."""
    whole, fraction = text.rstrip("Z").split(".")
    return (datetime.datetime.fromisoformat(whole + "+00:00") - START).total_seconds() + float("0." + fraction)


def zero(analysis):
    """Of its times, in the run's time."""
    return min(moment(c["first_time"]) for c in analysis["captures"] if c["first_time"])


def at(document, path):
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else (document or {}).get(part)
    return document


def parley(program, *words):
    """Whether its expectations held is nothing to a run that is only looked at."""
    out = subprocess.run([program, *words], capture_output=True, timeout=120, check=False)
    if out.returncode not in (0, 1):
        raise SystemExit(f"{words}: exit code {out.returncode}: {out.stdout.decode()}{out.stderr.decode()}")
    return out.stdout


def ufrags(call):
    return {u["ufrag"] for peer in call["peers"].values() for u in peer["ufrags"]}


class Test:
    def __init__(self, program):
        self.program, self.faults, self.compared, self.looked = program, [], 0, 0

    def look(self, where, files, truths, own, must_know):
        """`own`: by call, the sides whose socket is captured."""
        analysis = json.loads(parley(self.program, "analyze", "--json", *map(str, files)))
        calls = analysis["calls"]
        self.looked += 1
        if len(calls) != len(truths):
            self.faults.append(f"{where}: {len(calls)} calls instead of {len(truths)}")
            return
        for call in calls:
            index = next((i for i, truth in enumerate(truths) if ufrags(call) & ufrags(truth)), None)
            if index is None:
                self.faults.append(f"{where}: a call of {ufrags(call)}, which the run does not know")
                continue
            comparison = Comparison(where, own[index], zero(analysis))
            comparison.values("call", truths[index], call)
            if must_know:
                self.faults += [f"{where}: {path} is not known" for path in MUST_KNOW if at(call, path) in (None, [])]
            self.faults += comparison.faults
            self.compared += comparison.compared

    def run(self, scenario, seed):
        name = str(HERE / "scenarios" / scenario) if scenario.endswith(".yaml") else scenario
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "out")
            parley(self.program, "run", name, "--seed", str(seed), "--quiet", "--out", str(out))
            truths = json.loads((out / "run.json").read_text())["calls"]
            where = f"{scenario} seed {seed}"
            for truth in truths:
                for side, peer in truth["peers"].items():
                    self.look(f"{where}, {peer['name']}", [out / f"{peer['name']}.pcapng"], [truth], [[side]], False)
            easy = scenario == "two-home-routers"
            self.look(f"{where}, all", sorted(out.glob("*.pcapng")), truths, [["A", "B"]] * len(truths), easy)


def main():
    program = os.path.abspath(sys.argv[1])
    more = int(sys.argv[sys.argv.index("--seeds") + 1]) if "--seeds" in sys.argv else None
    test = Test(program)
    for scenario, seeds in SCENARIOS:
        for seed in range(1, (more or seeds) + 1):
            test.run(scenario, seed)
    print("\n".join(test.faults))
    print(f"run against analysis: {test.looked} analyses, {test.compared} values compared, {len(test.faults)} faults")
    return 1 if test.faults else 0


if __name__ == "__main__":
    sys.exit(main())
