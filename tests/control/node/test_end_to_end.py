"""The node's part in whole runs: controllers, scheduler and kubelets together."""

from __future__ import annotations

import pytest

from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.pod import Container, Probe
from binpack.model.quantity import Quantity
from binpack.sim.simulation import simulate
from binpack.sim.timeline import Apply, FailNode, RecoverNode
from binpack.testing import deployment, job, node, pod
from binpack.units import US_PER_S

S = US_PER_S


def nodes(count: int = 3):
    capacity = {"ephemeral-storage": Quantity.parse("100Gi")}
    built = [node(f"n{number}").cpu("4").memory("8Gi").build() for number in range(count)]
    return [
        replace(
            one, status=replace(one.status, capacity={**one.status.capacity, **capacity}, allocatable={**one.status.capacity, **capacity})
        )
        for one in built
    ]


def modelled(workload: str, **requests: str):
    return pod().request(**requests).annotate({"binpack.dev/workload": workload})


def rows(run):
    columns = run.pods.columns
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def with_container(value, container: Container, *init: Container):
    template = value.spec.template
    spec = replace(template.spec, containers=(container,), init_containers=init)
    return replace(value, spec=replace(value.spec, template=replace(template, spec=spec)))


def reasons(run):
    return [one.reason for one in run.events if hasattr(one, "reason")]


def test_pulled_images_draw_the_next_pods():
    image = "web:1"
    first = replace(pod("first").annotate({"binpack.dev/workload": "image: {size: 3000Mi}"}).build())
    first = replace(first, spec=replace(first.spec, containers=(Container(name="main", image=image),)))
    later = replace(first, metadata=replace(first.metadata, name="later"))
    run = simulate(nodes(), [Apply(0, first), Apply(60 * S, later)], seed=1, until_us=120 * S)
    one, two = rows(run)
    assert one["node"] == two["node"], "ImageLocality sees what the kubelet has reported"
    assert one["started_us"] == 32 * S
    assert two["started_us"] == 62 * S


def test_a_job_whose_pods_have_a_sidecar_completes():
    proxy = Container(name="proxy", restart_policy="Always")
    value = job("batch", modelled("duration: 20s").restarts("Never"), completions=4, parallelism=2)
    value = with_container(value, Container(name="main"), proxy)
    run = simulate(nodes(), [Apply(0, value)], seed=1, until_us=200 * S)
    assert [row["phase"] for row in rows(run)] == ["Succeeded"] * 4
    assert "Completed" in reasons(run)


def test_a_deployment_whose_pods_crash_is_not_available():
    value = deployment("web", modelled("runs: [{duration: 5s, exitCode: 1}]"), replicas=2)
    run = simulate(nodes(), [Apply(0, value)], seed=1, until_us=700 * S)
    assert reasons(run).count("BackOff") > 6
    assert {row["phase"] for row in rows(run)} == {"Running"}
    assert len(rows(run)) == 2, "no controller replaces a pod that crashes"


def test_a_rollout_waits_for_readiness():
    container = Container(name="main", readiness_probe=Probe(period_seconds=10))
    old = with_container(deployment("web", modelled("startDuration: 15s"), replicas=4), container)
    new = with_container(deployment("web", modelled("startDuration: 40s"), replicas=4), replace(container, image="web:2"))
    run = simulate(nodes(), [Apply(0, old), Apply(100 * S, new)], seed=1, until_us=400 * S)
    ready = [row["ready_us"] - row["started_us"] for row in rows(run)]
    assert ready == [20 * S] * 4 + [40 * S] * 4
    columns = run.cluster.columns
    after = [number for time_us, number in zip(columns["time_us"], columns["pods_running_count"], strict=True) if time_us > 100 * S]
    assert (min(after), max(after)) == (3, 5), "one more and one less than four"


def test_a_pod_that_is_evicted_is_replaced_where_there_is_room():
    hungry = deployment("hungry", modelled("usage: {memory: [{amount: 1Gi}, {after: 60s, amount: 7Gi}]}", memory="1Gi"), replicas=2)
    run = simulate(nodes(1), [Apply(0, hungry)], seed=1, until_us=90 * S)
    failed = [row for row in rows(run) if row["phase"] == "Failed"]
    assert len(failed) == 1
    assert {"EvictionThresholdMet", "Evicted"} <= set(reasons(run))
    assert len(rows(run)) == 3, "its ReplicaSet has made another, which the taint keeps off the node"
    assert rows(run)[-1]["node"] is None


@pytest.mark.parametrize("seed", range(3))
def test_the_same_bytes_whatever_happens_on_the_nodes(seed):
    value = deployment("web", modelled("{duration: 40s, exitCode: 1, usage: {memory: 3Gi}, image: {size: 500Mi}}", cpu="1"), replicas=8)
    events = [Apply(0, value), FailNode(60 * S, "n1"), RecoverNode(400 * S, "n1")]
    logs = {simulate(nodes(), events, seed=seed, until_us=900 * S).log() for _ in range(2)}
    assert len(logs) == 1


def test_a_bandwidth_that_is_none():
    a_node = nodes(1)[0]
    a_node = replace(a_node, metadata=replace(a_node.metadata, annotations={"binpack.dev/pull-bandwidth": "fast"}))
    with pytest.raises(ManifestError, match=r'Node n0, metadata.annotations\[binpack.dev/pull-bandwidth\]: "fast" is not a quantity'):
        simulate([a_node], [], seed=1, until_us=S)
