"""Named workloads, sized so that one run takes seconds: at most 150 nodes, one to two thousand pods, 60 to 85 % requested at the peak."""

from __future__ import annotations

from collections.abc import Callable

from binpack.errors import ConfigurationError
from binpack.model.node import Taint
from binpack.testing.owners import priority_class
from binpack.testing.values import ZONE
from binpack.units import US_PER_HOUR
from workloads.arrivals import Bursts, Diurnal, Poisson, Population
from workloads.batches import BarePods, Batches
from workloads.constraints import Apart, InClass, InSome, OneOf, Selects, Share, Spread, Together, Tolerates
from workloads.distributions import BoundedPareto, Choice, Exponential, LogNormal, LogUniform, Uniform
from workloads.lifetimes import Lasting, PartlyEndless
from workloads.pools import POOL, NodePool
from workloads.services import NowAndThen, Services, WithTheDay
from workloads.shapes import Catalogue, CpuAndMemory, Mixture, Size
from workloads.workload import Workload

ZONES = ("zone-a", "zone-b", "zone-c")
BURST = BoundedPareto(1.2, 2, 12)
REPLICAS = BoundedPareto(alpha=1.0, low=1, high=14)
SMALL_TO_LARGE = CpuAndMemory(LogUniform(250, 6_000), LogUniform(1.5, 7), cpu_step_milli=50)
OFFERED_SIZES = Catalogue(
    (
        Size(250, 512),
        Size(500, 2_048),
        Size(1_000, 4_096),
        Size(2_000, 4_096),
        Size(2_000, 16_384),
        Size(4_000, 16_384),
        Size(7_000, 24_576),
    ),
    (2, 4, 5, 4, 2, 2, 1),
)
HEAVY_TAIL = CpuAndMemory(BoundedPareto(alpha=1.0, low=400, high=8_000), Choice((2, 4, 7), (3, 5, 2)), cpu_step_milli=100)
# No larger than a machine of 8 cores and 32 GiB can hold.
HEAVY_TAIL_BELOW_8_CORES = CpuAndMemory(BoundedPareto(alpha=1.0, low=400, high=6_500), Choice((2, 4), (3, 5)), cpu_step_milli=100)


def steady() -> Workload:
    """Services that come and go at a steady rate, and Jobs with heavy-tailed durations, on equal nodes."""
    return Workload(
        name="steady",
        description="services and heavy-tailed Jobs at a steady rate, on 90 equal nodes",
        span_us=6 * US_PER_HOUR,
        pools=(NodePool("general", "general-16", 90),),
        sources=(
            Services(
                "base", Population(190, within_s=600), REPLICAS, SMALL_TO_LARGE, lifetime=PartlyEndless(0.5, Lasting(Exponential(4 * 3600)))
            ),
            Services("service", Poisson(16), REPLICAS, OFFERED_SIZES, lifetime=Lasting(LogNormal(2 * 3600, 0.8))),
            Batches("job", Poisson(30), BoundedPareto(1.0, 1, 16), HEAVY_TAIL, Lasting(BoundedPareto(0.9, 120, 2 * 3600))),
        ),
    )


def diurnal() -> Workload:
    """A day: services scaled with the hour, Jobs mostly at night."""
    return Workload(
        name="diurnal",
        description="one day: services scaled with the hour and now and then rolled out, Jobs mostly at night, on 110 nodes of two types",
        span_us=24 * US_PER_HOUR,
        pools=(NodePool("general", "general-16", 80), NodePool("large", "general-32", 30)),
        sources=(
            Services(
                "web",
                Population(80, within_s=300),
                BoundedPareto(alpha=0.8, low=2, high=24),
                OFFERED_SIZES,
                scaling=WithTheDay(amplitude=0.5, peak_hour=14, every_minutes=90),
            ),
            Services(
                "backend", Population(60, within_s=300), BoundedPareto(alpha=0.9, low=1, high=12), SMALL_TO_LARGE, rollouts=Poisson(0.01)
            ),
            Batches(
                "nightly",
                Diurnal(7, amplitude=0.9, peak_hour=2),
                BoundedPareto(1.0, 1, 12),
                HEAVY_TAIL,
                Lasting(BoundedPareto(0.8, 600, 4 * 3600)),
            ),
        ),
    )


def mixed_constraints() -> Workload:
    """Pools for different uses; a share of the pods with affinity, tolerations, spread and priorities; bursts of Jobs."""
    spot = (Selects(POOL, "spot"), Tolerates("example.com/spot", "true", "NoSchedule"))
    importance = OneOf(((2, (InClass("critical"),)), (5, (InClass("standard"),)), (3, ())))
    return Workload(
        name="mixed-constraints",
        description="96 nodes in four pools; zones, spread, (anti-)affinity, tolerations, priorities for a share of pods; Jobs in bursts",
        span_us=6 * US_PER_HOUR,
        pools=(
            NodePool("general", "general-16", 44),
            NodePool("memory", "memory-16", 18),
            NodePool("compute", "compute-32", 10),
            NodePool("spot", "general-8", 24, spot=True, taints=(Taint("example.com/spot", "true", "NoSchedule"),)),
        ),
        objects=(priority_class("critical", 100_000), priority_class("standard", 1_000)),
        sources=(
            Services(
                "service",
                Population(185, within_s=900),
                REPLICAS,
                Mixture(((0.6, OFFERED_SIZES), (0.4, SMALL_TO_LARGE))),
                lifetime=PartlyEndless(0.5, Lasting(Exponential(4 * 3600))),
                constraints=(
                    importance,
                    Share(0.35, (Spread(ZONE, max_skew=1),)),
                    Share(0.20, (InSome(ZONES, ZONE, count=2),)),
                    Share(0.15, (Apart(),)),
                    Share(0.10, (Apart(weight=50),)),
                    Share(0.10, (Together(ZONE, weight=80),)),
                    Share(0.10, (Spread("kubernetes.io/hostname", max_skew=2, when="ScheduleAnyway"),)),
                    Share(0.15, (InSome(("general", "compute"), POOL, weight=60),)),
                ),
                scaling=NowAndThen(Poisson(0.15), Uniform(0.5, 1.6)),
                rollouts=Poisson(0.02),
            ),
            Services(
                "database",
                Population(14, within_s=900),
                Choice((1, 3), (1, 2)),
                CpuAndMemory(LogUniform(1_000, 5_000), LogUniform(6, 9)),
                constraints=(InClass("critical"), Selects(POOL, "memory"), Apart(), Spread(ZONE, max_skew=1, when="ScheduleAnyway")),
            ),
            Services(
                "arrival",
                Poisson(10),
                REPLICAS,
                OFFERED_SIZES,
                lifetime=Lasting(LogNormal(2 * 3600, 0.8)),
                constraints=(importance, Share(0.3, (Spread(ZONE, max_skew=1),))),
            ),
            Batches(
                "batch",
                Bursts(1.5, BURST, within_s=120),
                BoundedPareto(1.0, 1, 10),
                HEAVY_TAIL,
                Lasting(BoundedPareto(0.9, 120, 2 * 3600)),
                constraints=(Share(0.4, (InClass("standard"),)),),
            ),
            Batches(
                "spot-batch",
                Bursts(1.5, BURST, within_s=120),
                BoundedPareto(1.0, 1, 10),
                HEAVY_TAIL_BELOW_8_CORES,
                Lasting(BoundedPareto(0.9, 120, 2 * 3600)),
                constraints=spot,
            ),
            BarePods(
                "task",
                Poisson(30),
                HEAVY_TAIL_BELOW_8_CORES,
                Lasting(LogNormal(900, 1.0)),
                constraints=(Tolerates("example.com/spot"), Share(0.5, spot)),
            ),
        ),
    )


def small() -> Workload:
    """A dozen nodes and an hour, with a little of everything; for tests and first steps."""
    return Workload(
        name="small",
        description="12 nodes and an hour, with a little of everything",
        span_us=US_PER_HOUR,
        pools=(
            NodePool("general", "general-8", 9),
            NodePool("spot", "general-8", 3, spot=True, taints=(Taint("example.com/spot", "true", "NoSchedule"),)),
        ),
        objects=(priority_class("critical", 100_000),),
        sources=(
            Services(
                "service",
                Population(12, within_s=60),
                BoundedPareto(1.0, 1, 6),
                OFFERED_SIZES,
                constraints=(Share(0.4, (Spread(ZONE),)), Share(0.3, (InClass("critical"),)), Share(0.3, (Apart(weight=50),))),
                scaling=NowAndThen(Poisson(1), Uniform(0.5, 2)),
                rollouts=Poisson(0.3),
            ),
            Batches(
                "job",
                Poisson(10),
                Choice((1, 2, 4)),
                HEAVY_TAIL_BELOW_8_CORES,
                Lasting(BoundedPareto(1.0, 60, 1800)),
                constraints=(Share(0.5, (Tolerates("example.com/spot"),)),),
            ),
        ),
    )


PRESETS: dict[str, Callable[[], Workload]] = {
    "steady": steady,
    "diurnal": diurnal,
    "mixed-constraints": mixed_constraints,
    "small": small,
}


def preset(name: str) -> Workload:
    """Return a named workload.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    """
    try:
        return PRESETS[name]()
    except KeyError:
        raise ConfigurationError(f'workload "{name}" does not exist (accepted: {", ".join(PRESETS)})') from None
