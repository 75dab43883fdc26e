from __future__ import annotations

from datetime import UTC, datetime

from binpack.model.node import Taint
from binpack.model.quantity import Quantity
from binpack.testing import HOSTNAME, PREFER_NO_SCHEDULE, ZONE, node


def test_starts_with_a_small_machine_and_its_host_name():
    built = node("n1").build()
    assert built.name == "n1"
    assert built.metadata.labels == {HOSTNAME: "n1"}
    assert built.status.allocatable == {"cpu": Quantity.of(4), "memory": Quantity.parse("16Gi"), "pods": Quantity.of(110)}
    assert built.status.capacity == built.status.allocatable


def test_reads_as_a_sentence():
    built = (
        node("n1").cpu("8").memory("32Gi").pods(20).resource("example.com/gpu", 2).zone("a").label({"x/y": "z"}, pool="blue")
        .taint("gpu", "true").taint("spot", effect=PREFER_NO_SCHEDULE).cordon().image("web:1", "web@sha", size="10Mi").build()
    )  # fmt: skip
    assert built.status.allocatable["cpu"] == Quantity.of(8)
    assert built.status.allocatable["example.com/gpu"] == Quantity.of(2)
    assert built.metadata.labels == {HOSTNAME: "n1", ZONE: "a", "x/y": "z", "pool": "blue"}
    assert built.spec.taints == (Taint("gpu", "true", "NoSchedule"), Taint("spot", "", "PreferNoSchedule"))
    assert built.spec.unschedulable
    assert built.status.images[0].names == ("web:1", "web@sha")
    assert built.status.images[0].size_bytes == 10 << 20


def test_a_shared_start_is_not_changed_by_what_is_built_from_it():
    start = node("n1")
    start.label(pool="blue").cpu(1).cordon()
    assert start == node("n1")


def test_allocatable_below_capacity():
    built = node("n1").cpu(8).allocatable(cpu="7500m", ephemeral_storage="1Gi").build()
    assert built.status.capacity["cpu"] == Quantity.of(8)
    assert built.status.allocatable["cpu"] == Quantity.milli(7500)
    assert "ephemeral-storage" not in built.status.capacity


def test_conditions_replace_the_former_one_of_their_type():
    built = node("n1").ready().not_ready().created(60).build()
    assert [(c.type, c.status) for c in built.status.conditions] == [("Ready", "False")]
    assert built.metadata.creation_timestamp == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def test_nothing_left():
    built = node("n1").without_resources().without_labels().build()
    assert built.status.allocatable == {}
    assert built.metadata.labels == {}
