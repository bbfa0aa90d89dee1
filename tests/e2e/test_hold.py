"""Connections that are only held: how many stay, how long the others lived."""

import signal

import harness


class Hold(harness.Case):
    def hold(self, server, *flags):
        return self.wsload("--hold", *flags, server.url())

    def check_figures(self, run, requested):
        summary = run.summary
        self.assertEqual((run.code, summary["exit"]["reason"]), (0, "passed"), run)
        self.assertEqual(set(summary["accounting"].values()), {0})
        self.assertEqual((summary["load"]["model"], summary["load"]["prompts"]), ("hold", 0))
        self.assertEqual(summary["connections"]["requested"], requested)
        self.assertIsNone(summary["success_rate"])

    def test_no_message_is_sent(self):
        server = self.node()
        run = self.hold(server, "-c", 30, "-d", "1s", "-t", 2)
        self.check_figures(run, 30)
        connections = run.summary["connections"]
        self.assertEqual((connections["opened"], connections["open_at_end"]), (30, 30))
        self.assertEqual((connections["closed_by_server"], connections["keepalives"]), (0, 0))
        self.assertEqual(run.summary["total_time"], 1)
        self.assertIsNone(run.summary["connection"]["lifetime"])
        counts = server.stop()
        self.assertEqual((counts["messages"], counts["most_open"]), (0, 30))
        self.assertEqual(counts["closes"], {"1000": 30})

    def test_keepalives(self):
        server = self.node()
        run = self.hold(server, "-c", 10, "-d", "1150ms", "--keepalive", '200ms:{"ping": 1}')
        self.check_figures(run, 10)
        counts = server.stop()
        sent = run.summary["connections"]["keepalives"]
        self.assertEqual(counts["messages"], sent)
        self.assertEqual(set(counts["texts"]), {'{"ping": 1}'})
        # None is early; on a busy machine some come late, and the connections are open for longer.
        open_s = 60 * run.summary["cost"]["connection_minutes"]
        self.assertTrue(10 <= sent <= open_s / 0.2, (sent, open_s))
        # The echoes are nobody's reply, and were asked for all the same.
        self.assertEqual(run.summary["connections"]["keepalive_answers"], sent)
        self.assertEqual(run.summary["unasked"]["messages"], 0)

    def test_connections_that_the_server_closes(self):
        server = self.node(close_every=3, close_ms=300, close_code=1001)
        run = self.hold(server, "-c", 12, "-d", "2s")
        self.check_figures(run, 12)
        counts, connections = server.stop(), run.summary["connections"]
        closed = connections["closed_by_server"]
        self.assertEqual(connections["opened"], 12)
        self.assertGreaterEqual(closed, 4)
        self.assertEqual(run.errors(), {("closed", "1001"): closed})
        self.assertEqual(connections["reopened"], counts["connections"] - 12)
        self.assertEqual(
            connections["open_at_end"], 12 + connections["reopened"] - closed, connections
        )
        lifetime = run.summary["connection"]["lifetime"]
        longest = 2 + connections["open_time"]
        self.assertTrue(0.29 <= lifetime["min"] <= lifetime["max"] <= longest, lifetime)
        self.assertEqual(counts["closes"]["1001"], closed)

    def test_how_many_stay_up_can_fail_the_run(self):
        server = self.node(close_every=3, close_ms=100, close_code=1001)
        flags = ("-c", 12, "--hold", "-d", "300ms", server.url())
        run = self.wsload("--threshold", "connections.open_at_end>=12", *flags)
        self.assertEqual(run.code, 1, run)
        self.assertLess(run.summary["thresholds"][0]["actual"], 12)
        run = self.wsload("--threshold", "connections.open_at_end>=1", *flags)
        self.assertEqual(run.code, 0, run)

    def test_nothing_opens(self):
        run = self.wsload("--hold", "-d", "10m", f"ws://127.0.0.1:{self.refused_port()}/")
        self.assertEqual(run.code, 3, run)
        self.assertEqual(run.summary["exit"]["reason"], "no connection could be opened")
        self.assertEqual(run.errors(), {("connect_refused", ""): 10})

    def test_some_open(self):
        """The 4th handshake and those after it are refused: that is what the run is to find out."""
        server = self.node(open_at_most=3)
        run = self.hold(server, "-c", 5, "-d", "300ms", "--connect-rate", 50)
        connections = run.summary["connections"]
        self.assertEqual((run.code, connections["opened"]), (0, 3), run)
        self.assertEqual(connections["open_at_end"], 3)
        self.assertGreaterEqual(connections["failed"], 2)
        self.assertEqual(run.errors(), {("handshake_status", "503"): connections["failed"]})

    def test_a_signal_ends_it(self):
        server = self.node()
        keepalive = ("--keepalive", "20ms:ping")
        process = self.start("--hold", "-c", 5, "-d", "10m", *keepalive, server.url())
        self.wait_for(lambda: server.counts()["connections"] == 5, "five connections")
        # That is what the server knows. Two rounds later wsload has read its answers, too.
        messages = server.counts()["messages"] + 10
        self.wait_for(lambda: server.counts()["messages"] >= messages, "two rounds of keep-alives")
        process.send_signal(signal.SIGINT)
        run = self.finish(process)
        self.assertEqual(run.code, 130, run)
        self.assertEqual(run.summary["connections"]["open_at_end"], 5)
        self.assertEqual(server.stop()["closes"], {"1000": 5})


if __name__ == "__main__":
    harness.main()
