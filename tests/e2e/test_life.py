"""The life of a connection: replaced before it is too old, kept up while idle, and compressed when
that was asked for."""

import chat

END = [[5, "end"]]


class Lifetime(chat.Case):
    def test_connections_are_replaced_between_requests(self):
        server = self.replies()
        flags = ("-c", 5, "-d", "2s", "--max-lifetime", "400ms")
        run = self.play(server, [END], *flags)
        self.assert_counts(run, ok=run.summary["total_requests"])
        self.assertEqual((run.code, run.summary["errors"]), (0, []), run)
        counts, connections = server.stop(), run.summary["connections"]
        # Five times in 2 s, up to a tenth earlier; a busy machine may miss one or two.
        self.assertTrue(5 * 3 <= connections["rotated"] <= 5 * 5, connections)
        self.assertEqual((connections["opened"], connections["reopened"]), (5, 0))
        self.assertEqual(connections["closed_by_server"], 0)
        self.assert_openings(run, counts)
        self.assertEqual(counts["messages"], run.summary["total_requests"])

    def test_they_are_not_all_replaced_at_once(self):
        """The jitter: forty that were opened together are some time in being replaced."""
        server = self.replies()
        flags = ("-c", 40, "-d", "1300ms", "--max-lifetime", "1s", "--think-time", "5ms")
        run = self.play(server, [END], *flags)
        self.assertEqual((run.code, run.summary["connections"]["rotated"]), (0, 40), run)
        self.assertLess(server.stop()["most_open"], 60)

    def test_a_long_reply_is_not_cut(self):
        server = self.replies()
        flags = ("--max-lifetime", "100ms", "-n", 4, "--reply-end", "json:end")
        run = self.play(server, [[[10, "part"], [250, "end"]]], *flags)
        self.assert_passed(run, 4)
        self.assertEqual(run.summary["connections"]["rotated"], 3)

    def test_the_servers_limit_is_not_met(self):
        """serve closes at 600 ms what is not replaced before."""
        for lifetime, closed in (("300ms", False), (None, True)):
            with self.subTest(lifetime=lifetime):
                served = self.serve("-q", "--max-lifetime", "600ms")
                flags = ("--max-lifetime", lifetime) if lifetime else ()
                run = self.wsload(
                    "-c", 3, "-d", "2s", *flags, "--think-time", "10ms", served.url(),
                    self.prompts("a"),
                )
                connections = run.summary["connections"]
                self.assertEqual(connections["closed_by_server"] > 0, closed, run)
                self.assertEqual(connections["rotated"] > 0, not closed, run)
                self.assertEqual(connections["reopened"] > 0, closed, run)


class Reconnect(chat.Case):
    def test_it_is_counted_apart_from_failures(self):
        server = self.replies(close_after=300)
        flags = ("-c", 3, "-d", "1500ms", "--think-time", "50ms")
        run = self.play(server, [[[0, "end"]]], *flags)
        counts, connections = server.stop(), run.summary["connections"]
        self.assertGreaterEqual(connections["closed_by_server"], 6)
        self.assertEqual(connections["rotated"], 0)
        self.assert_openings(run, counts)
        self.assertEqual({e["kind"] for e in run.summary["errors"]}, {"closed"}, run)
        self.assertEqual({e["detail"] for e in run.summary["errors"]}, {"1001"}, run)


class Keepalive(chat.Case):
    def test_while_a_connection_is_idle_in_a_closed_run(self):
        """A prompt, 700 ms of thinking in which three are due, a prompt."""
        server = self.replies()
        flags = ("--keepalive", '200ms:{"ping": 1}', "--think-time", "700ms", "-c", 4, "-n", 8)
        run = self.play(server, [[[0, "end"]]], *flags)
        self.assert_passed(run, 8)
        self.assert_counts(run, ok=8)
        sent = run.summary["connections"]["keepalives"]
        self.assertTrue(4 * 2 <= sent <= 4 * 3, sent)
        self.assertEqual(server.stop()["pings"], sent)

    def test_none_while_it_is_not_idle(self):
        server = self.replies()
        flags = ("--keepalive", '300ms:{"ping": 1}', "-c", 2, "-d", "1s")
        run = self.play(server, [[[5, "end"]]], *flags)
        self.assertEqual(run.summary["connections"]["keepalives"], 0)
        self.assertEqual(server.stop()["pings"], 0)

    def test_in_an_open_run(self):
        server = self.replies()
        flags = ("--keepalive", '200ms:{"ping": 1}', "-r", 1, "-n", 3, "-c", 1)
        run = self.play(server, [[[0, "end"]]], *flags)
        self.assert_passed(run, 3)
        sent = run.summary["connections"]["keepalives"]
        self.assertTrue(3 * 3 <= sent <= 3 * 5, sent)  # in the second behind each request
        self.assertEqual(server.stop()["pings"], sent)

    def test_it_keeps_up_what_the_server_would_close_as_idle(self):
        for keepalive in (True, False):
            with self.subTest(keepalive=keepalive):
                served = self.serve("-q", "--idle-timeout", "500ms")
                flags = ("--keepalive", "100ms:{}", "--ignore", "contains:{") if keepalive else ()
                run = self.wsload("--hold", "-c", 3, "-d", "1500ms", *flags, served.url())
                connections = run.summary["connections"]
                self.assertEqual(connections["closed_by_server"] > 0, not keepalive, run)
                if not keepalive:
                    self.assertTrue(run.summary["errors"][0]["detail"].startswith("1001"), run)


class Compression(chat.Case):
    OFFER = "sec-websocket-extensions"

    def test_it_is_not_offered_unasked(self):
        server = self.replies(deflate=True)
        run = self.play(server, [END] * 4, "-c", 2)
        self.assert_passed(run, 4)
        counts = server.stop()
        self.assertEqual(counts["extensions"], {"": 2})
        self.assertNotIn(self.OFFER, counts["requests"][0]["headers"])

    def test_it_is_agreed_on_when_asked_for(self):
        server = self.replies(deflate=True)
        script = [[0, "part"], [1, "part", 100_000], [2, "end", 5000]]
        flags = ("--compress", "--reply-end", "json:end=true", "-c", 2, "-n", 20)
        run = self.play(server, [script], *flags)
        self.assert_passed(run, 20)
        self.assert_messages(run, 3)
        counts = server.stop()
        self.assertEqual(len(counts["extensions"]), 1, counts["extensions"])
        self.assertTrue(list(counts["extensions"])[0].startswith("permessage-deflate"))
        # Sizes are those of the messages, not of what was on the wire.
        self.assertEqual(run.summary["traffic"]["received_bytes"], counts["sent_bytes"])
        self.assertEqual(run.summary["traffic"]["sent_bytes"], counts["received_bytes"])

    def test_a_server_without_it(self):
        server = self.replies()
        run = self.play(server, [END] * 4, "--compress")
        self.assert_passed(run, 4)
        counts = server.stop()
        self.assertEqual(counts["extensions"], {"": 1})
        self.assertIn("permessage-deflate", counts["requests"][0]["headers"][self.OFFER])

    def test_long_messages_both_ways(self):
        """Through libwebsockets' buffers, larger and smaller than they are."""
        server = self.replies(deflate=True)
        for size in (1, 125, 126, 4095, 4096, 4097, 65_535, 65_536, 120_000):
            with self.subTest(size=size):
                script = [[0, "end", size]]
                pad = '"pad": "%s", "do"' % ("ab" * (size // 2))
                path = self.write("message.json", chat.SCRIPTED.replace('"do"', pad))
                run = self.wsload(
                    "-c", 1, "--compress", "--template", f"@{path}", "--expect", "json:end=true",
                    server.url(), self.scripts(*[script] * 3),
                )
                self.assert_passed(run, 3)


if __name__ == "__main__":
    chat.main()
