"""What `wsload serve` does to open connections in API Gateway's place, seen by websockets."""

import asyncio
import json
import time

import websockets

import harness


async def closing(url, *messages):
    """Sends the messages and waits for the close; returns its code, reason and what came before."""
    async with websockets.connect(url, max_size=None, compression=None) as socket_:
        got = []
        try:
            for message in messages:
                await socket_.send(message)
            while True:
                got.append(await asyncio.wait_for(socket_.recv(), harness.HANGS_S))
        except websockets.ConnectionClosed:
            return socket_.close_code, socket_.close_reason, got


def pieces(text, size):
    return iter([text[at : at + size] for at in range(0, len(text), size)])


class Limits(harness.Case):
    def close_of(self, flags, *messages):
        code, reason, _ = asyncio.run(closing(self.serve(*flags).url(), *messages))
        return code, reason

    async def ask(self, url, count):
        async with websockets.connect(url) as socket_:
            replies = []
            for _ in range(count):
                await socket_.send('{"message": "a"}')
                replies.append(json.loads(await socket_.recv()))
            return replies

    def test_frames_and_messages_as_long_as_on_api_gateway(self):
        too_long_frame = (1009, "Max frame length of 32768 has been exceeded.")
        too_long = (1009, "Max message length of 131072 has been exceeded.")
        url = self.serve("--reply", "{{prompt:raw}}").url()

        async def echo(message):
            async with websockets.connect(url, max_size=None, compression=None) as socket_:
                await socket_.send(message)
                return await socket_.recv()

        self.assertEqual(asyncio.run(echo("x" * 32768)), "x" * 32768)
        whole = "x" * 131072
        self.assertEqual(asyncio.run(echo(pieces(whole, 32768))), whole)
        for message, expected in (
            ("x" * 32769, too_long_frame),
            ("x" * 1000000, too_long_frame),
            (pieces("x" * 131073, 32768), too_long),
            (pieces("x" * 1000000, 10000), too_long),
            (b"binary", (1003, "Text frames only")),
        ):
            self.assertEqual(asyncio.run(closing(url, message))[:2], expected)

    def test_a_close_is_read_however_much_is_on_its_way(self):
        """The close must not be lost to a reset, so what comes behind it is read."""
        url = self.serve().url()
        for _ in range(20):
            code, _, _ = asyncio.run(closing(url, "x" * 40000, "y" * 30000, "z" * 100000))
            self.assertEqual(code, 1009)

    def test_limits_of_ones_own_and_none(self):
        self.assertEqual(
            self.close_of(("--frame-limit", "1KiB"), "x" * 1025),
            (1009, "Max frame length of 1024 has been exceeded."),
        )
        served = self.serve("--frame-limit", 0, "--message-limit", 0, "--reply", "{{prompt:raw}}")

        async def echo():
            async with websockets.connect(served.url(), max_size=None) as socket_:
                await socket_.send("x" * 1000000)
                return await socket_.recv()

        self.assertEqual(asyncio.run(echo()), "x" * 1000000)

    def test_idle_connections_are_closed(self):
        began = time.monotonic()
        self.assertEqual(
            self.close_of(("--idle-timeout", "100ms"), "a"), (1001, "Going away")
        )
        self.assertGreaterEqual(time.monotonic() - began, 0.1)

    def test_connections_live_no_longer_than_they_may(self):
        url = self.serve("--max-lifetime", "100ms", "--stream", 1000, "--gap", "1ms").url()
        began = time.monotonic()
        code, reason, got = asyncio.run(closing(url, "a"))
        took_ms = (time.monotonic() - began) * 1000
        self.assertEqual((code, reason), (1001, "Going away"))
        self.assertGreaterEqual(took_ms, 100)
        self.assertLess(len(got), 1000)  # in the middle of the reply
        self.assertLessEqual(len(got), took_ms + 1)

    def test_messages_over_the_quota_are_throttled(self):
        served = self.serve("--message-quota", "0.01")
        good, *throttled = asyncio.run(self.ask(served.url(), 3))
        self.assertEqual(good["message"], "a")
        for reply in throttled:
            self.assertEqual(reply["message"], "Too Many Requests")
            self.assertEqual(set(reply), {"message", "connectionId", "requestId"})
            self.assertEqual(reply["connectionId"], good["connectionId"])
        self.assertIn("3 messages: 1 replies, 2 errors\n", served.stop().out)

    def test_a_frame_limit_above_that_of_messages_changes_nothing(self):
        for length, limit in ((1025, "message length of 1024"), (32769, "frame length of 32768")):
            code, reason = self.close_of(("--message-limit", "1KiB"), "x" * length)
            self.assertEqual((code, reason), (1009, f"Max {limit} has been exceeded."))

    def test_a_quota_of_nothing_refuses_everything(self):
        served = self.serve("--message-quota", 0)
        [error] = asyncio.run(self.ask(served.url(), 1))
        self.assertEqual(error["message"], "Too Many Requests")
        self.assertIn("1 messages: 0 replies, 1 errors\n", served.stop().out)

    def test_answers_that_take_too_long_are_reported_and_still_come(self):
        served = self.serve("--integration-timeout", "30ms", "--delay", "60ms")

        async def ask():
            async with websockets.connect(served.url()) as socket_:
                await socket_.send('{"message": "a"}')
                return [json.loads(await socket_.recv()) for _ in range(2)]

        error, reply = asyncio.run(ask())
        self.assertEqual(error["message"], "Endpoint request timed out")
        self.assertIn("requestId", error)
        self.assertEqual(reply["message"], "a")


if __name__ == "__main__":
    harness.main()
