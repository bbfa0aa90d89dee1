"""Rules of replies, each against a server that answers by script."""

import json

import chat
import histograms

STREAM = ("--reply-end", "json:end=true")
LATER = 5000  # ms; the connection is closed by then


def text(content):
    return ["text", content if isinstance(content, str) else json.dumps(content)]


def said(*contents):
    """A script that says these, one each 2 ms."""
    return [[2 * n, *text(content)] for n, content in enumerate(contents)]


class End(chat.Case):
    # rules, what the server says, messages that are the reply
    CASES = (
        (("first",), ["a"], 1),
        (("text:END",), ["a", "the END", "END ", "END"], 4),
        (("contains:bye",), ["a", "good bye!"], 2),
        (("contains:requête",), ['{"e":"requete"}', '{"e":"requ\\u00eate"}'], 2),
        (("icontains:GOOD Ête",), ['{"e":"good ete"}', '{"e":"Good \\u00caTE"}'], 2),
        (("json:end=true",), [{"end": "no"}, {"end": False}, {"end": True}], 3),
        (("json:end=true",), ["end=true", {"x": {"end": True}}, {"end": "true"}], 3),
        (("json:code=7",), [{"code": 77}, {"code": 7}], 2),
        (("json:code=null",), [{"code": "null"}, {}, {"code": None}], 3),
        (("json:status=Grüße \"x\"",), [{"status": "Grüße"}, {"status": "Grüße \"x\""}], 2),
        (("json:end",), [{"x": 1}, {"end": None}], 2),
        (("json:stop!=null",), [{"x": 1}, {"stop": None}, {"stop": "length"}], 3),
        (("json:message.stop_reason!=null",), [
            {"message": {"stop_reason": None}}, {"message": {"stop_reason": "end_turn"}}
        ], 2),
        (("json:choices[0].finish=stop",), [
            {"choices": [{"finish": "go"}, {"finish": "stop"}]}, {"choices": [{"finish": "stop"}]}
        ], 2),
        (("json:choices.1=b",), [{"choices": ["b", "a"]}, {"choices": ["a", "b"]}], 2),
        (("json:a\\.b=1",), [{"a": {"b": 1}}, {"a.b": 1}], 2),
        (("count:3",), ["a", "b", "c"], 3),
        (("text:A", "text:B"), ["x", "B"], 2),
        (("count:4", "json:end"), ["a", {"end": 1}], 2),
        (("count:2", "json:end"), ["a", "b"], 2),
    )

    def test_rules(self):
        for rules, contents, messages in self.CASES:
            with self.subTest(rules=rules, contents=contents):
                server = self.replies()
                flags = [flag for rule in rules for flag in ("--reply-end", rule)]
                run = self.play(server, [said(*contents)] * 5, *flags, "--timeout", "5s")
                self.assert_passed(run, 5)
                self.assert_counts(run, ok=5)
                sizes = [len(text(content)[1].encode()) for content in contents]
                self.assertEqual(run.summary["bytes_per_reply"]["max"], sum(sizes), run)
                if rules == ("first",):
                    self.assertIsNone(run.summary["messages_per_reply"])
                    continue
                self.assert_messages(run, messages)
                self.assertEqual(server.stop()["sent"], 5 * messages)

    def test_an_escaped_value_is_compared_decoded(self):
        server = self.replies()
        script = [[0, "text", '{"st\\u0061tus": "d\\u006fne\\n"}']]
        run = self.play(server, [script], "--reply-end", "json:status=done\n", "--timeout", "1s")
        self.assert_passed(run, 1)

    def test_silence_is_no_part_of_the_latency(self):
        server = self.replies()
        script = [[20, "part"], [40, "part"], [60, "part"]]
        run = self.play(server, [script] * 3, "--reply-end", "silence:400ms", "--record", "r")
        self.assert_passed(run, 3)
        self.assert_messages(run, 3)
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.060)
        # The connection is free for the next prompt when the silence is over.
        lines = self.records("r")
        for before, after in zip(lines, lines[1:]):
            self.assertGreaterEqual(after["sent"] - before["done"], 400)

    def test_nothing_at_all_is_no_reply_that_silence_ends(self):
        server = self.replies()
        run = self.play(server, [[]], "--reply-end", "silence:50ms", "--timeout", "300ms")
        self.assert_counts(run, failed=1)
        self.assertEqual(run.errors(), {("reply_timeout", ""): 1})

    def test_a_stream_that_never_ends_says_what_came(self):
        end = [20, "text", '{"type":"end"}']
        cases = (
            ([[0, "part"], end], ("--timeout", "300ms"), ("truncated", "reply_timeout")),
            ([[0, "part"], end, [30, "close", 1011]], (), ("truncated", "closed 1011")),
            ([[0, "part"], end, [30, "reset"]], (), ("truncated", "reset")),
        )
        for script, flags, error in cases:
            with self.subTest(error=error):
                run = self.play(
                    self.replies(), [script], "--reply-end", "json:type=done", *flags
                )
                self.assertEqual(run.errors(), {error: 1}, run)
                self.assertEqual(
                    run.summary["errors"][0]["example"],
                    '2 messages came, none was json:type=done; the last: {"type":"end"}',
                )

    def test_close_can_be_the_end(self):
        server = self.replies()
        script = [[10, "part"], [20, "part"], [30, "close", 1000]]
        run = self.play(server, [script] * 3, "--reply-end", "close")
        self.assert_passed(run, 3)
        self.assert_messages(run, 2)
        counts, connections = server.stop(), run.summary["connections"]
        self.assertEqual((counts["messages"], counts["connections"]), (3, 3))
        # It is no break: as with a connection for each request, each opens for the first time.
        self.assertEqual((connections["opened"], connections["reopened"]), (3, 0))
        self.assertEqual(connections["closed_by_server"], 0)


    def test_a_close_that_is_a_failure_is_no_end(self):
        cases = (
            ([[0, "part"], [10, "close", 1011]], ("truncated", "closed 1011")),
            ([[0, "part"], [10, "drop"]], ("truncated", "eof")),
            ([[0, "part"], [10, "reset"]], ("truncated", "reset")),
            ([[10, "close", 1000]], ("closed", "1000")),
        )
        for script, error in cases:
            with self.subTest(script=script):
                run = self.play(self.replies(), [script], "--reply-end", "close")
                self.assert_counts(run, failed=1)
                self.assertEqual(run.errors(), {error: 1})


class Ignored(chat.Case):
    def test_what_is_ignored_is_no_part_of_a_reply(self):
        """It starts no clock, ends nothing, and makes no gap."""
        server = self.replies()
        script = [
            [0, *text("keep alive")], [60, "part"], [80, *text("keep alive")],
            [90, *text({"end": True, "status": "waiting"})], [120, "end"],
        ]
        flags = ("--ignore", "text:keep alive", "--ignore", "json:status=waiting")
        run = self.play(server, [script] * 4, *STREAM, *flags)
        self.assert_passed(run, 4)
        self.assert_counts(run, ok=4, ignored=12)
        self.assert_messages(run, 2)
        self.assertGreaterEqual(run.summary["ttfm"]["min"], 0.060)
        gaps = histograms.decode(run.summary["histograms"]["inter_message_gap"]["code"])
        self.assertEqual(gaps.count, 4)

    def test_between_requests_it_is_neither_late_nor_unsolicited(self):
        server = self.replies()
        script = [[0, "end"], [30, *text("Message sent.")]]
        flags = ("--ignore", "text:Message sent.", "--think-time", "100ms")
        run = self.play(server, [script, [[0, "end"]]], *STREAM, *flags)
        self.assert_passed(run, 2)
        self.assert_counts(run, ok=2, ignored=1)


class Errors(chat.Case):
    def fail_on(self, rule, script, *flags):
        server = self.replies()
        return self.play(server, [script, [[0, "end"]]], *STREAM, "--fail-on", rule, *flags)

    def test_rules(self):
        cases = (
            ("Une erreur", {"message": "Une erreur est survenue"}),
            ("contains:Une erreur", {"message": "Une erreur est survenue"}),
            ("text:error", "error"),
            ("json:status=ERROR", {"status": "ERROR"}),
            ("json:error", {"error": None}),
            ("json:error!=null", {"error": "x"}),
        )
        for rule, content in cases:
            with self.subTest(rule=rule):
                run = self.fail_on(rule, [[0, "part"], [5, *text(content)]])
                self.assert_counts(run, ok=1, failed=1)
                [error] = run.summary["errors"]
                self.assertEqual((error["kind"], error["count"]), ("error_reply", 1))
                self.assertIn(text(content)[1][:20], error["example"])

    def test_near_misses_are_good(self):
        for rule, content in (
            ("text:error", "error!"), ("json:error!=null", {"error": None}), ("json:error", "error")
        ):
            with self.subTest(rule=rule):
                run = self.fail_on(rule, [[0, *text(content)], [5, "end"]])
                self.assert_passed(run, 2)

    def test_an_error_ends_the_request(self):
        """And its connection, since the rest could be of the next reply; unless it goes on."""
        script = [[0, *text({"error": "x"})], [100, "end"]]
        run = self.fail_on("json:error", script, "--think-time", "200ms")
        self.assert_counts(run, ok=1, failed=1)
        self.assertEqual(run.summary["connections"]["reopened"], 1)
        run = self.fail_on("json:error,continue", script, "--record", "r")
        self.assert_counts(run, ok=1, failed=1)
        self.assertEqual(run.summary["connections"]["reopened"], 0)
        lines = {line["seq"]: line for line in self.records("r")}
        self.assertEqual((lines[1]["outcome"], lines[1]["messages"]), ("error_reply", 2))
        self.assertGreaterEqual(lines[1]["done"] - lines[1]["sent"], 100)
        self.assertEqual(lines[2]["outcome"], "ok")


class Expected(chat.Case):
    def expect(self, script, *rules):
        flags = [flag for rule in rules for flag in ("--expect", rule)]
        return self.play(self.replies(), [script], *STREAM, *flags)

    def test_one_message_of_the_reply_must_satisfy_it(self):
        script = [[0, *text({"intent": "test"})], [2, *text({"answer": 42, "end": True})]]
        self.assert_passed(self.expect(script, "json:answer=42", "json:intent"), 1)
        run = self.expect(script, "json:answer=42", "json:answer=43")
        self.assert_counts(run, failed=1)
        self.assertEqual(run.errors(), {("unexpected_reply", "json:answer=43"): 1})

    def test_text_is_looked_for_across_messages(self):
        script = [*said("Hel", "lo wor", "ld"), [10, "end"]]
        self.assert_passed(self.expect(script, "contains:Hello world"), 1)
        run = self.expect(script, "contains:hello")
        self.assertEqual(run.errors(), {("unexpected_reply", "contains:hello"): 1})

    def test_bytes(self):
        """10 + 20 bytes, and those of the end."""
        end = {"end": True}
        script = [*said("a" * 10, "b" * 20), [6, *text(end)]]
        size = 30 + len(json.dumps(end))
        for limits, good in (
            (f"{size}-{size}", True), (f"{size}-", True), (f"-{size}", True), ("1-1KiB", True),
            (f"{size + 1}-", False), (f"-{size - 1}", False),
        ):
            with self.subTest(limits=limits):
                run = self.play(self.replies(), [script], *STREAM, "--expect-bytes", limits)
                self.assert_counts(run, ok=int(good), failed=int(not good))
                if not good:
                    self.assertEqual(run.summary["errors"][0]["kind"], "unexpected_reply")


class Gateway(chat.Case):
    TIMED_OUT = "Endpoint request timed out"

    def play_frame(self, script, *flags):
        return self.play(self.replies(), [script], "--timeout", "2s", *flags)

    def check_goes_on(self, run):
        self.assert_counts(run, ok=1)
        [error] = run.summary["errors"]
        self.assertEqual(
            (error["kind"], error["detail"], error["count"], error["requests"]),
            ("gateway_error", self.TIMED_OUT, 1, 0),
        )
        self.assertIn("Qyi3UG41tjMFlUg=", error["example"])

    def check_final(self, run, message=TIMED_OUT):
        self.assert_counts(run, failed=1)
        self.assertEqual(run.errors(), {("gateway_error", message): 1})

    def test_a_stream_goes_on_after_a_timeout(self):
        script = [[0, "part"], [10, "gateway", self.TIMED_OUT], [20, "end"]]
        for flags in ((), ("--gateway-timeout", "continue")):
            run = self.play_frame(script, *STREAM, *flags)
            self.check_goes_on(run)
            self.assert_messages(run, 2)
        script[-1][0] = LATER
        self.check_final(self.play_frame(script, *STREAM, "--gateway-timeout", "final"))

    def test_a_timeout_before_the_first_message(self):
        script = [[10, "gateway", self.TIMED_OUT], [50, "part"], [70, "end"]]
        run = self.play_frame(script, *STREAM)
        self.check_goes_on(run)
        self.assertGreaterEqual(run.summary["ttfm"]["min"], 0.050)

    def test_one_message_does_not(self):
        script = [[10, "gateway", self.TIMED_OUT], [LATER, "part"]]
        self.check_final(self.play_frame(script))
        self.check_final(self.play_frame(script, "--gateway-timeout", "final"))
        script[-1][0] = 50
        run = self.play_frame(script, "--gateway-timeout", "continue")
        self.check_goes_on(run)
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.050)

    def test_any_other_error_frame_is_final(self):
        for message in ("Internal server error", "Forbidden", "Too Many Requests"):
            with self.subTest(message=message):
                script = [[0, "part"], [10, "gateway", message]]
                run = self.play_frame(script, *STREAM, "--gateway-timeout", "continue")
                self.check_final(run, message)


class OneWay(chat.Case):
    def test_sent_is_done(self):
        server = self.replies()
        run = self.play(server, [[]], "--one-way", "-n", 100, "-c", 5)
        self.assert_passed(run, 100)
        self.assertIsNone(run.summary["latency"])
        self.assertIsNone(run.summary["bytes_per_reply"])
        counts = server.stop()
        self.assertEqual((counts["messages"], counts["sent"]), (100, 0))
        self.assertNotIn("route response", run.out)

    def test_nothing_at_all_came_back(self):
        """Then wsload says what that means on API Gateway."""
        run = self.play(self.replies(), [[], []], "--timeout", "300ms", "-c", 2)
        self.assertEqual(run.code, 1, run)
        self.assertEqual(run.errors(), {("reply_timeout", ""): 2})
        self.assertIn("route response", run.out)
        run = self.play(self.replies(), [[], [[0, "end"]]], "--timeout", "300ms")
        self.assert_counts(run, ok=1, failed=1)
        self.assertNotIn("route response", run.out)


class Binary(chat.Case):
    def test_a_binary_message_is_a_message(self):
        run = self.play(self.replies(), [[[0, "binary", "a"], [5, "end"]]], *STREAM)
        self.assert_passed(run, 1)
        self.assert_messages(run, 2)


if __name__ == "__main__":
    chat.main()
