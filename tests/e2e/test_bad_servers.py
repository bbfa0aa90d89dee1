"""Servers that misbehave: wsload never crashes, hangs or reports success, and names what happened."""

import re
import time

import certificates
import harness

REQUESTS = 3

# Nothing opens: mode, kind, detail.
NEVER_OPEN = (
    ("close_at_once", "eof", ""),
    ("close_after_request", "eof", ""),
    ("reset_after_request", "reset", ""),
    ("garbage", "connect_timeout", ""),  # libwebsockets goes on waiting for a status line
    ("text_garbage", "connect_timeout", ""),
    ("bad_accept", "protocol", ""),
    ("status_200", "handshake_status", "200"),
    ("status_302", "handshake_status", "302"),
    ("status_403", "handshake_status", "403"),
    ("status_429", "handshake_status", "429"),
)

# It opens, and every request fails: mode, kind, detail, whether the connection is lost.
NEVER_ANSWERED = (
    ("eof_after_message", "eof", "", True),
    ("reset_after_message", "reset", "", True),
    ("half_frame", "eof", "", True),
    ("close_1001", "closed", "1001", True),
    ("close_1009", "closed", "1009", True),
    ("close_empty", "closed", "1005", True),
    ("close_1005", "protocol", "", True),
    ("close_1006", "protocol", "", True),
    ("reserved_opcode", "protocol", "", True),
    ("rsv_bit", "protocol", "", True),
    ("bad_utf8", "protocol", "", True),
    ("gateway_error", "gateway_error", "Internal server error", False),
)

ANSWERED = ("big_10mb", "fragmented", "empty_message", "binary")


def patience(kind):
    """Flags: nobody wants to wait for what is known not to come."""
    return ("--connect-timeout", "400ms" if kind == "connect_timeout" else "20s")


class Case(harness.Case):
    def run_against(self, server, *flags, url=None, **how):
        flags = ("-n", REQUESTS, "-c", 1, "--timeout", "10s", *flags)
        return self.wsload(*flags, url or server.url(), self.prompts("a"), **how)

    def check_error(self, run, kind, detail, count):
        """One class of failures; where the table says no detail there may be one in words."""
        [error] = run.summary["errors"]
        self.assertEqual((error["kind"], error["count"]), (kind, count), run)
        if detail or kind == "reset":
            self.assertEqual(error["detail"], detail, run)
        self.assertIn(kind, run.out)


class NeverOpen(Case):
    def test_no_connection_ends_the_run_at_once(self):
        for mode, kind, detail in NEVER_OPEN:
            with self.subTest(mode=mode):
                server = self.bad(mode)
                run = self.run_against(server, *patience(kind))
                self.assertEqual(run.code, 3, run)
                self.check_error(run, kind, detail, 1)
                self.assertEqual(run.summary["total_requests"], 0)
                connections = run.summary["connections"]
                self.assertEqual((connections["opened"], connections["failed"]), (0, 1))
                self.assertEqual(server.stop()["redirected"], 0)

    def test_one_connection_per_request_fails_its_request(self):
        for mode, kind, detail in NEVER_OPEN:
            with self.subTest(mode=mode):
                server = self.bad(mode)
                flags = ("--connection-per-request", "-c", 2, *patience(kind))
                run = self.run_against(server, *flags)
                self.assertEqual(run.code, 3, run)
                self.check_error(run, kind, detail, 2)
                self.assertEqual(run.summary["failed_requests"], 2)
                counts = server.stop()
                self.assertEqual((counts["connections"], counts["redirected"]), (2, 0))

    def test_a_reset_before_the_request(self):
        for flags in ((), ("--connection-per-request",)):
            run = self.run_against(self.bad("reset_at_once"), *flags)
            self.assertEqual(run.code, 3, run)
            # A reset that overtakes the news of the connection looks like a refusal.
            [error] = run.summary["errors"]
            self.assertIn(error["kind"], ("reset", "connect_refused"))

    def test_a_server_that_accepts_and_says_nothing(self):
        for flags, requests in (((), 0), (("--connection-per-request",), 1)):
            with self.subTest(flags=flags):
                run = self.run_against(self.bad("silent"), *patience("connect_timeout"), *flags)
                self.assertEqual(run.code, 3, run)
                self.check_error(run, "connect_timeout", "", 1)
                self.assertEqual(run.summary["failed_requests"], requests)

    def test_a_refused_port(self):
        url = f"ws://127.0.0.1:{self.refused_port()}/"
        run = self.run_against(None, url=url)
        self.assertEqual(run.code, 3, run)
        self.check_error(run, "connect_refused", "", 1)
        run = self.run_against(None, "--connection-per-request", url=url)
        self.assertEqual(run.code, 3, run)
        self.check_error(run, "connect_refused", "", 1)
        self.assertEqual(run.summary["failed_requests"], 1)

    def test_a_name_that_cannot_be_resolved(self):
        for flags in (
            # The resolver refuses a label of more than 63 characters without asking anybody.
            ("--connect-to", f"::{'x' * 64}.invalid:"),
            ("-6",),  # an IPv4 address has no IPv6 address
        ):
            with self.subTest(flags=flags):
                run = self.run_against(None, *flags, url="ws://127.0.0.1:9/")
                self.assertEqual(run.code, 3, run)
                self.check_error(run, "dns", "", 1)
                self.assertEqual(run.summary["total_requests"], 0)

    def test_tls_on_a_plain_port(self):
        server = self.node()
        run = self.run_against(None, url=server.url("wss"))
        self.assertEqual(run.code, 3, run)
        [error] = run.summary["errors"]
        self.assertEqual((error["kind"], error["count"]), ("tls", 1), run)

    def test_plain_on_a_tls_port(self):
        certificate = certificates.Authority(self.dir).issue("front", "DNS:localhost")
        front = self.nginx(self.node(), certificate)
        run = self.run_against(None, url=front.url())
        self.assertEqual(run.code, 3, run)
        self.check_error(run, "handshake_status", "400", 1)

    def test_verbose_shows_a_refusal_once(self):
        server = self.bad("status_403")
        run = self.run_against(server, "-v", "--connection-per-request")
        for text in ('{"message":"Forbidden"}', "ForbiddenException", "3b9d1a6e-7c1f-4d53"):
            self.assertEqual(run.err.lower().count(text.lower()), 1, run)
        self.assertIn("403", run.err)


    def test_a_refusal_tells_what_to_do(self):
        cases = (
            (302, {"Location": "https://login.test/?key=s3cret-k&next=a"}, "login.test/?key=********"),
            (401, {"WWW-Authenticate": 'Bearer realm="chat"'}, 'Bearer realm="chat"'),
            (429, {"Retry-After": "120"}, "120"),
        )
        for status, headers, told in cases:
            with self.subTest(status=status):
                refuse = [{"status": status, "headers": headers, "body": "no"}]
                server = self.server(["node", harness.SERVERS / "replies.js"], {"refuse": refuse})
                run = self.run_against(server, "-v", "--query", "key=s3cret-k")
                [name] = headers
                [error] = run.summary["errors"]
                self.assertEqual((error["kind"], error["detail"]), ("handshake_status", str(status)))
                for text in (error["example"], run.err):
                    self.assertRegex(text, f"{name}: .*{re.escape(told)}")
                    self.assertNotIn("s3cret", text)
                self.assertTrue(error["example"].endswith(", body: no"), error)
                self.assertIn(f"{name}: ", run.out)

    def test_answers_before_the_last_one(self):
        """100 Continue and 103 Early Hints, whole or in pieces, are no answer."""
        made = certificates.Authority(self.dir)
        issued = made.issue("server", "DNS:localhost")
        for scheme, cut in (("ws", 1), ("ws", 4), ("wss", 1), ("wss", 4)):
            with self.subTest(scheme=scheme, cut=cut):
                secure = {"cert": issued.cert, "key": issued.key} if scheme == "wss" else {}
                server = self.bad("interim", cut=cut, **secure)
                flags = ("-v", "-4", *(("--cacert", made.cert) if secure else ()))
                run = self.run_against(server, *flags, url=server.url(scheme, "localhost"))
                self.assert_passed(run, REQUESTS)
                server = self.bad("interim", cut=cut, refuse=True, **secure)
                run = self.run_against(server, *flags, url=server.url(scheme, "localhost"))
                self.check_error(run, "handshake_status", "403", 1)
                self.assertEqual(run.summary["errors"][0]["example"], "body: no")
                self.assertIn("\n  HTTP/1.1 403 Forbidden\n", run.err)

    def test_a_refusal_in_chunks_is_told_without_them(self):
        server = self.bad("status_503_in_chunks")
        run = self.run_against(server, "-v", "--connect-timeout", "10m", "-c", 1, "-n", 1)
        self.assertEqual(run.code, 3, run)
        [error] = run.summary["errors"]
        self.assertEqual(error["example"], "body: <h1>503</h1>\r\nlater, please")
        self.assertIn("e.g. body: <h1>503</h1> later, please\n", run.out)
        self.assertIn("\n  <h1>503</h1> later, please\n", run.err)
        self.assertNotIn("\ufffd", run.out + run.err)

    def test_verbose_ends_when_its_own_handshake_meets_nobody(self):
        made = certificates.Authority(self.dir)
        issued = made.issue("server", "DNS:localhost")
        for then, scheme, words in (
            ("closed", "ws", "Connection refused"),
            ("closed", "wss", "Connection refused"),
            ("reset", "ws", "Connection reset by peer"),
            ("reset", "wss", "Connection reset by peer"),
            ("eof", "ws", "the server closed it"),
            ("eof", "wss", "unexpected eof while reading"),
        ):
            with self.subTest(then=then, scheme=scheme):
                secure = {"cert": issued.cert, "key": issued.key} if scheme == "wss" else {}
                server = self.bad("status_403_once", then=then, **secure)
                url = server.url(scheme, "localhost")
                trust = ("--cacert", made.cert) if secure else ()
                run = self.run_against(server, "-v", *trust, "-4", url=url)
                self.assertEqual(run.code, 3, run)
                _, told = run.err.split("one more, to see the answer:\n")
                self.assertEqual(told, f"  {words}\n")


class NeverAnswered(Case):
    def test_every_request_fails(self):
        for mode, kind, detail, lost in NEVER_ANSWERED:
            with self.subTest(mode=mode):
                server = self.bad(mode)
                run = self.run_against(server)
                self.assertEqual(run.code, 1, run)
                self.assertEqual(run.summary["exit"]["reason"], "no request succeeded")
                self.check_error(run, kind, detail, REQUESTS)
                self.assertEqual(run.summary["failed_requests"], REQUESTS)
                self.check_connections(run, server.stop(), REQUESTS if lost else 1)

    def check_connections(self, run, counts, opened):
        connections = run.summary["connections"]
        self.assertEqual(counts["messages"], REQUESTS)
        self.assertEqual(counts["unmasked"], 0)
        self.assertEqual(counts["connections"], opened)
        self.assertEqual((connections["opened"], connections["reopened"]), (1, opened - 1))

    def test_one_connection_per_request(self):
        for mode, kind, detail, _ in NEVER_ANSWERED:
            with self.subTest(mode=mode):
                server = self.bad(mode)
                run = self.run_against(server, "--connection-per-request")
                self.assertEqual(run.code, 1, run)
                self.check_error(run, kind, detail, REQUESTS)
                self.assertEqual(server.stop()["connections"], REQUESTS)

    def test_a_close_reason_is_the_example(self):
        run = self.run_against(self.bad("close_1009"))
        example = run.summary["errors"][0]["example"]
        self.assertIn("Max frame length of 32768 has been exceeded.", example)

    def test_no_reply_in_time(self):
        server = self.bad("never_reply")
        run = self.run_against(server, "--timeout", "200ms")
        self.assertEqual(run.code, 1, run)
        self.check_error(run, "reply_timeout", "", REQUESTS)
        self.check_connections(run, server.stop(), REQUESTS)

    def test_a_connection_that_ends_as_soon_as_it_is_open(self):
        for mode, kinds in (
            ("eof_after_open", {"eof"}),
            ("reset_after_open", {"reset", "eof"}),  # a send that meets the reset swallows it
        ):
            with self.subTest(mode=mode):
                run = self.run_against(self.bad(mode))
                self.assertEqual(run.code, 1, run)
                self.assertEqual(run.summary["successful_requests"], 0)
                self.assertLessEqual({e["kind"] for e in run.summary["errors"]}, kinds, run)


class Answered(Case):
    def test_unusual_replies_are_replies(self):
        for mode in ANSWERED:
            with self.subTest(mode=mode):
                server = self.bad(mode)
                run = self.run_against(server)
                self.assert_passed(run, REQUESTS)
                counts = server.stop()
                self.assertEqual((counts["connections"], counts["messages"]), (1, REQUESTS))
                self.assertEqual(counts["closes"], {"1000": 1})

    def test_a_masked_frame(self):
        """RFC 6455 section 5.1 forbids it."""
        run = self.run_against(self.bad("masked"))
        self.assertEqual(run.code, 1, run)
        self.check_error(run, "protocol", "", REQUESTS)

    def test_pings_between_fragments_are_answered(self):
        server = self.bad("fragmented")
        run = self.run_against(server)
        self.assertEqual(run.summary["samples"][0]["reply"], '{"message": "abcd"}')
        self.assertEqual(server.stop()["pongs"], REQUESTS)

    def test_a_stray_second_reply_is_counted_nowhere(self):
        server = self.bad("two_replies")
        run = self.run_against(server, "--connection-per-request")
        self.assert_passed(run, REQUESTS)
        self.assertEqual({s["reply"] for s in run.summary["samples"]}, {"one"})

    def test_a_close_that_is_not_answered_is_waited_for_1_second(self):
        server = self.bad("close_unanswered")
        started = time.monotonic()
        self.assert_passed(self.run_against(server), REQUESTS)
        self.assertGreaterEqual(time.monotonic() - started, 1.0)
        counts = server.stop()
        self.assertEqual((counts["messages"], counts["closes"]), (REQUESTS, {"1000": 1}))

    def test_replies_before_the_message_is_sent_in_full(self):
        """The next message waits behind what is left of the one before."""
        server = self.bad("early_reply")
        prompts = self.write("long.txt", "x" * 3_000_000 + "\n")
        flags = ("-n", REQUESTS, "-c", 1, "--allow-oversize")
        self.assert_passed(self.wsload(*flags, server.url(), prompts), REQUESTS)
        counts = server.stop()
        self.assertEqual((counts["out_of_order"], counts["unmasked"]), (0, 0))

    def test_a_close_between_two_requests_fails_none(self):
        server = self.bad("close_after_reply")
        run = self.run_against(server, "--connection-per-request")
        self.assert_passed(run, REQUESTS)

    def test_a_close_that_came_with_the_reply(self):
        """It is read with it, and no further request goes into a connection that is closed."""
        authority = certificates.Authority(self.dir)
        made = authority.issue("server", "DNS:localhost")
        tls = {"cert": made.cert, "key": made.key}
        for scheme, secure, greetings in (("ws", {}, 0), ("ws", {}, 1), ("wss", tls, 0)):
            with self.subTest(scheme=scheme, greetings=greetings):
                server = self.bad("close_with_reply", greetings=greetings, **secure)
                trust = ("--cacert", authority.cert) if secure else ()
                flags = ("-c", 1, "-n", 4, *trust, "-4")
                if greetings:
                    flags += ("--ignore", "text:hello")
                run = self.wsload(*flags, server.url(scheme, "localhost"), self.prompts("a"))
                self.assertEqual(run.code, 0, run)
                self.assertEqual(run.summary["successful_requests"], 4, run)
                self.assertEqual(run.summary["failed_requests"], 0, run)
                counts = server.stop()
                self.assertEqual((counts["connections"], counts["messages"]), (4, 4))

    def test_over_tls(self):
        authority = certificates.Authority(self.dir)
        made = authority.issue("server", "DNS:localhost")
        for mode, kind, detail in (
            ("close_1009", "closed", "1009"),
            ("eof_after_message", "eof", ""),
            ("reset_after_message", "reset", ""),
            ("rsv_bit", "protocol", ""),
            ("close_notify", "eof", ""),
        ):
            with self.subTest(mode=mode):
                server = self.bad(mode, cert=made.cert, key=made.key)
                url = server.url("wss", "localhost")
                run = self.run_against(server, "--cacert", authority.cert, url=url)
                self.assertEqual(run.code, 1, run)
                self.check_error(run, kind, detail, REQUESTS)
        server = self.bad("big_10mb", cert=made.cert, key=made.key)
        url = server.url("wss", "localhost")
        run = self.run_against(server, "--cacert", authority.cert, url=url)
        self.assert_passed(run, REQUESTS)

    def test_connections_that_never_open_are_told(self):
        """What was measured is a smaller load than was asked for."""
        server = self.node(open_at_most=14)
        asked = ("--threshold", "latency:avg<1h")
        for flags, code, words in (
            ((), 1, "FAILED   connections opened 14, at least 19 is the default"),
            (asked, 0, "PASSED   1 of 1 threshold"),
        ):
            with self.subTest(flags=flags):
                flags = ("-c", 20, "-n", 60, "--timeout", "2h", *flags)
                run = self.wsload(*flags, server.url(), self.prompts("a"))
                self.assertEqual(run.code, code, run)
                self.assertIn(words, run.out)
                self.assertIn("6 of 20 connections never opened", run.out)
                self.assertEqual(run.summary["validity"]["status"], "doubtful")

    def test_a_run_goes_on_when_some_connections_break(self):
        server = self.node(close_after=3, close_code=1001)
        flags = ("-n", 60, "-c", 4)
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        counts = server.stop()
        self.assertEqual(run.summary["total_requests"], 60, run)
        connections = run.summary["connections"]
        self.assertEqual(connections["opened"], 4)
        self.assertEqual(counts["connections"], 4 + connections["reopened"])
        self.assertEqual(counts["replies"] >= run.summary["successful_requests"], True)


if __name__ == "__main__":
    harness.main()
