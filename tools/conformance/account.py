"""What a suite's output amounts to, and whether that is as good as with the C modules."""

import re
from dataclasses import dataclass, field

PASSED = re.compile(r"^\[ok\]: ", re.M)
FAILED = re.compile(r"^\[(?:err|exception|TIMEOUT)\]: .*(?:\n(?!\[|###).*){0,3}", re.M)
SKIPPED = re.compile(r"^\[(?:skip|ignore)\]: ", re.M)
LAST_WORDS = re.compile(r"^ *The End *$", re.M)


class BaselineError(Exception):
    pass


@dataclass
class Outcome:
    """What happened. A skipped test is one that did not pass."""

    passed: int
    skipped: int
    failures: list  # what the suite said of each failed test
    complete: bool  # the driver came to its end
    status: int  # its exit status

    @property
    def failed(self):
        return len(self.failures)


def read(output, status):
    return Outcome(
        passed=len(PASSED.findall(output)),
        skipped=len(SKIPPED.findall(output)),
        failures=[text.rstrip() for text in FAILED.findall(output)],
        complete=LAST_WORDS.search(output) is not None,
        status=status,
    )


def objections(outcome, expected):
    """Why a suite is not as good as with the C modules, of whose tests `expected` passed; nothing if it is."""
    reasons = []
    if outcome.failed:
        reasons.append(f"{outcome.failed} failed")
    if not outcome.complete:
        reasons.append("cut short")
    if outcome.status != 0 and not outcome.failed:
        reasons.append(f"exit status {outcome.status}")
    if expected is None:
        reasons.append("no baseline is recorded")
    elif outcome.passed + outcome.failed == 0 and expected != 0:
        reasons.append("no test ran")
    elif outcome.passed < expected:
        reasons.append(f"{outcome.passed} passed, {expected} with the C modules")
    return reasons


@dataclass
class Baseline:
    """How many tests of each suite pass with the C modules, and which ones fail even so."""

    passed: dict = field(default_factory=dict)  # (server, suite): tests
    left_out: dict = field(default_factory=dict)  # (server, suite): names of tests

    def expected(self, server, suite):
        return self.passed.get((server, suite))

    def skips(self, server, suite):
        return self.left_out.get((server, suite), [])

    def replace(self, server, counts):
        """Takes over what was counted: {suite: passed}."""
        self.passed.update({(server, suite): passed for suite, passed in counts.items()})


HEAD = """\
# What the servers' own suites of the module API give with the servers' own C modules: `SERVER SUITE PASSED`.
# `SERVER SUITE without NAME` is a test that fails even so, and is left out. `./dev conformance --record` writes this.
"""


def load_baseline(path):
    baseline = Baseline()
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                read_line(baseline, line, f"{path}:{number}")
    return baseline


def read_line(baseline, line, where):
    words = line.split(None, 3)
    if len(words) == 3 and words[2].isdigit():
        baseline.passed[words[0], words[1]] = int(words[2])
    elif len(words) == 4 and words[2] == "without":
        baseline.left_out.setdefault((words[0], words[1]), []).append(words[3].strip())
    else:
        raise BaselineError(f"{where}: neither `SERVER SUITE PASSED` nor `SERVER SUITE without NAME`: {line.strip()}")


def save_baseline(baseline, path):
    lines = [f"{server} {suite} {passed}" for (server, suite), passed in baseline.passed.items()]
    for (server, suite), names in baseline.left_out.items():
        lines += [f"{server} {suite} without {name}" for name in names]
    with open(path, "w") as file:
        file.write(HEAD + "\n".join(sorted(lines)) + "\n")
