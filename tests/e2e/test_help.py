"""wsload help: every page fits the screen, and what the docs name is there."""

import re

import harness

COMMANDS = ((), ("try",), ("serve",), ("report",), ("merge",))
OPTION_LINE = re.compile(r"  (?:-(\w), |    )--([\w-]+)")
METRIC_LINE = re.compile(r"  ([a-z][\w.]*)(?:, ([a-z][\w.]*))?(?:  +[A-Z].*)?")
KIND_LINE = re.compile(r"  ([a-z_]+)  ")

# In the docs.
OTHER_PROGRAM = re.compile(r"\b(cmake|tcpdump|jq|npm|pip|curl|aws) [^`\n]*")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"(?<![\w-])--([a-z][\w-]*)")
LETTER = re.compile(r"(?<![\w\"'$/-])-([A-Za-z0-9])(?![\w-])")
RULE = re.compile(r"--threshold '([^']*)'")
FIGURE = re.compile(r"\b([a-z_.]+):(?:avg|med|min|max|p\(?\d[\d.]*\)?|stddev|count|rate)\b")
KIND = re.compile(r"\{kind=(\w+)\}|\"kind\": \"(\w+)\"")


class HelpCase(harness.Case):
    def help(self, *args):
        """The lines of a page of help."""
        run = self.finish(self.start(*args), summary=None)
        self.assertEqual((run.code, run.err), (0, ""), run)
        self.assertTrue(run.out.endswith("\n"), run)
        for line in run.out.splitlines():
            self.assertLessEqual(len(line), 80, line)
        return run.out.splitlines()

    def options(self, *command):
        """{long name: letter} of one command."""
        found = map(OPTION_LINE.match, self.help(*command, "help", "all"))
        return {line[2]: line[1] for line in found if line}

    def all_options(self):
        return {name: letter for command in COMMANDS for name, letter in
                self.options(*command).items()}

    def metrics(self):
        """The names of all metrics, and other names for them."""
        found = map(METRIC_LINE.fullmatch, self.help("help", "metrics"))
        return {name for line in found if line for name in line.groups() if name}

    def kinds(self):
        found = map(KIND_LINE.match, self.help("help", "failures"))
        return {line[1] for line in found if line}


class Help(HelpCase):
    def test_usage(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                usage = self.help(*command, "--help")
                self.assertTrue(usage[0].startswith(f"Usage: {' '.join(('wsload', *command))} ["))
                self.assertLess(len(usage), 60)
                for args in ((*command, "-h"), ("help", *command), (*command, "help")):
                    self.assertEqual(self.help(*args), usage)
                for option in self.options(*command):
                    self.assertRegex("\n".join(usage), rf"--{option}\b")

    def test_the_first_page_names_what_else_there_is(self):
        usage = "\n".join(self.help("--help"))
        for words in ("try", "serve", "report", "merge", "help OPTION", "metrics", "failures", "--out"):
            self.assertIn(words, usage)

    def test_options(self):
        for command in COMMANDS:
            own = () if command == ("try",) else command  # it has the variables of a run
            env = "_".join(("WSLOAD", *own)).upper()
            for option, letter in self.options(*command).items():
                with self.subTest(command=command, option=option):
                    page = self.help(*command, "help", option)
                    name = f"{env}_{option.upper().replace('-', '_')}"
                    self.assertRegex("\n".join(page), rf"\n  Environment: {name}[.,]")
                    names = [f"--{option}", *([letter, f"-{letter}"] if letter else [])]
                    for name in names if command else ():
                        self.assertEqual(self.help("help", *command, name), page)

    def test_options_of_other_commands(self):
        for args in (("help", "delay"), ("serve", "help", "delay"), ("help", "serve", "delay")):
            self.assertIn("WSLOAD_SERVE_DELAY", self.help(*args)[-1])
        self.assertIn("WSLOAD_MERGE_FORCE", self.help("help", "force")[-1])

    def test_figures(self):
        metrics = self.metrics()
        self.assertGreater(len(metrics), 80)
        self.assertLessEqual({"latency", "gap", "accounting.skipped", "skipped"}, metrics)
        for name in sorted(metrics):
            with self.subTest(name=name):
                page = self.help("help", name)
                self.assertRegex(page[-1], r"^  Example: --threshold '[a-z_.]+(:p\(95\))?[<>]")
        self.assertEqual(len(self.kinds()), 16)

    def test_an_option_and_a_metric_of_one_name(self):
        page = "\n".join(self.help("help", "requests"))
        self.assertRegex(page, r"(?s)--requests N .*WSLOAD_REQUESTS\.\n\ntotal_requests   \(")

    def test_unknown_topics(self):
        for args, *texts in (
            (("help", "latancy"), "latancy: no such", "did you mean 'wsload help latency' ?"),
            (("help", "--timout"), "--timout: no such", "did you mean 'wsload help timeout' ?"),
            (("help", "metric"), "did you mean 'wsload help metrics' ?"),
            (("help", "reprot"), "did you mean 'wsload help report' ?"),
            (("help", "forse"), "did you mean 'wsload help force' ?"),
            (("help", "xyzzyxyzzy"), "wsload --help", "wsload help metrics"),
            (("help", ""), "no such option"),
            (("serve", "help", "dely"), "no such option of wsload serve", "--delay"),
            (("report", "help", "force"), "no such option of wsload report"),
            (("merge", "help", "threshhold"), "no such option of wsload merge", "--threshold"),
        ):
            with self.subTest(args=args):
                run = self.finish(self.start(*args), summary=None)
                self.assert_mistake(run, *texts)
                self.assertEqual(run.err.count("\n"), 1)

    def test_version(self):
        run = self.wsload("--version")
        self.assertEqual((run.code, run.err), (0, ""), run)
        self.assertRegex(
            run.out,
            r"^wsload \d+\.\d+\.\d+ \((commit [0-9a-f]{7,}(-changed)?, )?"
            r"libwebsockets \d+\.\d+\.\d+, OpenSSL \d+\.\d+\.\d+[a-z]*\)\n$",
        )

    def test_exit_codes_are_those_of_readme(self):
        page = "\n".join(self.help("help", "exit-codes"))
        section = (harness.ROOT / "README.md").read_text().split("## Exit codes")[1].split("##")[0]
        codes = re.findall(r"^\| ([0-9, ]+) \|", section, re.M)
        self.assertGreaterEqual(len(codes), 6)
        for code in codes:
            self.assertRegex(page, rf"(?m)^  {code} +[A-Z]")

    def test_rules_are_those_that_are_taken(self):
        page = "\n".join(self.help("help", "rules"))
        run = self.wsload("--reply-end", "", "ws://127.0.0.1:9/", self.prompts("a"))
        forms = run.err.strip().split("; use one of ")[1].split(", ")
        self.assertIn("icontains:TEXT", forms)
        for form in forms:
            self.assertRegex(page, rf"(?m)^  {re.escape(form)} ")

    def test_options_of_other_tools_are_answered_with_ours(self):
        for given, ours in (
            ("--vus", "-c N"), ("-z", "-d T"), ("-u", "-c N"), ("--rps", "-r R"), ("-R", "-r R"),
            ("--concurrency", "-c N"), ("--json", "-o json=PATH"), ("--iterations", "-n N"),
            ("--body", "--template TEXT"), ("--max-workers", "-c N"), ("-D", "--template TEXT"),
        ):
            with self.subTest(given=given):
                run = self.wsload(given, "5", "ws://127.0.0.1:9/", self.prompts("a"))
                self.assert_mistake(run, f"{given}: no such option; here it is {ours}")


class Documents(HelpCase):
    """README and docs name only what there is."""

    def texts(self):
        paths = [harness.ROOT / "README.md", *sorted((harness.ROOT / "docs").glob("*.md"))]
        self.assertGreater(len(paths), 5)
        for path in paths:
            yield path.name, OTHER_PROGRAM.sub("", path.read_text(encoding="utf-8"))

    def check(self, found, known, least):
        """FOUND: (file, name). There are LEAST of them, or the test has lost its way."""
        self.assertEqual([one for one in found if one[1] not in known], [])
        self.assertGreaterEqual(len(set(found)), least)

    def test_options(self):
        options = self.all_options()
        names = [(file, name) for file, text in self.texts() for name in NAME.findall(text)]
        self.check(names, options, 50)
        letters = [
            (file, letter)
            for file, text in self.texts()
            for code in CODE.findall(text)
            for letter in LETTER.findall(code)
        ]
        self.check(letters, options.values(), 8)

    def test_figures(self):
        metrics = self.metrics()
        figures = [(file, name) for file, text in self.texts() for name in FIGURE.findall(text)]
        self.check(figures, metrics, 3)
        rules = [(file, rule) for file, text in self.texts() for rule in RULE.findall(text)]
        rules = [(file, rule) for file, rule in rules if "METRIC" not in rule]
        self.check([(file, re.split("[:{<>=! ]", rule)[0]) for file, rule in rules], metrics, 3)
        summary = harness.ROOT / "tests" / "golden" / "passed.json"
        for file, rule in rules:
            with self.subTest(file=file, rule=rule):
                run = self.finish(
                    self.start("report", "-q", summary, "--threshold", rule), summary=None
                )
                self.assertIn(run.code, (0, 1), run)

    def test_failures(self):
        found = [(file, *pair) for file, text in self.texts() for pair in KIND.findall(text)]
        kinds = [(file, first or second) for file, first, second in found]
        self.check([pair for pair in kinds if pair[1] != "KIND"], self.kinds(), 2)


if __name__ == "__main__":
    harness.main()
