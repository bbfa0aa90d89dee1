"""What a terminal sees: a bar of its width, colours, or neither."""

import fcntl
import os
import re
import select
import struct
import termios

import harness

BAR = "[\u2588-\u2591]"
COLOUR = "\x1b[1;32m\x1b[0m"
ERASE = "\x1b[K"


class Terminal:
    """A pseudo-terminal; what was written to it is read as it comes."""

    def __init__(self, columns):
        self.master, self.slave = os.openpty()
        self.resize(columns)
        self.text = b""

    def resize(self, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self):
        """Waits for more; False at the end."""
        if not select.select([self.master], [], [], harness.HANGS_S)[0]:
            raise AssertionError(f"nothing more came: {self.text!r}")
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # EIO: everybody has closed the other end
            piece = b""
        self.text += piece
        return bool(piece)

    def read_until(self, pattern):
        """A bar is redrawn for ever: what is not in many of its lines will never come."""
        while not re.search(pattern, self.text.decode(errors="ignore")):
            if len(self.text) > 2_000 or not self.read():
                raise AssertionError(f"{pattern} did not come: {self.text!r}")

    def close_slave(self):
        """The other end is the program's alone from here on."""
        os.close(self.slave)


class Case(harness.Case):
    def on_terminal(self, columns, *args, env=None):
        """Starts wsload with both outputs on a terminal of that width."""
        terminal = Terminal(columns)
        self.addCleanup(os.close, terminal.master)
        given = {"NO_COLOR": None, "TERM": "xterm", **(env or {})}
        outputs = {"stdout": terminal.slave, "stderr": terminal.slave}
        process = self.start(*args, env=given, **outputs)
        return terminal, process

    def seen(self, columns, *args, env=None, code=0):
        """All that wsload showed, decoded."""
        terminal, process = self.on_terminal(columns, *args, env=env)
        terminal.close_slave()
        while terminal.read():
            pass
        self.assertEqual(process.wait(), code, terminal.text)
        return terminal.text.decode().replace("\r\n", "\n")

    def run_of(self, *flags, **server):
        """Arguments of a run that takes long enough for some redraws."""
        server = self.node(delay_ms=100, **server)
        return (*flags, "-c", 2, "-n", 8, server.url(), self.prompts("a"))


def frames(text):
    """The lines that the bar was drawn as."""
    return [part.split("\r")[-1] for part in text.split(ERASE)[:-1]]


def report_of(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text[text.rindex(ERASE) + len(ERASE) :])


class Widths(Case):
    def test_bar_and_report_keep_to_the_width(self):
        for columns in (60, 80, 100, 200):
            with self.subTest(columns=columns):
                text = self.seen(columns, *self.run_of())
                drawn = [frame for frame in frames(text) if re.search(BAR, frame)]
                self.assertTrue(drawn, text)
                for frame in frames(text):
                    self.assertLess(len(frame), columns)
                widest = max(map(len, report_of(text).splitlines()))
                self.assertTrue(min(columns, 100) - 6 <= widest <= min(columns, 100), text)

    def test_a_window_that_changes(self):
        server = self.node(delay_ms=100)
        run = ("-c", 2, "-d", "10m", server.url(), self.prompts("a"))
        terminal, process = self.on_terminal(80, *run)
        terminal.read_until(f"\r{BAR}[^\r]* left\\x1b")
        terminal.resize(60)
        terminal.text = b""
        terminal.read_until("\r[^\r]*\\x1b.K\r[^\r]*\\x1b.K")
        self.assertLess(len(frames(terminal.text.decode())[-1]), 60)
        terminal.resize(100)
        terminal.text = b""
        terminal.read_until("\r[^\r]{99}\\x1b.K")
        process.terminate()
        terminal.close_slave()
        while terminal.read():
            pass
        self.assertEqual(process.wait(), 143)

    def test_a_freeze_is_told(self):
        server = self.bad("never_reply")
        run = ("-c", 1, "-n", 3, server.url(), self.prompts("a"))
        terminal, process = self.on_terminal(60, *run)
        terminal.read_until(f"{BAR}   0 %   0/3 [^\r]*no reply for 1 s")
        process.kill()
        terminal.close_slave()

    def test_the_rehearsal_is_told(self):
        server = self.bad("never_reply")
        run = ("-c", 1, "-n", 3, "--rehearsal", "on", server.url(), self.prompts("a"))
        terminal, process = self.on_terminal(60, *run)
        terminal.read_until("\rrehearsal: [^\r]{,48}\\x1b.K")
        process.kill()
        terminal.close_slave()


class Kinds(Case):
    def test_colours(self):
        text = self.seen(80, *self.run_of("--min-rps", 1))
        self.assertIn("\x1b[1;32mPASSED\x1b[0m", text)

    def test_no_colours_when_they_are_not_wanted(self):
        for flags, env in ((("--no-color",), {}), ((), {"NO_COLOR": "1"})):
            with self.subTest(flags=flags):
                text = self.seen(80, *self.run_of(*flags), env=env)
                self.assertEqual(set(re.findall(r"\x1b\[[^mK]*[mK]", text)), {ERASE})

    def test_a_terminal_that_takes_no_sequences(self):
        for term in ("dumb", "", None):
            with self.subTest(term=term):
                text = self.seen(80, *self.run_of(), env={"TERM": term})
                self.assertNotIn("\x1b", text)
                self.assertNotRegex(text, BAR)
                self.assertIn("DONE", text)

    def test_try_and_the_rehearsal_keep_to_the_width(self):
        served = self.serve("--stream", 3, "--delay", "20ms")
        text = self.seen(60, "try", "--for", "300ms", served.url(), "x" * 120)
        shown, _, command = text.rpartition("\n\n")
        self.assertEqual(max(map(len, shown.splitlines())), 60, text)
        self.assertIn("--reply-end", command)
        flags = ("--rehearsal", "on", served.url(), self.prompts("x" * 120))
        text = self.seen(60, *flags, code=2)
        messages = [line for line in text.splitlines() if " ms  < " in line]
        self.assertEqual({len(line) for line in messages}, {60}, text)

    def test_plain_lines_begin_with_what_is_tested(self):
        run = self.wsload(*self.run_of("--progress", "plain", "--seed", 7))
        begin = r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}   wsload \S+   ws://127.0.0.1:\d+/   "
        self.assertRegex(run.err, begin + "2 connections   1 prompt   .*   seed 7\n")

    def test_a_report_is_of_the_terminal_it_is_shown_on(self):
        self.seen(80, *self.run_of())
        text = self.seen(60, "report", harness.SUMMARY)
        self.assertEqual(max(map(len, text.splitlines()[:-1])), 60 + len(COLOUR))
        self.assertIn(COLOUR[:7], text)


if __name__ == "__main__":
    harness.main()
