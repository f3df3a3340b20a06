# SPDX-License-Identifier: BSD-3-Clause
"""A Kafka broker of a test's own: one node, KRaft, on free ports of the loopback, its data in a temporary directory.

with Broker() as kafka: … kafka.address …
"""
import contextlib
import ctypes
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from registry_front import RegistryFront

USER, PASSWORD = "alice", "open-sesame"
FAST_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
AS_DEPLOYED = ("-server", "-Xms1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
               "-XX:+ExplicitGCInvokesConcurrent")


def cached(what):
    """The newest directory of that name that set-up has filled, or None."""
    cache = os.environ.get("WEIR_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "weir")
    complete = sorted(glob.glob(os.path.join(cache, what + "-*", "complete")))
    return os.path.dirname(complete[-1]) if complete else None


def jars():
    """The directory that set-up has put Kafka's jars in, or None."""
    return cached("kafka")


def skip_unless_there():
    """Where no broker can be started a test is skipped and says why; in CI that is a failure."""
    why = "no java" if shutil.which("java") is None else None if jars() else "no jars of Apache Kafka"
    if why is None:
        return
    print(f"{'FAILED' if os.environ.get('CI') else 'skipped'}: {why}; ./dev setup brings them")
    sys.exit(1 if os.environ.get("CI") else 77)


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Broker:
    """`address` is without security; `sasl`, `tls`, `mutual_tls` and `sasl_tls` are what their names say.

    It starts fast and stays small, unless it is to be `measured`: then Java runs as Kafka's own script has it run.
    """

    def __init__(self, secure=False, measured=False, **settings):
        self.secure = secure
        self.java_options = AS_DEPLOYED if measured else FAST_START
        self.directory = tempfile.mkdtemp(prefix="weir-kafka-")
        self.process = None
        ports = free_ports(6)
        self.port, self.controller = ports[0], ports[1]
        self.address, self.sasl, self.tls, self.mutual_tls, self.sasl_tls = (
            f"127.0.0.1:{p}" for p in (ports[0], *ports[2:]))
        self.properties = os.path.join(self.directory, "server.properties")
        if secure:
            self.make_certificates()
        self.write_properties(settings)
        self.format()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.directory, name)

    def write_properties(self, more):
        listeners = {"PLAINTEXT": (self.address, "PLAINTEXT")}
        if self.secure:
            listeners.update({"SASL": (self.sasl, "SASL_PLAINTEXT"), "TLS": (self.tls, "SSL"),
                              "MTLS": (self.mutual_tls, "SSL"), "SASLTLS": (self.sasl_tls, "SASL_SSL")})
        shown = ",".join(f"{name}://{at}" for name, (at, _) in listeners.items())
        all_settings = {
            "process.roles": "broker,controller", "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller}",
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
            "listeners": f"{shown},CONTROLLER://127.0.0.1:{self.controller}", "advertised.listeners": shown,
            "listener.security.protocol.map": ",".join(["CONTROLLER:PLAINTEXT"] + [
                f"{name}:{protocol}" for name, (_, protocol) in listeners.items()]),
            "log.dirs": self.file("data"), "num.partitions": "4",
            "offsets.topic.replication.factor": "1", "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1", "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4", "group.initial.rebalance.delay.ms": "0",
            "num.network.threads": "2", "num.io.threads": "4", "log.cleaner.enable": "false",
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        }
        if self.secure:
            plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
            scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            all_settings.update({
                "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
                "ssl.keystore.type": "PEM", "ssl.keystore.location": self.file("server.pem"),
                "ssl.truststore.type": "PEM", "ssl.truststore.location": self.file("authority.pem"),
                "listener.name.mtls.ssl.client.auth": "required"})
            for listener in "sasl", "sasltls":
                name = f"listener.name.{listener}."
                all_settings[name + "plain.sasl.jaas.config"] = f'{plain} user_{USER}="{PASSWORD}";'
                all_settings[name + "scram-sha-256.sasl.jaas.config"] = scram
                all_settings[name + "scram-sha-512.sasl.jaas.config"] = scram
        all_settings.update({k.replace("_", "."): str(v) for k, v in more.items()})
        with open(self.properties, "w") as file:
            file.writelines(f"{k}={v}\n" for k, v in all_settings.items())

    def make_certificates(self):
        """An authority, and certificates of it for the broker and for a client."""
        def openssl(*arguments):
            subprocess.run(("openssl", *arguments), cwd=self.directory, check=True, capture_output=True)

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=authority",
                "-keyout", "authority.key", "-out", "authority.pem")
        with open(self.file("names"), "w") as file:
            file.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        for name in "server", "client":
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", name + ".key", "-out", name + ".csr")
            openssl("x509", "-req", "-days", "3", "-in", name + ".csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                    "-CAcreateserial", "-extfile", "names", "-out", name + ".crt")
        with open(self.file("server.pem"), "w") as to:
            for name in "server.key", "server.crt":
                with open(self.file(name)) as file:
                    to.write(file.read())

    def java(self, *arguments):
        return ("java", *self.java_options, "-Xmx1g", "-cp", os.path.join(jars(), "*"), *arguments)

    def format(self):
        if not self.secure:  # what the tool below would write, without starting Java for it
            os.mkdir(self.file("data"))
            with open(os.path.join(self.file("data"), "meta.properties"), "w") as file:
                file.write("version=1\nnode.id=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qk\ndirectory.id=UeyKDTHqT6CEkhgQTYfhGg\n")
            return
        scram = [word for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
                 for word in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")]
        subprocess.run(self.java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", self.properties, *scram),
                       check=True, capture_output=True)

    def start(self):
        with open(self.file("log"), "ab") as log:
            self.process = subprocess.Popen(self.java("kafka.Kafka", self.properties), stdout=log, stderr=log,
                                            preexec_fn=die_with_parent)
        until = time.monotonic() + 240  # a machine may be busy
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)  # another process; there is nothing to wait on
        with open(self.file("log")) as log:
            print(log.read()[-4000:])
        print("FAILED: the broker does not start")
        sys.exit(1)

    def end(self, how):
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait()
        self.process = None

    def stop(self):
        """In order: what it has is on the disk."""
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)


class Registry:
    """A schema registry that speaks Confluent's API: Apicurio's, in memory. It starts while others go on; see `wait`."""

    def __init__(self):
        self.process = None
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def __enter__(self):
        where = cached("registry")
        if where is not None:
            jar = glob.glob(os.path.join(where, "*-runner.jar"))[0]
            self.process = subprocess.Popen(
                ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-Dquarkus.http.host=127.0.0.1",
                 f"-Dquarkus.http.port={self.port}", "-jar", jar), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                preexec_fn=die_with_parent)
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def wait(self):
        """Answers the URL, or None where there is no registry."""
        until = time.monotonic() + 240
        while self.process is not None and self.process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(self.url + "/subjects", timeout=5):
                    return self.url
            except OSError:
                time.sleep(0.1)  # another process; there is nothing to wait on
        return None


if __name__ == "__main__":  # broker.py COMMAND …: runs a command beside a broker, with its addresses in the environment
    skip_unless_there()
    with Registry() as registry, Broker(secure=True) as kafka, contextlib.ExitStack() as more:
        names = {"BROKERS": kafka.address, "SASL": kafka.sasl, "TLS": kafka.tls, "MUTUAL_TLS": kafka.mutual_tls,
                 "SASL_TLS": kafka.sasl_tls, "DIRECTORY": kafka.directory, "USER": USER, "PASSWORD": PASSWORD}
        if (url := registry.wait()) is not None:
            names["REGISTRY"] = url
            names["REGISTRY_FRONT"] = more.enter_context(RegistryFront(url, kafka.directory, USER, PASSWORD)).url
        elif os.environ.get("CI"):
            print("FAILED: no schema registry; ./dev setup brings it")
            sys.exit(1)
        environment = {**os.environ, **{"WEIR_KAFKA_" + k: v for k, v in names.items()}}
        sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)
