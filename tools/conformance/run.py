"""Runs one suite, as it is, in a folder that looks like a source tree after a build."""

import errno
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import account

TIME_LIMIT = 900  # seconds for a suite; the longest takes 40
TEST_TIME_LIMIT = 180

# Below the ports that the test kit leases. Cluster suites use each port plus 10000 as well.
FIRST_PORT = 8000
PORTS_IN_BLOCK = 352
PORT_BLOCKS = 8


class PortBlock:
    """Ports that no other suite uses, whoever runs it: an abstract name of a socket, which goes with its process."""

    def __enter__(self):
        while True:
            for index in range(PORT_BLOCKS):
                self.mark = socket.socket(socket.AF_UNIX)
                try:
                    self.mark.bind(f"\0redismodule-conformance-ports-{index}")
                except OSError as error:
                    self.mark.close()
                    if error.errno != errno.EADDRINUSE:
                        raise
                    continue
                return FIRST_PORT + index * PORTS_IN_BLOCK
            time.sleep(1)  # until one of as many suites as there are blocks has ended

    def __exit__(self, *_):
        self.mark.close()


class Processes:
    """The suites' process groups: what a suite leaves behind ends with it, and all end with the runner."""

    def __init__(self):
        self.lock = threading.RLock()
        self.groups = set()
        self.over = False

    def run(self, command, **options):
        with self.lock:
            if self.over:
                return -signal.SIGTERM
            process = subprocess.Popen(command, start_new_session=True, **options)
            self.groups.add(process.pid)
        try:
            return process.wait(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return -signal.SIGALRM
        finally:
            self.end(process.pid)
            process.wait()

    def end(self, group):
        with self.lock:
            if group in self.groups:
                self.groups.remove(group)
                kill_group(group)

    def end_all(self):
        with self.lock:
            self.over = True
            for group in list(self.groups):
                self.end(group)


def kill_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


processes = Processes()


def modules_for(tree, suite, twins):
    """Where each module that the suite loads comes from: {name: file}."""
    return {name: twins.get(name) or tree.c_module(name) for name in tree.modules_of(suite)}


def lay_out(tree, modules, at):
    tests = os.path.join(tree.source, "tests")
    shutil.copytree(tests, os.path.join(at, "tests"), ignore=lambda folder, _: ["modules"] if folder == tests else [])
    os.makedirs(os.path.join(at, "tests", "tmp"), exist_ok=True)
    for folder in ("tests/modules", "src", "bin"):
        os.mkdir(os.path.join(at, folder))
    for name, file in modules.items():
        os.symlink(os.path.abspath(file), os.path.join(at, "tests", "modules", name + ".so"))
    for program in tree.programs():
        os.symlink(program, os.path.join(at, "src", os.path.basename(program)))
    write_ldd(tree, os.path.join(at, "bin", "ldd"))


def write_ldd(tree, path):
    """One suite asks ldd whether the server can print backtraces; the server here is a script that starts it."""
    loader = glob.glob(os.path.join(tree.path, "root", "**", "ld-linux*.so.*"), recursive=True)
    program = glob.glob(os.path.join(tree.path, "root", "usr", "bin", "*-check-rdb"))
    if not loader or not program:
        return
    with open(path, "w") as file:
        file.write(f'#!/bin/sh\nexec "{os.path.realpath(loader[0])}" --list "{program[0]}" 2>/dev/null\n')
    os.chmod(path, 0o755)


def command_for(suite, port, left_out, other_server):
    # The driver itself listens on one of the 32 ports before its baseport.
    command = ["tclsh", "tests/test_helper.tcl", "--single", f"unit/moduleapi/{suite}", "--clients", "1", "--durable"]
    command += ["--dump-logs", "--timeout", str(TEST_TIME_LIMIT)]
    command += ["--baseport", str(port + 32), "--portcount", str(PORTS_IN_BLOCK - 32)]
    for name in left_out:
        command += ["--skiptest", name]
    if other_server and suite == "cross-version-cluster":
        command += ["--other-server-path", other_server]
    return command


def run_suite(tree, suite, twins, left_out=(), other_server=None, log=None):
    """The account.Outcome of a suite. Its output is kept in the file `log`, if one is named."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as at, PortBlock() as port:
        lay_out(tree, modules_for(tree, suite, twins), at)
        environment = dict(os.environ, TERM="dumb", LC_ALL="C.UTF-8", PATH=f"{at}/bin:{os.environ['PATH']}")
        output = os.path.join(at, "output")
        with open(output, "w") as file:
            status = processes.run(
                command_for(suite, port, left_out, other_server),
                cwd=at, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            )
        if log:
            shutil.copy(output, log)
        with open(output, errors="replace") as file:
            return account.read(file.read(), status)
