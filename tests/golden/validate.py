#!/usr/bin/python3
"""Checks summaries against docs/summary.schema.json, and the schema against summaries it must refuse.

Usage: validate.py [SUMMARY.json ...]      without arguments: all that stand beside this file
"""
import copy
import json
import pathlib
import sys

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parent.parent / "docs" / "summary.schema.json"


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON number")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse_constant)


def complaints(validator, summary):
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(summary)]
    if found:
        return found
    if summary["total_requests"] != summary["successful_requests"] + summary["failed_requests"]:
        found.append("total_requests is not successful_requests + failed_requests")
    if summary["failed_requests"] != sum(error["requests"] for error in summary["errors"]):
        found.append("failed_requests is not the sum of errors[].requests")
    if summary["passed"] != (summary["exit"]["code"] == 0):
        found.append("passed does not agree with exit.code")
    return found


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


def broken_copies(summary):
    """Yields (what, summary) for mistakes that must not go unseen. SUMMARY has latencies."""

    def broken(what, change):
        changed = copy.deepcopy(summary)
        change(changed)
        return what, changed

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
    yield broken("with requests that do not add up", lambda s: s.update(total_requests=7))
    yield broken("with errors that do not add up", lambda s: s.update(errors=[]))
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
        wrong += [f"the schema takes a summary {what}"
                  for what, changed in broken_copies(summary) if not complaints(validator, changed)]
    print("\n".join(wrong) if wrong else f"{len(paths)} summaries are as the schema says")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
