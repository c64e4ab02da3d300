"""How long a test waits for a server of its own."""

import os
import re
import subprocess

from .servers import tree_of

TEXT = ("A server of the test kit's, from nothing to the first reply of a module's command: milliseconds, of 20 starts "
        "of each server. The clock decides nothing: a busy machine would.")
LINE = re.compile(r"^(\w+) +([\d.]+) +([\d.]+) ms \(([\d.]+) to ([\d.]+)\)", re.MULTILINE)


def run(report, options):
    report.section("A server in a test", TEXT)
    program = os.path.join(options.build, "bench", "start_to_reply")
    output = subprocess.run([program] + [tree_of(label) for label in options.servers], check=True,
                            capture_output=True, text=True).stdout
    found = LINE.findall(output)
    if len(found) != len(options.servers):
        raise RuntimeError(f"expected a line for each of {options.servers}, found:\n{output}")
    rows = []
    for label, (_, _, median, least, most) in zip(options.servers, found):
        rows.append([label, median, f"{least} to {most}"])
    report.table(["server", "median", "range"], rows)
