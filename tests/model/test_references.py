"""Warnings about what a dump refers to and lacks."""

import json

import pytest

from binpack.model.decode import from_plain
from binpack.model.defaulting import default_object
from binpack.model.kinds import KINDS
from binpack.model.references import missing_references
from binpack.model.yaml import load_documents

STRUCTS = {kind: struct for (_, kind), struct in KINDS.items()}


def warnings(text, **options):
    return missing_references(
        [default_object(from_plain(value, STRUCTS[value["kind"]], place="test")) for value in load_documents(text, "test")], **options
    )


def a_pod(spec, name="p1", **metadata):
    return json.dumps({"kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec})


OWNED = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}]}
SELECTING = {
    "affinity": {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "podAffinityTerm": {"topologyKey": "z", "namespaceSelector": {"matchLabels": {"team": "a"}}}}
            ]
        }
    }
}


def claim(**spec):
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}], **spec}


CASES = [
    ("nothing", "", []),
    (
        "a node",
        a_pod({"nodeName": "n1"}),
        ["1 node that pods are bound to is not in the input (n1): those pods take no room anywhere"],
    ),
    ("a node that is there", a_pod({"nodeName": "n1"}) + "\n---\n{kind: Node, metadata: {name: n1}}", []),
    (
        "many nodes, each once",
        "\n---\n".join(a_pod({"nodeName": f"n{index % 5}"}, name=f"p{index}") for index in range(7)),
        ["5 nodes that pods are bound to are not in the input (n0, n1, n2, …): those pods take no room anywhere"],
    ),
    (
        "a claim",
        a_pod(claim()),
        ["1 persistentvolumeclaim that pods use is not in the input (default/data): such pods cannot be scheduled"],
    ),
    ("a claim that is there", a_pod(claim()) + "\n---\n{kind: PersistentVolumeClaim, metadata: {name: data}}", []),
    (
        "a claim of that name elsewhere",
        a_pod(claim()) + "\n---\n{kind: PersistentVolumeClaim, metadata: {name: data, namespace: other}}",
        ["1 persistentvolumeclaim that pods use is not in the input (default/data): such pods cannot be scheduled"],
    ),
    (
        "a volume",
        "{kind: PersistentVolumeClaim, metadata: {name: data}, spec: {volumeName: pv1, storageClassName: gone}}",
        ["1 persistentvolume that claims are bound to is not in the input (pv1): such pods cannot be scheduled"],
    ),
    (
        "storage classes",
        "{kind: PersistentVolumeClaim, metadata: {name: a}, spec: {storageClassName: fast}}\n---\n"
        "{kind: PersistentVolumeClaim, metadata: {name: b}, spec: {storageClassName: slow}}\n---\n"
        "{kind: PersistentVolumeClaim, metadata: {name: c}, spec: {storageClassName: ''}}",
        ["2 storageclasses that unbound claims name are not in the input (fast, slow): such pods cannot be scheduled"],
    ),
    (
        "a priority class",
        a_pod({"priorityClassName": "high"}),
        ["1 priorityclass that pods without a number name is not in the input (high): their priority is taken as 0"],
    ),
    ("a priority class whose number is known", a_pod({"priorityClassName": "high", "priority": 5}), []),
    ("a priority class of the system", a_pod({"priorityClassName": "system-node-critical"}), []),
    (
        "a runtime class",
        a_pod({"runtimeClassName": "kata"}),
        ["1 runtimeclass that pods name is not in the input (kata): their overhead is taken as none"],
    ),
    ("a runtime class whose overhead is known", a_pod({"runtimeClassName": "kata", "overhead": {"cpu": 1}}), []),
    (
        "a namespace, if labels of namespaces are read",
        a_pod(SELECTING),
        ["1 namespace that namespace selectors may select is not in the input (default): they are taken to have no labels"],
    ),
    ("a namespace, if nobody asks", a_pod({}), []),
    (
        "the owner of a pending pod",
        a_pod({}, **OWNED),
        ["1 owner that pending pods belong to is not in the input (ReplicaSet default/web): they are not spread by default"],
    ),
    ("the owner of a bound pod", a_pod({"nodeName": "n1"}, **OWNED) + "\n---\n{kind: Node, metadata: {name: n1}}", []),
    ("the owner of a pod with constraints of its own", a_pod({"topologySpreadConstraints": [{"maxSkew": 1}]}, **OWNED), []),
    ("an owner that is there", a_pod({}, **OWNED) + "\n---\n{kind: ReplicaSet, metadata: {name: web}}", []),
    ("another kind of owner", a_pod({}, ownerReferences=[{"kind": "Job", "name": "j", "controller": True}]), []),
    (
        "a pod that has ended refers to nothing",
        '{"kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Succeeded"}}',
        [],
    ),
]


@pytest.mark.parametrize(("why", "text", "expected"), CASES)
def test_missing(why, text, expected):
    assert warnings(text) == expected


def test_budgets_are_missed_only_where_pods_may_be_evicted():
    budget = "\n---\n{kind: PodDisruptionBudget, metadata: {name: b}}"
    assert warnings(a_pod({})) == []
    assert warnings(a_pod({}), evictions=True) == ["no poddisruptionbudgets in the input: evictions are taken to be unlimited"]
    assert warnings(a_pod({}) + budget, evictions=True) == []
    assert warnings("", evictions=True) == []
