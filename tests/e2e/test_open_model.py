"""The open model: requests come due whether or not replies are back, and none is lost."""

import json

import harness


def prompt_of(text):
    return json.loads(text)["message"]


class Rate(harness.Case):
    def check_count(self, server, run, requests):
        self.assert_passed(run, requests)
        sums = run.summary["accounting"]
        self.assertEqual((sums["planned"], sums["sent"]), (requests, requests), sums)
        counts = server.stop()
        self.assertEqual((counts["messages"], counts["replies"]), (requests, requests))

    def sent_within(self, milliseconds):
        """How many requests the record has that were sent in that time: all, unless the machine
        was busy at the end of it."""
        lines = [json.loads(line) for line in (self.dir / "r").read_text().splitlines()]
        end = min(line["due"] for line in lines) + milliseconds
        return sum(line["sent"] < end for line in lines)

    def test_a_constant_rate_gives_an_exact_number(self):
        for workers in (1, 2, 4):
            with self.subTest(workers=workers):
                server = self.node()
                flags = ("-r", 1000, "-d", "2s", "-t", workers, "-c", 200, "--record", "r")
                run = self.wsload(*flags, server.url(), self.prompts("a"))
                self.check_count(server, run, 2000)
                self.assertEqual(run.summary["load"]["workers"], workers)
                in_time = self.sent_within(2000)
                rate = {"asked": 1000, "achieved": in_time / 2}
                self.assertEqual(run.summary["rate"], rate)
                self.assertAlmostEqual(run.summary["achieved_rate"], in_time / 20)
                self.assertEqual(run.summary["total_time"], 2)

    def test_a_number_of_requests_ends_it(self):
        for workers in (1, 2, 4):
            with self.subTest(workers=workers):
                server = self.node()
                flags = ("-r", 1000, "-n", 501, "-t", workers, "-c", 200)
                run = self.wsload(*flags, server.url(), self.prompts("a", "b", "c"))
                self.check_count(server, run, 501)
                texts = [prompt_of(text) for text in server.final["texts"]]
                self.assertEqual({text: texts.count(text) for text in "abc"}, dict.fromkeys("abc", 167))
                # The first is due at once, the last 500 ms later.
                self.assertGreaterEqual(run.summary["total_time"], 0.5)
                longest = run.summary["response_time"]["max"]
                self.assertLessEqual(run.summary["total_time"], 0.5 + longest + 1e-6)

    def test_the_earlier_limit_ends_it(self):
        for flags, requests in ((("-d", "10m", "-n", 50), 50), (("-d", "100ms", "-n", 5000), 100)):
            with self.subTest(flags=flags):
                server = self.node()
                run = self.wsload("-r", 1000, *flags, server.url(), self.prompts("a"))
                self.check_count(server, run, requests)

    def test_poisson_is_repeated_by_its_seed(self):
        server = self.node()
        planned = {}
        for seed, workers in ((7, 1), (7, 2), (7, 4), (8, 1)):
            flags = ("-r", 2000, "-d", "1s", "--arrival", "poisson", "--seed", seed)
            run = self.wsload(*flags, "-t", workers, "-c", 200, server.url(), self.prompts("a"))
            planned.setdefault(seed, set()).add(run.summary["accounting"]["planned"])
            self.assert_passed(run, run.summary["accounting"]["planned"])
            self.assertEqual(run.summary["load"]["seed"], str(seed))
            self.assertEqual(run.summary["load"]["arrival"], "poisson")
        self.assertEqual(len(planned[7]), 1, planned)
        self.assertNotEqual(planned[7], planned[8])
        for counts in planned.values():
            self.assertTrue(1776 <= min(counts) <= 2224, planned)  # five deviations around 2,000

    def test_a_hundred_thousand_requests(self):
        server = self.node()
        flags = ("-r", "20k", "-n", 100_000, "-t", 2, "-c", 100, "--in-flight", 100)
        self.check_count(server, self.wsload(*flags, server.url(), self.prompts("a")), 100_000)


class Queue(harness.Case):
    def test_requests_in_flight_are_answered_in_order(self):
        server = self.node(delay_ms=50)
        prompts = [f"p{number}" for number in range(40)]
        flags = ("-r", 1000, "-n", 40, "-c", 1, "--in-flight", 4)
        run = self.wsload(*flags, server.url(), self.prompts(*prompts))
        self.assert_passed(run, 40)
        self.assertEqual(run.summary["load"]["in_flight"], 4)
        self.assertEqual(run.summary["waited_requests"], 36)
        for sample in run.summary["samples"]:
            self.assertEqual(prompt_of(sample["reply"]), sample["prompt"])
        # Ten rounds of four at a time; the last of them was due after 39 ms.
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.050)
        self.assertGreaterEqual(run.summary["response_time"]["max"], 0.500 - 0.039)
        counts = server.stop()
        self.assertEqual([prompt_of(text) for text in counts["texts"]], prompts)
        self.assertEqual((counts["connections"], counts["most_waiting"]), (1, 4))

    def test_what_finds_the_queue_full_is_counted_as_skipped(self):
        server = self.node(never_reply=True)
        flags = ("-r", 1000, "-d", "500ms", "-c", 1, "--max-queue", 5, "--timeout", "1s")
        process = self.start(*flags, server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["messages"] >= 1, "the first message")
        run = self.finish(process)
        self.assertEqual(run.code, 1, run)
        sums = run.summary["accounting"]
        self.assertEqual((sums["planned"], run.summary["load"]["max_queue"]), (500, 5), sums)
        self.assertEqual(server.stop()["messages"], run.summary["sent_requests"])

    def test_skipped_requests_fail_no_run(self):
        self.best_of(self.skip_requests)

    def skip_requests(self):
        server = self.node(delay_ms=100)
        flags = ("-r", 1000, "-d", "1s", "-c", 1, "--max-queue", 5)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        sums = run.summary["accounting"]
        self.assertEqual((run.code, sums["planned"]), (0, 1000), run)
        self.assertEqual(sums["ok"], server.stop()["messages"], sums)
        # One each 100 ms, and those of the queue at the end.
        self.assertTrue(6 <= sums["sent"] <= 10 + 6, sums)
        # It is the target that was too slow, and not this machine, unless that was, too.
        reasons = [reason["check"] for reason in run.summary["validity"]["reasons"]]
        return None if "target" in reasons else reasons

    def test_no_queue_at_all(self):
        server = self.node(delay_ms=1500)  # all ten come due before the first reply
        flags = ("-r", 100, "-n", 10, "-c", 4, "--max-queue", 0)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        sums = run.summary["accounting"]
        self.assertEqual((sums["planned"], sums["sent"], sums["skipped"]), (10, 4, 6), sums)
        self.assertEqual(run.summary["waited_requests"], 0)
        self.assertEqual(server.stop()["messages"], 4)


class Trouble(harness.Case):
    def test_a_stall_is_seen_in_response_times(self):
        """wrk2's demonstration: 20 of 10,000 latencies see the stall, and every fourth request."""
        server = self.node(freeze_at=4000, freeze_ms=1400)
        flags = ("-r", 2000, "-d", "5s", "-c", 20)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assert_passed(run, 10_000)
        self.assertEqual(server.stop()["messages"], 10_000)
        latency, response = run.summary["latency"], run.summary["response_time"]
        self.assertGreaterEqual(response["p99"], 0.9)
        self.assertGreaterEqual(response["max"], 1.3)
        self.assertGreaterEqual(latency["max"], 1.3)
        self.assertLess(latency["p99"], response["p99"] / 4)
        self.assertGreaterEqual(run.summary["waited_requests"], 2000)

    def test_a_target_that_drops_all_connections(self):
        server = self.node(drop_at=500)
        flags = ("-r", 1000, "-d", "4s", "-c", 20, "-t", 2)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        counts = server.stop()
        sums, connections = run.summary["accounting"], run.summary["connections"]
        self.assertEqual((run.code, sums["planned"], sums["skipped"]), (0, 4000, 0), run)
        self.assertEqual(counts["dropped"], 20)
        self.assertEqual(connections["closed_by_server"], 20, run)
        self.assertEqual(connections["reopened"], counts["connections"] - 20)
        self.assertEqual(connections["open_at_end"], 20)
        self.assertTrue(1 <= sums["failed"] <= 20, sums)  # one in flight on each at most
        self.assertTrue(sums["ok"] <= counts["messages"] <= sums["sent"], (sums, counts["messages"]))

    def test_a_target_that_dies(self):
        server = self.node(die_at=1000)
        flags = ("-r", 1000, "-d", "4s", "-c", 20, "-t", 2, "--timeout", "2s")
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        sums, connections = run.summary["accounting"], run.summary["connections"]
        self.assertEqual((run.code, sums["planned"]), (0, 4000), run)
        self.assertTrue(500 <= sums["ok"] < 1000, sums)
        self.assertGreaterEqual(sums["skipped"] + sums["failed"], 1)
        self.assertEqual((connections["opened"], connections["open_at_end"]), (20, 0))
        self.assertEqual(connections["closed_by_server"], 20)
        kinds = {error["kind"] for error in run.summary["errors"]}
        self.assertTrue({"connect_refused"} <= kinds <= {"connect_refused", "reset", "eof"}, kinds)


if __name__ == "__main__":
    harness.main()
