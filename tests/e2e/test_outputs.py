"""The figures in their other forms: histograms, the timeline, the .hgrm file and the seed."""

import json
import math
import re

import harness
import histograms

FLAGS = ("-r", 1000, "-d", "2s", "-c", 100, "-t", 2)
HGRM_LINE = re.compile(r"^ +(\d+\.\d+) +([01]\.\d+) +(\d+) *(\d+\.\d+)?$")


class Histograms(harness.Case):
    def check(self, run):
        coded = dict(run.summary["histograms"])
        self.assertEqual(coded.pop("encoding"), "HdrHistogram-V2-compressed-base64")
        figures_of = dict(histograms.distributions(run.summary))
        self.assertEqual(coded.keys(), figures_of.keys())
        for name, figures in figures_of.items():
            unit = 1 if name.endswith("_per_reply") else 1e9
            wrong = histograms.decode(coded[name]["code"]).contradicted(figures, unit, 1.001e-9)
            self.assertEqual(list(wrong), [], name)
        latency = histograms.decode(run.summary["histograms"]["latency"]["code"])
        self.assertEqual(latency.count, run.summary["successful_requests"])

    def test_they_hold_what_the_figures_say(self):
        for flags in (FLAGS, ("-n", 3000, "-c", 20), ("-n", 200, "--connection-per-request"),
                      ("-n", 1)):
            with self.subTest(flags=flags):
                run = self.wsload(*flags, self.node().url(), self.prompts("a"))
                self.assertEqual(run.code, 0, run)
                self.check(run)

    def test_of_streams(self):
        flags = ("--stream", 5, "--gap", "1ms", "--reply-end", "the end")
        served = self.serve("-q", *flags)
        run = self.wsload(
            "-n", 100, "-c", 4, "--reply-end", "text:the end", served.url(), self.prompts("a")
        )
        self.assertEqual(run.code, 0, run)
        self.check(run)
        gaps = histograms.decode(run.summary["histograms"]["inter_message_gap"]["code"])
        self.assertEqual(gaps.count, 500)
        messages = histograms.decode(run.summary["histograms"]["messages_per_reply"]["code"])
        self.assertEqual(messages.buckets, {6: 100})

    def test_of_connections_that_the_server_closed(self):
        server = self.node(close_after=5, close_code=1001)
        run = self.wsload("-n", 100, "-c", 4, server.url(), self.prompts("a"))
        lost = run.summary["connections"]["closed_by_server"]
        self.check(run)
        lifetime = histograms.decode(run.summary["histograms"]["connection.lifetime"]["code"])
        self.assertEqual(lifetime.count, lost)

    def test_histograms_of_two_runs_add_up(self):
        texts = []
        for _ in range(2):
            run = self.wsload("-n", 500, self.node().url(), self.prompts("a"))
            texts.append(run.summary["histograms"]["latency"]["code"])
        both = histograms.decode(texts[0]).added(histograms.decode(texts[1]))
        self.assertEqual(both.count, 1000)


class Hgrm(harness.Case):
    def run_to(self, path, *flags):
        run = self.wsload(*flags, "--hgrm", path, self.node().url(), self.prompts("a"))
        self.assertEqual(run.code, 0, run)
        return run, (self.dir / path).read_text().splitlines()

    def check(self, lines, figures, count):
        """The form that HdrHistogram's own tools write and its plotter reads: milliseconds."""
        self.assertEqual(lines[0].split(), ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"])
        rows = [HGRM_LINE.match(line).groups() for line in lines if HGRM_LINE.match(line)]
        values = [float(value) / 1000 for value, *_ in rows]
        shares = [float(share) for _, share, *_ in rows]
        totals = [int(total) for _, _, total, _ in rows]
        for column in (values, shares, totals):
            self.assertEqual(column, sorted(column))
        self.assertEqual((shares[0], shares[-1], totals[-1]), (0, 1, count))
        self.assertAlmostEqual(values[-1], figures["max"], delta=figures["max"] * 0.001 + 1e-6)
        for name, percent in histograms.PERCENTILES.items():
            # The first row at or beyond it: the rows around it hold its value between them.
            place = next(i for i, share in enumerate(shares) if share >= percent / 100)
            self.assertLessEqual(values[max(place - 1, 0)], figures[name] * 1.001 + 1e-6, name)
            self.assertGreaterEqual(values[place], figures[name] * 0.999 - 1e-6, name)
        for total, share in zip(totals, shares):
            self.assertGreaterEqual(total, math.floor(share * count))
        said = dict(re.findall(r"(\w[\w ]*?) *= *([\d.]+)", "\n".join(lines)))
        self.assertAlmostEqual(float(said["Mean"]) / 1000, figures["average"], delta=1e-6)
        self.assertAlmostEqual(float(said["Max"]) / 1000, figures["max"], delta=1e-6)
        self.assertEqual(int(said["Total count"]), count)

    def test_of_an_open_run(self):
        run, lines = self.run_to("out.hgrm", *FLAGS)
        self.check(lines, run.summary["response_time"], 2000)

    def test_of_a_closed_run(self):
        run, lines = self.run_to("out.hgrm", "-n", 3000, "-c", 20)
        self.check(lines, run.summary["latency"], 3000)

    def test_a_place_that_cannot_be_written(self):
        flags = ("-n", 1, "--hgrm", "nowhere/out.hgrm", self.node().url(), self.prompts("a"))
        run = self.wsload(*flags)
        self.assertEqual(run.code, 2, run)
        self.assertIn("nowhere/out.hgrm", run.err)


class Timeline(harness.Case):
    def check(self, run, metric):
        timeline, summary = run.summary["timeline"], run.summary
        rows = timeline["rows"]
        self.assertEqual((timeline["metric"], timeline["row_seconds"]), (metric, 1))
        self.assertEqual([row["time"] for row in rows], list(range(len(rows))))
        self.assertEqual(sum(row["done"] for row in rows), summary["total_requests"])
        self.assertEqual(sum(row["failed"] for row in rows), summary["failed_requests"])
        for row in rows:
            good = row["done"] - row["failed"]
            self.assertEqual(row["p50"] is None, good == 0, row)
            if good:
                self.assertTrue(row["p50"] <= row["p95"] <= row["p99"], row)
                self.assertLessEqual(row["p99"], summary[metric]["max"] * 1.016)
                self.assertGreaterEqual(row["p50"], summary[metric]["min"] * 0.984)
        return rows

    def test_of_an_open_run(self):
        server = self.node(delay_ms=30)
        run = self.wsload(*FLAGS, "--record", "r", server.url(), self.prompts("a"))
        self.assert_passed(run, 2000)
        rows = self.check(run, "response_time")
        self.assertGreaterEqual(len(rows), 3)  # the last replies came after the 2nd second
        self.assertEqual([row["open"] for row in rows[:2]], [100, 100])
        # A row has what was done in its second, and the run starts when the first request is due.
        # Seconds end with a beat of the worker: 10 ms apart, and later by the loop's lag.
        lines = [json.loads(line) for line in (self.dir / "r").read_text().splitlines()]
        start = min(line["due"] for line in lines)
        lag = 10.01 + 1000 * run.summary["loop_lag"]["max"]
        for second, row in enumerate(rows):
            done = [line["done"] - start - 1000 * second for line in lines]
            surely, perhaps = (sum(a <= ms < 1000 + b for ms in done) for a, b in ((lag, 0), (0, lag)))
            self.assertTrue(surely <= row["done"] <= perhaps, (row, surely, perhaps))

    def test_of_a_closed_run_with_failures(self):
        server = self.node(delay_ms=5, close_after=20)
        run = self.wsload("-d", "2s", "-c", 5, server.url(), self.prompts("a"))
        rows = self.check(run, "latency")
        self.assertGreaterEqual(len(rows), 2)

    def test_of_a_warm_up_nothing_is_in_it(self):
        flags = ("-r", 200, "--warmup", "1s", "-d", "1s", "-c", 20)
        run = self.wsload(*flags, self.node().url(), self.prompts("a"))
        self.assert_passed(run, 200)
        self.assertIn(len(self.check(run, "response_time")), (1, 2))


class Seed(harness.Case):
    def test_it_is_shown_and_stored(self):
        flags = ("-r", 500, "-n", 50, "--arrival", "poisson")
        seeds = set()
        for given in ((), (), ("--seed", 9007199254740991), ("--seed", 0)):
            run = self.wsload(*flags, *given, self.node().url(), self.prompts("a"))
            seed = run.summary["load"]["seed"]
            self.assertRegex(run.out, rf"\bseed\s+{seed}\b")
            if given:
                self.assertEqual(seed, str(given[1]))
            seeds.add(seed)
        self.assertEqual(len(seeds), 4)


if __name__ == "__main__":
    harness.main()
