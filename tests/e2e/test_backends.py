"""The nine rows of docs/BACKENDS.md: its command lines are what is run here, against a server that
was written from what the samples say (servers/backends.js) and against `wsload serve --profile`.
Times are in test_backends_times.py."""

import dataclasses
import re
import shlex

import chat
import harness

DOCUMENT = harness.ROOT / "docs" / "BACKENDS.md"
MESSAGES, FIRST_MS, GAP_MS = 8, 40, 20
REQUESTS = 20


@dataclasses.dataclass
class Row:
    """What the server sees and sends for a prompt, and what an error becomes."""

    stream: bool = True
    failure: tuple = ("error_reply", "")
    patience: str = "1s"  # until an answer is known to hang
    hangs: tuple = ("truncated", "reply_timeout")  # None: no message tells that it hangs
    error_messages: int = 1
    ignored: int = 0
    late: int = 0
    steps: int = 0  # messages in front of the prompt, each with an answer
    marker: bool = True  # a stream ends with a message of its own


ROWS = {
    "mcn-load-test": Row(stream=False, hangs=("reply_timeout", "")),
    "bedrock-chat": Row(ignored=1, steps=2),
    "genai-application-builder": Row(ignored=2, error_messages=2),
    "serverless-patterns": Row(),
    "serverless-patterns-rust": Row(
        failure=("reply_timeout", ""), patience="2500ms", hangs=None, error_messages=0, marker=False
    ),
    "genai-llm-chatbot": Row(late=1),
    "korean-chatbot": Row(),
    "amazon-bedrock-websocket": Row(failure=("reply_timeout", ""), error_messages=0),
    "simple-chat": Row(
        stream=False,
        failure=("gateway_error", "Internal server error"),
        hangs=("reply_timeout", ""),
    ),
}


def commands(name):
    """The command lines in the section of the document that is headed NAME."""
    [section] = re.findall(rf"^### {name}\n(.*?)(?=^##)", DOCUMENT.read_text(), re.S | re.M)
    [block, *_] = re.findall(r"```sh\n(.*?)```", section, re.S)
    return [shlex.split(line) for line in block.replace("\\\n", "").strip().splitlines()]


def command(name):
    """The flags of the first one, without its address and its prompts."""
    program, *flags, url, prompts = commands(name)[0]
    assert (program, url, prompts) == ("wsload", "$URL", "prompts.txt"), (name, program, url)
    return flags


class Case(chat.Case):
    def setUp(self):
        super().setUp()
        (self.dir / "docs").symlink_to(DOCUMENT.parent)  # for the files that a command names
        self.write("users.csv", "id_token\nt0ken-1\nt0ken-2\n")

    def run_row(self, name, url, *flags, prompt="tell me a story"):
        given = command(name)
        connections = () if "-c" in given else ("-c", 5)
        return self.wsload(*given, *connections, *flags, url, self.prompts(prompt))

    def most(self, name):
        """How many connections may take a last message with them that nobody waits for."""
        return 1 if "-c" in command(name) else 5

    def check_strays(self, run, name, requests):
        """All messages that are no part of a reply are counted as what they are. Those behind the
        last reply of a connection may be too late for the run to see them."""
        row, summary = ROWS[name], run.summary
        self.assertEqual(summary["unsolicited_messages"], 0, run)
        for member, each in (("ignored_messages", row.ignored), ("late_messages", row.late)):
            counted = summary[member]
            least = requests * each - (self.most(name) if each else 0)
            self.assertTrue(least <= counted <= requests * each, (member, counted, run.out))

    def check_counts(self, run, name, requests=REQUESTS):
        row, summary = ROWS[name], run.summary
        self.assert_passed(run, requests)
        self.check_strays(run, name, requests)
        checks = [reason["check"] for reason in summary["validity"]["reasons"]]
        self.assertNotIn("unasked", checks, run)
        self.assertEqual(summary["traffic"]["sent_messages"], requests * (1 + row.steps))
        if not row.stream:
            self.assertIsNone(summary["messages_per_reply"])
            return
        per_reply = summary["messages_per_reply"]
        self.assertEqual(
            (per_reply["min"], per_reply["max"], per_reply["average"]), (MESSAGES,) * 3, per_reply
        )


class NodeCase(Case):
    """Against node's ws."""

    def start_backend(self, name):
        return self.backend(name, messages=MESSAGES, first_ms=FIRST_MS, gap_ms=GAP_MS)

    def check_server(self, server, run, name):
        counts, row = server.stop(), ROWS[name]
        self.assertEqual((counts["prompts"], counts["malformed"]), (REQUESTS, 0))
        self.assertEqual(counts["messages"], REQUESTS * (1 + row.steps))
        self.assertEqual(counts["replies"], REQUESTS * (MESSAGES if row.stream else 1))
        for text in counts["texts"]:  # bedrock-chat's is a document around it
            self.assertIn("tell me a story", text)
        self.assertEqual(counts["closes"], {"1000": counts["connections"]})
        self.assertEqual(run.summary["traffic"]["sent_bytes"], counts["received_bytes"])
        if name == "mcn-load-test":
            self.assertEqual(counts["connections"], REQUESTS)
            self.assertTrue(counts["requests"][0]["origin"].startswith("https://"))
        if name == "genai-llm-chatbot":
            tokens = {request["url"].rsplit("?", 1)[1] for request in counts["requests"]}
            self.assertEqual(tokens, {"token=t0ken-1", "token=t0ken-2"})


class Table(NodeCase):
    def test_errors(self):
        for name, row in ROWS.items():
            with self.subTest(backend=name):
                server = self.start_backend(name)
                flags = ("-n", 10, "--timeout", row.patience)
                run = self.run_row(name, server.url(), *flags, prompt="please FAIL")
                self.assert_counts(run, failed=10)
                self.assertEqual(run.errors(), {row.failure: 10}, run)
                counts = server.stop()
                self.assertEqual((counts["failed"], counts["malformed"]), (10, 0))
                self.assertEqual(counts["errors"], 10 * row.error_messages)

    def test_replies_that_hang(self):
        for name, row in ROWS.items():
            if row.hangs is None:
                continue
            with self.subTest(backend=name):
                server = self.start_backend(name)
                flags = ("-n", 5, "--timeout", row.patience)
                run = self.run_row(name, server.url(), *flags, prompt="please HANG")
                self.assertEqual(run.summary["failed_requests"], 5, run)
                self.assertEqual(run.errors(), {row.hangs: 5}, run)

    def test_an_error_between_good_replies_disturbs_none_of_them(self):
        for name, row in ROWS.items():
            if row.failure[0] == "reply_timeout":
                continue
            with self.subTest(backend=name):
                server = self.backend(name, messages=3, first_ms=2, gap_ms=2)
                prompts = self.prompts("one", "FAIL", "two")
                flags = [flag for flag in command(name)]
                count = () if "-c" in flags else ("-c", 1)
                run = self.wsload(*flags, *count, "-n", 30, server.url(), prompts)
                self.assertEqual(run.summary["successful_requests"], 20, run)
                self.assertEqual(run.errors(), {row.failure: 10}, run)
                if row.stream:
                    self.assert_messages(run, 3)
                self.assertEqual(run.summary["unsolicited_messages"], 0, run)


class Together(Case):
    def test_several_prompts_at_a_time_on_a_connection(self):
        """Where the rows have an id for it."""
        for name in ("genai-llm-chatbot", "korean-chatbot"):
            with self.subTest(backend=name):
                server = self.backend(name, messages=MESSAGES, first_ms=20, gap_ms=10)
                run = self.run_row(name, server.url(), "-n", 200, "--in-flight", 10)
                self.check_strays_together(run, name, server.stop())
                self.assert_messages(run, MESSAGES)

    def check_strays_together(self, run, name, counts):
        self.assert_passed(run, 200)
        self.assertEqual((counts["prompts"], counts["connections"]), (200, 5))
        self.assertEqual(run.summary["unsolicited_messages"], 0)
        late = 200 * ROWS[name].late
        self.assertTrue(late * 0.7 <= run.summary["late_messages"] <= late, run)

    def test_a_message_to_everyone(self):
        """simple-chat over four connections, told apart by an id in the text: three of each four
        copies are for others, and stray."""
        flags = commands("simple-chat")[1][1:-2]
        server = self.backend("simple-chat", first_ms=5)
        run = self.wsload(*flags, "-n", 40, server.url(), self.prompts("a"))
        connections = run.summary["connections"]["requested"]
        self.assertGreater(connections, 1)
        self.assert_passed(run, 40)
        counts = server.stop()
        self.assertEqual((counts["prompts"], counts["malformed"]), (40, 0))
        strays = run.summary["unsolicited_messages"] + run.summary["late_messages"]
        # Copies of a connection's last messages may come when it has closed already.
        self.assertTrue(40 * (connections - 1) * 0.7 <= strays <= 40 * (connections - 1), run)


class ProfileCase(Case):
    """Against wsload's own server, as the document says to rehearse."""

    def start_profile(self, name, *flags):
        return self.serve("--profile", name, *flags)

    def timing(self, name):
        delay = ("--delay", f"{FIRST_MS}ms")
        if not ROWS[name].stream:
            return delay
        return (*delay, "--stream", MESSAGES - ROWS[name].marker, "--gap", f"{GAP_MS}ms")

    def check_server(self, server, run, name):
        ended, row = server.stop(), ROWS[name]
        counts = {what: int(n) for n, what in re.findall(r"(\d+) (\w+(?: sent)?)", ended.out)}
        self.assertEqual(counts["connections"], run.summary["connections"]["opened"])
        self.assertEqual((counts["messages"], counts["errors"]), (REQUESTS * (1 + row.steps), 0))
        if not (row.ignored or row.late):  # strays belong to what the server calls a reply
            self.assertEqual(counts["replies"], REQUESTS)
        sent = counts.get("messages sent", counts["replies"])
        self.assertEqual(sent, run.summary["traffic"]["received_messages"])


class Profiles(ProfileCase):
    def test_errors(self):
        for name, row in ROWS.items():
            with self.subTest(backend=name):
                server = self.start_profile(name, "--error-rate", 100)
                run = self.run_row(name, server.url(), "-n", 10, "--timeout", row.patience)
                self.assertEqual(run.errors(), {row.failure: 10}, run)
                self.assertEqual(run.summary["failed_requests"], 10)

    def test_the_document_says_how_to_rehearse(self):
        for name in ROWS:
            self.assertIn(f"wsload serve --profile {name}", DOCUMENT.read_text())


if __name__ == "__main__":
    harness.main()
