# SPDX-License-Identifier: BSD-3-Clause
"""A Redis server of a test's own."""
import shutil
import socket
import subprocess
import sys
import time

from support import check


def is_there():
    return shutil.which("redis-server") is not None


def skip_unless_there():
    if not is_there():
        print("there is no redis-server here")
        sys.exit(77)


class Server:
    """A redis-server of our own on a free port of this machine."""

    def __init__(self, directory):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", directory, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while True:
            try:
                self.file = socket.create_connection(("127.0.0.1", self.port), timeout=30).makefile("rwb")
                return
            except OSError:
                check(time.monotonic() < until and self.process.poll() is None, "redis-server starts")
                time.sleep(0.02)

    def ask(self, *words):
        """Sends a command and answers its reply: a string, a number or a list."""
        texts = [str(w).encode() for w in words]
        self.file.write(b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(t), t) for t in texts))
        self.file.flush()
        return self.reply()

    def reply(self):
        line = self.file.readline().strip().decode()
        if line[0] == "$":
            return self.file.read(int(line[1:]) + 2)[:-2].decode()
        if line[0] == "*":
            return [self.reply() for _ in range(int(line[1:]))]
        check(line[0] in "+:", "the server takes the command", line)
        return line[1:]

    def hash_of(self, key):
        flat = self.ask("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))
