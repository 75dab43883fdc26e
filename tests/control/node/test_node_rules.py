"""The rules of the node one by one, as tables; each names its source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.control.node.allocatable import node_allocatable
from binpack.control.node.configuration import HARD_THRESHOLDS
from binpack.control.node.images import ImageStore, always_pulls, is_valid_image, pull_backoff_us
from binpack.control.node.machine import Machine
from binpack.control.node.node_admission import allocatable_of, other_rejection, pressure_rejection, shortages
from binpack.control.node.node_preemption import victims_for
from binpack.control.node.pod_plan import is_critical, pod_plan
from binpack.control.node.pod_worker import PodWorker
from binpack.control.node.probes import flips, probe_outcomes
from binpack.control.node.termination import exit_after
from binpack.control.node.workload_model import FailingProbe, RunModel, model_of
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.duration import format_duration
from binpack.model.node import ContainerImage, Taint
from binpack.model.pod import Container, Probe
from binpack.model.quantity import Quantity
from binpack.testing import node, pod
from binpack.units import MIB, US_PER_S

S = US_PER_S


def worker_of(one) -> PodWorker:
    return PodWorker(one, pod_plan(one, model_of(one.metadata.annotations, "")))


def machine_with(*pods) -> Machine:
    machine = Machine("n1", True, 0, MIB)
    for number, one in enumerate(pods):
        machine.add(worker_of(replace(one, metadata=replace(one.metadata, uid=str(number)))))
    return machine


# Admission: pkg/kubelet/lifecycle/predicate.go


@pytest.mark.parametrize(
    ("why", "present", "incoming", "reasons"),
    [
        ("it fits", [pod("a").request(cpu="3")], pod("b").request(cpu="1"), []),
        ("too little cpu", [pod("a").request(cpu="3")], pod("b").request(cpu="1001m"), ["OutOfcpu"]),
        ("cpu is named before memory", [], pod("b").request(memory="9Gi", cpu="5"), ["OutOfcpu", "OutOfmemory"]),
        ("too many pods", [pod("a"), pod("c"), pod("d")], pod("b"), ["OutOfpods"]),
        ("a resource that the node does not know", [], pod("b").request({"example.com/x": "1"}), []),
    ],
)
def test_resources_on_the_node(why, present, incoming, reasons):
    offered = allocatable_of(node("n1").allocatable(cpu="4", memory="8Gi", pods="3").build())
    incoming = incoming.build()
    short = shortages(pod_plan(incoming, model_of({}, "")), machine_with(*(one.build() for one in present)), offered)
    assert [one.rejection.reason for one in short] == reasons, why


@pytest.mark.parametrize(
    ("why", "a_node", "a_pod", "expected"),
    [
        ("all is well", node("n1"), pod("p"), None),
        ("its selector does not match", node("n1"), pod("p").selects(zone="a"), "NodeAffinity"),
        ("a taint that only keeps others from being scheduled", node("n1").taint("a", effect="NoSchedule"), pod("p"), None),
        ("a taint that evicts", node("n1").taint("a", effect="NoExecute"), pod("p"), "TaintToleration"),
        ("tolerated", node("n1").taint("a", effect="NoExecute"), pod("p").tolerates_everything(), None),
        ("a port that is taken", node("n1"), pod("p").host_port(80), "NodePorts"),
        ("another port", node("n1"), pod("p").host_port(81), None),
    ],
)
def test_the_other_predicates(why, a_node, a_pod, expected):
    built = a_pod.on("n1").build()
    machine = machine_with(pod("other").host_port(80).build())
    rejection = other_rejection(built, pod_plan(built, model_of({}, "")), a_node.build(), machine)
    assert (rejection and rejection.reason) == expected, why
    if rejection is not None:
        assert rejection.message.startswith(f"Predicate {expected} failed: node(s) ")


def test_another_node_than_the_one_that_is_named():
    built = pod("p").on("n2").build()
    assert other_rejection(built, pod_plan(built, model_of({}, "")), node("n1").build(), machine_with()).reason == "NodeName"


# Pressure: pkg/kubelet/eviction/eviction_manager.go (Admit)


@pytest.mark.parametrize(
    ("why", "conditions", "a_pod", "refused"),
    [
        ("no pressure", (), pod("p"), False),
        ("memory: best effort", ("MemoryPressure",), pod("p"), True),
        ("memory: burstable", ("MemoryPressure",), pod("p").request(cpu="1"), False),
        ("memory: best effort that tolerates it", ("MemoryPressure",), pod("p").tolerates_everything(), False),
        ("disk: all", ("DiskPressure",), pod("p").request(cpu="1"), True),
        ("disk: tolerations do not help", ("DiskPressure",), pod("p").tolerates_everything(), True),
        ("disk: but critical ones", ("DiskPressure",), pod("p").priority(2_000_000_000), False),
    ],
)
def test_pods_under_pressure(why, conditions, a_pod, refused):
    assert (pressure_rejection(a_pod.build(), conditions) is not None) == refused, why


# Preemption: pkg/kubelet/preemption/preemption.go


@pytest.mark.parametrize(
    ("why", "present", "capacity", "needed", "victims"),
    [
        ("of those that leave nothing open the smallest", {"small": "500m", "right": "1", "large": "3"}, 4500, "1", ["right"]),
        ("only as many as needed, of equal ones the last", {"a": "1", "b": "1", "c": "1"}, 3000, "1500m", ["b", "c"]),
        ("nobody, if all would not be enough", {"a": "1"}, 3000, "9", None),
    ],
)
def test_who_goes_for_a_critical_pod(why, present, capacity, needed, victims):
    machine = machine_with(*(pod(name).request(cpu=cpu).build() for name, cpu in present.items()))
    critical = pod("critical").request(cpu=needed).priority(2_000_000_000).build()
    short = shortages(pod_plan(critical, model_of({}, "")), machine, {"cpu": capacity, "pods": 110})
    found = victims_for(critical, list(machine.alive()), short)
    assert (found if found is None else sorted(one.pod.metadata.name for one in found)) == victims, why


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (pod("p").build(), False),
        (pod("p").priority(1_999_999_999).build(), False),
        (pod("p").priority(2_000_000_000).build(), True),
        (pod("p").annotate({"kubernetes.io/config.source": "file"}).build(), True),
        (pod("p").annotate({"kubernetes.io/config.source": "api"}).build(), False),
        (pod("p").annotate({"kubernetes.io/config.mirror": "x"}).build(), True),
    ],
)
def test_critical_pods(built, expected):
    assert is_critical(built) == expected


# Probes: pkg/kubelet/prober/worker.go


def plainly(probe: Probe, first_us: int, succeeds: bool | None, failures, until_us: int):
    """Try after try, as the kubelet does."""
    run, same, time_us = 0, None, first_us
    while time_us <= until_us:
        success = not any(begin <= time_us and (end is None or time_us < end) for begin, end in failures)
        run = run + 1 if success == same else 1
        same = success
        if run >= (probe.success_threshold if success else probe.failure_threshold) and success != succeeds:
            succeeds = success
            yield time_us, success
        time_us += probe.period_seconds * S


@given(st.data())
def test_flips_are_those_of_trying_every_time(data):
    numbers = st.integers(1, 4)
    probe = Probe(period_seconds=data.draw(numbers), success_threshold=data.draw(numbers), failure_threshold=data.draw(numbers))
    edges = sorted(data.draw(st.sets(st.integers(0, 60), max_size=8)))
    failures = [(begin * S, end * S) for begin, end in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2:
        failures.append((edges[-1] * S, None))
    first_us, succeeds = data.draw(st.integers(0, 20)) * S, data.draw(st.sampled_from([True, False, None]))
    expected = list(plainly(probe, first_us, succeeds, failures, 200 * S))
    assert list(flips(probe, first_us, succeeds, failures)) == expected


@pytest.mark.parametrize(
    ("why", "container", "run", "expected"),
    [
        ("no probes", Container(), RunModel(), []),
        ("ready at the first try", Container(readiness_probe=Probe(initial_delay_seconds=5)), RunModel(), [(5, "ready")]),
        (
            "readiness is not tried before it has started",
            Container(startup_probe=Probe(period_seconds=4), readiness_probe=Probe()),
            RunModel(start_us=5 * S),
            [(8, "started"), (8, "ready")],
        ),
        (
            "a failed startup ends it",
            Container(startup_probe=Probe(period_seconds=4, failure_threshold=2), readiness_probe=Probe()),
            RunModel(start_us=60 * S),
            [(4, "startup-failed")],
        ),
        (
            "liveness ends it",
            Container(liveness_probe=Probe(), readiness_probe=Probe(failure_threshold=1)),
            RunModel(failing=(FailingProbe(None, 15 * S, None),)),
            [(0, "ready"), (20, "unready"), (40, "liveness-failed")],
        ),
    ],
)
def test_outcomes_of_a_run(why, container, run, expected):
    assert [(time_us // S, what) for time_us, what in probe_outcomes(container, run, 0)] == expected, why


# Termination: pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer)


@pytest.mark.parametrize(
    ("run", "grace", "turn", "expected"),
    [
        (RunModel(stop_us=3 * S), 30, None, (3, 0)),
        (RunModel(stop_us=31 * S), 30, None, (30, 137)),
        (RunModel(stop_us=3 * S), 1, None, (2, 137)),
        (RunModel(stop_us=2 * S), 1, None, (2, 0)),
        (RunModel(pre_stop_us=10 * S, stop_us=3 * S), 30, None, (13, 0)),
        (RunModel(pre_stop_us=29 * S, stop_us=3 * S), 30, None, (31, 137)),
        (RunModel(stop_us=3 * S), 30, 20, (23, 0)),
        (RunModel(stop_us=3 * S), 30, 40, (32, 137)),
    ],
)
def test_when_a_container_has_stopped(run, grace, turn, expected):
    end_us, code = exit_after(run, 0, grace * S, None if turn is None else turn * S)
    assert (end_us // S, code) == expected


# Images: pkg/kubelet/images; pkg/apis/core/v1/defaults.go


@pytest.mark.parametrize(
    ("image", "policy", "expected"),
    [
        ("web", "", True),
        ("web:latest", "", True),
        ("web:1", "", False),
        ("registry:5000/web", "", True),
        ("web:1", "Always", True),
        ("web", "IfNotPresent", False),
    ],
)
def test_pull_policies(image, policy, expected):
    assert always_pulls(image, policy) == expected


@pytest.mark.parametrize("image", ["web", "web:1", "registry.example.com:5000/team/web:v1.2", "web@sha256:" + "a" * 64])
def test_names_of_images(image):
    assert is_valid_image(image)


@pytest.mark.parametrize("image", ["Web", "web:", "web 1", "/web", "web:1:2"])
def test_no_names_of_images(image):
    assert not is_valid_image(image)


def test_back_off_of_pulls():
    assert [pull_backoff_us(number) // S for number in (1, 2, 3, 4, 5, 6, 7, 100)] == [10, 20, 40, 80, 160, 300, 300, 300]


def test_pulls_wait_for_a_place_and_the_least_recently_used_goes_first():
    store = ImageStore.reported([ContainerImage(("old:1",), 5 * MIB)], 0)
    ends = [store.pull(f"new:{number}", 10 * MIB, MIB, 0, places=2) // S for number in range(3)]
    assert ends == [10, 10, 20]
    assert [one.names for one in store.report(15 * S)] == [("new:0",), ("new:1",), ("old:1",)]
    store.touch(["old:1"], 100 * S)
    assert store.collect(15 * MIB, {"new:0"}, 200 * S, minimum_age_us=0) == ["new:1", "new:2"]
    assert store.collect(15 * MIB, {"new:0"}, 200 * S, minimum_age_us=201 * S) == [], "too young"


# Allocatable: pkg/kubelet/cm/node_container_manager_linux.go


def test_allocatable():
    capacity = {
        name: Quantity.parse(text) for name, text in {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "100Gi", "pods": "110"}.items()
    }
    offered = node_allocatable(capacity, {"cpu": 100, "memory": 200 * MIB}, {"cpu": 100}, HARD_THRESHOLDS)
    assert offered["cpu"].ceil_milli() == 3800
    assert offered["memory"].ceil_units() == (8192 - 200 - 100) * MIB
    assert offered["ephemeral-storage"].ceil_units() == (100 << 30) - int(float(100 << 30) * 0.10000000149011612)
    assert offered["pods"] == Quantity.of(110)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(10, "10s"), (80, "1m20s"), (300, "5m0s"), (3600, "1h0m0s"), (1.5, "1.5s")]
)  # fmt: skip
def test_durations_as_go_writes_them(seconds, expected):
    assert format_duration(int(seconds * 1_000_000_000)) == expected


# The workload model


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("durations: 3s", r"metadata\.annotations\[binpack\.dev/workload\]\.durations: unknown field \(did you mean duration"),
        ("duration: soon", r'workload\]\.duration: "soon" is not a duration'),
        ("exitCode: 256", r'workload\]\.exitCode: "256" is not an exit code'),
        ("usage: {memory: lots}", r'workload\]\.usage\[memory\]\[0\]\.amount: "lots" is not a quantity'),
        ("usage: {gpu: 1}", r'workload\]\.usage\[gpu\]: "gpu" is not a resource whose use is modelled \(accepted: cpu, '),
        ("usage: {cpu: [{amount: 1}, {amount: 2}]}", r"usage\[cpu\]\[1\]\.after: .* is not later"),
        ("probeFailures: [{probe: alive}]", r"probeFailures\[0\]\.probe: Unsupported value"),
        ("probeFailures: [{after: 5s, until: 5s}]", r"probeFailures\[0\]\.until: .* is not later than after"),
        ("image: {pullFailures: -1}", r"image\.pullFailures: -1 is negative"),
        ("containers: {web: {stopDuration: -1s}}", r'containers\[web\]\.stopDuration: "-1s" is negative'),
        ("runs: [{}, {duration: x}]", r"runs\[1\]\.duration: "),
        ("- 1", "wrong type"),
        ("{", "workload"),
    ],
)
def test_documents_that_cannot_be_understood(text, message):
    with pytest.raises(ManifestError, match=message) as caught:
        model_of({"binpack.dev/workload": text}, "Deployment default/web, spec.template")
    assert all(line.startswith("Deployment default/web, spec.template, ") for line in str(caught.value).splitlines()[:1])


def test_a_document():
    text = """
    duration: 1m
    usage: {cpu: 500m, memory: [{amount: 1Mi}, {after: 10s, amount: 2Mi}]}
    runs: [{exitCode: 1}, {duration: 2m}]
    image: {size: 1Mi, pullFailures: always}
    containers: {proxy: {stopDuration: 2s}}
    """
    model = model_of({"binpack.dev/workload": text, "binpack.dev/stop-duration": "3s"}, "Pod")
    usage = (("cpu", ((0, 500),)), ("memory", ((0, MIB), (10 * S, 2 * MIB))))
    first, second = (RunModel(60 * S, 1, stop_us=3 * S, usage=usage), RunModel(120 * S, 0, stop_us=3 * S, usage=usage))
    assert model.main.runs == (first, second)
    assert (model.main.image_bytes, model.main.pull_failures, model.main.run(7)) == (MIB, None, second)
    assert model.named["proxy"].runs == (RunModel(stop_us=2 * S),)


def test_a_taint_is_read_from_the_node():
    tainted = replace(node("n1").build(), spec=replace(node("n1").build().spec, taints=(Taint("a", effect="NoExecute"),)))
    built = pod("p").on("n1").build()
    assert other_rejection(built, pod_plan(built, model_of({}, "")), tainted, machine_with()).reason == "TaintToleration"
