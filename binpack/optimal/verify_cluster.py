"""Check a certificate against the objects of a cluster: the pods and nodes of a dump, not the integers of the instance.

Asked of the independent checker of `binpack.state`; nothing here knows the solver or what built its problem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from binpack.errors import CertificateError
from binpack.model.kinds import KubernetesObject
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Namespace, PodDisruptionBudget
from binpack.optimal.acceptance import rejections_on
from binpack.optimal.migration.budgets import allowances
from binpack.optimal.verify_members import Members, member_problems, placed_contents, read_members
from binpack.optimal.verify_plan import PlanObjects, plan_problems

NO_MEMBERS = "the certificate does not name the members of its classes: whether its integers are those of the cluster was not checked"


@dataclass(frozen=True)
class OnCluster:
    """What is wrong on the objects of a cluster, and what this check cannot judge."""

    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def check_on_cluster(document: dict[str, Any], objects: Iterable[KubernetesObject]) -> OnCluster:
    """Check instance and placement of a certificate by names; no problems accept it.

    Parameters
    ----------
    document : dict
        A certificate whose integers could be read.
    objects : iterable of KubernetesObject
        The cluster that it is about.

    Raises
    ------
    CertificateError
        If it names no pods, as one of an instance file.
    """
    everything = tuple(objects)
    nodes = {node.metadata.name: node for node in everything if isinstance(node, Node)}
    pods = {pod.key: pod for pod in everything if isinstance(pod, Pod) and pod.status.phase not in ("Succeeded", "Failed")}
    namespaces = {each.metadata.name: each.metadata.labels for each in everything if isinstance(each, Namespace)}
    members = read_members(document)
    problems, notes = ([], [NO_MEMBERS]) if members is None else member_problems(document, members, pods, nodes)
    if problems:
        return OnCluster(tuple(problems), tuple(notes))
    if document.get("goal") == "moves":
        budgets = allowances(
            (one for one in everything if isinstance(one, PodDisruptionBudget)), (p for p in pods.values() if p.spec.node_name)
        )
        problems = plan_problems(document, members, PlanObjects(pods, nodes, namespaces, budgets))
        return OnCluster(tuple(problems), tuple(notes))
    placed, removed = document.get("pods"), document.get("removed", [])
    if not isinstance(placed, dict) or not all(isinstance(node, str) for node in placed.values()) or not isinstance(removed, list):
        raise CertificateError("pods: missing (accepted with --cluster: a certificate of a cluster, with the node of each pod)")
    unknown = [f"pods: the cluster has no pod {key}" for key in placed if key not in pods]
    unknown += [f"pods: the cluster has no node {node}" for node in sorted(set(placed.values())) if node not in nodes]
    if unknown:
        return OnCluster(tuple(unknown), tuple(notes))
    today = {key: pod.spec.node_name for key, pod in pods.items() if pod.spec.node_name}
    gone = set(removed)
    stays = [(pods[key], node) for key, node in today.items() if key not in placed and key not in gone]
    problems = [*_counted(document, members, placed), *rejections_on(nodes, namespaces, stays, pods, placed, today)]
    return OnCluster(tuple(problems), tuple(notes))


def _counted(document: dict[str, Any], members: Members | None, placed: dict[str, str]) -> list[str]:
    """The placement by names and the one by classes must be the same; without members, of the same size."""
    by_class = document["placement"]
    pods = sum(nodes * count for _, nodes, content in by_class for _, count in content)
    nodes = sum(count for _, count, content in by_class if content)
    problems = []
    if pods != len(placed):
        problems.append(f"pods: names {len(placed)} pods, the placement by classes has {pods}")
    if nodes != len(set(placed.values())):
        problems.append(f"pods: names {len(set(placed.values()))} nodes, the placement by classes has {nodes}")
    if members is not None and not problems:
        strange = [key for key in placed if key not in members.class_of]
        problems += [f"pods: {key} is in no class" for key in strange[:1]]
        if members.contents(placed) != placed_contents(document):
            problems.append("pods: nodes do not hold what the placement by classes says")
    return problems
