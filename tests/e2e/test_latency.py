"""A known delay is read as what it is. Runs while no other test does."""

import harness

DELAY = 0.050
TOLERANCE = 0.002


class Latency(harness.Case):
    def median(self, url, *flags):
        run = self.wsload("-n", 60, "-c", 3, *flags, url, self.prompts("a"))
        self.assert_passed(run, 60)
        self.assertGreaterEqual(run.summary["latency"]["min"], DELAY)
        self.assertGreaterEqual(run.summary["total_time"], 60 / 3 * DELAY)
        return run.summary["latency"]["median"]

    def check(self, url, *flags):
        def attempt():
            median = self.median(url, *flags)
            return median if abs(median - DELAY) > TOLERANCE else None

        self.best_of(attempt)

    def test_a_known_delay_is_read_at_the_median(self):
        self.check(self.node(delay_ms=DELAY * 1000).url())

    def test_connecting_is_no_part_of_it(self):
        self.check(self.node(delay_ms=DELAY * 1000).url(), "--connection-per-request")

    def test_the_built_in_server_delays_precisely(self):
        self.check(self.serve("--delay", "50ms").url())


if __name__ == "__main__":
    harness.main()
