"""Decoding: nulls, and messages that name the very field."""

import json

import pytest

from binpack.errors import ManifestError
from binpack.model.decode import from_json, from_plain
from binpack.model.node import Node
from binpack.model.pod import Pod, PodSpec
from binpack.model.policy import PodDisruptionBudget
from binpack.model.quantity import Quantity
from binpack.model.workloads import Deployment


@pytest.fixture(params=["json", "plain"])
def decode(request):
    """Decode plain data in both ways; what one accepts the other does."""

    def run(value, kind=Pod):
        if request.param == "json":
            return from_json(json.dumps(value).encode(), kind, place="a.yaml, document 2")
        return from_plain(value, kind, place="a.yaml, document 2")

    return run


CONTAINER = {"name": "c"}


def a_pod(**spec):
    return {"metadata": {"name": "p"}, "spec": spec}


@pytest.mark.parametrize(
    ("why", "given", "same_as"),
    [
        ("a null field", {"metadata": {"name": "p", "namespace": None}}, {"metadata": {"name": "p"}}),
        ("a null struct", {"metadata": {"name": "p"}, "spec": None, "status": None}, {"metadata": {"name": "p"}}),
        ("a null list", a_pod(containers=None, tolerations=None), a_pod()),
        ("a null map", a_pod(nodeSelector=None), a_pod()),
        ("a null in a list of structs is an empty one", a_pod(containers=[None, CONTAINER]), a_pod(containers=[{}, CONTAINER])),
        (
            "a null in a list of strings is the empty string",
            {"metadata": {"finalizers": ["a", None]}},
            {"metadata": {"finalizers": ["a", ""]}},
        ),
        ("a null label is the empty value", {"metadata": {"labels": {"a": None}}}, {"metadata": {"labels": {"a": ""}}}),
        (
            "a null quantity is zero",
            a_pod(containers=[{"resources": {"requests": {"cpu": None}}}]),
            a_pod(containers=[{"resources": {"requests": {"cpu": 0}}}]),
        ),
        ("unknown fields are ignored", a_pod(nonsense=[1], containers=[{"name": "c", "command": 7}]), a_pod(containers=[CONTAINER])),
        (
            "unknown fields are ignored beside a null",
            a_pod(nonsense={"a": None}, nodeName=None, containers=[{"name": "c", "command": 7}]),
            a_pod(containers=[CONTAINER]),
        ),
    ],
)
def test_null_means_what_go_makes_of_it(why, given, same_as, decode):
    assert decode(given) == decode(same_as)


def test_null_and_empty_selectors_stay_apart(decode):
    term = {"topologyKey": "zone", "labelSelector": None, "namespaceSelector": {}}
    pod = decode(a_pod(nodeName=None, affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}))
    (decoded,) = pod.spec.affinity.pod_affinity.required_during_scheduling_ignored_during_execution
    assert decoded.label_selector is None
    assert decoded.namespace_selector is not None


def test_a_null_time_in_a_map_is_left_out(decode):
    budget = decode({"status": {"disruptedPods": {"a": None, "b": "2026-01-31T08:00:00Z"}}}, PodDisruptionBudget)
    assert set(budget.status.disrupted_pods) == {"b"}


@pytest.mark.parametrize(
    ("written", "amount"), [("500m", "500m"), (0.5, "500m"), (2, "2"), (1e3, "1k"), ("1e3", "1k"), ("0.1Gi", "107374182400m")]
)
def test_quantities_are_read_from_text_and_numbers(written, amount, decode):
    pod = decode(a_pod(containers=[{"resources": {"requests": {"cpu": written}}}]))
    assert pod.spec.containers[0].resources.requests == {"cpu": Quantity.parse(amount)}


QUANTITY = "a number with an optional suffix, like 500m, 1.5, 2Gi"


@pytest.mark.parametrize(
    ("kind", "given", "problem"),
    [
        (
            Deployment,
            {"spec": {"template": {"spec": {"containers": [{"resources": {"requests": {"cpu": "1O0m"}}}]}}}},
            f'spec.template.spec.containers[0].resources.requests.cpu: "1O0m" is not a quantity (accepted: {QUANTITY})',
        ),
        (
            Pod,
            a_pod(containers=[CONTAINER, {"resources": {"limits": {"nvidia.com/gpu": True}}}]),
            f"spec.containers[1].resources.limits[nvidia.com/gpu]: true is not a quantity (accepted: {QUANTITY})",
        ),
        (Node, {"status": {"allocatable": {"memory": [1]}}}, f"status.allocatable.memory: [1] is not a quantity (accepted: {QUANTITY})"),
        (
            Pod,
            {"metadata": {"labels": {"version": 1.2}}},
            "metadata.labels.version: 1.2 is not text (accepted: a string, in quotes)",
        ),
        (
            Pod,
            {"metadata": {"labels": {"example.com/canary": True}}},
            "metadata.labels[example.com/canary]: true is not text (accepted: a string, in quotes: y, yes and on without them mean true)",
        ),
        (
            Pod,
            {"metadata": {"name": False}},
            "metadata.name: false is not text (accepted: a string, in quotes: n, no and off without them mean false)",
        ),
        (Pod, {"metadata": {"labels": {"a": {"b": "c"}}}}, 'metadata.labels.a: {"b": "c"} is not text (accepted: a string)'),
        (Pod, {"metadata": {"labels": ["a"]}}, 'metadata.labels: ["a"] is not a mapping (accepted: a mapping of keys to values)'),
        (Pod, {"metadata": {"name": 7}}, "metadata.name: 7 is not text (accepted: a string, in quotes)"),
        (Pod, {"spec": "x"}, 'spec: "x" is not a mapping (accepted: a mapping of fields)'),
        (Pod, a_pod(containers={"name": "c"}), 'spec.containers: {"name": "c"} is not a list (accepted: a list)'),
        (Pod, a_pod(containers=["c"]), 'spec.containers[0]: "c" is not a mapping (accepted: a mapping of fields)'),
        (
            Pod,
            a_pod(tolerations=[{}, {"tolerationSeconds": "300"}]),
            'spec.tolerations[1].tolerationSeconds: "300" is not a whole number (accepted: a whole number, without quotes)',
        ),
        (Pod, a_pod(priority=1.5), "spec.priority: 1.5 is not a whole number (accepted: a whole number, without quotes)"),
        (Pod, a_pod(priority=True), "spec.priority: true is not a whole number (accepted: a whole number, without quotes)"),
        (Pod, a_pod(priority=2**31), "spec.priority: 2147483648 is out of range (accepted: -2147483648 to 2147483647)"),
        (
            Pod,
            {"metadata": {"generation": 2**63}},
            "metadata.generation: 9223372036854775808 is out of range (accepted: -9223372036854775808 to 9223372036854775807)",
        ),
        (Pod, a_pod(hostNetwork="yes"), 'spec.hostNetwork: "yes" is not true or false (accepted: true or false, without quotes)'),
        (
            Pod,
            {"metadata": {"creationTimestamp": "yesterday"}},
            'metadata.creationTimestamp: "yesterday" is not a time (accepted: RFC 3339 with a zone, like 2026-01-31T08:00:00Z)',
        ),
        (
            Pod,
            {"metadata": {"creationTimestamp": "2026-01-31T08:00:00"}},
            'metadata.creationTimestamp: "2026-01-31T08:00:00" is not a time (accepted: RFC 3339 with a zone, like 2026-01-31T08:00:00Z)',
        ),
        (
            Deployment,
            {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 2.5}}}},
            'spec.strategy.rollingUpdate.maxSurge: 2.5 is not a whole number or text (accepted: a number like 3, or a string like "25%")',
        ),
        (
            Pod,
            a_pod(nodeName=None, containers=[None], nodeSelector={"a b": 1}),
            "spec.nodeSelector[a b]: 1 is not text (accepted: a string, in quotes)",
        ),
        (Pod, [1], "[1] is not a mapping (accepted: a mapping of fields)"),
    ],
)
def test_the_message_names_the_field(kind, given, problem, decode):
    with pytest.raises(ManifestError) as caught:
        decode(given, kind)
    separator = ": " if given == [1] else ", "
    assert str(caught.value) == f"a.yaml, document 2{separator}{problem}"


def test_a_long_value_is_cut(decode):
    with pytest.raises(ManifestError) as caught:
        decode({"metadata": {"labels": {"a": list(range(1000))}}})
    assert len(str(caught.value)) < 150
    assert "… is not text" in str(caught.value)


def test_the_place_is_asked_for_its_text_only_if_there_is_a_message():
    class Place:
        def __str__(self):
            raise AssertionError("not needed")

    assert from_json(b'{"nodeName": null}', PodSpec, place=Place()) == PodSpec()


def test_malformed_json_is_one_error():
    with pytest.raises(ManifestError, match=r"^a\.json: JSON is malformed"):
        from_json(b'{"spec": }', Pod, place="a.json")
