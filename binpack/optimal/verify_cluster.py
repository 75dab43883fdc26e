"""Check a certificate's placement against the objects of a cluster: the pods and nodes of a dump, not the integers of the instance.

Asked of the independent checker of `binpack.state`; nothing here knows the solver or what built its problem.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from binpack.errors import CertificateError
from binpack.model.kinds import KubernetesObject
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Namespace
from binpack.optimal.acceptance import rejections_on


def placement_problems(document: dict[str, Any], objects: Iterable[KubernetesObject]) -> list[str]:
    """Say what is wrong with the placement by names; an empty list accepts it.

    Parameters
    ----------
    document : dict
        A certificate that can be read.
    objects : iterable of KubernetesObject
        The cluster that it is about.

    Raises
    ------
    CertificateError
        If it names no pods, as one of an instance file.
    """
    placed, removed = document.get("pods"), document.get("removed", [])
    if not isinstance(placed, dict) or not all(isinstance(node, str) for node in placed.values()) or not isinstance(removed, list):
        raise CertificateError("pods: missing (accepted with --cluster: a certificate of a cluster, with the node of each pod)")
    everything = tuple(objects)
    nodes = {node.metadata.name: node for node in everything if isinstance(node, Node)}
    pods = {pod.key: pod for pod in everything if isinstance(pod, Pod) and pod.status.phase not in ("Succeeded", "Failed")}
    namespaces = {each.metadata.name: each.metadata.labels for each in everything if isinstance(each, Namespace)}
    unknown = [f"pods: the cluster has no pod {key}" for key in placed if key not in pods]
    unknown += [f"pods: the cluster has no node {node}" for node in sorted(set(placed.values())) if node not in nodes]
    if unknown:
        return unknown
    today = {key: pod.spec.node_name for key, pod in pods.items() if pod.spec.node_name}
    gone = set(removed)
    stays = [(pods[key], node) for key, node in today.items() if key not in placed and key not in gone]
    return [*_counted(document, placed), *rejections_on(nodes, namespaces, stays, pods, placed, today)]


def _counted(document: dict[str, Any], placed: dict[str, str]) -> list[str]:
    """The placement by names and the one by classes must be of the same size: pods, and nodes in use."""
    by_class = document["placement"]
    pods = sum(nodes * count for _, nodes, content in by_class for _, count in content)
    nodes = sum(count for _, count, content in by_class if content)
    problems = []
    if pods != len(placed):
        problems.append(f"pods: names {len(placed)} pods, the placement by classes has {pods}")
    if nodes != len(set(placed.values())):
        problems.append(f"pods: names {len(set(placed.values()))} nodes, the placement by classes has {nodes}")
    return problems
