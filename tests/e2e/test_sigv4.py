"""Signatures: AWS's own test suite, and what npm aws4 and botocore make of the same requests.

The random cases leave out, because those implementations say something else of it or nothing:
  - parameters without a name ("?=x"), which aws4 drops;
  - in botocore's query form parameters of one name twice, of which it drops all but the first (its
    header form and aws4 have them);
  - in a path or query anything that a URL holds only percent-encoded, as "[" or a bare "%": aws4
    encodes the whole path anew when it meets one.
"""

import datetime
import json
import os
import random
import subprocess
import unittest
import unittest.mock
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import harness

TOOL = os.environ["SIGV4_TOOL"]
MODULES = harness.HERE / "node_modules"
SUITE = MODULES / "@saibotsivad" / "aws-sig-v4-test-suite" / "index.json"
CASES = 200
SEED = 20150830
DATE = "%Y%m%dT%H%M%SZ"
UNRESERVED = "abcXYZ019-._~"
SUB_DELIMITERS = "!$'()*,;:@"
ODD = ["%20", "%2F", "%2f", "%25", "%2B", "%3D", "%26", "%7E", "%7e", "%41", "%C3%A9", "%e2%82%ac"]
ODD += ["%F0%9F%98%80", "%00", "%0A", "%3A", "%27"]


def ask_tool(tasks):
    """What wsload's own code makes of TASKS."""
    lines = "".join(json.dumps(task) + "\n" for task in tasks)
    done = subprocess.run(
        [TOOL], input=lines, capture_output=True, text=True, check=True
    )
    assert not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask_aws4(tasks):
    done = subprocess.run(
        ["node", harness.HERE / "aws4_sign.js"],
        input=json.dumps(tasks), capture_output=True, text=True, check=True,
    )
    return json.loads(done.stdout)


class Suite(unittest.TestCase):
    def test_all_vectors(self):
        suite = json.loads(SUITE.read_text(encoding="utf-8"))
        config, vectors = suite["config"], suite["tests"]["all"]
        self.assertEqual(len(vectors), 28)
        made = ask_tool([self.task(vector, config) for vector in vectors])
        for vector, answer in zip(vectors, made, strict=True):
            with self.subTest(vector["name"]):
                self.assertEqual(answer["signature"], self.part(vector, "Signature"))

    def task(self, vector, config):
        request = vector["request"]
        headers = {}
        for name, value in request["headers"]:
            headers.setdefault(name.lower(), []).append([name, value])
        if vector["name"] == "post-x-www-form-urlencoded-parameters":
            # The package has respelt AWS's charset=utf8, of which hash and signature still are.
            headers["content-type"][0][1] = "application/x-www-form-urlencoded; charset=utf8"
        return {
            "do": "sign", "date": headers["x-amz-date"][0][1],
            "region": config["region"], "service": config["service"],
            "access_key": config["accessKeyId"], "secret_key": config["secretAccessKey"],
            "method": request["method"], "path": request["path"], "query": request["query"],
            "headers": sum((headers[n] for n in self.part(vector, "SignedHeaders").split(";")), []),
            "body": request["body"],
        }

    @staticmethod
    def part(vector, name):
        """What stands behind NAME= in the Authorization header of VECTOR."""
        return vector["sreq"].split(name + "=")[1].split("\n")[0].split(",")[0]


class Cases:
    """Random requests for a handshake, the same ones each time."""

    def __init__(self, repeat_names):
        self.random = random.Random(SEED)
        self.repeat_names = repeat_names

    def text(self, plain, most):
        """Up to MOST characters of PLAIN or percent-encoded ones."""
        pick, length = self.random, self.random.randint(0, most)
        return "".join(
            pick.choice(ODD) if pick.random() < 0.2 else pick.choice(plain) for _ in range(length)
        )

    def path(self):
        segments = [
            self.random.choice(["", ".", "..", *[None] * 6]) for _ in range(self.random.randint(0, 5))
        ]
        plain = UNRESERVED + SUB_DELIMITERS + "+=&"
        return "/" + "/".join(self.text(plain, 8) if s is None else s for s in segments)

    def query(self):
        names, items = [], []
        for _ in range(self.random.choice([0, 0, 1, 2, 3, 6])):
            name = self.random.choice("abAB") + self.text(UNRESERVED + SUB_DELIMITERS + "+", 3)
            if self.repeat_names and names and self.random.random() < 0.3:
                name = self.random.choice(names)
            elif urllib.parse.unquote_plus(name) in map(urllib.parse.unquote_plus, names):
                continue
            names.append(name)
            value = self.text(UNRESERVED + SUB_DELIMITERS + "/?+=", 8)
            items.append(name + self.random.choice(["", "=", "=" + value, "=" + value]))
        return self.random.choice(["&", "&", "&&"]).join(items)

    def token(self):
        characters = UNRESERVED + "+/=" * 3
        length = self.random.choice([20, 356, 1000])
        return "".join(self.random.choice(characters) for _ in range(length))

    def task(self, verb):
        pick = self.random
        return {
            "do": verb,
            "region": pick.choice(["us-east-1", "eu-west-3", "ap-southeast-2", "us-gov-west-1"]),
            "service": "execute-api",
            "access_key": "AKID" + "".join(pick.choices("ABCDEF234567", k=16)),
            "secret_key": "".join(pick.choices("abcXYZ019+/", k=40)),
            "session_token": self.token() if pick.random() < 0.6 else None,
            "host": "".join(pick.choices("abc123", k=10)) + ".execute-api.example.com"
            + pick.choice(["", "", ":8443"]),
            "path": self.path(),
            "query": self.query(),
            "unix_s": pick.randint(946684800, 4102444799),
            "expires_s": pick.choice([1, 60, 300, 604800]),
        }

    def tasks(self, verb):
        return [self.task(verb) for _ in range(CASES)]


def date_of(task):
    return datetime.datetime.fromtimestamp(task["unix_s"], datetime.timezone.utc).strftime(DATE)


def parameters(query):
    """The parameters of QUERY, decoded and sorted."""
    return sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))


def header(lines, name):
    """The value of NAME among header LINES."""
    return dict(line.split(": ", 1) for line in lines.split("\r\n") if line)[name]


class Aws4(unittest.TestCase):
    def test_presigned_queries_are_equal(self):
        tasks = Cases(repeat_names=True).tasks("presign")
        theirs = ask_aws4([self.translate(task, in_query=True) for task in tasks])
        for task, made, their in zip(tasks, ask_tool(tasks), theirs, strict=True):
            with self.subTest(path=task["path"], query=task["query"]):
                self.assertEqual(parameters(made["query"]), parameters(their.split("?", 1)[1]))

    def test_authorization_headers_are_equal(self):
        tasks = Cases(repeat_names=True).tasks("authorize")
        theirs = ask_aws4([self.translate(task, in_query=False) for task in tasks])
        for task, made, their in zip(tasks, ask_tool(tasks), theirs, strict=True):
            with self.subTest(path=task["path"], query=task["query"]):
                self.assertEqual(header(made["headers"], "Authorization"), their)

    @staticmethod
    def translate(task, in_query):
        """aws4 takes date and expiry out of the query, and path and query as one."""
        query = [task["query"]] if task["query"] else []
        if in_query:
            query += [f"X-Amz-Date={date_of(task)}", f"X-Amz-Expires={task['expires_s']}"]
        path = "?".join([task["path"], "&".join(query)] if query else [task["path"]])
        return {**task, "path": path, "date": date_of(task), "in_query": in_query}


class Botocore(unittest.TestCase):
    def test_presigned_queries_are_equal(self):
        tasks = Cases(repeat_names=False).tasks("presign")
        for task, made in zip(tasks, ask_tool(tasks), strict=True):
            with self.subTest(path=task["path"], query=task["query"]):
                request = botocore.awsrequest.AWSRequest("GET", self.url(task))
                self.sign(request, task, botocore.auth.SigV4QueryAuth, expires=task["expires_s"])
                query = urllib.parse.urlsplit(request.url).query
                own, added = made["query"].split("X-Amz-Algorithm", 1)
                their_own, their_added = query.split("X-Amz-Algorithm", 1)
                self.assertEqual(own, task["query"] + "&" if task["query"] else "")
                self.assertEqual(parameters(own), parameters(their_own))
                self.assertEqual(added, their_added)

    def test_authorization_headers_are_equal(self):
        tasks = Cases(repeat_names=True).tasks("authorize")
        for task, made in zip(tasks, ask_tool(tasks), strict=True):
            with self.subTest(path=task["path"], query=task["query"]):
                request = botocore.awsrequest.AWSRequest(
                    "GET", self.url({**task, "query": ""}), params=parameters(task["query"])
                )
                self.sign(request, task, botocore.auth.SigV4Auth)
                for name in ("Authorization", "X-Amz-Date"):
                    self.assertEqual(header(made["headers"], name), request.headers[name])
                if task["session_token"]:
                    self.assertEqual(
                        header(made["headers"], "X-Amz-Security-Token"), task["session_token"]
                    )

    @staticmethod
    def url(task):
        return f"https://{task['host']}{task['path']}?{task['query']}"

    @staticmethod
    def sign(request, task, signer, **options):
        """Signs REQUEST at the time of TASK: botocore asks its own clock."""
        moment = datetime.datetime.strptime(date_of(task), DATE)
        clock = unittest.mock.Mock(wraps=datetime.datetime)
        clock.utcnow.return_value = moment
        credentials = botocore.credentials.Credentials(
            task["access_key"], task["secret_key"], task["session_token"]
        )
        with unittest.mock.patch("botocore.auth.datetime.datetime", clock):
            signer(credentials, task["service"], task["region"], **options).add_auth(request)


if __name__ == "__main__":
    unittest.main()
