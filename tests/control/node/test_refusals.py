"""What kubelets do when the API server refuses a write, and when they crash: what runs, runs on, and is reported in the end."""

from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import ConflictError
from binpack.model.pod import Pod
from binpack.testing import node, pod


class Refusing:
    """Refuses so many of the next writes."""

    def __init__(self, store, count: int) -> None:
        self._store, self.count = store, count

    def _refuse(self) -> None:
        if self.count > 0:
            self.count -= 1
            raise ConflictError("pods", "web")

    def update_status(self, changed):
        self._refuse()
        return self._store.update_status(changed)

    def delete(self, *arguments, **options):
        self._refuse()
        return self._store.delete(*arguments, **options)


@pytest.fixture
def ward(ward_of):
    return ward_of(node("n1").cpu(2).build())


def refuse(ward, count: int) -> None:
    ward.kubelets.write_through(Refusing(ward.store, count))


def restart(ward) -> None:
    """Let the kubelets crash and be shown everything."""
    ward.kubelets.forget()
    ward.plane.relist(0)
    ward.settle()


def test_a_refused_status_is_written_ten_seconds_later(ward):
    ward.bind(pod("web"))
    refuse(ward, 1)
    ward.wait(2)
    assert ward.phase() == "Pending", "it runs, but nobody knows"
    ward.wait(9.9)
    assert ward.phase() == "Pending"
    ward.wait(0.1)
    assert (ward.phase(), ward.ready()) == ("Running", "True")


@pytest.mark.parametrize("refused", [1, 2])
def test_a_pod_whose_removal_is_refused_is_removed_later(ward, refused):
    ward.bind(pod("web"))
    ward.wait(5)
    ward.store.delete(Pod, "web", "default")
    refuse(ward, refused)
    ward.settle()
    ward.wait(1)
    assert ward.store.find(Pod, "web", "default") is not None
    ward.wait(10 * refused)
    assert ward.store.find(Pod, "web", "default") is None
    ward.bind(pod("next").request(cpu="2"))
    ward.wait(2)
    assert ward.get("next").status.phase == "Running", "its resources are free, and were given back once"


def test_a_rejection_that_is_refused_is_told_later(ward):
    ward.bind(pod("web").request(cpu="2"))
    ward.wait(2)
    refuse(ward, 1)
    ward.bind(pod("late").request(cpu="1"))
    assert ward.get("late").status.phase == "Pending"
    ward.wait(10)
    assert (ward.get("late").status.phase, ward.get("late").status.reason) == ("Failed", "OutOfcpu")
    assert len(ward.kubelets.machines["n1"].workers) == 1


def test_a_kubelet_that_restarts_finds_what_runs(ward):
    ward.bind(pod("web").request(cpu="1").lasts(100).restarts("Never"))
    ward.wait(30)
    before = ward.get()
    restart(ward)
    ward.wait(20)
    assert ward.get() is before, "nothing has changed for the pod, and nothing is written"
    ward.wait(51.9)
    assert ward.phase() == "Running"
    ward.wait(0.1)
    assert ward.phase() == "Succeeded", "its time went on"


def test_a_pod_that_is_starting_goes_on_after_a_restart(ward):
    ward.bind(pod("web"))
    ward.wait(1)
    restart(ward)
    ward.wait(1)
    assert ward.phase() == "Running"
    assert ward.get().status.container_statuses[0].restart_count == 0


def test_a_node_that_has_gone_while_its_kubelet_was_away_is_forgotten(ward):
    ward.bind(pod("web"))
    ward.wait(5)
    ward.kubelets.forget()
    ward.store.delete("Node", "n1")
    ward.kubelets.work()
    assert ward.kubelets.machines == {}
