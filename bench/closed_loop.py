#!/usr/bin/env python3
"""Closed loop over plain connections: wsload against the floor, in turn, in one run.

The echo server has the first core to itself and the client the second. Each pair of runs is one
after the other, so that what else the machine does meets both; the figures are medians. Messages
per second of the client's CPU time hold even when other programs take their share of its core.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

CONNECTIONS = (100, 1000)
EXPECTED = 0.80  # of the floor, by one worker
MESSAGE = "0123456789abcdef" * 4


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="of each run (default 3)")
    parser.add_argument("--out", type=pathlib.Path, help="writes all figures there, as JSON")
    return parser.parse_args()


def on_core(core, *command):
    """COMMAND pinned to the CORE-th of the cores that this process may use."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[core % len(cores)]), *map(str, command)]


@contextlib.contextmanager
def echo_server(build):
    """Runs it; gives its port."""
    command = on_core(0, build / "bench" / "bench_echo_server")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def run(command):
    """Returns what COMMAND printed and the seconds of CPU time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(command, check=True, capture_output=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return output, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def run_floor(build, port, connections, seconds):
    output, cpu = run(on_core(1, build / "bench" / "bench_floor", port, connections, seconds))
    result = json.loads(output)
    return {**result, "per_cpu_second": result.pop("messages") / cpu}


def run_wsload(build, port, connections, seconds):
    with tempfile.TemporaryDirectory(prefix="wsload-bench-") as directory:
        prompts = pathlib.Path(directory, "prompts.txt")
        summary = pathlib.Path(directory, "summary.json")
        prompts.write_text(MESSAGE + "\n", encoding="utf-8")
        command = on_core(
            *(1, build / "wsload", "-c", connections, "-d", f"{seconds}s"),
            *("--template", "{{prompt:raw}}", "--progress", "none", "--summary", summary),
            *(f"ws://127.0.0.1:{port}/", prompts),
        )
        _, cpu = run(command)
        result = json.loads(summary.read_bytes())
    if result["failed_requests"] or result["connections"]["opened"] != connections:
        sys.exit(f"wsload did not run cleanly: {json.dumps(result['errors'])}")
    return {
        "rate": result["requests_per_second"],
        "median": result["latency"]["median"],
        "p99": result["latency"]["p99"],
        "per_cpu_second": result["total_requests"] / cpu,
    }


def measure(options, port, connections):
    """[{"floor": figures, "wsload": figures}, ...], one for each pair of runs."""
    pairs = []
    for _ in range(options.runs):
        floor = run_floor(options.build, port, connections, options.seconds)
        ours = run_wsload(options.build, port, connections, options.seconds)
        pairs.append({"floor": floor, "wsload": ours})
    return pairs


def median(pairs, who, figure):
    return statistics.median(pair[who][figure] for pair in pairs)


def ratio(pairs, figure):
    """How wsload's FIGURE stands to the floor's in the same pair of runs."""
    ratios = [pair["wsload"][figure] / pair["floor"][figure] for pair in pairs]
    return {"median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)}


def summarise(connections, pairs):
    return {
        "connections": connections,
        "ratio": ratio(pairs, "rate"),
        "ratio_per_cpu_second": ratio(pairs, "per_cpu_second"),
        "pairs": pairs,
    }


def show(row):
    for who in ("floor", "wsload"):
        rate, p50, p99, per_cpu = (
            median(row["pairs"], who, figure)
            for figure in ("rate", "median", "p99", "per_cpu_second")
        )
        print(
            f"{row['connections']:>11,}   {who:<6} {rate:>11,.0f} {p50 * 1e3:>9.3f}"
            f" {p99 * 1e3:>9.3f} {per_cpu:>15,.0f}"
        )
    for name, figures in (("", row["ratio"]), (" by CPU time", row["ratio_per_cpu_second"])):
        print(
            f"{'':>14}ratio{name}: {figures['median']:.2f}"
            f" ({figures['lowest']:.2f} to {figures['highest']:.2f})",
            flush=True,
        )


def main():
    options = arguments()
    if len(os.sched_getaffinity(0)) < 2:
        print("only one core: client and server share it, so the ratios say little")
    print("connections   client  messages/s   p50, ms   p99, ms   per CPU second")
    with echo_server(options.build) as port:
        rows = []
        for connections in CONNECTIONS:
            rows.append(summarise(connections, measure(options, port, connections)))
            show(rows[-1])
    print(f"ratio: wsload's messages/s over the floor's; at least {EXPECTED:.2f} is expected")
    if options.out:
        result = {"runs": options.runs, "seconds": options.seconds, "closed_loop": rows}
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
