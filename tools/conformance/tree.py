"""A provisioned server with its source: its suites, and the C modules that they drive."""

import os
import re
import shutil
import subprocess
import tempfile

LOADS = re.compile(r"tests/modules/([a-z0-9_]+)\.so")


class TreeError(Exception):
    pass


class Tree:
    def __init__(self, path):
        self.path = os.path.realpath(path)
        self.name = os.path.basename(self.path)
        self.source = os.path.join(self.path, "source")
        self.scripts = os.path.join(self.source, "tests", "unit", "moduleapi")
        self.cache = os.path.join(self.path, "c-modules")
        if not os.path.isdir(self.scripts):
            raise TreeError(f"{path} is no server with its source: ./dev servers fetches them")

    def suites(self):
        return sorted(name[:-4] for name in os.listdir(self.scripts) if name.endswith(".tcl"))

    def modules_of(self, suite):
        """The modules that a suite loads."""
        with open(os.path.join(self.scripts, suite + ".tcl")) as file:
            return sorted(set(LOADS.findall(file.read())))

    def driven_modules(self):
        return {module for suite in self.suites() for module in self.modules_of(suite)}

    def c_source(self, module):
        return os.path.join(self.source, "tests", "modules", module + ".c")

    def c_module(self, module):
        return os.path.join(self.cache, module + ".so")

    def compile_c_modules(self, modules):
        """Makes the C modules that are not in the cache yet, by the source's own makefile."""
        missing = [module for module in sorted(modules) if not os.path.exists(self.c_module(module))]
        if not missing:
            return
        os.makedirs(self.cache, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.path) as build:
            folder = os.path.join(build, "tests", "modules")
            shutil.copytree(os.path.dirname(self.c_source("any")), folder)
            os.symlink(os.path.join(self.source, "src"), os.path.join(build, "src"))
            make(folder, missing)
            for module in missing:
                os.replace(os.path.join(folder, module + ".so"), self.c_module(module))

    def programs(self):
        """The server, and its tools."""
        for name in sorted(os.listdir(self.path)):
            path = os.path.join(self.path, name)
            if name.startswith(("redis-", "valkey-")) and os.access(path, os.X_OK):
                yield path


def make(folder, modules):
    command = ["make", "-s", f"-j{os.cpu_count()}"] + [module + ".so" for module in modules]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise TreeError(f"the C modules do not compile:\n{done.stdout}")
