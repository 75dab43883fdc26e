"""ImageLocality against loops over nodes, images and containers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.model.base import replace
from binpack.model.node import ContainerImage
from binpack.model.pod import Container
from binpack.plugins.image_locality import ImageLocality
from binpack.testing import node, pod
from binpack.testing.plugin_contract import check_score
from binpack.testing.trial import cluster_of, rate

MI = 1 << 20
NAMES = ("web:latest", "web", "registry:5000/web:1", "registry:5000/web:latest", "db@sha256:00")
images = st.builds(
    lambda names, size: ContainerImage(tuple(names), size),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True),
    st.integers(0, 3000 * MI),
)
wanted = st.lists(st.sampled_from((*NAMES, "registry:5000/web", "other")), max_size=3)


def size_on(a_node, name):
    size = None
    for image in a_node.status.images:
        for own_name in image.names:
            if own_name == name:
                size = image.size_bytes
    return size


def score(a_pod, a_node, nodes):
    total, containers = 0, 0
    for container in (*a_pod.spec.init_containers, *a_pod.spec.containers):
        containers += 1
        name = container.image
        if name.rfind(":") <= name.rfind("/"):
            name += ":latest"
        size = size_on(a_node, name)
        if size is None:
            continue
        holders = 0
        for other in nodes:
            if size_on(other, name) is not None:
                holders += 1
        total += int(float(size) * (float(holders) / float(len(nodes))))
    low, high = 23 * MI, 1000 * MI * containers
    if total < low:
        total = low
    elif total > high:
        total = high
    return 100 * (total - low) // (high - low)


@given(st.lists(st.lists(images, max_size=3), min_size=1, max_size=7), wanted, wanted)
def test_plain_twin(held, main, init):
    nodes = []
    for number, own in enumerate(held):
        plain = node(f"n{number}").build()
        nodes.append(replace(plain, status=replace(plain.status, images=tuple(own))))
    plain = pod("p").build()
    spec = replace(
        plain.spec, containers=tuple(Container(image=name) for name in main), init_containers=tuple(Container(image=name) for name in init)
    )
    a_pod, cluster = replace(plain, spec=spec), cluster_of(nodes)
    expected = {n.name: score(a_pod, n, nodes) for n in nodes}
    scores = rate(ImageLocality(), a_pod, cluster)
    assert (scores or dict.fromkeys(expected, 0)) == expected
    check_score(ImageLocality(), a_pod, cluster)
