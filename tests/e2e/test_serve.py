"""`wsload serve`, with python3-websockets as its client."""

import asyncio
import json
import signal
import socket
import ssl
import time

import websockets

import harness


async def ask(url, *messages, **how):
    """Sends the messages one after the other; returns the replies."""
    async with websockets.connect(url, **how) as socket_:
        replies = []
        for message in messages:
            await socket_.send(message)
            replies.append(await socket_.recv())
        return replies


class Serve(harness.Case):
    def test_answers_with_the_prompt_and_a_connection_id(self):
        served = self.serve()
        sent = [json.dumps({"message": text}) for text in ("a", 'é "q" \\', "電池")]
        replies = [json.loads(reply) for reply in asyncio.run(ask(served.url(), *sent))]
        self.assertEqual([reply["message"] for reply in replies], ["a", 'é "q" \\', "電池"])
        self.assertEqual(len({reply["connectionId"] for reply in replies}), 1)
        [other] = asyncio.run(ask(served.url(), sent[0]))
        self.assertNotEqual(json.loads(other)["connectionId"], replies[0]["connectionId"])
        self.assertEqual(served.stop().code, 0)

    def test_reply_template(self):
        served = self.serve("--reply", "{{seq}}: {{prompt:raw}}!")
        replies = asyncio.run(ask(served.url(), '{"message": "a"}', '{"message": "b"}'))
        self.assertEqual(replies, ["1: a!", "2: b!"])

    def test_delay_blocks_nobody(self):
        served = self.serve("--delay", "50ms")

        async def one():
            async with websockets.connect(served.url()) as socket_:
                began = time.monotonic()
                await socket_.send('{"message": "a"}')
                await socket_.recv()
                return time.monotonic() - began

        async def one_after_the_other():
            for _ in range(20):
                await asyncio.sleep(0.050)

        async def many():
            """Twenty, and what twenty would take in turn on the same machine."""
            in_turn = asyncio.create_task(one_after_the_other())
            times = await asyncio.gather(*(one() for _ in range(20)))
            return times, in_turn.done()

        times, slow = asyncio.run(many())
        self.assertGreaterEqual(min(times), 0.050)
        self.assertFalse(slow, times)

    def test_delay_between_two_times(self):
        served = self.serve("--delay", "10ms-30ms")
        run = self.wsload("-c", 5, "-n", 100, served.url(), self.prompts("a"))
        self.assert_passed(run, 100)
        latency = run.summary["latency"]
        self.assertGreaterEqual(latency["min"], 0.010)
        self.assertGreater(latency["max"] - latency["min"], 0.010)

    def test_error_rate(self):
        served = self.serve("--error-rate", 100)
        [reply] = asyncio.run(ask(served.url(), '{"message": "a"}'))
        self.assertEqual(set(json.loads(reply)), {"message", "connectionId", "requestId"})
        run = self.wsload("-n", 10, served.url(), self.prompts("a"))
        self.assertEqual(run.errors(), {("gateway_error", "Internal server error"): 10})

    def test_share_of_errors(self):
        served = self.serve("--error-rate", 25)
        run = self.wsload("-n", 1000, served.url(), self.prompts("a"))
        failed = run.summary["failed_requests"]
        self.assertTrue(180 <= failed <= 320, failed)  # five deviations around 250

    def test_tls_with_a_throwaway_authority(self):
        ca = self.dir / "ca.pem"
        served = self.serve("--tls", "--ca-out", ca)
        context = ssl.create_default_context(cafile=str(ca))
        for host in ("localhost", "127.0.0.1"):
            [reply] = asyncio.run(
                ask(served.url("wss", host), '{"message": "a"}', ssl=context)
            )
            self.assertEqual(json.loads(reply)["message"], "a")
        self.assertNotIn("PRIVATE", ca.read_text())
        run = self.wsload("--cacert", ca, "-n", 50, served.url("wss", "localhost"), self.prompts("a"))
        self.assert_passed(run, 50)
        run = self.wsload("-n", 50, "-c", 1, served.url("wss", "localhost"), self.prompts("a"))
        self.assertEqual((run.code, run.summary["errors"][0]["kind"]), (3, "tls"))

    def test_a_thousand_connections(self):
        served = self.serve()
        run = self.wsload("-c", 1000, "-n", 5000, served.url(), self.prompts("a"))
        self.assert_passed(run, 5000)
        self.assertEqual(run.summary["connections"]["opened"], 1000)

    def test_stops_cleanly_with_connections_open(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number=number):
                served = self.serve()

                async def stopped():
                    async with websockets.connect(served.url()) as socket_:
                        await socket_.send('{"message": "a"}')
                        await socket_.recv()
                        served.process.send_signal(number)
                        await asyncio.wait_for(socket_.wait_closed(), harness.HANGS_S)
                        return socket_.close_code

                self.assertEqual(asyncio.run(stopped()), 1001)
                self.assertEqual(self.finish(served.process).code, 0)

    def test_messages_come_in_fragments_and_sizes(self):
        served = self.serve("--reply", "{{prompt:raw}}")
        text = "é" * 60000

        async def fragments():
            async with websockets.connect(served.url(), max_size=None) as socket_:
                pieces = [text[at : at + 15000] for at in range(0, len(text), 15000)]
                await socket_.send(iter(['{"message": "', *pieces, '"}']))
                return await socket_.recv()

        self.assertEqual(asyncio.run(fragments()), text)


class Mistakes(harness.Case):
    def check(self, args, *texts):
        with self.subTest(args=args):
            self.assert_mistake(self.wsload("serve", *args), *texts)

    def test_options(self):
        for args, texts in (
            (("--listen", "0.0.0.0:0"), ("0.0.0.0", "--allow-remote")),
            (("--listen", "[::]:0"), ("::", "--allow-remote")),
            (("--listen", "127.0.0.1"), ("--listen", "127.0.0.1")),
            (("--listen", "127.0.0.1:65536"), ("65536",)),
            (("--delay", "30ms-10ms"), ("--delay", "30ms-10ms")),
            (("--delay", "5x"), ("--delay", "5x")),
            (("--error-rate", "101"), ("--error-rate", "'101'")),
            (("--reply", "{{nothing}}"), ("--reply", "nothing")),
            (("--reply-end", "{{nothing}}"), ("--reply-end", "nothing")),
            (("--stream", "0"), ("--stream", "'0'")),
            (("--gap", "5ms"), ("--gap", "--stream N")),
            (("--idle-timeout", "0"), ("--idle-timeout", "at least 1 ms")),
            (("--max-lifetime", "0"), ("--max-lifetime", "at least 1 ms")),
            (("--integration-timeout", "0"), ("--integration-timeout", "at least 1 ms")),
            (("--profile", "bedrock-chats"), ("bedrock-chats", "korean-chatbot", "did you mean")),
            (("--reply-end", ""), ("--reply-end ''", "leave it out")),
            (("--profile", "mcn-load-test", "--stream", "5"), ("--stream", "mcn-load-test", "one message")),
            (("--profile", "simple-chat", "--stream", "1"), ("--stream", "simple-chat")),
            (("--profile", "simple-chat", "--reply", "x"), ("--profile", "--reply")),
            (("--profile", "simple-chat", "--reply-end", "x"), ("--profile", "--reply-end")),
            (("--frame-limit", "32Kib"), ("--frame-limit", "32Kib", "KiB")),
            (("--message-limit", "17MiB"), ("--message-limit", "16 MiB")),
            (("--connect-quota", "-1"), ("--connect-quota", "'-1'")),
            (("--message-quota", "many"), ("--message-quota", "'many'")),
            (("--require-sigv4", "us-east-1"), ("AWS_ACCESS_KEY_ID",)),
            (("--require-sigv4", "aws:amz:us-east-1:execute-api"), ("--require-sigv4", "Region")),
            (("--require-header", "no colon"), ("--require-header", "Name: value")),
            (("--lisen", "127.0.0.1:0"), ("--lisen", "--listen")),
            (("--port", "8080"), ("--port: no such option; here it is --listen ADDR:PORT",)),
            (("--tls", "--listen", "127.0.0.1:0", "--ca-out", "/nonexistent/ca"), ("/nonexistent",)),
            (("extra",), ("too many arguments",)),
        ):
            self.check(args, *texts)

    def test_secrets_stay_out_of_errors(self):
        for header in ("x-api-key : s3cret", "x-api-key:s3\ncret", "Upgrade: s3cret"):
            run = self.wsload("serve", "--require-header", header)
            self.assert_mistake(run, "--require-header")
            self.assertNotIn("cret", run.err)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.check(("--listen", address), address, "in use")


if __name__ == "__main__":
    harness.main()
