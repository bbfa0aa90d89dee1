"""Who connections say they are, as the server saw it; and that no secret is shown anywhere."""

import os
import urllib.parse

import chat

SECRETS = ("s3cret-1", "s3cret-2", "t0ken-old", "t0ken-new", "k3y-value", "p4ss")
END = [[0, "end"]]


class Case(chat.Case):
    def secret_file(self, name, content):
        """Written beside it and renamed, as credentials are renewed."""
        new = self.write(name + ".new", content)
        os.replace(new, self.dir / name)
        return str(self.dir / name)

    def assert_secret(self, run):
        shown = run.out + run.err + (self.dir / "load_test_summary.json").read_text()
        for secret in SECRETS:
            self.assertNotIn(secret, shown)

    def queries(self, counts):
        return [
            urllib.parse.parse_qs(urllib.parse.urlsplit(request["url"]).query, strict_parsing=True)
            for request in counts["requests"]
        ]


class Users(Case):
    CSV = 'name,secret\n"Ann ""A""",s3cret-1\nBjörn & Co,s3cret-2\n'

    def test_a_row_for_each_connection(self):
        server = self.replies()
        flags = (
            "--users", self.write("users.csv", self.CSV), "--query", "user={{name}}",
            "--query", "key={{secret}}", "-H", "X-Number: {{connection}}",
            "-H", "X-Secret: {{secret}}", "-c", 4, "-n", 8,
        )
        run = self.play(server, [END], "-v", *flags)
        self.assert_passed(run, 8)
        self.assert_secret(run)
        counts = server.stop()
        seen = {
            (
                int(request["headers"]["x-number"]), query["user"][0], query["key"][0],
                request["headers"]["x-secret"],
            )
            for request, query in zip(counts["requests"], self.queries(counts))
        }
        ann, bjoern = ('Ann "A"', "s3cret-1", "s3cret-1"), ("Björn & Co", "s3cret-2", "s3cret-2")
        self.assertEqual(seen, {(1, *ann), (2, *bjoern), (3, *ann), (4, *bjoern)})

    def test_host_and_origin_are_templates_as_well(self):
        server = self.replies()
        users = self.write("users.csv", "tenant\nacme\nzeta\n")
        flags = (
            "--users", users, "-H", "Host: {{tenant}}.example.com", "-c", 2, "-n", 2,
            "-H", "Origin: https://{{tenant}}.example.com",
        )
        self.assert_passed(self.play(server, [END], *flags), 2)
        seen = {
            (request["headers"]["host"], request["headers"]["origin"])
            for request in server.stop()["requests"]
        }
        hosts = ("acme.example.com", "zeta.example.com")
        self.assertEqual(seen, {(host, f"https://{host}") for host in hosts})

    def test_a_long_handshake_arrives_whole(self):
        """Longer than what the library would make room for."""
        server = self.replies()
        path, host = "/" + "p" * 5000, ".".join(["h" * 50] * 4)
        run = self.wsload(
            "-c", 1, "--template", chat.SCRIPTED, "--resolve", f"{host}:{server.port}:127.0.0.1",
            server.url(host=host, path=path), self.scripts(END),
        )
        self.assert_passed(run, 1)
        [request] = server.stop()["requests"]
        self.assertEqual(request["url"], path)
        self.assertEqual(request["headers"]["host"], f"{host}:{server.port}")

    def test_columns_in_messages_are_escaped(self):
        server = self.replies()
        flags = (
            "--users", self.write("users.csv", self.CSV), "-c", 2, "-n", 2, "--connect-rate", 20,
            "--template", '{"id": "{{name}}", "do": [[0, "end"]], "raw": "{{secret:raw}}"}',
        )
        run = self.wsload(*flags, server.url(), self.prompts("a"))
        self.assert_passed(run, 2)
        self.assertEqual(
            set(server.stop()["texts"]),
            {
                '{"id": "Ann \\"A\\"", "do": [[0, "end"]], "raw": "s3cret-1"}',
                '{"id": "Björn & Co", "do": [[0, "end"]], "raw": "s3cret-2"}',
            },
        )

    def test_the_query_of_the_url_stays(self):
        server = self.replies()
        run = self.wsload(
            "-c", 1, "--query", "a b=c&d=é", "--template", chat.SCRIPTED,
            server.url(path="/prod?token=p4ss"), self.scripts(END),
        )
        self.assert_passed(run, 1)
        self.assert_secret(run)
        counts = server.stop()
        self.assertTrue(counts["requests"][0]["url"].startswith("/prod?token=p4ss&"))
        self.assertEqual(self.queries(counts), [{"token": ["p4ss"], "a b": ["c&d=é"]}])

    def test_a_wrong_file_shows_no_cell(self):
        cases = (
            "name,secret\nAnn,s3cret-1,x\n", "name,name\na,s3cret-1\n", "id\ns3cret-1\n", "name\n"
        )
        for content in cases:
            with self.subTest(content=content):
                path = self.write("users.csv", content)
                run = self.wsload("--users", path, "ws://127.0.0.1:9/", self.prompts("a"))
                self.assert_mistake(run, "--users", "users.csv")
                self.assertNotIn("s3cret", run.err)


class Files(Case):
    def headers(self, counts, name):
        return [request["headers"].get(name) for request in counts["requests"]]

    def test_they_become_headers(self):
        server = self.replies()
        flags = (
            "--bearer-file", self.secret_file("token", "t0ken-old\n"),
            "--api-key-file", self.secret_file("key", "k3y-value\n"), "-c", 3, "-n", 3,
        )
        run = self.play(server, [END], "-v", *flags)
        self.assert_passed(run, 3)
        self.assert_secret(run)
        counts = server.stop()
        self.assertEqual(self.headers(counts, "authorization"), ["Bearer t0ken-old"] * 3)
        self.assertEqual(self.headers(counts, "x-api-key"), ["k3y-value"] * 3)

    def test_they_may_name_a_column_of_the_users(self):
        server = self.replies()
        flags = (
            "--users", self.write("users.csv", "secret\ns3cret-1\n"),
            "--api-key-file", self.secret_file("key", "key-{{secret}}\n"), "-c", 1, "-n", 1,
        )
        run = self.play(server, [END], *flags)
        self.assert_passed(run, 1)
        self.assert_secret(run)
        self.assertEqual(self.headers(server.stop(), "x-api-key"), ["key-s3cret-1"])

    def test_a_token_that_was_renewed_is_used_by_new_connections(self):
        server = self.replies()
        path = self.secret_file("token", "t0ken-old")
        process = self.start(
            "-c", 1, "-d", "2s", "--connection-per-request", "--bearer-file", path,
            "--template", chat.SCRIPTED, server.url(), self.scripts([[10, "end"]]),
        )
        self.wait_for(lambda: server.counts()["connections"] >= 3, "three connections")
        self.secret_file("token", "t0ken-new")
        run = self.finish(process)
        self.assertEqual(run.code, 0, run)
        self.assert_secret(run)
        seen = self.headers(server.stop(), "authorization")
        self.assertEqual(set(seen), {"Bearer t0ken-old", "Bearer t0ken-new"})
        self.assertEqual(seen, sorted(seen, reverse=True))  # never back to the old one

    def test_a_token_that_is_gone_goes_on(self):
        server = self.replies()
        path = self.secret_file("token", "t0ken-old")
        process = self.start(
            "-c", 1, "-d", "1s", "--connection-per-request", "--bearer-file", path,
            "--template", chat.SCRIPTED, server.url(), self.scripts([[10, "end"]]),
        )
        self.wait_for(lambda: server.counts()["connections"] >= 1, "a connection")
        os.unlink(path)
        run = self.finish(process)
        self.assertEqual((run.code, run.summary["failed_requests"]), (0, 0), run)
        self.assertEqual(set(self.headers(server.stop(), "authorization")), {"Bearer t0ken-old"})

    def test_a_file_that_cannot_be_used(self):
        for option in ("--bearer-file", "--api-key-file"):
            for content in (None, "", "\n", "two\nlines", "bell\a"):
                with self.subTest(option=option, content=content):
                    path = "none" if content is None else self.secret_file("token", content)
                    run = self.wsload(option, path, "ws://127.0.0.1:9/", self.prompts("a"))
                    self.assert_mistake(run, option)
                    self.assertNotIn("lines", run.err)


class Repeated(Case):
    """A server that says what it was sent, to everybody who reads what wsload writes."""

    REPEATED = ("b3arer/t0ken+", "k3y-value", "head3r-s3cret", "cell/s3cret+2", "que?ry-s3cret",
                "url-s3cret", "s3ssion/t0ken+", "AKIDS3CRET")
    AWS = {
        "AWS_ACCESS_KEY_ID": "AKIDS3CRET", "AWS_SECRET_ACCESS_KEY": "unsent",
        "AWS_SESSION_TOKEN": "s3ssion/t0ken+==",
    }

    def repeat(self, server, script, *flags):
        users = self.write("users.csv", "cell\ncell/s3cret+1\ncell/s3cret+2\n")
        return self.wsload(
            "-v", "-c", 2, "-n", 6, "--users", users, "--query", "cell={{cell}}",
            "--query", "q=que?ry-s3cret", "-H", "X-Secret: head3r-s3cret",
            "--bearer-file", self.secret_file("token", "b3arer/t0ken+=="),
            "--api-key-file", self.secret_file("key", "k3y-value"),
            "--aws-sigv4", "us-east-1:execute-api", "--record", "r", "--record-replies",
            "--template", chat.SCRIPTED, *flags, server.url(path="/?url=url-s3cret"),
            self.scripts(script), env=self.AWS,
        )

    def assert_all_secret(self, run, *more):
        paths = [self.dir / "load_test_summary.json", self.dir / "r"]
        shown = run.out + run.err + "".join(path.read_text() for path in paths)
        for secret in self.REPEATED:
            for form in (secret, urllib.parse.quote(secret, safe=""), *more):
                self.assertNotIn(form, shown)
        self.assertNotRegex(shown, r"ignature=[0-9a-f]")
        self.assertIn("******", shown)

    def test_in_replies(self):
        server = self.replies()
        run = self.repeat(server, [[0, "repeat", "text"]], "--expect", "json:end")
        self.assertEqual(run.summary["failed_requests"], 6, run)
        self.assert_all_secret(run)
        self.assertIn("q=*", self.records("r")[0]["reply"])

    def test_in_good_replies(self):
        run = self.repeat(self.replies(), [[0, "repeat", "text"]])
        self.assertEqual(run.summary["successful_requests"], 6, run)
        self.assert_all_secret(run)

    def test_in_error_frames(self):
        run = self.repeat(self.replies(), [[0, "repeat", "gateway"]])
        self.assertEqual({error["kind"] for error in run.summary["errors"]}, {"gateway_error"})
        self.assert_all_secret(run)

    def test_in_close_reasons(self):
        run = self.repeat(self.replies(), [[0, "repeat", "close"]])
        self.assertIn("closed", {error["kind"] for error in run.summary["errors"]})
        self.assert_all_secret(run)

    def test_in_refusals_that_come_in_pieces(self):
        for later in (0, 5, 30, 200):
            with self.subTest(later=later):
                server = self.replies(refuse=[{"status": 403, "repeat": later}])
                run = self.repeat(server, [])
                self.assertEqual(run.code, 3, run)
                self.assert_all_secret(run, "b3arer", "head3r", "s3ssion")

    def test_in_headers_of_refusals(self):
        headers = {"x-amzn-ErrorType": "head3r-s3cret", "x-amzn-RequestId": "b3arer/t0ken+=="}
        server = self.replies(refuse=[{"status": 403, "headers": headers, "body": "x" * 1500}])
        run = self.repeat(server, [])
        self.assert_all_secret(run, "==")
        self.assertIn("body: xxx", run.summary["errors"][0]["example"])

    def test_when_the_token_is_renewed(self):
        """What is answered carried the token before."""
        server = self.replies()
        path = self.secret_file("token", "t0ken-old")
        process = self.start(
            "-c", 1, "-n", 1, "--bearer-file", path, "--template", chat.SCRIPTED,
            "--expect", "json:end", server.url(), self.scripts([[500, "repeat", "text"]]),
        )
        self.wait_for(lambda: server.counts()["messages"] == 1, "a request")
        self.secret_file("token", "t0ken-new")
        run = self.finish(process)
        self.assertEqual(run.summary["failed_requests"], 1, run)
        self.assert_secret(run)
        self.assertIn("Bearer *********", run.summary["errors"][0]["example"])


class Refused(Case):
    """What API Gateway says when it lets nobody in: once for each status, to be shown to AWS."""

    REFUSALS = [
        {"status": 401, "body": '{"message":"Unauthorized"}'},
        {
            "status": 403, "body": '{"message":"Forbidden"}',
            "headers": {
                "x-amzn-ErrorType": "ForbiddenException", "x-amzn-RequestId": "3b9d1a6e-7c1f",
                "x-amz-apigw-id": "Qyi07eCbtjMCJKw=", "x-amz-cf-id": "cf-1", "X-Other": "unshown",
            },
        },
        {"status": 429, "body": '{"message":"Too Many Requests"}'},
    ]

    def test_examples(self):
        server = self.replies(refuse=self.REFUSALS)
        flags = ("-H", "Authorization: s3cret-1", "--query", "token=s3cret-2", "-c", 6)
        run = self.play(server, [END], "-n", 6, *flags)
        self.assertEqual(run.code, 3, run)
        self.assert_secret(run)
        examples = {error["detail"]: error["example"] for error in run.summary["errors"]}
        self.assertEqual(set(examples), {"401", "403", "429"}, run)
        for refusal in self.REFUSALS:
            self.assertIn(refusal["body"], examples[str(refusal["status"])])
        for value in ("ForbiddenException", "3b9d1a6e-7c1f", "Qyi07eCbtjMCJKw=", "cf-1"):
            self.assertIn(value, examples["403"])
        self.assertNotIn("unshown", examples["403"])
        counts = {error["detail"]: error["count"] for error in run.summary["errors"]}
        self.assertEqual(sum(counts.values()), server.stop()["refused"])
        self.assertEqual(len(set(counts.values())), 1, counts)

    def test_what_usually_causes_it(self):
        server = self.replies(refuse=[{"status": 429, "body": "slow down"}])
        run = self.play(server, [END], "-n", 2)
        self.assertEqual(run.code, 3, run)
        for text in ("429", "quota", "usage plan", "throttling 0"):
            self.assertIn(text, run.out)


if __name__ == "__main__":
    chat.main()
