"""What was read: by kind, with places, combined, written again."""

import io
import json
from collections import Counter

import pytest

from binpack.errors import ManifestError
from binpack.model.load import load
from binpack.model.objects import Objects, Source, combine

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4"}}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1"}, "spec": {"containers": [{"name": "c"}]}}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}}


def a_list(*items):
    return {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": list(items)}


def named(value, name):
    return value | {"metadata": {**value["metadata"], "name": name}}


def read(text, **options):
    return load("-", stdin=io.BytesIO(text.encode()), **options)


def names(objects):
    return [value.metadata.name for value in objects]


def test_combining_finds_duplicates_across_reads():
    nodes, pods = read(json.dumps(a_list(NODE, CONFIG_MAP))), read(json.dumps(POD))
    joined = combine(nodes, pods)
    assert names(joined) == ["n1", "p1"]
    assert joined.skipped == Counter({"ConfigMap": 1})
    with pytest.raises(ManifestError, match="Node n1 is there already"):
        combine(nodes, pods, read(json.dumps(NODE)))


def test_replacing_objects_keeps_their_places():
    objects = read(json.dumps(a_list(NODE, POD)))
    assert objects.with_objects(reversed(objects.objects)).place(0) == "standard input, item 1 (Pod default/p1)"
    with pytest.raises(ValueError, match="as many objects"):
        objects.with_objects([])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (Source("a.yaml", 2), "a.yaml, document 2"),
        (Source("a.json", None, 17), "a.json, item 17 (Pod default/web-1)"),
        (Source("a.yaml", 2, 3), "a.yaml, document 2, item 3 (Pod default/web-1)"),
    ],
)
def test_places(source, text):
    assert source.of("Pod", "default", "web-1") == text


def test_nothing_read_is_nothing():
    assert (len(Objects()), Objects().by_kind(), Objects().skipped_line()) == (0, {}, None)
