"""One clear message for each thing that can be wrong with what a file holds."""

import io
import json

import pytest

from binpack.errors import ManifestError
from binpack.model.load import load

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4"}}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p1"}, "spec": {"containers": [{"name": "c"}]}}
YAML_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p1}\nspec:\n  containers:\n  - name: c\n"


def a_list(*items):
    return {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": list(items)}


def named(value, name):
    return value | {"metadata": {**value["metadata"], "name": name}}


def read(text, **options):
    return load("-", stdin=io.BytesIO(text.encode()), **options)


def names(objects):
    return [value.metadata.name for value in objects]


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("broken YAML", "a: 1\nb: [", "standard input, line 3, column 1: while parsing a flow node: did not find"),
        ("broken JSON", '{"a": 1,\n "b": }', "standard input, line 2, column 7: expecting value (JSON)"),
        ("JSON cut off", '{"a": [1,', "standard input, line 1, column 10: expecting value (JSON)"),
        ("JSON with something after it", json.dumps(NODE) + "\nx", "standard input, line 2, column 1: expecting value (JSON)"),
        (
            "a scalar",
            "hello",
            'standard input, document 1: "hello" is not an object (accepted: a mapping with apiVersion, kind and metadata)',
        ),
        ("a list", "[1]", "standard input, document 1: [1] is not an object (accepted: a mapping with apiVersion, kind and metadata)"),
        (
            "a YAML list",
            "- 1\n",
            "standard input, document 1: [1] is not an object (accepted: a mapping with apiVersion, kind and metadata)",
        ),
        ("no kind", "a: 1", "standard input, document 1, kind: missing (accepted: a kind, like Pod)"),
        ("no kind in JSON", "{}", "standard input, document 1, kind: missing (accepted: a kind, like Pod)"),
        ("a kind that is no text", "kind: 7", "standard input, document 1, kind: 7 is not text (accepted: a kind, like Pod)"),
        ("no apiVersion", "kind: Deployment", "standard input, document 1, apiVersion: missing (accepted: apps/v1)"),
        (
            "an apiVersion that is no text",
            "kind: Pod\napiVersion: 1\n",
            "standard input, document 1, apiVersion: 1 is not text (accepted: v1)",
        ),
        (
            "no name",
            f"{YAML_POD}---\napiVersion: v1\nkind: Pod\nmetadata: {{generateName: p-}}\n",
            "standard input, document 2, metadata.name: missing (accepted: a name; generateName is for the API server)",
        ),
        ("no metadata", '{"apiVersion": "v1", "kind": "Pod"}', "standard input, document 1, metadata.name: missing (accepted: a name; "),
        (
            "items that are no list",
            '{"kind": "List", "items": {"a": 1}}',
            'standard input, document 1, items: {"a": 1} is not a list (accepted: a list of objects)',
        ),
        (
            "items that are no list, in YAML",
            "kind: List\nitems: 3\n",
            "standard input, document 1, items: 3 is not a list (accepted: a list of objects)",
        ),
        ("an item that is no object", json.dumps(a_list(NODE, "x")), 'standard input, item 2: "x" is not an object'),
        ("an item without a kind", json.dumps(a_list(NODE, {})), "standard input, item 2, kind: missing (accepted: a kind, like Pod)"),
        (
            "an item without a name",
            json.dumps(a_list(NODE, {"apiVersion": "v1", "kind": "Pod"})),
            "standard input, item 2 (Pod), metadata.name: missing",
        ),
        (
            "a wrong field in a document",
            f"{YAML_POD}---\n{YAML_POD}    resources: {{requests: {{cpu: 1O0m}}}}\n",
            'standard input, document 2, spec.containers[0].resources.requests.cpu: "1O0m" is not a quantity (accepted: a number with',
        ),
        (
            "a wrong field in an item",
            json.dumps(a_list(NODE, named(POD, "web-1") | {"metadata": {"name": "web-1", "namespace": "shop"}, "spec": {"containers": 1}})),
            "standard input, item 2 (Pod shop/web-1), spec.containers: 1 is not a list (accepted: a list)",
        ),
        (
            "a wrong field in an item of the second document",
            json.dumps(NODE) + json.dumps(a_list(named(NODE, "n2") | {"spec": {"unschedulable": 1}})),
            "standard input, document 2, item 1 (Node n2), spec.unschedulable: 1 is not true or false",
        ),
        (
            "a wrong name in an item",
            json.dumps(a_list({"apiVersion": "v1", "kind": "Pod", "metadata": [1]})),
            "standard input, item 1 (Pod), metadata: [1] is not a mapping (accepted: a mapping of fields)",
        ),
    ],
)
def test_wrong_objects(why, text, message):
    with pytest.raises(ManifestError) as caught:
        read(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_nesting_that_no_object_needs():
    with pytest.raises(ManifestError, match=r"^standard input: nested too deeply"):
        read('{"a": ' * 100_000)


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        (
            "a node in one list",
            json.dumps(a_list(NODE, POD, NODE)),
            "standard input, item 3: Node n1 is there already, in standard input, item 1"
            " (accepted: each name once for a kind and namespace)",
        ),
        (
            "a pod, once without its namespace",
            f"{YAML_POD}---\n{YAML_POD.replace('name: p1', 'name: p1, namespace: default')}",
            "standard input, document 2: Pod default/p1 is there already, in standard input, document 1"
            " (accepted: each name once for a kind and namespace)",
        ),
    ],
)
def test_a_name_is_used_once(why, text, message):
    with pytest.raises(ManifestError) as caught:
        read(text)
    assert str(caught.value) == message


def test_the_same_name_in_another_kind_or_namespace_is_fine():
    elsewhere = POD | {"metadata": {"name": "p1", "namespace": "other"}}
    assert len(read(json.dumps(a_list(named(NODE, "p1"), POD, elsewhere)))) == 3


BAD_POD = (
    YAML_POD
    + "    resources: {requests: {cpu: -1}}\n  topologySpreadConstraints:\n  - {maxSkew: 0, topologyKey: zone, whenUnsatisfiable: Never}\n"
)


def test_a_manifest_gets_all_its_problems_at_once():
    with pytest.raises(ManifestError) as caught:
        read(f"---\n{YAML_POD.replace('p1', 'ok')}---\n{BAD_POD}", checks="manifest")
    assert str(caught.value).splitlines() == [
        'standard input, document 2, spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        "standard input, document 2, spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        'standard input, document 2, spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never":'
        ' supported values: "DoNotSchedule", "ScheduleAnyway"',
    ]


def test_a_dump_gets_only_what_would_be_counted_wrongly():
    with pytest.raises(ManifestError) as caught:
        read(BAD_POD)
    assert str(caught.value).count("\n") == 0
    assert "requests[cpu]" in str(caught.value)
    assert names(read(BAD_POD, checks="none")) == ["p1"]
