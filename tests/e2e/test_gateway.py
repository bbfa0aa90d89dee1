"""API Gateway's limits as a client meets them, each at `wsload serve` (docs/AWS.md), and that the
documents name no option that there is not."""

import re
import shlex
import subprocess

import chat
import harness

DOCUMENTS = [harness.ROOT / "docs" / name for name in ("AWS.md", "BACKENDS.md")]
TIMED_OUT = ("gateway_error", "Endpoint request timed out")
THROTTLED = ("gateway_error", "Too Many Requests")


class Quotas(chat.Case):
    def served_counts(self, server):
        """{what: number} out of the line that serve ends with."""
        return {what: int(n) for n, what in re.findall(r"(\d+) ([a-z]+)", server.stop().out)}

    def test_new_connections(self):
        server = self.serve("--connect-quota", 5)
        run = self.wsload("-c", 12, "-n", 12, server.url(), self.prompts("a"))
        [error] = run.summary["errors"]
        self.assertEqual((error["kind"], error["detail"]), ("handshake_status", "429"), run)
        self.assertGreaterEqual(error["count"], 1)
        self.assertIn("x-amzn-ErrorType", error["example"])
        self.assertIn("usage plan", run.out)
        counts = self.served_counts(server)
        connections = run.summary["connections"]
        self.assertEqual(counts["connections"], connections["opened"] + connections["reopened"])
        self.assertEqual(counts["handshakes"], connections["failed"])

    def test_a_gentler_connect_rate_keeps_to_it(self):
        server = self.serve("-q", "--connect-quota", 20)
        flags = ("-c", 15, "-n", 15, "--connect-rate", 15)
        self.assert_passed(self.wsload(*flags, server.url(), self.prompts("a")), 15)

    def test_messages(self):
        server = self.serve("--message-quota", 50)
        run = self.wsload("-r", 200, "-d", "1s", "-c", 5, server.url(), self.prompts("a"))
        failed = run.summary["failed_requests"]
        self.assertEqual(run.errors(), {THROTTLED: failed})
        self.assertTrue(1 <= failed <= 150, failed)  # 50 in the first second at the least
        self.assertEqual(run.summary["connections"]["closed_by_server"], 0)
        counts = self.served_counts(server)
        self.assertEqual((counts["messages"], counts["errors"]), (200, failed))


class Sizes(chat.Case):
    """128 KiB in a message, 32 KiB in a frame."""

    TEMPLATE = '{"message": "%s"}'
    MAXIMUM = 128 * 1024

    def send(self, length, *flags):
        text = "x" * (length - len(self.TEMPLATE % ""))
        path = self.write("message.json", self.TEMPLATE % text)
        server = self.serve("-q", "--reply", "ok")
        return self.wsload(
            "--template", f"@{path}", "-c", 2, "-n", 4, *flags, server.url(), self.prompts("a")
        )

    def test_a_long_message_goes_in_frames_that_are_short_enough(self):
        for length in (32768, 32769, 65536, 100_000, self.MAXIMUM):
            with self.subTest(length=length):
                run = self.send(length)
                self.assert_passed(run, 4)
                self.assertEqual(run.summary["traffic"]["sent_bytes"], 4 * length)
                units = -(-length // 32768)
                self.assertEqual(run.summary["cost"]["billed_messages"], 4 * (units + 1))

    def test_a_longer_one_is_refused_before_the_run(self):
        self.assert_mistake(self.send(self.MAXIMUM + 1), "131,073", "--allow-oversize")

    def test_or_the_connection_closes_with_1009(self):
        run = self.send(self.MAXIMUM + 1, "--allow-oversize", "-c", 1, "-n", 1)
        self.assertEqual(run.errors(), {("closed", "1009"): 1})
        self.assertIn("128 KiB", run.out)


class Integration(chat.Case):
    """An answer that takes longer than 29 s, in less."""

    def ask(self, *flags):
        server = self.serve(
            "-q", "--delay", "400ms", "--stream", 3, "--gap", "10ms", "--reply-end", "END",
            "--integration-timeout", "100ms",
        )
        return self.wsload("-c", 2, "-n", 4, *flags, server.url(), self.prompts("a"))

    def test_a_stream_goes_on_behind_the_error_frame(self):
        run = self.ask("--reply-end", "text:END")
        self.assert_counts(run, ok=4)
        self.assertEqual(run.errors(), {TIMED_OUT: 4})
        self.assertEqual([error["requests"] for error in run.summary["errors"]], [0])
        self.assert_messages(run, 4)
        self.assertGreaterEqual(run.summary["ttfm"]["min"], 0.400)

    def test_unless_it_is_said_to_be_final(self):
        run = self.ask("--reply-end", "text:END", "--gateway-timeout", "final", "-n", 2)
        self.assertEqual(run.errors(), {TIMED_OUT: 2})
        self.assertEqual(run.summary["failed_requests"], 2)


class Doors(chat.Case):
    def test_a_header_that_an_authorizer_wants(self):
        server = self.serve("-q", "--require-header", "x-api-key: k3y")
        key = self.write("key", "k3y\n")
        flags = ("-c", 2, "-n", 2, server.url(), self.prompts("a"))
        self.assert_passed(self.wsload("--api-key-file", key, *flags), 2)
        run = self.wsload(*flags)
        self.assertEqual(run.code, 3, run)
        self.assertEqual({error["detail"] for error in run.summary["errors"]}, {"401"})

    def test_a_binary_message_is_not_taken(self):
        """wsload sends none; the server stands for API Gateway here."""
        server = self.serve("-q")
        script = (
            "const ws = new (require('ws').WebSocket)(process.argv[1]);"
            "ws.on('open', () => ws.send(Buffer.from('a')));"
            "ws.on('close', code => console.log(code))"
        )
        done = subprocess.run(
            ["node", "-e", script, server.url()], cwd=harness.HERE, check=True,
            capture_output=True, text=True,
        )
        self.assertEqual(done.stdout, "1003\n")


class Documents(chat.Case):
    def command_lines(self):
        """(document, words) of each command line of wsload in them."""
        for path in DOCUMENTS:
            for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.S):
                for line in block.replace("\\\n", "").splitlines():
                    words = shlex.split(line, comments=True)
                    if words and words[0] == "wsload":
                        yield path.name, words[1:]

    def check_rehearsal(self, server):
        run = self.wsload("--hold", "-c", 2, "-d", "10ms", server.url())
        self.assertEqual((run.code, run.summary["connections"]["opened"]), (0, 2), run)
        self.assertEqual(server.stop().code, 0)

    def test_their_command_lines_are_understood(self):
        """What a backend's own flags would be is left out there."""
        lines = list(self.command_lines())
        self.assertGreaterEqual(len(lines), 20)
        (self.dir / "docs").symlink_to(DOCUMENTS[0].parent)
        self.write("users.csv", "id_token\na\n")
        nobody = f"ws://127.0.0.1:{self.refused_port()}/"
        env = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        for name, words in lines:
            with self.subTest(document=name, words=words):
                if words[0] == "serve":
                    self.check_rehearsal(self.serve("-q", *words[1:]))
                    continue
                flags = [word for word in words if word not in ("...", "$URL", "prompts.txt")]
                flags = [word for word in flags if not word.startswith("wss://")]
                flags += ["--reply-end", "json:end"] if "..." in words else []
                run = self.wsload(*flags, nobody, self.prompts("a"), env=env)
                self.assertEqual(run.code, 3, run)  # nobody is there

    def test_options_in_their_text_exist(self):
        for path in DOCUMENTS:
            text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
            for option in sorted(set(re.findall(r"`(--[a-z0-9-]+)", text))):
                with self.subTest(document=path.name, option=option):
                    run = self.wsload("help", option)
                    self.assertEqual(run.code, 0, run)


if __name__ == "__main__":
    harness.main()
