"""A server of its own for the driver, and a client that keeps bytes and errors as they are."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class ServerError(Exception):
    """The server did not start, or went away."""


class ErrorReply:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"(error) {self.text.decode(errors='backslashreplace')}"


def encode(words):
    return b"".join([b"*%d\r\n" % len(words)] + [b"$%d\r\n%s\r\n" % (len(word), word) for word in words])


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        self.socket.connect(str(path))
        self.answers = self.socket.makefile("rb", 1 << 20)

    def call(self, *words):
        return self.pipeline([[word if isinstance(word, bytes) else str(word).encode() for word in words]])[0]

    def pipeline(self, commands):
        replies = []
        for start in range(0, len(commands), 200):
            chunk = commands[start:start + 200]
            self.socket.sendall(b"".join(encode(words) for words in chunk))
            replies += [self.read() for _ in chunk]
        return replies

    def read(self):
        line = self.answers.readline()
        if not line.endswith(b"\r\n"):
            raise ServerError("the server closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"-":
            return ErrorReply(text)
        if kind == b":":
            return int(text)
        if kind == b"+":
            return text
        if kind == b"$":
            return None if text == b"-1" else self.answers.read(int(text) + 2)[:-2]
        if kind == b"*":
            return None if text == b"-1" else [self.read() for _ in range(int(text))]
        raise ServerError(f"an answer that is none: {line!r}")


def program_in(tree):
    """`tree`: a directory with a server, or the program itself."""
    for name in ("redis-server", "valkey-server"):
        if (pathlib.Path(tree) / name).exists():
            return pathlib.Path(tree) / name
    return pathlib.Path(tree)


REPORT = re.compile(r"^.*(?:ERROR: \w+Sanitizer|runtime error: ).*$", re.MULTILINE)


class Server:
    """A running server, for a `with` block; behind it, `reports` has what a sanitizer said."""

    reports = ()

    def __init__(self, tree, modules):
        self.program, self.modules = program_in(tree), modules

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="redismodule-roundtrip-")
        self.path = os.path.join(self.directory, "socket")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        command = [str(self.program), "--port", "0", "--unixsocket", self.path, "--dir", self.directory, "--save", ""]
        for module in self.modules:
            command += ["--loadmodule", str(pathlib.Path(module).resolve())]
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.client = Client(self.path)
                if self.client.call("PING") == b"PONG":
                    return
            except OSError:
                time.sleep(0.02)
        raise ServerError(f"{self.program} did not start:\n{self.log()}")

    def log(self):
        return pathlib.Path(self.directory, "log").read_text(errors="replace")[-4000:]

    def field(self, name):
        """Of INFO."""
        for line in self.client.call("INFO").decode(errors="replace").splitlines():
            if line.startswith(name + ":"):
                return line[len(name) + 1:]
        return None

    def version(self):
        """The family, and a tuple of numbers."""
        own = self.field("valkey_version")
        number = own or self.field("redis_version")
        return "valkey" if own else "redis", tuple(int(part) for part in number.split("."))

    def __exit__(self, *_):
        process = getattr(self, "process", None)
        if process and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process:
            self.reports = REPORT.findall(pathlib.Path(self.directory, "log").read_text(errors="replace"))
        shutil.rmtree(self.directory, ignore_errors=True)
