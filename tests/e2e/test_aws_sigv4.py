"""--aws-sigv4 against `wsload serve --require-sigv4`, which curl and aws4 are asked about, too."""

import json
import re
import subprocess
import time

import harness

REGION = "us-east-1"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}
TOKEN = {"AWS_SESSION_TOKEN": "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZ=="}
OTHER_SECRET = {"AWS_SECRET_ACCESS_KEY": "another/secret+of/forty/characters/long"}
UPGRADE = (
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


class Case(harness.Case):
    def require(self, *flags, env=KEYS):
        """A server that wants signatures made with the keys of ENV."""
        return harness.Served(self, "--require-sigv4", REGION, *flags, env=env)

    def sign(self, served, *flags, env=KEYS, path="prod", scope=f"{REGION}:execute-api"):
        return self.wsload(
            "--aws-sigv4", scope, *flags, "-c", 3, "-n", 6, "--timeout", "5s",
            served.url() + path, self.prompts("a"), env={**env, "HOME": str(self.dir)},
        )

    def assert_refused(self, run, count=3):
        self.assertEqual(run.code, 3, run)
        [error] = run.summary["errors"]
        self.assertEqual((error["kind"], error["detail"]), ("handshake_status", "403"), run)
        self.assertGreaterEqual(error["count"], count)
        self.assertIn("Forbidden", error["example"])
        self.assertIn("x-amzn-errortype", error["example"].lower())

    def assert_secret(self, run):
        lines = re.sub(r"\n +", "", run.out)  # of a long address, put together again
        shown = lines + run.err + json.dumps(run.summary)
        for secret in (*KEYS.values(), *TOKEN.values(), *OTHER_SECRET.values()):
            self.assertNotIn(secret, shown)
        self.assertNotIn("Signature=", shown.replace("X-Amz-Signature=***", ""))


class Wsload(Case):
    def test_both_forms_with_and_without_a_session_token(self):
        for env in (KEYS, {**KEYS, **TOKEN}):
            for flags in ((), ("--sigv4-in", "query"), ("--sigv4-in", "header")):
                with self.subTest(flags=flags, token=len(env) > 2):
                    run = self.sign(self.require(env=env), *flags, env=env)
                    self.assert_passed(run, 6)
                    self.assert_secret(run)

    def test_the_scope_as_curl_takes_it(self):
        run = self.sign(self.require(), scope=f"aws:amz:{REGION}:execute-api")
        self.assert_passed(run, 6)

    def test_paths_and_queries(self):
        paths = ("", "prod/", "a/b/../c", "a%20b/%C3%A9", "prod?x=1&a=%2F&b=~&empty=", "p?q=a+b")
        served = self.require()
        for form in ("query", "header"):
            for path in paths:
                with self.subTest(path=path, form=form):
                    flags = ("--sigv4-in", form, "--query", "name=Ann & Bé")
                    run = self.sign(served, *flags, path=path)
                    self.assert_passed(run, 6)

    def test_each_connection_is_signed_anew(self):
        served = self.require()
        run = self.wsload(
            "--aws-sigv4", f"{REGION}:execute-api", "--connection-per-request", "-c", 2, "-d", "2s",
            "--think-time", "100ms", served.url(), self.prompts("a"), env=KEYS,
        )
        self.assertEqual((run.code, run.summary["failed_requests"]), (0, 0), run)

    def test_profiles_of_the_credentials_file(self):
        (self.dir / ".aws").mkdir()
        self.write(
            ".aws/credentials",
            f"[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = wrong\n\n"
            f"[load]\naws_access_key_id={KEYS['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {KEYS['AWS_SECRET_ACCESS_KEY']}\n",
        )
        served = self.require()
        self.assert_passed(self.sign(served, "--profile", "load", env={}), 6)
        self.assert_passed(self.sign(served, env=KEYS), 6)  # the environment before [default]
        self.assert_refused(self.sign(served, env={}))
        run = self.sign(served, "--profile", "nobody", env={})
        self.assert_mistake(run, "--profile", "nobody")

    def test_a_wrong_secret_region_key_or_token_is_refused(self):
        cases = (
            ({}, {**KEYS, **OTHER_SECRET}, {}),
            ({}, {**KEYS, "AWS_ACCESS_KEY_ID": "AKIDOTHER"}, {}),
            ({}, KEYS, {"scope": "eu-west-1:execute-api"}),
            ({}, {**KEYS, **TOKEN}, {}),
            (TOKEN, KEYS, {}),
            (TOKEN, {**KEYS, "AWS_SESSION_TOKEN": "another"}, {}),
        )
        for wanted, env, how in cases:
            for form in ("query", "header"):
                with self.subTest(wanted=wanted, env=env, how=how, form=form):
                    served = self.require(env={**KEYS, **wanted})
                    run = self.sign(served, "--sigv4-in", form, env=env, **how)
                    self.assert_refused(run)
                    self.assert_secret(run)

    def test_none_at_all_is_refused(self):
        served = self.require()
        self.assert_refused(self.wsload("-c", 3, served.url(), self.prompts("a")))

    def test_another_host_is_signed_for(self):
        """As behind CloudFront: the server sees its own Host, and the signature is for another."""
        api = "abc123.execute-api.us-east-1.amazonaws.com"
        served = self.require()
        self.assert_refused(self.sign(served, "--sigv4-host", api))
        self.assert_passed(self.sign(served, "--sigv4-host", f"127.0.0.1:{served.port}"), 6)

    def test_no_credentials_are_a_mistake(self):
        run = self.wsload(
            "--aws-sigv4", f"{REGION}:execute-api", "ws://127.0.0.1:9/", self.prompts("a"),
            env={"HOME": str(self.dir)},
        )
        self.assert_mistake(run, "--aws-sigv4", "AWS_ACCESS_KEY_ID")


class Others(Case):
    def status(self, served, *flags, path="/prod"):
        """The status that curl gets for a handshake. It waits for messages then, so it is cut."""
        headers = [flag for header in UPGRADE for flag in ("-H", header)]
        command = [
            "curl", "-s", "-o", str(self.dir / "body"), "-w", "%{http_code}", "--max-time", "2",
            "--http1.1", *headers, *flags, f"http://127.0.0.1:{served.port}{path}",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stdout

    def curl_signs(self, keys, region=REGION):
        user = f"{keys['AWS_ACCESS_KEY_ID']}:{keys['AWS_SECRET_ACCESS_KEY']}"
        return ("--aws-sigv4", f"aws:amz:{region}:execute-api", "--user", user)

    def presigned(self, served, age_s, expires_s):
        """The path of a handshake that aws4 signed so many seconds ago."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - age_s))
        task = {
            "region": REGION, "service": "execute-api", "in_query": True,
            "access_key": KEYS["AWS_ACCESS_KEY_ID"], "secret_key": KEYS["AWS_SECRET_ACCESS_KEY"],
            "host": f"127.0.0.1:{served.port}",
            "path": f"/prod?X-Amz-Date={date}&X-Amz-Expires={expires_s}",
        }
        done = subprocess.run(
            ["node", harness.HERE / "aws4_sign.js"], input=json.dumps([task]), text=True,
            capture_output=True, check=True,
        )
        [path] = json.loads(done.stdout)
        return path

    def test_curl_is_let_in(self):
        served = self.require()
        self.assertEqual(self.status(served, *self.curl_signs(KEYS)), "101")

    def test_curl_with_a_wrong_secret_or_region_is_not(self):
        served = self.require()
        self.assertEqual(self.status(served, *self.curl_signs({**KEYS, **OTHER_SECRET})), "403")
        self.assertEqual(json.loads((self.dir / "body").read_text()), {"message": "Forbidden"})
        self.assertEqual(self.status(served, *self.curl_signs(KEYS, "eu-west-1")), "403")
        self.assertEqual(self.status(served), "403")

    def test_presigned_by_aws4(self):
        served = self.require()
        self.assertEqual(self.status(served, path=self.presigned(served, 0, 300)), "101")
        self.assertEqual(self.status(served, path=self.presigned(served, 200, 300)), "101")

    def test_an_expired_signature_is_refused(self):
        served = self.require()
        path = self.presigned(served, 400, 300)
        self.assertEqual(self.status(served, path=path), "403")
        run = self.wsload("-c", 3, served.url() + path[1:], self.prompts("a"))
        self.assert_refused(run)
        self.assert_secret(run)

    def test_one_of_the_future_is_refused(self):
        served = self.require()
        self.assertEqual(self.status(served, path=self.presigned(served, -3600, 300)), "403")


if __name__ == "__main__":
    harness.main()
