"""A whole day of a cluster in the full control plane: what everything around the decisions costs."""

from __future__ import annotations

import gc
import hashlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.micro.throughput import peak_mib
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.workloads import DaemonSet, Deployment, Job
from binpack.plugins import in_tree
from binpack.scheduler.fast.scheduler import has_numba
from binpack.sim.faults import random_failures
from binpack.sim.run import EVENT_LOG_FILE
from binpack.sim.simulation import Simulation
from binpack.sim.timeline import Apply, FailNode, TimelineEvent
from binpack.testing.owners import daemon_set
from binpack.testing.pods import pod
from binpack.testing.values import HOSTNAME, ZONE
from binpack.units import US_PER_HOUR, US_PER_MINUTE
from workloads.arrivals import Diurnal, Population
from workloads.batches import Batches
from workloads.constraints import Share, Spread
from workloads.distributions import BoundedPareto, LogNormal, LogUniform
from workloads.lifetimes import Lasting
from workloads.pools import NodePool
from workloads.services import Services, WithTheDay
from workloads.shapes import CpuAndMemory
from workloads.workload import Workload, generate

DAY_US = 24 * US_PER_HOUR
SERVICES_SHARE = 0.1
PODS_A_JOB = 50
DAEMON_SETS = 3
"""As a cluster has for its network, its logs and its metrics."""


@dataclass(frozen=True)
class Day:
    """What a simulated day gave.

    Parameters
    ----------
    nodes, pods, workloads : int
        Pods that were created in all, and the Deployments, Jobs and DaemonSets that asked for them.
    bound, finished : int
        Pods that were bound; that ran to their end.
    node_failures : int
    kernels : bool
        Whether compiled kernels were allowed.
    seconds, cpu_seconds : float
        Of running and of writing the results, in wall time and in CPU time of this process.
    peak_mib : float
        The largest memory of the process.
    log_mib : float
        Size of the event log.
    log_sha256 : str
        Of its bytes, the same on every machine, with kernels and without, beside whatever else runs.
    counters : dict[str, int]
        Work done, the same on every machine.
    """

    nodes: int
    pods: int
    workloads: int
    bound: int
    finished: int
    node_failures: int
    kernels: bool
    seconds: float
    cpu_seconds: float
    peak_mib: float
    log_mib: float
    log_sha256: str
    counters: dict[str, int]


def day_workload(nodes: int, pods: int) -> Workload:
    """Describe a day without its DaemonSets: a tenth of the pods in Deployments scaled with the hour, the rest in Jobs at any time."""
    services = max(round(pods * SERVICES_SHARE / 2 / 12), 1)
    jobs_an_hour = pods * (1 - SERVICES_SHARE) / PODS_A_JOB / 24
    shape = CpuAndMemory(LogUniform(100, 1_900), LogUniform(1, 4), cpu_step_milli=50)
    spread = (Spread(ZONE, max_skew=1, when="ScheduleAnyway"), Spread(HOSTNAME, max_skew=1, when="ScheduleAnyway"))
    return Workload(
        name=f"day-{nodes}-{pods}",
        description=f"a day of {nodes} nodes and about {pods} pods",
        span_us=DAY_US,
        pools=(NodePool("general", "general-16", nodes // 2), NodePool("large", "general-32", nodes - nodes // 2)),
        sources=(
            Services(
                "service",
                Population(services, within_s=600),
                BoundedPareto(0.8, 4, 40),
                shape,
                constraints=(Share(0.5, spread),),
                scaling=WithTheDay(amplitude=0.5, every_minutes=60),
            ),
            Batches(
                "job",
                Diurnal(jobs_an_hour, amplitude=0.6),
                BoundedPareto(0.9, 15, 250),
                shape,
                Lasting(LogNormal(1_200, 1.0)),
                constraints=(Share(0.3, spread),),
            ),
        ),
    )


def simulated_day(nodes: int, pods: int, *, seed: int, kernels: bool | None = None) -> tuple[Simulation, list[TimelineEvent]]:
    """Return the day, about to begin, and what will happen in it."""
    drawn = generate(day_workload(nodes, max(pods - DAEMON_SETS * nodes, 1)), seed)
    agent = pod("agent").request(cpu="50m", memory="128Mi")
    agents = [Apply(0, daemon_set(f"agent-{number}", agent)) for number in range(DAEMON_SETS)]
    failures = random_failures(
        (node.metadata.name for node in drawn.nodes),
        between_failures_us=100 * DAY_US,
        to_repair_us=30 * US_PER_MINUTE,
        until_us=DAY_US,
        seed=seed,
    )
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=seed, kernels=kernels)
    simulation.load(drawn.nodes)
    events = [*agents, *drawn.events, *failures]
    simulation.extend(events)
    return simulation, events


def measure_day(nodes: int, pods: int, *, seed: int, kernels: bool | None = None) -> Day:
    """Simulate a day, with its event log and tables written to a temporary folder.

    Parameters
    ----------
    nodes : int
        Half of 16 cores, half of 32, in three zones; each fails once in 100 days and is back after half an hour, on average.
    pods : int
        About so many are created, a tenth of the rest by Deployments, after those that the DaemonSets run on each node.
    seed : int
    kernels : bool or None
        Whether to decide with compiled kernels; None: if numba is installed.
    """
    simulation, events = simulated_day(nodes, pods, seed=seed, kernels=kernels)
    gc.collect()
    gc.freeze()
    started, started_cpu = time.perf_counter(), time.process_time()
    run = simulation.run(until_us=DAY_US)
    with tempfile.TemporaryDirectory() as directory:
        run.write(directory)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
        log = Path(directory) / EVENT_LOG_FILE
        log_bytes = log.stat().st_size
        with log.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    gc.unfreeze()
    columns = run.pods.columns
    return Day(
        nodes=nodes,
        pods=len(columns["node"]),
        workloads=len(
            {one.object.metadata.name for one in events if isinstance(one, Apply) and isinstance(one.object, DaemonSet | Deployment | Job)}
        ),
        bound=sum(bound is not None for bound in columns["scheduled_us"]),
        finished=sum(phase == "Succeeded" for phase in columns["phase"]),
        node_failures=sum(isinstance(event, FailNode) for event in events),
        kernels=has_numba() if kernels is None else kernels,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_mib=peak_mib(),
        log_mib=log_bytes / (1 << 20),
        log_sha256=digest,
        counters=dict(run.counters),
    )
