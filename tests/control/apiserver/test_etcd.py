"""The store against etcd: the same operations, the same revisions, conflicts, lists, watches and compactions.

A recorded sequence of a real etcd (`etcd.json`) always runs; random sequences run where there is an etcd. The store knows no keys and no
leases, and of an object's history only its events: the adapter below writes each operation as kube-apiserver does (a transaction that
compares the revision), and counts creations and versions from the store's events.

Record anew with `python tests/control/apiserver/test_etcd.py`, with etcd 3.4 or later on the path.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from binpack.control.apiserver.errors import AlreadyExistsError, ConflictError, ExpiredError, NotFoundError, TooLargeVersionError
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.listing import objects_at
from binpack.control.apiserver.resources import Unstructured
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.sim.streams import stream

RECORDING = Path(__file__).parent / "etcd.json"
ETCD = shutil.which("etcd")
THING = "Thing.example.com"
KEYS = "abcd"


class StoreSide:
    """The store, asked as etcd is. All revisions count from 0."""

    def __init__(self) -> None:
        self.store = Store(Clock(), Identities(stream(0, "apiserver")))
        self.known: dict[str, tuple[int, int]] = {}
        self.seen = 0

    @property
    def revision(self) -> int:
        return self.store.revision

    def perform(self, operation):
        what, key, revision = operation
        try:
            answer = getattr(self, what)(key, revision)
        except AlreadyExistsError:
            answer = "exists"
        except NotFoundError:
            answer = "missing"
        except ConflictError:
            answer = "conflict"
        except ExpiredError:
            answer = "compacted"
        except TooLargeVersionError:
            answer = "future"
        self._count()
        return answer

    def create(self, key, revision):
        created = self.store.create(Unstructured("example.com/v1", "Thing", ObjectMeta(name=key, namespace="default"), spec={"n": 0}))
        return int(created.metadata.resource_version)

    def update(self, key, revision):
        current = self.store.get(THING, key, "default")
        meta = replace(current.metadata, resource_version=str(revision))
        changed = replace(current, metadata=meta, spec={"n": current.spec["n"] + 1})
        return int(self.store.update(changed).metadata.resource_version)

    def delete(self, key, revision):
        return int(self.store.delete(THING, key, "default", resource_version=str(revision)).metadata.resource_version)

    def compact(self, key, revision):
        self.store.compact(revision)
        return "ok"

    def state(self, key, revision):
        values = objects_at(self.store, THING, revision)
        return [[name, int(one.metadata.resource_version)] for (_, name), one in sorted(values.items())]

    def versions(self, key, revision):
        """What etcd keeps of each present key: name, creation's revision, last revision, number of versions."""
        present = sorted(self.store.scan(THING), key=lambda one: one.metadata.name)
        return [
            [one.metadata.name, self.known[one.metadata.name][0], int(one.metadata.resource_version), self.known[one.metadata.name][1]]
            for one in present
        ]

    def watch(self, key, revision):
        events = self.store.watch(revision, (THING,))
        return [
            [
                "DELETE" if event.type == "DELETED" else "PUT",
                event.object.metadata.name,
                event.revision,
                0 if event.previous is None else int(event.previous.metadata.resource_version),
            ]
            for event in events
        ]

    def _count(self):
        for event in self.store.watch(max(self.seen, self.store.history.compacted), (THING,)):
            name = event.object.metadata.name
            created, versions = self.known.get(name, (event.revision, 0))
            if event.type == "DELETED":
                del self.known[name]
            else:
                self.known[name] = (created, versions + 1)
        self.seen = self.store.revision


class EtcdSide:
    """A real etcd through its JSON gateway. Revisions count from what it had when this began."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.base = self._head()
        self.prefix = f"/{self.base}/"

    def perform(self, operation):
        what, key, revision = operation
        return getattr(self, what)(key, revision)

    def create(self, key, revision):
        return self._txn(key, {"target": "VERSION", "version": 0}, {"request_put": {"key": self._key(key), "value": ""}}, "exists")

    def update(self, key, revision):
        return self._txn(key, self._is_at(revision), {"request_put": {"key": self._key(key), "value": ""}}, "conflict")

    def delete(self, key, revision):
        return self._txn(key, self._is_at(revision), {"request_delete_range": {"key": self._key(key)}}, "conflict")

    def compact(self, key, revision):
        answer = self._call("kv/compaction", {"revision": self.base + revision, "physical": True})
        return answer if isinstance(answer, str) else "ok"

    def state(self, key, revision):
        answer = self._call("kv/range", {**self._all(), "revision": self.base + revision})
        return answer if isinstance(answer, str) else [[self._name(one), self._at(one, "mod_revision")] for one in answer.get("kvs", ())]

    def versions(self, key, revision):
        found = self._call("kv/range", self._all()).get("kvs", ())
        return [[self._name(one), self._at(one, "create_revision"), self._at(one, "mod_revision"), int(one["version"])] for one in found]

    def watch(self, key, revision):
        end = self._head()
        if self.base + revision >= end:
            return []
        body = {"create_request": {**self._all(), "start_revision": self.base + revision + 1, "prev_kv": True}}
        told = []
        with urllib.request.urlopen(f"{self.url}/v3/watch", json.dumps(body).encode(), timeout=20) as answer:
            for line in answer:
                result = json.loads(line)["result"]
                if result.get("canceled"):
                    return "compacted"
                for event in result.get("events", ()):
                    before = self._at(event["prev_kv"], "mod_revision") if "prev_kv" in event else 0
                    told.append([event.get("type", "PUT"), self._name(event["kv"]), self._at(event["kv"], "mod_revision"), before])
                if told and told[-1][2] == end - self.base:
                    return told
        raise AssertionError("the watch ended early")

    def _txn(self, key, compare, success, refused):
        compare = {"key": self._key(key), "result": "EQUAL", **compare}
        look = {"request_range": {"key": self._key(key)}}
        answer = self._call("kv/txn", {"compare": [compare], "success": [success], "failure": [look]})
        if answer.get("succeeded"):
            return int(answer["header"]["revision"]) - self.base
        return refused if answer["responses"][0]["response_range"].get("kvs") else "missing"

    def _is_at(self, revision):
        # A key that is not there has the revision 0, which nobody asks for.
        return {"target": "MOD", "mod_revision": self.base + revision}

    def _all(self):
        return {"key": _coded(self.prefix), "range_end": _coded(self.prefix[:-1] + "0")}

    def _key(self, name):
        return _coded(self.prefix + name)

    def _name(self, pair):
        return base64.b64decode(pair["key"]).decode().removeprefix(self.prefix)

    def _at(self, pair, field):
        return int(pair[field]) - self.base

    def _head(self):
        return int(self._call("maintenance/status", {})["header"]["revision"])

    def _call(self, path, body):
        try:
            with urllib.request.urlopen(f"{self.url}/v3/{path}", json.dumps(body).encode(), timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            message = json.load(error)["error"]
            if "has been compacted" in message:
                return "compacted"
            if "future revision" in message:
                return "future"
            raise AssertionError(message) from None


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def operations(generator: np.random.Generator, count: int):
    """Draw operations one by one; each is sent back its answer, so that some revisions asked for are right."""
    current: dict[str, int] = {}
    compacted, head = 0, 0
    names = ["create", "update", "update", "delete", "compact", "state", "versions", "watch"]
    for _ in range(count):
        what, key = names[generator.integers(len(names))], KEYS[generator.integers(len(KEYS))]
        revision = int(generator.integers(1, head + 2))
        if what in ("update", "delete") and key in current and generator.random() < 0.7:
            revision = current[key]
        if what == "compact" and generator.random() < 0.7:
            continue
        if what == "watch" and revision == compacted - 1:
            # etcd serves a watch that starts at the compacted revision itself, and leaves out a deletion that it removed; the store
            # says that it has expired.
            continue
        answer = yield (what, key, revision)
        if isinstance(answer, int) and what in ("create", "update", "delete"):
            head = answer
            current.pop(key, None) if what == "delete" else current.__setitem__(key, answer)
        elif what == "compact" and answer == "ok":
            compacted = revision


def run(side, seed: int, count: int):
    """Let one side perform a drawn sequence, and return it with the answers."""
    drawn = operations(np.random.default_rng(seed), count)
    trace, answer = [], None
    while True:
        try:
            operation = drawn.send(answer)
        except StopIteration:
            return trace
        answer = side.perform(operation)
        trace.append([list(operation), answer])


@contextmanager
def running_etcd():
    """Start an etcd of our own on free ports, with its data in a directory that goes with it."""
    with tempfile.TemporaryDirectory() as directory:
        client, peer = (f"http://127.0.0.1:{_free_port()}" for _ in range(2))
        command = [
            *(str(ETCD), "--data-dir", directory, "--name", "one", "--initial-cluster", f"one={peer}"),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(f"{client}/v3/maintenance/status", process)
            yield client
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "etcd ended at once"
        try:
            with urllib.request.urlopen(url, b"{}", timeout=5):
                return
        except OSError:
            time.sleep(0.05)  # nothing tells us when a foreign process has begun to listen
    raise AssertionError("etcd did not answer")


def test_the_store_answers_as_etcd_did():
    recorded = json.loads(RECORDING.read_text())
    side = StoreSide()
    for operation, answer in recorded["operations"]:
        assert side.perform(operation) == answer, operation
    answers = {answer for _, answer in recorded["operations"] if isinstance(answer, str)}
    assert answers == {"exists", "missing", "conflict", "compacted", "future", "ok"}


@pytest.mark.etcd
@pytest.mark.skipif(ETCD is None, reason="there is no etcd on the path (Debian: etcd-server); the recorded sequence runs anyway")
def test_the_store_answers_as_a_real_etcd_does():
    with running_etcd() as url:
        for seed in range(12):
            for (operation, answer), (same, ours) in zip(run(EtcdSide(url), seed, 60), run(StoreSide(), seed, 60), strict=True):
                assert (operation, answer) == (same, ours)


if __name__ == "__main__":
    with running_etcd() as url:
        lines = [json.dumps(step) for step in run(EtcdSide(url), 2026, 250)]
    header = '"header": "Recorded from a real etcd by python tests/control/apiserver/test_etcd.py"'
    RECORDING.write_text(f'{{{header}, "operations": [\n' + ",\n".join(lines) + "\n]}\n")
