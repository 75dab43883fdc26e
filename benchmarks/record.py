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
    return Finished(from_builtins(document["suite"], Suite), document, directory.runs(keys), directory.samples(keys))


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
