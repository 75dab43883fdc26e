"""Replaying the openb trace: how its pods become a timeline.

The recording is not at the scale of its cluster: at any moment at most 56 of its 8,152 pods existed together, so that replayed at their
times (`timing="recorded"`) they fill one percent of it. The published experiment therefore lets all arrive and none leave (`"filling"`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from binpack.errors import ConfigurationError, TraceError
from binpack.model.node import Node
from binpack.sim.streams import stream
from binpack.sim.timeline import Apply, TimelineEvent
from binpack.units import US_PER_HOUR, US_PER_S
from workloads.traces.openb import GPU_CARD_MODEL, GPU_COUNT, MILLI_PER_DEVICE, OpenbPod, pod_list, pod_object, read_nodes, read_pods
from workloads.workload import Generated

T = TypeVar("T")


@dataclass(frozen=True)
class OpenbReplay:
    """How the trace becomes a run.

    Parameters
    ----------
    nodes : str
        Node list: `gpu_node` or `all_node`.
    pods : str
        Variant of the pod list: `default`, `cpu250`, `gpushare100`, `gpuspec33`, `multigpu50`, ...
    timing : {"filling", "recorded", "turnover"}
        One pod a second of which none ends; as recorded, each pod running as long as it did; or pods drawn from the list that arrive at
        random and run for an exponential time.
    speed : float
        Recorded arrivals come this many times faster; run times stay.
    order : {"recorded", "shuffled"}
        Shuffled by the seed; only for filling.
    share : float
        A share of the nodes and of the pods, drawn by the seed; 1: all.
    load_percent : float
        Only for turnover: what the pods would ask of all devices, on average, if all were placed at once.
    lifetime_s : float
        Only for turnover: how long a pod runs, on average.
    span_h : float
        Only for turnover: how long pods arrive.
    lenient : bool
        Leave out rows that contradict themselves or the nodes, and count them in the notes, instead of stopping at the first.
    """

    nodes: str = "gpu_node"
    pods: str = "default"
    timing: Literal["filling", "recorded", "turnover"] = "filling"
    speed: float = 1.0
    order: Literal["recorded", "shuffled"] = "recorded"
    share: float = 1.0
    load_percent: float = 100.0
    lifetime_s: float = 3600.0
    span_h: float = 8.0
    lenient: bool = False

    def __post_init__(self) -> None:
        for name in ("load_percent", "lifetime_s", "span_h"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"openb: {name} {getattr(self, name):g} (accepted: a number above 0)")
        if self.speed <= 0:
            raise ConfigurationError(f"openb: speed {self.speed:g} (accepted: a number above 0)")
        if not 0 < self.share <= 1:
            raise ConfigurationError(f"openb: share {self.share:g} (accepted: above 0, up to 1)")
        if self.order == "shuffled" and self.timing != "filling":
            raise ConfigurationError(f'openb: order "shuffled" with timing "{self.timing}" (accepted: shuffled only with "filling")')


def replay(folder: Path, how: OpenbReplay, seed: int) -> Generated:
    """Turn the trace into a run: its nodes, and its pods as a timeline.

    Parameters
    ----------
    folder : Path
        As `trace_folder` finds it.
    how : OpenbReplay
    seed : int
        Draws the order and the share; without those it changes nothing.

    Raises
    ------
    TraceError
        If the trace is not as it should be; also, unless `lenient`, for a pod that no node's devices could ever serve.
    """
    nodes = read_nodes(folder, how.nodes)
    pods, notes = servable_pods(folder, nodes, how)
    generator = stream(seed, "trace/openb/share")
    nodes = _sampled(nodes, how.share, generator)
    if how.timing == "turnover":
        events = _turnover(pods, nodes, how, stream(seed, "trace/openb/turnover"))
        name, span_us = f"openb/{how.pods}/turnover", int(how.span_h * US_PER_HOUR)
        return Generated(name=name, nodes=tuple(nodes), events=tuple(events), span_us=span_us, notes=notes)
    pods = _sampled(pods, how.share, generator)
    if how.order == "shuffled":
        pods = [pods[index] for index in stream(seed, "trace/openb/order").permutation(len(pods))]
    events = _recorded(pods, how.speed) if how.timing == "recorded" else _filling(pods)
    span_us = (events[-1].time_us if events else 0) + US_PER_S
    return Generated(name=f"openb/{how.pods}", nodes=tuple(nodes), events=tuple(events), span_us=span_us, notes=notes)


def _filling(pods: Sequence[OpenbPod]) -> list[TimelineEvent]:
    """Let one pod arrive each second, for ever."""
    return [Apply(number * US_PER_S, pod_object(pod)) for number, pod in enumerate(pods)]


def _recorded(pods: Sequence[OpenbPod], speed: float) -> list[TimelineEvent]:
    """Let pods arrive when they did, from the first one on, and run as long as they did from their start.

    A pod that was never scheduled counts from its creation. One that was there when the recording ended does not end.
    """
    begin = min((pod.created_s for pod in pods), default=0)
    recording_end = max((pod.ended_s for pod in pods), default=0)
    events: list[TimelineEvent] = []
    for pod in sorted(pods, key=lambda pod: pod.created_s):
        started_s = pod.created_s if pod.started_s is None else pod.started_s
        seconds = None if pod.ended_s >= recording_end else max(pod.ended_s - started_s, 1)
        events.append(Apply(int((pod.created_s - begin) * US_PER_S / speed), pod_object(pod, seconds=seconds)))
    return events


def _turnover(pods: Sequence[OpenbPod], nodes: Sequence[Node], how: OpenbReplay, generator: np.random.Generator) -> list[TimelineEvent]:
    """Let pods arrive at random, each drawn from the list, and run for an exponential time."""
    devices = sum(node.status.capacity[GPU_COUNT].ceil_units() for node in nodes if GPU_COUNT in node.status.capacity)
    wanted = float(np.mean([pod.devices * pod.milli_per_device for pod in pods])) if pods else 0.0
    if devices == 0 or wanted == 0:
        raise TraceError('openb: timing "turnover" without devices (accepted: nodes with devices, and pods that ask for them)')
    present = how.load_percent / 100 * devices * MILLI_PER_DEVICE / wanted
    count = int(generator.poisson(present * how.span_h * 3600 / how.lifetime_s))
    times_us = np.sort(generator.integers(0, int(how.span_h * US_PER_HOUR), count))
    drawn = generator.integers(0, len(pods), count)
    seconds = np.maximum(np.rint(generator.exponential(how.lifetime_s, count)), 1).astype(np.int64)
    return [
        Apply(int(time_us), pod_object(dataclasses.replace(pods[index], name=f"{pods[index].name}-{number}"), seconds=int(length)))
        for number, (time_us, index, length) in enumerate(zip(times_us, drawn, seconds, strict=True))
    ]


def servable_pods(folder: Path, nodes: Sequence[Node], how: OpenbReplay) -> tuple[list[OpenbPod], dict[str, int]]:
    """Read the pods that some node's devices could serve; report, or count by column, the others.

    Returns
    -------
    list[OpenbPod], dict[str, int]
        The pods, and how many were left out by the column at fault.

    Raises
    ------
    TraceError
        For the first that no node could serve, unless `how.lenient`.
    """
    models = sorted({node.metadata.labels[GPU_CARD_MODEL] for node in nodes if GPU_CARD_MODEL in node.metadata.labels})
    most = max((node.status.capacity[GPU_COUNT].ceil_units() for node in nodes if GPU_COUNT in node.status.capacity), default=0)
    kept: list[OpenbPod] = []
    notes: dict[str, int] = {}
    timed = how.timing == "recorded"
    for pod in read_pods(folder, how.pods, times=timed):
        problem = _problem(pod, models, most, timed=timed)
        if problem is None:
            kept.append(pod)
        elif how.lenient:
            notes[problem[0]] = notes.get(problem[0], 0) + 1
        else:
            raise TraceError(f"{pod_list(folder, how.pods)}, line {pod.line}, column {problem[0]}: {problem[1]}")
    return kept, notes


def _problem(pod: OpenbPod, models: Sequence[str], most_devices: int, *, timed: bool) -> tuple[str, str] | None:
    """Return the column and what is wrong with it, or None."""
    if pod.devices > most_devices:
        return "num_gpu", f'"{pod.devices}" (accepted: up to {most_devices}, the most that a node has)'
    if pod.devices and not 1 <= pod.milli_per_device <= MILLI_PER_DEVICE:
        return "gpu_milli", f'"{pod.milli_per_device}" (accepted: 1 to {MILLI_PER_DEVICE})'
    if pod.devices > 1 and pod.milli_per_device != MILLI_PER_DEVICE:
        return "gpu_milli", f'"{pod.milli_per_device}" on {pod.devices} devices (accepted: {MILLI_PER_DEVICE}; a share is of one device)'
    unknown = [model for model in pod.models if model not in models]
    if unknown and len(unknown) == len(pod.models):
        return "gpu_spec", f'"{"|".join(pod.models)}" names no model of the nodes (accepted: {", ".join(models)})'
    if timed and pod.ended_s < pod.created_s:
        return "deletion_time", f'"{pod.ended_s}" is before creation_time "{pod.created_s}" (accepted: not before it)'
    return None


def _sampled(items: list[T], share: float, generator: np.random.Generator) -> list[T]:
    """Draw a share without replacement, at least one, in the order of the list."""
    count = max(round(share * len(items)), 1)
    if count >= len(items):
        return items
    return [items[index] for index in np.sort(generator.permutation(len(items))[:count])]
