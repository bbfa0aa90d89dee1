"""The life of a connection: replaced before it is too old, kept up while idle, and compressed when
that was asked for."""

import random
import string
import zlib

import certificates
import chat
import harness

END = [[5, "end"]]


def raw_frames(case, **options):
    return case.server(["/usr/bin/python3", harness.SERVERS / "raw_frames.py"], options)


class Opening(chat.Case):
    def test_a_server_that_speaks_first_and_never_stops(self):
        """The greeting comes with the answer to the handshake, and the loop is never idle."""
        server = raw_frames(self, behind="81026869", flood="8105666c6f6f64")
        run = self.wsload("--hold", "-c", 20, "-d", "1s", "--connect-timeout", "60s", server.url())
        self.assertEqual(run.summary["connections"]["opened"], 20, run)
        self.assertEqual(run.summary["connections"]["failed"], 0, run)


class Lifetime(chat.Case):
    def test_connections_are_replaced_between_requests(self):
        server = self.replies()
        flags = ("-c", 5, "-d", "2s", "--max-lifetime", "400ms")
        run = self.play(server, [END], *flags)
        self.assert_counts(run, ok=run.summary["total_requests"])
        self.assertEqual((run.code, run.summary["errors"]), (0, []), run)
        counts, connections = server.stop(), run.summary["connections"]
        # Five times in 2 s, up to a tenth earlier; a busy machine may miss some.
        self.assertTrue(5 <= connections["rotated"] <= 5 * 5, connections)
        self.assertEqual((connections["opened"], connections["reopened"]), (5, 0))
        self.assertEqual(connections["closed_by_server"], 0)
        self.assert_openings(run, counts)
        self.assertEqual(counts["messages"], run.summary["total_requests"])

    def test_they_are_not_all_replaced_at_once(self):
        """The jitter: forty that were opened together are some time in being replaced."""
        flags = ("-c", 40, "-d", "1600ms", "--max-lifetime", "1s", "--think-time", "5ms")

        def attempt():
            server = self.replies()
            run = self.play(server, [END], *flags)
            self.assertEqual(run.code, 0, run)
            seen = (run.summary["connections"]["rotated"], server.stop()["most_open"])
            return seen if seen[0] != 40 or seen[1] >= 60 else None

        self.best_of(attempt)

    def test_a_long_reply_is_not_cut(self):
        server = self.replies()
        flags = ("--max-lifetime", "100ms", "-n", 4, "--reply-end", "json:end")
        run = self.play(server, [[[10, "part"], [250, "end"]]], *flags)
        self.assert_passed(run, 4)
        self.assertEqual(run.summary["connections"]["rotated"], 3)

    def test_the_servers_limit_is_not_met(self):
        """serve closes at 1.5 s what is not replaced before."""
        for lifetime, closed in (("300ms", False), (None, True)):
            with self.subTest(lifetime=lifetime):
                served = self.serve("-q", "--max-lifetime", "1500ms")
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
        self.assertGreaterEqual(connections["closed_by_server"], 3)
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
        self.assertTrue(4 <= sent <= 4 * run.summary["total_time"] / 0.2, sent)
        self.assertEqual(server.stop()["pings"], sent)

    def test_none_while_it_is_not_idle(self):
        server = self.replies()
        flags = ("--keepalive", '800ms:{"ping": 1}', "-c", 2, "-d", "1500ms")
        run = self.play(server, [[[5, "end"]]], *flags)
        self.assertEqual(run.summary["connections"]["keepalives"], 0)
        self.assertEqual(server.stop()["pings"], 0)

    def test_in_an_open_run(self):
        server = self.replies()
        flags = ("--keepalive", '200ms:{"ping": 1}', "-r", 1, "-n", 3, "-c", 1)
        run = self.play(server, [[[0, "end"]]], *flags)
        self.assert_passed(run, 3)
        sent = run.summary["connections"]["keepalives"]
        # In the second after each request.
        self.assertTrue(3 <= sent <= (run.summary["total_time"] + 1) / 0.2, sent)
        self.assertEqual(server.stop()["pings"], sent)

    def test_it_keeps_up_what_the_server_would_close_as_idle(self):
        for keepalive in (True, False):
            with self.subTest(keepalive=keepalive):
                served = self.serve("-q", "--idle-timeout", "1200ms")
                flags = ("--keepalive", "100ms:{}", "--ignore", "contains:{") if keepalive else ()
                run = self.wsload("--hold", "-c", 3, "-d", "2s", *flags, served.url())
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

    SIZES = (1, 125, 126, 4096, 16_384, 32_767, 32_768, 32_769, 33_000, 65_536, 900_000)

    def texts(self, *sizes):
        """Of each size a text of one repeated byte, and a random one."""
        source = random.Random(7)
        letters = string.ascii_letters + string.digits
        for size in sizes:
            yield "y" * size
            yield "".join(source.choices(letters, k=size))

    def echo(self, server, texts, *flags, answer=lambda text: text, scheme="ws"):
        """Each text is sent and comes back, twice, on one connection: so the second time the server
        may tell by a look back at the first."""
        run = self.wsload(
            "--compress", "-c", 1, "-n", 2 * len(texts), "--template", "{{prompt}}",
            "--record", "r", "--record-replies", "--allow-oversize", *flags, server.url(scheme),
            self.prompts(*texts),
        )
        self.assert_passed(run, 2 * len(texts))
        records = self.records("r")
        wanted = [answer(text) for text in texts] * 2
        self.assertEqual([line["bytes"] for line in records], [len(text) for text in wanted])
        kept = 1 << 20  # of each reply, in the record
        self.assertTrue([line["reply"] for line in records] == [text[:kept] for text in wanted])
        return run

    def deflate_echo(self, **options):
        return self.server(["node", harness.SERVERS / "deflate_echo.js"], options)

    def frames(self, **options):
        return raw_frames(self, **{"extensions": "permessage-deflate", **options})

    def test_all_sizes_both_ways(self):
        for options in ({}, {"takeover": False}, {"fragment": 5000}):
            with self.subTest(options=options):
                server = self.deflate_echo(**options)
                self.echo(server, list(self.texts(*self.SIZES, 5_000_000)))
                agreed, = server.stop()["extensions"]
                self.assertIn("client_no_context_takeover", agreed)
                self.assertEqual("server_no_context_takeover" in agreed, "takeover" in options)

    def test_empty_replies(self):
        self.echo(self.deflate_echo(), ["a", "empty"],
                  answer=lambda text: "" if text == "empty" else text)

    def test_with_another_implementation(self):
        server = self.python()
        texts = list(self.texts(*self.SIZES))
        self.echo(server, texts)
        self.assertEqual(server.stop()["texts"], {"y": 2, **{text: 2 for text in texts}})

    def test_over_tls(self):
        authority = certificates.Authority(self.dir)
        certificate = authority.issue("good", "IP:127.0.0.1")
        server = self.python(cert=certificate.cert, key=certificate.key)
        self.echo(server, list(self.texts(*self.SIZES)), "--cacert", authority.cert,
                  scheme="wss")

    def test_the_examples_of_the_rfc(self):
        """RFC 7692 section 7.2.3, in this order on one connection; the second looks back at the
        first. A server may also answer uncompressed."""
        server = self.frames(extensions="permessage-deflate; server_max_window_bits=10")
        examples = [
            "c107f248cdc9c90700",  # one block
            "c105f200110000",  # the same once more: the window is shared
            "4103f248cd8004c9c90700",  # in two frames
            "c10b000500faff48656c6c6f00",  # without compression
            "c108f348cdc9c9070000",  # with a final block
            "c105f200110000",  # and what is behind it looks back all the same
            "c10df248050000" + "00ffffcac9c90700",  # in two blocks
            "810548656c6c6f",  # as it is
        ]
        run = self.echo(server, examples, answer=lambda text: "Hello")
        self.assertEqual(run.summary["errors"], [])
        counts = server.stop()
        self.assertEqual(counts, {"messages": 16, "compressed": 16, "closes": 1})

    def test_what_comes_behind_the_handshake(self):
        """The library has read it then, and reads on."""
        server = self.frames(behind="c107f248cdc9c90700")
        run = self.echo(server, ["c105f200110000", "810548656c6c6f", "4103f248cd8004c9c90700"],
                        answer=lambda text: "Hello")
        self.assertEqual(run.summary["unsolicited_messages"], 1)

    def test_what_cannot_be_inflated_breaks_the_protocol(self):
        bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = bomb.compress(b"x" * (1 << 24) + b"x") + bomb.flush(zlib.Z_SYNC_FLUSH)
        bomb = bomb[:-4]
        cases = {
            "noise": "c103ffffff",
            "cut off": "c104f248cdc9",
            "too long": (b"\xc1\x7e" + len(bomb).to_bytes(2, "big") + bomb).hex(),
            "a control frame": "c900",
            "not at the beginning": "0103616263c003646566",
            "another bit": "a10548656c6c6f",
        }
        for behind in ({}, {"behind": "810548656c6c6f"}):
            for name, frames in cases.items():
                if behind and name in ("a control frame", "not at the beginning", "another bit"):
                    continue  # libwebsockets reads, and looks away
                with self.subTest(name=name, **behind):
                    server = self.frames(**behind)
                    run = self.wsload("--compress", "-c", 1, "-n", 1, "--template", "{{prompt}}",
                                      server.url(), self.prompts(frames))
                    self.assertEqual([e["kind"] for e in run.summary["errors"]], ["protocol"], run)

    def test_it_is_agreed_on_as_it_was_offered(self):
        for agreed, opens in (
            ("permessage-deflate", True),
            ("permessage-deflate; client_no_context_takeover; server_no_context_takeover", True),
            ("permessage-deflate;server_max_window_bits=9", True),
            ("permessage-deflate, permessage-deflate", True),
            ("permessage-deflate; client_max_window_bits=10", False),  # was not offered
            ("permessage-deflate; unheard_of", False),
            ("x-unheard-of", False),
        ):
            with self.subTest(agreed=agreed):
                server = self.frames(extensions=agreed)
                run = self.wsload("--compress", "-c", 1, "-n", 1, "--template", "{{prompt}}",
                                  server.url(), self.prompts("c107f248cdc9c90700"))
                self.assertEqual(run.summary["connections"]["opened"], int(opens), run)
                self.assertEqual(run.summary["successful_requests"], int(opens), run)


if __name__ == "__main__":
    chat.main()
