"""scripts/install.sh, with stand-ins for the package tools: nothing is installed here."""

import os
import shutil
import subprocess

import harness

TOOLS = ("bash", "cat", "cut", "dirname", "env", "grep", "true")
LOG = 'echo "${0##*/} $*" >>"$STATE/log"\n'
STAND_INS = {
    # Knows what stands in the file "installed"; everything else is an unknown package.
    "dpkg-query": 'sed "s/$/ installed/" "$STATE/installed"; exit 1\n',
    "apt-get": LOG + '[ -z "$FAILING" ] || exit 100\n'
    '[ "$5" = install ] && shift 6 && printf "%s\\n" "$@" >>"$STATE/installed"\n'
    "exit 0\n",
    "id": "cat $STATE/id\n",
    "sudo": LOG + '[ "$1" = -n ] && shift && exec "$@"\n',
    "tee": LOG + "cat >/dev/null\n",
    "chmod": LOG,
    "rm": LOG,
}
PACKAGES = """# a comment
build  alpha
build  beta    command:beta-program
test   gamma
test   delta   file:/nonexistent/delta
"""


class Install(harness.Case):
    def setUp(self):
        super().setUp()
        (self.dir / "scripts").mkdir()
        (self.dir / "bin").mkdir()
        shutil.copy(harness.ROOT / "scripts" / "install.sh", self.dir / "scripts")
        self.write("scripts/packages.txt", PACKAGES)
        for tool in (*TOOLS, "sed"):
            os.symlink(shutil.which(tool), self.dir / "bin" / tool)
        for name, script in STAND_INS.items():
            self.stand_in(name, script)
        self.write("id", "0\n")
        self.write("installed", "alpha\n")
        self.stand_in("beta-program", "")

    def stand_in(self, name, script):
        os.chmod(self.write(f"bin/{name}", "#!/bin/sh\n" + script), 0o755)

    def install(self, *groups, **environment):
        """Returns exit code, standard error and the calls of package tools."""
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        ended = subprocess.run(
            [self.dir / "scripts" / "install.sh", *groups],
            env={"PATH": str(self.dir / "bin"), "STATE": str(self.dir), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        calls = log.read_text().splitlines() if log.exists() else []
        calls = [call for call in calls if call.startswith(("apt-get", "sudo -n env", "sudo -n apt"))]
        return ended.returncode, ended.stderr, calls

    def test_nothing_is_missing(self):
        self.assertEqual(self.install("build"), (0, "", []))

    def test_what_is_missing_is_installed_and_nothing_else(self):
        self.write("installed", "")
        code, err, calls = self.install("build")
        self.assertEqual(code, 0, err)
        self.assertIn("installing alpha\n", err)
        self.assertEqual(len(calls), 2)
        self.assertEqual(calls[0], "apt-get update -qq")
        self.assertTrue(calls[1].endswith("install --no-install-recommends alpha"), calls)
        self.assertEqual(self.install("build"), (0, "", []))

    def test_each_way_to_see_a_package(self):
        self.write("installed", "")
        os.remove(self.dir / "bin" / "beta-program")
        code, err, calls = self.install("build", "test")
        self.assertTrue(calls[1].endswith(" alpha beta gamma delta"), calls)
        self.assertEqual(code, 2)  # neither beta's program nor delta's file has come
        self.assertIn("still missing: beta delta", err)

    def test_sudo_only_when_not_root(self):
        self.write("id", "1000\n")
        self.write("installed", "")
        code, err, calls = self.install("build")
        self.assertEqual(code, 0, err)
        self.assertEqual(calls[0], "sudo -n apt-get update -qq")
        self.assertTrue(calls[2].startswith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get"))
        os.remove(self.dir / "bin" / "sudo")
        self.write("installed", "")
        code, err, calls = self.install("build")
        self.assertEqual((code, calls), (2, []))
        self.assertIn("apt-get install alpha", err)

    def test_sudo_that_asks_for_a_password(self):
        self.write("id", "1000\n")
        self.write("installed", "")
        self.stand_in("sudo", '[ "$1" = -n ] || cat >/dev/null\nexit 1\n')
        code, err, calls = self.install("build")
        self.assertEqual((code, calls), (2, []))
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn("sudo asks for a password; run 'sudo -v' before", err)
        self.assertIn("apt-get install alpha", err)

    def test_packages_that_cannot_be_had(self):
        self.write("installed", "")
        code, err, calls = self.install("build", FAILING="yes")
        self.assertEqual((code, len(calls)), (2, 1), err)
        self.assertIn("'apt-get update' failed", err)

    def test_a_system_without_apt(self):
        self.write("installed", "")
        os.remove(self.dir / "bin" / "apt-get")
        code, err, _ = self.install("build")
        self.assertEqual(code, 2)
        self.assertIn("no apt-get", err)
        self.assertIn("alpha", err)

    def test_mistakes(self):
        for groups, text in (((), "which group"), (("biuld",), "biuld: no such group")):
            code, err, calls = self.install(*groups)
            self.assertEqual((code, calls), (2, []))
            self.assertIn(text, err)


if __name__ == "__main__":
    harness.main()
