"""The target workload of the fragmentation measure: the most frequent kinds of pods, each with its share.

Source: "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", Weng et al., USENIX ATC 2023.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from binpack.model.devices import DeviceRequest

DEFAULT_THRESHOLD_PERCENT = 95


@dataclass(frozen=True, slots=True, order=True)
class PodGroup:
    """A kind of pods.

    Parameters
    ----------
    cpu_milli : int
    gpu_milli : int
        Of each device; 0 without devices.
    gpu_count : int
        Devices.
    gpu_models : str
        Accepted models joined by `|`, as written: "A|B" and "B|A" are two kinds. Empty: any.
    """

    cpu_milli: int
    gpu_milli: int = 0
    gpu_count: int = 0
    gpu_models: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """Accepted models; none: any."""
        return tuple(part for part in self.gpu_models.split("|") if part)


@dataclass(frozen=True, slots=True)
class TypicalPod:
    """A kind that is kept.

    Parameters
    ----------
    group : PodGroup
    count : int
        Pods of the kind.
    popularity : float
        Its share of the pods of all kinds that are kept.
    """

    group: PodGroup
    count: int
    popularity: float


def group_of(cpu_milli: int, request: DeviceRequest | None) -> PodGroup:
    """Return the kind of a pod."""
    if request is None:
        return PodGroup(cpu_milli)
    return PodGroup(cpu_milli, request.milli, request.count, "|".join(request.models))


def count_groups(groups: Iterable[PodGroup]) -> dict[PodGroup, int]:
    """Count pods by kind."""
    return dict(Counter(groups))


def typical_pods(counts: Mapping[PodGroup, int], *, threshold_percent: float = DEFAULT_THRESHOLD_PERCENT) -> tuple[TypicalPod, ...]:
    """Keep the most frequent kinds until they make up a share of all pods.

    Parameters
    ----------
    counts : Mapping[PodGroup, int]
    threshold_percent : float
        Kinds are taken, most frequent first, until they are at least this share. Equal counts: the largest kind first.

    Examples
    --------
    >>> kept = typical_pods({PodGroup(1000): 6, PodGroup(2000, 500, 1): 3, PodGroup(4000): 1}, threshold_percent=90)
    >>> [(pod.group.cpu_milli, round(pod.popularity, 3)) for pod in kept]
    [(1000, 0.667), (2000, 0.333)]
    """
    everyone = sum(counts.values())
    kept: list[tuple[PodGroup, int]] = []
    so_far = 0
    for group, count in sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True):
        if so_far * 100 >= threshold_percent * everyone:
            break
        kept.append((group, count))
        so_far += count
    return tuple(TypicalPod(group, count, (count / everyone) / (so_far / everyone)) for group, count in kept)
