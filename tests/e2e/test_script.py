"""run_load_test.sh: the one command, its settings, and its exit code."""

import os
import pathlib
import shutil
import signal
import subprocess
import unittest

import harness

SCRIPT = harness.ROOT / "run_load_test.sh"
SETTINGS = ("WEBSOCKET_URL", "ORIGIN", "PROMPTS_FILE", "CONNECTIONS", "MAX_LATENCY", "MIN_RPS")
SETTINGS += ("MIN_SUCCESS_RATE", "WSLOAD")

# In place of wsload: shows what it was asked for.
STUB = """#!/bin/sh
for name in URL ORIGIN PROMPTS_FILE CONNECTIONS MAX_LATENCY MIN_RPS MIN_SUCCESS_RATE; do
    eval "echo $name=\\$WSLOAD_$name"
done
for argument; do echo "argument=$argument"; done
exit 7
"""


class ScriptCase(harness.Case):
    def script(self, *args, wsload=harness.WSLOAD, program=SCRIPT, **settings):
        """Runs the script with wsload as it was built for this test run."""
        self.write("prompts.txt", "a\nb\n")
        clean = harness.clean_environment()
        env = {name: value for name, value in clean.items() if name not in SETTINGS}
        env.update({"PROMPTS_FILE": str(self.dir / "prompts.txt"), "TMPDIR": str(self.dir)})
        env.update({"WSLOAD": wsload, **settings})
        return subprocess.Popen(
            [program, *map(str, args)],
            cwd=self.dir,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run_script(self, *args, **settings):
        return self.finish(self.script(*args, **settings))


    def executable(self, name, content):
        path = self.write(name, content)
        os.chmod(path, 0o755)
        return path


class Settings(ScriptCase):
    def asked(self, *args, code=7, **settings):
        stub = self.executable("stub", STUB)
        run = self.run_script(*args, wsload=stub, **settings)
        self.assertEqual(run.code, code, run)
        return run.out.splitlines()

    def test_nothing_is_asked_of_ones_own_backend(self):
        lines = self.asked(WEBSOCKET_URL="wss://h/s")
        self.assertEqual(
            lines,
            [
                *("URL=wss://h/s", "ORIGIN=", f"PROMPTS_FILE={self.dir}/prompts.txt"),
                *("CONNECTIONS=20", "MAX_LATENCY=", "MIN_RPS=", "MIN_SUCCESS_RATE="),
            ],
        )

    def test_success_is_asked_beside_other_limits(self):
        for settings, limit in (
            ({"MIN_RPS": "1"}, "95"),
            ({"MAX_LATENCY": "1"}, "95"),
            ({"MIN_RPS": "1", "MIN_SUCCESS_RATE": "50"}, "50"),
            ({"MIN_SUCCESS_RATE": "50"}, "50"),
        ):
            with self.subTest(settings=settings):
                lines = self.asked(WEBSOCKET_URL="wss://h/s", **settings)
                self.assertEqual(lines[6], f"MIN_SUCCESS_RATE={limit}")

    def test_latency_is_seconds_unless_its_unit_is_there(self):
        for settings, limit in (
            ({"MAX_LATENCY": "0.5"}, "0.5s"),
            ({"MAX_LATENCY": "2"}, "2s"),
            ({"MAX_LATENCY": "500ms"}, "500ms"),
            ({"MAX_LATENCY": "1,5"}, "1,5"),
            ({"MAX_LATENCY": "", "WSLOAD_MAX_LATENCY": "500ms"}, "500ms"),
            ({"WSLOAD_MAX_LATENCY": "500"}, "500"),  # wsload asks back
            ({"MAX_LATENCY": "3", "WSLOAD_MAX_LATENCY": "500ms"}, "3s"),
        ):
            with self.subTest(settings=settings):
                lines = self.asked(WEBSOCKET_URL="wss://h/s", **settings)
                self.assertEqual(lines[4], f"MAX_LATENCY={limit}")

    def test_the_environment_overrides_them(self):
        lines = self.asked(
            WEBSOCKET_URL="wss://h/s?token=a&b=c d",
            ORIGIN="https://o",
            CONNECTIONS="3",
            MAX_LATENCY="1",
            MIN_RPS="2",
            MIN_SUCCESS_RATE="4",
        )
        self.assertEqual(lines[0], "URL=wss://h/s?token=a&b=c d")
        self.assertEqual(lines[1], "ORIGIN=https://o")
        self.assertEqual(lines[3:], ["CONNECTIONS=3", "MAX_LATENCY=1s", "MIN_RPS=2",
                                     "MIN_SUCCESS_RATE=4"])

    def test_flags_are_handed_on(self):
        lines = self.asked("--", "-c", 5, "--template", "a  'b' $c", WEBSOCKET_URL="ws://h")
        arguments = [line.split("=", 1)[1] for line in lines if line.startswith("argument=")]
        self.assertEqual(arguments, ["-c", "5", "--template", "a  'b' $c"])

    def test_a_host_goes_in_place_of_the_host(self):
        for host, url, origin, new_url, new_origin in (
            ("n", "wss://h/s", "https://o", "wss://n/s", "https://n"),
            ("n", "wss://h:1/s?q=a:b@c/", "https://o:2", "wss://n:1/s?q=a:b@c/", "https://n:2"),
            ("n:3", "wss://h:1/s", "https://o", "wss://n:3/s", "https://n:3"),
            ("n:3", "ws://h", "http://o:2/", "ws://n:3", "http://n:3/"),
            ("n", "ws://h?q", "", "ws://n?q", ""),
            ("[::1]", "ws://h:1/", "http://o", "ws://[::1]:1/", "http://[::1]"),
            ("[::1]:3", "ws://[::2]:1/s", "http://[::2]", "ws://[::1]:3/s", "http://[::1]:3"),
            ("::1", "ws://[::2]/s", "", "ws://[::1]/s", ""),
            ("n", "", "", "wss://n/", ""),
            ("n:3", "", "https://o/", "wss://n:3/", "https://n:3/"),
        ):
            with self.subTest(host=host, url=url):
                lines = self.asked(host, WEBSOCKET_URL=url, ORIGIN=origin)
                self.assertEqual(lines[:2], [f"URL={new_url}", f"ORIGIN={new_origin}"])

    def test_mistakes(self):
        for args, settings, text in (
            (("ws://h/",), {}, "put a URL into WEBSOCKET_URL"),
            (("h?q",), {}, "put a URL into WEBSOCKET_URL"),
            (("h:x",), {}, "'x' is not a port"),
            ((":80",), {}, "host is missing"),
            (("h", "i"), {}, "one HOST at most"),
            (("-c", "5"), {}, "after --"),
            (("h",), {"WEBSOCKET_URL": "nonsense"}, "WEBSOCKET_URL"),
            (("h",), {"WEBSOCKET_URL": "ws://h/", "ORIGIN": "nonsense"}, "ORIGIN"),
        ):
            with self.subTest(args=args):
                run = self.run_script(*args, wsload="/bin/false", **settings)
                self.assertEqual((run.code, run.out), (2, ""), run)
                self.assertIn(text, run.err)

    def test_a_wsload_that_is_not_there(self):
        run = self.run_script(wsload="/nonexistent/wsload", WEBSOCKET_URL="ws://127.0.0.1:1/")
        self.assertEqual(run.code, 2, run)
        self.assertIn("no such program", run.err)

    def test_secrets_are_not_repeated(self):
        for args in (("wss://h/?t=s3cr3t",), ("--header=s3cr3t",), ("-H", "A: s3cr3t"), ("h", "s3cr3t")):
            run = self.run_script(*args, wsload="/bin/false")
            self.assertEqual(run.code, 2, run)
            self.assertNotIn("s3cr3t", run.err)

    def test_help(self):
        run = self.run_script("--help")
        self.assertEqual((run.code, run.err), (0, ""))
        self.assertIn("usage: ./run_load_test.sh", run.out)

    def test_missing_prompts_get_three_samples(self):
        path = self.dir / "new.txt"
        lines = self.asked(WEBSOCKET_URL="ws://h/", PROMPTS_FILE=str(path))
        self.assertIn(f"PROMPTS_FILE={path}", lines)
        self.assertEqual(path.read_text().count("\n"), 3)
        path.write_text("mine\n")
        self.asked(WEBSOCKET_URL="ws://h/", PROMPTS_FILE=str(path))
        self.assertEqual(path.read_text(), "mine\n")

    def test_a_server_that_does_not_start(self):
        run = self.run_script(wsload="/bin/false")
        self.assertEqual(run.code, 2, run)
        self.assertIn("the built-in server did not start", run.err)


# In place of scripts/install.sh: the first one to come waits until it is let go.
INSTALL = """#!/bin/sh
echo begin >>"$STATE/log"
[ -e "$STATE/second" ] || { : >"$STATE/second"; read -r go <"$STATE/gate"; }
echo end >>"$STATE/log"
"""


class FirstRun(ScriptCase):
    """A checkout in which nothing is built yet, with stand-ins for what builds."""

    def setUp(self):
        super().setUp()
        for name in ("checkout/scripts", "bin"):
            (self.dir / name).mkdir(parents=True)
        shutil.copy(SCRIPT, self.dir / "checkout")
        built = self.dir / "checkout" / "build" / "release" / "wsload"
        self.executable("stub", STUB)
        # What stands is not built again: another run may be at it.
        build = f"[ -e {built} ] || {{ mkdir -p {built.parent}; cp {self.dir}/stub {built}; }}"
        self.executable("bin/cmake", f"#!/bin/sh\n{build}\n")
        self.install("exit 0")

    def install(self, script):
        self.executable("checkout/scripts/install.sh", f"#!/bin/sh\n{script}\n")

    def checkout(self, **settings):
        path = f"{self.dir}/bin:{os.environ['PATH']}"
        state = {"STATE": str(self.dir), "WEBSOCKET_URL": "ws://h/"}
        program = self.dir / "checkout" / SCRIPT.name
        return self.script(program=program, wsload="", PATH=path, **state, **settings)

    def refused(self, **settings):
        run = self.finish(self.checkout(**settings))
        self.assertEqual((run.code, run.out), (2, ""), run)
        return run.err

    def test_builds(self):
        run = self.finish(self.checkout())
        self.assertEqual(run.code, 7, run)
        self.assertIn("URL=ws://h/\n", run.out)

    def test_two_at_once_take_turns(self):
        os.mkfifo(self.dir / "gate")
        gate = open(self.dir / "gate", "r+b", buffering=0)
        self.addCleanup(gate.close)
        self.install(INSTALL)
        first = self.checkout()
        self.wait_for((self.dir / "second").exists, "the first one's turn")
        second = self.checkout()
        self.assertIn(b"waiting for another run", second.stderr.readline())
        gate.write(b"go\n")
        self.assertEqual([self.finish(run).code for run in (first, second)], [7, 7])
        self.assertEqual((self.dir / "log").read_text().split(), ["begin", "end"] * 2)

    def test_a_checkout_that_cannot_be_written(self):
        self.write("checkout/build", "in the way, even of root")
        self.assertIn("WSLOAD=/path/to/wsload ./run_load_test.sh", self.refused())

    def test_what_fails_before_the_run_is_a_mistake(self):
        self.executable("bin/cmake", "#!/bin/sh\necho no compiler\nexit 1\n")
        self.assertIn("no compiler", self.refused())
        self.install("echo no sudo >&2\nexit 1")
        self.assertIn("no sudo", self.refused())


class LineEnds(harness.Case):
    @unittest.skipUnless(shutil.which("git"), "there is no git here, so nothing is checked out by it")
    def test_scripts_have_line_feeds_whatever_git_prefers(self):
        def git(*args):
            command = ["git", "-C", self.dir, "-c", "core.autocrlf=true", *args]
            subprocess.run(command, check=True, capture_output=True)

        shutil.copy(harness.ROOT / ".gitattributes", self.dir)
        files = {"a.sh": b"#!/bin/sh\n", "tests/fuzz/corpus/x/y": b"1\r\n2\n"}
        (self.dir / "tests/fuzz/corpus/x").mkdir(parents=True)
        for name, content in files.items():
            self.write(name, content)
        git("init", "--quiet")
        git("add", ".")
        for name in files:
            os.remove(self.dir / name)
        git("checkout", ".")
        self.assertEqual({name: (self.dir / name).read_bytes() for name in files}, files)


class BuiltInServer(ScriptCase):
    def test_is_tested_over_tls_when_no_address_is_set(self):
        run = self.run_script(MIN_RPS="1", MAX_LATENCY="10")
        self.assert_passed(run, 200)
        self.assertIn("wsload's built-in server", run.err)
        self.assertTrue(run.summary["target"]["url"].startswith("wss://localhost:"))
        self.assertEqual(len(run.summary["thresholds"]), 3)
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.020)
        self.assert_nothing_left()

    def test_is_held_to_limits_that_were_not_set(self):
        stub = self.executable(
            "stub",
            '#!/bin/sh\n[ "$1" != serve ] || { while [ $# -gt 1 ]; do [ "$1" = --port-file ] && '
            'echo 1 >"$2"; shift; done; exec cat; }\n' + STUB.partition("\n")[2],
        )
        for settings, limits in (
            ({}, ["MAX_LATENCY=0.5s", "MIN_RPS=100", "MIN_SUCCESS_RATE=95"]),
            ({"MAX_LATENCY": "1"}, ["MAX_LATENCY=1s", "MIN_RPS=100", "MIN_SUCCESS_RATE=95"]),
            ({"MIN_RPS": "9"}, ["MAX_LATENCY=0.5s", "MIN_RPS=9", "MIN_SUCCESS_RATE=95"]),
        ):
            with self.subTest(settings=settings):
                run = self.run_script(wsload=stub, **settings)
                self.assertEqual(run.out.splitlines()[4:7], limits, run)

    def test_the_environment_sizes_the_run(self):
        run = self.run_script(MIN_RPS="1", MAX_LATENCY="10", WSLOAD_REQUESTS="7")
        self.assert_passed(run, 7)

    def test_exit_code_of_a_broken_threshold(self):
        run = self.run_script("--", "-n", 5, MAX_LATENCY="1us")
        self.assertEqual((run.code, run.summary["total_requests"]), (1, 5), run)
        self.assert_nothing_left()

    def test_exit_code_of_a_mistake(self):
        run = self.run_script("--", "--no-such-option")
        self.assertEqual(run.code, 2, run)
        self.assertIn("--no-such-option", run.err)
        self.assert_nothing_left()

    def test_signals_reach_wsload_and_stop_the_server(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number=number):
                process = self.script("--", "-d", "10m")
                self.wait_for(lambda: len(self.running()) == 2, "server and client")
                self.wait_for(lambda: self.has_threads(), "the client's workers")
                process.send_signal(number)
                run = self.finish(process)
                self.assertEqual(run.code, code, run)
                self.assertEqual(run.summary["exit"]["reason"], "interrupted")
                self.assert_nothing_left()
                (self.dir / harness.SUMMARY).unlink()

    def running(self):
        """Processes of wsload in this test's directory."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "exe") == os.path.realpath(harness.WSLOAD):
                    if os.readlink(process / "cwd") == str(self.dir):
                        found.append(process)
            except OSError:
                continue
        return found

    def has_threads(self):
        return any(len(list((process / "task").iterdir())) > 1 for process in self.running())

    def assert_nothing_left(self):
        self.assertEqual(self.running(), [])
        self.assertEqual(list(self.dir.glob("tmp.*")), [])


class Address(ScriptCase):
    def test_a_server_of_ones_own(self):
        server = self.node()
        run = self.run_script(WEBSOCKET_URL=server.url(), MIN_RPS="1")
        self.assert_passed(run, 2)
        self.assertNotIn("built-in", run.err)
        self.assertEqual(server.stop()["messages"], 2)

    def test_half_of_the_replies_are_not_enough(self):
        server = self.node(error_every=2, error_reply="bad", delay_ms=600)
        run = self.run_script("--", "--fail-on", "bad", WEBSOCKET_URL=server.url())
        self.assertEqual(run.code, 1, run)
        self.assertIn("success rate 50.0 %, at least 95 % is the default", run.out)

    def test_host_override(self):
        server = self.node()
        url, host = "ws://nowhere.invalid:1/prod", f"127.0.0.1:{server.port}"
        run = self.run_script(host, WEBSOCKET_URL=url, MIN_RPS="1", ORIGIN="http://nowhere.invalid")
        self.assert_passed(run, 2)
        request = server.stop()["requests"][0]
        self.assertEqual(request["url"], "/prod")
        self.assertEqual(request["headers"]["origin"], f"http://{host}")

    def test_nothing_listens(self):
        run = self.run_script(WEBSOCKET_URL=f"ws://127.0.0.1:{self.refused_port()}/")
        self.assertEqual(run.code, 3, run)

    def test_the_address_is_not_on_the_command_line(self):
        server = self.bad("never_reply")
        process = self.script(WEBSOCKET_URL=server.url(path="/?token=s3cr3t"))
        self.wait_for(lambda: server.counts()["messages"] > 0, "a message")
        for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.assertNotIn(b"s3cr3t", line.read_bytes())
            except OSError:
                continue
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).code, 130)


if __name__ == "__main__":
    harness.main()
