"""The rehearsal: a run without rules for replies proves first that the first message after a prompt
is the reply, and all of it. Else nothing more is sent."""

import json
import re
import signal

import chat
import harness

TEMPLATE = '{"question": "{{prompt}}", "request_id": "{{id}}"}'
ANSWER = '{"type": "answer", "request_id": "ID"}'
STREAM = {
    "part": '{"type": "token", "request_id": "ID", "text": "TOKEN"}',
    "parts": [11, 25],
    "end": ['{"type": "end", "request_id": "ID", "usage": {"output_tokens": NUMBER}}'],
    "first_ms": 20,
    "gap_ms": 5,
}


class Case(chat.Case):
    def assistant(self, **options):
        return self.server(["node", harness.SERVERS / "assistant.js"], options)

    def run_on(self, server, *flags, env=None):
        how = {"WSLOAD_REHEARSAL": "on", **(env or {})}
        return self.wsload(
            "--template", TEMPLATE, *flags, server.url(), self.prompts("one", "two"), env=how
        )

    def assert_refuted(self, run, server, *texts):
        """It ends with its rehearsal, of which the server saw one prompt."""
        self.assert_mistake(run, *texts)
        counts = server.stop()
        self.assertEqual((counts["connections"], counts["messages"]), (1, 1), run)


class Proved(Case):
    def test_one_message_is_a_reply_and_the_run_begins(self):
        server = self.assistant(end=[ANSWER])
        run = self.run_on(server, "-c", 3, "-n", 30)
        self.assert_passed(run, 30)
        rehearsal = run.summary["rehearsal"]
        self.assertEqual((rehearsal["requests"], rehearsal["messages"]), (1, 1))
        self.assertGreaterEqual(rehearsal["time"], 1.3)
        self.assertRegex(run.out, r"\nrehearsal +1\.\d+ s   1 sent   1 came back\n")
        self.assertEqual(run.summary["accounting"]["planned"], 30)
        self.assertEqual(run.summary["connections"]["opened"], 3)
        counts = server.stop()
        self.assertEqual((counts["connections"], counts["messages"]), (4, 31))
        self.assertEqual(counts["closes"], {"1000": 4})
        ids = [json.loads(text)["request_id"] for text in counts["texts"]]
        self.assertEqual(len(set(ids)), 31, "its id is none of the run")

    def test_what_is_ignored_does_not_count(self):
        server = self.assistant(greetings=[[0, "hello"]], end=[ANSWER])
        run = self.run_on(server, "-c", 2, "-n", 4, "--ignore", "text:hello")
        self.assert_passed(run, 4)
        self.assertEqual(run.summary["rehearsal"]["messages"], 1)

    def test_a_close_ends_it_too(self):
        server = self.assistant(end=[ANSWER], close=1000)
        run = self.run_on(server, "-c", 1, "-n", 2, "--connection-per-request")
        self.assert_passed(run, 2)
        self.assertLess(run.summary["rehearsal"]["time"], 300)
        self.assertEqual(server.stop()["messages"], 3)

    def test_an_error_is_one_message(self):
        frame = '{"message": "Internal server error", "connectionId": "a", "requestId": "b"}'
        run = self.run_on(self.assistant(end=[frame]), "-c", 1, "-n", 2)
        self.assertEqual(run.errors(), {("gateway_error", "Internal server error"): 2}, run)

    def test_with_rules_there_is_none(self):
        setup = self.write("setup.json", '{"on_connect": [{"send": "{}", "expect": "json:type"}]}')
        for flags in (
            ("--reply-end", "json:type=end"),
            ("--reply-end", "first"),
            ("--correlate", "request_id"),
            ("--one-way",),
            ("--setup", setup),
            ("--rehearsal", "off"),
        ):
            with self.subTest(flags=flags):
                server = self.assistant(end=[ANSWER.replace("answer", "end")])
                run = self.run_on(server, "-c", 1, "-n", 2, *flags)
                self.assert_passed(run, 2)
                self.assertEqual(run.summary["rehearsal"]["requests"], 0)
                self.assertNotIn("rehearsal", run.out)
                sent = run.summary["traffic"]["sent_messages"]
                self.assertEqual(server.stop()["messages"], sent)


class Refuted(Case):
    def test_more_than_it_keeps_is_counted(self):
        """Messages of 14 MB, of which it keeps 64 in all. The close ends the reply, however slow."""
        run = self.wsload(
            "--template", chat.SCRIPTED, "--timeout", "5m", self.replies().url(),
            self.scripts([[0, "part", 14_000_000]] * 5 + [[0, "end"], [0, "close", 1000]]),
            env={"WSLOAD_REHEARSAL": "5m"},
        )
        self.assert_mistake(run, "was answered by 6 messages")
        more = [int(n) for n in re.findall(r"\.\.\. (\d+) more\n", run.err)]
        self.assertEqual(sum(more) + run.err.count("  < "), 6, run)

    def test_a_stream(self):
        server = self.assistant(**STREAM)
        run = self.run_on(server, "-c", 5, "-d", "2s")
        self.assert_refuted(
            run, server, "so the first one is not the reply", "... ",
            "--reply-end 'json:type=end' --correlate 'request_id';", "One prompt was sent.",
        )
        self.assertRegex(run.err, r"answered by (1[2-9]|2[0-6]) messages")
        self.assertRegex(run.err, r'\n +0 ms  > {"question": "one"')

    def test_a_greeting(self):
        for delay_ms in (0, 5):
            with self.subTest(delay_ms=delay_ms):
                server = self.assistant(
                    greetings=[[delay_ms, '{"type": "welcome"}']], end=[ANSWER], first_ms=100
                )
                run = self.run_on(server, "-c", 10, "-n", 200)
                self.assert_refuted(
                    run, server, '< {"type": "welcome"}', "--ignore 'json:type=welcome'"
                )

    def test_a_keep_alive(self):
        server = self.assistant(
            keepalive=[300, '{"type": "ping", "at": NUMBER}'], end=[ANSWER], first_ms=1000
        )
        run = self.run_on(server, "-c", 5, "-d", "6s")
        self.assert_refuted(run, server, "--ignore 'json:type=ping'")

    def test_everything_at_once(self):
        server = self.assistant(
            greetings=[[0, '{"type": "welcome", "text": "Bonjour"}']],
            keepalive=[300, '{"type": "keepalive"}'],
            **STREAM,
        )
        run = self.run_on(server, "-c", 5, "-d", "2s")
        self.assert_refuted(
            run, server, "--ignore 'json:type=welcome'", "--ignore 'json:type=keepalive'",
            "--reply-end 'json:type=end'", "--correlate 'request_id'",
        )

    def test_nothing(self):
        server = self.assistant(silent=True)
        run = self.run_on(server, "-c", 2, "-n", 4, "--timeout", "200ms")
        self.assert_refuted(
            run, server, "nothing answered the rehearsal's prompt within 200 ms", "route response"
        )

    def test_a_close_without_an_answer(self):
        server = self.bad("eof_after_message")
        run = self.run_on(server, "-c", 2, "-n", 4)
        self.assert_mistake(run, "closed the connection and did not answer", "* eof", "'wsload try URL'")
        self.assertNotIn("--one-way", run.err)
        self.assertIn("One prompt was sent.", run.err)

    def test_a_close_before_the_prompt(self):
        server = self.assistant(close=1008, close_at_once=True)
        run = self.run_on(server)
        self.assertEqual(server.stop()["messages"], 0)
        if run.code == 3:  # each close came with the answer to the handshake
            self.assertEqual(run.errors(), {("closed", "1008"): 1}, run)
        else:
            self.assert_mistake(run, "* closed 1008", "No prompt was sent.")

    def test_no_secret_is_repeated(self):
        users = self.write("users.csv", "token\ns3cret-t0ken\n")
        server = self.assistant(before=["PROMPT"], end=[ANSWER])
        run = self.wsload(
            "--users", users, "--template", '{"token": "{{token}}", "q": "{{prompt}}"}',
            server.url(), self.prompts("one"), env={"WSLOAD_REHEARSAL": "on"},
        )
        self.assert_refuted(run, server, '> {"token": "************"', "*****")
        self.assertNotIn("s3cret", run.err)


class Stopped(Case):
    def test_nobody_listens(self):
        url = f"ws://127.0.0.1:{self.refused_port()}/"
        run = self.wsload("-c", 3, url, self.prompts("one"), env={"WSLOAD_REHEARSAL": "on"})
        self.assertEqual(run.code, 3, run)
        self.assertEqual(run.errors(), {("connect_refused", ""): 1}, run)
        self.assertEqual(run.summary["connections"]["requested"], 3)

    def test_a_refused_handshake_is_shown(self):
        server = self.replies(refuse=[{"status": 403, "body": "no entry"}])
        run = self.run_on(server, "-c", 3, "-n", 3, "-v")
        self.assertEqual(run.code, 3, run)
        self.assertEqual(run.errors(), {("handshake_status", "403"): 1}, run)
        self.assertIn("no entry", run.err)

    def test_a_connection_that_opens_the_third_time(self):
        server = self.replies(refuse=[{"status": 429}], refusals=2)
        run = self.wsload(
            "--template", chat.SCRIPTED, "-c", 1, server.url(), self.scripts([[0, "end"]]),
            env={"WSLOAD_REHEARSAL": "on"},
        )
        self.assert_passed(run, 1)
        self.assertEqual(run.summary["connections"]["failed"], 0)
        counts = server.stop()
        self.assertEqual((counts["refused"], counts["connections"]), (2, 2))

    def test_signals(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number=number):
                server = self.assistant(silent=True)
                process = self.start(
                    "--template", TEMPLATE, server.url(), self.prompts("one"),
                    env={"WSLOAD_REHEARSAL": "on"},
                )
                self.wait_for(lambda: server.counts()["messages"] == 1, "the prompt")
                process.send_signal(number)
                run = self.finish(process)
                self.assertEqual(run.code, code, run)
                self.assertEqual(run.summary["rehearsal"]["requests"], 1)
                self.assertEqual(server.stop()["messages"], 1)


class Options(Case):
    def test_values(self):
        for value in ("never", "0s", "3", ""):
            with self.subTest(value=value):
                run = self.wsload("--rehearsal", value, "ws://127.0.0.1:9/", self.prompts("one"))
                self.assertEqual(run.code, 3 if value == "3" else 2, run)


if __name__ == "__main__":
    harness.main(side_by_side=True)
