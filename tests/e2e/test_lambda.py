"""aws-lambda-ws-server, which runs API Gateway's routes on this machine, as a real target."""

import json

import chat

TEMPLATE = '{"action": "%s", "id": "{{id}}", "data": "{{prompt}}", "tokens": 6}'
STREAM = ("--reply-end", "json:status=completed")
INTERNAL = ("gateway_error", "Internal server error")


class Lambda(chat.Case):
    def route(self, server, action, *flags, path="/"):
        return self.wsload(
            "--template", TEMPLATE % action, *flags, server.url(path=path), self.prompts("a", "b")
        )

    def test_a_stream(self):
        server = self.awslambda()
        run = self.route(server, "stream", *STREAM, "-c", 10, "-n", 100)
        self.assert_passed(run, 100)
        self.assert_counts(run, ok=100)
        self.assert_messages(run, 7)
        self.assertEqual(server.stop()["routes"], {"stream": 100})

    def test_streams_side_by_side(self):
        server = self.awslambda()
        flags = ("--correlate", "id", "-c", 5, "--in-flight", 8, "-n", 200)
        record = ("--record", "r", "--record-replies")
        run = self.route(server, "stream", *STREAM, *flags, *record)
        self.assert_passed(run, 200)
        self.assert_counts(run, ok=200)
        self.assert_messages(run, 7)
        for line in self.records("r"):
            self.assertEqual(line["reply"].count(line["id"]), 7)
        texts = [json.loads(text) for text in server.stop()["texts"]]
        self.assertEqual(len({text["id"] for text in texts}), 200)

    def test_an_error_frame_in_mid_stream(self):
        server = self.awslambda()
        run = self.route(server, "stumble", *STREAM, "-c", 2, "-n", 20)
        self.assert_counts(run, failed=20)
        self.assertEqual(run.errors(), {INTERNAL: 20})
        self.assertEqual(run.summary["connections"]["reopened"], 0)
        self.assertEqual(server.stop()["routes"], {"stumble": 20})

    def test_an_error_frame_has_no_id_and_fails_the_only_request_there_is(self):
        server = self.awslambda()
        run = self.route(server, "boom", *STREAM, "--correlate", "id", "-c", 3, "-n", 30)
        self.assert_counts(run, failed=30)
        self.assertEqual(run.errors(), {INTERNAL: 30})

    def test_a_route_that_never_answers(self):
        server = self.awslambda()
        run = self.route(server, "nothing", "-c", 2, "-n", 2, "--timeout", "300ms")
        self.assertEqual(run.errors(), {("reply_timeout", ""): 2})
        self.assertIn("route response", run.out)
        run = self.route(server, "nothing", "-c", 2, "-n", 50, "--one-way")
        self.assert_passed(run, 50)
        self.assertEqual(server.stop()["routes"], {"$default": 52})

    def test_connect_asks_for_a_token(self):
        server = self.awslambda(token="t0ken-1")
        flags = ("--users", self.write("users.csv", "user\nt0ken-1\n"), "--query", "token={{user}}")
        self.assert_passed(self.route(server, "sendmessage", *flags, "-c", 2, "-n", 4), 4)
        run = self.route(server, "sendmessage", "-c", 2, "-n", 4)
        self.assertEqual(run.code, 3, run)
        self.assertEqual({error["detail"] for error in run.summary["errors"]}, {"401"})
        self.assertEqual(server.stop()["connections"], 2)


if __name__ == "__main__":
    chat.main()
