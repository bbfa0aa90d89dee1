"""The nine rows of test_backends.py again, with their times. Runs while no other test does.

They are those of the known schedule, at the median and within 2 ms, in the best of several attempts:
another program may be at work here, noise passes, a constant error stays. Counts are exact in every
attempt."""

import chat
import test_backends
from test_backends import FIRST_MS, GAP_MS, MESSAGES, REQUESTS, ROWS

TOLERANCE_S = 0.002


class Times:
    """Of a case of test_backends.py."""

    def times(self, run, name):
        """How far the medians are from what the server keeps to, in seconds."""
        first, gap = FIRST_MS / 1000, GAP_MS / 1000
        if not ROWS[name].stream:
            return {"latency": run.summary["latency"]["median"] - first}
        self.assertGreaterEqual(run.summary["latency"]["min"], first + (MESSAGES - 1) * gap)
        return {
            "ttfm": run.summary["ttfm"]["median"] - first,
            "gap": run.summary["inter_message_gap"]["median"] - gap,
            "tpom": run.summary["tpom"]["median"] - gap,
        }

    def check_row(self, name, start):
        """START() gives a server, each attempt its own."""

        def attempt():
            server = start()
            run = self.run_row(name, server.url(), "-n", REQUESTS)
            self.check_counts(run, name)
            self.check_server(server, run, name)
            errors = self.times(run, name)
            return {figure: error for figure, error in errors.items() if abs(error) > TOLERANCE_S}

        self.best_of(attempt)


class Table(Times, test_backends.NodeCase):
    def test_rows(self):
        for name in ROWS:
            with self.subTest(backend=name):
                self.check_row(name, lambda: self.start_backend(name))


class Profiles(Times, test_backends.ProfileCase):
    def test_rows(self):
        for name in ROWS:
            with self.subTest(backend=name):
                self.check_row(name, lambda: self.start_profile(name, *self.timing(name)))


if __name__ == "__main__":
    chat.main()
