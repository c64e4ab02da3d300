"""How long a test waits for a server of its own."""

import os
import re
import subprocess

from .servers import REPOSITORY, is_provisioned, tree_of

MOST = 100
TEXT = ("A server of the test kit's, from nothing to the first reply of a module's command: milliseconds, of 20 starts "
        "of each server.")
LINE = re.compile(r"^(\w+) +([\d.]+) +([\d.]+) ms \(([\d.]+) to ([\d.]+)\)", re.MULTILINE)


def all_labels():
    """Packaged servers, then built ones without a sanitizer."""
    for script in ("servers.sh", "build-servers.sh"):
        yield from subprocess.run([os.path.join(REPOSITORY, "tools", script), "--list"], check=True,
                                  capture_output=True, text=True).stdout.split()


def run(report, options):
    report.section("A server in a test", TEXT)
    labels = [label for label in all_labels() if is_provisioned(label)]
    program = os.path.join(options.build, "bench", "start_to_reply")
    output = subprocess.run([program] + [tree_of(label) for label in labels], check=True,
                            capture_output=True, text=True).stdout
    found = LINE.findall(output)
    if len(found) != len(labels):
        raise RuntimeError(f"expected a line for each of {labels}, found:\n{output}")
    rows = []
    for label, (_, _, median, least, most) in zip(labels, found):
        rows.append([label, median, f"{least} to {most}"])
        report.at_most(f"{label}: from nothing to the first reply, median in ms", float(median), MOST, digits=1)
    report.table(["server", "median", "range"], rows)
