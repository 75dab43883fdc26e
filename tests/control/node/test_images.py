"""Images through a kubelet: pulls, back-off, what a node holds (10.5)."""

from __future__ import annotations

import pytest

from binpack.model.base import replace
from binpack.model.node import ContainerImage, Node
from binpack.model.pod import (
    Container,
)


def image(name: str, **more) -> Container:
    return Container(name="main", image=name, **more)


def test_an_image_is_pulled_once_and_shown_by_the_node(ward):
    workload = "image: {size: 1000Mi}"
    ward.run(ward.built(image("web:1"), workload=workload)).until(10.9)
    assert (ward.get().status.phase, ward.state("main").state.waiting.reason) == ("Pending", "ContainerCreating")
    assert ward.condition("PodReadyToStartContainers").status == "True"
    ward.until(12)
    assert ward.get().status.phase == "Running", "1 s of sandbox, 10 s of pulling, 1 s of starting"
    ward.until(20)
    assert ward.store.get(Node, "n1").status.images == (ContainerImage(("web:1",), 1000 << 20),)
    ward.run(ward.built(image("web:1"), workload=workload, name="again")).until(22)
    assert ward.get("again").status.phase == "Running"
    assert ward.reasons().count("Pulling") == 1


@pytest.mark.parametrize(("serial", "second"), [(True, 22), (False, 12)])
def test_pulls_of_a_node(ward_of, machine, serial, second):
    ward = ward_of(machine, serialize_image_pulls=serial)
    for number in (1, 2):
        ward.run(ward.built(image(f"web:{number}"), workload="image: {size: 1000Mi}", name=f"web-{number}"))
    ward.until(11.9)
    assert ward.get("web-1").status.phase == "Pending"
    ward.until(second - 0.1)
    assert ward.get("web-2").status.phase == "Pending"
    ward.until(second)
    assert ward.get("web-2").status.phase == "Running"


def test_sizes_are_learnt_from_other_nodes_and_a_node_may_be_slow(store, ward_of, machine):
    other = replace(machine, metadata=replace(machine.metadata, name="n2"))
    store.load(replace(other, status=replace(other.status, images=(ContainerImage(("web:1",), 100 << 20),))))
    slow = machine
    ward = ward_of(replace(slow, metadata=replace(slow.metadata, annotations={"binpack.dev/pull-bandwidth": "1Mi"})))
    ward.run(ward.built(image("web:1"))).until(101.9)
    assert ward.get().status.phase == "Pending"
    ward.until(102)
    assert ward.get().status.phase == "Running"


def test_pulls_that_fail_are_tried_again_after_a_growing_time(ward):
    ward.run(ward.built(image("web:1"), workload="image: {size: 100Mi, pullFailures: 3}")).until(1)
    assert ward.state("main").state.waiting.reason == "ErrImagePull"
    ward.until(11 + 10)
    waiting = ward.state("main").state.waiting
    assert (waiting.reason, waiting.message) == ("ImagePullBackOff", 'Back-off pulling image "web:1"')
    assert ward.get().status.phase == "Pending"
    ward.until(1 + 10 + 20 + 40 + 1.9)
    assert ward.get().status.phase == "Pending"
    ward.until(1 + 10 + 20 + 40 + 2)
    assert ward.get().status.phase == "Running"


@pytest.mark.parametrize(
    ("why", "container", "workload", "reason"),
    [
        ("never pulled, not there", image("web:1", image_pull_policy="Never"), "image: {size: 1Mi}", "ErrImageNeverPull"),
        ("no image of that name", image("WEB:1"), "", "InvalidImageName"),
        ("never there", image("web:1"), "image: {pullFailures: always}", "ImagePullBackOff"),
    ],
)
def test_images_that_cannot_be_had(ward, why, container, workload, reason):
    ward.run(ward.built(container, workload=workload)).until(290)
    assert ward.state("main").state.waiting.reason == reason, why


def test_unused_images_go_when_the_disk_is_full(ward_of, machine):
    ward = ward_of(machine, eviction=())
    workload = "{duration: 1m, image: {size: 30Gi}}"
    for number in (1, 2, 3):
        ward.run(ward.built(image(f"web:{number}"), policy="Never", workload=workload, name=f"web-{number}")).until(600 * number)
    held = ward.store.get(Node, "n1").status.images
    assert [one.names for one in held] == [("web:2",), ("web:3",)], "the one that was used the longest ago is gone"


def test_a_container_that_must_not_pull_starts_once_another_pod_has_brought_its_image(ward):
    workload = "image: {size: 100Mi}"
    ward.run(ward.built(image("web:1", image_pull_policy="Never"), workload=workload, name="never"))
    ward.wait(25)
    assert ward.state("main", "never").state.waiting.reason == "ErrImageNeverPull"
    revision = ward.store.revision
    ward.wait(100)
    assert ward.store.revision == revision, "looking again changes nothing"
    ward.run(ward.built(image("web:1"), workload=workload, name="brings"))
    ward.wait(13)
    assert ward.state("main", "never").state.running is not None
