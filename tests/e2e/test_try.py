"""`wsload try`: what is said in an exchange, and the options that are found for a load test."""

import base64
import functools
import hashlib
import json
import re
import shlex
import signal
import socket
import threading

import chat
import harness
import test_backends as backends
import test_rehearsal as rehearsal

TEMPLATE = rehearsal.TEMPLATE
QUIET = ("--for", "1s")
# What shapes the messages of a published backend is given; what tells its replies is to be found.
GIVEN = ("--template", "--setup", "--users", "--query", "--origin")


class Case(rehearsal.Case):
    def attempt(self, *args, **how):
        """Runs `wsload try` with JSON; returns the run, whose summary is that JSON."""
        run = self.finish(self.start("try", "-o", "json=-", *QUIET, *args, **how), summary=None)
        run.summary = json.loads(run.out) if run.out else None
        return run

    def found(self, run):
        """[option, value, ...] of the findings."""
        words = []
        for finding in run.summary["findings"]:
            words += [word for word in (finding["option"], finding["value"]) if word]
        return words

    def text_of(self, run, kind):
        return [f["text"] for f in run.summary["findings"] if f["kind"] == kind]

    def assert_found(self, run, *words, ok=3):
        self.assertEqual(self.found(run), list(words), run)
        self.assertEqual(run.summary["tried"]["ok"], ok, run)
        self.assertEqual(run.code, 0 if ok == 3 else 1, run)


class Assistants(Case):
    def test_one_reply(self):
        server = self.assistant(end=['{"type": "answer"}'])
        run = self.attempt("--template", TEMPLATE, server.url(), "Hi")
        self.assert_found(run)
        self.assertEqual(self.text_of(run, "reply"), ["one message"])
        counts = server.stop()
        self.assertEqual((counts["connections"], counts["messages"]), (2, 6))
        self.assertEqual({json.loads(text)["question"] for text in counts["texts"]}, {"Hi"})

    def test_everything_at_once(self):
        server = self.assistant(
            greetings=[[0, '{"type": "welcome", "text": "Bonjour"}']],
            keepalive=[300, '{"type": "keepalive", "at": NUMBER}'],
            **rehearsal.STREAM,
        )
        run = self.attempt("--template", TEMPLATE, server.url())
        self.assert_found(
            run, "--ignore", "json:type=welcome", "--ignore", "json:type=keepalive",
            "--reply-end", "json:type=end", "--correlate", "request_id",
        )
        texts = [m["text"] for m in run.summary["messages"] if m["kind"] == "prompt"]
        self.assertEqual(len({json.loads(text)["question"] for text in texts}), 3)

    def test_a_greeting_like_the_replies_is_waited_for(self):
        server = self.assistant(greetings=[[0, '{"message": "x"}']], end=['{"message": "x"}'])
        run = self.attempt("--template", TEMPLATE, server.url(), "Hi")
        self.assert_found(
            run, "--setup", '{"on_connect": [{"expect": "json:message=x"}]}'
        )

    def test_a_close_ends_each_reply(self):
        server = self.assistant(part="TOKEN", parts=[3, 5], close=1000)
        run = self.attempt("--template", TEMPLATE, server.url())
        self.assert_found(run, "--reply-end", "close")
        server = self.assistant(end=["TOKEN"], close=1000)
        run = self.attempt("--template", TEMPLATE, server.url())
        self.assert_found(run, "--connection-per-request")

    def test_a_close_however_it_is_follows_each_reply(self):
        server = self.assistant(end=["TOKEN"], close=1011)
        run = self.attempt("--template", TEMPLATE, server.url())
        self.assert_found(run, "--connection-per-request")
        server = self.assistant(close=1008, close_at_once=True)
        steps = '{"on_connect": [{"expect": "text:hello"}]}'
        run = self.attempt("--setup", steps, server.url())
        self.assertEqual(self.text_of(run, "silence"), [
            "nothing answered; the connection ended: closed 1008"
        ])
        self.assertEqual(server.stop()["connections"], 3)

    def test_a_text_with_an_id(self):
        server = self.assistant(greetings=[[0, "Hello, user NUMBER!"]], end=["TOKEN"])
        run = self.attempt("--template", TEMPLATE, server.url())
        self.assert_found(run, "--ignore", "contains:Hello, user")
        counted = self.wsload("-n", 3, "-c", 3, *self.found(run), server.url(), self.prompts("a"))
        self.assert_passed(counted, 3)
        self.assertEqual(counted.summary["ignored_messages"], 3)

    def test_what_no_reply_has_is_told(self):
        server = self.assistant(greetings=[[0, "NUMBER"]], end=["TOKEN"])
        run = self.attempt("--template", TEMPLATE, server.url())
        self.assertEqual(run.code, 1, run)
        self.assertRegex(run.summary["tried"]["left_over"], "^1 message came that no request asked")

    def test_a_keep_alive_that_no_rule_tells(self):
        server = self.assistant(keepalive=[400, "NUMBER"], end=["TOKEN"])
        run = self.attempt("--template", TEMPLATE, server.url())
        self.assertEqual(run.code, 1, run)
        self.assertIn("no rule tells it", self.text_of(run, "keep-alive")[0])

    def test_an_error(self):
        server = self.assistant(
            end=['{"text": "TOKEN"}'], fail_on="bad", failure='{"error": "model overloaded"}'
        )
        prompts = self.prompts("good", "bad", "good too")
        run = self.attempt("--template", TEMPLATE, server.url(), "@" + prompts)
        self.assert_found(run, "--fail-on", "json:error=model overloaded", ok=2)

    def test_silence(self):
        server = self.assistant(silent=True)
        run = self.attempt("--timeout", "100ms", "--prompts", 1, server.url())
        self.assertEqual(run.code, 1, run)
        self.assertEqual(self.text_of(run, "silence"), [
            "nothing answered; a route of API Gateway without a route response never does"
        ])
        self.assertIsNone(run.summary["command"])
        self.assertEqual(server.stop()["messages"], 1)

    def test_a_template_that_is_not_understood(self):
        refusals = (
            "Error: No Supported Action in Payload 'PROMPT'",  # serverless-offline's example
            '{"error": "no such action"}',
            '{"message": "Forbidden", "connectionId": "a", "requestId": "b"}',
        )
        for refusal in refusals:
            with self.subTest(refusal=refusal):
                server = self.assistant(end=[refusal])
                run = self.attempt("--prompts", 2, server.url())
                [text] = self.text_of(run, "refused")
                self.assertIn("the template is not understood", text)
                self.assertEqual(run.code, 1, run)

    def test_rules_that_are_given_are_kept(self):
        server = self.assistant(greetings=[[0, "hello"]], **rehearsal.STREAM)
        run = self.attempt(
            "--template", TEMPLATE, "--ignore", "text:hello", "--prompts", 1, server.url()
        )
        self.assert_found(
            run, "--reply-end", "json:type=end", "--correlate", "request_id"
        )
        self.assertIn("--ignore text:hello --reply-end", run.summary["command"])

    def test_steps_that_are_given_are_said(self):
        setup = self.write("setup.json", '{"on_connect": [{"expect": "text:hello"}]}')
        server = self.assistant(greetings=[[0, "hello"]], end=["TOKEN"])
        run = self.attempt("--setup", setup, server.url())
        self.assert_found(run)


class Published(backends.Case, Case):
    """The nine backends of docs/BACKENDS.md: what is found counts as their own command lines do."""

    def given(self, name):
        """The flags of the document's command that shape the messages."""
        flags = backends.command(name)
        kept = []
        for i, word in enumerate(flags):
            if word in GIVEN:
                kept += flags[i : i + 2]
        return kept

    def start_try(self, name):
        stream = ("--stream", 8, "--gap", "20ms") if backends.ROWS[name].stream else ()
        served = harness.Served(self, "--profile", name, "--delay", "30ms", *stream)
        words = ("try", "-o", "json=-", *QUIET, *self.given(name), served.url(), "a story")
        return served, self.start(*words)

    def counts(self, name, flags, served):
        """What a run counts: exactly, and what comes after a reply, of which the last of each
        connection may be too late to be seen."""
        connections = 1 if name == "simple-chat" else 4
        run = self.wsload(
            *flags, "-c", connections, "-n", 8, served.url(), self.prompts("a story")
        )
        self.assert_passed(run, 8)
        exact = [run.summary["unsolicited_messages"]]
        for member in ("messages_per_reply", "bytes_per_reply"):
            figures = run.summary[member] or {}
            exact += [figures.get("min"), figures.get("average"), figures.get("max")]
        return exact, [run.summary[member] for member in ("ignored_messages", "late_messages")]

    def check(self, name):
        served, process = self.start_try(name)
        run = self.finish(process, summary=None)
        self.assertEqual(run.code, 0, run)
        run.summary = json.loads(run.out)
        self.assertEqual(run.summary["tried"]["ok"], 3, run)
        exact, after = self.counts(name, [*self.given(name), *self.found(run)], served)
        own, own_after = self.counts(name, self.own(name), served)
        self.assertEqual(exact, own, self.found(run))
        for count, own_count in zip(after, own_after):
            self.assertAlmostEqual(count, own_count, delta=4, msg=self.found(run))

    def own(self, name):
        flags = backends.command(name)
        at = flags.index("-c") if "-c" in flags else len(flags)
        return flags[:at] + flags[at + 2 :]


for backend in backends.ROWS:
    test = functools.partialmethod(Published.check, backend)
    setattr(Published, "test_" + backend.replace("-", "_"), test)


class Screen(Case):
    def run_try(self, *args, **how):
        return self.finish(self.start("try", *QUIET, *args, **how), summary=None)

    def test_what_is_said_and_found(self):
        server = self.assistant(greetings=[[0, "hello"]], **rehearsal.STREAM)
        url = server.url().rstrip("/")  # shown as it is asked for, which hides nothing
        run = self.run_try("--template", TEMPLATE, "--prompts", 2, url, "Hi there")
        self.assertEqual((run.code, run.err), (0, ""), run)
        self.assertNotIn("secrets", run.out)
        lines = run.out.splitlines()
        self.assertEqual(lines[0], f"{server.url()}   127.0.0.1:{server.port}")
        self.assertRegex(lines[1], r"^  101 Switching Protocols in \d")
        self.assertRegex(run.out, r"\n +-\d+ ms  < hello\n +0 ms  > {\"question\": \"Hi there\"")
        self.assertRegex(run.out, r"\n +[\d.]+ ms  < {\"type\": \"token\"")
        self.assertIn("\nseen in 2 prompts\n  greeting      1 message before a prompt", run.out)
        self.assertRegex(run.out, r"\n  tried +3 of 3 replies whole: first message .*, end ")
        self.assertRegex(run.out, r"\n  reply 3 +{\"type\"")
        self.assertTrue(all(len(line) <= 80 for line in lines), run)
        # The last lines are a command line, and it works.
        command = shlex.split(run.out[run.out.rindex("\nwsload ") :].replace("\\\n", ""))
        again = self.wsload(*command[1:], "-n", 6, self.prompts("one"))
        self.assert_passed(again, 6)
        self.assertEqual(again.summary["ignored_messages"], again.summary["connections"]["opened"])

    def test_a_greeting_that_comes_with_the_answer(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def greet():
            connection, _ = listener.accept()
            with connection:
                key = re.search(rb"Sec-WebSocket-Key: (\S+)", connection.recv(65536))[1]
                guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                accept = base64.b64encode(hashlib.sha1(key + guid).digest())
                connection.sendall(
                    b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n\x81\x05hello"
                )
                connection.recv(65536)  # the prompt

        thread = threading.Thread(target=greet)
        thread.start()
        port = listener.getsockname()[1]
        run = self.run_try("--prompts", 1, f"ws://127.0.0.1:{port}/")
        thread.join()
        self.assertIn(f"127.0.0.1:{port}/   127.0.0.1:{port}\n  101 OK in ", run.out)
        self.assertRegex(run.out, r"\n +-\d+ ms  < hello\n +0 ms  > ")

    def test_no_secret_is_shown(self):
        server = self.assistant(before=["PROMPT"], end=["END"])
        users = self.write("users.csv", "token\ns3cret-users\n")
        run = self.run_try(
            "-H", "Authorization: Bearer s3cret-header", "--query", "key=s3cret-query",
            "--users", users, "--template", '{"token": "{{token}}", "q": "{{prompt}}"}',
            server.url() + "?sig=s3cret-url", "--prompts", 2,
        )
        self.assertNotIn("s3cret", run.out + run.err)
        self.assertIn("--header 'Authorization: ...'", run.out)
        self.assertIn("--query key=...", run.out)
        self.assertTrue(run.out.endswith("\n(with your own secrets in place of ... and ***)\n"))

    def test_nobody_listens(self):
        run = self.run_try(f"ws://127.0.0.1:{self.refused_port()}/")
        self.assertEqual(run.code, 3, run)
        self.assertIn("not open\n  error         connect_refused: nothing accepts", run.out)

    def test_tls(self):
        authority = self.dir / "ca.pem"
        served = self.serve("--tls", "--ca-out", authority)
        run = self.run_try("--cacert", authority, "--prompts", 1, served.url("wss", "localhost"))
        self.assertEqual(run.code, 0, run)
        self.assertRegex(
            run.out, r"^wss://localhost:\d+/   127\.0\.0\.1:\d+\n  TLSv1\.3, certificate valid until 20"
        )

    def test_signals(self):
        def opening():
            with socket.create_server(("127.0.0.1", 0)) as listener:
                process = self.start("try", f"ws://127.0.0.1:{listener.getsockname()[1]}/")
                connection, _ = listener.accept()
                self.addCleanup(connection.close)
                return process

        def trying():
            server = self.assistant(end=["TOKEN"], silent="two")
            prompts = self.prompts("one", "two")
            process = self.start("try", *QUIET, "--prompts", 1, server.url(), "@" + prompts)
            self.wait_for(lambda: server.counts()["messages"] == 3, "the prompts")
            return process

        for start in (opening, trying):
            for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)):
                with self.subTest(start=start.__name__, number=number):
                    process = start()
                    process.send_signal(number)
                    run = self.finish(process, summary=None)
                    self.assertEqual((run.code, run.err), (code, ""), run)

    def test_options(self):
        url = f"ws://127.0.0.1:{self.refused_port()}/"
        for flags, text in (
            (("-c", 5), "-c: no such option"),
            (("--one-way",), "--one-way: nothing would be seen"),
            (("-o", "hgrm=x"), "use json=PATH"),
            (("-o", "json=a", "-o", "json=b"), "one output is enough"),
            (("--prompts", 0), "--prompts '0'"),
            (("--template", "{{nothing}}"), "nothing"),
        ):
            with self.subTest(flags=flags):
                run = self.run_try(*flags, url)
                self.assertEqual((run.code, run.out), (2, ""), run)
                self.assertIn(text, run.err)
        self.assertIn("Usage: wsload try", self.run_try("--help").out)

    def test_without_an_address(self):
        run = self.run_try()
        self.assertEqual(run.code, 2, run)
        self.assertIn("wsload: no URL", run.err)

    def test_the_environment_of_a_run_counts(self):
        server = self.assistant(end=["TOKEN"])
        env = {"WSLOAD_URL": server.url(), "WSLOAD_TEMPLATE": '{"x": "{{prompt}}"}'}
        run = self.run_try("--prompts", 1, env=env)
        self.assertEqual(run.code, 0, run)
        self.assertIn('"x": "Hello', server.stop()["texts"][0])


if __name__ == "__main__":
    harness.main(side_by_side=True)
