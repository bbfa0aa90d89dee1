"""Ramps, the warm-up, rests between prompts and the pace of opening connections."""

import json

import harness


class Stages(harness.Case):
    def test_connections_ramp_up_and_down(self):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                server = self.node(delay_ms=5)
                stages = ("-s", "1s:20", "-s", "1s:20", "-s", "1s:0", "-s", "1s:0")
                flags = ("-t", workers, *stages, "--record", "r")
                run = self.wsload(*flags, server.url(), self.prompts("a"))
                counts = server.stop()
                first = self.first_sent()
                # One each 50 ms, and none is early; the first may be late.
                late = run.summary["loop_lag"]["max"] + run.summary["connect"]["total"]["max"]
                self.assertGreaterEqual(first[-1] - first[0], 900 - 1000 * late)
                self.assert_passed(run, counts["messages"])
                self.assertEqual(counts["most_open"], 20)
                self.assertEqual(counts["closes"], {"1000": counts["connections"]})
                self.check_connections(run, counts)
                self.assertEqual(run.summary["total_time"], 4)

    def first_sent(self):
        """When each connection sent its first request, in order."""
        first = {}
        for line in (self.dir / "r").read_text().splitlines():
            line = json.loads(line)
            first.setdefault(line["connection"], line["sent"])
        return sorted(first.values())

    def check_connections(self, run, counts):
        connections, load = run.summary["connections"], run.summary["load"]
        self.assertEqual((connections["requested"], connections["opened"]), (20, 20), run)
        self.assertEqual(counts["connections"], 20)
        self.assertEqual(connections["open_at_end"], 0)
        self.assertEqual((load["model"], load["start_level"]), ("closed", 0))
        targets = [(stage["duration"], stage["target"]) for stage in load["stages"]]
        self.assertEqual(targets, [(1, 20), (1, 20), (1, 0), (1, 0)])

    def test_connections_may_begin_above_zero_and_jump(self):
        server = self.node(delay_ms=5)
        stages = ("-s", "500ms:8", "-s", "0s:2", "-s", "500ms:2")
        run = self.wsload("-c", 8, *stages, server.url(), self.prompts("a"))
        counts = server.stop()
        self.assert_passed(run, counts["messages"])
        self.assertEqual((counts["connections"], counts["closes"]), (8, {"1000": 8}))
        self.assertEqual(run.summary["connections"]["open_at_end"], 2)
        self.assertEqual(run.summary["load"]["start_level"], 8)

    def test_the_count_of_a_ramped_rate_is_its_integral(self):
        ramp = ("-s", "500ms:1000", "-s", "250ms:1000", "-s", "500ms:0")
        for flags, first, requests in (
            (("-r", 0, *ramp), 0, 250 + 250 + 250),
            (("-r", 500, *ramp), 500, 375 + 250 + 250),
            (("-r", 500, *ramp, "-n", 600), 500, 600),
        ):
            for workers in (1, 3):
                with self.subTest(first=first, workers=workers):
                    server = self.node()
                    url, file = server.url(), self.prompts("a")
                    run = self.wsload(*flags, "-t", workers, "-c", 150, url, file)
                    self.assert_passed(run, requests)
                    self.assertEqual(run.summary["accounting"]["planned"], requests)
                    self.assertEqual(run.summary["load"]["start_level"], first)
                    self.assertEqual(server.stop()["messages"], requests)
                    if "-n" not in flags:
                        self.assertEqual(run.summary["total_time"], 1.25)
                        self.assertAlmostEqual(run.summary["rate"]["asked"], requests / 1.25)


class WarmUp(harness.Case):
    def check(self, server, run):
        """What the server got went to the warm-up or to the figures, and to one of them only."""
        summary, warmup = run.summary, run.summary["warmup"]
        self.assertEqual(run.code, 0, run)
        self.assertGreater(warmup["sent"], 0)
        self.assertEqual((warmup["ok"], warmup["failed"]), (warmup["sent"], 0), warmup)
        self.assertEqual(
            server.stop()["messages"], summary["total_requests"] + warmup["sent"], run
        )

    def test_an_open_run(self):
        server = self.node()
        flags = ("-r", 500, "--warmup", "1s", "-d", "1s", "-c", 50, "-t", 2)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.check(server, run)
        self.assertEqual(run.summary["warmup"]["sent"], 500)
        self.assert_passed(run, 500)
        self.assertEqual((run.summary["total_time"], run.summary["load"]["warmup"]), (1, 1))

    def test_a_closed_run(self):
        server = self.node(delay_ms=10)
        flags = ("--warmup", "500ms", "-d", "1s", "-c", 5)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.check(server, run)
        self.assertTrue(5 <= run.summary["warmup"]["sent"] <= 250, run)
        self.assertLessEqual(run.summary["total_requests"], 5 * 100 + 5)
        self.assertEqual(run.summary["total_time"], 1)

    def test_what_was_slow_then_is_in_no_figure(self):
        server = self.node(freeze_at=50, freeze_ms=500)
        flags = ("--warmup", "1500ms", "-d", "500ms", "-c", 5, "--think-time", "10ms",
                 "--record", "r")
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.check(server, run)
        latencies = {True: [], False: []}
        for line in (self.dir / "r").read_text().splitlines():
            line = json.loads(line)
            latencies[line.get("warmup", False)].append((line["done"] - line["sent"]) / 1000)
        self.assertGreaterEqual(max(latencies[True]), 0.5)
        self.assertAlmostEqual(run.summary["latency"]["max"], max(latencies[False]), delta=2e-6)
        self.assertEqual(sum(row["done"] for row in run.summary["timeline"]["rows"]),
                         run.summary["total_requests"])

    def test_samples_are_not_of_the_warm_up(self):
        server = self.node()
        prompts = [f"p{number}" for number in range(1000)]
        flags = ("-r", 100, "--warmup", "500ms", "-d", "500ms", "-c", 10)
        run = self.wsload(*flags, server.url(), self.prompts(*prompts))
        self.check(server, run)
        self.assertEqual({s["prompt"] for s in run.summary["samples"]},
                         {f"p{number}" for number in range(50, 55)})


class Pace(harness.Case):
    def test_think_time_bounds_the_requests(self):
        for think in ("100ms", "50ms-150ms"):
            with self.subTest(think=think):
                server = self.node()
                flags = ("--think-time", think, "-c", 10, "-d", "1050ms")
                run = self.wsload(*flags, server.url(), self.prompts("a"))
                done = run.summary["total_requests"]
                self.assert_passed(run, done)
                self.assertEqual(server.stop()["messages"], done)
                self.assertEqual(run.summary["load"]["think_time"], think)
                # At least 50 or 100 ms apart.
                self.assertLessEqual(done, 10 * (1 + 21 if "-" in think else 1 + 10))
                self.assertGreaterEqual(done, 10 * 2)

    def test_think_time_may_be_exponential(self):
        server = self.node()
        flags = ("--think-time", "exp:20ms", "-c", 4, "-n", 100, "--seed", 5)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assert_passed(run, 100)
        self.assertEqual(run.summary["load"]["seed"], "5")
        # 24 rests on each, of 480 ms together in the mean, with a deviation of 98 ms.
        self.assertGreaterEqual(run.summary["total_time"], 0.2)

    def test_connect_rate(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.best_of(lambda: self.check_connect_rate(workers))

    def check_connect_rate(self, workers):
        server = self.node()
        flags = ("--connect-rate", 100, "-c", 50, "-t", workers)
        run = self.wsload("-n", 50, *flags, server.url(), self.prompts("a"))
        self.assert_passed(run, 50)
        self.assertEqual(run.summary["load"]["connect_rate"], 100)
        open_time = run.summary["connections"]["open_time"]
        self.assertGreaterEqual(open_time, 0.490 - 0.010 * (workers - 1))
        self.assertEqual(server.stop()["connections"], 50)
        slowest = run.summary["connect"]["total"]["p99"]
        return (open_time, slowest) if open_time >= 1.5 or slowest >= 0.4 else None


if __name__ == "__main__":
    harness.main()
