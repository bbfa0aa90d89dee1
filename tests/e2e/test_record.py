"""--record: a line for each request, true to what the server saw; and what a run costs."""

import base64
import fcntl
import hashlib
import json
import math
import os
import pathlib
import signal
import socket
import ssl
import struct
import termios
import time

import certificates
import chat

STREAM = ("--reply-end", "json:end=true")
MEMBERS = {
    "id", "seq", "connection", "due", "sent", "first", "done", "bytes", "messages", "outcome"
}


class Lines(chat.Case):
    def test_each_request_has_one(self):
        server = self.replies()
        script = [[2, "part"], [4, "end", 200]]
        flags = ("-c", 10, "-n", 500, "-t", 2, "--record", "r.jsonl")
        run = self.play(server, [script], *STREAM, *flags)
        self.assert_passed(run, 500)
        self.assertEqual(run.summary["record"], {"lost": 0})
        lines, counts = self.records("r.jsonl"), server.stop()
        self.assertEqual({frozenset(line) for line in lines}, {frozenset(MEMBERS)})
        self.assertEqual({line["id"] for line in lines},
                         {json.loads(text)["id"] for text in counts["texts"]})
        self.assertEqual(sorted(line["seq"] for line in lines), list(range(1, 501)))
        self.assertEqual({line["connection"] for line in lines}, set(range(1, 11)))
        self.assertEqual({line["outcome"] for line in lines}, {"ok"})
        self.assertEqual({line["messages"] for line in lines}, {2})
        self.assertEqual(sum(line["bytes"] for line in lines), counts["sent_bytes"])
        for line in lines:
            self.assertTrue(line["due"] <= line["sent"] < line["first"] <= line["done"], line)
        self.check_times(run, lines)

    def check_times(self, run, lines):
        """The summary's figures out of the lines: to a microsecond, and a percentile to 0.1 %."""
        for name, begin, end in (("latency", "sent", "done"), ("ttfm", "sent", "first")):
            times = sorted((line[end] - line[begin]) / 1000 for line in lines)
            figures = run.summary[name]
            self.assertAlmostEqual(figures["min"], times[0], delta=2e-6)
            self.assertAlmostEqual(figures["max"], times[-1], delta=2e-6)
            self.assertAlmostEqual(figures["average"], sum(times) / len(times), delta=2e-6)
            p95 = times[math.ceil(0.95 * len(times)) - 1]
            self.assertAlmostEqual(figures["p95"], p95, delta=2e-6 + 0.001 * p95)

    def test_replies_are_kept_when_asked_for(self):
        server = self.replies()
        script = [[0, "text", 'Grüße, "ID"'], [1, "text", "\\ \u0001"], [2, "end"]]
        flags = ("--record", "r", "--record-replies", "-n", 20, "-c", 2)
        run = self.play(server, [script], *STREAM, *flags)
        self.assert_passed(run, 20)
        for line in self.records("r"):
            end = json.dumps({"id": line["id"], "end": True}, separators=(",", ":"))
            self.assertEqual(line["reply"], f'Grüße, "{line["id"]}"\n\\ \u0001\n{end}')
            self.assertEqual(line["bytes"], len(line["reply"].encode()) - 2)  # without the breaks

    def test_outcomes(self):
        server = self.replies()
        scripts = [
            [[0, "end"]],
            [[0, "part"], [5, "close", 1001]],
            [[0, "gateway", "Forbidden"]],
            [],
            [[0, "part"], [5, "end"]],
        ]
        flags = ("--timeout", "300ms", "--record", "r", "--expect", "json:end=true")
        run = self.play(server, scripts, "--reply-end", "json:end", *flags)
        self.assert_counts(run, ok=2, failed=3)
        lines = {line["seq"]: line for line in self.records("r")}
        outcomes = [(lines[n]["outcome"], lines[n].get("detail", "")) for n in range(1, 6)]
        self.assertEqual(outcomes, [
            ("ok", ""), ("truncated", "closed 1001"), ("gateway_error", "Forbidden"),
            ("reply_timeout", ""), ("ok", ""),
        ])
        self.assertIsNone(lines[4]["first"])
        self.assertEqual((lines[4]["messages"], lines[4]["bytes"]), (0, 0))

    def test_the_warm_up_is_marked(self):
        server = self.replies()
        flags = ("-r", 100, "-d", "500ms", "--warmup", "500ms", "-c", 5, "--record", "r")
        run = self.play(server, [[[0, "end"]]], *flags)
        self.assertEqual(run.code, 0, run)
        lines = self.records("r")
        self.assertEqual(len(lines), 100)
        self.assertEqual(sum(line.get("warmup", False) for line in lines), 50)
        self.assertEqual(run.summary["total_requests"], 50)

    def test_unanswered_ones(self):
        server = self.replies()
        process = self.start(
            "-c", 2, "-d", "10m", "--record", "r", "--template", chat.SCRIPTED, server.url(),
            self.scripts([[0, "part"]], []), "--reply-end", "json:end",
        )
        self.wait_for(lambda: server.counts()["messages"] == 2, "two requests")
        process.send_signal(2)
        run = self.finish(process)
        self.assertEqual((run.code, run.summary["accounting"]["unanswered"]), (130, 2), run)
        self.assertEqual([line["outcome"] for line in self.records("r")], ["unanswered"] * 2)

    def test_many(self):
        """Each is either written or counted as lost."""
        server = self.replies()
        flags = ("-c", 20, "-n", 20_000, "--record", "r", "--record-replies")
        run = self.play(server, [[[0, "end", 2000]]], *flags)
        self.assert_passed(run, 20_000)
        self.assertEqual(len(self.records("r")) + run.summary["record"]["lost"], 20_000)

    def test_a_reader_that_stalls(self):
        """The pipe is full and nobody empties it: the run ends all the same."""
        os.mkfifo(self.dir / "pipe")
        reader = os.open(self.dir / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        run = self.play(self.replies(), [[[0, "end"]]], "-n", 2000, "--record", "pipe")
        self.assertEqual(run.code, 2, run)
        self.assertIn("--record: pipe", run.err)
        written = 0
        while piece := os.read(reader, 1 << 16):
            written += piece.count(b"\n")
        self.assertEqual(run.summary["successful_requests"], 2000, run)
        self.assertTrue(0 < written < 2000, written)

    def test_a_full_disk(self):
        run = self.play(self.replies(), [[[0, "end"]]], "-n", 20, "--record", "/dev/full")
        self.assertEqual(run.code, 2, run)
        self.assertIn("--record: /dev/full: No space left", run.err)
        self.assertEqual(run.summary["successful_requests"], 20, run)

    def test_a_path_that_cannot_be_written(self):
        run = self.wsload("--record", "/none/r", "ws://127.0.0.1:9/", self.prompts("a"))
        self.assert_mistake(run, "--record", "/none/r")

    def test_a_disk_that_is_full_ends_the_run_in_one_voice(self):
        server = self.replies()
        run = self.play(server, [[[0, "end", 20]]], "--record", "/dev/full", "-n", 5)
        self.assertEqual(run.code, 2, run)
        self.assertIn("/dev/full: No space left on device", run.err)
        self.assertRegex(run.out, r"FAILED   the record could not be written +exit 2\n")
        reason = "the record could not be written"
        self.assertEqual(run.summary["exit"], {"code": 2, "reason": reason})
        self.assertEqual(run.summary["record"], {"lost": 5})
        self.assertFalse(run.summary["passed"])

    def test_replies_need_a_record(self):
        run = self.wsload("--record-replies", "ws://127.0.0.1:9/", self.prompts("a"))
        self.assert_mistake(run, "--record-replies", "--record")


class Peer:
    """The server's side of one connection: takes a message, and sends when it is told to."""

    GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    TEXT, CLOSE = b"\x81", b"\x88"

    def __init__(self, listener, tls):
        accepted = listener.accept()[0]
        self.socket = tls.wrap_socket(accepted, server_side=True) if tls else accepted
        self.incoming = self.socket.makefile("rb")
        head = iter(self.incoming.readline, b"\r\n")
        key, = (line.split()[1] for line in head if line.lower().startswith(b"sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1(key + self.GUID).digest())
        self.socket.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
        )

    def read(self):
        """The payload of the next message, which is short, or of a close frame."""
        _, length, mask = struct.unpack("!BB4s", self.incoming.read(6))
        payload = self.incoming.read(length & 0x7F)
        return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))

    def send(self, text):
        """When it was sent, in nanoseconds since 1970."""
        sent_ns = time.time_ns()
        head = bytes([len(text)]) if len(text) < 126 else struct.pack("!BH", 126, len(text))
        self.socket.sendall(self.TEXT + head + text)
        return sent_ns

    def is_acknowledged(self):
        """Whether the other kernel has all that was sent."""
        waiting = fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, bytes(4))
        return struct.unpack("i", waiting) == (0,)

    def end(self):
        self.read()
        self.socket.sendall(self.CLOSE + b"\0")
        self.incoming.close()
        self.socket.close()


class Moments(chat.Case):
    """wsload is stopped while the replies come."""

    COUNT = 3
    PART, END = b"part", b"end" * 15_000  # read in several turns of wsload's loop
    STOP_S = 0.2

    def stop(self, process):
        process.send_signal(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{process.pid}/task")

        def all_stopped():
            states = [(task / "stat").read_text().rpartition(")")[2] for task in tasks.iterdir()]
            return all(state.split()[0] == "T" for state in states)

        self.wait_for(all_stopped, "the stop")

    def answer(self, process, peers):
        """Answers while PROCESS is stopped; gives when each part of each reply was sent, by seq,
        and when all of it had come and PROCESS went on."""
        asked = {int(peer.read()): peer for peer in peers}
        self.stop(process)
        sent = {seq: [peer.send(self.PART), peer.send(self.END)] for seq, peer in asked.items()}
        self.wait_for(lambda: all(peer.is_acknowledged() for peer in peers), "their arrival")
        came_ns = time.time_ns()
        time.sleep(self.STOP_S)
        resumed_ns = time.time_ns()
        process.send_signal(signal.SIGCONT)
        return sent, came_ns, resumed_ns

    def play(self, clock, tls, url, *flags):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = self.start(
                *("-c", self.COUNT, "-n", self.COUNT, "-t", 1, "--timestamps", clock, *flags),
                *("--template", "{{seq}}", "--reply-end", "contains:end", "--record", "r"),
                *(f"{url}:{listener.getsockname()[1]}/", self.prompts("a")),
            )
            peers = [Peer(listener, tls) for _ in range(self.COUNT)]
            times = self.answer(process, peers)
            for peer in peers:
                peer.end()
        run = self.finish(process)
        self.assert_passed(run, self.COUNT)
        return run, *times

    def moments(self, sent):
        """Of each part of each reply: when it was sent, and when it came by the record. In
        microseconds, since the record has no more."""
        for line in self.records("r"):
            for sent_ns, name in zip(sent[line["seq"]], ("first", "done"), strict=True):
                yield sent_ns // 1000, round(line[name] * 1000)

    def check_each_way(self, check):
        """Plain and over TLS."""
        authority = certificates.Authority(self.dir)
        made = authority.issue("server", "DNS:localhost")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(made.cert, made.key)
        for way in ((None, "ws://localhost"), (tls, "wss://localhost", "--cacert", authority.cert)):
            with self.subTest(url=way[1]):
                check(*way)

    def check_kernel(self, *way):
        run, sent, came_ns, resumed_ns = self.play("kernel", *way)
        for sent_us, moment_us in self.moments(sent):
            self.assertLessEqual(sent_us, moment_us)
            self.assertLessEqual(moment_us, came_ns // 1000)
        self.assertEqual(run.summary["timestamps"], {"kernel": 2 * self.COUNT, "user": 0})
        self.assertGreaterEqual(run.summary["reply_wait"]["min"], (resumed_ns - came_ns) / 1e9)

    def check_user(self, *way):
        run, sent, _, resumed_ns = self.play("user", *way)
        for _, moment_us in self.moments(sent):
            self.assertGreaterEqual(moment_us, resumed_ns // 1000)
        self.assertEqual(run.summary["timestamps"], {"kernel": 0, "user": 2 * self.COUNT})
        self.assertIsNone(run.summary["reply_wait"])

    def test_they_are_when_replies_came_and_not_when_they_were_read(self):
        self.check_each_way(self.check_kernel)

    def test_without_the_kernels_time_they_are_when_replies_were_read(self):
        self.check_each_way(self.check_user)


class Cost(chat.Case):
    KIB32 = 32 * 1024

    def test_by_hand(self):
        """Units of 32 KiB: what is sent is 1, 1 and 2, and the replies 1 + 1, 1 + 4 and 1 + 1."""
        server = self.replies()
        script = [[100, "part", self.KIB32], [200, "end", 0]]
        long = [[100, "part", 10], [200, "end", 3 * self.KIB32 + 1]]
        padded = [[0, "part"], [100, "end", 0, "x" * self.KIB32]]
        flags = ("--price-messages", 2, "--price-minutes", 0.5)
        began = time.monotonic()
        run = self.play(server, [script, long, padded], *STREAM, *flags)
        minutes = (time.monotonic() - began) / 60
        self.assert_passed(run, 3)
        counts, cost = server.stop(), run.summary["cost"]
        self.assertEqual(cost["billed_messages"], (1 + 1 + 2) + (1 + 1) + (1 + 4) + (1 + 1))
        load = run.summary["load"]
        self.assertEqual((load["price_messages"], load["price_minutes"]), (2, 0.5))
        self.assertAlmostEqual(cost["messages"], 13 * 2 / 1e6, places=9)
        # One connection, open for the 500 ms of the three replies and a little.
        self.assertTrue(0.5 / 60 <= cost["connection_minutes"] <= minutes, cost)
        self.assertAlmostEqual(cost["minutes"], cost["connection_minutes"] * 0.5 / 1e6, places=9)
        self.assertAlmostEqual(cost["total"], cost["messages"] + cost["minutes"], delta=2e-9)
        self.assertAlmostEqual(cost["per_1000_prompts"], cost["total"] / 3 * 1000, delta=1e-6)
        self.assertEqual((cost["currency"], cost["account_quota_per_second"]), ("USD", 10000))
        traffic = run.summary["traffic"]
        self.assertEqual(traffic["sent_bytes"], counts["received_bytes"])
        self.assertEqual(traffic["received_bytes"], counts["sent_bytes"])
        self.assertEqual(traffic["received_messages"], 6)
        self.assertIn("estimated", run.out)
        self.assertIn("$2.00 per million messages, $0.50 per million minutes", run.out)

    def test_the_rate_of_messages_is_of_both_directions(self):
        server = self.replies()
        script = [[0, "part"], [0, "part"], [0, "end"]]
        flags = ("-r", 100, "-d", "2s", "-c", 10)
        run = self.play(server, [script], *STREAM, *flags)
        self.assert_passed(run, 200)
        self.assertEqual(run.summary["cost"]["billed_messages"], 800)
        took = run.summary["total_time"] + run.summary["drain"]["time"]
        self.assertAlmostEqual(run.summary["cost"]["messages_per_second"], 800 / took, delta=1)

    def test_the_default_rates_are_those_of_us_east_1(self):
        run = self.play(self.replies(), [[[0, "end"]]])
        load = run.summary["load"]
        self.assertEqual((load["price_messages"], load["price_minutes"]), (1, 0.25))
        self.assertNotIn("estimate", run.out)  # no API Gateway, and no price was asked for


if __name__ == "__main__":
    chat.main()
