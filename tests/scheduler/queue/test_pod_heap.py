from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.scheduler.queue.pod_heap import PodHeap
from binpack.scheduler.queue.queued_pod import QueuedPod, Rejection
from binpack.testing import pod

PODS = [pod(f"p{number}").build() for number in range(6)]


@given(st.lists(st.tuples(st.sampled_from(["add", "remove", "pop", "copy"]), st.integers(0, 5), st.integers(0, 3)), max_size=200))
def test_agrees_with_a_sorted_list(steps: list[tuple[str, int, int]]) -> None:
    heap, plain, count = PodHeap(), {}, 0
    for step, number, order in steps:
        key = PODS[number].key
        if step == "add":
            count += 1
            queued = QueuedPod(PODS[number], Rejection("s"), order, count, 0)
            heap.add(queued, (order,))
            plain[key] = (order, count, queued)
        elif step == "remove":
            removed = heap.remove(key)
            assert removed == (plain.pop(key)[2] if key in plain else None)
        elif step == "pop":
            first = min(plain, key=plain.__getitem__, default=None)
            popped = heap.pop()
            assert popped == (None if first is None else plain.pop(first)[2])
        else:
            former, heap = heap, heap.copy()
            former.pop()
        assert sorted(heap) == sorted(plain)
        assert len(heap) == len(plain)
