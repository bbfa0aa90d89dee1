"""Who gets into `wsload serve`: signatures of curl, botocore and wsload, required headers, quota."""

import asyncio
import json
import re
import socket
import subprocess

import websockets
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import harness

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}
TOKEN = "a/session+token=="
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
# Not much of it survives decoding and normalising.
ODD = "/st%61ge/%2F/a%20b?room=a%2Fb&~=1&x=%E9%9B%BB&empty="


async def status_of(url, headers=()):
    """The status of the handshake, with the headers and body of a refusal."""
    try:
        async with websockets.connect(url, extra_headers=list(headers)) as socket_:
            await socket_.send('{"message": "a"}')
            assert json.loads(await socket_.recv())["message"] == "a"
            return 101, {}
    except websockets.InvalidStatusCode as refused:
        return refused.status_code, refused.headers


def refusal(port, request):
    """The whole response to a request that is refused."""
    with socket.create_connection(("127.0.0.1", port), timeout=harness.HANGS_S) as client:
        client.sendall(request.encode())
        return b"".join(iter(lambda: client.recv(4096), b"")).decode()


class Signatures(harness.Case):
    def signed(self, *flags, token=None):
        env = {**KEYS, **({"AWS_SESSION_TOKEN": token} if token else {})}
        return harness.Served(self, "--require-sigv4", "us-east-1", *flags, env=env)

    def curl(self, url, *flags, region="us-east-1"):
        # The keys are no secrets, and curl 7 knows no better place for them.
        command = ["curl", "--silent", "--http1.1", "--max-time", "1", "--output", "/dev/null",
                   "--write-out", "%{http_code}", "--aws-sigv4", f"aws:amz:{region}:execute-api",
                   "--user", f"{KEYS['AWS_ACCESS_KEY_ID']}:{KEYS['AWS_SECRET_ACCESS_KEY']}"]
        for header in UPGRADE:
            command += ["--header", header]
        return int(subprocess.run([*command, *flags, url], capture_output=True, text=True).stdout)

    def test_curl_is_let_in(self):
        served = self.signed()
        for path in ("stage", "stage?room=1", ""):
            self.assertEqual(self.curl(served.url("http") + path), 101)
        self.assertEqual(self.curl(served.url("http") + "stage", region="eu-west-1"), 403)
        self.assertEqual(self.curl(served.url("http") + "stage", "--user", "AKIDEXAMPLE:x"), 403)

    def test_curl_is_let_in_over_tls_with_a_session_token(self):
        ca = self.dir / "ca.pem"
        served = self.signed("--tls", "--ca-out", ca, token=TOKEN)
        url = served.url("https", "localhost") + "stage"
        with_token = ("--header", f"X-Amz-Security-Token: {TOKEN}")
        self.assertEqual(self.curl(url, "--cacert", ca, *with_token), 101)
        self.assertEqual(self.curl(url, "--cacert", ca), 403)

    def botocore(self, served, token=None, path=ODD, region="us-east-1", expires=300):
        """The statuses of a presigned URL and of signed headers."""
        keys = Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], token)
        url = f"http://127.0.0.1:{served.port}{path}"
        in_query = AWSRequest("GET", url)
        SigV4QueryAuth(keys, "execute-api", region, expires=expires).add_auth(in_query)
        in_headers = AWSRequest("GET", url)
        SigV4Auth(keys, "execute-api", region).add_auth(in_headers)
        return (
            asyncio.run(status_of(in_query.url.replace("http", "ws", 1)))[0],
            asyncio.run(status_of(url.replace("http", "ws", 1), in_headers.headers.items()))[0],
        )

    def test_botocore_is_let_in_by_both_forms(self):
        served = self.signed()
        for path in (ODD, "/", "/stage", "/stage?b=1&a=2&a=1", "/a%2520b?q=a%2Bb%20c"):
            self.assertEqual(self.botocore(served, path=path), (101, 101), path)
        self.assertEqual(self.botocore(served, region="eu-west-1"), (403, 403))
        self.assertEqual(self.botocore(served, token=TOKEN), (403, 403))
        self.assertEqual(self.botocore(served, expires=0), (403, 101))

    def test_botocore_is_let_in_with_a_session_token(self):
        served = self.signed(token=TOKEN)
        self.assertEqual(self.botocore(served, token=TOKEN), (101, 101))
        self.assertEqual(self.botocore(served, token=TOKEN + "x"), (403, 403))
        self.assertEqual(self.botocore(served), (403, 403))

    def test_wsload_is_let_in_by_both_forms(self):
        ca = self.dir / "ca.pem"
        served = self.signed("--tls", "--ca-out", ca, token=TOKEN)
        env = {**KEYS, "AWS_SESSION_TOKEN": TOKEN}
        for form in ("query", "header"):
            run = self.wsload(
                "--aws-sigv4", "us-east-1:execute-api", "--sigv4-in", form, "--cacert", ca,
                "-c", 5, "-n", 20, served.url("wss", "localhost") + "stage", self.prompts("a"),
                env=env,
            )
            self.assert_passed(run, 20)

    def test_what_is_refused_reads_as_on_api_gateway(self):
        served = self.signed()
        request = "\r\n".join(("GET /stage HTTP/1.1", "Host: a", *UPGRADE, "", ""))
        response = refusal(served.port, request)
        self.assertTrue(response.startswith("HTTP/1.1 403 Forbidden\r\n"), response)
        self.assertIn("\r\nx-amzn-ErrorType: ForbiddenException\r\n", response)
        self.assertRegex(response, r"\r\nx-amzn-RequestId: [0-9a-f-]{36}\r\n")
        self.assertTrue(response.endswith('\r\n\r\n{"message":"Forbidden"}'), response)
        stopped = served.stop()
        self.assertIn("1 handshakes refused", stopped.out)
        for secret in KEYS.values():
            self.assertNotIn(secret, stopped.out + stopped.err)


class Headers(harness.Case):
    def test_required_headers(self):
        served = self.serve(
            "--require-header", "x-api-key: k3y", "--require-header", "Authorization: Bearer t"
        )
        both = [("X-Api-Key", "k3y"), ("authorization", "Bearer t")]
        self.assertEqual(asyncio.run(status_of(served.url(), both))[0], 101)
        for headers in ((), both[:1], both[1:], [("x-api-key", "k3z"), both[1]]):
            status, answer = asyncio.run(status_of(served.url(), headers))
            self.assertEqual((status, answer["x-amzn-ErrorType"]), (401, "UnauthorizedException"))

    def test_required_headers_from_the_environment(self):
        env = {"WSLOAD_SERVE_REQUIRE_HEADER": "x-api-key: k3y"}
        served = harness.Served(self, env=env)
        self.assertEqual(asyncio.run(status_of(served.url()))[0], 401)
        self.assertEqual(asyncio.run(status_of(served.url(), [("x-api-key", "k3y")]))[0], 101)


class Quota(harness.Case):
    def test_handshakes_over_the_quota(self):
        served = self.serve("--connect-quota", "0.01")
        self.assertEqual(asyncio.run(status_of(served.url()))[0], 101)
        status, answer = asyncio.run(status_of(served.url()))
        self.assertEqual((status, answer["x-amzn-ErrorType"]), (429, "LimitExceededException"))
        request = "\r\n".join(("GET / HTTP/1.1", "Host: a", *UPGRADE, "", ""))
        self.assertTrue(refusal(served.port, request).endswith('{"message":"Too Many Requests"}'))

    def test_a_quota_of_zero_lets_nobody_in(self):
        served = self.serve("--connect-quota", 0)
        run = self.wsload("-c", 3, "-n", 3, served.url(), self.prompts("a"))
        self.assertEqual(run.code, 3, run)
        self.assertTrue(re.search(r"\b429\b", run.out), run)


if __name__ == "__main__":
    harness.main()
