"""The figures of streams, thresholds on them, and goodput."""

import chat
import histograms

STREAM = ("--reply-end", "json:end=true")
SCRIPT = [[40, "part"], [60, "part"], [80, "part"], [100, "end"]]
FIGURES = ("ttfm", "inter_message_gap", "tpom", "messages_per_reply")


class Figures(chat.Case):
    def test_of_a_stream(self):
        server = self.replies()
        run = self.play(server, [SCRIPT] * 5, *STREAM)
        self.assert_passed(run, 5)
        self.assert_messages(run, 4)
        self.assertEqual(run.summary["messages_per_reply"]["average"], 4)
        self.assertGreaterEqual(run.summary["ttfm"]["min"], 0.040)
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.100)
        for line in ("ttfm", "gap", "messages"):
            self.assertIn(line, run.out.lower())
        counts = server.stop()
        self.assertEqual(
            run.summary["bytes_per_reply"]["average"] * 5, counts["sent_bytes"], run.summary
        )

    def test_the_times_between_messages(self):
        """Gaps may be short, when the message before came late; on average they cannot."""

        def attempt():
            run = self.play(self.replies(), [SCRIPT] * 5, *STREAM)
            self.assert_passed(run, 5)
            medians = [run.summary[name]["median"] for name in ("tpom", "inter_message_gap")]
            return [median for median in medians if abs(median - 0.020) > 0.010]

        self.best_of(attempt)

    def test_of_single_messages_there_are_none(self):
        run = self.play(self.replies(), [[[1, "end", 300]]] * 5)
        self.assert_passed(run, 5)
        for name in FIGURES:
            self.assertIsNone(run.summary[name], name)
        self.assertEqual(run.summary["bytes_per_reply"]["median"], 300)

    def test_a_reply_that_was_cut_off_is_in_no_figure_but_the_gaps(self):
        server = self.replies()
        cut = [[0, "part"], [5, "part"], [10, "close", 1001]]
        run = self.play(server, [cut, SCRIPT], *STREAM)
        self.assert_counts(run, ok=1, failed=1)
        self.assert_messages(run, 4)
        self.assertGreaterEqual(run.summary["ttfm"]["min"], 0.040)
        gaps = histograms.decode(run.summary["histograms"]["inter_message_gap"]["code"])
        self.assertEqual(gaps.count, 1 + 3)

    def test_a_thousand_messages_in_one_reply(self):
        server = self.replies()
        script = [[0, "part"]] * 999 + [[0, "end"]]
        run = self.play(server, [script] * 8, *STREAM, "-c", 4)
        self.assert_passed(run, 8)
        self.assert_messages(run, 1000)
        self.assertEqual(server.stop()["sent"], 8000)


class Thresholds(chat.Case):
    def judge(self, *thresholds, scripts=(SCRIPT,)):
        flags = [flag for threshold in thresholds for flag in ("--threshold", threshold)]
        return self.play(self.replies(), scripts, *STREAM, *flags)

    def test_that_hold(self):
        run = self.judge(
            "ttfm:p(95)<800ms", "inter_message_gap:max<800ms", "tpom:avg<500ms",
            "messages_per_reply:min>=4", "bytes_per_reply:avg>10",
        )
        self.assertEqual((run.code, len(run.summary["thresholds"])), (0, 5), run)
        self.assertTrue(all(threshold["passed"] for threshold in run.summary["thresholds"]), run)

    def test_that_are_broken(self):
        for threshold in (
            "ttfm:p(95)<20ms", "inter_message_gap:med>9s", "tpom:avg>9s",
            "messages_per_reply:max>4", "late==1",
        ):
            with self.subTest(threshold=threshold):
                run = self.judge(threshold)
                self.assertEqual((run.code, run.summary["passed"]), (1, False), run)
                self.assertEqual([t["passed"] for t in run.summary["thresholds"]], [False])

    def test_on_a_figure_that_the_run_does_not_have(self):
        flags = ("--threshold", "ttfm:p(95)<800ms")
        server = self.replies()
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assert_mistake(run, "ttfm:p(95)<800ms", "--reply-end")


class Goodput(chat.Case):
    FAST, SLOW = [[0, "part"], [10, "end"]], [[400, "part"], [900, "end"]]

    def goodput(self, *thresholds):
        """How many replies of the run were good, by the summary."""
        flags = [flag for threshold in thresholds for flag in ("--threshold", threshold)]
        flags += ("-c", 4, "--record", "r")
        run = self.play(self.replies(), [self.FAST, self.SLOW] * 4, *STREAM, *flags)
        self.assertEqual(run.summary["successful_requests"], 8, run)
        good = run.summary["goodput"]
        return None if good is None else good * run.summary["total_time"]

    def test_it_counts_what_met_every_limit(self):
        cases = (
            (("latency:p(95)<30s",), lambda line: True),
            (("latency:p(50)<300ms",), lambda line: line["done"] - line["sent"] < 300),
            (("ttfm:p(95)<250ms",), lambda line: line["first"] - line["sent"] < 250),
            (("ttfm:p(95)<250ms", "latency:avg<30s"),
             lambda line: line["first"] - line["sent"] < 250),
            (("latency:max<1ms",), lambda line: False),
            (("tpom:avg<250ms",), lambda line: line["done"] - line["first"] < 250),
        )
        for thresholds, is_good in cases:
            with self.subTest(thresholds=thresholds):
                good = self.goodput(*thresholds)
                lines = self.records("r")
                self.assertEqual(len(lines), 8)
                self.assertAlmostEqual(good, sum(map(is_good, lines)), delta=0.01 * 8)

    def test_there_is_none_without_a_limit(self):
        self.assertIsNone(self.goodput())
        self.assertIsNone(self.goodput("success_rate>=50", "latency:min>1us"))


if __name__ == "__main__":
    chat.main()
