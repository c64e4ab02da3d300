"""Servers to measure: found by label, started in a directory of their own, spoken to over a unix socket."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREES = os.path.join(REPOSITORY, ".cache", "servers", "by-suite")


class ServerError(Exception):
    """The server did not start, died, or answered with an error."""


def tree_of(label):
    return os.path.join(TREES, label)


def is_provisioned(label):
    return os.path.exists(os.path.join(tree_of(label), "redis-server"))


def recorded(label):
    """Product and version of a label, as its tree records them."""
    with open(os.path.join(tree_of(label), "version")) as file:
        return file.read().split()[:2]


def version_of(label):
    return recorded(label)[1]


def describe(label):
    product, version = recorded(label)
    return f"{product.capitalize()} {version}"


class Client:
    """One connection; commands are tuples of words."""

    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.answers = self.socket.makefile("rb")

    def call(self, *words):
        self.socket.sendall(encode(words))
        return self.read()

    def repeat(self, count, *words):
        """Sends the command that many times, some at once, and checks each answer for errors."""
        one = encode(words)
        while count > 0:
            batch = min(count, 500)
            self.socket.sendall(one * batch)
            for _ in range(batch):
                last = self.read()
            count -= batch
        return last

    def read(self):
        line = self.answers.readline()
        if not line:
            raise ServerError("the server closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"-":
            raise ServerError(text.decode())
        if kind == b":":
            return int(text)
        if kind == b"+":
            return text.decode()
        if kind == b"$":
            return None if text == b"-1" else self.answers.read(int(text) + 2)[:-2].decode(errors="replace")
        if kind == b"*":
            return [self.read() for _ in range(int(text))]
        raise ServerError(f"an answer that is none: {line!r}")


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Server:
    """A running server, for a `with` block. `launcher` is put in front of its command line."""

    def __init__(self, label, modules, launcher=(), patience=60, environment=None):
        self.label = label
        self.modules = modules
        self.launcher = list(launcher)
        self.patience = patience
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="redismodule-bench-")
        self.socket_path = os.path.join(self.directory, "socket")
        self.log_path = os.path.join(self.directory, "log")
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self):
        command = self.launcher + [
            os.path.join(tree_of(self.label), "redis-server"),
            "--port", "0", "--unixsocket", self.socket_path, "--dir", self.directory, "--save", "",
            "--appendonly", "no", "--daemonize", "no", "--hz", "1",
        ]
        if not version_of(self.label).startswith("6."):
            command += ["--enable-debug-command", "local", "--enable-module-command", "local"]
        for module in self.modules:
            command += ["--loadmodule"] + (module if isinstance(module, list) else [module])
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory, env=self.environment,
                                            start_new_session=True)
        self.client = self._connect()

    def _connect(self):
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                client = Client(self.socket_path, timeout=600)
                client.call("PING")
                return client
            except (OSError, ServerError):
                time.sleep(0.05)
        raise ServerError(f"{self.label} did not start:\n{self.log()[-3000:]}")

    def connect(self):
        return Client(self.socket_path, timeout=600)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def __exit__(self, *_):
        process = getattr(self, "process", None)
        if process and process.poll() is None:
            self._end(process)
        shutil.rmtree(self.directory, ignore_errors=True)

    @staticmethod
    def _end(process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
