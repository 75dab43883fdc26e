"""A suite: workloads × policies × seeds, and which bounds to compute. One YAML file is one experiment."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path
from typing import Any

from binpack.errors import ConfigurationError
from binpack.framework.defaults import API_VERSION, KIND
from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration, resolve_document
from binpack.model.base import StrictStruct, field
from binpack.model.strict import decode_strictly
from binpack.model.yaml import load_documents
from binpack.plugins import in_tree
from binpack.scheduler.ties import Ties
from workloads.presets import PRESETS
from workloads.traces.openb_replay import OpenbReplay

SUITE_VERSION = "binpack.dev/v1"
SUITE_KIND = "Suite"


class OpenbSpec(StrictStruct, frozen=True):
    """A replay of the openb GPU trace; the fields are those of `workloads.traces.openb_replay.OpenbReplay`, and one more.

    With `devices`, GPU shares come out of devices: GpuShare filters, and a policy named by `score` may choose devices.
    """

    nodes: str = "gpu_node"
    pods: str = "default"
    timing: str = "filling"
    speed: float = 1.0
    order: str = "recorded"
    share: float = 1.0
    load_percent: float = 100.0
    lifetime_s: float = 3600.0
    span_h: float = 8.0
    lenient: bool = False
    devices: bool = False

    def replay(self) -> OpenbReplay:
        """Return how the trace becomes a run."""
        fields = {entry.name for entry in dataclasses.fields(OpenbReplay)}
        return OpenbReplay(**{name: getattr(self, name) for name in fields})


class FillingSpec(StrictStruct, frozen=True):
    """The FGD experiment on the openb trace: pods arrive until they ask for a multiple of the cluster's devices, and none leaves.

    Parameters
    ----------
    pods : str
        The variant of the pod list.
    load_percent : float
        Pods arrive until they ask for this share of all devices.
    ties : str
        In place of the suite's.
    memory : bool
        False: memory is not looked at.
    float_scores : bool
        FGD compares its scores before they are truncated.
    threshold_percent : float
        FGD's typical pods are this share of all.
    lenient : bool
        Leave out rows that no node could serve.
    bound : bool
        Prove the most that any placement of the same pods could allot, and look for the best one.
    """

    pods: str = "default"
    load_percent: float = 130.0
    ties: str = ""
    memory: bool = True
    float_scores: bool = False
    threshold_percent: float = 95.0
    lenient: bool = False
    bound: bool = False


class WorkloadSpec(StrictStruct, frozen=True):
    """Where a workload comes from: a preset by name, a replay of the openb trace, or the FGD experiment on it.

    Parameters
    ----------
    name : str
        In tables and plots.
    preset : str
        One of `workloads.presets.PRESETS`.
    openb : OpenbSpec or None
    filling : FillingSpec or None
    policies : tuple[str, ...]
        Only these of the suite's policies; none: all.
    seeds : tuple[int, ...]
        Only these of the suite's seeds; none: all.
    """

    name: str
    preset: str = ""
    openb: OpenbSpec | None = None
    filling: FillingSpec | None = None
    policies: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()

    def takes(self, policy: PolicySpec, seed: int) -> bool:
        """Whether it is run with a policy and a seed."""
        return (not self.policies or policy.name in self.policies) and (not self.seeds or seed in self.seeds)


class PolicySpec(StrictStruct, frozen=True):
    """A scheduler's configuration.

    Parameters
    ----------
    name : str
        In tables and plots.
    score : str
        Score with this plugin alone; filters stay kube-scheduler's. Not together with `configuration`.
    configuration : dict
        A KubeSchedulerConfiguration without its header; empty: kube-scheduler's default.
    """

    name: str
    score: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the whole KubeSchedulerConfiguration; all nodes are scored unless it says otherwise."""
        header = {"apiVersion": API_VERSION, "kind": KIND, "percentageOfNodesToScore": 100}
        if self.score:
            alone = {"score": {"disabled": [{"name": "*"}], "enabled": [{"name": self.score}]}}
            return header | {"profiles": [{"plugins": alone}]}
        return header | self.configuration

    def resolve(self, registry: Registry, *, source: str = "") -> ResolvedConfiguration:
        """Check and resolve the configuration.

        Raises
        ------
        ConfigurationError
            All problems at once.
        """
        return resolve_document(self.document(), registry, source=source)


class OptimumSpec(StrictStruct, frozen=True):
    """What each run is compared with: the fewest nodes for the very pods that run, at fixed instants.

    Parameters
    ----------
    instants : int
        How many, evenly spread over the span: at (i + 1) / (instants + 1) of it.
    deterministic_limit : float
        Of the solver, a machine-independent measure of work; no wall-clock limit, so that results are the same anywhere.
    """

    instants: int = 5
    deterministic_limit: float = 1.0


class Suite(StrictStruct, frozen=True):
    """One experiment.

    Parameters
    ----------
    name, description : str
    workloads : tuple[WorkloadSpec, ...]
    policies : tuple[PolicySpec, ...]
    seeds : tuple[int, ...]
        The same seed gives every policy the same arrivals.
    ties : str
        How equal totals are decided (`binpack list ties`).
    baseline : str
        The policy that the others are compared with, pair by pair.
    optimum : OptimumSpec or None
        None: no bounds are computed.
    further : tuple[str, ...]
        Suites that come with the package and carry this one further: its report has their sections, where their results lie beside it.
    """

    name: str
    workloads: tuple[WorkloadSpec, ...]
    policies: tuple[PolicySpec, ...]
    seeds: tuple[int, ...]
    api_version: str = SUITE_VERSION
    kind: str = SUITE_KIND
    description: str = ""
    ties: str = "first"
    baseline: str = ""
    optimum: OptimumSpec | None = None
    further: tuple[str, ...] = ()

    @property
    def is_filling(self) -> bool:
        """Whether it is the FGD experiment: then all its workloads are."""
        return self.workloads[0].filling is not None


def suite_names() -> tuple[str, ...]:
    """Return the suites that come with the package, sorted."""
    folder = resources.files("benchmarks").joinpath("suites")
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_suite(name_or_path: str) -> Suite:
    """Read a suite: one that comes with the package by its name, or a YAML file.

    Raises
    ------
    ConfigurationError
        One line a problem, each with the file, the field's path, the value seen and what is accepted.
    """
    if name_or_path in suite_names():
        text = resources.files("benchmarks").joinpath("suites", f"{name_or_path}.yaml").read_text(encoding="utf-8")
        return parse_suite(text, source=f"{name_or_path}.yaml")
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        raise ConfigurationError(f'no suite "{name_or_path}" (accepted: {", ".join(suite_names())}, or the path of a YAML file)')
    return parse_suite(path.read_text(encoding="utf-8"), source=str(path))


def parse_suite(text: str, *, source: str) -> Suite:
    """Read and check a suite from YAML text."""
    documents = load_documents(text, source)
    if len(documents) != 1:
        raise ConfigurationError(f"{source}: {len(documents)} documents (accepted: one suite a file)")
    decoded = decode_strictly(documents[0], Suite)
    problems = [f"{source}: {error}" for error in decoded.errors]
    if decoded.value is None or problems:
        raise ConfigurationError(*problems)
    problems = list(_problems(decoded.value, source))
    if problems:
        raise ConfigurationError(*problems)
    return decoded.value


def _problems(suite: Suite, source: str) -> list[str]:
    problems = []
    if (suite.api_version, suite.kind) != (SUITE_VERSION, SUITE_KIND):
        seen = f"{suite.api_version}, {suite.kind}"
        problems.append(f"{source}: apiVersion, kind: {seen} (accepted: {SUITE_VERSION}, {SUITE_KIND})")
    for path, names in (("workloads", [w.name for w in suite.workloads]), ("policies", [p.name for p in suite.policies])):
        if not names:
            problems.append(f"{source}: {path}: empty (accepted: at least one)")
        problems += [f'{source}: {path}: name "{name}" is used twice' for name in sorted({n for n in names if names.count(n) > 1})]
    if not suite.seeds or len(set(suite.seeds)) != len(suite.seeds) or min(suite.seeds, default=0) < 0:
        problems.append(f"{source}: seeds: {list(suite.seeds)} (accepted: distinct whole numbers from 0 on, at least one)")
    if suite.ties not in list(Ties):
        problems.append(f'{source}: ties: "{suite.ties}" (accepted: {", ".join(Ties)})')
    if suite.baseline and suite.baseline not in [policy.name for policy in suite.policies]:
        problems.append(
            f'{source}: baseline: "{suite.baseline}" is none of the policies (accepted: {", ".join(p.name for p in suite.policies)})'
        )
    for index, workload in enumerate(suite.workloads):
        problems += _workload_problems(workload, f"{source}: workloads[{index}]")
        names = [policy.name for policy in suite.policies]
        unknown = [name for name in workload.policies if name not in names]
        problems += [f'{source}: workloads[{index}].policies: "{name}" (accepted: {", ".join(names)})' for name in unknown]
    if 0 < sum(workload.filling is not None for workload in suite.workloads) < len(suite.workloads):
        problems.append(f"{source}: workloads: some with filling and some without (accepted: all or none)")
    others = [name for name in suite_names() if name != suite.name]
    problems += [f'{source}: further: "{name}" (accepted: {", ".join(others)})' for name in suite.further if name not in others]
    if suite.further and suite.workloads and not suite.is_filling:
        problems.append(f"{source}: further: only reports of filling have such sections (accepted: nothing here)")
    registry = Registry(in_tree())
    for index, policy in enumerate(suite.policies):
        problems += _policy_problems(policy, registry, f"{source}: policies[{index}]")
    return problems


def _workload_problems(workload: WorkloadSpec, path: str) -> list[str]:
    if (workload.preset != "") + (workload.openb is not None) + (workload.filling is not None) != 1:
        return [f"{path}: exactly one of preset, openb and filling has to be given"]
    if workload.filling is not None:
        return _filling_problems(workload.filling, f"{path}.filling")
    if workload.preset and workload.preset not in PRESETS:
        return [f'{path}.preset: "{workload.preset}" (accepted: {", ".join(PRESETS)})']
    return []


def _filling_problems(filling: FillingSpec, path: str) -> list[str]:
    problems = []
    if filling.load_percent <= 0:
        problems.append(f"{path}.loadPercent: {filling.load_percent:g} (accepted: above 0)")
    if filling.ties and filling.ties not in list(Ties):
        problems.append(f'{path}.ties: "{filling.ties}" (accepted: {", ".join(Ties)})')
    if not 0 < filling.threshold_percent <= 100:
        problems.append(f"{path}.thresholdPercent: {filling.threshold_percent:g} (accepted: above 0, up to 100)")
    return problems


def _policy_problems(policy: PolicySpec, registry: Registry, path: str) -> list[str]:
    if policy.score and policy.configuration:
        return [f"{path}: score and configuration cannot both be given"]
    try:
        policy.resolve(registry, source=path)
    except ConfigurationError as error:
        return list(error.problems)
    return []
