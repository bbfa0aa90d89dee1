"""What the server sends at unusual moments is still read right, whoever reads: wsload itself, or
libwebsockets when it read on behind the answer to the handshake."""

import json

import certificates
import harness

MIB = 1 << 20
# A second connection opens 200 ms behind the first, and the run starts. The first request goes out
# on the first, and 200 ms later the second on the second: each has its greetings by then.
LATER = ("-c", 2, "-t", 1, "--connect-rate", 5, "-r", 5, "-n", 4)
REQUESTS = 4
# How many greetings, of how many bytes, and how much of the last comes later.
GREETINGS = ((1, 10, 0), (3, 200, 0), (20, 3000, 0), (1, 10, 3), (3, 200, 150), (2, 70_000, 60_000))
# With fewer bytes wsload knows what libwebsockets has read, and reads the rest itself.
KNOWN_BYTES = 8000


class Reading(harness.Case):
    def setUp(self):
        super().setUp()
        self.authority = certificates.Authority(self.dir)
        self.made = self.authority.issue("server", "DNS:localhost")

    def each_scheme(self, mode, **options):
        """Yields the server, and flags and URL for it: plain and with TLS."""
        server = self.bad(mode, **options)
        yield server, (), server.url()
        server = self.bad(mode, cert=self.made.cert, key=self.made.key, **options)
        yield server, ("--cacert", self.authority.cert), server.url("wss", "localhost")

    def check_samples(self, run, size=None):
        for sample in run.summary["samples"]:
            self.assertEqual(sample["prompt"], "ab")
            expected = '{"message": "ab"}'
            if size:
                self.assertTrue(sample["reply"].startswith(expected + "rrr"), sample)
            else:
                self.assertEqual(sample["reply"], expected)

    def check(self, greetings, **options):
        count, size, cut = greetings
        for server, flags, url in self.each_scheme(
            "greeting", greetings=count, greeting_bytes=size, cut=cut, **options
        ):
            with self.subTest(greetings=greetings, url=url):
                run = self.wsload(*LATER, *flags, url, self.prompts("ab"))
                self.assert_passed(run, REQUESTS)
                self.assertEqual(run.summary["unsolicited_messages"], count * 2, run)
                if not flags and count * size < KNOWN_BYTES:
                    self.assertGreaterEqual(run.summary["timestamps"]["kernel"], REQUESTS)
                self.check_samples(run, options.get("reply_bytes"))
                counts = server.stop()
                self.assertEqual(counts["connections"], 2)
                self.assertEqual((counts["messages"], counts["pongs"]), (REQUESTS, REQUESTS))
                self.assertEqual(counts["closes"], {"1000": 2})
                self.assertEqual((counts["unmasked"], counts["out_of_order"]), (0, 0))

    def test_greetings_are_nobodys_reply(self):
        for greetings in GREETINGS:
            self.check(greetings)

    def test_a_large_message_afterwards(self):
        for greetings in ((3, 200, 0), (3, 200, 150)):
            self.check(greetings, reply_bytes=MIB)

    def test_a_greeting_right_before_the_first_message(self):
        """It came before the message went out, and so answers nothing."""
        for server, flags, url in self.each_scheme("greeting", greetings=2, greeting_bytes=20):
            with self.subTest(url=url):
                run = self.wsload("-n", 5, "-c", 1, *flags, url, self.prompts("ab"))
                self.assert_passed(run, 5)
                self.assertEqual(run.summary["unsolicited_messages"], 2, run)
                self.check_samples(run)

    def test_messages_of_any_length(self):
        """The lengths at which a frame's header grows, and one of several reads."""
        for size in (125, 126, 127, 65_535, 65_536, 65_537, 3 * MIB):
            for server, flags, url in self.each_scheme(
                "greeting", greetings=0, greeting_bytes=0, reply_bytes=size
            ):
                with self.subTest(size=size, url=url):
                    run = self.wsload("-n", 5, "-c", 2, *flags, url, self.prompts("ab"))
                    self.assert_passed(run, 5)
                    self.assertEqual(run.summary["unsolicited_messages"], 0)
                    self.check_samples(run, size)
                    self.assertEqual(server.stop()["pongs"], 5)

    def test_close_codes(self):
        """Each is shown as it came; but 1015 stands for what is not sent, and so is never sent."""
        for code in (1000, 1001, 1008, 1011, 1012, 1013, 1014, 1015, 3000, 4001, 4999):
            kind = ("protocol", "") if code == 1015 else ("closed", str(code))
            for server, flags, url in self.each_scheme("close_with", code=code):
                with self.subTest(code=code, url=url):
                    run = self.wsload("-n", 2, "-c", 1, *flags, url, self.prompts("ab"))
                    self.assertEqual(run.errors(), {kind: 1}, run)
                    self.assertEqual(run.summary["successful_requests"], 1)
                    answer = 1002 if code == 1015 else code
                    self.assertEqual(server.stop()["closes"], {str(answer): 1})


class HalfRecords(harness.Case):
    def test_half_a_tls_record_holds_up_nobody_else(self):
        """OpenSSL keeps the half and says that something is there: asking again and again for the
        rest would stop the worker until it comes."""
        authority = certificates.Authority(self.dir)
        made = authority.issue("server", "DNS:localhost")
        upstream = self.bad("greeting", greetings=0, greeting_bytes=0, cert=made.cert, key=made.key)
        proxy = self.server(
            ["/usr/bin/python3", harness.SERVERS / "halving_proxy.py"],
            {"upstream": upstream.port, "pause": 0.3},
        )
        url = proxy.url("wss", "localhost")
        flags = ("-c", 2, "-t", 1, "-d", "2s", "--cacert", authority.cert, "--record", "r")
        run = self.wsload(*flags, url, self.prompts("ab"))
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.summary["failed_requests"], 0, run)
        lines = [json.loads(line) for line in (self.dir / "r").read_text().splitlines()]
        held, other = sorted(sum(line["connection"] == id for line in lines) for id in (1, 2))
        self.assertGreater(other, 5 * held, run)
        self.assertGreaterEqual(run.summary["latency"]["max"], 0.3)


if __name__ == "__main__":
    harness.main()
