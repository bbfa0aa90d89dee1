"""Several workers: whatever they share adds up to the last one."""

import math
import os
import signal
import subprocess

import chat
import harness

WORKERS = 4


class Workers(chat.Case):
    def run_against(self, server, *flags, **how):
        flags = ("-t", WORKERS, *flags)
        run = self.wsload(*flags, server.url(), self.prompts("a", "b", "c"), **how)
        self.assertEqual(run.summary["load"]["workers"], WORKERS)
        self.assertEqual(len(run.summary["self"]["workers"]), WORKERS)
        return run

    def test_a_hundred_thousand_requests(self):
        server = self.node()
        self.assert_passed(self.run_against(server, "-n", 100_000, "-c", 40), 100_000)
        counts = server.stop()
        self.assertEqual((counts["messages"], counts["replies"]), (100_000, 100_000))
        self.assertEqual((counts["connections"], counts["closes"]), (40, {"1000": 40}))

    def test_shares_that_do_not_divide(self):
        for requests, connections in ((1001, 7), (5, 4), (1, 9), (3, 4)):
            with self.subTest(requests=requests, connections=connections):
                server = self.node()
                run = self.run_against(server, "-n", requests, "-c", connections)
                self.assert_passed(run, requests)
                self.assertEqual(run.summary["connections"]["opened"], connections)
                counts = server.stop()
                self.assertEqual(
                    (counts["messages"], counts["connections"]), (requests, connections)
                )
                self.assertEqual(counts["closes"], {"1000": connections})

    def test_each_prompt_goes_out_as_often(self):
        server = self.node()
        self.assert_passed(self.run_against(server, "-n", 300, "-c", 8), 300)
        texts = server.stop()["texts"]
        self.assertEqual([texts.count(f'{{"message": "{p}"}}') for p in "abc"], [100] * 3)

    def test_a_single_connection_is_of_one_worker(self):
        server = self.node()
        flags = ("-c", 1, "-n", 50, server.url(), self.prompts("a"))
        self.assert_passed(self.wsload("-t", 1, *flags), 50)
        self.assert_mistake(self.wsload("-t", 2, *flags), "--threads 2", "one per connection")
        self.assertEqual(server.stop()["connections"], 1)

    def test_as_many_as_cores_and_one_for_50_connections(self):
        server = self.node()
        for connections, workers in ((1, 1), (50, 1), (100, 2), (200, 4)):
            with self.subTest(connections=connections):
                run = self.wsload("-c", connections, "-n", 200, server.url(), self.prompts("a"))
                self.assert_passed(run, 200)
                cores = run.summary["self"]["cores"]
                self.assertLessEqual(cores, len(os.sched_getaffinity(0)))
                workers = min(math.ceil(cores), workers)
                self.assertEqual(run.summary["load"]["workers"], workers, run)

    def test_workers_without_a_core_do_not_blame_the_target(self):
        """Two have a sixth of a core, and need several for the replies that are asked for: 10,000 a
        second of 1,000 messages each. One costs the server, which sends it in one piece, a tenth of
        that; and it fits into a socket, so that its time is the server's alone."""
        core = {min(os.sched_getaffinity(0))}

        def starve():
            os.sched_setaffinity(0, core)
            os.nice(10)

        loop = subprocess.Popen(
            ["sh", "-c", "while :; do :; done"], preexec_fn=lambda: os.sched_setaffinity(0, core)
        )
        self.addCleanup(loop.wait)
        self.addCleanup(loop.kill)
        raw_frames = ["/usr/bin/python3", harness.SERVERS / "raw_frames.py"]
        server = self.server(raw_frames, {"times": 1000})
        flags = ("-t", 2, "-c", 400, "-r", "10k", "-d", "500ms", "--max-queue", 10, "--strict")
        flags += ("--template", "{{prompt}}", "--reply-end", "count:1000", "--rehearsal", "off")
        frame = b'\x81\x0a{"part":1}'.hex()
        run = self.wsload(*flags, server.url(), self.prompts(frame), preexec_fn=starve)
        self.assertEqual(run.code, 4, run)
        checks = {one["check"]: one["grade"] for one in run.summary["validity"]["reasons"]}
        self.assertEqual(checks.get("rate"), "invalid", run)
        self.assertNotIn("target", checks, run)

    def test_a_moment_of_sending_is_not_the_cpu_of_a_run(self):
        server = self.node(delay_ms=300)
        flags = ("-c", 50, "-n", 50, "--rehearsal", "off")
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assert_passed(run, 50)
        [worker] = run.summary["self"]["workers"]
        self.assertGreaterEqual(worker["time"], 0.1)  # not only until all 50 were sent
        self.assertLess(worker["cpu"], 0.5)

    def test_a_duration_ends_all(self):
        server = self.node(delay_ms=20)
        run = self.run_against(server, "-d", "1s", "-c", 10)
        done = run.summary["total_requests"]
        self.assert_passed(run, done)
        self.assertEqual(run.summary["total_time"], 1)
        self.assertEqual(server.stop()["messages"], done)
        self.assertLessEqual(done, 10 * 50)

    def test_interrupts(self):
        for flags in (("-d", "10m"), ("-d", "10m", "-r", 200), ("-n", 10_000_000),
                      ("-d", "10m", "--connection-per-request")):
            with self.subTest(flags=flags):
                server = self.node(delay_ms=100)
                flags = ("-t", WORKERS, "-c", 20, *flags)
                process = self.start(*flags, server.url(), self.prompts("a"))
                self.wait_for(lambda: server.counts()["messages"] >= 100, "the first messages")
                process.send_signal(signal.SIGINT)
                run = self.finish(process)
                self.assertEqual(run.code, 130, run)
                self.assertEqual(run.summary["failed_requests"], 0)
                self.assertEqual(run.summary["accounting"]["unanswered"], 0)
                counts = server.stop()
                self.assertEqual(run.summary["successful_requests"], counts["messages"])
                self.assert_openings(run, counts)

    def test_a_second_interrupt_gives_up_what_is_unanswered(self):
        server = self.node(never_reply=True)
        flags = ("-t", WORKERS, "-c", 20, "-d", "10m")
        process = self.start(*flags, server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["messages"] == 20, "a message on each")
        process.send_signal(signal.SIGTERM)
        self.wait_for_signal(process, signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.code, 143, run)
        self.assertEqual(run.summary["accounting"]["unanswered"], 20)
        self.assertEqual(run.summary["total_requests"], 0)

    def test_a_refused_target(self):
        url = f"ws://127.0.0.1:{self.refused_port()}/"
        flags = ("-t", WORKERS, "-n", 100, "-c", 20)
        run = self.wsload(*flags, url, self.prompts("a"))
        self.assertEqual((run.code, run.errors()), (3, {("connect_refused", ""): 20}), run)
        self.assertEqual(run.summary["total_requests"], 0)
        run = self.wsload("--connection-per-request", *flags, url, self.prompts("a"))
        self.assertEqual(run.code, 3, run)
        failed = run.summary["failed_requests"]
        self.assertEqual(run.errors(), {("connect_refused", ""): failed}, run)
        self.assertTrue(1 <= failed <= 100, run)

    def test_one_connection_per_request(self):
        server = self.node()
        run = self.run_against(server, "--connection-per-request", "-n", 403, "-c", 10)
        self.assert_passed(run, 403)
        counts = server.stop()
        self.assertEqual((counts["connections"], counts["messages"]), (403, 403))
        self.assertEqual(counts["closes"], {"1000": 403})
        self.assertLessEqual(counts["most_open"], 10)

    def test_connections_that_break(self):
        server = self.node(close_after=5, close_code=1001)
        run = self.run_against(server, "-n", 400, "-c", 8)
        counts, connections = server.stop(), run.summary["connections"]
        self.assertEqual(run.summary["total_requests"], 400)
        self.assertEqual(counts["connections"], 8 + connections["reopened"])
        self.assertGreaterEqual(counts["messages"], run.summary["successful_requests"])


if __name__ == "__main__":
    chat.main()
