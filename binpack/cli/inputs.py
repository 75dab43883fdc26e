"""What a user gives a command: a dump or manifests of a cluster, further manifests, and a scheduler's configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from binpack.cli.notes import note, warn
from binpack.errors import ManifestError
from binpack.manifests import read_objects
from binpack.model.node import Node
from binpack.model.objects import Objects
from binpack.model.references import missing_references

if TYPE_CHECKING:
    from binpack.framework.resolution import ResolvedConfiguration

STANDARD_INPUT = Path("-")


class ClusterInput(NamedTuple):
    """A cluster as it was given.

    Parameters
    ----------
    objects : Objects
    warnings : tuple[str, ...]
        What may make an answer wrong: workloads whose pods are not made, objects that are referred to and lacking.
    """

    objects: Objects
    warnings: tuple[str, ...]

    def tell(self) -> None:
        """Say on standard error what was skipped and what is lacking."""
        if skipped := self.objects.skipped_line():
            note(skipped)
        warn(self.warnings)


def read_cluster(
    cluster: Sequence[Path], pods: Sequence[Path] = (), *, config: Path | None = None, evictions: bool = False
) -> ClusterInput:
    """Read a cluster and further manifests; what was written by hand is completed as a cluster would complete it.

    Parameters
    ----------
    cluster : sequence of Path
        Dumps are taken as they are; the documents of manifests are taken as new where no API server has seen them.
    pods : sequence of Path
        Manifests, validated as the API server would; all of it is new.
    config : Path, optional
        Only to notice that two things are to be read from standard input.
    evictions : bool
        Whether pods may have to go: then the lack of disruption budgets is worth a warning.

    Raises
    ------
    ManifestError
        If something cannot be read, is given twice or refused, or if there is no node.
    """
    if [*cluster, *pods, config].count(STANDARD_INPUT) > 1:
        raise ManifestError("-: standard input can be read only once (accepted: - for one of the options)")
    read = read_objects(cluster, pods)
    if not read.objects.of(Node):
        places = ", ".join(map(str, cluster))
        raise ManifestError(
            f"{places}: no node among {len(read.objects)} objects (accepted: a dump with nodes, as `kubectl get nodes,pods -A -o json`)"
        )
    return ClusterInput(read.objects, (*read.warnings, *missing_references(read.objects, evictions=evictions)))


def read_scheduler(config: Path | None) -> ResolvedConfiguration | None:
    """Read the scheduler's configuration, if one is given."""
    from binpack.api import read_configuration

    return None if config is None else read_configuration(config)
