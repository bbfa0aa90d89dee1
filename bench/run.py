#!/usr/bin/env python3
"""Measures wsload against bare sockets, bare OpenSSL, other generators and, for what rules on
replies cost, itself; prints the table.

Each row runs wsload and what it is compared with in turn, so that what else the machine does meets
both. A figure is the median of the runs, a ratio the median of the ratios of each pair, with the
lowest and the highest. Where the other's own figures lie too far apart there is no ratio: the
machine was too noisy.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import sys

from clients import Bench
from processes import CORES, RUNNER, Absent, Failed, core
from rows import REPORTED, ROWS

LINE = "  {:<16} {:<19} {:>10} {:>10} {:>7} {:>13}  {:<9} {}"
NO_ROOM = 0.95  # busy for more of its time than this: nothing to spare
NOISY = 0.2  # the other's figure varies by more of itself than this: no ratio can be trusted


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--wsload", type=pathlib.Path, help="another wsload than the build's")
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="of each run (default 3)")
    parser.add_argument("--quick", action="store_true", help="one pair of 1 s: does it work at all")
    parser.add_argument("--only", metavar="ROW", action="append", help="may be given again")
    parser.add_argument("--out", type=pathlib.Path, help="writes all figures there, as JSON")
    options = parser.parse_args()
    if options.quick:
        options.runs, options.seconds = 1, 1
    names = [row.name for row in ROWS]
    unknown = sorted(set(options.only or []) - set(names))
    if unknown:
        parser.error(f"--only {unknown[0]}: no such row; there are {', '.join(names)}")
    return options


def measure(row, bench, runs):
    """[{"wsload": figures, "other": figures or None}, ...]; the order changes from run to run."""
    pairs = []
    for number in range(runs):
        pair = {"other": None}
        prepared = row.prepared(bench)
        clients = [("wsload", row.wsload), ("other", row.other)]
        for name, client in clients if number % 2 else reversed(clients):
            if client is not None:
                pair[name] = prepared.measure(client, bench)
        pairs.append(pair)
    return pairs


def median(values):
    """The median of those that are there, None when none is."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def spread(values):
    """How far apart those that are there lie, as a share of their median; None for under two."""
    values = [value for value in values if value is not None]
    middle = median(values)
    return (max(values) - min(values)) / abs(middle) if len(values) > 1 and middle else None


def judge(check, pairs):
    """The line of the table for CHECK, as JSON."""
    both = [(check.of(pair["wsload"]), check.of(pair["other"])) for pair in pairs]
    ratios = [ours / other for ours, other in both if ours is not None and other]
    apart = spread([other for _, other in both])
    noisy = bool(ratios) and apart is not None and apart > NOISY
    ours, other = (median(values) for values in zip(*both))
    ratio = None if noisy else median(ratios)
    return {
        "figure": check.label,
        "wsload": ours,
        "other": other,
        "spread": apart,
        "invalid": noisy,
        "ratio": ratio,
        "lowest": min(ratios, default=None),
        "highest": max(ratios, default=None),
        "expected": check.expectation(),
        "met": check.met(ours, other, ratio, noisy),
    }


def figure(value):
    """Three digits that count, more only before the point."""
    if value is None:
        return "-"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def ratio_of(line):
    """The ratio and its range, or why there is none."""
    if line["invalid"]:
        return "invalid", f"spread {line['spread']:.0%}"
    if line["ratio"] is None:
        return "-", "-"
    return f"{line['ratio']:.2f}", f"{line['lowest']:.2f} to {line['highest']:.2f}"


def show_line(name, line):
    verdict = {True: "met", False: "NOT MET", None: ""}[line["met"]]
    values = figure(line["wsload"]), figure(line["other"])
    text = LINE.format(
        *(name, line["figure"], *values, *ratio_of(line), line["expected"], verdict)
    )
    print(text.rstrip(), flush=True)


def summed_up(lines):
    """The last line: how many expectations were met, and how many could not be judged."""
    verdicts = [line["met"] for line in lines if line["met"] is not None]
    expected = [line for line in lines if line["expected"] != REPORTED]
    unjudged = sum(line["met"] is None for line in expected)
    text = f"{sum(verdicts)} of {len(verdicts)} expectations met"
    if unjudged:
        text += f", {unjudged} not judged: the machine was too noisy"
    return text


def server_notes(pairs):
    """A note for each of the two that had time to spare when the server had none. When both were
    full the client is the limit: a server that spins takes smaller batches the faster it is."""
    for name in ("wsload", "other"):
        figures = [pair[name] or {} for pair in pairs]
        server = median([one.get("server_busy") for one in figures]) or 0
        client = median([one.get("cpu_share") for one in figures]) or 0
        if server > NO_ROOM > client:
            yield f"the server was the limit of {name}: {server:.0%} busy, the client {client:.0%}"


def verdict_notes(pairs):
    """What wsload says of each of its own runs, where that is asked for."""
    verdicts = [pair["wsload"]["verdict"] for pair in pairs if "verdict" in pair["wsload"]]
    for number, verdict in enumerate(verdicts, 1):
        reasons = [one["text"] for one in verdict["reasons"] if one["grade"] != "valid"]
        yield f"run {number}: {'; '.join([verdict['status'], *reasons])}"


def take(row, bench, runs):
    """Measures ROW and prints it; gives it as JSON."""
    taken = {"row": row.name, "group": row.group, "failed": False}
    taken |= {"lines": [], "notes": [], "pairs": []}
    try:
        taken["pairs"] = measure(row, bench, runs)
        taken["lines"] = [judge(check, taken["pairs"]) for check in row.checks]
        taken["notes"] = [*filter(None, [row.note()]), *server_notes(taken["pairs"])]
        taken["notes"] += verdict_notes(taken["pairs"])
    except Absent as absent:
        taken["notes"] = [str(absent)]
    except Failed as failure:
        taken["notes"] = [f"not measured: {failure}"]
        taken["failed"] = True
    for number, line in enumerate(taken["lines"]):
        show_line("" if number else row.name, line)
    for note in taken["notes"]:
        print(f"  {row.name if not taken['lines'] else '':<16} {note}", flush=True)
    return taken


def take_all(rows, bench, runs):
    taken = []
    for row in rows:
        if not taken or taken[-1]["group"] != row.group:
            print(f"\n{row.group}")
        taken.append(take(row, bench, runs))
    return taken


def machine():
    return {"cores": len(CORES), "system": platform.platform(), "load": os.getloadavg()[0]}


def main():
    options = arguments()
    os.sched_setaffinity(0, {core(RUNNER)})
    wsload = options.wsload or options.build / "wsload"
    bench = Bench(options.build.absolute(), wsload.absolute(), options.seconds)
    if len(CORES) < 2:
        print("only one core: client and server share it, so the ratios say little")
    print(f"medians of {options.runs}, {options.seconds} s each; load {os.getloadavg()[0]:.2f}")
    print(LINE.format("", "", "wsload", "other", "ratio", "from to", "expected", "").rstrip())
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    taken = take_all(rows, bench, options.runs)
    print(f"\n{summed_up([line for row in taken for line in row['lines']])}")
    if options.out:
        settings = {"runs": options.runs, "seconds": options.seconds, "machine": machine()}
        options.out.write_text(json.dumps({**settings, "rows": taken}, indent=2) + "\n")
    return 1 if any(row["failed"] for row in taken) else 0


if __name__ == "__main__":
    sys.exit(main())
