"""Tries wsload's judgement of itself. usage: validity.py --wsload PATH [--runs N] [--only CASE]...

False alarms: runs whose figures are right must not be doubtful, also beside a busy loop of equal
priority on one core. True ones: wsload that is kept from its work must say so. Each case runs N
times (30); prints a table, and exits with 1 when a row is not as expected.
"""

import argparse
import base64
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

CORES = sorted(os.sched_getaffinity(0))
GROUP = f"wsload-validity-{os.getpid()}"
QUOTA_PERCENT, PERIOD_US = 20, 100000
PATIENCE_S = 60
KEY_ADDED = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


# --- Servers ---


@contextlib.contextmanager
def served(wsload, *options):
    """The URL of `wsload serve` with OPTIONS."""
    with tempfile.TemporaryDirectory() as directory:
        port_file = pathlib.Path(directory, "port")
        command = [wsload, "serve", "-q", "--listen", "127.0.0.1:0", "--port-file", port_file]
        server = subprocess.Popen([*command, *options])
        try:
            end = time.monotonic() + PATIENCE_S
            while not (port_file.exists() and port_file.read_text()):
                if time.monotonic() > end or server.poll() is not None:
                    sys.exit("validity: wsload serve did not start")
                time.sleep(0.01)
            scheme = "wss" if "--tls" in options else "ws"
            yield f"{scheme}://127.0.0.1:{port_file.read_text().strip()}/"
        finally:
            server.terminate()
            server.wait()


def frame(text):
    assert len(text) < 126
    return bytes([0x81, len(text)]) + text


def take(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def take_message(connection):
    """Reads a masked text message of the client, or the end of all."""
    opcode, length = take(connection, 2)
    if opcode != 0x81:
        raise EOFError
    length &= 0x7F  # it is masked
    if length == 126:
        length = int.from_bytes(take(connection, 2), "big")
    take(connection, 4 + length)


def answer_with_bursts(connection, burst):
    with contextlib.suppress(EOFError, OSError), connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(burst))
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        key = re.search(rb"(?i)\r\nsec-websocket-key: *(\S+)", head).group(1)
        accept = base64.b64encode(hashlib.sha1(key + KEY_ADDED).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        while True:
            take_message(connection)
            connection.sendall(burst)


def in_background(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()


@contextlib.contextmanager
def bursts(wsload, count):
    """A server that answers with COUNT small messages at once, of 12 bytes: much work for wsload,
    and little for the server."""
    del wsload
    burst = frame(b'{"part":1}') * (count - 1) + frame(b'{"end":1}')
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    in_background(answer_with_bursts, listener.accept()[0], burst)

        in_background(accept)
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"


# --- What keeps wsload from its work ---


@contextlib.contextmanager
def hog(wanted):
    """A busy loop of equal priority on one core."""
    if not wanted:
        yield
        return
    loop = subprocess.Popen(["taskset", "-c", str(CORES[0]), "sh", "-c", "while :; do :; done"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def quota_directory():
    """Where a group with a CPU quota can be made; None when it cannot."""
    for base in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup"):
        path = pathlib.Path(base)
        v1 = (path / "cpu.cfs_quota_us").exists() or (path / "cpu.shares").exists()
        controllers = path / "cgroup.subtree_control"
        v2 = controllers.exists() and "cpu" in controllers.read_text().split()
        if (v1 or v2) and os.access(path, os.W_OK):
            return path / GROUP
    return None


def make_quota(path):
    path.mkdir()
    quota_us = PERIOD_US * QUOTA_PERCENT // 100
    if (path / "cpu.max").exists():
        (path / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
    else:
        (path / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (path / "cpu.cfs_quota_us").write_text(str(quota_us))


@contextlib.contextmanager
def in_quota():
    """Starts programs in a group that may use 20 % of a core."""
    path = quota_directory()
    make_quota(path)
    try:
        yield lambda: (path / "cgroup.procs").write_text(str(os.getpid()))
    finally:
        path.rmdir()


@contextlib.contextmanager
def on_one_core():
    yield lambda: os.sched_setaffinity(0, CORES[:1])


@contextlib.contextmanager
def anywhere():
    yield lambda: None


def leave_alone(process):
    del process


def stop_for_a_second(process):
    time.sleep(1)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    process.send_signal(signal.SIGCONT)


# --- The cases ---


@dataclasses.dataclass
class Case:
    name: str
    arguments: str
    server: Callable = served
    options: tuple = ()  # of the server
    rehearsal: str = "off"
    delay_ms: float = 0  # of the server; 0: an alarm is expected
    grades: tuple = ("doubtful", "invalid")  # what is an alarm
    checks: tuple = ()  # one of which it must come from; (): an alarm is false
    allowed: int = 0  # false alarms of 30
    place: Callable = anywhere
    disturb: Callable = leave_alone


AFTER_20_MS = {"options": ("--delay", "20ms"), "delay_ms": 20, "allowed": 1}
OVER_TLS = ("--delay", "20ms", "--tls")
AFTER_300_MS = {"options": ("--delay", "300ms"), "delay_ms": 300}
STARVED = {
    "server": bursts, "options": (4000,), "grades": ("invalid",), "checks": ("rate",),
    "place": on_one_core,
}
CASES = [
    Case("20ms", "-c 20 -d 1s", **AFTER_20_MS),
    Case("demo", "-k -c 20 -n 200", rehearsal="on", **{**AFTER_20_MS, "options": OVER_TLS}),
    Case("rate", "-c 100 -r 1k -d 1s", **AFTER_20_MS),
    Case("one", "-c 1 -n 1", **AFTER_300_MS),
    Case("fifty", "-c 50 -n 50", **AFTER_300_MS),
    Case("quota", "-c 20 -d 1s", checks=("cpu",), place=in_quota),
    Case("starved-2", "-t 2 -c 100 -r 10k --max-queue 10 -d 1s --reply-end json:end", **STARVED),
    Case("starved-4", "-t 4 -c 100 -r 10k --max-queue 10 -d 1s --reply-end json:end", **STARVED),
    Case("stopped", "-c 20 -r 500 -d 3s", options=("--delay", "20ms"), checks=("send_lag",),
         disturb=stop_for_a_second),
    Case("one-way", "-c 20 --one-way -r 500 -d 3s", delay_ms=1, allowed=1),
    Case("one-way-stopped", "-c 20 --one-way -r 500 -d 3s", checks=("send_lag",),
         disturb=stop_for_a_second),
    Case("burst", "-t 1 -c 4 -d 1s --reply-end json:end", checks=("cpu", "reply_wait"),
         server=bursts, options=(87000,)),
]


def is_right(summary, delay_ms):
    """Whether each percentile of the response time (in a closed run the latency) that rests on 10
    samples, and the rate of a closed run, is within 5 % of what it is known to be. Of messages
    without replies, whether they were sent when they were due, but for 10 ms."""
    count = summary["successful_requests"]
    if summary["load"]["reply"] == "none":
        return summary["pacing_lag"]["p99"] <= 0.010
    rate = 1000 * summary["load"]["connections"] / delay_ms
    if summary["load"]["model"] == "closed" and summary["requests_per_second"] < 0.95 * rate:
        return False
    times = summary["response_time"] or {}
    for name, beyond in (("median", 0.5), ("p95", 0.05), ("p99", 0.01)):
        if count * beyond >= 10 and not 0.95 <= 1000 * times[name] / delay_ms <= 1.05:
            return False
    return count > 0


def is_alarm(validity, case):
    """Of a true one: for a reason that is expected, and the target is not blamed."""
    if not case.checks:
        return validity["status"] in case.grades
    grades = {one["check"]: one["grade"] for one in validity["reasons"]}
    expected = any(grades.get(check) in case.grades for check in case.checks)
    return expected and "target" not in grades


def run_once(wsload, case, url, enter):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "summary.json")
        flags = [*case.arguments.split(), "--rehearsal", case.rehearsal, "--summary", path]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([wsload, *flags, url], preexec_fn=enter, **quiet)
        case.disturb(process)
        process.wait(timeout=PATIENCE_S)
        return json.loads(path.read_text(encoding="utf-8"))


def try_case(wsload, case, busy, runs):
    """Prints the row of CASE. Whether it is as expected."""
    right = alarms = false_alarms = 0
    checks = set()
    with case.server(wsload, *case.options) as url, case.place() as enter, hog(busy):
        for _ in range(runs):
            summary = run_once(wsload, case, url, enter)
            alarm = is_alarm(summary["validity"], case)
            good = case.delay_ms > 0 and is_right(summary, case.delay_ms)
            right += good
            alarms += alarm
            false_alarms += good and alarm
            reasons = summary["validity"]["reasons"]
            checks |= {one["check"] for one in reasons
                       if one["grade"] != "valid" or one["check"] == "target"}
    if case.delay_ms:
        expected = f"at most {case.allowed} of those that are right"
        fine = false_alarms * 30 <= case.allowed * max(runs, 30)
        figures = f"{right:6} {false_alarms:6}"
    else:
        expected, fine = f"all, by {' or '.join(case.checks)}", alarms == runs
        figures = f"{'-':>6} {'-':>6}"
    print(f"{case.name:15} {'yes' if busy else 'no':4} {runs:5} {alarms:6} {figures}  "
          f"{'ok' if fine else 'WRONG':6} {expected}; {' '.join(sorted(checks))}", flush=True)
    return fine


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wsload", required=True, type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--only", action="append", choices=[case.name for case in CASES])
    options = parser.parse_args()
    fine = True
    print(f"{'case':15} {'hog':4} {'runs':>5} {'alarms':>6} {'right':>6} {'false':>6}")
    for case in CASES:
        if options.only and case.name not in options.only:
            continue
        if case.place is in_quota and not quota_directory():
            print(f"{case.name:15} skipped: no control group with a CPU quota can be made here")
            continue
        for busy in (False, True):
            fine &= try_case(options.wsload.resolve(), case, busy, options.runs)
    sys.exit(0 if fine else 1)


main()
