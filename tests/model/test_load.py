"""Loading files: forms, lists, directories, and one clear message for each thing that can be wrong."""

import gzip
import io
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.model.kinds import COMPATIBLE_VERSIONS, KINDS
from binpack.model.load import load
from binpack.model.node import Node
from binpack.model.objects import as_list
from binpack.model.pod import Pod

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4"}}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1"}, "spec": {"containers": [{"name": "c"}]}}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": {"a": "b"}}


def a_list(*items, kind="List"):
    return {"apiVersion": "v1", "kind": kind, "metadata": {}, "items": list(items)}


def named(value, name):
    return value | {"metadata": {**value["metadata"], "name": name}}


def read(text, **options):
    return load("-", stdin=io.BytesIO(text if isinstance(text, bytes) else text.encode()), **options)


def names(objects):
    return [value.metadata.name for value in objects]


YAML_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p1}\nspec:\n  containers:\n  - name: c\n"


@pytest.mark.parametrize(
    ("why", "text", "expected"),
    [
        ("one JSON object", json.dumps(NODE), ["n1"]),
        ("JSON with blanks before it", "\n\t " + json.dumps(NODE, indent=4), ["n1"]),
        ("JSON with a byte order mark", b"\xef\xbb\xbf" + json.dumps(NODE).encode(), ["n1"]),
        ("a List", json.dumps(a_list(NODE, POD)), ["n1", "p1"]),
        ("a List without items", '{"apiVersion": "v1", "kind": "List"}', []),
        ("a List of null", '{"apiVersion": "v1", "kind": "List", "items": null}', []),
        ("an empty List", json.dumps(a_list()), []),
        ("null items are passed over", json.dumps(a_list(None, NODE, None)), ["n1"]),
        ("concatenated JSON", json.dumps(NODE) + json.dumps(POD), ["n1", "p1"]),
        ("a line an object", json.dumps(NODE) + "\n" + json.dumps(POD) + "\n", ["n1", "p1"]),
        ("concatenated Lists", json.dumps(a_list(NODE)) + json.dumps(a_list(POD)), ["n1", "p1"]),
        ("one YAML object", YAML_POD, ["p1"]),
        ("YAML documents", f"---\n{YAML_POD}---\n{YAML_POD.replace('p1', 'p2')}", ["p1", "p2"]),
        ("empty YAML documents", f"# a comment\n---\n---\n{YAML_POD}---\n", ["p1"]),
        ("a List in YAML", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: n1}}\n", ["n1"]),
        ("a List in YAML without items", "apiVersion: v1\nkind: List\nitems:\n", []),
        ("gzip on standard input", gzip.compress(json.dumps(NODE).encode(), mtime=0), ["n1"]),
        ("only kinds that are skipped", json.dumps(CONFIG_MAP), []),
    ],
)
def test_forms(why, text, expected):
    assert names(read(text)) == expected


def test_the_items_of_a_typed_list_need_not_say_what_they_are():
    bare = {key: value for key, value in POD.items() if key not in ("apiVersion", "kind")}
    (pod,) = read(json.dumps(a_list(bare, kind="PodList")))
    assert isinstance(pod, Pod)
    deployment = {"metadata": {"name": "d"}}
    (loaded,) = read(json.dumps({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [deployment]}))
    assert (loaded.api_version, loaded.kind) == ("apps/v1", "Deployment")


def test_a_kind_that_only_ends_like_a_list():
    assert read('{"apiVersion": "example.com/v1", "kind": "AllowList", "metadata": {"name": "a"}}').skipped == Counter({"AllowList": 1})


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_every_kind_is_read(api_version, kind):
    (value,) = read(json.dumps({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}))
    assert type(value) is KINDS[api_version, kind]
    assert (value.api_version, value.kind, value.metadata.name) == (api_version, kind, "x")


@pytest.mark.parametrize(("old", "new"), COMPATIBLE_VERSIONS.items())
def test_older_versions_with_the_same_fields_are_read_as_the_newer(old, new):
    (value,) = read(json.dumps({"apiVersion": old[0], "kind": old[1], "metadata": {"name": "x"}}))
    assert (value.api_version, value.kind) == new


def test_other_kinds_and_versions_are_skipped_and_counted():
    other = {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}
    objects = read(json.dumps(a_list(CONFIG_MAP, NODE, CONFIG_MAP, other)))
    assert objects.skipped == Counter({"ConfigMap": 2, "PodDisruptionBudget of policy/v1beta1": 1})
    assert objects.skipped_line() == (
        "skipped 3 objects of kinds that are not read here: ConfigMap 2, PodDisruptionBudget of policy/v1beta1 1"
    )
    assert read(json.dumps(CONFIG_MAP)).skipped_line() == "skipped 1 object of kinds that are not read here: ConfigMap 1"
    assert read(json.dumps(NODE)).skipped_line() is None


def test_what_is_loaded_has_its_defaults():
    (pod,) = read(YAML_POD)
    assert (pod.metadata.namespace, pod.spec.scheduler_name) == ("default", "default-scheduler")


def test_objects_by_kind_and_type():
    objects = read(json.dumps(a_list(POD, NODE, named(POD, "p2"))))
    assert {kind: names(values) for kind, values in objects.by_kind().items()} == {"Pod": ["p1", "p2"], "Node": ["n1"]}
    assert names(objects.of(Node)) == ["n1"]
    assert len(objects) == 3


# Properties


LABELS = st.dictionaries(st.sampled_from(["app", "tier", "example.com/x"]), st.sampled_from(["", "a", "b", "1", "on"]), max_size=3)
PODS = st.lists(st.tuples(LABELS, st.sampled_from(["100m", "0.5", "2", "1e3", "1500u"])), max_size=5)


@given(PODS, st.sampled_from(["json", "lines", "yaml"]), st.booleans())
def test_every_form_gives_the_same_objects_and_writing_gives_them_back(pods, form, compressed):
    items = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{index}", "labels": labels},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]},
        }
        for index, (labels, cpu) in enumerate(pods)
    ]
    expected = read(json.dumps(a_list(*items)))
    texts = {
        "json": json.dumps(a_list(*items)),
        "lines": "\n".join(map(json.dumps, items)),
        "yaml": "---\n" + "\n---\n".join(map(json.dumps, items)),
    }
    data = texts[form].encode() if items else texts["json"].encode()
    assert read(gzip.compress(data) if compressed else data).objects == expected.objects
    assert read(json.dumps(as_list(expected.objects))).objects == expected.objects
