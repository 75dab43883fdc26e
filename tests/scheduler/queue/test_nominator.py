from __future__ import annotations

import pytest

from binpack.scheduler.queue import Nominator
from binpack.testing import pod


@pytest.mark.parametrize(
    ("why", "own", "given", "node_name"),
    [
        ("no name anywhere", "", None, None),
        ("the pod's own status counts", "n1", None, "n1"),
        ("a new nomination overrides it", "n1", "n2", "n2"),
        ("and may be of a pod whose status is silent", "", "n2", "n2"),
        ("a nomination is taken away", "n1", "", None),
    ],
)
def test_add(why: str, own: str, given: str | None, node_name: str | None) -> None:
    nominator = Nominator()
    a_pod = pod("p").nominated(own).build()
    nominator.add(a_pod, given)
    assert nominator.node_of(a_pod.key) == node_name, why
    assert nominator.by_node() == ({} if node_name is None else {node_name: [a_pod]}), why


@pytest.mark.parametrize(
    ("why", "in_memory", "before", "after", "node_name"),
    [
        ("an update that knows of no name keeps what is nominated here", "n1", "", "", "n1"),
        ("a name that comes counts", "n1", "", "n2", "n2"),
        ("a name that changes counts", "n1", "n1", "n2", "n2"),
        ("a name that goes takes the nomination along", "n1", "n1", "", None),
        ("nothing before, nothing after", "", "", "", None),
    ],
)
def test_update(why: str, in_memory: str, before: str, after: str, node_name: str | None) -> None:
    nominator = Nominator()
    nominator.add(pod("p").build(), in_memory)
    changed = pod("p").nominated(after).label(version="2").build()
    nominator.update(pod("p").nominated(before).build(), changed)
    assert nominator.node_of(changed.key) == node_name, why
    assert nominator.pods_for("n1") + nominator.pods_for("n2") == ([] if node_name is None else [changed]), why


def test_pods_of_a_node_stand_in_order_until_they_go() -> None:
    nominator = Nominator()
    first, second = pod("z").build(), pod("a").build()
    nominator.add(first, "n1")
    nominator.add(second, "n1")
    assert nominator.pods_for("n1") == [first, second]
    twin = nominator.copy()
    nominator.remove(first.key)
    nominator.remove("default/unknown")
    assert nominator.pods_for("n1") == [second]
    assert twin.pods_for("n1") == [first, second]
    assert (len(nominator), len(twin)) == (1, 2)
