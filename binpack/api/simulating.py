"""What happens over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from binpack.sim.run import Run


def simulate(scenario: str | Path, *, seed: int | None = None) -> Run:
    """Run a scenario file in virtual time: a cluster, manifests applied at virtual times, faults, a scheduler's configuration.

    Parameters
    ----------
    scenario : str or Path
        YAML; docs/reference/simulation.md describes it.
    seed : int, optional
        In place of the file's.

    Returns
    -------
    Run
        The event log, and the tables `pods`, `cluster` and `nodes`, each with `to_pandas()`. The same scenario and seed give the same
        bytes.

    Raises
    ------
    ConfigurationError
        One line a problem of the file.
    ManifestError
        If a file that it names is wrong.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "scenario.yaml"
    >>> _ = file.write_text('''
    ... apiVersion: binpack.dev/v1
    ... kind: Scenario
    ... duration: 1m
    ... cluster: {nodePools: [{name: general, count: 2, capacity: {cpu: 4, memory: 16Gi}}]}
    ... timeline:
    ...   - at: 10s
    ...     apply: [{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: main, image: web}]}}]
    ... ''')
    >>> run = simulate(file)
    >>> [(row.pod, row.node) for row in run.pod_rows]
    [('web', 'general-000')]
    """
    from binpack.sim.scenario import load_scenario, run_scenario

    loaded = load_scenario(scenario)
    return run_scenario(loaded if seed is None else loaded.with_seed(seed))
