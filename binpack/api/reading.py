"""Objects and configurations from files."""

from __future__ import annotations

import warnings
from pathlib import Path

from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration
from binpack.framework.resolution import read_configuration as read_with
from binpack.manifests import Paths, read_objects
from binpack.model.objects import Objects
from binpack.plugins import in_tree


def load(cluster: Paths, manifests: Paths = ()) -> Objects:
    """Read a cluster: a dump as `kubectl get -o json` writes it, manifests, or a directory of them.

    What was written by hand (a document of its own, without a uid) is validated and admitted, and Deployments, ReplicaSets and Jobs
    become pods. `binpack.model.load` reads without all that.

    Parameters
    ----------
    cluster : path or several
        Files (`.json`, `.yaml`, `.yml`, each also with `.gz`), directories, or `-` for standard input.
    manifests : path or several
        To be added to the cluster; all of it counts as written by hand.

    Warns
    -----
    UserWarning
        For workloads whose pods cannot be made.

    Raises
    ------
    ManifestError
        If something cannot be read, is given twice, or would be refused (one line a problem).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "cluster.yaml"
    >>> _ = file.write_text("{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: 4}}}")
    >>> [node.metadata.name for node in load(file)]
    ['n1']
    """
    read = read_objects(cluster, manifests)
    for text in read.warnings:
        warnings.warn(text, stacklevel=2)
    return read.objects


def registry() -> Registry:
    """Return all plugins that are installed: kube-scheduler's, the research policies, and those of other packages."""
    return Registry(in_tree())


def read_configuration(path: str | Path) -> ResolvedConfiguration:
    """Read a KubeSchedulerConfiguration that may name any installed plugin.

    Parameters
    ----------
    path : str or Path
        YAML or JSON; `-` is standard input.

    Raises
    ------
    ConfigurationError
        One line a problem.
    """
    return read_with(path, registry())
