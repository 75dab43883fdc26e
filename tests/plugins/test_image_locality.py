from __future__ import annotations

import pytest

from binpack.model.base import replace
from binpack.model.node import ContainerImage
from binpack.plugins.image_locality import ImageLocality, normalized_name
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, rate

PLUGIN = ImageLocality()
FOUR = [node("n0").image("web:1", size="250Mi"), node("n1").image("web:1", size="250Mi"), node("n2"), node("n3")]
THREE = [node("n0").image("web:1", size="600Mi"), node("n1"), node("n2")]


@pytest.mark.parametrize(
    ("why", "nodes", "a_pod", "scores"),
    [
        ("250 Mi on half of the nodes", FOUR, pod("p").image("web:1"), [10, 10, 0, 0]),
        ("two containers share the threshold", FOUR, pod("p").image("web:1").container(image="db:1"), [5, 5, 0, 0]),
        ("init containers are containers", FOUR, pod("p").image("web:1").init(image="db:1"), [5, 5, 0, 0]),
        ("the same image counts each time", FOUR, pod("p").image("web:1").container(image="web:1"), [11, 11, 0, 0]),
        ("600 Mi on a third", THREE, pod("p").image("web:1"), [18, 0, 0]),
        ("less than 23 Mi", [node("n0").image("web:1", size="22Mi")], pod("p").image("web:1"), [0]),
        ("more than 1000 Mi", [node("n0").image("web:1", size="5Gi")], pod("p").image("web:1"), [100]),
        ("a tag is not added on the node's side", [node("n0").image("web", size="5Gi")], pod("p").image("web"), []),
        ("it is on the pod's", [node("n0").image("web:latest", size="5Gi")], pod("p").image("web"), [100]),
        ("any of an image's names", [node("n0").image("web@sha256:1", "web:1", size="5Gi")], pod("p").image("web@sha256:1"), [100]),
        ("each node's own size", [node("n0").image("web:1", size="5Gi"), node("n1").image("web:1", size="600Mi")],
         pod("p").image("web:1"), [100, 59]),
    ],
)  # fmt: skip
def test_score(why, nodes, a_pod, scores):
    assert list(rate(PLUGIN, a_pod, cluster_of(nodes)).values()) == scores, why


def test_a_name_listed_twice_has_the_size_listed_last():
    a_node = node("n").build()
    images = (ContainerImage(("web:1",), 1 << 34), ContainerImage(("web:1",), 1 << 20))
    twice = replace(a_node, status=replace(a_node.status, images=images))
    assert rate(PLUGIN, pod("p").image("web:1"), cluster_of([twice])) == {"n": 0}


def test_nodes_that_come_and_change_and_go_are_counted():
    cluster = cluster_of(FOUR)
    cluster.update_node(node("n1").build())
    cluster.remove_node("n2")
    assert rate(PLUGIN, pod("p").image("web:1"), cluster) == {"n0": 6, "n1": 0, "n3": 0}, "250 Mi on one of three"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("web", "web:latest"),
        ("web:1", "web:1"),
        ("registry:5000/web", "registry:5000/web:latest"),
        ("registry:5000/web:1", "registry:5000/web:1"),
        ("web@sha256:abc", "web@sha256:abc"),
        ("", ":latest"),
    ],
)
def test_normalized_name(image, name):
    assert normalized_name(image) == name
