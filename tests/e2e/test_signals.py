"""Ctrl-C, SIGTERM and SIGHUP: what is in flight is waited for, and what was measured is written."""

import json
import os
import signal
import time

import harness


class Signals(harness.Case):
    def start_run(self, server, *flags):
        """Starts an endless run and waits until messages have arrived."""
        flags = ("-c", 5, "-d", "10m", "--timeout", "60s", *flags)
        process = self.start(*flags, server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["messages"] >= 5, "the first messages")
        return process

    def interrupt(self, process, *numbers):
        """Sends the signals; returns the run, which must not have waited: another one that waits 2 s
        for replies, and was told before, is still there when it has ended."""
        waiting = self.start_run(self.node(never_reply=True))
        for told, number in ((waiting, signal.SIGINT), *((process, n) for n in numbers)):
            told.send_signal(number)
            self.wait_for_signal(told, number)
        run = self.finish(process)
        self.assertIsNone(waiting.poll(), run)
        return run

    def test_replies_in_flight_are_waited_for(self):
        for number, code in (
            (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)
        ):
            with self.subTest(number=number):
                server = self.node(delay_ms=200)
                run = self.interrupt(self.start_run(server), number)
                self.assertEqual(run.code, code, run)
                self.assertEqual(run.summary["exit"], {"code": code, "reason": "interrupted"})
                counts = server.stop()
                self.assertEqual(run.summary["total_requests"], counts["messages"])
                self.assertEqual(run.summary["failed_requests"], 0)
                self.assertEqual(counts["closes"], {"1000": 5})

    def test_a_run_that_was_told_to_ignore_a_hangup(self):
        """As nohup does: it ends with the signal after that."""
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        process = self.start_run(self.node())
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.summary["end"]["signal"], signal.SIGINT, run)

    def test_connections_per_request(self):
        server = self.node(delay_ms=50)
        run = self.interrupt(self.start_run(server, "--connection-per-request"), signal.SIGINT)
        self.assertEqual(run.code, 130, run)
        counts = server.stop()
        self.assertEqual(run.summary["successful_requests"], counts["messages"])
        self.assertEqual(run.summary["failed_requests"], 0)

    def test_replies_that_do_not_come_are_waited_for_2_seconds(self):
        process = self.start_run(self.node(never_reply=True))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.code, 130, run)
        self.assertGreaterEqual(time.monotonic() - began, 1.8)
        self.assertEqual(run.summary["successful_requests"], 0)

    def test_a_second_signal_ends_at_once(self):
        for second in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(second=second):
                server = self.node(never_reply=True)
                run = self.interrupt(self.start_run(server), signal.SIGINT, second)
                self.assertEqual(run.code, 130, run)

    def test_while_connections_open(self):
        server = self.bad("silent")
        process = self.start("-c", 3, server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["connections"] == 3, "three connections")
        run = self.interrupt(process, signal.SIGINT)
        self.assertEqual(run.code, 130, run)
        self.assertEqual(run.summary["total_requests"], 0)

    def test_while_backing_off(self):
        server = self.bad("close_1001")
        process = self.start("-c", 1, "-d", "10m", server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["messages"] >= 3, "three messages")
        run = self.interrupt(process, signal.SIGINT)
        self.assertEqual(run.code, 130, run)

    def test_standard_output_that_is_gone(self):
        server = self.node()
        process = self.start("-n", 5, server.url(), self.prompts("a"))
        process.stdout.close()
        self.assertGreaterEqual(process.wait(harness.HANGS_S), 0)

    def test_standard_streams_that_were_closed(self):
        """Else what is opened next takes their places, and gets what is said to a person."""

        def closed(*descriptors):
            return lambda: [os.close(fd) for fd in descriptors]

        for descriptors in ((1,), (2,), (0, 1, 2)):
            with self.subTest(descriptors=descriptors):
                (self.dir / harness.SUMMARY).unlink(missing_ok=True)
                server = self.node(delay_ms=20)
                flags = ("-c", 3, "-n", 60, "--progress", "bar", "--record", "record.jsonl")
                process = self.start(
                    *flags, server.url(), self.prompts("a"), preexec_fn=closed(*descriptors)
                )
                run = self.finish(process)
                self.assertEqual(run.code, 0, run)
                self.assertEqual(run.summary["successful_requests"], 60)
                counts = server.stop()
                self.assertEqual((counts["messages"], counts["closes"]), (60, {"1000": 3}))
                lines = (self.dir / "record.jsonl").read_text().splitlines()
                self.assertEqual({json.loads(line)["seq"] for line in lines}, set(range(1, 61)))

    def test_a_report_to_a_closed_stream_is_an_error(self):
        served = self.node()
        self.wsload("-n", 5, served.url(), self.prompts("a"))
        process = self.start("report", harness.SUMMARY, preexec_fn=lambda: os.close(1))
        run = self.finish(process, summary=None)
        self.assertEqual(run.code, 2, run)
        self.assertIn("the report cannot be written", run.err)


if __name__ == "__main__":
    harness.main()
