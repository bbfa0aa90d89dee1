"""Source addresses: --interface binds connections to them in turn."""

import collections
import json
import resource

import harness

MANY = 30_000  # more than the ports of one address
OTHER_DESCRIPTORS = 200  # what a program needs besides its connections
FOUR = [f"127.0.0.{number}" for number in range(2, 6)]


class Sources(harness.Case):
    def peers(self, interface, *flags, host="127.0.0.1", connections=12, code=0):
        """Where the connections came from, as the server sees it, and the run."""
        server = self.node(host=host)
        url = server.url(host=f"[{host}]" if ":" in host else host)
        flags = ("-n", connections, "-c", connections, "--interface", interface, *flags)
        run = self.wsload(*flags, url, self.prompts("a"))
        self.assertEqual(run.code, code, run)
        if code == 0:
            self.assert_passed(run, connections)
        return server.stop()["peers"], run

    def test_addresses_are_taken_in_turn(self):
        for workers in (1, 2, 3):
            with self.subTest(workers=workers):
                peers, _ = self.peers("127.0.0.2,127.0.0.3,127.0.0.4", "-t", workers)
                self.assertEqual(peers, {f"127.0.0.{last}": 4 for last in (2, 3, 4)})

    def test_one_connection_per_request(self):
        """Each of the two stays with its address, whichever of them is the faster one."""
        flags = ("--connection-per-request", "-c", 2, "--record", "r")
        peers, _ = self.peers("127.0.0.2,127.0.0.3", *flags)
        lines = [json.loads(line) for line in (self.dir / "r").read_text().splitlines()]
        sent = collections.Counter(f"127.0.0.{line['connection'] + 1}" for line in lines)
        self.assertEqual((peers, len(lines)), (sent, 12))

    def test_blocks(self):
        for block, last in (
            ("127.0.1.8/29", range(9, 15)),  # without network and broadcast
            ("127.0.1.8/31", range(8, 10)),
            ("127.0.1.8/32", (8,)),
        ):
            with self.subTest(block=block):
                peers, _ = self.peers(block)
                share = 12 // len(last)
                self.assertEqual(peers, {f"127.0.1.{number}": share for number in last})
        peers, _ = self.peers("127.0.0.2,127.0.1.8/31")
        self.assertEqual(peers, {"127.0.0.2": 4, "127.0.1.8": 4, "127.0.1.9": 4})

    def test_ipv6(self):
        peers, _ = self.peers("::1", host="::1")
        self.assertEqual(peers, {"::1": 12})

    def test_of_two_families_the_target_takes_its_own(self):
        peers, _ = self.peers("127.0.0.2,::1")
        self.assertEqual(peers, {"127.0.0.2": 12})
        peers, _ = self.peers("127.0.0.2,::1", host="::1")
        self.assertEqual(peers, {"::1": 12})

    def test_none_of_the_target_s_family(self):
        for interface, host in (("::1", "127.0.0.1"), ("127.0.0.2", "::1")):
            with self.subTest(interface=interface):
                peers, run = self.peers(interface, host=host, code=3)
                self.assertEqual(peers, {})
                [error] = run.summary["errors"]
                self.assertEqual((error["kind"], error["count"]), ("dns", 12), run)

    def test_an_address_that_is_not_of_this_machine(self):
        server = self.node()
        for interface, wrong in (("192.0.2.1", "192.0.2.1"), ("127.0.0.2,192.0.2.1", "192.0.2.1")):
            flags = ("--interface", interface, server.url(), self.prompts("a"))
            self.assert_mistake(self.wsload(*flags), "--interface", wrong)
        self.assertEqual(server.stop()["connections"], 0)

    def test_texts_that_are_no_addresses(self):
        for text in ("127.0.0.300", "lo", "127.0.0.1/33", "127.0.0.2,,127.0.0.3", "::1/129", ""):
            with self.subTest(text=text):
                flags = ("--interface", text, "ws://127.0.0.1:9/", self.prompts("a"))
                self.assert_mistake(self.wsload(*flags), "--interface", f"'{text}'")

    def test_more_connections_than_one_address_has_ports(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MANY if hard == resource.RLIM_INFINITY else min(MANY, hard - OTHER_DESCRIPTORS)
        if most < MANY:
            print(f"only {most} connections: a process may hold {hard} descriptors", flush=True)
        served = self.serve("-q")
        flags = ("--interface", ",".join(FOUR), "-c", most, "--hold", "-d", "1s")
        run = self.wsload(*flags, served.url())
        self.assertEqual((run.code, run.errors()), (0, {}), run)
        connections = run.summary["connections"]
        self.assertEqual((connections["opened"], connections["open_at_end"]), (most, most), run)
        self.assertEqual((connections["failed"], connections["closed_by_server"]), (0, 0), run)


if __name__ == "__main__":
    harness.main()
