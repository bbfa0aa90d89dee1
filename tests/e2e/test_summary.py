"""The summary file: where it goes, and that it is never seen half written."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios

import harness

MEMBERS = {
    *("schema_version", "tool", "started_at", "target"),
    *("total_requests", "successful_requests", "failed_requests", "success_rate"),
    *("total_time", "requests_per_second", "latency", "connections", "errors", "samples"),
    *("thresholds", "passed", "exit"),
}


class Summary(harness.Case):
    def run_once(self, *flags, **how):
        server = self.node()
        run = self.wsload("-n", 5, *flags, server.url(), self.prompts("a"), **how)
        self.assert_passed(run, 5)
        return run

    def test_goes_to_the_working_directory(self):
        run = self.run_once()
        self.assertLessEqual(MEMBERS, run.summary.keys())
        self.assertIn(harness.SUMMARY, run.out)
        self.assertEqual(run.summary["tool"]["name"], "wsload")
        self.assertEqual(
            sorted(os.listdir(self.dir)), [harness.SUMMARY, "prompts.txt"], "a file was left behind"
        )

    def test_goes_where_it_is_told(self):
        path = str(self.dir / "out.json")
        self.run_once("--summary", path)
        self.assertEqual(sorted(os.listdir(self.dir)), ["out.json", "prompts.txt"])

    def test_goes_to_standard_output_and_nothing_else_does(self):
        run = self.run_once("--summary", "-")
        self.assertEqual(json.loads(run.out)["total_requests"], 5)
        self.assertEqual(os.listdir(self.dir), ["prompts.txt"])

    def test_standard_output_that_is_full_fails_the_run(self):
        server = self.node()
        with open("/dev/full", "wb") as full:
            ended = subprocess.run(
                [harness.WSLOAD, "-n", "5", "--summary", "-", server.url(), self.prompts("a")],
                env=harness.clean_environment(),
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        self.assertEqual(ended.returncode, 2, ended)
        self.assertIn(b"standard output cannot be written", ended.stderr)

    def test_replaces_the_old_one_in_one_step(self):
        path = self.dir / "s.json"
        path.write_text("old")
        with open(path, encoding="utf-8") as old:
            self.run_once("--summary", str(path))
            self.assertEqual(old.read(), "old")
        self.assertEqual(json.loads(path.read_bytes())["total_requests"], 5)
        self.assertEqual(sorted(os.listdir(self.dir)), ["prompts.txt", "s.json"])

    def test_the_old_one_stays_until_the_run_is_over(self):
        path = self.dir / harness.SUMMARY
        server = self.node(delay_ms=20)
        path.write_text("old")
        process = self.start("-d", "10m", server.url(), self.prompts("a"))
        self.wait_for(lambda: server.counts()["messages"] >= 5, "the first messages")
        self.assertEqual(path.read_text(), "old")
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertEqual(path.read_text(), "old")

    def test_secrets_stay_out(self):
        server = self.node()
        url = server.url(path="/prod?token=s3cr3t")
        run = self.wsload("-n", 1, "-H", "X-Api-Key: k3y", url, self.prompts("a"))
        self.assert_passed(run, 1)
        text = (self.dir / harness.SUMMARY).read_text() + run.out + run.err
        for secret in ("s3cr3t", "k3y"):
            self.assertNotIn(secret, text)

    def test_quiet_leaves_the_verdict(self):
        run = self.run_once("-q")
        self.assertEqual(run.err, "")
        self.assertLessEqual(run.out.count("\n"), 1)

    def on_a_terminal(self, *flags, env=None):
        """What a terminal of 90 columns shows of a run of a second."""
        server = self.node(delay_ms=20)
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
        process = subprocess.Popen(
            [harness.WSLOAD, "-d", "1s", *flags, server.url(), self.prompts("a")],
            cwd=self.dir,
            env=harness.clean_environment({"NO_COLOR": "", **(env or {})}),
            stdin=subprocess.DEVNULL,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # EIO: the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(master)
        self.assertEqual(process.wait(timeout=harness.HANGS_S), 0)
        return shown.decode()

    def test_a_terminal_gets_a_live_bar_and_colours(self):
        shown = self.on_a_terminal()
        self.assertRegex(shown, "\r[^\n]*█[^\n]* done ")
        self.assertRegex(shown, "\x1b\\[[0-9;]*m *DONE")

    def test_a_terminal_shows_the_rehearsal_and_takes_it_off_again(self):
        shown = self.on_a_terminal(env={"WSLOAD_REHEARSAL": "10ms"})
        self.assertRegex(shown, "^\r(?:\x1b\\[K)?rehearsal: [^\n]*\r\x1b\\[K")
        self.assertIn("█", shown)

    def test_colours_can_be_refused(self):
        for flags, env in ((("--no-color",), {}), ((), {"NO_COLOR": "1"})):
            shown = self.on_a_terminal(*flags, env=env)
            self.assertIn("█", shown)
            self.assertNotRegex(shown, "\x1b\\[[0-9;]*m")

    def test_the_progress_can_be_chosen(self):
        self.assertNotIn("█", self.on_a_terminal("--progress", "none"))
        self.assertNotIn("█", self.on_a_terminal("-q"))

    def test_a_pipe_that_nobody_reads_is_an_error(self):
        path = self.dir / "pipe"
        os.mkfifo(path)
        url = self.node().url()
        process = self.start("-n", 1, "--summary", path, url, self.prompts("a"))
        out, err = process.communicate(timeout=harness.HANGS_S)
        self.assertEqual(process.returncode, 2, err)
        self.assertIn(str(path), err.decode())
        self.assertNotIn(b"summary:", out)

    def test_no_colour_where_no_terminal_is(self):
        run = self.run_once()
        self.assertNotIn("\x1b", run.out + run.err)
        self.assertIn("DONE", run.out)

    def test_settings_come_from_the_environment_and_flags_win(self):
        server = self.node()
        env = {
            "WSLOAD_URL": server.url(),
            "WSLOAD_PROMPTS_FILE": self.prompts("a", "b"),
            "WSLOAD_CONNECTIONS": "3",
            "WSLOAD_REQUESTS": "6",
            "WSLOAD_MAX_LATENCY": "0.5s",
        }
        run = self.wsload(env=env)
        self.assert_passed(run, 6)
        self.assertEqual(run.summary["connections"]["requested"], 3)
        self.assertEqual(run.summary["thresholds"][0]["limit"], 0.5)
        run = self.wsload("-c", 2, "--requests", 4, env=env)
        self.assert_passed(run, 4)
        self.assertEqual(run.summary["connections"]["requested"], 2)


if __name__ == "__main__":
    harness.main()
