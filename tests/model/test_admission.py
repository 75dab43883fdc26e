"""What admission adds to a new pod, and what it refuses."""

import pytest

from binpack.errors import ManifestError
from binpack.model.admission import admit_pod, merge_tolerations
from binpack.model.decode import from_plain
from binpack.model.defaulting import default_object
from binpack.model.kinds import KINDS
from binpack.model.pod import Pod, Toleration
from binpack.model.quantity import Quantity
from binpack.model.yaml import load_documents

CLASSES = """
kind: PriorityClass
metadata: {name: high}
value: 1000
---
kind: PriorityClass
metadata: {name: modest}
value: 10
preemptionPolicy: Never
---
kind: RuntimeClass
metadata: {name: kata}
overhead: {podFixed: {cpu: 250m, memory: 120Mi}}
scheduling:
  nodeSelector: {kata: 'true'}
  tolerations: [{key: kata, operator: Exists, effect: NoSchedule}]
---
kind: RuntimeClass
metadata: {name: plain}
"""
GLOBAL = "kind: PriorityClass\nmetadata: {name: usual}\nvalue: 7\nglobalDefault: true\n"
LOWER_GLOBAL = "kind: PriorityClass\nmetadata: {name: lowest}\nvalue: -7\nglobalDefault: true\n"

NOT_READY = Toleration("node.kubernetes.io/not-ready", "Exists", "", "NoExecute", 300)
UNREACHABLE = Toleration("node.kubernetes.io/unreachable", "Exists", "", "NoExecute", 300)


class Shelf:
    """The least that admission needs to find classes."""

    def __init__(self, text):
        structs = {kind: struct for (_, kind), struct in KINDS.items()}
        self._objects = [default_object(from_plain(value, structs[value["kind"]], place="test")) for value in load_documents(text, "test")]

    def get(self, kind, name, namespace=""):
        return next((value for value in self.list(kind) if value.metadata.name == name), None)

    def list(self, kind, namespace=None):
        return [value for value in self._objects if value.kind == kind]


def admitted(spec, classes=CLASSES):
    (body,) = load_documents(spec, "test")
    pod = from_plain({"metadata": {"name": "web"}, "spec": body}, Pod, place="test")
    return admit_pod(default_object(pod), Shelf(classes)).spec


PRIORITIES = [
    ("no class at all", "{}", CLASSES, ("", 0, "PreemptLowerPriority")),
    ("a class", "{priorityClassName: high}", CLASSES, ("high", 1000, "PreemptLowerPriority")),
    ("a class that does not preempt", "{priorityClassName: modest}", CLASSES, ("modest", 10, "Never")),
    ("the global default", "{}", CLASSES + "---\n" + GLOBAL, ("usual", 7, "PreemptLowerPriority")),
    ("of two global defaults the lowest", "{}", GLOBAL + "---\n" + LOWER_GLOBAL, ("lowest", -7, "PreemptLowerPriority")),
    ("a class beats the global default", "{priorityClassName: high}", CLASSES + "---\n" + GLOBAL, ("high", 1000, "PreemptLowerPriority")),
    ("built in", "{priorityClassName: system-node-critical}", CLASSES, ("system-node-critical", 2000001000, "PreemptLowerPriority")),
    (
        "built in, too",
        "{priorityClassName: system-cluster-critical}",
        CLASSES,
        ("system-cluster-critical", 2000000000, "PreemptLowerPriority"),
    ),
    ("the number given rightly", "{priorityClassName: high, priority: 1000}", CLASSES, ("high", 1000, "PreemptLowerPriority")),
]


@pytest.mark.parametrize(("why", "spec", "classes", "expected"), PRIORITIES)
def test_priority(why, spec, classes, expected):
    found = admitted(spec, classes)
    assert (found.priority_class_name, found.priority, found.preemption_policy) == expected


TOLERATIONS = [
    ("none given", "{}", [NOT_READY, UNREACHABLE]),
    ("after what is given", "{tolerations: [{key: a, operator: Exists}]}", [Toleration("a", "Exists"), NOT_READY, UNREACHABLE]),
    (
        "one given",
        "{tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]}",
        [Toleration(NOT_READY.key, "Exists", "", "NoExecute", 5), UNREACHABLE],
    ),
    (
        "given for every effect",
        "{tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists}]}",
        [Toleration(UNREACHABLE.key, "Exists"), NOT_READY],
    ),
    (
        "given for another effect",
        "{tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoSchedule}]}",
        [Toleration(UNREACHABLE.key, "Exists", "", "NoSchedule"), NOT_READY, UNREACHABLE],
    ),
    ("everything tolerated", "{tolerations: [{operator: Exists}]}", [Toleration("", "Exists")]),
]


@pytest.mark.parametrize(("why", "spec", "expected"), TOLERATIONS)
def test_default_tolerations(why, spec, expected):
    assert list(admitted(spec).tolerations) == expected


def test_runtime_class():
    spec = admitted("{runtimeClassName: kata, nodeSelector: {disk: ssd}, tolerations: [{key: a, operator: Exists}]}")
    assert spec.overhead == {"cpu": Quantity.parse("250m"), "memory": Quantity.parse("120Mi")}
    assert spec.node_selector == {"disk": "ssd", "kata": "true"}
    assert [t.key for t in spec.tolerations] == ["a", NOT_READY.key, UNREACHABLE.key, "kata"]


def test_a_runtime_class_that_says_nothing():
    spec = admitted("{runtimeClassName: plain, nodeSelector: {disk: ssd}}")
    assert (spec.overhead, spec.node_selector) == ({}, {"disk": "ssd"})


REFUSALS = [
    ("an unknown class", "{priorityClassName: urgent}", "no PriorityClass with name urgent was found"),
    (
        "another number",
        "{priorityClassName: high, priority: 5}",
        "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given"
        " PriorityClass name",
    ),
    (
        "a number without a class",
        "{priority: 5}",
        "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given"
        " PriorityClass name",
    ),
    (
        "another preemption policy",
        "{priorityClassName: high, preemptionPolicy: Never}",
        "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed"
        " PreemptLowerPriority from the given PriorityClass name",
    ),
    ("an unknown runtime class", "{runtimeClassName: gvisor}", 'pod rejected: RuntimeClass "gvisor" not found'),
    (
        "overhead without a runtime class",
        "{overhead: {cpu: 1}}",
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
    ),
    (
        "overhead that the runtime class does not have",
        "{runtimeClassName: plain, overhead: {cpu: 1}}",
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
    ),
    (
        "another overhead",
        "{runtimeClassName: kata, overhead: {cpu: 1}}",
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ),
    (
        "a selector that contradicts the runtime class",
        "{runtimeClassName: kata, nodeSelector: {kata: 'false'}}",
        "conflict: runtimeClass.scheduling.nodeSelector[kata] = true; pod.spec.nodeSelector[kata] = false",
    ),
]


@pytest.mark.parametrize(("why", "spec", "reason"), REFUSALS)
def test_refusals(why, spec, reason):
    with pytest.raises(ManifestError) as caught:
        admitted(spec)
    assert str(caught.value) == f'pods "web" is forbidden: {reason}'


def test_a_pod_without_a_name_is_called_by_its_prefix():
    pod = from_plain({"metadata": {"generateName": "web-"}, "spec": {"priorityClassName": "x"}}, Pod, place="test")
    with pytest.raises(ManifestError, match=r'^pods "web-" is forbidden'):
        admit_pod(pod, Shelf(CLASSES))


def test_admitting_twice_changes_nothing():
    (body,) = load_documents("{runtimeClassName: kata, priorityClassName: modest}", "test")
    once = admit_pod(default_object(from_plain({"metadata": {"name": "p"}, "spec": body}, Pod, place="test")), Shelf(CLASSES))
    assert admit_pod(once, Shelf(CLASSES)) == once


EVERYTHING = Toleration("", "Exists")
MERGES = [
    ("nothing", [], [], []),
    ("equal ones", [Toleration("a", "Exists")], [Toleration("a", "Exists")], [Toleration("a", "Exists")]),
    ("a wider one later", [Toleration("a", "Equal", "x")], [Toleration("a", "Exists")], [Toleration("a", "Exists")]),
    ("a wider one earlier", [EVERYTHING], [Toleration("a", "Equal", "x", "NoSchedule")], [EVERYTHING]),
    (
        "another effect",
        [Toleration("a", "Exists", "", "NoSchedule")],
        [Toleration("a", "Exists", "", "NoExecute")],
        [Toleration("a", "Exists", "", "NoSchedule"), Toleration("a", "Exists", "", "NoExecute")],
    ),
    (
        "a longer time",
        [Toleration("a", "Exists", "", "NoExecute", 10)],
        [Toleration("a", "Exists", "", "NoExecute", 60)],
        [Toleration("a", "Exists", "", "NoExecute", 60)],
    ),
    (
        "for ever",
        [Toleration("a", "Exists", "", "NoExecute")],
        [Toleration("a", "Exists", "", "NoExecute", 60)],
        [Toleration("a", "Exists", "", "NoExecute")],
    ),
    (
        "other values",
        [Toleration("a", "Equal", "x")],
        [Toleration("a", "Equal", "y")],
        [Toleration("a", "Equal", "x"), Toleration("a", "Equal", "y")],
    ),
]


@pytest.mark.parametrize(("why", "first", "second", "merged"), MERGES)
def test_merging_tolerations(why, first, second, merged):
    assert list(merge_tolerations(first, second)) == merged
