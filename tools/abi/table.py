"""Reads our own table: functions.inc, constants.inc and the structs."""

import re

import header

RELEASE = r"(?:from\(\d+, \d+, \d+\)|never|unstable)"
FUNCTION = re.compile(r"^REDISMODULE_ROW\((\w+), ([^(]*), \((.*)\), (%s), (%s)\)$" % (RELEASE, RELEASE), re.M)
CONSTANT = re.compile(r"^REDISMODULE_ROW\((\w+), ([\w ]+\*?), (.*), (%s), (%s)\)$" % (RELEASE, RELEASE), re.M)


class Row:
    def __init__(self, name, kind, text, redis, valkey):
        self.name = name
        self.type = kind
        self.text = text  # a function's parameters, a constant's value
        self.redis = redis
        self.valkey = valkey

    def release(self, family):
        return self.redis if family == "redis" else self.valkey


def parse_release(text):
    """A tuple that compares as releases do; None: never; "unstable" stands for itself."""
    if text == "never":
        return None
    if text == "unstable":
        return text
    return tuple(int(part) for part in re.findall(r"\d+", text))


def read_rows(path, pattern):
    with open(path) as file:
        text = file.read()
    rows = [Row(n, t, x, parse_release(r), parse_release(v)) for n, t, x, r, v in pattern.findall(text)]
    if len(rows) != len(re.findall(r"^REDISMODULE_ROW\(", text, re.M)):
        raise ValueError(path + ": a line does not have the form that its head describes")
    return rows


class Table:
    def __init__(self, include):
        abi = include + "/redismodule/abi/"
        self.functions = read_rows(abi + "functions.inc", FUNCTION)
        self.constants = read_rows(abi + "constants.inc", CONSTANT)
        with open(abi + "structs.h") as file:
            text = re.sub(r"//[^\n]*", "", file.read())
        text = re.sub(r"\s+", " ", text)
        self.structs = {s.name: s for s in header.find_structs(text, "Module", "struct")}
        with open(abi + "types.h") as file:
            self.types = set(re.findall(r"^(?:struct|enum|using) Module(\w+)", file.read(), re.M))
        with open(abi + "callbacks.h") as file:
            self.callbacks = set(re.findall(r"^using Module(\w+) =", file.read(), re.M))
        with open(abi + "constants.h") as file:
            self.events = set(re.findall(r"ModuleEvent ModuleEvent_(\w+)\{", file.read()))
