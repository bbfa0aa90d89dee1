"""Mistakes: each has a message that names it and exit code 2, and nothing is sent."""

import os
import resource
import socket
import subprocess
import threading

import harness

URL = "ws://127.0.0.1:9/"  # never connected to


class Mistakes(harness.Case):
    def check(self, args, *texts, **how):
        with self.subTest(args=args):
            self.assert_mistake(self.wsload(*args, **how), *texts)

    def test_urls(self):
        file = self.prompts("a")
        self.check(("http://h/p", file), "http://h/p", "did you mean ws://h/p")
        self.check(("https://h/p", file), "https://h/p", "did you mean wss://h/p")
        for url in ("h", "ws://", "ws:///path", "ws://h:0/", "ws://h:65536/", "ws://h:x/", "ws://[::1",
                    "ws://h h/", "wss//h"):
            self.check((url, file), "ws://")
        self.check(("ws:/h/p", file), "did you mean ws://h/p ?")
        self.check(("wss//h", file), "did you mean wss://h ?")
        self.check(("", file), "the URL is empty")

    def test_no_url(self):
        self.check((), "URL")

    def test_options(self):
        file = self.prompts("a")
        for args, texts in (
            (("--conections", "3"), ("--conections", "--connections")),
            (("--timeot=3",), ("--timeot", "--timeout")),
            (("-Z",), ("-Z",)),
            (("-c", "0"), ("-c", "'0'")),
            (("-c", "abc"), ("-c", "'abc'")),
            (("-c", "-1"), ("-c", "'-1'")),
            (("-n", "0"), ("-n", "'0'")),
            (("-n", "1.5.2"), ("-n", "'1.5.2'")),
            (("-d", "5x"), ("-d", "'5x'", "500ms")),
            (("--timeout", "5x"), ("--timeout", "'5x'", "us, ms, s, m or h")),
            (("--connect-timeout", ""), ("--connect-timeout",)),
            (("--min-success-rate", "101"), ("--min-success-rate", "'101'")),
            (("--max-latency", "fast"), ("--max-latency", "'fast'")),
            (("--min-rps", "x"), ("--min-rps", "'x'")),
            (("-H", "no colon"), ("header", "colon")),
            (("-H", "Upgrade: x"), ("Upgrade",)),
            (("-H", "A: b\r\nC: d"), ("header", "line break")),
            (("--subprotocol", "a b"), ("--subprotocol",)),
            (("--template", "{{promt}}"), ("promt", "prompt")),
            (("--template", "{{prompt"), ("--template",)),
            (("--template", "@" + str(self.dir / "none.json")), ("none.json",)),
            (("--progress", "dots"), ("--progress", "'dots'", "plain")),
            (("--resolve", "a:b"), ("--resolve", "a:b")),
            (("--connect-to", "a"), ("--connect-to", "a")),
            (("-t", "0"), ("-t", "'0'")),
            (("-t", "257"), ("-t", "'257'", "256")),
            (("-t", "11"), ("--threads 11", "one per connection", "10")),
            (("-c", "4", "-t", "5"), ("--threads 5", "one per connection", "4")),
            (("-r", "fast"), ("-r", "'fast'")),
            (("-r", "0"), ("--rate 0", "above 0")),
            (("-r", "5", "--arrival", "random"), ("--arrival", "'random'", "poisson")),
            (("-r", "5", "--in-flight", "1001"), ("--in-flight", "'1001'", "1,000")),
            (("--connect-rate", "5/d"), ("--connect-rate", "'5/d'")),
            (("--stage", "30s"), ("--stage '30s'", "30s:500")),
            (("--stage", "30s:2.5"), ("--stage '30s:2.5'", "whole number of connections")),
            (("--stage", "30s:0"), ("--stage", "above")),
            (("--think-time", "soon"), ("--think-time 'soon'",)),
            (("--seed", "-1"), ("--seed", "'-1'")),
            (("--interface", "eth0"), ("--interface 'eth0'",)),
            (("-6", "--interface", "127.0.0.1"), ("--interface '127.0.0.1'", "-6")),
            (("--tls-max", "1.1"), ("--tls-max", "'1.1'", "1.2")),
            (("--threshold", "latency"), ("--threshold 'latency'",)),
            (("--threshold", "latancy:p(95)<1s"), ("latancy", "did you mean latency")),
            (("-d", "1s", "--threshold", "success_rate>99,abort"), ("success_rate", "--requests")),
            (("--reply-end", "status=done"), ("--reply-end", "status=done", "json:")),
            (("--reply-end", "count:0"), ("--reply-end", "count:0")),
            (("--reply-end", "silence:5x"), ("--reply-end", "5x")),
            (("--reply-end", "text:a", "--reply-end", "first"), ("--reply-end", "first")),
            (("--reply-end", "json:a..b"), ("--reply-end", "a..b")),
            (("--template", '{"q": {prompt}}'), ("--template: '{prompt}'", "{{prompt}} ?")),
            (("--template", '{"q": {{prompt}}}'), ("--template: looks like JSON", "in quotes")),
            (("--ignore", "contain:ping"), ("--ignore", "did you mean contains:")),
            (("--fail-on", "json:$.error"), ("--fail-on", "$.error", "message.status")),
            (("--correlate", "$.id"), ("--correlate", "$.id", "'$'")),
            (("--reply-end", "json:type==done"), ("--reply-end", "json:status=done")),
            (("--reply-end", 'json:type="done"'), ("--reply-end", "without quotes")),
            (("--fail-on", ""), ("--fail-on",)),
            (("--expect", "json:"), ("--expect",)),
            (("--expect-bytes", "9-3"), ("--expect-bytes", "9-3")),
            (("--correlate", ""), ("--correlate",)),
            (("--reply-end", "silence:30s"), ("--reply-end", "30 s", "--timeout")),
            (("--reply-end", "count:"), ("--reply-end 'count:'", "count:20")),
            (("--reply-end", "silence:"), ("--reply-end 'silence:'", "silence:500ms")),
            (("--fail-on", "close"), ("--fail-on 'close'", "--reply-end", "contains:close")),
            (("--ignore", "count:3"), ("--ignore 'count:3'", "--reply-end")),
            (("--record", ""), ("--record ''",)),
            (("--bearer-file", ""), ("--bearer-file ''",)),
            (("--keepalive", "5s:"), ("--keepalive '5s:'", "T:TEXT")),
            (("--aws-sigv4", "eu-west-1:s3"), ("--aws-sigv4", "execute-api")),
            (("--aws-sigv4", "EU:execute-api"), ("--aws-sigv4", "region")),
            (("--aws-sigv4", "r:execute-api", "--sigv4-host", "a b"), ("--sigv4-host 'a b'",)),
            (("--gateway-timeout", "never"), ("--gateway-timeout", "never", "continue")),
            (("--query", "novalue"), ("--query", "number 1", "NAME=VALUE")),
            (("--query", "a={{colum}}"), ("--query", "colum")),
            (("--keepalive", "5m"), ("--keepalive", "T:TEXT")),
            (("--max-lifetime", "0"), ("--max-lifetime", "'0'")),
            (("--aws-sigv4", "us-east-1"), ("--aws-sigv4", "us-east-1", "execute-api")),
            (("--price-messages", "-1"), ("--price-messages", "'-1'")),
        ):
            self.check((*args, URL, file), *texts)

    def test_options_that_exclude_each_other(self):
        file = self.prompts("a")
        for args, texts in (
            (("-r", "5", "--connection-per-request"), ("--rate 5", "--connection-per-request")),
            (("-r", "5", "--think-time", "2s"), ("--think-time 2s", "--rate")),
            (("--arrival", "poisson"), ("--arrival poisson", "--rate")),
            (("--in-flight", "4", "--think-time", "1s"), ("--in-flight 4", "--think-time")),
            (("--in-flight", "4", "--connection-per-request"), ("--in-flight 4",)),
            (("--in-flight", "4", "--one-way"), ("--in-flight 4", "--one-way")),
            (("--in-flight", "4", "--reply-end", "close"), ("--reply-end close", "--in-flight")),
            (("--in-flight", "4", "--reply-end", "silence:1s"), ("--reply-end", "--correlate")),
            (("--max-queue", "0"), ("--max-queue 0", "--rate")),
            (("-d", "30s", "-s", "30s:5"), ("--duration 30 s", "--stage")),
            (("-s", "30s:5", "--connection-per-request"), ("--stage 30s:5",)),
            (("--warmup", "5s"), ("--warmup 5 s", "--duration")),
            (("--warmup", "5s", "-n", "9"), ("--warmup 5 s", "--requests")),
            (("--warmup", "5s", "-s", "30s:5"), ("--warmup", "--connections")),
            (("--one-way", "--reply-end", "count:2"), ("--reply-end count:2", "--one-way")),
            (("--one-way", "--expect", "text:a"), ("--expect text:a", "--one-way")),
            (("--one-way", "--max-latency", "1s"), ("--max-latency: this run has no latency", "--one-way")),
            (("--one-way", "--threshold", "ttfm:avg<1s"), ("ttfm:avg<1s", "--reply-end")),
            (("--correlate", "id"), ("--correlate", "{{id}}")),
            (("--users", self.write("unused.csv", "name\na\n")), ("--users", "{{NAME}}")),
            (("--cacert", self.write("ca", "")), ("--cacert", "ws:// URL is without TLS")),
            (("--one-way", "--timeout", "5s"), ("--timeout 5 s", "--one-way")),
            (("--record-replies",), ("--record-replies", "--record")),
            (("--sigv4-in", "header"), ("--sigv4-in header", "--aws-sigv4")),
            (("--profile", "load"), ("--profile load", "--aws-sigv4")),
            (("--hold", "-d", "1s"), ("PROMPTS_FILE", file, "--hold")),
        ):
            self.check((*args, URL, file), *texts)

    def test_a_held_run_sends_nothing(self):
        for args, texts in (
            (("--hold",), ("--hold", "--duration")),
            (("--hold", "-d", "1s", "-n", "5"), ("--requests 5", "--hold")),
            (("--hold", "-d", "1s", "-r", "5"), ("--rate 5", "--hold")),
            (("--hold", "-s", "1s:5"), ("--stage 1s:5", "--hold")),
            (("--hold", "-d", "1s", "--warmup", "1s"), ("--warmup 1 s", "--hold")),
            (("--hold", "-d", "1s", "--think-time", "1s"), ("--think-time 1s", "--hold")),
            (("--hold", "-d", "1s", "--connection-per-request"), ("--connection-per-request",)),
            (("--hold", "-d", "1s", "--keepalive", "5m"), ("--keepalive", "T:TEXT")),
            (("--hold", "-d", "1s", "--keepalive", "5x:ping"), ("--keepalive", "'5x:...'")),
        ):
            self.check((*args, URL), *texts)

    def test_an_option_without_its_value(self):
        for option in ("-c", "--timeout", "--template"):
            self.check((URL, self.prompts("a"), option), option)

    def test_variables_that_no_option_has(self):
        wrong = {"WSLOAD_MIN_SUCESS_RATE": "100"}
        for command in ((URL, self.prompts("a")), ("serve",), ("report", "a"), ("merge", "a")):
            run = self.wsload(*command, env=wrong)
            self.assert_mistake(run, "WSLOAD_MIN_SUCESS_RATE", "did you mean WSLOAD_MIN_SUCCESS_RATE ?")
        self.assertEqual(self.wsload("help", "all", env=wrong).code, 0)
        others = {"WSLOAD_SERVE_DELAY": "5ms", "WSLOAD_MERGE_FORCE": "1", "WSLOAD": "x"}
        self.assertEqual(self.wsload("--version", env=others).code, 0)

    def test_empty_variables_are_as_good_as_none(self):
        server = self.node()
        empty = {"WSLOAD_TEMPLATE": "", "WSLOAD_TIMEOUT": "", "WSLOAD_RATE": "", "WSLOAD_ORIGIN": ""}
        run = self.wsload("-n", 5, server.url(), self.prompts("a"), env=empty)
        self.assert_passed(run, 5)
        self.assertEqual(run.summary["samples"][0]["reply"], '{"message": "a"}')
        self.assertIsNotNone(run.summary["target"]["origin"])

    def test_environment(self):
        self.check(
            (URL, self.prompts("a")), "WSLOAD_TIMEOUT", "'5x'", env={"WSLOAD_TIMEOUT": "5x"}
        )

    def test_too_many_arguments(self):
        words = ("too many arguments", "wsload --help")
        run = self.wsload(URL, self.prompts("a"), "wss://h/?t=s3cr3t")
        self.assert_mistake(run, *words)
        self.assertIn("'wss://h/...' is the first", run.err)
        self.assertNotIn("s3cr3t", run.err)

    def test_too_many_connections_for_the_descriptor_limit(self):
        file = self.prompts("a")
        self.check(("-c", "10000000", URL, file), "-c 10000000", "ulimit -n")
        self.check(("-s", "1s:10000000", URL, file), "--stage, up to 10000000", "ulimit -n")

    def test_a_secret_in_a_url_is_not_repeated(self):
        run = self.wsload("http://h/p?token=s3cr3t", self.prompts("a"))
        self.assertNotIn("s3cr3t", run.out + run.err)
        self.assertEqual(run.code, 2)

    def test_prompts_files(self):
        self.check((URL, str(self.dir / "none.txt")), "none.txt", "No such file")
        self.check((URL, str(self.dir)), str(self.dir), "directory")
        for name, content, texts in (
            ("empty.txt", b"", ("empty.txt",)),
            ("blank.txt", b" \n\r\n\t\n", ("blank.txt",)),
            ("binary.txt", b"a\n\x00\x01\x02\n", ("binary.txt",)),
            ("latin1.txt", b"good\ncaf\xe9\n", ("latin1.txt", "2")),
            ("broken.jsonl", b'{"prompt": "a"}\n{"prompt": \n', ("broken.jsonl", "2")),
            ("member.jsonl", b'{"prompt": "a"}\n{"text": "b"}\n', ("member.jsonl", "2", "prompt")),
            ("number.jsonl", b'{"prompt": 3}\n', ("number.jsonl", "1")),
        ):
            self.check((URL, self.write(name, content)), *texts)
        self.check((URL, "-"), "standard input", stdin=b"\n")

    def test_the_default_prompts_file_is_named(self):
        self.check((URL,), "prompts.txt")

    def test_an_oversized_message(self):
        server = self.node()
        exact = 128 * 1024 - len('{"message": ""}')
        file = self.prompts("short", "x" * exact, "x" * (exact + 1))
        self.check((server.url(), file), file, "3", "--allow-oversize")
        self.assertEqual(server.counts()["connections"], 0)
        self.assert_passed(self.wsload("--allow-oversize", server.url(), file), 3)
        counts = server.stop()
        self.assertEqual(sorted(map(len, counts["texts"])), [20, 131072, 131073])

    def test_output_paths_that_cannot_be_written(self):
        server = self.node()
        for option in ("--summary", "--hgrm"):
            for path in (str(self.dir / "none" / "s.json"), str(self.dir)):
                self.check((option, path, server.url(), self.prompts("a")), option, path)
        self.assertEqual(server.stop()["connections"], 0)

    def test_two_outputs_to_one_place(self):
        path = str(self.dir / "both")
        args = ("--summary", path, "--hgrm", path, URL, self.prompts("a"))
        self.check(args, f"--hgrm {path}: --summary {path} goes there")


class Refusing:
    """Reads one request after another, keeps their lengths, and answers each with 403."""

    def __init__(self):
        self.lengths = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                request = b""
                while not request.endswith(b"\r\n\r\n") and (piece := client.recv(65536)):
                    request += piece
                self.lengths.append(len(request))
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


class Handshakes(harness.Case):
    """What is longer than can be sent is refused before the run; what is not is sent."""

    LIMIT = "the handshake's request line and headers have up to"

    def test_headers(self):
        server = Refusing()
        self.addCleanup(server.listener.close)
        url = f"ws://127.0.0.1:{server.port}/"
        run = self.wsload("-n", 1, "-c", 1, "-H", "X: " + "a" * 32100, url, self.prompts("a"))
        self.assertEqual((run.code, run.errors()), (3, {("handshake_status", "403"): 1}), run)
        self.assertEqual(len(server.lengths), 1)
        self.assertGreater(server.lengths[0], 32100)
        for header in ("X: " + "a" * 32200, "X: " + "a" * 60000):
            run = self.wsload("-n", 1, "-c", 1, "-H", header, url, self.prompts("a"))
            self.assert_mistake(run, self.LIMIT, "at most 32,244")
        self.assertEqual(len(server.lengths), 1)

    def test_what_each_user_sends(self):
        server = self.node()
        users = self.write("users.csv", f"token\nshort\n{'a' * 33000}\n")
        flags = ("--users", users, "-H", "Authorization: Bearer {{token}}", "-n", 2)
        self.assert_passed(self.wsload(*flags, "-c", 1, server.url(), self.prompts("a")), 2)
        run = self.wsload(*flags, "-c", 2, server.url(), self.prompts("a"))
        self.assert_mistake(run, self.LIMIT, "--header", "users")


    def test_a_token_that_grows_in_the_run_is_told_as_such(self):
        server = self.bad("fragmented")
        token = self.write("token", "short")
        flags = ("-d", "60s", "-c", 1, "--connection-per-request", "--think-time", "20ms")
        flags += ("-H", "X: " + "a" * 20000, "--bearer-file", token)
        flags += ("--threshold", "errors{kind=exhausted}<1,abort")
        process = self.start(*flags, server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["connections"] > 0, "a connection")
        self.write("token", "b" * 15000)
        run = self.finish(process)
        self.assertEqual(run.code, 1, run)
        self.assertIn(("exhausted", "request"), run.errors())
        self.assertNotIn("tls", {kind for kind, _ in run.errors()})
        self.assertIn("the handshake's headers are longer than wsload can send", " ".join(run.out.split()))


class Descriptors(harness.Case):
    def run_with_limits(self, soft, hard, connections):
        server = self.node()
        args = [harness.WSLOAD, "-c", str(connections), "-n", str(connections), server.url()]
        ended = subprocess.run(
            [*args, self.prompts("a")],
            cwd=self.dir,
            env=harness.clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        )
        return ended, server.stop()

    def test_the_soft_limit_is_raised(self):
        ended, counts = self.run_with_limits(64, 1024, 200)
        self.assertEqual(ended.returncode, 0, ended)
        self.assertEqual(counts["most_open"], 200)

    def test_the_hard_limit_is_named(self):
        ended, counts = self.run_with_limits(64, 128, 200)
        self.assertEqual(ended.returncode, 2, ended)
        self.assertIn("200", ended.stderr)
        self.assertIn("128", ended.stderr)
        self.assertIn("ulimit -n", ended.stderr)
        self.assertEqual(counts["connections"], 0)


class Packages(harness.Case):
    def test_without_the_libev_plugin_its_package_is_named(self):
        env = {
            "LD_PRELOAD": os.environ["WITHOUT_LIBEV_PLUGIN"],
            # The library forgets a directory listing on this path, and it is not ours to free.
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0",
        }
        for args in ((URL, self.prompts("a")), ("serve", "--listen", "127.0.0.1:0")):
            with self.subTest(args=args):
                self.assert_mistake(self.wsload(*args, env=env), "libwebsockets-evlib-ev")


if __name__ == "__main__":
    harness.main()
