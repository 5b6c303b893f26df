"""See ./run."""

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PROGRAM = os.environ["PARLANCE_PROGRAM"]
ROUNDS = int(os.environ.get("REPLICATION_ROUNDS", "6"))
SEED = int(os.environ.get("REPLICATION_SEED", "1"))
# How many trials may end with a replica that Litestream damaged (see DamagedReplica).
TRIALS = 3
LITESTREAM = Path(sys.executable).with_name("litestream")

KEY = "aloo_replication_key"
PATH = "/api/public/integrations"
WRITERS = 4
# How long a server, a replicator or a synchronisation may take, in seconds.
PATIENCE = 60


class Server:
    """The program on a database, which keeps its port when it is started again."""

    def __init__(self, directory):
        self.directory = directory
        self.database = directory / "parlance.db"
        self.listen = "127.0.0.1:0"

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", self.listen, "--db", self.database],
            cwd=self.directory,
            env={
                "PATH": os.environ["PATH"],
                "PARLANCE_BOOTSTRAP__ALOOCHAT_KEY": KEY,
                "PARLANCE_BOUNDS__SERVICE_INTEGRATIONS": "1000000",
                "PARLANCE_LIMITS__ALOOCHAT__PER_SECOND": "0",
                "PARLANCE_LIMITS__ALOOCHAT__PER_MINUTE": "0",
                "PARLANCE_LIMITS__ALOOCHAT__PER_DAY": "0",
                "PARLANCE_LOG__LEVEL": "warn",
                # So that the program copies its log often.
                "PARLANCE_STORE__LOG_BYTES": "1000000",
            },
            stdout=subprocess.PIPE,
            stderr=(self.directory / "log").open("a"),
        )
        line = self.process.stdout.readline()
        assert line, (self.directory / "log").read_text()
        self.listen = json.loads(line)["url"].removeprefix("http://")

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.listen, timeout=PATIENCE)
        try:
            headers = {"x-api-key": KEY, "content-type": "application/json"}
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Litestream:
    """Litestream beside the server, with its replica in a directory."""

    def __init__(self, directory, database):
        self.database = database
        self.replica = directory / "replica"
        self.socket = directory / "litestream.sock"
        self.config = directory / "litestream.yml"
        self.config.write_text(
            json.dumps(
                {
                    "logging": {"level": "error"},
                    "socket": {"enabled": True, "path": str(self.socket)},
                    "dbs": [
                        {
                            "path": str(database),
                            "replica": {
                                "type": "file",
                                "path": str(self.replica),
                                "sync-interval": "200ms",
                            },
                        }
                    ],
                }
            )
        )

    def start(self):
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen([LITESTREAM, "replicate", "-config", self.config])

    def synchronise(self):
        """Returns once the replica has what was written before this was called."""
        deadline = time.monotonic() + PATIENCE
        while True:
            command = [LITESTREAM, "sync", "-wait", "-socket", self.socket, self.database]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                return
            # It may still be starting.
            assert self.process.poll() is None, "litestream has ended by itself"
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.1)

    def restore(self, path):
        command = [LITESTREAM, "restore", "-o", path, f"file://{self.replica}"]
        subprocess.run(command, check=True)


class Writers:
    """Callers that make integrations, each with a secret, and note those that were acknowledged."""

    def __init__(self, server):
        self.server = server
        self.acknowledged = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.write) for _ in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self):
        body = {
            "name": "My Shopify Store",
            "type": "shopify",
            "config": {"shop_domain": "store.example", "access_token": "shpat_replicated"},
        }
        while not self.ended.is_set():
            try:
                status, answer = self.server.call("POST", PATH, body)
            except (OSError, http.client.HTTPException):
                # The server has just been ended: nobody was told anything.
                time.sleep(0.05)
                continue
            assert status in (200, 201), (status, answer)
            self.acknowledged.append(json.loads(answer)["id"])

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def is_sound(server):
    check = [PROGRAM, "check", "--db", server.database]
    return subprocess.run(check, cwd=server.directory, env={}).returncode == 0


class DamagedReplica(Exception):
    """The replica does not restore to a sound database, although the server's own file is sound.

    Litestream 0.5 has this fault by itself: https://github.com/benbjohnson/litestream/issues/1164.
    """


def try_once(directory, seed):
    chance = random.Random(seed)
    server = Server(directory / "server")
    server.directory.mkdir()
    server.start()
    litestream = Litestream(directory, server.database)
    litestream.start()
    writers = Writers(server)
    promised = 0
    kills = {"server": 0, "litestream": 0}
    try:
        for number in range(ROUNDS):
            time.sleep(chance.uniform(0.5, 2))
            told = len(writers.acknowledged)
            litestream.synchronise()
            promised = told
            time.sleep(chance.uniform(0, 1))
            last = number == ROUNDS - 1
            if last or number % 3 != 1:
                kill(server.process)
                kills["server"] += 1
            if last or number % 3 != 0:
                kill(litestream.process)
                kills["litestream"] += 1
            if last:
                break
            if server.process.poll() is not None:
                server.start()
            if litestream.process.poll() is not None:
                litestream.start()
    finally:
        writers.end()
        for process in (server.process, litestream.process):
            if process.poll() is None:
                kill(process)

    # The machine is lost: what is left is the replica, and the key that was kept elsewhere.
    restored = Server(directory / "restored")
    restored.directory.mkdir()
    litestream.restore(restored.database)
    key = server.database.with_name("parlance.db.key")
    shutil.copy(key, restored.database.with_name("parlance.db.key"))
    assert is_sound(server), "the server's own file is damaged"
    if not is_sound(restored):
        raise DamagedReplica
    restored.start()
    try:
        missing = [
            number
            for number, made in enumerate(writers.acknowledged)
            if restored.call("GET", f"{PATH}/{made}")[0] != 200
        ]
    finally:
        kill(restored.process)
    print(
        f"litestream: {len(writers.acknowledged)} writes acknowledged, {promised} of them before the"
        f" last synchronisation; {kills['server']} kills of the server, {kills['litestream']} of"
        f" litestream; {len(missing)} missing"
    )
    lost = [number for number in missing if number < promised]
    assert not lost, f"{len(lost)} lost that had been replicated"
    assert promised > 100, "too few writes to say anything"


def main():
    for seed in range(SEED, SEED + TRIALS):
        try:
            with tempfile.TemporaryDirectory(prefix="parlance-replication-") as name:
                return try_once(Path(name), seed)
        except DamagedReplica:
            print(f"seed {seed}: litestream's replica is damaged, the server's file is sound")
    sys.exit(f"litestream's replica was damaged in each of {TRIALS} trials")


if __name__ == "__main__":
    main()
