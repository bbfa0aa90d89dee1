"""Runs the real wsload against real servers, in a temporary directory, and checks every summary.

A test file is a plain unittest program:  WSLOAD=build/dev/wsload tests/e2e/test_main_job.py
"""

import functools
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
import unittest
from concurrent import futures

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WSLOAD = os.path.abspath(os.environ.get("WSLOAD", ROOT / "build" / "dev" / "wsload"))
SERVERS = HERE / "servers"
sys.path.append(str(HERE.parent / "golden"))  # the reader of histograms is there
SCHEMA = ROOT / "docs" / "summary.schema.json"
SUMMARY = "load_test_summary.json"
DISTRIBUTIONS = (
    "latency", "response_time", "ttfm", "inter_message_gap", "tpom", "messages_per_reply",
    "bytes_per_reply",
)
HANGS_S = 300  # what is not there by then never comes: no bound on how fast anything is
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def clean_environment(extra=None):
    """This process's environment without what wsload reads, so that no test hangs on a shell. Only
    the tests of the rehearsal have one: it takes 1.3 s and sends a prompt of its own. What is None in EXTRA
    is unset."""
    ours = ("WSLOAD", "AWS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    wanted = {**kept, "WSLOAD_REHEARSAL": "off", **(extra or {})}
    return {name: value for name, value in wanted.items() if value is not None}


@functools.cache
def schema():
    """The validator of summaries. It takes ten times longer to make than to use."""
    text = json.loads(SCHEMA.read_bytes())
    return jsonschema.validators.validator_for(text)(text)


class Run:
    """What one run of wsload did."""

    def __init__(self, code, out, err, summary):
        self.code, self.out, self.err, self.summary = code, out, err, summary

    def errors(self):
        """{(kind, detail): count} out of the summary."""
        return {(e["kind"], e["detail"]): e["count"] for e in self.summary["errors"]}

    def __str__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Server:
    """A counterpart: prints {"port": N} when it listens, and its counts on SIGUSR2 and SIGTERM."""

    def __init__(self, argv, options, env=None):
        command = [*map(str, argv), json.dumps(options)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=clean_environment(env)
        )
        self.final = None
        self.port = self._read()["port"]

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args}: ended with {self.process.wait()}")
        return json.loads(line)

    def url(self, scheme="ws", host="127.0.0.1", path="/"):
        return f"{scheme}://{host}:{self.port}{path}"

    def counts(self):
        """What it has counted so far."""
        self.process.send_signal(signal.SIGUSR2)
        return self._read()

    def stop(self):
        """Ends it; returns what it counted in all."""
        if self.final is None:
            self.process.send_signal(signal.SIGTERM)
            self.final = self._read()
            self.process.wait()
            self.process.stdout.close()
        return self.final

    def end(self):
        """Politely at first: a server may have a child of its own to end."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=HANGS_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


class Served:
    """A running `wsload serve`."""

    def __init__(self, case, *flags, env=None):
        self.case = case
        self.port_file = case.dir / "port"
        self.port_file.unlink(missing_ok=True)
        self.process = case.start(
            "serve", "--listen", "127.0.0.1:0", "--port-file", self.port_file, *flags, env=env
        )
        case.wait_for(self._listens, "the port file")
        self.port = int(self.port_file.read_text())

    def _listens(self):
        if self.process.poll() is not None:
            self.case.fail(f"wsload serve ended: {self.case.finish(self.process)}")
        return self.port_file.exists()

    def url(self, scheme="ws", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}/"

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.case.finish(self.process, summary=None)


def cpu_times():
    """What all processors of the machine did so far, in ticks: (idle, everything)."""
    times = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return times[3] + times[4], sum(times)


class Bystander:
    """A clock on the same machine: sleeps a millisecond again and again, and notes how late it is.
    Who sleeps that much is woken soon even on a busy machine, so it looks at the processors, too."""

    def __enter__(self):
        self.idle, self.all = cpu_times()
        self.late = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sleep)
        self.thread.start()
        return self

    def _sleep(self):
        while not self.ended.is_set():
            before = time.monotonic()
            time.sleep(0.001)
            self.late.append(time.monotonic() - before - 0.001)

    def __exit__(self, *error):
        self.ended.set()
        self.thread.join()
        idle, all_times = cpu_times()
        self.idle, self.all = idle - self.idle, all_times - self.all

    def was_disturbed(self):
        """One sleep in a hundred was 0.5 ms late, where it is 0.1 ms on a quiet machine; or hardly
        any processor was ever free, which no test needs that uses this."""
        late = sorted(self.late)[len(self.late) * 99 // 100]
        return late > 0.0005 or self.idle < 0.2 * self.all


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="wsload-e2e-")
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)

    # Files and servers

    def write(self, name, content):
        """Writes text or bytes to NAME in the test's directory; returns its path as a string."""
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def prompts(self, *lines):
        return self.write("prompts.txt", "".join(line + "\n" for line in lines))

    def server(self, argv, options, env=None):
        started = Server(argv, options, env)
        self.addCleanup(started.end)
        return started

    def node(self, **options):
        return self.server(["node", SERVERS / "ws_echo.js"], options)

    def python(self, **options):
        return self.server(["/usr/bin/python3", SERVERS / "websockets_echo.py"], options)

    def awslambda(self, **options):
        env = {"MAPPING_KEY": "action", "PORT": "0"}
        return self.server(["node", SERVERS / "lambda.js"], options, env)

    def bad(self, mode, **options):
        return self.server(
            ["/usr/bin/python3", SERVERS / "bad_server.py"], {"mode": mode, **options}
        )

    def nginx(self, upstream, certificate):
        """nginx that terminates TLS in front of UPSTREAM."""
        return self.server(
            ["/usr/bin/python3", SERVERS / "nginx.py"],
            {"upstream": upstream.port, "cert": certificate.cert, "key": certificate.key},
        )

    def serve(self, *flags):
        return Served(self, *flags)

    def refused_port(self):
        """A port that nobody listens on, and nobody else can take meanwhile."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]

    # Running wsload

    def start(self, *args, env=None, stdin=subprocess.DEVNULL, cwd=None, program=None, **how):
        """Starts wsload and returns its process; finish() takes it from there."""
        process = subprocess.Popen(
            [program or WSLOAD, *map(str, args)],
            cwd=cwd or self.dir,
            env=clean_environment(env),
            stdin=stdin,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},
        )

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def finish(self, process, stdin=None, summary=SUMMARY):
        """Waits for wsload and checks what holds for every run; SUMMARY None: it writes none."""
        try:
            out, err = process.communicate(stdin, timeout=HANGS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"wsload did not end within {HANGS_S} s\n{out.decode()}\n{err.decode()}")
        run = Run(process.returncode, out.decode(), err.decode(), None)
        self.assertGreaterEqual(run.code, 0, f"died of a signal: {run}")
        for mark in SANITIZER_MARKS:
            self.assertNotIn(mark, run.out + run.err)
        if summary == "-":
            text = out
        else:
            path = self.dir / summary if summary else None
            text = path.read_bytes() if path and path.is_file() else None
        if text is not None:
            run.summary = json.loads(text)
            self.check_summary(run)
            self.check_read_back(run, text)
        return run

    def wsload(self, *args, stdin=None, **how):
        """Runs wsload to its end. The summary of an earlier run is removed first."""
        (self.dir / SUMMARY).unlink(missing_ok=True)
        summary = str(args[args.index("--summary") + 1]) if "--summary" in args else SUMMARY
        source = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        return self.finish(self.start(*args, stdin=source, **how), stdin, summary)

    def check_summary(self, run):
        """The schema, and the sums that hold in every run."""
        summary = run.summary
        schema().validate(summary)
        total, good = summary["total_requests"], summary["successful_requests"]
        self.assertEqual(total, good + summary["failed_requests"], run)
        self.assertEqual(summary["exit"]["code"], run.code, run)
        self.assertEqual(summary["passed"], run.code == 0, run)
        self.assertEqual(len(summary["samples"]), min(5, total), run)
        for name in DISTRIBUTIONS:
            self.check_ladder(summary[name], run)
        self.check_accounts(summary)
        self.check_networks(summary)
        if good == 0:
            return
        self.assertAlmostEqual(summary["success_rate"], 100.0 * good / total, places=2)
        in_time = total - summary["drain"]["requests"]
        self.assertAlmostEqual(
            summary["requests_per_second"] * summary["total_time"],
            in_time,
            delta=0.01 * in_time + 1,
        )

    def check_read_back(self, run, text):
        """The summary TEXT, read and written again, is itself, and ends as the run did."""
        command = [WSLOAD, "report", "-q", "-", "-o", "json=-"]
        again = subprocess.run(command, input=text, capture_output=True, env=clean_environment())
        self.assertEqual(again.stdout, text, again.stderr)
        self.assertEqual(again.returncode, run.code, again.stderr)

    def check_ladder(self, figures, run):
        """Each percentile is as high as the one before; or there is no figure at all."""
        if figures is None:
            return
        ladder = [figures[name] for name in ("min", "median", "p90", "p95", "p99", "p999", "max")]
        self.assertEqual(ladder, sorted(ladder), run)
        self.assertTrue(figures["min"] <= figures["average"] <= figures["max"], run)

    def check_accounts(self, summary):
        """Each request that was planned went one way, in every run (docs/MEASURING.md)."""
        for sums in (summary["warmup"], summary["accounting"]):
            started = sums["sent"] + sums["unsent"]
            self.assertEqual(sums["planned"], started + sums["skipped"], sums)
            self.assertEqual(started, sums["ok"] + sums["failed"] + sums["unanswered"], sums)
        self.assertEqual(sums["sent"], summary["sent_requests"], sums)
        self.assertEqual(sums["ok"], summary["successful_requests"], sums)
        self.assertEqual(sums["failed"], sum(e["requests"] for e in summary["errors"]), sums)

    def check_networks(self, summary):
        """However a connection ended that had opened, its network was looked at, once."""
        connections = summary["connections"]
        opened = sum(connections[name] for name in ("opened", "reopened", "rotated"))
        for name in ("network.rtt", "network.min_rtt"):
            seen = summary["histograms"].get(name, {"count": 0})
            self.assertEqual(seen["count"], opened, summary["network"])

    # Asserting

    def assert_passed(self, run, requests):
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.summary["successful_requests"], requests, run)
        self.assertEqual(run.summary["failed_requests"], 0, run)
        self.assertEqual(run.summary["errors"], [], run)

    def assert_mistake(self, run, *texts):
        """A usage error: exit code 2, a message on stderr alone, and no summary."""
        self.assertEqual(run.code, 2, run)
        self.assertEqual(run.out, "", run)
        self.assertTrue(run.err.startswith("wsload: "), run)
        for text in texts:
            self.assertIn(text, run.err)
        self.assertIsNone(run.summary, run)

    def best_of(self, attempt, count=6):
        """ATTEMPT() returns the times that are wrong, if any. Other programs' noise passes and an
        error of wsload stays: one attempt must have none, or COUNT are wrong that disturbed no
        bystander. Where the noise does not pass, nothing can be said."""
        quiet = []
        for _ in range(2 * count):
            with Bystander() as bystander:
                wrong = attempt()
            if not wrong:
                return
            if not bystander.was_disturbed():
                quiet.append(wrong)
            self.assertLess(len(quiet), count, quiet)
        self.skipTest(f"other programs keep this machine too busy to tell: {wrong}")

    def wait_for_signal(self, process, number):
        """Waits until the process has taken it: two at one time would be one."""

        def taken():
            text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            masks = re.findall(r"^S[ih][gd]Pnd:\s*(\w+)", text, re.M)
            return not any(int(mask, 16) >> (number - 1) & 1 for mask in masks)

        self.wait_for(taken, "the signal")

    def wait_for(self, condition, what):
        """Waits until CONDITION() holds; returns its value."""
        deadline = time.monotonic() + HANGS_S
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.01)
        self.fail(f"{what} did not happen within {HANGS_S} s")


class SideBySide(unittest.TestSuite):
    """Tests that mostly wait, sixteen at a time."""

    def run(self, result, debug=False):
        with futures.ThreadPoolExecutor(16) as pool:
            for test, own in pool.map(self._run_one, self._tests_of(self)):
                result.startTest(test)
                result.failures += own.failures
                result.errors += own.errors
                result.skipped += own.skipped
                if own.wasSuccessful():
                    result.addSuccess(test)
        return result

    def _tests_of(self, suite):
        for test in suite:
            yield from self._tests_of(test) if isinstance(test, unittest.TestSuite) else [test]

    def _run_one(self, test):
        return test, test.run(unittest.TestResult())


def main(side_by_side=False):
    if not os.access(WSLOAD, os.X_OK):
        sys.exit(f"{WSLOAD}: no such program; build it, or name it in WSLOAD")
    loader = unittest.TestLoader()
    if side_by_side:
        loader.suiteClass = SideBySide
    unittest.main(verbosity=2, argv=sys.argv, testLoader=loader)
