"""Throwaway certificates, made by the openssl program."""

import subprocess


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


class Certificate:
    """Paths of a certificate and its key."""

    def __init__(self, directory, name):
        self.cert = str(directory / f"{name}.pem")
        self.key = str(directory / f"{name}.key")


def new_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


class Authority:
    """A certificate authority in DIRECTORY."""

    def __init__(self, directory, name="ca"):
        self.directory = directory
        self.own = Certificate(directory, name)
        self.cert = self.own.cert
        new_key(self.own.key)
        openssl(
            *("req", "-x509", "-new", "-key", self.own.key, "-out", self.cert, "-days", 7),
            *("-subj", f"/CN=wsload e2e {name}", "-addext", "basicConstraints=critical,CA:TRUE"),
        )

    def issue(self, name, subject_names, days=7):
        """A certificate for SUBJECT_NAMES, such as "DNS:localhost,IP:127.0.0.1"; one of -1 days has
        expired."""
        made = Certificate(self.directory, name)
        request = self.directory / f"{name}.csr"
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={subject_names}\n")
        new_key(made.key)
        openssl("req", "-new", "-key", made.key, "-subj", f"/CN={name}", "-out", request)
        openssl(
            *("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.own.key),
            *("-CAcreateserial", "-days", days, "-extfile", extensions, "-out", made.cert),
        )
        return made
