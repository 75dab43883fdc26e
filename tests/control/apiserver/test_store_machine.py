"""The store against a plain model of it: a dictionary of what should be there, and a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as changed

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from binpack.control.apiserver.errors import AlreadyExistsError, ApiError, ConflictError, InvalidError, NotFoundError
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.model.base import replace
from binpack.model.workloads import Deployment
from binpack.sim.streams import stream
from binpack.testing import deployment, pod

NAMES = st.sampled_from("abc")
VERSIONS = st.sampled_from(["latest", "stale", "none"])
FINALIZER = "example.com/hold"


@dataclass(frozen=True)
class Entry:
    """What the model knows of one object."""

    version: int
    generation: int = 1
    replicas: int = 1
    reported: int = 0
    finalizers: tuple[str, ...] = ()
    terminating: bool = False


@dataclass
class Model:
    """All objects, and the revision."""

    revision: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)

    def write(self, name: str, entry: Entry | None) -> None:
        self.revision += 1
        if entry is None:
            del self.entries[name]
        else:
            self.entries[name] = changed(entry, version=self.revision)


class StoreMachine(RuleBasedStateMachine):
    """Writes that may be refused, on Deployments of one namespace."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(Clock(), Identities(stream(0, "apiserver")))
        self.model = Model()

    def attempt(self, write, expected: type[ApiError] | None):
        """Perform a write, which has to be refused as expected or to succeed."""
        refusal = None
        try:
            write()
        except ApiError as error:
            refusal = type(error)
        assert refusal is expected

    def stored(self, name: str, version: str):
        """Return what somebody holds of an object: as it is, as it was, or without a version; a made-up one if it is not there."""
        found = self.store.find(Deployment, name, "default")
        if found is None:
            return deployment(name, pod(), replicas=1), NotFoundError
        own = {"latest": found.metadata.resource_version, "stale": "0", "none": ""}[version]
        return replace(found, metadata=replace(found.metadata, resource_version=own)), ConflictError if version == "stale" else None

    @rule(name=NAMES, held=st.booleans())
    def create(self, name, held):
        finalizers = (FINALIZER,) if held else ()
        value = deployment(name, pod(), replicas=1)
        value = replace(value, metadata=replace(value.metadata, finalizers=finalizers))
        taken = name in self.model.entries
        self.attempt(lambda: self.store.create(value), AlreadyExistsError if taken else None)
        if not taken:
            self.model.write(name, Entry(0, finalizers=finalizers))

    @rule(name=NAMES, version=VERSIONS, replicas=st.integers(-1, 3))
    def scale(self, name, version, replicas):
        value, refusal = self.stored(name, version)
        refusal = refusal or (InvalidError if replicas < 0 else None)
        self.attempt(lambda: self.store.update(replace(value, spec=replace(value.spec, replicas=replicas))), refusal)
        entry = self.model.entries.get(name)
        if refusal is None and entry is not None and entry.replicas != replicas:
            self.model.write(name, changed(entry, replicas=replicas, generation=entry.generation + 1))

    @rule(name=NAMES, version=VERSIONS, reported=st.integers(0, 3))
    def report(self, name, version, reported):
        value, refusal = self.stored(name, version)
        both = replace(value, spec=replace(value.spec, replicas=99), status=replace(value.status, replicas=reported))
        self.attempt(lambda: self.store.update_status(both), refusal)
        entry = self.model.entries.get(name)
        if refusal is None and entry is not None and entry.reported != reported:
            self.model.write(name, changed(entry, reported=reported))

    @rule(name=NAMES, policy=st.sampled_from([None, "Background", "Foreground", "Orphan"]))
    def delete(self, name, policy):
        entry = self.model.entries.get(name)
        self.attempt(lambda: self.store.delete(Deployment, name, "default", propagation=policy), None if entry else NotFoundError)
        if entry is None:
            return
        asked = {"Foreground": ("foregroundDeletion",), "Orphan": ("orphan",), "Background": ()}
        kept = tuple(one for one in entry.finalizers if one == FINALIZER)
        finalizers = entry.finalizers if policy is None else kept + asked[policy]
        if not finalizers:
            self.model.write(name, None)
            return
        grown = entry.generation + (not entry.terminating)
        new = changed(entry, finalizers=finalizers, terminating=True, generation=grown)
        if new != entry:
            self.model.write(name, new)

    @rule(name=NAMES, version=VERSIONS)
    def release(self, name, version):
        value, refusal = self.stored(name, version)
        bare = replace(value, metadata=replace(value.metadata, finalizers=()))
        self.attempt(lambda: self.store.update(bare), refusal)
        entry = self.model.entries.get(name)
        if refusal is None and entry is not None and entry.finalizers:
            self.model.write(name, None if entry.terminating else changed(entry, finalizers=()))

    @rule(name=NAMES)
    def hold(self, name):
        value, refusal = self.stored(name, "none")
        entry = self.model.entries.get(name)
        added = entry is not None and FINALIZER not in entry.finalizers
        if entry is not None and entry.terminating and added:
            refusal = InvalidError
        more = (*value.metadata.finalizers, FINALIZER) if added else value.metadata.finalizers
        self.attempt(lambda: self.store.update(replace(value, metadata=replace(value.metadata, finalizers=more))), refusal)
        if refusal is None and entry is not None and added:
            self.model.write(name, changed(entry, finalizers=(*entry.finalizers, FINALIZER)))

    @invariant()
    def they_agree(self):
        present = {
            one.metadata.name: Entry(
                int(one.metadata.resource_version),
                one.metadata.generation,
                one.spec.replicas,
                one.status.replicas,
                one.metadata.finalizers,
                one.metadata.deletion_timestamp is not None,
            )
            for one in self.store.scan(Deployment)
        }
        assert present == self.model.entries
        assert self.store.revision == self.model.revision


TestStore = StoreMachine.TestCase
