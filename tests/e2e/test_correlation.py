"""Replies that find their requests by an id, and messages that find none: each is classified
exactly, and none disturbs another request."""

import json

import chat

BY_ID = ("--correlate", "id", "--reply-end", "json:end=true")
LAST = 300  # ms; longer than anything else here goes on


def text(content):
    """Sends JSON; ID in it becomes the message's own."""
    return ["text", json.dumps(content)]


class Together(chat.Case):
    def test_interleaved_replies(self):
        """A message of each in turn."""
        server = self.replies()
        script = [[20, "part"], [40, "part"], [60, "part"], [80, "end"]]
        run = self.play(server, [script] * 12, *BY_ID, "--in-flight", 4)
        self.assert_passed(run, 12)
        self.assert_counts(run, ok=12)
        self.assert_messages(run, 4)
        self.assertGreaterEqual(run.summary["ttfm"]["min"], 0.020)
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.080)
        self.assertEqual(server.stop()["connections"], 1)

    def test_replies_out_of_order(self):
        server = self.replies()
        delays = [160, 120, 80, 40]
        flags = ("--in-flight", 4, "--record", "lines.jsonl", "--record-replies")
        run = self.play(server, [[[delay, "end"]] for delay in delays], *BY_ID, *flags)
        self.assert_passed(run, 4)
        self.assert_counts(run, ok=4)
        lines = self.records("lines.jsonl")
        self.assertEqual([line["seq"] for line in lines], [4, 3, 2, 1], lines)
        for line in lines:
            self.assertEqual(json.loads(line["reply"])["id"], line["id"])
            self.assertGreaterEqual(line["done"] - line["sent"], delays[line["seq"] - 1])
        # Each was waited for by itself: the first one's 160 ms are not the others'.
        times = [(line["done"] - line["sent"]) / 1000 for line in lines]
        self.assertEqual(times, sorted(times))
        self.assertAlmostEqual(run.summary["latency"]["min"], times[0], delta=2e-6)
        self.assertAlmostEqual(run.summary["latency"]["max"], times[-1], delta=2e-6)

    def test_an_id_that_is_a_member_of_a_member(self):
        server = self.replies()
        script = [[5, *text({"data": {"sessionId": "ID"}, "end": True})]]
        run = self.play(
            server, [script] * 20, "--correlate", "data.sessionId", "--in-flight", 5, "-t", 1
        )
        self.assert_passed(run, 20)
        self.assert_counts(run, ok=20)

    def test_at_a_rate_over_two_workers(self):
        """The later a request of a connection is sent, the earlier it may be answered."""
        server = self.replies()
        scripts = [[[delay, "part"], [delay + 10, "end"]] for delay in (150, 100, 50, 0)]
        flags = ("-r", 200, "-n", 200, "-c", 4, "--in-flight", 20, "-t", 2)
        run = self.play(server, scripts, *BY_ID, *flags, "--record", "r", "--record-replies")
        self.assert_passed(run, 200)
        self.assert_counts(run, ok=200)
        self.assert_messages(run, 2)
        for line in self.records("r"):
            self.assertEqual(line["reply"].count(line["id"]), 2)

    def test_connections_are_replaced_meanwhile(self):
        """None that has a request in flight, so no reply is lost."""
        server = self.replies()
        flags = ("-c", 3, "--in-flight", 5, "--max-lifetime", "200ms", "-d", "1500ms")
        scripts = [[[delay, "end"]] for delay in (30, 20, 10)]
        run = self.play(server, scripts, *BY_ID, *flags)
        self.assertEqual((run.code, run.summary["errors"]), (0, []), run)
        counts, total = server.stop(), run.summary["total_requests"]
        self.assert_counts(run, ok=total)
        self.assertEqual(counts["messages"], total)
        self.assertGreaterEqual(run.summary["connections"]["rotated"], 3)
        self.assert_openings(run, counts)

    def test_silence_is_each_request_s_own(self):
        server = self.replies()
        scripts = [[[0, "part"], [40 * n, "part"]] for n in range(1, 5)] * 2
        flags = ("--correlate", "id", "--in-flight", 4, "--reply-end", "silence:300ms")
        run = self.play(server, scripts, *flags, "--record", "r")
        self.assert_passed(run, 8)
        self.assert_messages(run, 2)
        lines = {line["seq"]: line for line in self.records("r")}
        for line in lines.values():
            self.assertGreaterEqual(line["done"] - line["sent"], 40 * ((line["seq"] - 1) % 4 + 1))
        # The silence is no part of a reply: the next request comes that long after it is done.
        done = sorted(lines[seq]["done"] for seq in range(1, 5))
        for before, seq in zip(done, range(5, 9)):
            self.assertGreaterEqual(lines[seq]["sent"] - before, 300)

    def test_ten_thousand_in_flight(self):
        """None is answered before all are there, and then the last one is answered first."""
        server = self.replies(hold=10_000)
        flags = ("-c", 100, "--in-flight", 100, "-n", 10_000, "-t", 2)
        run = self.play(server, [[[0, "hold"]]], *BY_ID, *flags)
        self.assert_passed(run, 10_000)
        self.assert_counts(run, ok=10_000)
        counts = server.stop()
        self.assertEqual((counts["most_held"], counts["connections"]), (10_000, 100))
        ids = [json.loads(message)["id"] for message in counts["texts"]]
        self.assertEqual(len(set(ids)), 10_000)


class Strays(chat.Case):
    def test_a_message_behind_the_end_is_late(self):
        server = self.replies()
        scripts = [[[10, "part"], [20, "end"], [60, "part"]], [[LAST, "end"]]]
        run = self.play(server, scripts, *BY_ID, "--in-flight", 2)
        self.assert_passed(run, 2)
        self.assert_counts(run, ok=2, late=1)
        self.assert_messages(run, 1, 2)

    def test_an_end_that_comes_twice_is_late_once(self):
        server = self.replies()
        scripts = [[[20, "end"], [20, "end"], [60, "end"]], [[LAST, "end"]]]
        run = self.play(server, scripts, *BY_ID, "--in-flight", 2)
        self.assert_passed(run, 2)
        self.assert_counts(run, ok=2, late=2)
        self.assert_messages(run, 1)

    def test_messages_of_no_request_are_unsolicited(self):
        strangers = (
            {"id": "somebody"},  # no id of wsload's
            {"id": "IDffff"},  # of this run, but so many requests were never sent
            {"id": None},
            {"id": ["ID"]},
            {"note": "ID"},
            "ID",
            {"id": "00000000-1"},  # of another run
        )
        for stranger in strangers:
            with self.subTest(stranger=stranger):
                server = self.replies()
                scripts = [[[10, *text(stranger)], [40, "end"]], [[80, "end"]]]
                run = self.play(server, scripts, *BY_ID, "--in-flight", 2)
                self.assert_passed(run, 2)
                self.assert_counts(run, ok=2, unsolicited=1)
                self.assert_messages(run, 1)

    def test_an_answer_after_the_timeout_is_late_and_the_connection_stays(self):
        server = self.replies()
        scripts = [[[2000, "end"]], *[[[5, "end"]]] * 2, *[[[900, "end"]]] * 3]
        flags = ("--in-flight", 2, "--timeout", "1500ms")
        run = self.play(server, scripts, *BY_ID, *flags)
        self.assert_counts(run, ok=5, failed=1, late=1)
        self.assertEqual(run.errors(), {("reply_timeout", ""): 1})
        self.assertEqual(server.stop()["connections"], 1)

    def test_an_error_frame_fails_the_only_request_in_flight(self):
        server = self.replies()
        scripts = [[[10, "gateway", "Internal server error"]], [[10, "end"]]]
        run = self.play(server, scripts, *BY_ID, "--in-flight", 1)
        self.assert_counts(run, ok=1, failed=1)
        self.assertEqual(run.errors(), {("gateway_error", "Internal server error"): 1})

    def test_an_error_frame_that_could_be_anybodys_is_the_connections(self):
        server = self.replies()
        scripts = [[[10, "gateway", "Internal server error"], [60, "end"]], [[60, "end"]]]
        run = self.play(server, scripts, *BY_ID, "--in-flight", 2)
        self.assert_counts(run, ok=2)
        [error] = run.summary["errors"]
        self.assertEqual((error["kind"], error["count"]), ("gateway_error", 1))
        self.assertEqual(error["requests"], 0)

    def test_an_error_with_an_id_fails_that_request_alone(self):
        server = self.replies()
        failing = [[10, "part"], [20, *text({"id": "ID", "error": "no model"})]]
        scripts = [failing, [[60, "end"]], [[60, "end"]]]
        run = self.play(server, scripts, *BY_ID, "--in-flight", 3, "--fail-on", "json:error")
        self.assert_counts(run, ok=2, failed=1)
        self.assertEqual(list(run.errors().values()), [1])
        self.assertEqual(run.summary["errors"][0]["kind"], "error_reply")


class FirstInFirstOut(chat.Case):
    def test_replies_go_to_requests_in_order(self):
        server = self.replies()
        flags = ("--in-flight", 3, "--reply-end", "json:end", "--record", "r", "--record-replies")
        run = self.play(server, [[[0, "part"], [0, "end"]]] * 9, *flags)
        self.assert_passed(run, 9)
        self.assert_counts(run, ok=9)
        for line in self.records("r"):
            self.assertEqual(line["reply"].count(line["id"]), 2)

    def test_a_message_in_between_is_late(self):
        server = self.replies()
        scripts = [[[0, "end"], [50, "part"], [50, "part"]], [[0, "end"]]]
        run = self.play(server, scripts, "--reply-end", "json:end", "--think-time", "800ms")
        self.assert_passed(run, 2)
        self.assert_counts(run, ok=2, late=2)
        self.assert_messages(run, 1)

    def test_a_message_before_any_request_is_unsolicited(self):
        server = self.replies(greeting="hello")
        run = self.wsload("--hold", "-c", 5, "-d", "300ms", server.url())
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.summary["unsolicited_messages"], 5)
        self.assertEqual(run.summary["late_messages"], 0)


class CutOff(chat.Case):
    """How a reply ends that has no end: with a message of it, truncated; with none, the cause."""

    CAUSES = (
        (["close", 1001], "closed 1001", ("closed", "1001")),
        (["close", 4000], "closed 4000", ("closed", "4000")),
        (["drop"], "eof", ("eof", "")),
        (["reset"], "reset", ("reset", "")),
        (None, "reply_timeout", ("reply_timeout", "")),
    )

    def check(self, correlated):
        flags = ("--timeout", "1s", "--reply-end", "json:end=true")
        flags += ("--correlate", "id", "--in-flight", 1) if correlated else ()
        for action, detail, cause in self.CAUSES:
            end = [[40, *action]] if action else []
            for begun, error in (([[20, "part"]], ("truncated", detail)), ([], cause)):
                with self.subTest(error=error, correlated=correlated):
                    server = self.replies()
                    run = self.play(server, [begun + end, [[0, "end"]]], *flags)
                    self.assert_counts(run, ok=1, failed=1)
                    self.assertEqual(run.errors(), {error: 1}, run)
                    self.assertEqual(run.summary["errors"][0]["requests"], 1)

    def test_first_in_first_out(self):
        self.check(correlated=False)

    def test_by_id(self):
        self.check(correlated=True)

    def test_all_that_are_in_flight_on_a_connection(self):
        server = self.replies()
        scripts = [[[10, "part"]], [], [[10, "part"]], [[60, "close", 1001]], [[0, "end"]]]
        run = self.play(server, scripts, *BY_ID, "--in-flight", 4)
        self.assert_counts(run, ok=1, failed=4)
        errors = {("truncated", "closed 1001"): 2, ("closed", "1001"): 2}
        self.assertEqual(run.errors(), errors)


if __name__ == "__main__":
    chat.main()
