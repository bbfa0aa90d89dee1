"""Thresholds on any figure, and the verdict on the run itself."""

import resource

import harness

GATEWAY_ERROR = '{"message": "Internal server error", "connectionId": "a", "requestId": "b"}'


class Thresholds(harness.Case):
    def run_with(self, server, *rules, flags=("-n", 40, "-c", 4)):
        rules = [word for rule in rules for word in ("--threshold", rule)]
        return self.wsload(*flags, *rules, server.url(), self.prompts("a"))

    def test_rules_that_are_kept(self):
        rules = {
            "latency:p(95)<5s": ("latency:p(95)", "<", 5),
            "latency:p99.9<5s": ("latency:p99.9", "<", 5),
            "latency:min>=20ms": ("latency:min", ">=", 0.020),
            "latency:max <= 10s": ("latency:max", "<=", 10),
            "latency:med>20ms": ("latency:med", ">", 0.020),
            "latency:avg<2000ms": ("latency:avg", "<", 2),
            "latency:count==40": ("latency:count", "==", 40),
            "response_time:p(99.9)<5s": ("response_time:p(99.9)", "<", 5),
            "success_rate>99": ("success_rate", ">", 99),
            "success_rate==100%": ("success_rate", "==", 100),
            "errors{kind=reply_timeout}<10": ("errors{kind=reply_timeout}", "<", 10),
            "errors{kind=closed}==0": ("errors{kind=closed}", "==", 0),
            "connect.tcp:avg<5s": ("connect.tcp:avg", "<", 5),
            "connect.total:p(50)<5s": ("connect.total:p(50)", "<", 5),
            "total_requests!=41": ("total_requests", "!=", 41),
            "requests_per_second>1": ("requests_per_second", ">", 1),
        }
        run = self.run_with(self.node(delay_ms=20), *rules)
        self.assert_passed(run, 40)
        shown = run.summary["thresholds"]
        self.assertEqual(
            [(t["metric"], t["relation"], t["limit"]) for t in shown], list(rules.values())
        )
        self.assertEqual([t["name"] for t in shown], [rule.replace(" ", "") for rule in rules])
        self.assertEqual([t for t in shown if not t["passed"] or t["abort"]], [])

    def test_rules_that_are_broken(self):
        for rule, actual in (
            ("latency:min<20ms", None),
            ("latency:count>40", 40),
            ("success_rate<100", 100),
            ("total_requests!=40", 40),
            ("errors{kind=closed}>0", 0),
        ):
            with self.subTest(rule=rule):
                run = self.run_with(self.node(delay_ms=20), "total_requests==40", rule)
                self.assertEqual(run.code, 1, run)
                self.assertEqual(run.summary["exit"]["reason"], "threshold failed")
                good, broken = run.summary["thresholds"]
                self.assertEqual((good["passed"], broken["passed"]), (True, False))
                self.assertIn("BROKEN", run.out)
                if actual is not None:
                    self.assertEqual(broken["actual"], actual)

    def test_a_figure_that_there_is_not_keeps_no_limit(self):
        for rule in ("connect.tls:avg<50ms", "connection.lifetime:min>0s"):
            run = self.run_with(self.node(), rule)
            self.assertEqual(run.code, 1, run)
            self.assertIsNone(run.summary["thresholds"][0]["actual"])

    def test_errors_of_one_kind(self):
        server = self.node(error_every=4, error_reply=GATEWAY_ERROR)
        run = self.run_with(server, "errors{kind=gateway_error}<=10", "errors{kind=closed}<1")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.errors(), {("gateway_error", "Internal server error"): 10})
        self.assertEqual([t["actual"] for t in run.summary["thresholds"]], [10, 0])
        run = self.run_with(server, "errors{kind=gateway_error}<10")
        self.assertEqual(run.code, 1, run)

    def test_the_rate_of_an_open_run(self):
        flags = ("-r", 200, "-d", "1s", "-c", 50)
        run = self.run_with(self.node(), "achieved_rate>98", "send_lag:p(50)<1s", flags=flags)
        self.assert_passed(run, 200)

    def test_abort_ends_the_run_as_soon_as_it_is_sure_to_fail(self):
        for rule, options in (
            ("errors{kind=gateway_error}<10,abort", {"error_every": 2, "error_reply": GATEWAY_ERROR}),
            ("latency:max<10ms,abort", {"delay_ms": 50}),
        ):
            with self.subTest(rule=rule):
                server = self.node(**options)
                flags = ("-d", "10m", "-c", 20)
                run = self.run_with(server, "requests_per_second>0.001", rule, flags=flags)
                self.assertEqual(run.code, 1, run)
                self.assertEqual(run.summary["exit"]["reason"], "threshold failed, run aborted")
                self.assertEqual(run.summary["end"]["aborted_by"], rule)
                [_, broken] = run.summary["thresholds"]
                self.assertEqual((broken["abort"], broken["passed"]), (True, False))

    def test_abort_leaves_a_good_run_alone(self):
        run = self.run_with(self.node(), "latency:max<20s,abort", "errors{kind=reset}<1, abort")
        self.assert_passed(run, 40)
        self.assertIsNone(run.summary["end"]["aborted_by"])

    def test_rules_that_are_wrong(self):
        server = self.node()
        for rule, *texts in (
            ("latncy:avg<5s", "latncy", "latency"),
            ("respons_time:avg<5s", "response_time"),
            ("latency:q95<5s", "q95", "p(N)"),
            ("latency:p(101)<5s", "p(101)"),
            ("latency<5s", "latency"),
            ("latency:avg=5s", "="),
            ("latency:avg<5 apples", "5 apples"),
            ("latency:avg<", "latency:avg<"),
            ("success_rate:avg>99", "success_rate"),
            ("errors{kind=reply_timout}<5", "reply_timout", "reply_timeout"),
            ("latency:avg<5s,abrt", "abrt"),
            ("", "--threshold"),
        ):
            with self.subTest(rule=rule):
                self.assert_mistake(self.run_with(server, rule), "--threshold", *texts)
        self.assertEqual(server.stop()["connections"], 0)


class Verdict(harness.Case):
    """A machine that runs out of descriptors in mid-run: its figures are not the target's."""

    def exhausted(self, *flags):
        server = self.node()
        flags = ("-c", 200, "--connect-rate", 100, "-n", 400, "--min-success-rate", 0, *flags)
        process = self.start(*flags, server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["connections"] >= 10, "ten connections")
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (60, 60))
        run = self.finish(process)
        connections = run.summary["connections"]
        self.assertEqual(run.errors(), {("exhausted", "descriptors"): connections["failed"]}, run)
        self.assertTrue(10 <= connections["opened"] < 200, run)
        self.assertGreater(run.summary["successful_requests"], 0)
        verdict = run.summary["validity"]
        self.assertEqual(verdict["status"], "invalid")
        self.assertEqual(verdict["reasons"][0]["check"], "exhausted")
        self.assertIn("descriptors", verdict["reasons"][0]["text"])
        self.assertIn("invalid", run.out)
        return run

    def test_an_invalid_run_is_said_to_be_one(self):
        run = self.exhausted()
        self.assertEqual((run.code, run.summary["exit"]["reason"]), (0, "passed"), run)

    def test_strict_fails_it(self):
        run = self.exhausted("--strict")
        self.assertEqual(run.code, 4, run)
        self.assertEqual(run.summary["exit"]["reason"], "run invalid (--strict)")

    def test_a_slow_target_does_not_make_it_invalid(self):
        flags = ("--strict", "-r", "1m", "-n", 500, "-c", 1)
        run = self.wsload(*flags, self.node(delay_ms=1).url(), self.prompts("a"))
        self.assert_passed(run, 500)
        self.assertNotEqual(run.summary["validity"]["status"], "invalid")


if __name__ == "__main__":
    harness.main()
