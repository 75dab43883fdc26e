"""A cluster at Kubernetes' stated limits, built through the control plane, and a rolling update of a part of it.

The limits are 5,000 nodes and 150,000 pods. Source: kubernetes.io/docs/setup/best-practices/cluster-large.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.micro.throughput import peak_mib
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.workloads import Deployment
from binpack.plugins import in_tree
from binpack.sim.simulation import Simulation
from binpack.sim.timeline import Apply
from binpack.testing.owners import deployment
from binpack.testing.pods import pod
from binpack.testing.values import ZONE
from binpack.units import US_PER_MINUTE
from workloads.pools import NodePool

REPLICAS = 100
BUILT_WITHIN_US = 30 * US_PER_MINUTE
UPDATED_AT_US = 60 * US_PER_MINUTE
STEP_US = 10 * US_PER_MINUTE
LAST_STEPS = 12
SHAPES = (("250m", "512Mi"), ("500m", "1Gi"), ("250m", "2Gi"), ("400m", "768Mi"))


class Phase(NamedTuple):
    """What one part of the run took.

    Parameters
    ----------
    seconds, cpu_seconds : float
        Wall time, and CPU time of this process.
    pods : int
        Created in it.
    writes, steps : int
        Requests that changed something, and steps of clients.
    us_a_pod : float
        CPU time.
    virtual_s : float
        How long it took in the cluster.
    """

    seconds: float
    cpu_seconds: float
    pods: int
    writes: int
    steps: int
    us_a_pod: float
    virtual_s: float


@dataclass(frozen=True)
class Scale:
    """What a large cluster costs.

    Parameters
    ----------
    nodes, pods, deployments, updated : int
        `updated` of the Deployments got a new image.
    building, updating : Phase
        From the first Deployment until all pods are Ready; from the new image until all pods of the new template are, and the old gone.
    events : int
        Lines of the event log.
    peak_mib : float
        The largest memory of the process.
    """

    nodes: int
    pods: int
    deployments: int
    updated: int
    building: Phase
    updating: Phase
    events: int
    peak_mib: float


def measure_scale(nodes: int, pods: int, *, share: float, seed: int, kernels: bool | None = None) -> Scale:
    """Build a cluster, update a share of its Deployments, and run until nothing is left to do.

    Parameters
    ----------
    nodes : int
        Of 16 cores, in three zones.
    pods : int
        In Deployments of 100, which arrive within half an hour. Those of each spread softly over zones.
    share : float
        Of the Deployments that get a new image, all at once, an hour after the start.
    seed : int
    kernels : bool or None
        Whether to decide with compiled kernels; None: if numba is installed.

    Raises
    ------
    RuntimeError
        If the cluster does not come to rest, or not with all its pods Ready.
    """
    wanted = [_service(number, min(REPLICAS, pods - REPLICAS * number), "1") for number in range(-(-pods // REPLICAS))]
    updated = wanted[:: max(round(1 / share), 1)]
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=seed, kernels=kernels)
    simulation.load(NodePool("general", "general-16", nodes).nodes())
    simulation.extend(Apply(number * BUILT_WITHIN_US // len(wanted), one) for number, one in enumerate(wanted))
    gc.collect()
    building = _timed(simulation, BUILT_WITHIN_US)
    simulation.run(until_us=UPDATED_AT_US - 1)
    simulation.extend(Apply(UPDATED_AT_US, _with_image(one, "2")) for one in updated)
    updating = _timed(simulation, UPDATED_AT_US)
    return Scale(
        nodes=nodes,
        pods=pods,
        deployments=len(wanted),
        updated=len(updated),
        building=building,
        updating=updating,
        events=len(simulation.result().events),
        peak_mib=peak_mib(),
    )


def _service(number: int, replicas: int, version: str) -> Deployment:
    name = f"service-{number:04d}"
    cpu, memory = SHAPES[number % len(SHAPES)]
    template = pod(name).label(app=name).request(cpu=cpu, memory=memory).image(f"registry.example.com/{name}:{version}")
    return deployment(name, template.spread(ZONE, max_skew=1, when="ScheduleAnyway", labels={"app": name}), replicas=replicas)


def _with_image(service: Deployment, version: str) -> Deployment:
    template = service.spec.template
    (container,) = template.spec.containers
    container = replace(container, image=f"{container.image.rpartition(':')[0]}:{version}")
    return replace(service, spec=replace(service.spec, template=replace(template, spec=replace(template.spec, containers=(container,)))))


def _timed(simulation: Simulation, first_us: int) -> Phase:
    """Run to a time, and on until all Deployments are complete."""
    started, started_cpu, before_us = time.perf_counter(), time.process_time(), simulation.now_us
    before = simulation.result()
    for step in range(LAST_STEPS):
        run = simulation.run(until_us=first_us + step * STEP_US)
        if all(_is_complete(one) for one in simulation.store.scan(Deployment)):
            break
    else:
        waiting = sum(not _is_complete(one) for one in simulation.store.scan(Deployment))
        raise RuntimeError(f"{waiting} Deployments are not complete {LAST_STEPS * STEP_US // US_PER_MINUTE} minutes later")
    cpu_seconds, pods = time.process_time() - started_cpu, len(run.pod_rows) - len(before.pod_rows)
    return Phase(
        seconds=time.perf_counter() - started,
        cpu_seconds=cpu_seconds,
        pods=pods,
        writes=run.counters["writes"] - before.counters["writes"],
        steps=run.counters["client_steps"] - before.counters["client_steps"],
        us_a_pod=1e6 * cpu_seconds / max(pods, 1),
        virtual_s=(max(row.ready_us or 0 for row in run.pod_rows) - before_us) / 1e6,
    )


def _is_complete(one: Deployment) -> bool:
    """Tell whether all pods are of the present template and available, and no others are left (deployment_util.go, DeploymentComplete)."""
    wanted, status = one.spec.replicas, one.status
    return wanted == status.updated_replicas == status.replicas == status.available_replicas
