#!/usr/bin/python3
"""Checks summaries against docs/summary.schema.json, and the schema against summaries it must refuse.

Usage: validate.py [SUMMARY.json ...]      without arguments: all that stand beside this file
"""
import copy
import json
import math
import pathlib
import sys

import jsonschema

import histograms

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parent.parent / "docs" / "summary.schema.json"

# Distributions that are of whole numbers; all others are of ns in their histograms.
COUNTED = ("messages_per_reply", "bytes_per_reply")


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON number")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse_constant)


def wrong_histograms(summary):
    figures_of = dict(histograms.distributions(summary))
    coded = summary["histograms"].keys() - {"encoding"}
    yield from (f"histograms.{path} and {path} do not agree on whether there are samples"
                for path in figures_of.keys() ^ coded)
    for path in figures_of.keys() & coded:
        figures, histogram = figures_of[path], summary["histograms"][path]
        unit, error = (1, 1e-4) if path in COUNTED else (1e9, 1.001e-9)
        decoded = histograms.decode(histogram["code"])
        yield from (f"{path}.{name} is not what its histogram holds"
                    for name in decoded.contradicted(figures, unit, error))
        yield from (f"histograms.{path}.{name} does not fit its code or its figures"
                    for name in wrong_exact(histogram, figures, decoded.count, unit, error))


def wrong_exact(histogram, figures, count, unit, error):
    """Yields the names of exact members of HISTOGRAM that are not those of its COUNT samples."""
    samples, total, squares = (int(histogram[name]) for name in ("count", "sum", "sum_squares"))
    deviation = math.sqrt(max(0, squares * samples - total**2)) / samples
    exact = {"count": (samples, count, 0),
             "min": (histogram["min"] / unit, figures["min"], error),
             "max": (histogram["max"] / unit, figures["max"], error),
             "sum": (total / samples / unit, figures["average"], error),
             "sum_squares": (deviation / unit, figures["stddev"], error)}
    yield from (name for name, (ours, theirs, off) in exact.items() if abs(ours - theirs) > off)


def wrong_sums(summary):
    account, errors = summary["accounting"], summary["errors"]
    sums = {
        "total_requests": (summary["total_requests"],
                           summary["successful_requests"] + summary["failed_requests"]),
        "failed_requests": (summary["failed_requests"],
                            sum(error["requests"] for error in errors)),
        "accounting.planned": (account["planned"],
                               account["sent"] + account["unsent"] + account["skipped"]),
        "accounting.sent": (account["sent"] + account["unsent"],
                            account["ok"] + account["failed"] + account["unanswered"]),
        "sent_requests": (account["sent"], summary["sent_requests"]),
        "accounting.ok": (account["ok"], summary["successful_requests"]),
        "accounting.failed": (account["failed"], summary["failed_requests"]),
        "unasked.messages": (summary["unasked"]["messages"],
                             summary["late_messages"] + summary["unsolicited_messages"]),
        "unasked.kinds": (summary["unasked"]["messages"],
                          sum(kind["count"] for kind in summary["unasked"]["kinds"])),
        "timeline": (sum(row["done"] for row in summary["timeline"]["rows"]),
                     summary["total_requests"]),
        "passed": (summary["passed"], summary["exit"]["code"] == 0),
    }
    yield from (f"{name}: {ours} is not {theirs}"
                for name, (ours, theirs) in sums.items() if ours != theirs)


def wrong_cost(summary):
    cost, load = summary["cost"], summary["load"]
    sums = {
        "messages": cost["billed_messages"] / 1e6 * load["price_messages"],
        "minutes": cost["connection_minutes"] / 1e6 * load["price_minutes"],
        "total": cost["messages"] + cost["minutes"],
    }
    yield from (f"cost.{name}: {cost[name]} is not {sum}"
                for name, sum in sums.items() if abs(cost[name] - sum) > 2e-9)


def complaints(validator, summary):
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(summary)]
    return found or [*wrong_sums(summary), *wrong_cost(summary), *wrong_histograms(summary)]


def member_paths(value, path=()):
    """Yields the path of each member, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from member_paths(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from member_paths(inner, (*path, index))


def remove(value, path):
    for step in path[:-1]:
        value = value[step]
    del value[path[-1]]


def breaker(summary):
    """A function that makes a changed copy of SUMMARY."""
    def broken(what, change):
        changed = copy.deepcopy(summary)
        change(changed)
        return what, changed
    return broken


def broken_open_copies(summary):
    """Yields (what, summary) for mistakes that only a summary of an open run can have."""
    broken = breaker(summary)
    yield broken("of an open run without a rate", lambda s: s["rate"].update(
        asked=None, achieved=None))
    yield broken("of an open run with half a rate", lambda s: s["rate"].update(asked=None))
    yield broken("of an open run without arrivals", lambda s: s["load"].update(arrival=None))
    yield broken("of an open run with a timeline of latencies", lambda s: s["timeline"].update(
        metric="latency"))
    yield broken("of an open run without its response times", lambda s: s["histograms"].pop(
        "response_time"))


def broken_stream_copies(summary):
    """Yields (what, summary) for mistakes that only a summary of streams can have."""
    broken = breaker(summary)
    yield broken("of streams without their messages", lambda s: s.update(messages_per_reply=None))
    yield broken("of messages with the times of streams", lambda s: s["load"].update(
        reply="message"))
    yield broken("of bytes in billionths", lambda s: s["bytes_per_reply"].update(
        average=s["bytes_per_reply"]["average"] / 1e9))
    yield broken("with a cost that does not add up", lambda s: s["cost"].update(total=7))
    yield broken("with a bill", lambda s: s["cost"].update(estimate=False))
    yield broken("with a record of nothing", lambda s: s.update(record={}))


def broken_one_way_copies(summary):
    """Yields (what, summary) for mistakes that only a summary of a one-way run can have."""
    broken = breaker(summary)
    yield broken("of a one-way run with a latency", lambda s: s["samples"][0].update(latency=1))
    yield broken("of a one-way run with bytes per reply", lambda s: s.update(
        bytes_per_reply=s["connect"]["total"]))


def broken_copies(summary):
    """Yields (what, summary) for mistakes that must not go unseen. SUMMARY has latencies."""
    broken = breaker(summary)
    for path in member_paths(summary):
        yield broken(f"without {'.'.join(map(str, path))}", lambda s, path=path: remove(s, path))
    yield broken("with an unknown member", lambda s: s.update(surprise=1))
    yield broken("with an unknown latency", lambda s: s["latency"].update(p42=1))
    yield broken("with one latency null", lambda s: s["latency"].update(p99=None))
    yield broken("with a negative latency", lambda s: s["latency"].update(p99=-1))
    yield broken("with local time", lambda s: s.update(started_at="2026-11-22T10:00:00+01:00"))
    yield broken("with 101 %", lambda s: s.update(success_rate=101))
    yield broken("with an unknown kind", lambda s: s["errors"].append(
        {"kind": "odd", "detail": "", "count": 1, "requests": 0, "example": ""}))
    yield broken("with a failed sample without error", lambda s: s.update(
        samples=[{"seq": 0, "prompt": "", "sent": None, "reply": None, "latency": None, "error": None}]))
    yield broken("with a good sample with error", lambda s: s.update(
        samples=[{"seq": 0, "prompt": "", "sent": "a", "reply": "", "latency": 1, "error": "reset"}]))
    yield broken("with six samples", lambda s: s["samples"].append(s["samples"][0]))
    yield broken("with a number as seed", lambda s: s["load"].update(seed=42))
    yield broken("with an unknown relation", lambda s: s["thresholds"][0].update(relation="~"))
    yield broken("with an unknown statistic", lambda s: s["thresholds"][0].update(
        metric="latency:mode"))
    yield broken("with an unknown grade", lambda s: s["validity"].update(status="good"))
    yield broken("with a rate asked in a closed run", lambda s: s["rate"].update(
        asked=1, achieved=1))
    yield broken("with a send lag in a closed run", lambda s: s.update(send_lag=s["latency"]))
    yield broken("with a histogram that is not base64", lambda s: s["histograms"][
        "latency"].update(code="AQqiwgKg*"))
    for name in ("count", "min", "max"):
        yield broken(f"with another {name} than its code", lambda s, name=name: s["histograms"][
            "latency"].update({name: 7}))
    for name in ("sum", "sum_squares"):
        yield broken(f"with another {name} than its figures", lambda s, name=name: s["histograms"][
            "latency"].update({name: "7"}))
    yield broken("with a sum that is a number", lambda s: s["histograms"]["latency"].update(
        sum=int(s["histograms"]["latency"]["sum"])))
    yield broken("with a count that a double does not hold", lambda s: s.update(
        waited_requests=2**53 + 1))
    yield broken("with digits that begin with 0", lambda s: s.update(waited_requests="07"))
    yield broken("with a time below 1 ns", lambda s: s.update(total_time="0.0000000001"))
    yield broken("with counts in another form", lambda s: s["timeline"]["rows"][0].update(
        counts="1:0"))
    yield broken("with the histogram of another", lambda s: s["histograms"].update(
        {"latency": s["histograms"]["connect.total"]}))
    yield broken("with requests that do not add up", lambda s: s.update(total_requests=7))
    yield broken("with accounts that do not add up", lambda s: s["accounting"].update(planned=7))
    yield broken("with errors that do not add up", lambda s: s.update(errors=[]))
    yield broken("with rows that do not add up", lambda s: s["timeline"].update(rows=[]))
    yield broken("passed and yet not", lambda s: s.update(passed=not s["passed"]))


def main():
    validator_class = jsonschema.Draft202012Validator
    schema = load(SCHEMA)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    paths = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.json"))
    wrong = [f"{path.name}: {line}" for path in paths for line in complaints(validator, load(path))]
    if len(sys.argv) == 1:
        summary = load(HERE / "stream.json")
        broken = [*broken_copies(summary), *broken_open_copies(load(HERE / "doubtful.json")),
                  *broken_stream_copies(summary),
                  *broken_one_way_copies(load(HERE / "one_way.json"))]
        wrong += [f"the schema takes a summary {what}"
                  for what, changed in broken if not complaints(validator, changed)]
    print("\n".join(wrong) if wrong else f"{len(paths)} summaries are as the schema says")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
