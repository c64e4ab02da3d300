"""Servers to measure: found by label, spoken to in text."""

import os
import sys

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREES = os.path.join(REPOSITORY, ".cache", "servers", "by-suite")
sys.path.append(os.path.join(REPOSITORY, "tools"))

import server
from server import ServerError, encode


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


def text_of(reply):
    """The reply with text for bytes. An error is raised."""
    if isinstance(reply, server.ErrorReply):
        raise ServerError(reply.text.decode())
    if isinstance(reply, list):
        return [text_of(each) for each in reply]
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply


class Client(server.Client):
    def __init__(self, path):
        super().__init__(path, timeout=600)

    def call(self, *words):
        return text_of(super().call(*words))

    def repeat(self, count, *words):
        """Sends the command that many times, some at once, and checks each answer for errors."""
        one = encode(words)
        while count > 0:
            batch = min(count, 500)
            self.socket.sendall(one * batch)
            for _ in range(batch):
                last = text_of(self.read())
            count -= batch
        return last


class Server(server.Server):
    connection = Client

    def __init__(self, label, modules, launcher=(), patience=60, environment=None):
        options = ["--appendonly", "no", "--daemonize", "no", "--hz", "1"]
        if not version_of(label).startswith("6."):
            options += ["--enable-debug-command", "local", "--enable-module-command", "local"]
        super().__init__(os.path.join(tree_of(label), "redis-server"), modules, options, launcher, patience, environment)
        self.label = label
