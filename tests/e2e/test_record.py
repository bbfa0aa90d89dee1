"""--record: a line for each request, true to what the server saw; and what a run costs."""

import json
import math
import os
import time

import chat

STREAM = ("--reply-end", "json:end=true")
MEMBERS = {
    "id", "seq", "connection", "due", "sent", "first", "done", "bytes", "messages", "outcome"
}


class Lines(chat.Case):
    def test_each_request_has_one(self):
        server = self.replies()
        script = [[2, "part"], [4, "end", 200]]
        flags = ("-c", 10, "-n", 500, "-t", 2, "--record", "r.jsonl")
        run = self.play(server, [script], *STREAM, *flags)
        self.assert_passed(run, 500)
        self.assertEqual(run.summary["record"], {"lost": 0})
        lines, counts = self.records("r.jsonl"), server.stop()
        self.assertEqual({frozenset(line) for line in lines}, {frozenset(MEMBERS)})
        self.assertEqual({line["id"] for line in lines},
                         {json.loads(text)["id"] for text in counts["texts"]})
        self.assertEqual(sorted(line["seq"] for line in lines), list(range(1, 501)))
        self.assertEqual({line["connection"] for line in lines}, set(range(1, 11)))
        self.assertEqual({line["outcome"] for line in lines}, {"ok"})
        self.assertEqual({line["messages"] for line in lines}, {2})
        self.assertEqual(sum(line["bytes"] for line in lines), counts["sent_bytes"])
        for line in lines:
            self.assertTrue(line["due"] <= line["sent"] < line["first"] <= line["done"], line)
        self.check_times(run, lines)

    def check_times(self, run, lines):
        """The summary's figures out of the lines: to a microsecond, and a percentile to 0.1 %."""
        for name, begin, end in (("latency", "sent", "done"), ("ttfm", "sent", "first")):
            times = sorted((line[end] - line[begin]) / 1000 for line in lines)
            figures = run.summary[name]
            self.assertAlmostEqual(figures["min"], times[0], delta=2e-6)
            self.assertAlmostEqual(figures["max"], times[-1], delta=2e-6)
            self.assertAlmostEqual(figures["average"], sum(times) / len(times), delta=2e-6)
            p95 = times[math.ceil(0.95 * len(times)) - 1]
            self.assertAlmostEqual(figures["p95"], p95, delta=2e-6 + 0.001 * p95)

    def test_replies_are_kept_when_asked_for(self):
        server = self.replies()
        script = [[0, "text", 'Grüße, "ID"'], [1, "text", "\\ \u0001"], [2, "end"]]
        flags = ("--record", "r", "--record-replies", "-n", 20, "-c", 2)
        run = self.play(server, [script], *STREAM, *flags)
        self.assert_passed(run, 20)
        for line in self.records("r"):
            end = json.dumps({"id": line["id"], "end": True}, separators=(",", ":"))
            self.assertEqual(line["reply"], f'Grüße, "{line["id"]}"\n\\ \u0001\n{end}')
            self.assertEqual(line["bytes"], len(line["reply"].encode()) - 2)  # without the breaks

    def test_outcomes(self):
        server = self.replies()
        scripts = [
            [[0, "end"]],
            [[0, "part"], [5, "close", 1001]],
            [[0, "gateway", "Forbidden"]],
            [],
            [[0, "part"], [5, "end"]],
        ]
        flags = ("--timeout", "300ms", "--record", "r", "--expect", "json:end=true")
        run = self.play(server, scripts, "--reply-end", "json:end", *flags)
        self.assert_counts(run, ok=2, failed=3)
        lines = {line["seq"]: line for line in self.records("r")}
        outcomes = [(lines[n]["outcome"], lines[n].get("detail", "")) for n in range(1, 6)]
        self.assertEqual(outcomes, [
            ("ok", ""), ("truncated", "closed 1001"), ("gateway_error", "Forbidden"),
            ("reply_timeout", ""), ("ok", ""),
        ])
        self.assertIsNone(lines[4]["first"])
        self.assertEqual((lines[4]["messages"], lines[4]["bytes"]), (0, 0))

    def test_the_warm_up_is_marked(self):
        server = self.replies()
        flags = ("-r", 100, "-d", "500ms", "--warmup", "500ms", "-c", 5, "--record", "r")
        run = self.play(server, [[[0, "end"]]], *flags)
        self.assertEqual(run.code, 0, run)
        lines = self.records("r")
        self.assertEqual(len(lines), 100)
        self.assertEqual(sum(line.get("warmup", False) for line in lines), 50)
        self.assertEqual(run.summary["total_requests"], 50)

    def test_unanswered_ones(self):
        server = self.replies()
        process = self.start(
            "-c", 2, "-d", "10m", "--record", "r", "--template", chat.SCRIPTED, server.url(),
            self.scripts([[0, "part"]], []), "--reply-end", "json:end",
        )
        self.wait_for(lambda: server.counts()["messages"] == 2, "two requests")
        process.send_signal(2)
        run = self.finish(process)
        self.assertEqual((run.code, run.summary["accounting"]["unanswered"]), (130, 2), run)
        self.assertEqual([line["outcome"] for line in self.records("r")], ["unanswered"] * 2)

    def test_many(self):
        """Each is either written or counted as lost."""
        server = self.replies()
        flags = ("-c", 20, "-n", 20_000, "--record", "r", "--record-replies")
        run = self.play(server, [[[0, "end", 2000]]], *flags)
        self.assert_passed(run, 20_000)
        self.assertEqual(len(self.records("r")) + run.summary["record"]["lost"], 20_000)

    def test_a_reader_that_stalls(self):
        """The pipe is full and nobody empties it: the run ends all the same."""
        os.mkfifo(self.dir / "pipe")
        reader = os.open(self.dir / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        run = self.play(self.replies(), [[[0, "end"]]], "-n", 2000, "--record", "pipe")
        self.assertEqual(run.code, 2, run)
        self.assertIn("--record: pipe", run.err)
        written = 0
        while piece := os.read(reader, 1 << 16):
            written += piece.count(b"\n")
        self.assertEqual(run.summary["successful_requests"], 2000, run)
        self.assertTrue(0 < written < 2000, written)

    def test_a_full_disk(self):
        run = self.play(self.replies(), [[[0, "end"]]], "-n", 20, "--record", "/dev/full")
        self.assertEqual(run.code, 2, run)
        self.assertIn("--record: /dev/full: No space left", run.err)
        self.assertEqual(run.summary["successful_requests"], 20, run)

    def test_a_path_that_cannot_be_written(self):
        run = self.wsload("--record", "/none/r", "ws://127.0.0.1:9/", self.prompts("a"))
        self.assert_mistake(run, "--record", "/none/r")

    def test_a_disk_that_is_full_ends_the_run_in_one_voice(self):
        server = self.replies()
        run = self.play(server, [[[0, "end", 20]]], "--record", "/dev/full", "-n", 5)
        self.assertEqual(run.code, 2, run)
        self.assertIn("/dev/full: No space left on device", run.err)
        self.assertRegex(run.out, r"FAILED   the record could not be written +exit 2\n")
        reason = "the record could not be written"
        self.assertEqual(run.summary["exit"], {"code": 2, "reason": reason})
        self.assertEqual(run.summary["record"], {"lost": 5})
        self.assertFalse(run.summary["passed"])

    def test_replies_need_a_record(self):
        run = self.wsload("--record-replies", "ws://127.0.0.1:9/", self.prompts("a"))
        self.assert_mistake(run, "--record-replies", "--record")


class Cost(chat.Case):
    KIB32 = 32 * 1024

    def test_by_hand(self):
        """Units of 32 KiB: what is sent is 1, 1 and 2, and the replies 1 + 1, 1 + 4 and 1 + 1."""
        server = self.replies()
        script = [[100, "part", self.KIB32], [200, "end", 0]]
        long = [[100, "part", 10], [200, "end", 3 * self.KIB32 + 1]]
        padded = [[0, "part"], [100, "end", 0, "x" * self.KIB32]]
        flags = ("--price-messages", 2, "--price-minutes", 0.5)
        began = time.monotonic()
        run = self.play(server, [script, long, padded], *STREAM, *flags)
        minutes = (time.monotonic() - began) / 60
        self.assert_passed(run, 3)
        counts, cost = server.stop(), run.summary["cost"]
        self.assertEqual(cost["billed_messages"], (1 + 1 + 2) + (1 + 1) + (1 + 4) + (1 + 1))
        load = run.summary["load"]
        self.assertEqual((load["price_messages"], load["price_minutes"]), (2, 0.5))
        self.assertAlmostEqual(cost["messages"], 13 * 2 / 1e6, places=9)
        # One connection, open for the 500 ms of the three replies and a little.
        self.assertTrue(0.5 / 60 <= cost["connection_minutes"] <= minutes, cost)
        self.assertAlmostEqual(cost["minutes"], cost["connection_minutes"] * 0.5 / 1e6, places=9)
        self.assertAlmostEqual(cost["total"], cost["messages"] + cost["minutes"], delta=2e-9)
        self.assertAlmostEqual(cost["per_1000_prompts"], cost["total"] / 3 * 1000, delta=1e-6)
        self.assertEqual((cost["currency"], cost["account_quota_per_second"]), ("USD", 10000))
        traffic = run.summary["traffic"]
        self.assertEqual(traffic["sent_bytes"], counts["received_bytes"])
        self.assertEqual(traffic["received_bytes"], counts["sent_bytes"])
        self.assertEqual(traffic["received_messages"], 6)
        self.assertIn("estimated", run.out)
        self.assertIn("$2.00 per million messages, $0.50 per million minutes", run.out)

    def test_the_rate_of_messages_is_of_both_directions(self):
        server = self.replies()
        script = [[0, "part"], [0, "part"], [0, "end"]]
        flags = ("-r", 100, "-d", "2s", "-c", 10)
        run = self.play(server, [script], *STREAM, *flags)
        self.assert_passed(run, 200)
        self.assertEqual(run.summary["cost"]["billed_messages"], 800)
        took = run.summary["total_time"] + run.summary["drain"]["time"]
        self.assertAlmostEqual(run.summary["cost"]["messages_per_second"], 800 / took, delta=1)

    def test_the_default_rates_are_those_of_us_east_1(self):
        run = self.play(self.replies(), [[[0, "end"]]])
        load = run.summary["load"]
        self.assertEqual((load["price_messages"], load["price_minutes"]), (1, 0.25))
        self.assertNotIn("estimate", run.out)  # no API Gateway, and no price was asked for


if __name__ == "__main__":
    chat.main()
