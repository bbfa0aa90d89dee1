"""TLS: verification is on, and a failed one says why in OpenSSL's words."""

import certificates
import harness
from test_routes import NEEDS_IPV6


class SecureCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.ca = certificates.Authority(self.dir)
        self.good = self.ca.issue("good", "DNS:localhost,IP:127.0.0.1,DNS:chat.test")

    def secure(self, certificate, **options):
        return self.node(cert=certificate.cert, key=certificate.key, **options)

    def run_against(self, server, *flags, host="localhost", trust=True):
        if trust:
            flags = ("--cacert", self.ca.cert, *flags)
        flags = ("-n", 4, "-c", 2, *flags)
        return self.wsload(*flags, server.url("wss", host), self.prompts("a"))

    def assert_tls_failure(self, run, *reasons):
        self.assertEqual(run.code, 3, run)
        [error] = run.summary["errors"]
        self.assertEqual((error["kind"], error["count"]), ("tls", 2), run)
        self.assertIn(error["detail"], reasons)
        self.assertIn(error["detail"], run.out)


class Verification(SecureCase):
    def test_a_good_certificate(self):
        for host in ("localhost", "127.0.0.1"):
            with self.subTest(host=host):
                server = self.secure(self.good)
                self.assert_passed(self.run_against(server, host=host), 4)
                requests = server.stop()["requests"]
                self.assertEqual(server.final["messages"], 4)
                name = host if host == "localhost" else ""  # RFC 6066: no addresses
                self.assertEqual([r["servername"] for r in requests], [name] * 2)
                origin = f"https://{host}:{server.port}"
                self.assertEqual([r["headers"]["origin"] for r in requests], [origin] * 2)

    def test_an_unknown_authority(self):
        run = self.run_against(self.secure(self.good), trust=False)
        self.assert_tls_failure(
            run, "unable to get local issuer certificate", "unable to verify the first certificate"
        )
        other = certificates.Authority(self.dir, "other")
        run = self.run_against(self.secure(self.good), "--cacert", other.cert, trust=False)
        self.assert_tls_failure(
            run, "unable to get local issuer certificate", "unable to verify the first certificate"
        )

    def test_a_self_signed_certificate(self):
        run = self.run_against(self.secure(self.ca.own), trust=False)
        self.assert_tls_failure(run, "self-signed certificate")

    def test_an_expired_certificate(self):
        old = self.ca.issue("old", "DNS:localhost", days=-1)
        self.assert_tls_failure(self.run_against(self.secure(old)), "certificate has expired")

    def test_a_wrong_name(self):
        other = self.ca.issue("other", "DNS:other.test")
        self.assert_tls_failure(self.run_against(self.secure(other)), "hostname mismatch")

    def test_a_wrong_address(self):
        named = self.ca.issue("named", "DNS:localhost")
        run = self.run_against(self.secure(named), host="127.0.0.1")
        self.assert_tls_failure(run, "IP address mismatch", "hostname mismatch")

    def test_a_port_without_tls_says_so(self):
        server = self.node()
        run = self.wsload("-c", 1, "-n", 1, server.url("wss", "localhost"), self.prompts("a"))
        self.assertEqual((run.code, run.errors()), (3, {("tls", "wrong version number"): 1}), run)
        hint = r"wrong version number: what\s+answers\s+there\s+is\s+not\s+TLS;\s+use\s+ws://\s+for\s+it"
        self.assertRegex(run.out, hint)

    def test_a_port_with_tls_says_so(self):
        server = self.secure(self.good)
        run = self.wsload("-c", 1, "-n", 1, server.url("ws", "localhost"), self.prompts("a"))
        self.assertEqual(run.code, 3, run)
        (error,) = run.summary["errors"]
        self.assertIn(error["kind"], ("eof", "reset"))  # as its TLS library does it
        self.assertIn("a TLS port wants wss://", error["example"])

    def test_insecure_takes_any_certificate(self):
        for made in (self.ca.own, self.ca.issue("old", "DNS:other.test", days=-1)):
            for flag in ("-k", "--insecure"):
                server = self.secure(made)
                self.assert_passed(self.run_against(server, flag, trust=False), 4)

    def test_a_failed_handshake_fails_its_request(self):
        server = self.secure(self.good)
        run = self.run_against(server, "--connection-per-request", trust=False)
        self.assertEqual(run.code, 3, run)
        self.assert_tls_failure(
            run, "unable to get local issuer certificate", "unable to verify the first certificate"
        )
        self.assertEqual(run.summary["failed_requests"], 2)
        self.assertEqual(server.stop()["connections"], 0)

    def test_server_name(self):
        server = self.secure(self.good)
        self.assert_passed(self.run_against(server, "--sni", "chat.test"), 4)
        for request in server.stop()["requests"]:
            self.assertEqual(request["servername"], "chat.test")
            self.assertEqual(request["headers"]["host"], f"localhost:{server.port}")

    def test_the_server_name_is_what_the_certificate_must_show(self):
        run = self.run_against(self.secure(self.good), "--sni", "other.test")
        self.assert_tls_failure(run, "hostname mismatch")

    def test_a_resolved_name_is_the_server_name_and_is_verified(self):
        server = self.secure(self.good)
        route = ("--resolve", f"chat.test:{server.port}:127.0.0.1")
        self.assert_passed(self.run_against(server, *route, host="chat.test"), 4)
        [first, *_] = server.stop()["requests"]
        self.assertEqual(first["servername"], "chat.test")
        server = self.secure(self.good)
        route = ("--resolve", f"other.test:{server.port}:127.0.0.1")
        run = self.run_against(server, *route, host="other.test")
        self.assert_tls_failure(run, "hostname mismatch")

    def test_the_host_header_is_no_name_of_tls(self):
        named = self.ca.issue("named", "DNS:localhost")
        for value in ("10.0.0.1", "[::1]:8443", "other.test"):
            with self.subTest(value=value):
                server = self.secure(named)
                self.assert_passed(self.run_against(server, "-H", f"Host: {value}"), 4)
                for request in server.stop()["requests"]:
                    self.assertEqual(request["servername"], "localhost")
                    self.assertEqual(request["headers"]["host"], value)
                server = self.secure(self.ca.issue("address", "IP:127.0.0.1"))
                run = self.run_against(server, "-H", f"Host: {value}", host="127.0.0.1")
                self.assert_passed(run, 4)

    def test_a_name_in_another_spelling(self):
        named = self.ca.issue("named", "DNS:localhost")
        for spelling in ("localhost.", "LocalHost", "LOCALHOST."):
            for flags, host in (((), spelling), (("--sni", spelling), "127.0.0.1")):
                with self.subTest(flags=flags, host=host):
                    server = self.secure(named)
                    route = () if flags else ("--resolve", f"localhost:{server.port}:127.0.0.1")
                    self.assert_passed(self.run_against(server, *flags, *route, host=host), 4)
                    names = {request["servername"] for request in server.stop()["requests"]}
                    self.assertEqual(names, {"localhost"})  # RFC 6066: no dot at its end

    @NEEDS_IPV6
    def test_an_ipv6_literal(self):
        made = self.ca.issue("six", "IP:::1")
        for host in ("[::1]", "[0:0:0:0:0:0:0:1]"):
            with self.subTest(host=host):
                server = self.secure(made, host="::1")
                self.assert_passed(self.run_against(server, host=host), 4)
                self.assertEqual({r["servername"] for r in server.stop()["requests"]}, {""})
        server = self.secure(self.good, host="::1")
        self.assert_tls_failure(self.run_against(server, host="[::1]"), "IP address mismatch")


class ClientCertificate(SecureCase):
    def test_a_client_certificate(self):
        mine = self.ca.issue("client", "DNS:client.test")
        server = self.secure(self.good, client_ca=self.ca.cert)
        run = self.run_against(server, "--cert", mine.cert, "--key", mine.key)
        self.assert_passed(run, 4)
        self.assertEqual(server.stop()["connections"], 2)

    def test_none_where_one_is_asked_for(self):
        server = self.secure(self.good, client_ca=self.ca.cert)
        run = self.run_against(server)
        self.assertEqual(run.code, 3, run)
        # In TLS 1.3 the refusal is an alert that comes after the handshake.
        [error] = run.summary["errors"]
        self.assertEqual((error["kind"], error["count"]), ("tls", 2))
        self.assertIn("certificate", error["detail"])
        self.assertEqual(server.stop()["connections"], 0)

    def test_files_that_cannot_be_used(self):
        server = self.secure(self.good)
        nothing, garbage = str(self.dir / "nothing.pem"), self.write("garbage.pem", "garbage\n")
        other = self.ca.issue("client", "DNS:client.test")
        for flags, text in (
            (("--cacert", nothing), nothing),
            (("--cacert", garbage), garbage),
            (("--cert", nothing, "--key", other.key), nothing),
            (("--cert", other.cert, "--key", garbage), garbage),
            (("--cert", other.cert, "--key", self.good.key), self.good.key),
        ):
            with self.subTest(flags=flags):
                run = self.run_against(server, *flags, trust="--cacert" not in flags)
                self.assert_mistake(run, text)
        self.assertEqual(server.stop()["connections"], 0)


class Sessions(SecureCase):
    """What the server saw of each session: version, cipher and whether it was resumed."""

    def sessions(self, *flags, **options):
        server = self.secure(self.good, **options)
        flags = ("--connection-per-request", "-n", 6, "-c", 1, *flags)
        run = self.run_against(server, *flags)
        self.assert_passed(run, 6)
        return server.stop()["sessions"], run

    def test_the_newest_version_by_default(self):
        sessions, _ = self.sessions()
        self.assertEqual(sessions, {"TLSv1.3 TLS_AES_256_GCM_SHA384 new": 6})

    def test_the_newest_version_can_be_lowered(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version=version):
                sessions, _ = self.sessions("--tls-max", version)
                [name] = sessions
                self.assertTrue(name.startswith(f"TLSv{version} "), name)

    def test_ciphers(self):
        for flags, name in (
            (("--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"),
             "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 new"),
            (("--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305"),
             "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305 new"),
        ):
            with self.subTest(flags=flags):
                sessions, _ = self.sessions(*flags)
                self.assertEqual(sessions, {name: 6})

    def test_words_that_openssl_does_not_know(self):
        server = self.secure(self.good)
        for flag, value in (("--ciphers", "NO-SUCH-CIPHER"), ("--tls-max", "1.1")):
            self.assert_mistake(self.run_against(server, flag, value), flag, value)
        self.assertEqual(server.stop()["connections"], 0)

    def test_sessions_are_resumed_when_asked_for_and_only_then(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version=version):
                sessions, _ = self.sessions("--tls-max", version)
                self.assertEqual([name.split()[-1] for name in sessions], ["new"])
                sessions, _ = self.sessions("--tls-max", version, "--tls-resume")
                ends = {name.split()[-1]: times for name, times in sessions.items()}
                self.assertEqual(ends, {"new": 1, "resumed": 5})

    def test_the_phases_add_up(self):
        _, run = self.sessions()
        connect = run.summary["connect"]
        for phase in ("tcp", "tls", "upgrade"):
            self.assertGreater(connect[phase]["min"], 0, phase)
        parts = sum(connect[phase]["average"] for phase in ("tcp", "tls", "upgrade"))
        total = connect["total"]["average"]
        self.assertLessEqual(parts, total + 1e-8)
        self.assertGreaterEqual(parts, 0.8 * total - 0.001)
        run = self.wsload("-n", 4, self.node().url(), self.prompts("a"))
        self.assertIsNone(run.summary["connect"]["tls"])


if __name__ == "__main__":
    harness.main()
