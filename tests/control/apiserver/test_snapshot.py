"""A store that is written to a file and read back goes on as the one that was written."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binpack.control.apiserver.errors import ApiError, ExpiredError
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.resources import Unstructured, resource_of
from binpack.control.apiserver.snapshot import read_snapshot, write_snapshot
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta, OwnerReference
from binpack.model.pod import Pod
from binpack.sim.streams import stream
from binpack.testing import deployment, job, namespace, node, pod
from binpack.units import US_PER_S

STEPS = st.lists(
    st.tuples(st.sampled_from(["pod", "generate", "thing", "bind", "own", "label", "delete", "end", "tick"]), st.sampled_from("abc")),
    max_size=25,
)


def new_store() -> Store:
    store = Store(Clock(), Identities(stream(7, "apiserver")))
    for value in (node("n1").build(), node("n2").build(), namespace("prod"), deployment("web", pod()), job("j", pod())):
        store.create(value)
    return store


def step(store: Store, what: str, name: str) -> object:
    try:
        match what:
            case "pod":
                return store.create(pod(name).label(app=name).request(cpu="1500m", memory="1Gi").build())
            case "generate":
                return store.create(replace(pod("x").build(), metadata=ObjectMeta(generate_name=f"{name}-", namespace="prod")))
            case "thing":
                meta = ObjectMeta(name=name, namespace="prod", annotations={"note": "ünïcode"})
                return store.create(
                    Unstructured("example.com/v1", "Thing", meta, spec={"x": None, "y": [1, 2.5]}, content={"data": {"k": "v"}})
                )
            case "bind":
                return store.bind(store.get(Pod, name, "default"), "n1" if name < "c" else "n2")
            case "own":
                found = store.get(Pod, name, "default")
                owner = OwnerReference("apps/v1", "Deployment", "web", store.get("Deployment", "web", "default").metadata.uid)
                return store.update(replace(found, metadata=replace(found.metadata, owner_references=(owner,))))
            case "label":
                found = store.get(Pod, name, "default")
                return store.update(replace(found, metadata=replace(found.metadata, labels={"app": "z", "at": str(store.revision)})))
            case "end":
                found = store.get(Pod, name, "default")
                return store.update_status(replace(found, status=replace(found.status, phase="Failed")))
            case "delete":
                return store.delete(Pod, name, "default")
            case _:
                store.clock.now_us += US_PER_S // 3
    except ApiError as error:
        return str(error)
    return None


def picture(store: Store) -> list[object]:
    """What of a store its clients can see, in the order in which they see it."""
    owner = store.get("Deployment", "web", "default").metadata.uid
    return [
        store.revision,
        [(resource_of(one), one) for one in store.everything()],
        [store.pods_on(name) for name in ("n1", "n2")],
        store.all_dependents(owner),
        [store.revision_of(kind) for kind in ("Pod", "Node", "Job")],
        store.clock.now_us,
    ]


@example([("pod", "a"), ("pod", "b"), ("bind", "b"), ("bind", "a")], [])
@example([("pod", "a"), ("pod", "b"), ("own", "b"), ("own", "a")], [("delete", "a"), ("generate", "c")])
@given(STEPS, STEPS)
def test_it_goes_on_as_the_original(tmp_path_factory, before, after):
    store, directory = new_store(), tmp_path_factory.mktemp("snapshot")
    for what, name in before:
        step(store, what, name)
    write_snapshot(store, directory / "a")
    copy = read_snapshot(directory / "a")
    write_snapshot(copy, directory / "b")
    assert (directory / "a").read_bytes() == (directory / "b").read_bytes()
    revision = store.revision
    for what, name in after:
        assert step(store, what, name) == step(copy, what, name)
    assert picture(store) == picture(copy)
    assert store.watch(revision) == copy.watch(revision)
    write_snapshot(store, directory / "a")
    write_snapshot(copy, directory / "b")
    assert (directory / "a").read_bytes() == (directory / "b").read_bytes()


def test_a_watch_from_before_must_list_again_and_specs_stay_shared(tmp_path):
    store = new_store()
    template = pod().build().spec
    for name in "ab":
        store.create(Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=template))
    write_snapshot(store, tmp_path / "s")
    copy = read_snapshot(tmp_path / "s")
    with pytest.raises(ExpiredError):
        copy.watch(store.revision - 1)
    assert copy.get(Pod, "a", "default").spec is copy.get(Pod, "b", "default").spec


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("an empty file", "", "this is no snapshot of a store"),
        ("no JSON", "a: b", "accepted: a snapshot of a store, JSON lines"),
        ("another kind", '{"apiVersion": "v1", "kind": "Pod"}', "this is no snapshot of a store"),
        ("a later schema", '{"apiVersion": "binpack.dev/v1", "kind": "StoreSnapshot", "schemaVersion": 2}', "schemaVersion 2"),
        ("cut short", None, r"accepted: \d+ objects, a header and a last line"),
    ],
)
def test_what_is_no_snapshot(tmp_path, why, text, message):
    path = tmp_path / "s"
    if text is None:
        write_snapshot(new_store(), path)
        text = "".join(path.read_text().splitlines(keepends=True)[:-2])
    path.write_text(text)
    with pytest.raises(ManifestError, match=message):
        read_snapshot(path)


def test_an_object_that_cannot_be_read_is_named(tmp_path):
    write_snapshot(new_store(), tmp_path / "s")
    lines = [json.loads(line) for line in (tmp_path / "s").read_text().splitlines()]
    lines[1]["spec"]["unschedulable"] = "perhaps"
    (tmp_path / "s").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ManifestError, match=r"s, line 2, spec\.unschedulable: "):
        read_snapshot(tmp_path / "s")
