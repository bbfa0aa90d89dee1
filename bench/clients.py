"""The clients that are compared: each runs once against a fresh server and gives its figures.

Figures have the same names for all: rate (messages/s), open_time, cpu_share (of a core, while
messages flow), cpu_per_message and whole_cpu_per_message (of the whole run), rss_peak, latency,
send_lag, reply_wait and inter_message_gap {median, p99}, server_busy, server_late {median, p99,
max}. Seconds and bytes.
"""

import contextlib
import dataclasses
import json
import operator
import pathlib
import re
import shutil
import tempfile

from processes import (
    CLIENT,
    Absent,
    EchoServer,
    Failed,
    Watched,
    busy_loop,
    idle_process,
    pinned,
    rss_bytes,
)

MESSAGE = "0123456789abcdef" * 4
FRAME_BYTES = 6 + len(MESSAGE)
ECHO = "{{prompt:raw}}"
# Where in the time of sending the CPU time is taken: clear of opening before and closing after.
STEADY = (0.25, 0.9)


class Bench:
    """Where the programs are, and how long a run lasts."""

    def __init__(self, build, wsload, seconds):
        self.build = build
        self.wsload = wsload
        self.seconds = seconds


def delayed(delay_ms):
    """The options of a server that answers so late."""
    return ("--delay", delay_ms) if delay_ms else ()


def steady_share(watched, open_time, seconds):
    return watched.cpu_share(*(open_time + part * seconds for part in STEADY))


def with_cpu(figures, watched, messages, seconds):
    """FIGURES of a run that sent MESSAGES over SECONDS, with what it used."""
    share = steady_share(watched, figures["open_time"], seconds)
    return {
        **figures,
        "cpu_share": share,
        "cpu_per_message": share / figures["rate"],
        "whole_cpu_per_message": watched.cpu / messages,
        "rss_peak": watched.rss_peak,
    }


# --- wsload ---


def wsload_command(bench, server, directory, connections, *options, template=ECHO):
    prompts = pathlib.Path(directory, "prompts.txt")
    prompts.write_text(MESSAGE + "\n", encoding="ascii")
    return pinned(
        *(CLIENT, bench.wsload, "-t", 1, "-c", connections, *options),
        *(["--insecure"] * (server.scheme == "wss")),
        *("--rehearsal", "off", "--quiet", "--summary", pathlib.Path(directory, "summary.json"), server.url),
        *([] if "--hold" in options else ["--template", template, prompts]),
    )


def wsload_summary(directory, connections):
    result = json.loads(pathlib.Path(directory, "summary.json").read_bytes())
    if result["failed_requests"] or result["connections"]["opened"] != connections:
        raise Failed(f"wsload did not run cleanly: {json.dumps(result['errors'])}")
    return result


def run_wsload(bench, connections, tls, *options, serving=(), template=ECHO):
    """Runs it once against a server with the options SERVING; gives its summary, what the process
    used, and the server that it used."""
    with tempfile.TemporaryDirectory(prefix="wsload-bench-") as directory:
        with EchoServer(bench.build, tls, *serving) as server:
            command = wsload_command(
                bench, server, directory, connections, *options, template=template
            )
            watched = Watched(command, bench.seconds)
        return wsload_summary(directory, connections), watched, server


def wsload_sends(bench, connections, tls, *options, **setting):
    """SETTING as in run_wsload()."""
    options = ("-d", f"{bench.seconds}s", *options)
    result, watched, server = run_wsload(bench, connections, tls, *options, **setting)
    figures = {
        "rate": result["requests_per_second"],
        "good": result["successful_requests"],
        "open_time": result["connections"]["open_time"],
        "latency": result["latency"],
        "send_lag": result.get("send_lag"),
        "reply_wait": result.get("reply_wait"),
        "timestamps": result.get("timestamps"),
        "worker_cpu": [one["cpu"] for one in result.get("self", {}).get("workers", [])],
        "server_busy": server.busy,
        "server_late": server.late,
    }
    return with_cpu(figures, watched, result["sent_requests"], bench.seconds)


def wsload_closed(bench, connections, tls):
    return wsload_sends(bench, connections, tls)


def wsload_paced(bench, connections, rate, delay_ms=0):
    pace = ("-r", rate, "--arrival", "constant")
    return wsload_sends(bench, connections, False, *pace, serving=delayed(delay_ms))


def wsload_open(bench, connections, tls):
    result, _, server = run_wsload(bench, connections, tls, "--hold", "-d", "1s")
    return {"open_time": result["connections"]["open_time"], "server_busy": server.busy}


def wsload_memory(bench, connections, tls):
    def rss(count):
        with tempfile.TemporaryDirectory(prefix="wsload-bench-") as directory:
            with EchoServer(bench.build, tls) as server:
                command = wsload_command(bench, server, directory, count, "--hold", "-d", "1h")
                with idle_process(command, count) as process:
                    resident = rss_bytes(process.pid)
            wsload_summary(directory, count)
        return resident

    return {"bytes_per_connection": (rss(connections) - rss(1)) / (connections - 1)}


# --- the floor ---


def floor_command(bench, server, connections, *mode):
    tls = ["--tls"] * (server.scheme == "wss")
    return pinned(CLIENT, bench.build / "bench/bench_floor", *tls, server.port, connections, *mode)


def run_floor(bench, connections, tls, *mode, serving=()):
    with EchoServer(bench.build, tls, *serving) as server:
        watched = Watched(floor_command(bench, server, connections, *mode), bench.seconds)
    figures = json.loads(watched.output)
    return {**figures, "server_busy": server.busy, "server_late": server.late}, watched


def floor_sends(bench, connections, tls, *mode, serving=()):
    figures, watched = run_floor(bench, connections, tls, *mode, serving=serving)
    return with_cpu(figures, watched, figures["messages"], bench.seconds)


def floor_closed(bench, connections, tls):
    return floor_sends(bench, connections, tls, "closed", bench.seconds)


def floor_paced(bench, connections, rate, delay_ms=0):
    mode = ("paced", bench.seconds, rate)
    return floor_sends(bench, connections, False, *mode, serving=delayed(delay_ms))


def floor_open(bench, connections, tls):
    return run_floor(bench, connections, tls, "open")[0]


def floor_memory(bench, connections, tls):
    def rss(count):
        with EchoServer(bench.build, tls) as server:
            with idle_process(floor_command(bench, server, count, "idle"), count) as process:
                return rss_bytes(process.pid)

    return {"bytes_per_connection": (rss(connections) - rss(1)) / (connections - 1)}


# --- against a server that answers after a known delay ---

PERCENTILES = ("median", "p90", "p95", "p99")


@dataclasses.dataclass(frozen=True)
class Known:
    """What a client is asked to do, and the percentiles of latency that are right for it."""

    delay_ms: int
    rate: int
    maximum: float  # the rate of a closed loop
    latency: dict


def known_delay(bench, connections, delay_ms):
    """Half of wsload's maximum, or as much as leaves half of the connections free. Without a delay
    bare epoll says what latency is right."""
    maximum = wsload_closed(bench, connections, tls=False)["rate"]
    possible = connections / 2 / (delay_ms / 1e3) if delay_ms else maximum
    rate = int(min(maximum / 2, possible))
    latency = dict.fromkeys(PERCENTILES, delay_ms / 1e3)
    if delay_ms == 0:
        latency = floor_paced(bench, connections, rate)["latency"]
    return {"known": Known(delay_ms, rate, maximum, latency)}


def with_error(figures, known):
    """FIGURES and how far from what is right they are."""
    error = {name: figures["latency"][name] - known.latency[name] for name in PERCENTILES}
    largest = max(map(abs, error.values()))
    share = known.rate / known.maximum
    return {**figures, "error": {**error, "largest": largest}, "share_of_maximum": share}


def wsload_delayed(bench, connections, known):
    return with_error(wsload_paced(bench, connections, known.rate, known.delay_ms), known)


def floor_delayed(bench, connections, known):
    return with_error(floor_paced(bench, connections, known.rate, known.delay_ms), known)


# --- against a server that says when it sent each reply ---

STAMPED_DELAY_MS = 1
STAMP_DIGITS = 19  # at the end of a reply: nanoseconds since 1970, as the record has its times


@dataclasses.dataclass(frozen=True)
class Company:
    """What a client is asked to do, and whether a busy loop shares its core."""

    busy: bool
    rate: int
    maximum: float  # the rate of a closed loop in that company

    def kept(self):
        return busy_loop(CLIENT) if self.busy else contextlib.nullcontext()


def stamped_load(bench, connections, busy):
    """Half of wsload's maximum, which a busy loop on its core makes half of what it else is."""
    with Company(busy, 0, 0).kept():
        maximum = wsload_closed(bench, connections, tls=False)["rate"]
    return {"company": Company(busy, int(maximum / 2), maximum)}


def stamp_errors(record):
    """How long after the server's send each good reply of RECORD was done, in ns, sorted. The
    record cuts a moment off to its microsecond."""
    with open(record, encoding="ascii") as lines:
        replies = [reply for reply in map(json.loads, lines) if reply["outcome"] == "ok"]
    if not replies:
        raise Failed("nothing was recorded")
    done = (round(reply["done"] * 1e3) * 1000 for reply in replies)
    sent = (int(reply["reply"][-STAMP_DIGITS:]) for reply in replies)
    return sorted(map(operator.sub, done, sent))


def wsload_stamped(bench, connections, company, clock="auto"):
    """CLOCK as --timestamps takes it. What the record lost is not among what is compared."""
    with tempfile.TemporaryDirectory(prefix="wsload-bench-") as directory, company.kept():
        record = pathlib.Path(directory, "record.jsonl")
        figures = wsload_sends(
            *(bench, connections, False, "-r", company.rate, "--arrival", "constant"),
            *("--timestamps", clock, "--record", record, "--record-replies"),
            serving=(*delayed(STAMPED_DELAY_MS), "--stamps"),
        )
        errors = stamp_errors(record)
    by = figures["timestamps"]
    return {
        **figures,
        "error": {f"p{part}": errors[len(errors) * part // 100] / 1e9 for part in (0, 50, 99)},
        "by_kernel": by["kernel"] / (by["kernel"] + by["user"]),
        "compared": {"count": len(errors), "share": len(errors) / figures["good"]},
        "share_of_maximum": figures["rate"] / company.maximum,
    }


def wsload_stamped_by_itself(bench, connections, company):
    return wsload_stamped(bench, connections, company, clock="user")


# --- with rules on replies ---

# 300 bytes; the members that the rules look at stand between others, behind nested ones.
ANSWER = (
    '{"type":"answer","meta":{"model":"m-1","route":["chat","answer"],"usage":{"input":12,'
    '"output":345}},"id":"{{id}}","text":"{{prompt}}, he said: \\"yes\\"","status":"done",'
    '"trace":{"span":"5f2c9","sampled":true},"choices":[{"logprobs":null}]}'
)
RULES = ("--correlate", "id", "--reply-end", "json:status=done")


def wsload_with_rules(bench, connections):
    return wsload_sends(bench, connections, False, *RULES, template=ANSWER)


def wsload_without_rules(bench, connections):
    return wsload_sends(bench, connections, False, template=ANSWER)


# --- streams ---

TOKEN = '{"type":"token","text":"0123456789abcdef0123456789abcdef012345"}'  # echoed, so 64 bytes
STREAM_END = "json:type=end"


@dataclasses.dataclass(frozen=True)
class Streams:
    """What the server answers with, and how many of these follow each other on a connection."""

    messages: int
    gap_ms: int

    def serving(self):
        return ("--stream", self.messages, "--gap", self.gap_ms)

    def rounds(self, bench):
        """As many as fill the seconds, but enough that beginning and ending weigh little."""
        return max(3, round(bench.seconds * 1e3 / (self.messages * self.gap_ms)))


def wsload_streams(bench, connections, streams):
    """The rate is that of the messages that come in."""
    options = ("-n", connections * streams.rounds(bench), "--reply-end", STREAM_END)
    result, watched, server = run_wsload(
        bench, connections, False, *options, serving=streams.serving(), template=TOKEN
    )
    messages = result["traffic"]["received_messages"]
    if messages != result["sent_requests"] * streams.messages:
        raise Failed(f"{messages:,} messages to {result['sent_requests']:,} requests")
    figures = {
        "rate": messages / result["total_time"],
        "open_time": result["connections"]["open_time"],
        "inter_message_gap": result["inter_message_gap"],
        "verdict": result["validity"],
        "trusted": float(result["validity"]["status"] != "invalid"),
        "server_busy": server.busy,
        "server_late": server.late,
    }
    return with_cpu(figures, watched, messages, bench.seconds)


def floor_streams(bench, connections, streams):
    mode = ("streams", streams.rounds(bench), streams.messages)
    return floor_sends(bench, connections, False, *mode, serving=streams.serving())


# --- others' generators ---


def found(program):
    path = shutil.which(program)
    if path is None:
        raise Absent(f"{program} is not on PATH")
    return path


def tcpkali_paced(bench, connections, rate):
    program = found("tcpkali")
    with EchoServer(bench.build, tls=False) as server:
        watched = Watched(
            pinned(
                *(CLIENT, program, "--ws", "--workers", 1, "--nagle", "off"),
                *("--connections", connections, "--duration", f"{bench.seconds}s"),
                *("--message-rate", rate // connections, "--message", MESSAGE),
                f"127.0.0.1:{server.port}",
            ),
            bench.seconds,
        )
    sent = re.search(rb"Total data sent:.*\((\d+) bytes\)", watched.output)
    if sent is None:
        raise Failed(f"tcpkali did not tell what it sent: {watched.output.decode()}")
    messages = int(sent[1]) / FRAME_BYTES
    return {
        "rate": messages / bench.seconds,
        "whole_cpu_per_message": watched.cpu / messages,
        "rss_peak": watched.rss_peak,
        "server_busy": server.busy,
    }


def k6_paced(bench, connections, rate):
    program = found("k6")
    script = pathlib.Path(__file__).with_name("k6.js")
    with tempfile.TemporaryDirectory(prefix="wsload-bench-") as directory:
        summary = pathlib.Path(directory, "summary.json")
        with EchoServer(bench.build, tls=False) as server:
            settings = {
                "URL": server.url,
                "CONNECTIONS": connections,
                "RATE": rate,
                "SECONDS": bench.seconds,
                "MESSAGE": MESSAGE,
                "SUMMARY": summary,
            }
            environment = [part for item in settings.items() for part in ("-e", "%s=%s" % item)]
            options = ["--quiet", "--no-usage-report", "--address", "", *environment]
            watched = Watched(pinned(CLIENT, program, "run", *options, script), bench.seconds)
        metrics = json.loads(summary.read_bytes())["metrics"]
    lag = metrics["send_lag"]["values"]
    messages = metrics["echoed"]["values"]["count"]
    return {
        "rate": messages / bench.seconds,
        "whole_cpu_per_message": watched.cpu / messages,
        "rss_peak": watched.rss_peak,
        "send_lag": {"median": lag["med"] / 1e3, "p99": lag["p(99)"] / 1e3},
        "server_busy": server.busy,
    }


# --- wsload without a socket ---


def null_engine(bench, connections):
    program = bench.build / "bench" / "bench_null"
    watched = Watched(pinned(CLIENT, program, connections, bench.seconds), bench.seconds)
    return json.loads(watched.output)
