"""What redis-cli shows while a command is typed, which it makes of COMMAND DOCS: its own test of that, --test_hint_file
(Redis 7.2 and later), on commands of ours."""

import re
import subprocess
import tempfile

FAILED = re.compile(r"Test case '(.*)' FAILED: expected '(.*)', got '(.*)'")
MOST_OF_A_LINE = 250  # redis-cli reads the file by lines of 255 bytes
DONE = re.compile(r"^(?:SUCCESS|FAILURE): \d+/(\d+) passed$", re.MULTILINE)


def hint_of(argument):
    """As redis-cli writes an argument of which nothing has been typed."""
    flags, body = argument.get("flags", []), body_of(argument)
    token = argument.get("token", "")
    text = f"{token} {body}".strip() if argument["type"] != "pure-token" else token
    if "multiple" in flags:
        again = f"{token} {body}" if "multiple-token" in flags else body
        text += f" [{again} ...]"
    return f"[{text}]" if "optional" in flags else text


def body_of(argument):
    parts = [hint_of(part) for part in argument.get("arguments", [])]
    if argument["type"] == "oneof":
        return "|".join(parts)
    if argument["type"] == "block":
        return " ".join(parts)
    return "" if argument["type"] == "pure-token" else argument["name"]


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def run(cli, server, path):
    """How many hints redis-cli looked at, and what it found wrong: input, expected, found."""
    done = subprocess.run([cli, "-s", server.socket_path, "--test_hint_file", path], capture_output=True, text=True, timeout=120)
    words = done.stdout + done.stderr
    counted = DONE.search(words)
    if not counted:
        raise RuntimeError(f"{cli} ended with {done.returncode} and without a count:\n{words}")
    return int(counted[1]), FAILED.findall(words)


def single(cli, server, typed):
    """The hint for one input."""
    done = subprocess.run([cli, "-s", server.socket_path, "--test_hint", typed], capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines()[0].rstrip() if done.stdout else ""


def compare(cli, server, commands, comparison):
    """The whole hint of each command, before anything behind its name is typed."""
    expected = {}
    for command in commands:
        typed = " ".join(part.decode() for part in command.command()) + " "
        expected[typed] = (command, " ".join(hint_of(each) for each in command.documentation()))
    lines = {typed: f"{quoted(typed)} {quoted(hint)}\n" for typed, (_, hint) in expected.items()}
    short = [line for line in lines.values() if len(line) <= MOST_OF_A_LINE]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as suite:
        suite.writelines(short)
        suite.flush()
        count, failed = run(cli, server, suite.name)
    if count != len(short):
        raise RuntimeError(f"{cli} looked at {count} of {len(short)} hints")
    found = {typed: got for typed, _, got in failed}
    found.update({typed: single(cli, server, typed) for typed, line in lines.items() if len(line) > MOST_OF_A_LINE})
    for typed, (command, hint) in expected.items():
        comparison.expect("redis-cli's hints", command, "", hint, found.get(typed, hint))
