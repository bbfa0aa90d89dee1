"""Processes of the benchmarks: pinned to their cores, watched while they run, and their limits.

The server has the first core to itself, the client the second, and the runner a third where there
is one, else the server's.
"""

import contextlib
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

SERVER, CLIENT, RUNNER = range(3)
CORES = sorted(os.sched_getaffinity(0))
SAMPLE_S = 0.05
PATIENCE_S = 60  # for a process to do what it does besides sending for a given time
OTHER_DESCRIPTORS = 100  # what a process has open besides its connections


class Failed(Exception):
    """A program did not do what it was started for; the text says which and why."""


class Absent(Failed):
    """A program that may be there is not."""


def core(role):
    return CORES[role % len(CORES)]


def pinned(role, *command):
    return ["taskset", "-c", str(core(role)), *map(str, command)]


def connections_allowed(wanted):
    """WANTED, or as many as the descriptor limit allows to one process."""
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - OTHER_DESCRIPTORS)


def cpu_seconds(pid):
    """CPU time that the running process PID has used, all threads together."""
    return time.clock_gettime(~pid << 3 | 2)  # its CPU clock: MAKE_PROCESS_CPUCLOCK, CPUCLOCK_SCHED


def rss_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) * 1024


def raise_failure(command, code, errors):
    text = errors.decode(errors="replace").strip() or "it said nothing"
    raise Failed(f"{pathlib.Path(command[3]).name} ended with {code}: {text}")


class Watched:
    """What a finished process printed, and what it used while it ran."""

    def __init__(self, command, seconds=0):
        """Runs COMMAND, which sends for SECONDS."""
        self.samples = []  # (seconds since its start, CPU seconds)
        self.rss_peak = 0
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            self.output, errors = self._await(process, time.monotonic() + seconds + PATIENCE_S)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        if process.returncode != 0:
            raise_failure(command, process.returncode, errors)

    def _await(self, process, deadline):
        start = time.monotonic()
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=SAMPLE_S)
            if time.monotonic() > deadline:
                process.kill()
            with contextlib.suppress(OSError):  # it has just ended
                self.samples.append((time.monotonic() - start, cpu_seconds(process.pid)))
                self.rss_peak = max(self.rss_peak, rss_bytes(process.pid))

    def cpu_share(self, start, end):
        """The share of a core that it used between START and END, in seconds since its start."""
        inside = [sample for sample in self.samples if start <= sample[0] <= end]
        if len(inside) < 2:
            raise Failed("too short a run to see its CPU time: use more --seconds")
        (first, cpu_first), (last, cpu_last) = inside[0], inside[-1]
        return (cpu_last - cpu_first) / (last - first)


@contextlib.contextmanager
def idle_process(command, connections):
    """Runs COMMAND until it holds CONNECTIONS and rests; gives the process; ends it politely."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not _rests(process, connections):
                if process.poll() is not None:
                    raise_failure(command, process.returncode, process.stderr.read())
                if time.monotonic() > deadline:
                    raise Failed(f"{connections:,} connections were not open in {PATIENCE_S} s")
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=30)
            process.kill()


BUSY_LOOP = f"""
import time
end = time.monotonic() + {2 * PATIENCE_S}
while time.monotonic() < end:
    pass
"""


@contextlib.contextmanager
def busy_loop(role):
    """A program without a pause on the core of ROLE, with the priority of everybody."""
    with subprocess.Popen(pinned(role, sys.executable, "-c", BUSY_LOOP)) as process:
        try:
            yield
        finally:
            process.kill()


def _rests(process, connections):
    """True when it has a descriptor for each of CONNECTIONS and used under 5 % of a core since."""
    with contextlib.suppress(OSError):  # it has ended
        descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
        before = cpu_seconds(process.pid)
        time.sleep(0.4)
        return descriptors >= connections and cpu_seconds(process.pid) - before < 0.02
    return False


class EchoServer:
    """bench_echo_server, a fresh one for each run: a new port has no connections in TIME_WAIT."""

    def __init__(self, build, tls, *options):
        self.scheme = "wss" if tls else "ws"
        # After the run: the share of its time in which it had work, and how late it was with what
        # it held back, None when that was nothing.
        self.busy = self.late = None
        program = build / "bench" / "bench_echo_server"
        command = pinned(SERVER, program, *["--tls"] * tls, *options)
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        line = self._process.stdout.readline()
        if not line.strip().isdigit():
            raise Failed("bench_echo_server did not start")
        self.port = int(line)
        self.url = f"{self.scheme}://127.0.0.1:{self.port}/"
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            figures = json.loads(self._process.communicate(timeout=10)[0])
            self.busy, self.late = figures["busy"], figures.get("late")
        except (subprocess.TimeoutExpired, ValueError):
            self._process.kill()
            self._process.wait()
