"""Controllers are level triggered: however often they are woken, and whenever they crash, a cluster ends where it should."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from binpack.control.runtime import ControllerRuntime
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.workloads import Deployment, Job
from binpack.plugins import in_tree
from binpack.sim.simulation import Simulation
from binpack.sim.timeline import Apply, Delete, FailNode, RecoverNode, Scale
from binpack.testing import deployment, job, node, pod
from binpack.units import US_PER_S

S = US_PER_S
END_S = 2000


def web(image: str) -> Deployment:
    made = deployment("web", pod().request(cpu="500m"), replicas=4)
    template = made.spec.template
    container = replace(template.spec.containers[0], image=image)
    return replace(made, spec=replace(made.spec, template=replace(template, spec=replace(template.spec, containers=(container,)))))


TIMELINE = [
    Apply(0, web("web:1")),
    Apply(10 * S, job("build", pod().request(cpu="250m").lasts(40), completions=5, parallelism=2)),
    Scale(30 * S, "Deployment", "web", "default", 7),
    Apply(60 * S, web("web:2")),
    Scale(63 * S, "Deployment", "web", "default", 5),
    FailNode(100 * S, "n0"),
    Apply(150 * S, deployment("other", pod().request(cpu="250m"), replicas=3)),
    Delete(400 * S, "Deployment", "other", "default"),
    RecoverNode(900 * S, "n0"),
]


def started() -> Simulation:
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=1)
    simulation.load([node(f"n{number}").cpu(4).build() for number in range(4)])
    simulation.extend(TIMELINE)
    return simulation


def crash(simulation: Simulation) -> None:
    """Let every controller lose its queue and its memory, and list everything anew."""
    for position, client in enumerate(simulation.plane.clients):
        if isinstance(client, ControllerRuntime):
            client.forget()
            simulation.plane.relist(position)
    simulation.extend([Delete(simulation.now_us, "Pod", "nobody", "default")])


def end_state(simulation: Simulation):
    """Where a cluster has come to, up to names, uids and times."""
    store = simulation.store
    running = [one for one in store.scan(Pod) if not one.is_terminal]
    pods = Counter((one.metadata.labels["app"], one.spec.containers[0].image, one.status.phase) for one in running)
    replicas = {one.metadata.name: (one.status.available_replicas, one.status.replicas) for one in store.scan(Deployment)}
    jobs = {one.metadata.name: (one.status.succeeded, [c.type for c in one.status.conditions]) for one in store.scan(Job)}
    return pods, replicas, jobs


EXPECTED = (
    Counter({("web", "web:2", "Running"): 5}),
    {"web": (5, 5)},
    {"build": (5, ["SuccessCriteriaMet", "Complete"])},
)


def test_undisturbed():
    simulation = started()
    simulation.run(until_us=END_S * S)
    assert end_state(simulation) == EXPECTED


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6).map(sorted))
def test_crashes_at_any_time_change_nothing_in_the_end(times):
    simulation = started()
    for time_s in times:
        simulation.run(until_us=time_s * S)
        crash(simulation)
    simulation.run(until_us=END_S * S)
    assert end_state(simulation) == EXPECTED


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 10)), max_size=6).map(sorted))
def test_a_watch_that_breaks_and_lists_anew_changes_nothing(breaks):
    simulation = started()
    for time_s, position in breaks:
        simulation.run(until_us=time_s * S)
        if isinstance(simulation.plane.clients[position % len(simulation.plane.clients)], ControllerRuntime):
            simulation.plane.relist(position % len(simulation.plane.clients))
        simulation.extend([Delete(simulation.now_us, "Pod", "nobody", "default")])
    simulation.run(until_us=END_S * S)
    assert end_state(simulation) == EXPECTED
