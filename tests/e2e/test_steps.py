"""--setup: what is said on a connection before its first prompt, and before each."""

import json

import chat
import harness

HELLO = {"send": '{"hello": {{connection}}}', "expect": "text:welcome"}


class Case(chat.Case):
    def setup_file(self, **steps):
        return self.write("setup.json", json.dumps(steps))

    def hellos(self, counts):
        return [text for text in counts["texts"] if "hello" in text]


class OnConnect(Case):
    def test_each_connection_says_it_once(self):
        server = self.replies()
        flags = ("--setup", self.setup_file(on_connect=[HELLO]), "-c", 4, "-n", 40)
        run = self.play(server, [[[1, "end"]]], *flags)
        self.assert_passed(run, 40)
        self.assert_counts(run, ok=40)
        counts = server.stop()
        self.assertEqual(counts["messages"], 44)
        self.assertEqual(set(self.hellos(counts)), {f'{{"hello": {n}}}' for n in range(1, 5)})

    def test_it_is_said_again_on_a_connection_that_was_opened_again(self):
        server = self.replies()
        flags = ("--setup", self.setup_file(on_connect=[HELLO]), "-n", 3, "--reply-end", "close")
        run = self.play(server, [[[1, "end"], [2, "close", 1000]]], *flags)
        self.assert_passed(run, 3)
        counts = server.stop()
        self.assertEqual(len(self.hellos(counts)), counts["connections"])

    def test_it_is_no_part_of_a_latency(self):
        server = self.replies(greeting="ready")
        steps = [{"expect": "text:ready"}, HELLO, {"send": '{"ping": 1}'}]
        run = self.play(
            server, [[[1, "end"]]] * 3, "--setup", self.setup_file(on_connect=steps)
        )
        self.assert_passed(run, 3)
        self.assert_counts(run, ok=3)
        counts = server.stop()
        self.assertEqual((counts["messages"], counts["pings"]), (5, 1))
        traffic = run.summary["traffic"]
        self.assertEqual(traffic["sent_messages"], counts["messages"])
        self.assertEqual(traffic["received_messages"], counts["sent"])
        self.assertEqual(traffic["sent_bytes"], counts["received_bytes"])
        self.assertEqual(traffic["received_bytes"], counts["sent_bytes"])

    def test_another_answer_fails_the_connection(self):
        server = self.replies()
        steps = [{**HELLO, "expect": "text:come in"}]
        flags = ("--setup", self.setup_file(on_connect=steps), "--timeout", "300ms", "-d", "1s")
        run = self.play(server, [[[1, "end"]]], *flags)
        self.assertNotEqual(run.code, 0, run)
        self.assertEqual({(e["kind"], e["detail"]) for e in run.summary["errors"]},
                         {("setup", "on_connect 1")}, run)
        self.assertEqual(run.summary["successful_requests"], 0)

    def test_no_answer_fails_it_too(self):
        server = self.replies()
        steps = [HELLO, {"send": '{"ping": 1}', "expect": "contains:pong"}]
        flags = ("--setup", self.setup_file(on_connect=steps), "--timeout", "200ms", "-d", "1s")
        run = self.play(server, [[[1, "end"]]], *flags)
        self.assertNotEqual(run.code, 0, run)
        self.assertEqual({(e["kind"], e["detail"]) for e in run.summary["errors"]},
                         {("setup", "on_connect 2")}, run)


class BeforeRequest(Case):
    def test_it_is_part_of_the_request(self):
        """Latency counts from the first step on."""
        server = self.replies()
        step = {"send": '{"id": "x", "do": [[50, "text", "go on"]]}', "expect": "text:go on"}
        flags = ("--setup", self.setup_file(before_request=[HELLO, step]), "-n", 4, "-c", 2)
        run = self.play(server, [[[1, "end"]]], *flags)
        self.assert_passed(run, 4)
        self.assert_counts(run, ok=4)
        self.assertGreaterEqual(run.summary["latency"]["min"], 0.050)
        self.assertEqual(server.stop()["messages"], 12)

    def test_at_a_rate(self):
        server = self.replies()
        steps = self.setup_file(on_connect=[HELLO], before_request=[HELLO])
        flags = ("--setup", steps, "-r", 100, "-n", 100, "-c", 20, "-t", 2)
        run = self.play(server, [[[5, "end"]]], *flags)
        self.assert_passed(run, 100)
        self.assert_counts(run, ok=100)
        self.assertEqual(server.stop()["messages"], 20 + 200)

    def test_on_a_connection_of_its_own(self):
        server = self.replies()
        steps = self.setup_file(on_connect=[HELLO], before_request=[HELLO])
        flags = ("--setup", steps, "--connection-per-request", "-c", 3, "-n", 12)
        run = self.play(server, [[[5, "end"]]], *flags)
        self.assert_passed(run, 12)
        counts = server.stop()
        self.assertEqual((counts["connections"], counts["messages"]), (12, 36))

    def test_another_answer_fails_the_request(self):
        server = self.replies()
        step = {"send": '{"id": "x", "do": [[1, "text", "no"]]}', "expect": "text:yes"}
        flags = ("--setup", self.setup_file(before_request=[step]), "--timeout", "300ms")
        run = self.play(server, [[[1, "end"]]] * 2, *flags)
        self.assert_counts(run, failed=2)
        self.assertEqual(run.errors(), {("setup", "before_request 1"): 2})
        self.assertEqual(server.stop()["messages"], 2)

    def test_steps_know_the_request(self):
        server = self.replies()
        step = {"send": '{"ping": "{{id}} {{seq}} {{prompt}}"}'}
        run = self.wsload(
            "-c", 1, "--setup", self.setup_file(before_request=[step]),
            "--template", '{"id": "{{id}}", "do": [[0, "end"]]}', server.url(),
            self.prompts('say "a"', "b"),
        )
        self.assert_passed(run, 2)
        texts = [json.loads(text) for text in server.stop()["texts"]]
        pings = [text["ping"] for text in texts if "ping" in text]
        ids = [text["id"] for text in texts if "id" in text]
        self.assertEqual(pings, [f'{ids[0]} 1 say "a"', f"{ids[1]} 2 b"])


class Parts(Case):
    """A prompt in parts; the server puts them together again."""

    STEPS = [
        {"send": '{"step": "START"}', "expect": "text:Session started."},
        {
            "send": '{"step": "BODY", "index": {{part}}, "part": "{{prompt:part}}"}',
            "expect": "text:Message part received.",
            "part_characters": 1000,
        },
    ]

    def run_parts(self, prompts, steps):
        server = self.backend("bedrock-chat", messages=3)
        flags = (
            "--setup", self.setup_file(before_request=steps), "--template", '{"step": "END"}',
            "--reply-end", "json:status=STREAMING_END", "--ignore", "text:Message sent.", "-c", 1,
        )
        run = self.wsload(*flags, server.url(), self.prompts(*prompts))
        self.assert_passed(run, len(prompts))
        self.assert_messages(run, 3)
        return server.stop()

    def assert_whole(self, counts, prompts):
        """The server saw PROMPTS; the first that differs is shown in part, for they are long."""
        self.assertEqual(len(counts["texts"]), len(prompts))
        for seen, prompt in zip(counts["texts"], prompts):
            self.assertTrue(seen == prompt, (len(seen), len(prompt), seen[:80], prompt[:80]))

    def test_a_long_prompt_is_split(self):
        prompts = ["a" * 999, "b" * 1000, "c" * 1001, "d" * 10_000]
        counts = self.run_parts(prompts, self.STEPS)
        self.assert_whole(counts, prompts)
        self.assertEqual((counts["parts"], counts["malformed"]), (1 + 1 + 2 + 10, 0))

    def test_characters_and_escapes_stay_whole(self):
        prompts = ["é" * 1500, "😀" * 1001, 'say "x" \\.' * 300, ".\t\u2028x" * 400]
        counts = self.run_parts(prompts, self.STEPS)
        self.assert_whole(counts, prompts)
        self.assertEqual(counts["parts"], 2 + 2 + 3 + 2)

    def test_a_document_around_the_prompt_can_be_split(self):
        document = '{"id": "{{id}}", "text": "{{prompt}}"}'
        steps = [self.STEPS[0], {**self.STEPS[1], "parts_of": document}]
        counts = self.run_parts(['"' + "a" * 5000], steps)
        self.assertEqual(json.loads(counts["texts"][0])["text"], '"' + "a" * 5000)
        self.assertEqual(counts["parts"], 6)

    def test_the_default_fits_into_a_message_of_api_gateway(self):
        steps = [self.STEPS[0], {k: v for k, v in self.STEPS[1].items() if k != "part_characters"}]
        counts = self.run_parts(["x" * 100_000], steps)
        self.assert_whole(counts, ["x" * 100_000])
        self.assertEqual(counts["parts"], 4)


class Mistakes(Case):
    def test_a_file_that_is_wrong(self):
        cases = (
            ("{", ""),
            ('{"on_conect": []}', "on_conect"),
            ('{"on_connect": [{"sent": "x"}]}', "sent"),
            ('{"before_request": [{"send": "{{prompts}}"}]}', "prompts"),
            ('{"before_request": [{"send": "x", "expect": "jsn:status"}]}', "expect"),
            ('{"before_request": [{"expect": "text:x"}]}', "send"),
        )
        for content, named in cases:
            with self.subTest(content=content):
                path = self.write("wrong.json", content)
                run = self.wsload("--setup", path, "ws://127.0.0.1:9/", self.prompts("a"))
                self.assert_mistake(run, "--setup", "wrong.json", named)

    def test_a_file_that_is_not_there(self):
        run = self.wsload("--setup", "none.json", "ws://127.0.0.1:9/", self.prompts("a"))
        self.assert_mistake(run, "--setup", "none.json")


if __name__ == "__main__":
    harness.main()
