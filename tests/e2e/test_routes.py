"""Where connections go: names, families, --resolve and --connect-to."""

import socket
import unittest

import harness


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


NEEDS_IPV6 = unittest.skipUnless(has_ipv6(), "this machine has no ::1")


class Routes(harness.Case):
    def run_to(self, url, *flags):
        return self.wsload("-n", 4, "-c", 2, *flags, url, self.prompts("a"))

    def assert_refused(self, run):
        self.assertEqual(run.code, 3, run)
        self.assertEqual([e["kind"] for e in run.summary["errors"]], ["connect_refused"], run)

    def check(self, server, url, *flags, host):
        """It arrives, with HOST as Host header."""
        self.assert_passed(self.run_to(url, *flags), 4)
        requests = server.stop()["requests"]
        self.assertEqual([r["headers"]["host"] for r in requests], [host] * 2)
        self.assertEqual([r["headers"]["origin"] for r in requests], [f"http://{host}"] * 2)

    def test_resolve(self):
        server = self.node()
        rule = f"api.test:{server.port}:127.0.0.1"
        host = f"api.test:{server.port}"
        self.check(server, f"ws://{host}/prod", "--resolve", rule, host=host)

    def test_resolve_is_for_its_host_and_port_alone(self):
        server = self.node()
        host = f"localhost:{server.port}"
        elsewhere = "127.0.0.2"
        others = (
            *("--resolve", f"other.test:{server.port}:{elsewhere}"),
            *("--resolve", f"localhost:{server.port % 65535 + 1}:{elsewhere}"),
        )
        run = self.wsload(*others, f"ws://{host}/", self.prompts("a"))
        self.assert_mistake(run, "--resolve: it is for another host or port than", host)
        self.check(server, f"ws://{host}/", *others, "--resolve", f"{host}:127.0.0.1", host=host)

    def test_the_next_address_is_tried_when_one_refuses(self):
        server = self.node()
        host = f"api.test:{server.port}"
        rule = f"{host}:127.0.0.2,127.0.0.3,127.0.0.1"
        self.check(server, f"ws://{host}/", "--resolve", rule, host=host)

    def black_hole(self, port):
        """Makes PORT of 127.9.8.7 swallow what is sent to it: its queue is full. No other test has
        ports there."""
        hole = socket.create_server(("127.9.8.7", port), backlog=0)
        self.addCleanup(hole.close)
        for _ in range(8):
            caller = socket.socket()
            self.addCleanup(caller.close)
            caller.setblocking(False)
            caller.connect_ex(("127.9.8.7", port))

    def test_an_address_that_swallows_everything_gets_company(self):
        """The next one is tried beside it after 250 ms, and the first to connect wins (RFC 8305)."""
        for connections, addresses in (
            (1, "127.9.8.7,127.0.0.2"),
            (10, "127.9.8.7,127.0.0.2"),
            (3, "127.9.8.7,127.0.0.4,127.0.0.2"),
        ):
            with self.subTest(connections=connections, addresses=addresses):
                server = self.node(host="127.0.0.2")
                self.black_hole(server.port)
                host = f"api.test:{server.port}"
                run = self.wsload(
                    "-c", connections, "-n", 20, "--resolve", f"{host}:{addresses}",
                    "--connect-timeout", "20s", f"ws://{host}/", self.prompts("a"),
                )
                self.assert_passed(run, 20)
                self.assertEqual(run.summary["connections"]["opened"], connections)
                self.assertEqual(server.stop()["connections"], connections)
                if addresses.startswith("127.9.8.7,127.0.0.2"):
                    self.assertGreaterEqual(run.summary["connect"]["total"]["max"], 0.25)

    def test_verbose_finds_the_address_that_answers_as_well(self):
        server = self.bad("status_403")
        self.black_hole(server.port)
        host = f"api.test:{server.port}"
        rule = ("--resolve", f"{host}:127.9.8.7,127.0.0.1")
        run = self.run_to(f"ws://{host}/", "-v", *rule, "--connect-timeout", "20s")
        self.assertEqual([e["kind"] for e in run.summary["errors"]], ["handshake_status"], run)
        self.assertIn("\n  HTTP/1.1 403 Forbidden\n", run.err)

    def test_addresses_that_all_swallow_everything(self):
        server = self.node(host="127.0.0.2")
        self.black_hole(server.port)
        host = f"api.test:{server.port}"
        for addresses in ("127.9.8.7,127.9.8.7", "127.9.8.7,127.0.0.4"):  # the second refuses
            run = self.run_to(
                f"ws://{host}/", "--resolve", f"{host}:{addresses}", "--connect-timeout", "700ms"
            )
            self.assertEqual(run.code, 3, run)
            self.assertEqual([e["kind"] for e in run.summary["errors"]], ["connect_timeout"], run)

    def test_connect_to(self):
        server = self.node()
        rule = f"api.test:80:127.0.0.1:{server.port}"
        self.check(server, "ws://api.test/prod", "--connect-to", rule, host="api.test")

    def test_connect_to_anywhere(self):
        server = self.node()
        rule = f"::127.0.0.1:{server.port}"
        self.check(server, "ws://api.test:8080/", "--connect-to", rule, host="api.test:8080")

    def test_connect_to_then_resolve(self):
        server = self.node()
        flags = ("--connect-to", f"api.test:80:edge.test:{server.port}")
        flags += ("--resolve", f"edge.test:{server.port}:127.0.0.1")
        self.check(server, "ws://api.test/", *flags, host="api.test")

    def test_localhost_wherever_it_listens(self):
        server = self.node()
        host = f"localhost:{server.port}"
        self.check(server, f"ws://{host}/", host=host)

    def test_ipv4_only(self):
        server = self.node()
        host = f"localhost:{server.port}"
        self.check(server, f"ws://{host}/", "-4", host=host)

    @NEEDS_IPV6
    def test_a_name_with_both_families_on_ipv6_alone(self):
        for flags in ((), ("-6",)):
            with self.subTest(flags=flags):
                server = self.node(host="::1")
                host = f"both.test:{server.port}"
                rule = ("--resolve", f"{host}:127.0.0.1,[::1]")
                self.check(server, f"ws://{host}/", *rule, *flags, host=host)
                self.assertEqual({r["family"] for r in server.final["requests"]}, {"IPv6"})

    @NEEDS_IPV6
    def test_a_family_that_nobody_listens_on(self):
        for listens, flag in (("127.0.0.1", "-6"), ("::1", "-4")):
            with self.subTest(listens=listens):
                host = f"both.test:{self.node(host=listens).port}"
                rule = ("--resolve", f"{host}:127.0.0.1,[::1]")
                self.assert_refused(self.run_to(f"ws://{host}/", *rule, flag))

    @NEEDS_IPV6
    def test_an_ipv6_literal(self):
        server = self.node(host="::1")
        host = f"[::1]:{server.port}"
        self.check(server, f"ws://{host}/", host=host)

    @NEEDS_IPV6
    def test_resolve_to_ipv6(self):
        server = self.node(host="::1")
        host = f"api.test:{server.port}"
        self.check(server, f"ws://{host}/", "--resolve", f"{host}:[::1]", host=host)


if __name__ == "__main__":
    harness.main()
