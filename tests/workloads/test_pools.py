from __future__ import annotations

from collections import Counter

import pytest

from binpack.errors import ConfigurationError
from binpack.model.node import Taint
from binpack.model.quantity import Quantity
from binpack.testing import HOSTNAME, INSTANCE_TYPE, ZONE
from binpack.units import GIB
from workloads.instances import catalogue, instance_type
from workloads.pools import CAPACITY_TYPE, POOL, NodePool


def test_nodes_are_dealt_to_the_zones_in_turn():
    nodes = NodePool("general", "general-16", 7, zones=("a", "b", "c")).nodes()
    assert [node.name for node in nodes] == [f"general-00{number}" for number in range(7)]
    assert Counter(node.metadata.labels[ZONE] for node in nodes) == {"a": 3, "b": 2, "c": 2}
    assert all(node.metadata.labels[HOSTNAME] == node.name for node in nodes)


def test_a_node_has_what_its_machine_leaves_for_pods():
    (node,) = NodePool(
        "general", "general-16", 1, spot=True, labels=(("team", "x"),), taints=(Taint("spot", "true", "NoSchedule"),)
    ).nodes()
    assert node.status.capacity["cpu"] == Quantity.of(16)
    # 1000 x 6 % + 1000 x 1 % + 2000 x 0.5 % + 12000 x 0.25 % = 110 milli-cores.
    assert node.status.allocatable["cpu"] == Quantity.milli(15_890)
    # 64 GiB less 1 GiB, 0.8 GiB, 0.8 GiB, 6 % of 48 GiB and 100 MiB, in whole MiB.
    assert str(node.status.allocatable["memory"]) == "59825Mi"
    labels = node.metadata.labels
    assert (labels[INSTANCE_TYPE], labels[POOL], labels[CAPACITY_TYPE], labels["team"]) == ("general-16", "general", "spot", "x")
    assert node.spec.taints == (Taint("spot", "true", "NoSchedule"),)


@pytest.mark.parametrize("name", catalogue())
def test_prices_are_linear_and_allocatable_is_less_than_the_machine(name):
    machine = instance_type(name)
    assert 0.96 * machine.cores * 1000 < machine.allocatable_cpu_milli < machine.cores * 1000
    assert 0.7 * machine.memory_gib * GIB < machine.allocatable_memory_bytes < machine.memory_gib * GIB
    half = name.replace(f"-{machine.cores}", f"-{machine.cores // 2}")
    if half in catalogue():
        assert machine.price_micros == pytest.approx(2 * instance_type(half).price_micros, abs=2)


def test_an_unknown_type_is_refused():
    with pytest.raises(ConfigurationError, match=r'instance type "huge-1" is not in the catalogue \(accepted: compute-2, '):
        NodePool("x", "huge-1", 1).nodes()
