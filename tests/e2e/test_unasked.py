"""Messages that no request asked for: without rules the first message after a prompt is its reply, so
they shift all that follow, and the run is worth nothing. It says so."""

import json

import chat

KEEPALIVE = json.dumps({"type": "keepalive"})


class Unasked(chat.Case):
    def reasons(self, run):
        return [one for one in run.summary["validity"]["reasons"] if one["check"] == "unasked"]

    def assert_distrusted(self, run, grade):
        (reason,) = self.reasons(run)
        self.assertEqual(reason["grade"], grade)
        self.assertNotIn("workers", reason["text"] + reason["advice"])
        self.assertIn("`wsload try URL`", reason["advice"])
        return reason["text"]

    def assert_none(self, run):
        self.assertEqual(run.summary["unasked"]["messages"], 0, run)
        self.assertEqual(self.reasons(run), [])


class Greeting(Unasked):
    def test_one_that_is_taken_for_a_reply_leaves_one_over(self):
        """5 ms after the 101, and replies after 100 ms: each is taken for the one before. The last
        one comes when the figures are whole, and is seen all the same."""
        server = self.replies(greeting="welcome", greeting_ms=5)
        run = self.play(server, [[[100, "text", '{"answer": "ID"}']]], "-c", 10, "-n", 200)
        text = self.assert_distrusted(run, "invalid")
        self.assertEqual(run.summary["unasked"]["connections"], 10)
        self.assertEqual(run.summary["unasked"]["messages"], 10)
        self.assertIn("10 messages came that no request asked for, on 10 of 10 connections", text)
        self.assertEqual(run.code, 0)

    def test_it_is_seen_on_connections_for_one_request_too(self):
        """These close with their reply, but the last ones stay open for what comes then."""
        server = self.replies(greeting="welcome", greeting_ms=5)
        script = [[100, "text", '{"answer": "ID"}']]
        run = self.play(server, [script], "-c", 10, "-n", 200, "--connection-per-request")
        self.assert_distrusted(run, "invalid")
        self.assertEqual(run.summary["connections"]["opened"], 200)
        self.assertEqual(server.stop()["closes"], {"1000": 200})

    def test_one_over_that_comes_as_late_as_any_reply(self):
        """The last prompts are sent when the replies before come, 5 ms after those before them."""
        server = self.replies(greeting="welcome", greeting_ms=5)
        run = self.play(server, [[[700, "text", '{"answer": "ID"}']]], "-c", 2, "-n", 6)
        self.assert_distrusted(run, "invalid")
        self.assertEqual(run.summary["unasked"]["messages"], 2)

    def test_such_a_run_fails_when_it_is_taken_strictly(self):
        server = self.replies(greeting="welcome", greeting_ms=5)
        script = [[100, "text", '{"answer": "ID"}']]
        run = self.play(server, [script], "-c", 2, "-n", 10, "--strict")
        self.assertEqual(run.code, 4, run)
        self.assertIn("came that no request asked for", run.out)


class KeepAlive(Unasked):
    SCRIPT = [[300, "text", '{"id": "ID", "answer": true}']]

    def test_without_rules_the_run_is_invalid(self):
        server = self.replies(heartbeat=[100, KEEPALIVE])
        run = self.play(server, [self.SCRIPT], "-c", 5, "-d", "1s")
        text = self.assert_distrusted(run, "invalid")
        self.assertIn(f"as {KEEPALIVE}; if that is no reply: --ignore 'json:type=keepalive'", text)
        self.assertIn("INVALID", run.out)

    def test_told_apart_by_ids_they_shift_nothing(self):
        server = self.replies(heartbeat=[100, KEEPALIVE])
        run = self.play(server, [self.SCRIPT] * 3, "--correlate", "id")
        self.assert_passed(run, 3)
        self.assertIn("--ignore 'json:type=keepalive'", self.assert_distrusted(run, "doubtful"))
        (kind,) = run.summary["unasked"]["kinds"]
        self.assertEqual((kind["rule"], kind["example"]), ("json:type=keepalive", KEEPALIVE))
        self.assertEqual(kind["count"], run.summary["unasked"]["messages"])

    def test_ignored_they_are_no_reason(self):
        server = self.replies(heartbeat=[100, KEEPALIVE])
        run = self.play(server, [self.SCRIPT] * 3, "--ignore", "json:type=keepalive")
        self.assert_passed(run, 3)
        self.assert_none(run)
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.3)


class Stream(Unasked):
    SCRIPT = [[20 + n, "text", '{"type": "token", "id": "ID"}'] for n in range(10)]

    def test_one_that_is_taken_for_single_messages_is_told_as_such(self):
        """Each token releases the next prompt."""
        run = self.play(self.replies(), [self.SCRIPT], "-c", 2, "-n", 40)
        text = self.assert_distrusted(run, "invalid")
        self.assertIn('"type": "token"', text)
        self.assertIn("replies seem to come in several messages: --reply-end", text)


class Own(Unasked):
    def test_answers_to_our_own_keepalives_are_none(self):
        server = self.node()
        flags = ("--keepalive", "100ms:ping", "--think-time", "350ms", "-c", 3, "-n", 9)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assert_passed(run, 9)
        self.assert_none(run)
        connections = run.summary["connections"]
        self.assertGreater(connections["keepalives"], 0)
        self.assertEqual(connections["keepalive_answers"], connections["keepalives"])


class Listening(Unasked):
    def test_it_is_in_no_time(self):
        """A message 150 ms after the last reply is seen; the run took no longer by it."""
        server = self.replies()
        script = [[0, "text", '{"id": "ID"}'], [150, "text", '{"type": "usage"}']]
        run = self.play(server, [script])
        self.assertEqual(run.summary["unasked"]["messages"], 1, run)
        self.assertGreaterEqual(run.summary["unasked"]["since_reply"]["min"], 0.1)
        self.assertEqual(run.summary["drain"]["time"], 0)
        since = run.summary["unasked"]["since_reply"]["min"]
        self.assertLess(run.summary["total_time"], run.summary["latency"]["max"] + since)


if __name__ == "__main__":
    chat.main()
