"""A server of a script's own: in a directory of its own, spoken to over a unix socket."""

import functools
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
    """The server did not start, went away, or answered what is no answer."""


class ErrorReply:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"(error) {self.text.decode(errors='backslashreplace')}"


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Client:
    """One connection. Replies are bytes, numbers, lists, None and ErrorReply, as they come."""

    def __init__(self, path, timeout=120):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.answers = self.socket.makefile("rb", 1 << 20)

    def call(self, *words):
        return self.pipeline([words])[0]

    def pipeline(self, commands, at_once=200):
        replies = []
        for start in range(0, len(commands), at_once):
            chunk = commands[start:start + at_once]
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
    """A running server, for a `with` block; behind it, `reports` has what a sanitizer said.

    `modules`: files, or lists of a file and its arguments. `options`: more of the command line. `launcher`: what is put
    in front of it. `patience`: seconds for it to start.
    """

    connection = Client
    reports = ()

    def __init__(self, tree, modules, options=(), launcher=(), patience=60, environment=None):
        self.program, self.modules, self.patience = program_in(tree), modules, patience
        self.options, self.launcher = list(options), list(launcher)
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="redismodule-server-")
        self.socket_path = os.path.join(self.directory, "socket")
        self.log_path = os.path.join(self.directory, "log")
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self):
        command = self.launcher + [str(self.program), "--port", "0", "--unixsocket", self.socket_path, "--dir",
                                   self.directory, "--save", ""] + self.options
        for module in self.modules:
            file, *arguments = module if isinstance(module, list) else [module]
            command += ["--loadmodule", str(pathlib.Path(file).resolve()), *arguments]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory, env=self.environment,
                                            start_new_session=True)
        self.client = self._first_connection()

    def _first_connection(self):
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                client = self.connect()
                if not isinstance(client.call("PING"), ErrorReply):
                    return client
            except (OSError, ServerError):
                pass
            time.sleep(0.02)
        raise ServerError(f"{self.program} did not start:\n{self.log()[-4000:]}")

    def connect(self):
        return self.connection(self.socket_path)

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def field(self, name):
        """Of INFO."""
        for line in Client(self.socket_path).call("INFO").decode(errors="replace").splitlines():
            if line.startswith(name + ":"):
                return line[len(name) + 1:]
        return None

    @functools.lru_cache(maxsize=None)
    def version(self):
        """The family, and a tuple of numbers."""
        own = self.field("valkey_version")
        number = own or self.field("redis_version")
        return "valkey" if own else "redis", tuple(int(part) for part in number.split("."))

    def __exit__(self, *_):
        process = getattr(self, "process", None)
        if process:
            self._end(process)
            self.reports = REPORT.findall(self.log())
        shutil.rmtree(self.directory, ignore_errors=True)

    @staticmethod
    def _end(process):
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
