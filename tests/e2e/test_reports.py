"""wsload report and merge: what runs measured, read back from their summaries."""

import json
import os
import signal
import subprocess

import harness

COUNTS = (
    "total_requests", "successful_requests", "failed_requests", "sent_requests", "good_requests",
    "waited_requests", "late_messages", "unsolicited_messages", "ignored_messages", "parts",
)
GROUPS_OF_COUNTS = ("accounting", "warmup", "traffic")
PLAIN = ("-n", 60, "-c", 3)


class ReportCase(harness.Case):
    def run_to(self, path, *flags, url=None):
        """A run whose summary is at PATH."""
        url = url or self.serve("-q", "--delay", "2ms").url()
        return self.wsload(*flags, "--summary", path, url, self.prompts("a", "b"))

    def command(self, *args, stdin=None):
        """Runs a command that writes no summary of its own."""
        source = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        return self.finish(self.start(*args, stdin=source), stdin, summary=None)

    def bytes_of(self, path):
        return (self.dir / path).read_bytes()

    def read(self, path):
        return json.loads(self.bytes_of(path))

    def change(self, path, change, to=None):
        """Makes CHANGE, which takes the summary, in the file PATH, or writes it to the file TO."""
        summary = self.read(path)
        change(summary)
        self.write(to or path, json.dumps(summary))

    def assert_refused(self, run, *texts):
        self.assert_mistake(run, *texts)
        self.assertEqual(run.err.count("\n"), 1, run)
        self.assertLess(len(run.err), 400, run)


class Screens(ReportCase):
    """The screen of a run is the screen of its report, byte for byte, and so is the exit code."""

    def check(self, run, code=0):
        self.assertEqual(run.code, code, run)
        self.assertIn("summary: load_test_summary.json\n", run.out)
        again = self.command("report", harness.SUMMARY)
        self.assertEqual((again.out, again.err, again.code), (run.out, "", run.code))

    def run_against(self, flags, serving=("--delay", "2ms")):
        served = self.serve("-q", *serving)
        return self.wsload(*flags, served.url(), self.prompts("a", "b"))

    def test_closed(self):
        rules = ("--max-latency", "10s", "--threshold", "latency:p(95)<10s")
        self.check(self.run_against((*PLAIN, *rules)))

    def test_limits_of_any_size(self):
        limit = 2**64 - 1
        rules = ("--threshold", f"errors<{limit}", "--threshold", f"requests_per_second<{limit}g/s")
        self.check(self.run_against((*PLAIN, *rules)))

    def test_a_threshold_failed(self):
        self.check(self.run_against((*PLAIN, "--threshold", "latency:avg<1ms")), 1)

    def test_a_threshold_ended_the_run(self):
        rule = ("--threshold", "latency:max<1ms,abort")
        self.check(self.run_against(("-d", "20s", "-c", 3, *rule)), 1)

    def test_open_with_stages(self):
        flags = ("-r", 100, "--warmup", "300ms", "-s", "500ms:200", "-s", "500ms:50")
        self.check(self.run_against((*flags, "--arrival", "poisson", "-t", 2)))

    def test_streams(self):
        flags = ("--reply-end", "count:5", "-n", 20, "-c", 4, "--threshold", "ttfm:p(95)<10s")
        self.check(self.run_against(flags, ("--stream", 5, "--gap", "1ms")))

    def test_hold(self):
        url = self.serve("-q").url()
        self.check(self.wsload("--hold", "-c", 5, "-d", "300ms", "--price-minutes", 1, url))

    def test_one_way(self):
        self.check(self.run_against((*PLAIN, "--one-way")))

    def test_think_time(self):
        self.check(self.run_against((*PLAIN, "--think-time", "exp:1ms", "--in-flight", 1)))

    def test_failures(self):
        self.check(self.run_against(PLAIN, ("--error-rate", 100)), 1)
        self.check(self.run_against((*PLAIN, "--min-success-rate", 0), ("--error-rate", 50)))
        self.check(self.run_against((*PLAIN, "-n", 200), ("--error-rate", 50)), 1)

    def test_no_connection(self):
        url = f"ws://127.0.0.1:{self.refused_port()}/"
        self.check(self.wsload(*PLAIN, url, self.prompts("a")), 3)

    def test_interrupted(self):
        served = self.serve("-q", "--delay", "2ms")
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(code=code):
                process = self.start(
                    "-d", "60s", "-c", 2, "--record", "r.jsonl", served.url(), self.prompts("a")
                )
                record = self.dir / "r.jsonl"
                self.wait_for(lambda: record.exists() and record.stat().st_size, "a reply")
                process.send_signal(number)
                self.check(self.finish(process), code)
                record.unlink()

    def test_an_invalid_run(self):
        """As --strict judges it."""
        self.run_against(PLAIN)
        ports = {"kind": "exhausted", "detail": "ports", "count": 3, "requests": 0, "example": ""}
        self.change(harness.SUMMARY, lambda s: s["errors"].append(ports))
        self.assertEqual(self.command("report", harness.SUMMARY).code, 0)
        self.change(harness.SUMMARY, lambda s: s["load"].update(strict=True))
        again = self.command("report", harness.SUMMARY)
        self.assertEqual(again.code, 4, again)
        self.assertIn("ran out of ports, 3 times", again.out)


class Report(ReportCase):
    def test_other_thresholds_judge_anew(self):
        self.assertEqual(self.run_to("a.json", *PLAIN, "--max-latency", "10s").code, 0)
        failed = self.command("report", "a.json", "--threshold", "latency:min<1ms")
        self.assertEqual(failed.code, 1, failed)
        self.assertIn("shortest latency", failed.out)
        self.assertNotIn("average latency", failed.out)
        passed = self.command("report", "--threshold", "latency:max<20s", "a.json")
        self.assertEqual(passed.code, 0, passed)
        self.assertIn("PASSED   1 of 1 threshold", passed.out)

    def test_a_failed_run_may_pass_other_thresholds(self):
        rules = ("--threshold", "latency:max<1ms,abort", "--threshold", "errors<5")
        self.assertEqual(self.run_to("a.json", "-d", "20s", *rules).code, 1)
        run = self.command("report", "a.json", "--threshold", "errors<3", "-o", "json=b.json")
        self.assertEqual(run.code, 0, run)
        summary = self.read("b.json")
        self.assertEqual([one["name"] for one in summary["thresholds"]], ["errors<3"])
        self.assertEqual(summary["exit"], {"code": 0, "reason": "passed"})

    def test_a_figure_that_the_run_does_not_have(self):
        self.run_to("a.json", *PLAIN)
        run = self.command("report", "a.json", "--threshold", "ttfm:avg<1s")
        self.assertEqual(run.code, 1, run)

    def test_standard_input(self):
        run = self.run_to("a.json", *PLAIN)
        report = self.command("report", "-", stdin=self.bytes_of("a.json"))
        self.assertEqual(report.out, run.out.replace("\nsummary: a.json\n", ""))

    def test_other_forms_are_those_of_the_run(self):
        forms = ("-o", "hlog=run.hlog", "--hgrm", "run.hgrm", "--out", "json=run.json")
        run = self.run_to("a.json", *PLAIN, *forms)
        self.assertEqual(self.bytes_of("run.json"), self.bytes_of("a.json"))
        report = self.command(
            "report", "a.json", "-o", "hlog=b.hlog", "-o", "hgrm=b.hgrm", "-o", "json=b.json"
        )
        self.assertEqual(report.out, run.out)
        for form in ("hlog", "hgrm", "json"):
            self.assertEqual(self.bytes_of(f"b.{form}"), self.bytes_of(f"run.{form}"), form)

    def test_standard_output_is_for_one_form(self):
        run = self.run_to("a.json", *PLAIN, "-o", "hgrm=run.hgrm")
        report = self.command("report", "a.json", "-o", "hgrm=-")
        self.assertEqual(report.out.encode(), self.bytes_of("run.hgrm"))
        self.assertEqual(report.err, run.out)
        report = self.command("report", "a.json", "-q", "-o", "json=-")
        self.assertEqual((report.out.encode(), report.err), (self.bytes_of("a.json"), ""))
        report = self.command("report", "a.json", "-o", "json=-", "-o", "hlog=-")
        self.assert_refused(report, "--out hlog=-: --out json=- goes there")

    def test_quiet(self):
        self.run_to("a.json", *PLAIN)
        self.assertEqual(str(self.command("report", "-q", "a.json")), "exit 0\n--- stdout\n\n"
                         "--- stderr\n")
        report = self.command("report", "-q", "a.json", "--threshold", "latency:min<1ms")
        self.assertEqual((report.code, report.out), (1, ""), report)
        self.assertTrue(report.err.startswith("FAILED"), report)

    def test_the_summary_is_not_written_over(self):
        self.run_to("a.json", *PLAIN)
        before = self.bytes_of("a.json")
        (self.dir / "link").symlink_to("a.json")
        os.link(self.dir / "a.json", self.dir / "hard")
        for path in ("a.json", "./a.json", "link", "hard", str(self.dir / "a.json")):
            run = self.command("report", "a.json", "-o", f"json={path}", "--threshold", "errors<9")
            self.assert_refused(run, f"--out json={path}: SUMMARY a.json is read")
        with (self.dir / "a.json").open("rb") as stdin:
            process = self.start("report", "-", "-o", "json=a.json", stdin=stdin)
            run = self.finish(process, summary=None)
        self.assert_refused(run, "--out json=a.json: SUMMARY - is read")
        self.assertEqual(self.bytes_of("a.json"), before)

    def test_nothing_is_appended_to_the_summary(self):
        self.run_to("a.json", *PLAIN)
        before = self.bytes_of("a.json")
        with (self.dir / "a.json").open("ab") as stdout:
            run = subprocess.run(
                [harness.WSLOAD, "report", "-q", "a.json", "-o", "json=-"],
                cwd=self.dir,
                env=harness.clean_environment(),
                stdout=stdout,
                stderr=subprocess.PIPE,
                timeout=harness.HANGS_S,
            )
        self.assertEqual(run.returncode, 2, run)
        self.assertIn(b"--out json=-: SUMMARY a.json is read", run.stderr)
        self.assertEqual(self.bytes_of("a.json"), before)

    def test_mistakes(self):
        self.run_to("a.json", *PLAIN)
        for args, *texts in (
            ((), "no summary given"),
            (("no\n\x1b[31m.json",), "no??[31m.json: No such file"),
            (("a.json", "b.json"), "too many arguments"),
            (("a.json", "--threshold", "latncy:avg<1s"), "--threshold", "latency"),
            (("a.json", "-o", "csv=b"), "--out 'csv=b'", "json, hgrm, hlog"),
            (("a.json", "-o", "json"), "--out 'json'", "KIND=PATH"),
            (("a.json", "-o", "json=no/b.json"), "--out: no/b.json", "No such file"),
            (("a.json", "--force"), "--force: no such option"),
        ):
            with self.subTest(args=args):
                self.assert_refused(self.command("report", *args), *texts)

    def test_a_screen_that_cannot_be_written(self):
        self.run_to("a.json", *PLAIN)
        words = ("-c", 'exec "$0" report a.json >/dev/full', harness.WSLOAD)
        run = self.finish(self.start(*words, program="/bin/sh"), summary=None)
        self.assertEqual(run.code, 2, run)
        self.assertEqual(run.err, "wsload: the report cannot be written\n")

    def test_options_from_the_environment(self):
        self.run_to("a.json", *PLAIN)
        env = {"WSLOAD_REPORT_THRESHOLD": "latency:min<1ms\nerrors<5"}
        run = self.finish(self.start("report", "a.json", env=env), summary=None)
        self.assertEqual(run.code, 1, run)
        self.assertIn("below 1 ms   BROKEN\n", run.out)
        self.assertIn("below 5      ok\n", run.out)


class Merge(ReportCase):
    LOAD = (*PLAIN, "--threshold", "errors<100", "--max-latency", "10s")

    @classmethod
    def setUpClass(cls):
        """The summaries a.json, b.json and c.json of three runs of one load."""
        case = ReportCase()
        case.setUp()
        cls.addClassCleanup(case.doCleanups)
        url = case.serve("-q", "--delay", "2ms", "--error-rate", 2).url()
        for name in "abc":
            run = case.run_to(f"{name}.json", *cls.LOAD, "--threshold", "success_rate>10", url=url)
            case.assertEqual(run.code, 0, run)
        cls.texts = {f"{name}.json": case.bytes_of(f"{name}.json") for name in "abc"}

    def setUp(self):
        super().setUp()
        for name, text in self.texts.items():
            self.write(name, text)

    def merge(self, *args, code=0):
        run = self.command("merge", *args)
        self.assertEqual(run.code, code, run)
        return run

    def test_counts_are_sums(self):
        run = self.merge("a.json", "b.json", "-o", "json=all.json")
        self.assertIn("\nsummary: all.json\n", run.out)
        a, b, both = (self.read(f"{name}.json") for name in ("a", "b", "all"))
        harness.schema().validate(both)
        for name in COUNTS:
            self.assertEqual(both[name], a[name] + b[name], name)
        for group in GROUPS_OF_COUNTS:
            for name in both[group]:
                self.assertEqual(both[group][name], a[group][name] + b[group][name], name)
        for name in ("requested", "opened", "open_at_end"):
            self.assertEqual(
                both["connections"][name], a["connections"][name] + b["connections"][name]
            )
        self.assertEqual(both["latency"]["max"], max(a["latency"]["max"], b["latency"]["max"]))
        self.assertEqual(both["latency"]["min"], min(a["latency"]["min"], b["latency"]["min"]))
        for name, whole in both["histograms"].items():
            if name != "encoding":
                for member in ("count", "sum", "sum_squares"):
                    parts = [int(one["histograms"][name][member]) for one in (a, b)]
                    self.assertEqual(int(whole[member]), sum(parts), f"{name} {member}")
        self.assertEqual(
            sum(row["done"] for row in both["timeline"]["rows"]), both["total_requests"]
        )
        self.assertEqual(
            sum(error["count"] for error in both["errors"]),
            sum(error["count"] for error in a["errors"] + b["errors"]),
        )
        self.assertEqual(len(both["samples"]), 5)

    def test_the_order_does_not_matter(self):
        self.merge("a.json", "b.json", "c.json", "-o", "json=all.json", "-o", "hlog=all.hlog")
        for number, order in enumerate(("acb", "bac", "bca", "cab", "cba")):
            paths = [f"{name}.json" for name in order]
            self.merge(*paths, "-o", f"json={number}.json", "-o", f"hlog={number}.hlog")
            self.assertEqual(self.bytes_of(f"{number}.json"), self.bytes_of("all.json"), order)
            self.assertEqual(self.bytes_of(f"{number}.hlog"), self.bytes_of("all.hlog"), order)

    def test_merges_can_be_merged(self):
        self.merge("a.json", "b.json", "c.json", "-o", "json=all.json")
        for one, *others in (("a", "b", "c"), ("b", "a", "c"), ("c", "b", "a")):
            self.merge(*(f"{name}.json" for name in others), "-o", "json=two.json")
            for order in ((f"{one}.json", "two.json"), ("two.json", f"{one}.json")):
                self.merge(*order, "-o", "json=again.json")
                self.assertEqual(self.bytes_of("again.json"), self.bytes_of("all.json"), order)

    def test_a_merge_can_be_reported(self):
        merged = self.merge("a.json", "c.json", "-o", "json=all.json")
        report = self.command("report", "all.json", "-o", "json=again.json")
        self.assertEqual((report.out, report.code), (merged.out, 0))
        self.assertEqual(self.bytes_of("again.json"), self.bytes_of("all.json"))

    def test_one_alone_is_itself(self):
        self.merge("a.json", "-o", "json=all.json")
        self.assertEqual(self.bytes_of("all.json"), self.bytes_of("a.json"))

    def test_the_whole_is_judged(self):
        self.change("b.json", lambda s: s["end"].update(signal=2))
        self.merge("a.json", "b.json", code=130)
        run = self.merge("a.json", "c.json", "--threshold", "total_requests>100")
        self.assertIn("1 of 1 threshold", run.out)
        self.merge("a.json", "c.json", "--threshold", "total_requests>150", code=1)

    def test_other_loads_are_refused(self):
        changes = {
            "load.connections": lambda s: s["load"].update(connections=4),
            "load.requests": lambda s: s["load"].update(requests=None),
            "load.goodput": lambda s: s["load"]["goodput"].update(latency=1),
            "load.think_time": lambda s: s["load"].update(think_time="1ms"),
            "target.url": lambda s: s["target"].update(url="ws://elsewhere/"),
            "thresholds": lambda s: s["thresholds"].pop(),
        }
        for member, change in changes.items():
            with self.subTest(member=member):
                self.change("b.json", change, to="other.json")
                run = self.command("merge", "a.json", "other.json", "-o", "json=all.json")
                self.assert_refused(run, "other.json: ", "a.json", f"differ in {member};")
                self.assertFalse((self.dir / "all.json").exists())
                self.merge("a.json", "other.json", "--force", "-o", "json=1.json")
                self.merge("other.json", "a.json", "--force", "-o", "json=2.json")
                self.assertEqual(self.bytes_of("1.json"), self.bytes_of("2.json"))

    def test_seed_and_workers_may_differ(self):
        seeds = {self.read(f"{name}.json")["load"]["seed"] for name in "abc"}
        self.assertEqual(len(seeds), 3)
        self.change("b.json", lambda s: s["load"].update(workers=3))
        self.merge("a.json", "b.json")

    def test_thresholds_may_differ_in_order_or_when_others_judge(self):
        self.change("b.json", lambda s: s["thresholds"].reverse())
        self.merge("a.json", "b.json", "-o", "json=1.json")
        self.merge("b.json", "a.json", "-o", "json=2.json")
        self.assertEqual(self.bytes_of("1.json"), self.bytes_of("2.json"))
        self.assertEqual(len(self.read("1.json")["thresholds"]), 3)
        self.change("b.json", lambda s: s["thresholds"].pop())
        self.merge("a.json", "b.json", "--threshold", "errors<100")

    def test_thresholds_that_do_not_count_may_be_many(self):
        def ask(first):
            return lambda s: s["thresholds"].extend(
                dict(s["thresholds"][0], name=f"errors<{i}", limit=i)
                for i in range(first, first + 40)
            )

        self.change("a.json", ask(1000))
        self.change("b.json", ask(2000))
        many = self.command("merge", "a.json", "b.json", "--force")
        self.assert_refused(many, "more than 67 thresholds", "--threshold")
        run = self.merge("a.json", "b.json", "--threshold", "errors<100", "-o", "json=all.json")
        self.assertIn("1 of 1 threshold", run.out)

    def test_doubts_name_their_file(self):
        def busy(summary):
            summary["self"]["workers"] = [{"cpu": 0.97, "wait": 0, "time": 1}]
            summary["self"]["cores"] = 8

        self.change("b.json", busy, to="busy.json")
        run = self.merge("a.json", "busy.json", "c.json", "-o", "json=all.json")
        self.assertIn("busy.json: a worker at 97 % CPU", run.out)
        validity = self.read("all.json")["validity"]
        self.assertNotEqual(validity["status"], "valid")  # a busy machine may make it worse
        [reason] = [one for one in validity["reasons"] if one["check"] == "cpu"]
        self.assertEqual((reason["source"], reason["grade"]), ("busy.json", "doubtful"))
        self.assertIn("97 % CPU", reason["text"])
        # nothing is lost by merging in two steps
        self.merge("c.json", "busy.json", "-o", "json=two.json")
        self.merge("two.json", "a.json", "-o", "json=again.json")
        self.assertEqual(self.bytes_of("again.json"), self.bytes_of("all.json"))

    def test_mistakes(self):
        for args, *texts in (
            ((), "no summaries given"),
            (("a.json", "b.json", "./a.json"), "./a.json: the same file as a.json"),
            (("-", "-"), "-: the same file as -"),
            (("a.json", "absent.json"), "absent.json: No such file"),
            (("a.json", "-o", "json=b.json", "b.json"), "--out json=b.json: SUMMARY b.json is"),
            (("a.json", "b.json", "--threshold", "errors"), "--threshold 'errors'"),
        ):
            with self.subTest(args=args):
                self.assert_refused(self.command("merge", *args), *texts)
        with (self.dir / "a.json").open("rb") as stdin:
            run = self.finish(self.start("merge", "-", "a.json", stdin=stdin), summary=None)
        self.assert_refused(run, "a.json: the same file as -")


class Damaged(ReportCase):
    """Whatever is no summary is refused in one line that says where and why."""

    @classmethod
    def setUpClass(cls):
        case = ReportCase()
        case.setUp()
        cls.addClassCleanup(case.doCleanups)
        case.run_to("a.json", *PLAIN, "--max-latency", "10s")
        cls.text = case.bytes_of("a.json")

    def setUp(self):
        super().setUp()
        self.write("good.json", self.text)

    def check(self, path, *texts):
        self.assert_refused(self.command("report", path), path, *texts)
        self.assert_refused(self.command("merge", "good.json", path), path, *texts)

    def test_what_is_no_json(self):
        for name, text in (
            ("empty", b""), ("text", b"PASSED\n"), ("nul", b"\0" * 1000), ("cut", b"{"),
            ("latin", "{\"a\": \"\xe9\"}".encode("latin-1")), ("deep", b"[" * 100_000),
            ("two", self.text + self.text),
        ):
            with self.subTest(name=name):
                self.check(self.write(f"{name}.json", text))

    def test_what_is_truncated(self):
        for part in range(1, 20):
            cut = self.text[: len(self.text) * part // 20]
            with self.subTest(length=len(cut)):
                self.check(self.write("cut.json", cut))
        self.check(self.write("cut.json", self.text.rstrip()[:-1]))

    def test_what_is_not_ours(self):
        for text in ("[]", "{}", "7", "null", '{"metrics": {"http_reqs": {"count": 5}}}'):
            with self.subTest(text=text):
                self.check(self.write("foreign.json", text), "not a summary of wsload")

    def test_what_is_newer(self):
        self.change("good.json", lambda s: s.update(schema_version=2), to="newer.json")
        self.check(str(self.dir / "newer.json"), "schema_version", "newer")

    def test_members_that_are_wrong(self):
        def without_kind(summary):
            summary["errors"] = [
                {"kind": "gremlins", "detail": "", "count": 1, "requests": 0, "example": ""}
            ]

        for member, change in (
            ("accounting.sent", lambda s: s["accounting"].pop("sent")),
            ("accounting.sent", lambda s: s["accounting"].update(sent=-1)),
            ("accounting.sent", lambda s: s["accounting"].update(sent=1.5)),
            ("accounting.sent", lambda s: s["accounting"].update(sent="sixty")),
            ("load.model", lambda s: s["load"].update(model="chaotic")),
            ("load.workers", lambda s: s["load"].update(workers=0)),
            ("total_time", lambda s: s.update(total_time=None)),
            ("target.url", lambda s: s["target"].update(url="x" * 100_000)),
            ("errors", without_kind),
            ("thresholds", lambda s: s["thresholds"][0].update(metric="latncy:avg")),
            ("histograms.latency", lambda s: s["histograms"].update(latency="HISTFAAA")),
            ("timeline", lambda s: s["timeline"]["rows"][0].update(counts="1:2:3")),
        ):
            with self.subTest(member=member):
                self.change("good.json", change, to="wrong.json")
                self.check(str(self.dir / "wrong.json"), member)

    def test_what_is_huge(self):
        with open(self.dir / "huge.json", "wb") as file:
            file.truncate(1 << 30)
        self.check("huge.json", "larger than")

    def test_what_is_no_file(self):
        self.check(str(self.dir), "Is a directory")
        self.check("absent.json", "No such file")


if __name__ == "__main__":
    harness.main()
