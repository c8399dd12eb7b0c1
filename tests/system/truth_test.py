#!/usr/bin/env python3
"""What `parley analyze --json` says of each real call, at each capture point, against the truth.

usage: truth_test.py PARLEY [--update] [--show CASE]

tests/system/truth_table.tsv is the table: a row for each call, capture point and field, with the
value that captures/*/truth.json gives, or null with the reason why these packets cannot show it.
A value that is not null is never wrong; null without a written reason is a failure too. --update
writes the table anew from truth.json and the reasons below; the diff is to be reviewed.
"""

import concurrent.futures
import fnmatch
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLE = ROOT / "tests/system/truth_table.tsv"

# (call, capture point, field): why these packets cannot show it. Patterns of fnmatch.
REASONS = [
    ("*", "*", "?.selected.remote.type", "a remote candidate's type stands in the SDP, which these packets do not hold"),
    ("*", "peerA", "B.selected.*.type", "the far agent's candidate types stand in the SDP; PRIORITY in its checks is that of a "
     "peer-reflexive candidate (RFC 8445 7.1.1)"),
    ("*", "peerB", "A.selected.*.type", "the far agent's candidate types stand in the SDP; PRIORITY in its checks is that of a "
     "peer-reflexive candidate (RFC 8445 7.1.1)"),
    ("*", "nat?-wan", "?.selected.*.type", "outside of a NAT every candidate looks alike; its type stands in the SDP"),
    ("*", "turn", "?.selected.*.type", "at the server every candidate looks alike; its type stands in the SDP"),
    ("*", "sfu", "?.selected.*.type", "at the server every candidate looks alike; its type stands in the SDP"),
    ("*", "turn", "?.ice_state", "the checks that decide it do not pass the server"),
    ("*", "turn", "?.selected.*", "the pair in use does not pass the server"),
    ("*", "turn", "controlling", "no check passes the server"),
    ("*", "turn", "outcome", "the server sees gathering and relayed packets only: not whether the call came about"),
    ("c0[45]*", "peerA", "B.ice_state", "no packet of B arrives here"),
    ("c0[45]*", "peerB", "A.ice_state", "no packet of A arrives here"),
    ("c09-*", "*", "?.ice_state", "when one side lost the path, what the other noticed shows only at its own socket"),
    ("c19-*", "peerA", "A.selected.local.type", "no STUN server was asked, so peer-reflexive and an unsignalled "
     "server-reflexive candidate look alike"),
]

# werift reports its base where RFC 8445 7.2.5.3.1 has the mapped address as the valid pair's local
# candidate: its getStats label is compared with the base.
REPORTS_BASE = "werift"

# The labels of getStats, of the reference decoder and of the IANA registries for the same thing.
EQUIVALENT = {
    "FEFC": "DTLS 1.3", "FEFD": "DTLS 1.2", "FEFF": "DTLS 1.0",
    "AEAD_AES_128_GCM": "SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80": "SRTP_AES128_CM_HMAC_SHA1_80",
    # ICE states by class: getStats says disconnected where the RFC says failed.
    "connected": "up", "completed": "up", "disconnected": "not up", "failed": "not up", "closed": "not up",
    "new": "not up", "checking": "not up", "in-progress": "not up",
}
# Calls with TURN over TCP, which the reference decoder does not read (limits_of_reference).
TCP_RELAY_CALLS = ["c13"]
OUTCOMES = {
    "call established and stayed up until closed": ["connected", "closed"],
    "call failed": ["failed"],
    "call established, but no media in one direction": ["connected", "closed"],
    "call established, then lost": ["lost"],
    "call established, repaired by ICE restart": ["connected", "closed"],
}


def label(value):
    return EQUIVALENT.get(value, value)


def endpoint(address, port):
    if not address:
        return None
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def peer_facts(peer):
    """Ufrags and selected pair, wherever truth.json keeps them for this kind of call."""
    sdp = peer.get("sdp") or next(iter((peer.get("peer_connections") or {}).values()), {}).get("sdp", {})
    return sdp.get("ufrag") or []


def expected_ice(truth, rows):
    for name, peer in truth["peers"].items():
        rows[f"{name}.ice_state"] = label((peer.get("final_state") or {}).get("ice"))
        pair = peer.get("selected_pair") or {}
        for end in ("local", "remote"):
            candidate = pair.get(end) or {}
            rows[f"{name}.selected.{end}.type"] = candidate.get("candidateType")
            rows[f"{name}.selected.{end}.address"] = endpoint(candidate.get("address"), candidate.get("port"))
        if peer["software"].startswith(REPORTS_BASE):
            rows[f"{name}.selected.local.type"] = rows[f"{name}.selected.local.address"] = None
    controlling = (truth.get("ice") or {}).get("controlling")
    rows["controlling"] = controlling if isinstance(controlling, str) else "A"


def expected_dtls(truth, point, rows):
    seen = point["dtls"]
    if not seen:
        return
    # An association that is seen on two hops (inside TURN and behind the relay) is one.
    ids = sorted({d["client_random"] for d in seen})
    facts = [next(d for d in seen if d["client_random"] == i) for i in ids]
    in_clear = all(d["version"] == "DTLS 1.2" for d in facts)
    for field, key in (("version", "version"), ("cipher_suite", "cipher")):
        rows["dtls." + field] = ",".join(sorted({label(d[key]) for d in facts}))
    rows["dtls.srtp_profile"] = ",".join(sorted({label(d["srtp_profile"]) for d in facts})) if in_clear else None
    rows["dtls.offered.srtp_profiles"] = ",".join(facts[0]["offered_srtp"])
    rows["dtls.associations"] = len(ids)
    if in_clear:
        rows["dtls.certificates"] = ",".join(sorted({
            v.upper().replace(":", "") for d in facts for v in (d["certificate_sha256"] or {}).values()}))


def expected_turn(point, rows):
    turn = point["turn"]
    rows["turn.relayed"] = ",".join(sorted(a["relayed"] for a in turn["allocations"])) or None
    rows["turn.mapped"] = ",".join(sorted(a["mapped"] for a in turn["allocations"])) or None
    rows["turn.channels"] = ",".join(sorted(f"{c['channel']} {c['peer']}" for c in turn["channels"])) or None
    errors = {}
    for text, count in point["stun"]["errors"].items():
        method, code = text.split()[:2]
        if method != "Binding":
            errors[code] = errors.get(code, 0) + count
    rows["turn.errors"] = ",".join(f"{c}x{n}" for c, n in sorted(errors.items())) or None


def expected_checks(point, rows):
    for check in point["stun"]["connectivity_checks"]:
        if check["via"]:
            continue
        name = f"pair {check['src']} > {check['dst']} {check.get('username', '')}"
        rows[name + " requests"] = check["requests"]
        rows[name + " responses"] = check["responses"]


def expected(truth, name):
    point = truth["per_capture"][name]
    rows = {"packets": point["frames"], "outcome": OUTCOMES[truth["outcome"]]}
    expected_ice(truth, rows)
    expected_dtls(truth, point, rows)
    if not any(truth["case"].startswith(c) for c in TCP_RELAY_CALLS):
        expected_turn(point, rows)
    expected_checks(point, rows)
    # A packet counts as the innermost protocol that it carries.
    protocols = point["by_proto"]
    counts = point["stun"]["counts"]
    rows["count.stun"] = sum(n for name, n in counts.items() if name.startswith("Binding")) or None
    rows["count.dtls"] = protocols.get("dtls", 0) + protocols.get("dtls-in-turn", 0) or None
    if tcp_relay(name, point):
        rows["count.dtls"] = rows["count.stun"] = None
    for protocol in ("srtp", "srtcp"):
        rows["count." + protocol] = protocols.get(protocol)
    rows["count.all"] = point["frames"]
    expected_streams(point, rows, name == "turn")
    return rows


def tcp_relay(name, point):
    """The reference decoder reads no TURN over TCP (limits_of_reference): no oracle there."""
    return point["udp"] < 0.7 * point["frames"]


def expected_streams(point, rows, at_relay):
    """One source on several paths (a restart) adds up; the two hops of a relay do not."""
    hosts = {}
    for stream in point["rtp"]["streams"]:
        host = stream["src"].rsplit(":", 1)[0]
        per_host = hosts.setdefault(stream["ssrc"], {})
        per_host[host] = per_host.get(host, 0) + stream["packets"]
    for ssrc, per_host in hosts.items():
        paths = [s["packets"] for s in point["rtp"]["streams"] if s["ssrc"] == ssrc]
        rows[f"ssrc {ssrc} packets"] = max(paths) if at_relay else max(per_host.values())


# ---- what Parley says, in the same fields ----

def sides(truth, call):
    """Which side of the analysis is which peer of truth.json, by username fragment."""
    found = {}
    for side in ("A", "B"):
        mine = {u["ufrag"] for u in call["peers"][side]["ufrags"]}
        for name, peer in truth["peers"].items():
            if mine & set(peer_facts(peer)):
                found[name] = side
    if len(found) == 1 and len(truth["peers"]) == 1:
        return found
    if len(found) == 1:
        known, side = next(iter(found.items()))
        other = next(n for n in truth["peers"] if n != known)
        found[other] = "B" if side == "A" else "A"
    return found


def joined(values):
    values = sorted({v for v in values if v is not None})
    return ",".join(values) or None


def actual_ice(truth, call, rows):
    who = sides(truth, call)
    transport = next((t for t in call["transports"]), None)
    for name in truth["peers"]:
        if name not in who or transport is None:
            continue
        side = who[name]
        agents = [t["agents"][side] for t in call["transports"]]
        states = {label(a["state"]) for a in agents if a["state"]}
        rows[f"{name}.ice_state"] = "up" if "up" in states else next(iter(states), None)
        address = endpoint_of_truth(truth, name)
        pairs = [a["selected_pair"] for a in agents if a["selected_pair"]]
        pair = next((p for p in pairs if p["local"]["address"] == address), pairs[0] if pairs else None)
        for end in ("local", "remote"):
            candidate = (pair or {}).get(end) or {}
            rows[f"{name}.selected.{end}.type"] = candidate.get("type")
            rows[f"{name}.selected.{end}.address"] = candidate.get("address")
        if call["peers"][side]["ice_role"] == "controlling":
            rows["controlling"] = name


def endpoint_of_truth(truth, name):
    local = (truth["peers"][name].get("selected_pair") or {}).get("local") or {}
    return endpoint(local.get("address"), local.get("port"))


def actual(truth, analysis):
    rows = {"packets": analysis["captures"][0]["packets"],
            "count.all": sum(analysis["captures"][0]["by_protocol"].values())}
    calls = analysis["calls"]
    rows["calls"] = len(calls)
    for protocol, count in analysis["captures"][0]["by_protocol"].items():
        rows["count." + protocol] = count
    if not calls:
        return rows
    main = max(calls, key=lambda c: (len(c["streams"]), sum(p["requests"] for t in c["transports"] for p in t["pairs"])))
    rows["outcome"] = None if main["outcome"] == "in-progress" else main["outcome"]
    actual_ice(truth, main, rows)
    everything = [t for c in calls for t in c["transports"]]
    dtls = [t["dtls"] for t in everything if t["dtls"] and t["dtls"]["state"] != "none"]
    rows["dtls.associations"] = len(dtls) or None
    for field in ("version", "cipher_suite", "srtp_profile"):
        rows["dtls." + field] = joined(label(d[field]) for d in dtls)
    offered = next((d["offered"]["srtp_profiles"] for d in dtls if d["offered"] and d["offered"]["srtp_profiles"]), None)
    rows["dtls.offered.srtp_profiles"] = ",".join(offered) if offered else None
    rows["dtls.certificates"] = joined(c["fingerprint"]["value"].replace(":", "") for d in dtls for c in d["certificates"])
    turn = [t for c in calls for t in c["turn"]]
    rows["turn.relayed"] = joined(t["relayed"] for t in turn)
    rows["turn.mapped"] = joined(t["mapped"] for t in turn if t["relayed"])
    rows["turn.channels"] = joined(f"0x{c['number']:04x} {c['peer']}" for t in turn for c in t["channels"])
    errors = {}
    for t in turn:
        for error in t["errors"]:
            errors[str(error["code"])] = errors.get(str(error["code"]), 0) + error["count"]
    rows["turn.errors"] = ",".join(f"{c}x{n}" for c, n in sorted(errors.items())) or None
    for c in calls:
        for stream in c["streams"]:
            rows[f"ssrc {stream['ssrc']} packets"] = rows.get(f"ssrc {stream['ssrc']} packets", 0) + stream["packets"]
        for transport in c["transports"]:
            for pair in transport["pairs"]:
                add_pair(c, pair, rows)
    return rows


def add_pair(call, pair, rows):
    """Sums by addresses: the reference decoder keeps generations apart by username."""
    name = f"pair {pair['local']['address']} > {pair['remote']['address']}"
    for field in ("requests", "responses"):
        rows[f"{name} {field}"] = rows.get(f"{name} {field}", 0) + pair[field]


def by_addresses(rows):
    """The reference rows of the same two addresses, all usernames together."""
    merged = {}
    for name, value in rows.items():
        if name.startswith("pair "):
            words = name.split(" ")
            merged_name = " ".join(words[:4] + words[-1:])
            merged[merged_name] = merged.get(merged_name, 0) + value
        else:
            merged[name] = value
    return merged


def reason_for(case, point, field):
    for *pattern, reason in REASONS:
        if all(fnmatch.fnmatchcase(v, p) for v, p in zip((case, point, field), pattern)):
            return tuple(pattern), reason
    return None, None


def analyze(parley, path):
    out = subprocess.run([parley, "analyze", "--json", str(path)], capture_output=True, timeout=300, check=False)
    if out.returncode != 0:
        raise SystemExit(f"{path}: exit code {out.returncode}: {out.stderr.decode()}")
    return json.loads(out.stdout)


def text(value):
    if value is None:
        return "null"
    return "|".join(value) if isinstance(value, list) else str(value)


def jobs():
    for folder in sorted((ROOT / "captures").iterdir()):
        if (folder / "truth.json").exists():
            truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
            for name in truth["per_capture"]:
                path = folder / f"{name}.pcapng"
                if path.exists():
                    yield folder.name, name, truth, path


def main():
    parley = os.path.abspath(sys.argv[1])
    update = "--update" in sys.argv
    show = sys.argv[sys.argv.index("--show") + 1] if "--show" in sys.argv else None
    old = {}
    if TABLE.exists():
        for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
            case, point, field, value, reason = line.split("\t")
            old[case, point, field] = (value, reason)
    faults, table, used, checked, nulls = [], [], set(), 0, 0
    work = list(jobs())
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        analyses = list(pool.map(lambda job: analyze(parley, job[3]), work))
    for (case, point, truth, _), analysis in zip(work, analyses):
        wanted, found = by_addresses(expected(truth, point)), actual(truth, analysis)
        for field, value in wanted.items():
            if value is None:
                continue
            seen = found.get(field)
            where = f"{case} {point} {field}"
            if show and show in case:
                print(f"{where}: truth {text(value)}, parley {text(seen)}")
            checked += 1
            if seen is None:
                pattern, reason = reason_for(case, point, field)
                used.add(pattern)
                nulls += 1
                table.append((case, point, field, "null", reason or "?"))
                if reason is None:
                    faults.append(f"{where}: null without a written reason; truth says {text(value)}")
            else:
                table.append((case, point, field, text(value), ""))
                good = seen in value if isinstance(value, list) else seen == value
                if not good:
                    faults.append(f"{where}: parley says {text(seen)}, truth says {text(value)}")
            if not update and old.get((case, point, field)) != table[-1][3:]:
                faults.append(f"{where}: the table says {old.get((case, point, field))}, now {table[-1][3:]}")
    faults += [f"this reason is not used any more: {p}" for *p, _ in REASONS if tuple(p) not in used]
    if update:
        TABLE.write_text("call\tcapture point\tfield\texpected\treason for null\n" +
                         "".join("\t".join(row) + "\n" for row in table), encoding="utf-8")
    print("\n".join(faults))
    print(f"truth: {len(work)} captures, {checked} fields, {checked - nulls} given, {nulls} null with a reason, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
