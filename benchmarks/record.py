"""What a results directory says about its suite: what was run, with which versions, by which command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.digest import source_digest
from benchmarks.matrix import RunSpec
from benchmarks.results_dir import SCHEMA_VERSION, ResultsDir
from benchmarks.suite import Suite
from binpack.errors import ConfigurationError
from binpack.model.base import from_builtins, to_builtins
from binpack.version import KUBERNETES_VERSION, __version__

if TYPE_CHECKING:
    import pandas as pd

DEPENDENCIES = ("numpy", "ortools", "highspy")


@dataclass(frozen=True)
class Finished:
    """A results directory, read.

    Parameters
    ----------
    suite : Suite
    document : dict
        All of `suite.json`.
    runs, samples : DataFrame
        One row a run; one row a run and instant. Of the suite's runs those that are finished.
    """

    suite: Suite
    document: dict[str, Any]
    runs: pd.DataFrame
    samples: pd.DataFrame


def describe_suite(suite: Suite, specs: Sequence[RunSpec], *, argument: str) -> dict[str, Any]:
    """Return what `suite.json` holds: nothing in it depends on the machine or on the time."""
    command = ["binpack", "bench", "run", argument, *(f"--seed={seed}" for seed in suite.seeds)]
    settings = {"seeds": ", ".join(map(str, suite.seeds)), "ties": suite.ties, "sources": source_digest()[:16]}
    if suite.optimum is not None:
        settings["solver limit"] = f"{suite.optimum.deterministic_limit:g} (deterministic units), {suite.optimum.instants} instants a run"
    return {
        "schema": SCHEMA_VERSION,
        "suite": {"name": suite.name, "description": suite.description, **to_builtins(suite)},
        "keys": [spec.key for spec in specs],
        "command": shlex.join(command),
        "settings": settings,
        "versions": {"binpack": __version__, "Kubernetes": KUBERNETES_VERSION} | {name: version(name) for name in DEPENDENCIES},
    }


def read_finished(path: Path) -> Finished:
    """Read the finished runs of a results directory.

    Raises
    ------
    ConfigurationError
        If it is none, or has no finished run.
    """
    directory = ResultsDir(path)
    document = directory.read_suite()
    done = directory.finished()
    keys = [key for key in document["keys"] if key in done]
    suite = from_builtins(document["suite"], Suite)
    return Finished(suite, document, _in_order(directory.runs(keys), suite), _in_order(directory.samples(keys), suite))


def check_policy(finished: Finished, name: str) -> str:
    """Return the name if it is one of the policies.

    Raises
    ------
    ConfigurationError
        If it is not.
    """
    policies = list(dict.fromkeys(finished.runs["policy"]))
    if name not in policies:
        raise ConfigurationError(f'policy "{name}" is not among the results (accepted: {", ".join(policies)})')
    return name


def check_column(finished: Finished, name: str) -> None:
    """Raise ConfigurationError unless the runs have a numeric column of that name."""
    numeric = [str(column) for column in finished.runs.select_dtypes("number").columns if column != "seed"]
    if name not in numeric:
        raise ConfigurationError(f'metric "{name}" is no column of the runs (accepted: {", ".join(numeric)})')


def _in_order(table: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Sort by workload, policy and seed as the suite lists them; what is of one run keeps its order."""
    workloads = {workload.name: position for position, workload in enumerate(suite.workloads)}
    policies = {policy.name: position for position, policy in enumerate(suite.policies)}
    keys = table.assign(_workload=table["workload"].map(workloads), _policy=table["policy"].map(policies))
    return table.loc[keys.sort_values(["_workload", "_policy", "seed"], kind="stable").index].reset_index(drop=True)
