#!/usr/bin/python3
"""Checks summaries against docs/summary.schema.json, and the schema against summaries it must refuse.

Usage: validate.py [SUMMARY.json ...]      without arguments: all that stand beside this file
"""
import copy
import json
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


def decoded(text):
    """What a histogram of the file says of itself: members of its distribution, in its own unit."""
    histogram = histograms.decode(text)
    return {"average": histogram.mean(), "min": histogram.least, "max": histogram.most,
            "median": histogram.percentile(50), "p90": histogram.percentile(90),
            "p99": histogram.percentile(99), "stddev": histogram.deviation()}


def distributions(summary):
    """Yields (path, figures) of all distributions, response time only where it is not latency."""
    for name in ("latency", "response_time", "ttfm", "inter_message_gap", "tpom", "send_lag",
                 "pacing_lag", "loop_lag", *COUNTED):
        if name != "response_time" or summary["load"]["model"] == "open":
            yield name, summary[name]
    for parent in ("connect", "connection"):
        for name, figures in summary[parent].items():
            yield f"{parent}.{name}", figures


def wrong_histograms(summary):
    for path, figures in distributions(summary):
        text = summary["histograms"].get(path)
        if (text is None) != (figures["average"] is None):
            yield f"histograms.{path} and {path} do not agree on whether there are samples"
        elif text is not None:
            scale, error = (1, 1e-4) if path in COUNTED else (1e9, 1.001e-9)
            wrong = [name for name, value in decoded(text).items()
                     if abs(figures[name] - value / scale) > error]
            yield from (f"{path}.{name} is not what its histogram holds" for name in wrong)


def wrong_sums(summary):
    account, errors = summary["accounting"], summary["errors"]
    sums = {
        "total_requests": (summary["total_requests"],
                           summary["successful_requests"] + summary["failed_requests"]),
        "failed_requests": (summary["failed_requests"],
                            sum(error["requests"] for error in errors)),
        "accounting.planned": (account["planned"], account["sent"] + account["skipped"]),
        "accounting.sent": (account["sent"],
                            account["ok"] + account["failed"] + account["unanswered"]),
        "accounting.ok": (account["ok"], summary["successful_requests"]),
        "accounting.failed": (account["failed"], summary["failed_requests"]),
        "timeline": (sum(row["done"] for row in summary["timeline"]["rows"]),
                     summary["total_requests"]),
        "passed": (summary["passed"], summary["exit"]["code"] == 0),
    }
    yield from (f"{name}: {ours} is not {theirs}"
                for name, (ours, theirs) in sums.items() if ours != theirs)


def wrong_cost(summary):
    cost = summary["cost"]
    sums = {
        "messages": cost["billed_messages"] / 1e6 * cost["rates"]["per_million_messages"],
        "minutes": cost["connection_minutes"] / 1e6 * cost["rates"]["per_million_minutes"],
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
    yield broken("of streams without their messages", lambda s: s["messages_per_reply"].update(
        dict.fromkeys(s["messages_per_reply"])))
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
    yield broken("of a one-way run with bytes per reply", lambda s: s["bytes_per_reply"].update(
        dict.fromkeys(s["bytes_per_reply"], 1)))


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
        samples=[{"prompt": "", "reply": None, "latency": None}]))
    yield broken("with a good sample with error", lambda s: s.update(
        samples=[{"prompt": "", "reply": "", "latency": 1, "error": "reset"}]))
    yield broken("with six samples", lambda s: s["samples"].append(s["samples"][0]))
    yield broken("with a number as seed", lambda s: s["load"].update(seed=42))
    yield broken("with an unknown relation", lambda s: s["thresholds"][0].update(relation="~"))
    yield broken("with an unknown statistic", lambda s: s["thresholds"][0].update(
        metric="latency:mode"))
    yield broken("with an unknown grade", lambda s: s["verdict"].update(status="good"))
    yield broken("with a rate asked in a closed run", lambda s: s["rate"].update(
        asked=1, achieved=1))
    yield broken("with a send lag in a closed run", lambda s: s.update(send_lag=s["latency"]))
    yield broken("with a histogram that is not base64", lambda s: s["histograms"].update(
        latency="AQqiwgKg*"))
    yield broken("with the histogram of another", lambda s: s["histograms"].update(
        {"latency": s["histograms"]["connect.total"]}))
    yield broken("with requests that do not add up", lambda s: s.update(total_requests=7))
    yield broken("with accounts that do not add up", lambda s: s["accounting"].update(planned=7))
    yield broken("with errors that do not add up", lambda s: s.update(errors=[]))
    yield broken("with rows that do not add up", lambda s: s["timeline"].update(rows=[]))
    yield broken("passed and yet not", lambda s: s["exit"].update(code=3))


def main():
    validator_class = jsonschema.Draft202012Validator
    schema = load(SCHEMA)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    paths = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.json"))
    wrong = [f"{path.name}: {line}" for path in paths for line in complaints(validator, load(path))]
    if len(sys.argv) == 1:
        summary = load(HERE / "connection_per_request.json")
        broken = [*broken_copies(summary), *broken_open_copies(load(HERE / "doubtful.json")),
                  *broken_stream_copies(load(HERE / "stream.json")),
                  *broken_one_way_copies(load(HERE / "one_way.json"))]
        wrong += [f"the schema takes a summary {what}"
                  for what, changed in broken if not complaints(validator, changed)]
    print("\n".join(wrong) if wrong else f"{len(paths)} summaries are as the schema says")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
