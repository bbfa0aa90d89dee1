"""One file by another name: no output goes over another one or over what is read, no pipe is read
twice, and standard output is itself however it is spelt."""

import json
import os
import re
import subprocess

import certificates
import harness

URL = "wss://127.0.0.1:9/"  # never connected to
OUTPUTS = {
    "--summary": "{}", "--hgrm": "{}", "--record": "{}", "-o": "json={}", "--out": "hlog={}",
}


class Case(harness.Case):
    def command(self, *args, **how):
        """Runs a command whose summary, if it writes one, is nobody's concern."""
        return self.finish(self.start(*args, **how), summary=None)

    def spellings(self, name):
        """Other names of the file NAME: a detour, a link, a hard link, through a linked directory."""
        directory = self.dir / "dir"
        if not directory.exists():
            directory.mkdir()
            (self.dir / "linked").symlink_to(self.dir)
        if not (directory / name).exists():
            (directory / f"{name}.link").symlink_to(self.dir / name)
            os.link(self.dir / name, directory / name)
        return (
            name, f"./dir/../{name}", f"dir/{name}.link", f"dir/{name}", f"linked/{name}",
            str(self.dir / name),
        )

    def assert_refused(self, run, *texts):
        self.assert_mistake(run, *texts)
        self.assertEqual(run.err.count("\n"), 1, run)


class Inputs(Case):
    def inputs(self):
        """Every file that a run reads: how it is given, what the error calls it, its name."""
        authority = certificates.Authority(self.dir)
        ours = authority.issue("ours", "DNS:localhost")
        files = {
            "prompts.txt": "a\n",
            "template": '{"message": "{{prompt}}"}',
            "users": "name\nanna\n",
            "setup": "{}",
            "bearer-file": "secret",
            "api-key-file": "secret",
            "cacert": (self.dir / authority.cert).read_text(),
            "cert": (self.dir / ours.cert).read_text(),
            "key": (self.dir / ours.key).read_text(),
        }
        for name, text in files.items():
            self.write(name, text)
        yield (), "PROMPTS_FILE", "prompts.txt"
        yield ("--template", "@template"), "--template", "template"
        yield ("--users", "users", "--query", "name={{name}}"), "--users", "users"
        for name in ("setup", "bearer-file", "api-key-file", "cacert", "cert"):
            yield (f"--{name}", name), f"--{name}", name
        yield ("--cert", "cert", "--key", "key"), "--key", "key"

    def test_every_input_is_here(self):
        text = self.command("help", "all").out
        named = set(re.findall(r"--([\w-]+) FILE", text))
        self.assertEqual(named - {name for *_, name in self.inputs()}, set())

    def test_no_output_goes_over_what_is_read(self):
        for given, called, name in self.inputs():
            before = (self.dir / name).read_bytes()
            for output, form in OUTPUTS.items():
                for path in self.spellings(name):
                    with self.subTest(input=called, output=output, path=path):
                        run = self.command(*given, output, form.format(path), URL, "prompts.txt")
                        self.assert_refused(run, path, f"{called} {name} is read")
            self.assertEqual((self.dir / name).read_bytes(), before)

    def test_standard_output_is_not_appended_to_what_is_read(self):
        self.write("prompts.txt", "a\n")
        with (self.dir / "prompts.txt").open("ab") as stdout:
            ended = subprocess.run(
                [harness.WSLOAD, "--summary", "-", URL, "prompts.txt"], cwd=self.dir, stdout=stdout,
                stderr=subprocess.PIPE, env=harness.clean_environment(),
            )
        self.assertEqual(ended.returncode, 2, ended)
        self.assertIn(b"--summary -: PROMPTS_FILE prompts.txt is read", ended.stderr)

    def test_credentials(self):
        keys = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"
        (self.dir / ".aws").mkdir()
        self.write(".aws/credentials", keys)
        for env in ({}, {"AWS_SHARED_CREDENTIALS_FILE": "./.aws/credentials"}):
            run = self.command(
                "--aws-sigv4", "eu-west-1:execute-api", "--sigv4-host", "a.example.com",
                "--summary", ".aws/credentials", URL, self.prompts("a"),
                env={"HOME": str(self.dir), **env},
            )
            self.assert_refused(run, "--summary .aws/credentials: --aws-sigv4 ", " is read")
        self.assertEqual((self.dir / ".aws/credentials").read_text(), keys)

    def test_a_pipe_is_read_once(self):
        for first, second in (
            (("--template", "@-"), "-"), (("--template", "@/dev/stdin"), "-"),
            (("--setup", "-"), "/dev/stdin"), (("--users", "-"), "/proc/self/fd/0"),
        ):
            with self.subTest(first=first, second=second):
                run = self.wsload(*first, URL, second, stdin=b"a\n")
                self.assert_refused(run, "reads standard input, which can be read once")

    def test_a_file_on_standard_input_can_be_read_by_its_name_too(self):
        path = self.write("both", "{{prompt:raw}}")
        server = self.node()
        with open(path, "rb") as stdin:
            run = self.finish(
                self.start("-c", 1, "--template", "@" + path, server.url(), "-", stdin=stdin)
            )
        self.assert_passed(run, 1)
        self.assertEqual(server.stop()["texts"], ["{{prompt:raw}}"])


class Outputs(Case):
    def test_each_has_a_place_of_its_own(self):
        self.write("there", "")
        self.prompts("a")
        pairs = [(a, b) for a in OUTPUTS for b in OUTPUTS if a != b]
        for first, second in pairs:
            for path in self.spellings("there"):
                with self.subTest(first=first, second=second, path=path):
                    given = (
                        first, OUTPUTS[first].format("there"), second, OUTPUTS[second].format(path)
                    )
                    run = self.command(*given, URL, "prompts.txt")
                    self.assert_refused(run, "goes there; give another path")

    def test_what_is_not_there_yet(self):
        self.write("there", "")
        self.spellings("there")
        for path in ("new", "./new", "dir/../new", "linked/new", str(self.dir / "new")):
            run = self.command("--summary", "new", "--hgrm", path, URL, self.prompts("a"))
            self.assert_refused(run, "--summary new goes there")
        run = self.command("-o", "json=./load_test_summary.json", URL, self.prompts("a"))
        self.assert_refused(run, "--summary load_test_summary.json goes there")

    def test_several_go_to_dev_null(self):
        flags = ("--summary", "/dev/null", "-o", "hgrm=/dev/null", "--record", "/dev/null")
        run = self.command("-n", 1, *flags, self.node().url(), self.prompts("a"))
        self.assertEqual(run.code, 0, run)


class StandardOutput(Case):
    NAMES = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")

    def test_two_outputs_cannot_share_it(self):
        for name in self.NAMES[1:]:
            for flags in (("--summary", name, "--hgrm", "-"), ("--record", name, "-o", "json=-"),
                          ("-o", f"json={name}", "-o", "hlog=/dev/stdout")):
                with self.subTest(flags=flags):
                    run = self.command(*flags, URL, self.prompts("a"))
                    self.assert_refused(run, "goes there; give another path")

    def test_the_report_makes_room_for_results(self):
        """In a pipe as in a file: what is there is the output alone."""
        server = self.node()
        for name in self.NAMES:
            for flag in ("--summary", "--record"):
                for to_file in (False, True):
                    with self.subTest(name=name, flag=flag, to_file=to_file):
                        out, err = self.output_of(server, flag, name, to_file)
                        results = [json.loads(text) for text in self.documents(flag, out)]
                        self.assertEqual(len(results), 3 if flag == "--record" else 1)
                        self.assertIn("DONE", err)

    def output_of(self, server, flag, name, to_file):
        """What a run of three prompts wrote."""
        command = [
            harness.WSLOAD, "-n", "3", "-c", "1", flag, name, server.url(), self.prompts("a"),
        ]
        with (self.dir / "out").open("wb") as file:
            ended = subprocess.run(
                command, cwd=self.dir, env=harness.clean_environment(), stderr=subprocess.PIPE,
                stdout=file if to_file else subprocess.PIPE,
            )
        self.assertEqual(ended.returncode, 0, ended)
        out = (self.dir / "out").read_bytes() if to_file else ended.stdout
        return out.decode(), ended.stderr.decode()

    def documents(self, flag, out):
        return out.splitlines() if flag == "--record" else [out]


class Serve(Case):
    def test_files_of_serve(self):
        self.write("reply", "hello")
        listen = ("serve", "--listen", "127.0.0.1:0", "--tls")
        for path in self.spellings("reply"):
            for flag in ("--port-file", "--ca-out"):
                with self.subTest(flag=flag, path=path):
                    run = self.command(*listen, "--reply", "@reply", flag, path)
                    self.assert_refused(run, f"{flag} {path}", "--reply reply is read")
        self.assertEqual((self.dir / "reply").read_text(), "hello")
        run = self.command(*listen, "--port-file", "a", "--ca-out", "./a")
        self.assert_refused(run, "--ca-out ./a: --port-file a goes there")


if __name__ == "__main__":
    harness.main()
