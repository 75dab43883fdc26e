"""TaintToleration and NodeUnschedulable against loops over nodes, taints and tolerations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.status import unresolvable
from binpack.model.base import replace
from binpack.model.node import Taint
from binpack.model.pod import Toleration
from binpack.plugins.node_unschedulable import NodeUnschedulable
from binpack.plugins.taint_toleration import TaintToleration
from binpack.testing import node, pod
from binpack.testing.plugin_contract import check_filter, check_score
from binpack.testing.trial import cluster_of, judge, rate

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
keys = st.sampled_from(("a", "b", UNSCHEDULABLE))
values = st.sampled_from(("", "1", "2"))
effects = st.sampled_from(("NoSchedule", "PreferNoSchedule", "NoExecute"))
operators = st.sampled_from(("", "Equal", "Exists", "Gt", "Lt", "Like"))
taint_lists = st.lists(st.builds(Taint, keys, values, effects), max_size=4)
toleration_lists = st.lists(
    st.builds(Toleration, st.one_of(st.just(""), keys), operators, values, st.one_of(st.just(""), effects)), max_size=3
)


def tolerates(toleration, taint):
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator in ("", "Equal"):
        return toleration.value == taint.value
    return toleration.operator == "Exists"


def is_kept_off(a_pod, a_node):
    for taint in a_node.spec.taints:
        if taint.effect in ("NoSchedule", "NoExecute"):
            found = False
            for toleration in a_pod.spec.tolerations:
                if tolerates(toleration, taint):
                    found = True
            if not found:
                return True
    return False


def soft_taints(a_pod, a_node):
    count = 0
    for taint in a_node.spec.taints:
        if taint.effect != "PreferNoSchedule":
            continue
        for toleration in a_pod.spec.tolerations:
            if toleration.effect in ("", "PreferNoSchedule") and tolerates(toleration, taint):
                break
        else:
            count += 1
    return count


def reversed_and_normalised(raw):
    highest = 0
    for value in raw.values():
        highest = max(highest, value)
    return {name: 100 if highest == 0 else 100 - 100 * value // highest for name, value in raw.items()}


@given(st.lists(st.tuples(taint_lists, st.booleans()), min_size=1, max_size=6), toleration_lists)
def test_plain_twin(tainted, tolerations):
    nodes = []
    for number, (taints, cordoned) in enumerate(tainted):
        plain = node(f"n{number}").build()
        nodes.append(replace(plain, spec=replace(plain.spec, taints=tuple(taints), unschedulable=cordoned)))
    plain = pod("p").build()
    a_pod = replace(plain, spec=replace(plain.spec, tolerations=tuple(tolerations)))
    cluster = cluster_of(nodes)

    kept_off = unresolvable("node(s) had untolerated taint(s)")
    assert judge(TaintToleration(), a_pod, cluster) == {n.name: kept_off if is_kept_off(a_pod, n) else None for n in nodes}
    raw = {n.name: soft_taints(a_pod, n) for n in nodes}
    assert rate(TaintToleration(), a_pod, cluster, raw=True) == raw
    assert rate(TaintToleration(), a_pod, cluster) == reversed_and_normalised(raw)

    cordon = Taint(UNSCHEDULABLE, "", "NoSchedule")
    indifferent = any(tolerates(toleration, cordon) for toleration in tolerations)
    cordoned = unresolvable("node(s) were unschedulable")
    verdicts = {n.name: cordoned if n.spec.unschedulable and not indifferent else None for n in nodes}
    assert judge(NodeUnschedulable(), a_pod, cluster) == verdicts

    for plugin in (TaintToleration(), NodeUnschedulable()):
        check_filter(plugin, a_pod, cluster)
    check_score(TaintToleration(), a_pod, cluster)
