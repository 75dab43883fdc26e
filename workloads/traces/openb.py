"""The openb trace: GPU nodes and pods of a production cluster, as published with FGD (Weng et al., USENIX ATC 2023).

A device model of its own is not needed to read it: pods and nodes carry what GPU-share device plugins write (`alibabacloud.com/...`).
For plugins that know no devices, a pod's GPU request is projected onto one pooled number a node: `alibabacloud.com/gpu-milli`, the
sum over devices. That is a relaxation: four devices with 300 left each take a pod that needs one whole device.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from binpack.errors import TraceError
from binpack.model.meta import Condition, LabelSelectorRequirement, ObjectMeta
from binpack.model.node import Node, NodeStatus
from binpack.model.pod import (
    Affinity,
    Container,
    NodeAffinity,
    NodeSelector,
    NodeSelectorTerm,
    Pod,
    PodSpec,
    ResourceRequirements,
)
from binpack.model.quantity import Quantity
from binpack.testing.values import DURATION_ANNOTATION, HOSTNAME
from workloads.traces.table import TableRow, find_table, read_table

PUBLISHED = "data/csv of hkust-adsl/kubernetes-scheduler-simulator, and cluster-trace-gpu-v2023 of alibaba/clusterdata"
ENVIRONMENT_VARIABLE = "BINPACK_TRACES"

GPU_MILLI = "alibabacloud.com/gpu-milli"
GPU_COUNT = "alibabacloud.com/gpu-count"
GPU_CARD_MODEL = "alibabacloud.com/gpu-card-model"
MILLI_PER_DEVICE = 1000
PODS_PER_NODE = 1001
"""As in the published experiment, where it never binds."""

NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
POD_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
TIME_COLUMNS = ("creation_time", "deletion_time", "scheduled_time")


@dataclass(frozen=True)
class OpenbPod:
    """One recorded pod.

    Parameters
    ----------
    name : str
    cpu_milli, memory_mib : int
        Requests.
    devices : int
        GPU devices.
    milli_per_device : int
        1 to 1000 on each of them; below 1000 only with one device.
    models : tuple[str, ...]
        Allowed GPU models; none: any.
    created_s, ended_s : int
        Seconds since the start of the recording; 0 where the variant has no times.
    started_s : int, optional
        When it was scheduled, if it ever was.
    line : int
        Of the file.
    gpu_spec : str
        The allowed models as they are written, empty without devices.
    """

    name: str
    cpu_milli: int
    memory_mib: int
    devices: int
    milli_per_device: int
    models: tuple[str, ...]
    created_s: int
    ended_s: int
    started_s: int | None
    line: int
    gpu_spec: str = ""


def trace_folder(trace_dir: str | os.PathLike[str] | None = None) -> Path:
    """Find the folder of the trace: given, or in the environment variable BINPACK_TRACES; the folder `openb` or its parent.

    Raises
    ------
    TraceError
        If neither is given, or the folder is not there or not the trace's.
    """
    given, source = (trace_dir, "--trace-dir") if trace_dir is not None else (os.environ.get(ENVIRONMENT_VARIABLE), ENVIRONMENT_VARIABLE)
    if not given:
        raise TraceError(
            f"the openb trace is needed: give --trace-dir or set {ENVIRONMENT_VARIABLE} to its folder (published as {PUBLISHED})"
        )
    folder = Path(given)
    for candidate in (folder, folder / "openb"):
        if candidate.is_dir() and any(candidate.glob("openb_*_list_*.csv*")):
            return candidate
    problem = "holds no openb_node_list_*.csv or openb_pod_list_*.csv" if folder.is_dir() else "is not a folder"
    raise TraceError(f"{source}: {folder} {problem}, nor has it a folder openb that does (published as {PUBLISHED})")


def read_nodes(folder: Path, node_list: str = "gpu_node") -> list[Node]:
    """Read a node list: `gpu_node` or `all_node`.

    Raises
    ------
    TraceError
        If the file, a column or a value is not as it should be.
    """
    path = find_table(folder, f"openb_node_list_{node_list}", published=PUBLISHED)
    nodes: dict[str, Node] = {}
    for row in read_table(path, NODE_COLUMNS):
        name = row.name("sn")
        if name in nodes:
            raise row.error("sn", f'"{name}" is used twice (accepted: distinct names)')
        devices = row.integer("gpu", most=64)
        model = row.name("model") if devices else ""
        nodes[name] = _node(name, row.integer("cpu_milli", least=1), row.integer("memory_mib", least=1), devices, model)
    if not nodes:
        raise TraceError(f"{path}: no nodes (accepted: one row a node)")
    return list(nodes.values())


def read_pods(folder: Path, variant: str = "default", *, times: bool = False) -> list[OpenbPod]:
    """Read a pod list.

    Parameters
    ----------
    folder : Path
    variant : str
    times : bool
        Whether the recorded times are needed; the `multigpu` variants lack them.

    Raises
    ------
    TraceError
        If the file, a column or a value is not as it should be.
    """
    path = pod_list(folder, variant)
    pods: dict[str, OpenbPod] = {}
    for row in read_table(path, POD_COLUMNS + (TIME_COLUMNS if times else ())):
        pod = _pod_of(row)
        if pod.name in pods:
            raise row.error("name", f'"{pod.name}" is used twice (accepted: distinct names)')
        pods[pod.name] = pod
    if not pods:
        raise TraceError(f"{path}: no pods (accepted: one row a pod)")
    return list(pods.values())


def pod_list(folder: Path, variant: str) -> Path:
    """Find the file of a pod list.

    Raises
    ------
    TraceError
        If there is none of that variant; the message names those that there are.
    """
    stem = f"openb_pod_list_{variant}"
    if not any(folder.glob(f"{stem}.csv*")):
        there = sorted({path.name.split(".")[0].removeprefix("openb_pod_list_") for path in folder.glob("openb_pod_list_*.csv*")})
        raise TraceError(f'{folder}: no pod list "{variant}" (accepted: {", ".join(there)}; published as {PUBLISHED})')
    return find_table(folder, stem, published=PUBLISHED)


def pod_object(pod: OpenbPod, *, seconds: int | None = None) -> Pod:
    """Build the pod: annotations for plugins that know devices, the pooled request and model affinity for those that do not.

    Parameters
    ----------
    pod : OpenbPod
    seconds : int, optional
        How long it runs once started; None: until the end.
    """
    amounts = {"cpu": Quantity.milli(pod.cpu_milli)}
    if pod.memory_mib:
        amounts["memory"] = Quantity.parse(f"{pod.memory_mib}Mi")
    annotations = {} if seconds is None else {DURATION_ANNOTATION: f"{seconds}s"}
    affinity = None
    if pod.devices:
        amounts[GPU_MILLI] = Quantity.of(pod.devices * pod.milli_per_device)
        annotations |= {GPU_COUNT: str(pod.devices), GPU_MILLI: str(pod.milli_per_device)}
        if pod.models:
            annotations[GPU_CARD_MODEL] = "|".join(pod.models)
            affinity = _on_models(pod.models)
    container = Container(name="main", resources=ResourceRequirements(requests=amounts, limits=amounts))
    spec = PodSpec(containers=(container,), affinity=affinity, restart_policy="Always" if seconds is None else "Never")
    return Pod(metadata=ObjectMeta(name=pod.name, namespace="default", annotations=annotations), spec=spec)


def _on_models(models: tuple[str, ...]) -> Affinity:
    term = NodeSelectorTerm(match_expressions=(LabelSelectorRequirement(GPU_CARD_MODEL, "In", models),))
    return Affinity(node_affinity=NodeAffinity(required_during_scheduling_ignored_during_execution=NodeSelector((term,))))


def _node(name: str, cpu_milli: int, memory_mib: int, devices: int, model: str) -> Node:
    labels = {HOSTNAME: name}
    amounts = {
        "cpu": Quantity.milli(cpu_milli),
        "memory": Quantity.parse(f"{memory_mib}Mi"),
        "pods": Quantity.of(PODS_PER_NODE),
    }
    if devices:
        labels[GPU_CARD_MODEL] = model
        amounts |= {GPU_COUNT: Quantity.of(devices), GPU_MILLI: Quantity.of(devices * MILLI_PER_DEVICE)}
    ready = Condition(type="Ready", status="True", reason="KubeletReady")
    return Node(
        metadata=ObjectMeta(name=name, labels=labels),
        status=NodeStatus(capacity=amounts, allocatable=dict(amounts), conditions=(ready,)),
    )


def _pod_of(row: TableRow) -> OpenbPod:
    devices = row.integer("num_gpu", most=64)
    # The models of a pod without devices mean nothing; empty parts between bars neither.
    models = tuple(dict.fromkeys(part for part in row.text("gpu_spec").split("|") if part)) if devices else ()
    return OpenbPod(
        name=row.name("name"),
        cpu_milli=row.integer("cpu_milli"),
        memory_mib=row.integer("memory_mib"),
        devices=devices,
        milli_per_device=row.integer("gpu_milli") if devices else 0,
        models=models,
        created_s=row.integer_or_none("creation_time") or 0,
        ended_s=row.integer_or_none("deletion_time") or 0,
        started_s=row.integer_or_none("scheduled_time"),
        line=row.line,
        gpu_spec=row.text("gpu_spec") if devices else "",
    )
