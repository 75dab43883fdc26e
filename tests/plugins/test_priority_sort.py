from __future__ import annotations

from binpack.plugins.priority_sort import PrioritySort
from binpack.testing import pod


def test_higher_priority_first_then_longer_waiting_and_no_priority_is_zero():
    waiting = [
        (pod("late").priority(10).build(), 300),
        (pod("none").build(), 100),
        (pod("negative").priority(-1).build(), 0),
        (pod("early").priority(10).build(), 200),
        (pod("zero").priority(0).build(), 50),
    ]
    in_order = sorted(waiting, key=lambda entry: PrioritySort().sort_key(*entry))
    assert [a_pod.metadata.name for a_pod, _ in in_order] == ["early", "late", "zero", "none", "negative"]
