"""The accounting of the conformance runner, on outputs made for it: what has not passed must not count as passed."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "conformance"))
sys.dont_write_bytecode = True

import account
import lines

BEGIN = "Starting test server at port 8000\n[ready]: 4711\nTesting unit/moduleapi/some\n"
END = "[1/1 done]: unit/moduleapi/some (0 seconds)\n\n                   The End\n\n"
GOOD = "[ok]: adds (1 ms)\n[ok]: multiplies (0 ms)\n[ok]: Unload the module - some (0 ms)\n"
SKIPPED = "[ok]: adds (1 ms)\n[skip]: multiplies\n[ok]: Unload the module - some (0 ms)\n"
FAILED = "[ok]: adds (1 ms)\n[err]: multiplies in tests/some.tcl\nExpected '5' to be '6'\n[ok]: unloads (0 ms)\n"


def objections(output, status=0, expected=3):
    return account.objections(account.read(output, status), expected)


class Accounting(unittest.TestCase):
    def test_a_suite_that_passes_as_with_the_c_modules_is_good(self):
        self.assertEqual(objections(BEGIN + GOOD + END), [])

    def test_more_tests_than_with_the_c_modules_are_good(self):
        self.assertEqual(objections(BEGIN + GOOD + END, expected=2), [])

    def test_a_skipped_test_has_not_passed(self):
        outcome = account.read(BEGIN + SKIPPED + END, 0)
        self.assertEqual((outcome.passed, outcome.failed, outcome.skipped), (2, 0, 1))
        self.assertEqual(account.objections(outcome, 3), ["2 passed, 3 with the C modules"])

    def test_an_ignored_suite_has_not_passed(self):
        output = BEGIN + "[ignore]: not supported in this environment\n" + END
        self.assertEqual(objections(output), ["no test ran"])

    def test_a_failed_test_is_an_objection_and_is_named(self):
        outcome = account.read(BEGIN + FAILED + END, 1)
        self.assertEqual(outcome.failures, ["[err]: multiplies in tests/some.tcl\nExpected '5' to be '6'"])
        self.assertEqual(account.objections(outcome, 2), ["1 failed"])

    def test_an_exception_and_a_test_that_hangs_are_failures(self):
        for mark in ("exception", "TIMEOUT"):
            self.assertIn("1 failed", objections(f"{BEGIN}{GOOD}[{mark}]: Executing test client: gone.\n{END}", 1))

    def test_an_empty_suite_is_a_failure(self):
        self.assertEqual(objections(BEGIN + END), ["no test ran"])

    def test_an_empty_suite_is_none_where_the_c_modules_run_no_test_either(self):
        self.assertEqual(objections(BEGIN + END, expected=0), [])

    def test_an_output_that_is_cut_short_is_a_failure(self):
        self.assertEqual(objections(BEGIN + GOOD), ["cut short"])
        self.assertEqual(objections(""), ["cut short", "no test ran"])
        self.assertEqual(objections("", expected=0), ["cut short"])

    def test_the_words_of_the_end_inside_a_test_are_not_the_end(self):
        self.assertEqual(objections(BEGIN + GOOD + "[ok]: prints The End (0 ms)\n"), ["cut short"])

    def test_an_exit_status_is_an_objection(self):
        self.assertEqual(objections(BEGIN + GOOD + END, status=2), ["exit status 2"])

    def test_a_suite_without_a_baseline_is_not_good(self):
        self.assertEqual(objections(BEGIN + GOOD + END, expected=None), ["no baseline is recorded"])


class BaselineFile(unittest.TestCase):
    def load(self, text):
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write(text)
            file.flush()
            return account.load_baseline(file.name)

    def test_it_is_read_as_it_was_written(self):
        before = self.load("# words\n\nredis-1.2.3 some 3\nredis-1.2.3 some without what fails - always\n")
        with tempfile.NamedTemporaryFile() as file:
            account.save_baseline(before, file.name)
            after = account.load_baseline(file.name)
        self.assertEqual(before, after)
        self.assertEqual(after.expected("redis-1.2.3", "some"), 3)
        self.assertEqual(after.skips("redis-1.2.3", "some"), ["what fails - always"])

    def test_of_another_server_it_says_nothing(self):
        self.assertIsNone(self.load("redis-1.2.3 some 3\n").expected("redis-1.2.4", "some"))

    def test_a_line_that_is_neither_is_an_error(self):
        for line in ("redis-1.2.3 some", "redis-1.2.3 some many", "redis-1.2.3 some 3 4"):
            self.assertRaises(account.BaselineError, self.load, line + "\n")


class Lines(unittest.TestCase):
    def test_comments_go_and_what_looks_like_them_stays(self):
        code = 'a("// no"); /* yes\n yes */ b(\'"\'); // yes \\\n yes\nR"x(/* no */)x" 1\'000\'000 /* yes */ c;'
        stripped = 'a("// no");   b(\'"\');  \nR"x(/* no */)x" 1\'000\'000   c;'
        self.assertEqual(lines.strip_comments(code), stripped)

    MODULE = """#include <string>

using both = int;
using one = int;

int shared(both) { return 1; }

int first(one) { return shared(2); }

int second(both) { return shared(3); }

REDISMODULE_MODULE(some, 1, m) {
  m.command<first>("some.first a", {.summary = "one;"});
  m.command("some.second b",
            [](both b) { return second(b); });
}
"""

    def test_of_commands_that_a_server_lacks_goes_what_only_they_use(self):
        left = lines.without_commands(self.MODULE, {"some.first"})
        self.assertEqual([word in left for word in ("first", "using one", "shared", "second", "using both")],
                         [False, False, True, True, True])
        left = lines.without_commands(self.MODULE, {"some.second"})
        self.assertEqual([word in left for word in ("first", "using one", "shared", "second", "using both")],
                         [True, True, True, False, True])
        self.assertEqual(lines.without_commands(self.MODULE, set()).split(), self.MODULE.split())


if __name__ == "__main__":
    unittest.main()
