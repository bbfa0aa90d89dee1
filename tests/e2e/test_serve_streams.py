"""`wsload serve` keeps time: the messages of an answer come when they are due."""

import asyncio
import statistics
import time

import websockets

import harness

SLACK_S = 0.001  # at the median


async def stream(url, messages, count):
    """Sends the message; returns when each of the answer's messages came, from then on."""
    async with websockets.connect(url, compression=None) as socket_:
        times = []
        for _ in range(messages):
            began = time.monotonic()
            await socket_.send('{"message": "a b"}')
            for _ in range(count):
                await socket_.recv()
                times.append(time.monotonic() - began)
        return times


class Streams(harness.Case):
    def test_messages_come_when_they_are_due(self):
        served = self.serve("--stream", 30, "--delay", "40ms", "--gap", "7ms", "--reply-end", "end")
        due = [0.040 + 0.007 * k for k in range(31)] * 5

        def attempt():
            times = asyncio.run(stream(served.url(), 5, 31))
            late = [time_ - due_ for time_, due_ in zip(times, due)]
            self.assertGreaterEqual(min(late), 0)
            gaps = [b - a for a, b in zip(times, times[1:]) if b > a]
            errors = {
                "message": statistics.median(late),
                "last": statistics.median(late[30::31]) / 2,  # nothing adds up
                "gap": abs(statistics.median(gaps) - 0.007),
            }
            return {name: error for name, error in errors.items() if error >= SLACK_S}

        self.best_of(attempt)

    def test_many_streams_keep_time_together(self):
        served = self.serve("--stream", 20, "--delay", "50ms", "--gap", "20ms")

        async def many():
            return await asyncio.gather(*(stream(served.url(), 1, 20) for _ in range(20)))

        def attempt():
            late = [
                time_ - (0.050 + 0.020 * k)
                for times in asyncio.run(many())
                for k, time_ in enumerate(times)
            ]
            self.assertGreaterEqual(min(late), 0)
            median = statistics.median(late)
            return median if median >= 2 * SLACK_S else None

        self.best_of(attempt)

    def test_tokens_and_the_end(self):
        served = self.serve("--stream", 3, "--gap", "1ms", "--reply", "{{part}} {{token}}",
                            "--reply-end", "end of {{prompt}}")

        async def ask():
            async with websockets.connect(served.url()) as socket_:
                await socket_.send('{"message": "it"}')
                return [await socket_.recv() for _ in range(4)]

        self.assertEqual(asyncio.run(ask()), ["0 tok1 ", "1 tok2 ", "2 tok3 ", "end of it"])
        self.assertIn("1 messages: 1 replies, 0 errors; 4 messages sent\n", served.stop().out)


if __name__ == "__main__":
    harness.main()
