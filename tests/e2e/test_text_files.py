"""Text files as editors and shells leave them: each option that takes one reads what is meant."""

import re
import subprocess

import certificates
import harness

BYTE_ORDER_MARK = "\ufeff"
CSV = "name,token\nann,t0ken-of-users\n"
STEPS = '{\n "on_connect": [{"send": "from\\nsetup"}]\n}\n'
AWS_FILE = "[default]\naws_access_key_id = AKID\naws_secret_access_key = unsent\n"


def messy(text):
    """TEXT as an editor on Windows saves it, with blank lines at its end."""
    return (BYTE_ORDER_MARK + text + "\n \t\n\n").replace("\n", "\r\n").encode()


def utf_16(text):
    """TEXT as `>` of older PowerShells writes it."""
    return (BYTE_ORDER_MARK + text).replace("\n", "\r\n").encode("utf-16-le")


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.authority = certificates.Authority(self.dir)
        self.ours = self.authority.issue("ours", "DNS:localhost")

    def texts(self):
        """What each option of a run is given: a text, and how it stands on the command line."""

        def pem(path):
            return (self.dir / path).read_text()

        return {
            "template": ('{"a":\n "{{prompt}}"}\n', "@{}"),
            "setup": (STEPS, "{}"),
            "users": (CSV, "{}"),
            "bearer-file": ("t0ken-of-bearer\n", "{}"),
            "api-key-file": ("k3y\n", "{}"),
            "cacert": (pem(self.authority.cert), "{}"),
            "cert": (pem(self.ours.cert) + pem(self.authority.cert), "{}"),
            "key": (pem(self.ours.key), "{}"),
        }

    def flags(self, texts, save):
        for name, (text, form) in texts.items():
            yield from (f"--{name}", form.format(self.write(f"{name}.saved", save(text))))


class Messy(Case):
    def test_every_option_with_a_file_is_here(self):
        """One that is added has to be added here."""
        text = self.wsload("help", "all").out
        lines = [line for line in text.splitlines() if re.search(r"\bFILE", line)]
        named = {name for line in lines for name in re.findall(r"--([\w-]+) (?:FILE|TEXT)", line)}
        self.assertEqual(named, set(self.texts()))

    def test_a_run_of_all_of_them(self):
        server = self.node(
            cert=self.ours.cert, key=self.ours.key, client_ca=self.authority.cert
        )
        prompts = self.write("prompts.saved", messy("one\ntwo \n"))
        env = {"AWS_SHARED_CREDENTIALS_FILE": self.write("aws", messy(AWS_FILE))}
        run = self.wsload(
            *self.flags(self.texts(), messy), "-c", 1, "--query", "token={{token}}",
            "-H", "X-Name: {{name}}", "--aws-sigv4", "us-east-1:execute-api",
            server.url("wss", "localhost"), prompts, env=env,
        )
        self.assert_passed(run, 2)
        counts = server.stop()
        steps = [text for text in counts["texts"] if text == "from\nsetup"]
        self.assertEqual(len(steps), counts["connections"])
        sent = [text for text in counts["texts"] if text not in steps]
        self.assertEqual(sent, ['{"a":\n "one"}', '{"a":\n "two"}'])
        [request, *_] = counts["requests"]
        self.assertTrue(request["url"].startswith("/?token=t0ken-of-users&"), request)
        self.assertIn("X-Amz-Credential=AKID%2F", request["url"])
        headers = [request["headers"][name] for name in ("authorization", "x-api-key", "x-name")]
        self.assertEqual(headers, ["Bearer t0ken-of-bearer", "k3y", "ann"])

    def test_the_first_authority_of_a_file_is_trusted(self):
        """What stands before it on its line is no reason to skip it for the next one."""
        server = self.node(cert=self.ours.cert, key=self.ours.key)
        other = certificates.Authority(self.dir, "other")
        both = (self.dir / self.authority.cert).read_text() + (self.dir / other.cert).read_text()
        run = self.wsload(
            "-n", 1, "-c", 1, "--cacert", self.write("both.saved", messy(both)),
            server.url("wss", "localhost"), self.prompts("a"),
        )
        self.assert_passed(run, 1)

    def test_prompts_of_every_form(self):
        for name, text in (("p.txt", "one\n"), ("p.jsonl", '{"prompt": "one"}\n')):
            with self.subTest(name=name):
                server = self.node()
                run = self.wsload("-c", 1, server.url(), self.write(name, messy(text)))
                self.assert_passed(run, 1)
                self.assertEqual(server.stop()["texts"], ['{"message": "one"}'])

    def test_reply_of_serve(self):
        served = self.serve("-q", "--reply", "@" + self.write("reply.saved", messy("a\n{{prompt}}\n")))
        run = self.wsload("-c", 1, "--expect", "text:a\nb", served.url(), self.prompts("b"))
        self.assert_passed(run, 1)

    def test_summaries(self):
        self.wsload("-n", 4, self.node().url(), self.prompts("a"))
        clean = (self.dir / harness.SUMMARY).read_bytes()
        saved = self.write("saved.json", messy(clean.decode()))
        for command in ("report", "merge"):
            again = subprocess.run(
                [harness.WSLOAD, command, "-q", saved, "-o", "json=-"], capture_output=True,
                env=harness.clean_environment(),
            )
            self.assertEqual((again.stdout, again.returncode), (clean, 0), again.stderr)


class Utf16(Case):
    URL = "wss://127.0.0.1:9/"

    def assert_refused(self, run, *names):
        self.assert_mistake(run, *names, "UTF-16", "save the file as UTF-8")
        self.assertEqual(run.err.count("\n"), 1, run)

    def test_every_option_says_so(self):
        for name, given in self.texts().items():
            with self.subTest(option=name):
                also = ("--cert", self.ours.cert) if name == "key" else ()
                flags = self.flags({name: given}, utf_16)
                run = self.wsload(*flags, *also, self.URL, self.prompts("a"))
                self.assert_refused(run, f"--{name}", f"{name}.saved")

    def test_so_do_prompts(self):
        self.assert_refused(self.wsload(self.URL, self.write("p.saved", utf_16("a\n"))), "p.saved")
        self.assert_refused(self.wsload(self.URL, "-", stdin=utf_16("a\n")), "standard input")

    def test_so_do_credentials(self):
        env = {"AWS_SHARED_CREDENTIALS_FILE": self.write("aws.saved", utf_16(AWS_FILE))}
        run = self.wsload(
            "--aws-sigv4", "us-east-1:execute-api", self.URL, self.prompts("a"), env=env
        )
        self.assert_refused(run, "--aws-sigv4", "aws.saved")

    def test_so_do_reply_and_summaries(self):
        saved = self.write("saved", utf_16("{}\n"))
        for command in (("serve", "--reply", "@" + saved), ("report", saved), ("merge", saved)):
            with self.subTest(command=command):
                self.assert_refused(self.wsload(*command), saved)


if __name__ == "__main__":
    harness.main()
