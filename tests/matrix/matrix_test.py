"""The table of tests by servers: from a recorded report, and from a run with a planted failure and a planted skip.

matrix_test.py <tools/matrix> <the planted program>
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

MATRIX, PLANTED = sys.argv[1], sys.argv[2]
HERE = pathlib.Path(__file__).parent


def lines_of(*arguments):
    done = subprocess.run([MATRIX, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, [" ".join(line.split()) for line in done.stdout.splitlines()]


class Recorded(unittest.TestCase):
    status, lines = lines_of("--recorded", str(HERE / "recorded"))

    def test_head_and_cells(self):
        for row in ("redis redis redis redis", "gone 6.0.16 7.0.15 8.0.6", "keys_test 0/1/0 1/0/1 1/1/0 2/0/0"):
            self.assertIn(row, self.lines)

    def test_sums(self):
        self.assertIn("all 0/1/0 1/0/1 3/3/0 2/0/0", self.lines)
        self.assertIn("without a server: 3 files, 1/1/1", self.lines)
        self.assertEqual(self.lines[-1], "7 passed, 5 failed, 2 skipped")

    def test_failures_have_their_reasons(self):
        for reason, test in (
                ("There is no server at /gone.", "keys_test [redis@gone]"),
                ("keys_test.cc:7: Expected equality of these values:", "keys_test: keys.opens [redis-7.0.15]"),
                ("the program ended in it", "crash_test: crash.itself [redis-7.0.15]"),
                ("ran nothing", "empty_test [redis-7.0.15]"),
                ("not run: Unable to find executable", "absent [without a server]")):
            self.assertEqual(self.lines[self.lines.index(reason) + 1], test)

    def test_skips_name_what_the_server_lacks(self):
        skipped = self.lines[self.lines.index("skipped:") + 1:]
        self.assertEqual(skipped[:2], ["needs RedisModule_GetAbsExpire: Redis 6.2.2 or Valkey 7.2",
                                       "keys_test: keys.expires [redis-6.0.16]"])

    def test_status(self):
        self.assertEqual(self.status, 1)


class Planted(unittest.TestCase):
    """Under CTest itself, in a folder of its own."""

    def run_with(self, name, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "CTestTestfile.cmake").write_text(
                f'add_test("{name}" "{PLANTED}" {" ".join(arguments)})\n'
                f'set_tests_properties("{name}" PROPERTIES LABELS "server;redis-7.0.15")\n')
            return lines_of("-b", folder)

    def test_each_outcome_is_told(self):
        status, lines = self.run_with("planted@redis-7.0.15")
        self.assertEqual(status, 1)
        self.assertIn("planted 1/1/1", lines)
        self.assertIn("planted: planted.fails [redis-7.0.15]", lines)
        self.assertIn("needs RedisModule_Planted: Redis 99", lines)
        self.assertEqual(lines[-1], "1 passed, 1 failed, 1 skipped")

    def test_a_skip_alone_is_no_failure_and_no_pass(self):
        status, lines = self.run_with("planted@redis-7.0.15", "--gtest_filter=planted.skips")
        self.assertEqual((status, lines[-1]), (0, "0 passed, 0 failed, 1 skipped"))

    def test_a_program_that_runs_nothing_fails(self):
        status, lines = self.run_with("planted@redis-7.0.15", "--gtest_filter=none")
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))

    def test_no_tests_at_all_fail(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "CTestTestfile.cmake").write_text("")
            self.assertEqual(lines_of("-b", folder)[0], 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
