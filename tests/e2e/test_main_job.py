"""Prompts in, verdict out: what the servers counted is what the summary says."""

import collections
import json
import time

import certificates
import harness

PROMPTS = ("Hello", 'He said "no" \\ then left', "Où est la bibliothèque ?", "電池 👍")


def message(prompt):
    """What the default template makes of PROMPT, as any JSON reader sees it."""
    return {"message": prompt}


class Counterparts(harness.Case):
    """Servers that we did not write, held connections and one per request."""

    def check(self, url, counted, requests=400, connections=20, *flags):
        """Runs against URL; COUNTED() gives (connections, messages, {text: times}) of the server."""
        file = self.prompts(*PROMPTS)
        run = self.wsload("-n", requests, "-c", connections, *flags, url, file)
        self.assert_passed(run, requests)
        opened, messages, texts = counted()
        self.assertEqual(messages, requests)
        self.assertEqual(run.summary["connections"]["opened"], opened)
        self.assertEqual(run.summary["connections"]["requested"], connections)
        self.assertEqual(run.summary["connections"]["failed"], 0)
        seen = {json.loads(text)["message"]: times for text, times in texts.items()}
        self.assertEqual(seen, {prompt: requests // len(PROMPTS) for prompt in PROMPTS})
        return run

    def counted_by(self, server):
        def counted():
            counts = server.stop()
            self.assertEqual(counts["closes"], {"1000": counts["connections"]})
            return counts["connections"], counts["messages"], collections.Counter(counts["texts"])

        return counted

    def test_node_ws(self):
        server = self.node()
        self.check(server.url(), self.counted_by(server))
        self.assertEqual(server.final["connections"], 20)
        self.assertEqual(server.final["most_open"], 20)
        self.assertEqual(server.final["binary"], 0)

    def test_python_websockets(self):
        server = self.python()
        self.check(server.url(), self.counted_by(server))

    def test_nginx_in_front_of_node(self):
        certificate = certificates.Authority(self.dir)
        server = self.node()
        front = self.nginx(server, certificate.issue("front", "DNS:localhost"))
        url = front.url("wss", "localhost")
        self.check(url, self.counted_by(server), 400, 20, "--cacert", certificate.cert)

    def test_nginx_in_front_of_python(self):
        certificate = certificates.Authority(self.dir)
        server = self.python()
        front = self.nginx(server, certificate.issue("front", "DNS:localhost"))
        url = front.url("wss", "localhost")
        self.check(url, self.counted_by(server), 400, 20, "--cacert", certificate.cert)

    def test_one_connection_per_request(self):
        for server in (self.node(), self.python()):
            with self.subTest(server=server.process.args[1]):
                self.check(
                    server.url(), self.counted_by(server), 200, 10, "--connection-per-request"
                )
                self.assertEqual(server.final["connections"], 200)

    def test_aws_lambda_ws_server(self):
        server = self.awslambda()
        template = '{"action": "sendmessage", "data": "{{prompt}}"}'
        run = self.wsload(
            *("-n", 100, "-c", 10, "--template", template, server.url(), self.prompts(*PROMPTS))
        )
        self.assert_passed(run, 100)
        counts = server.stop()
        self.assertEqual((counts["connections"], counts["routes"]), (10, {"sendmessage": 100}))
        first = run.summary["samples"][0]
        self.assertEqual(json.loads(first["reply"])["message"], first["prompt"])

    def test_aws_lambda_ws_server_answers_with_gateway_errors(self):
        server = self.awslambda()
        template = '{"action": "boom", "data": "{{prompt}}"}'
        run = self.wsload("-n", 30, "-c", 3, "--template", template, server.url(), self.prompts("x"))
        self.assertEqual(run.code, 1, run)
        self.assertEqual(run.errors(), {("gateway_error", "Internal server error"): 30})
        self.assertIn("Internal server error", run.summary["errors"][0]["example"])
        self.assertEqual(server.stop()["routes"], {"boom": 30})
        self.assertEqual(run.summary["connections"]["reopened"], 0)

    def test_a_template_without_a_prompt_is_sent_and_noted(self):
        server = self.node()
        flags = ("-n", 5, "--template", "ping")
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assert_passed(run, 5)
        self.assertEqual(run.err.count("wsload: note: no message has {{prompt}} in it"), 1, run)
        self.assertEqual(self.wsload("-q", *flags, server.url(), self.prompts("a")).err, "")

    def test_many_connections(self):
        server = self.node()
        self.check(server.url(), self.counted_by(server), 4000, 500)
        self.assertEqual(server.final["most_open"], 500)


class Amount(harness.Case):
    def test_each_prompt_once_by_default(self):
        server = self.node()
        self.assert_passed(self.wsload("-c", 2, server.url(), self.prompts("a", "b", "c")), 3)
        self.assertEqual(server.stop()["messages"], 3)

    def test_prompts_go_round_in_order(self):
        server = self.node()
        run = self.wsload("-c", 1, "-n", 7, server.url(), self.prompts("a", "b", "c"))
        self.assert_passed(run, 7)
        self.assertEqual(
            [json.loads(text) for text in server.stop()["texts"]], [message(p) for p in "abcabca"]
        )

    def test_more_connections_than_requests(self):
        server = self.node()
        self.assert_passed(self.wsload("-c", 20, "-n", 3, server.url(), self.prompts("a")), 3)
        self.assertEqual(server.stop()["messages"], 3)

    def test_a_duration_ends_the_run(self):
        server = self.node(delay_ms=10)
        run = self.wsload("-c", 4, "-d", "1s", server.url(), self.prompts("a", "b"))
        total = run.summary["total_requests"]
        self.assert_passed(run, total)
        self.assertEqual(server.stop()["messages"], total)
        self.assertEqual(run.summary["total_time"], 1)
        self.assertTrue(4 <= total <= 400, total)

    def test_the_smaller_of_requests_and_duration_ends_the_run(self):
        server = self.node(delay_ms=10)
        run = self.wsload("-c", 2, "-d", "60s", "-n", 10, server.url(), self.prompts("a"))
        self.assert_passed(run, 10)
        self.assertLess(run.summary["total_time"], 60)
        run = self.wsload("-c", 1, "-d", "300ms", "-n", 1000000, server.url(), self.prompts("a"))
        self.assert_passed(run, run.summary["total_requests"])
        self.assertEqual(run.summary["total_time"], 0.3)

    def test_prompts_from_standard_input(self):
        server = self.node()
        stdin = "\ufeff  one \r\n\r\n\t two\n".encode()
        self.assert_passed(self.wsload("-c", 1, server.url(), "-", stdin=stdin), 2)
        self.assertEqual(
            [json.loads(text) for text in server.stop()["texts"]], [message("one"), message("two")]
        )

    def test_prompts_from_json_lines(self):
        server = self.node()
        file = self.write("p.jsonl", '{"prompt": "a\\nb"}\n{"Question": "c"}\n')
        self.assert_passed(self.wsload("-c", 1, server.url(), file), 2)
        file = self.write("q.jsonl", '{"text": "d", "prompt": 3}\n')
        self.assert_passed(self.wsload("-c", 1, "--prompt-field", "text", server.url(), file), 1)
        self.assertEqual(
            [json.loads(text)["message"] for text in server.stop()["texts"]], ["a\nb", "c", "d"]
        )


class Messages(harness.Case):
    def sent(self, template, *prompts, flags=()):
        server = self.node()
        run = self.wsload(
            *("-c", 1, "--template", template, *flags, server.url(), self.prompts(*prompts))
        )
        self.assert_passed(run, len(prompts))
        return server.stop()["texts"]

    def test_template_variables(self):
        template = '{"i":"{{id}}","n":{{seq}},"t":{{timestamp}},"p":"{{ prompt }}"}'
        before = time.time() * 1000
        texts = [json.loads(text) for text in self.sent(template, *PROMPTS)]
        self.assertEqual([text["p"] for text in texts], list(PROMPTS))
        self.assertEqual([text["n"] for text in texts], [1, 2, 3, 4])
        self.assertEqual(len({text["i"] for text in texts}), 4)
        for text in texts:
            self.assertTrue(before - 1 <= text["t"] <= time.time() * 1000 + 1, text)

    def test_raw_prompt(self):
        self.assertEqual(self.sent("{{prompt:raw}}", *PROMPTS), list(PROMPTS))

    def test_template_out_of_a_file(self):
        file = self.write("template.json", '{"action": "ask", "q": "{{prompt}}"}')
        self.assertEqual(self.sent("@" + file, "x"), ['{"action": "ask", "q": "x"}'])

    def test_default_template_is_the_seeds(self):
        server = self.node()
        self.assert_passed(self.wsload(server.url(), self.prompts('a "b"')), 1)
        self.assertEqual(server.stop()["texts"], ['{"message": "a \\"b\\""}'])

    def test_a_message_of_128_kib(self):
        prompt = "é" * 65536
        server = self.node()
        flags = ("--template", "{{prompt:raw}}", "-n", 8, "-c", 2)
        self.assert_passed(self.wsload(*flags, server.url(), self.prompts(prompt)), 8)
        self.assertEqual(server.stop()["texts"], [prompt] * 8)


class Handshake(harness.Case):
    def headers(self, *flags, path="/", **options):
        server = self.node(**options)
        self.assert_passed(self.wsload("-c", 1, *flags, server.url(path=path), self.prompts("a")), 1)
        [request] = server.stop()["requests"]
        return server, request

    def test_defaults(self):
        server, request = self.headers(path="/prod?token=a%20b")
        headers = request["headers"]
        self.assertEqual(request["url"], "/prod?token=a%20b")
        self.assertEqual(headers["host"], f"127.0.0.1:{server.port}")
        self.assertEqual(headers["origin"], f"http://127.0.0.1:{server.port}")
        self.assertNotIn("sec-websocket-extensions", headers)
        self.assertNotIn("sec-websocket-protocol", headers)

    def test_origin(self):
        _, request = self.headers("--origin", "https://chat.example.com")
        self.assertEqual(request["headers"]["origin"], "https://chat.example.com")

    def test_no_origin(self):
        _, request = self.headers("--origin", "")
        self.assertNotIn("origin", request["headers"])

    def test_headers_and_subprotocols(self):
        _, request = self.headers(
            *("-H", "X-Api-Key: k:1", "-H", "Authorization:Bearer t"),
            *("--subprotocol", "chat", "--subprotocol", "v2"),
        )
        headers = request["headers"]
        self.assertEqual((headers["x-api-key"], headers["authorization"]), ("k:1", "Bearer t"))
        self.assertEqual(headers["sec-websocket-protocol"].replace(" ", ""), "chat,v2")


class Verdict(harness.Case):
    def test_a_fail_on_text_fails_the_request(self):
        server = self.node(error_every=5, error_reply='{"message": "Une erreur est survenue"}')
        flags = ("-n", 20, "-c", 2, "--fail-on", "never said", "--fail-on", "Une erreur")
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assertEqual((run.code, run.summary["exit"]["reason"]), (1, "threshold failed"), run)
        self.assertIn("FAILED   success rate 80.0 %, at least 95 % is the default", run.out)
        self.assertEqual(run.errors(), {("error_reply", ""): 4})
        self.assertIn("Une erreur est survenue", run.summary["errors"][0]["example"])
        self.assertEqual(run.summary["successful_requests"], 16)
        self.assertEqual(run.summary["success_rate"], 80)
        self.assertEqual(run.summary["connections"]["reopened"], 0)

    def test_the_default_limit_goes_when_another_is_asked_for(self):
        server = self.node(error_every=5, error_reply="bad")
        flags = ("-n", 20, "-c", 2, "--fail-on", "bad")
        for asked in (("--min-success-rate", 0), ("--threshold", "errors<=4")):
            run = self.wsload(*flags, *asked, server.url(), self.prompts("a"))
            self.assertEqual((run.code, run.summary["exit"]["reason"]), (0, "passed"), run)
            self.assertIn("PASSED   1 of 1 threshold, 4 of 20 failed", run.out)

    def test_without_any_threshold_a_run_is_done(self):
        server = self.node(error_every=20, error_reply="bad")
        run = self.wsload("-n", 20, "-c", 1, "--fail-on", "bad", server.url(), self.prompts("a"))
        self.assertEqual(run.code, 0, run)
        self.assertIn("DONE   no thresholds set, 1 of 20 failed   run ", run.out)
        defaults = [(default["name"], default["actual"]) for default in run.summary["thresholds"]]
        self.assertEqual(
            defaults, [("default_success_rate", 95), ("default_connections_opened", 1)]
        )

    def test_without_fail_on_every_reply_is_a_success(self):
        server = self.node(reply="Une erreur est survenue")
        self.assert_passed(self.wsload("-n", 5, server.url(), self.prompts("a")), 5)

    def thresholds(self, *flags):
        server = self.node(delay_ms=20, error_every=2, error_reply="bad")
        flags = ("-n", 20, "-c", 1, "--fail-on", "bad", *flags)
        return self.wsload(*flags, server.url(), self.prompts("a"))

    def test_thresholds_that_hold(self):
        run = self.thresholds("--max-latency", "10s", "--min-rps", 1, "--min-success-rate", 50)
        self.assertEqual(run.code, 0, run)
        limits = {t["name"]: (t["limit"], t["passed"]) for t in run.summary["thresholds"]}
        self.assertEqual(
            limits,
            {
                "max_latency": (10, True),
                "min_rps": (1, True),
                "min_success_rate": (50, True),
            },
        )

    def test_each_threshold_can_break(self):
        for flag, value, name in (
            ("--max-latency", "19ms", "max_latency"),
            ("--min-rps", "100k", "min_rps"),
            ("--min-success-rate", "50.1", "min_success_rate"),
        ):
            with self.subTest(flag=flag):
                run = self.thresholds(flag, value)
                self.assertEqual(run.code, 1, run)
                [threshold] = run.summary["thresholds"]
                self.assertEqual((threshold["name"], threshold["passed"]), (name, False))
                self.assertIn("FAILED", run.out)

    def test_samples_are_the_first_five(self):
        server = self.node()
        long = "é" * 600
        prompts = (long, "b", "c", "d", "e", "f")
        run = self.wsload("-c", 1, server.url(), self.prompts(*prompts))
        samples = run.summary["samples"]
        self.assertEqual([s["prompt"] for s in samples[1:]], list("bcde"))
        self.assertEqual(json.loads(samples[1]["reply"]), message("b"))
        self.assertTrue(long.startswith(samples[0]["prompt"].rstrip("…")))
        self.assertLessEqual(len(samples[0]["prompt"]), 501)
        self.assertGreaterEqual(len(samples[0]["prompt"]), 499)

    def test_closes_by_the_server_are_counted_and_reopened(self):
        server = self.node(close_after=5, close_code=1001)
        run = self.wsload("-n", 20, "-c", 1, server.url(), self.prompts("a"))
        counts = server.stop()
        connections = run.summary["connections"]
        self.assertEqual(run.summary["total_requests"], 20)
        self.assertGreaterEqual(connections["closed_by_server"], 3)
        self.assertEqual(connections["opened"], 1)
        self.assertEqual(connections["reopened"], counts["connections"] - 1)


if __name__ == "__main__":
    harness.main()
