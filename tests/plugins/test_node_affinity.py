from __future__ import annotations

import pytest

from binpack.errors import ConfigurationError, SchedulingError
from binpack.framework.arguments import NodeAffinityArgs
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP, Shortlist
from binpack.framework.status import unresolvable
from binpack.model import pod as model
from binpack.model.base import replace
from binpack.model.pod import Affinity, NodeSelector, NodeSelectorTerm, PreferredSchedulingTerm
from binpack.plugins.node_affinity import NodeAffinity
from binpack.testing import HOSTNAME, PodBuilder, expression, node, pod
from binpack.testing.trial import cluster_of, judge, rate, wakes

PLUGIN = NodeAffinity(NodeAffinityArgs())
OWN = unresolvable("node(s) didn't match Pod's node affinity/selector")
ENFORCED = unresolvable("node(s) didn't match scheduler-enforced node affinity")
CONFLICT = unresolvable("pod affinity terms conflict")


def term(*expressions, fields=()):
    return NodeSelectorTerm(expressions, tuple(fields))


def named(operator, *names):
    return expression("metadata.name", operator, *names)


def required(*terms):
    return model.NodeAffinity(required_during_scheduling_ignored_during_execution=NodeSelector(terms))


def preferred(*weighted):
    terms = tuple(PreferredSchedulingTerm(weight, a_term) for weight, a_term in weighted)
    return model.NodeAffinity(preferred_during_scheduling_ignored_during_execution=terms)


def wanting(affinity):
    draft = pod("p").build()
    return PodBuilder(replace(draft, spec=replace(draft.spec, affinity=Affinity(node_affinity=affinity))))


def enforcing(affinity):
    return NodeAffinity(NodeAffinityArgs(added_affinity=affinity))


LABELLED = node("n").label(disk="ssd", rank="7")


@pytest.mark.parametrize(
    ("why", "a_pod", "passes"),
    [
        ("nothing is required", pod("p"), True),
        ("the selector's pair", pod("p").selects(disk="ssd"), True),
        ("another value", pod("p").selects(disk="hdd"), False),
        ("a key that is not there", pod("p").selects(gpu="a"), False),
        ("one pair of two", pod("p").selects(disk="ssd", rank="8"), False),
        ("In", wanting(required(term(expression("disk", "In", "hdd", "ssd")))), True),
        ("In, other values", wanting(required(term(expression("disk", "In", "hdd")))), False),
        ("In on an absent key", wanting(required(term(expression("gpu", "In", "a")))), False),
        ("NotIn", wanting(required(term(expression("disk", "NotIn", "hdd")))), True),
        ("NotIn, this value", wanting(required(term(expression("disk", "NotIn", "ssd")))), False),
        ("NotIn is true on absence", wanting(required(term(expression("gpu", "NotIn", "a")))), True),
        ("Exists", wanting(required(term(expression("disk", "Exists")))), True),
        ("Exists on an absent key", wanting(required(term(expression("gpu", "Exists")))), False),
        ("DoesNotExist", wanting(required(term(expression("disk", "DoesNotExist")))), False),
        ("DoesNotExist on an absent key", wanting(required(term(expression("gpu", "DoesNotExist")))), True),
        ("Gt is strict", wanting(required(term(expression("rank", "Gt", "7")))), False),
        ("Gt", wanting(required(term(expression("rank", "Gt", "6")))), True),
        ("Lt compares numbers, not texts", wanting(required(term(expression("rank", "Lt", "10")))), True),
        ("Gt on what is no number", wanting(required(term(expression("disk", "Gt", "1")))), False),
        ("Lt on an absent key", wanting(required(term(expression("gpu", "Lt", "1")))), False),
        ("all expressions of a term", wanting(required(term(expression("disk", "Exists"), expression("gpu", "Exists")))), False),
        ("any term", wanting(required(term(expression("gpu", "Exists")), term(expression("disk", "Exists")))), True),
        ("an empty term matches nothing", wanting(required(term())), False),
        ("no term matches nothing", wanting(required()), False),
        ("selector and affinity", pod("p").selects(disk="hdd").requires_node(expression("disk", "Exists")), False),
        ("an unparsable term is passed over", wanting(required(term(expression("disk", "In")), term(expression("disk", "Exists")))), True),
        ("alone it never matches", wanting(required(term(expression("rank", "Gt", "-1")))), False),
        ("the node's name is not", wanting(required(term(fields=[named("NotIn", "n")]))), False),
        ("the node's name is not another's", wanting(required(term(fields=[named("NotIn", "m")]))), True),
        ("fields and expressions", wanting(required(term(expression("gpu", "Exists"), fields=[named("NotIn", "m")]))), False),
        ("a field of two values cannot be parsed", wanting(required(term(fields=[named("NotIn", "a", "b")]))), False),
        ("a field that is no name", wanting(required(term(fields=[expression("metadata.uid", "In", "n")]))), False),
    ],
)
def test_filter(why, a_pod, passes):
    assert judge(PLUGIN, a_pod, cluster_of([LABELLED])) == {"n": None if passes else OWN}, why


@pytest.mark.parametrize(
    ("why", "terms", "names"),
    [
        ("one name", [term(fields=[named("In", "a")])], {"a"}),
        ("the union over terms", [term(fields=[named("In", "a")]), term(fields=[named("In", "gone")])], {"a", "gone"}),
        ("an expression beside it", [term(expression("gpu", "Exists"), fields=[named("In", "a")])], {"a"}),
        ("one of two fields", [term(fields=[named("In", "a"), named("NotIn", "b")])], {"a"}),
        ("a conflict in one term only", [term(fields=[named("In", "a"), named("In", "b")]), term(fields=[named("In", "c")])], {"c"}),
        ("a term without a name", [term(fields=[named("In", "a")]), term(expression("gpu", "Exists"))], None),
        ("NotIn alone", [term(fields=[named("NotIn", "a")])], None),
    ],
)
def test_shortlist(why, terms, names):
    answer = PLUGIN.prepare(wanting(required(*terms)).build(), cluster_of([node("a"), node("b")]))
    assert (set(answer.node_names) if isinstance(answer, Shortlist) else None) == names, why


def test_names_that_exclude_each_other_reject_everywhere():
    a_pod = wanting(required(term(fields=[named("In", "a"), named("In", "b")])))
    assert judge(PLUGIN, a_pod, cluster_of([node("a")])) == {"a": CONFLICT}


def test_a_node_named_by_a_shortlist_must_still_match():
    a_pod = wanting(required(term(expression("gpu", "Exists"), fields=[named("In", "a")])))
    cluster = cluster_of([node("a"), node("b")])
    assert judge(PLUGIN, a_pod, cluster) == {"a": OWN, "b": unresolvable("node(s) didn't satisfy plugin(s) [NodeAffinity]")}


@pytest.mark.parametrize(
    ("why", "a_pod", "a_node", "status"),
    [
        ("both match", pod("p").selects(disk="ssd"), node("n").label(pool="x", disk="ssd"), None),
        ("the added one does not", pod("p").selects(disk="ssd"), node("n").label(disk="ssd"), ENFORCED),
        ("the pod's own does not", pod("p").selects(disk="ssd"), node("n").label(pool="x"), OWN),
        ("neither: the added one is asked first", pod("p").selects(disk="ssd"), node("n"), ENFORCED),
        ("a pod that requires nothing", pod("p"), node("n"), ENFORCED),
    ],
)
def test_added_affinity(why, a_pod, a_node, status):
    plugin = enforcing(required(term(expression("pool", "In", "x"))))
    assert judge(plugin, a_pod, cluster_of([a_node])) == {"n": status}, why


def test_without_any_requirement_the_filter_skips():
    assert PLUGIN.prepare(pod("p").prefers_node(1, expression("disk", "Exists")).build(), cluster_of([LABELLED])) is SKIP


def test_an_added_affinity_that_cannot_be_parsed_is_a_mistake_in_the_configuration():
    with pytest.raises(ConfigurationError, match=r"NodeAffinityArgs\.addedAffinity.*operator In"):
        enforcing(required(term(expression("disk", "In"))))


NODES = [node("n0").label(a="1"), node("n1").label(a="2"), node("n2").label(a="2", b="1")]


@pytest.mark.parametrize(
    ("why", "a_pod", "raw", "scores"),
    [
        ("the sum of what holds", pod("p").prefers_node(30, expression("a", "In", "2")).prefers_node(50, expression("b", "Exists")),
         [0, 30, 80], [0, 37, 100]),
        ("nothing holds", pod("p").prefers_node(5, expression("c", "Exists")), [0, 0, 0], [0, 0, 0]),
        ("a weight of 0 is not even parsed", wanting(preferred((0, term(expression("a", "In"))), (7, term(expression("b", "Exists"))))),
         [0, 0, 7], [0, 0, 100]),
        ("an empty preference counts for nothing", wanting(preferred((9, term()))), [0, 0, 0], [0, 0, 0]),
        ("preferred by name", wanting(preferred((9, term(fields=[named("In", "n1")])))), [0, 9, 0], [0, 100, 0]),
    ],
)  # fmt: skip
def test_score(why, a_pod, raw, scores):
    cluster = cluster_of(NODES)
    assert list(rate(PLUGIN, a_pod, cluster, raw=True).values()) == raw, why
    assert list(rate(PLUGIN, a_pod, cluster).values()) == scores, why


def test_normalised_by_the_highest():
    a_pod = pod("p").prefers_node(30, expression("a", "In", "1")).prefers_node(50, expression("a", "In", "2"))
    a_pod = a_pod.prefers_node(80, expression(HOSTNAME, "In", "n3"))
    cluster = cluster_of([node("n0"), node("n1").label(a="1"), node("n2").label(a="2"), node("n3")])
    assert list(rate(PLUGIN, a_pod, cluster).values()) == [0, 37, 62, 100]


def test_added_preferences_count_beside_the_pods_own():
    plugin = enforcing(preferred((10, term(expression("b", "Exists")))))
    assert list(rate(plugin, pod("p").prefers_node(1, expression("a", "In", "2")), cluster_of(NODES), raw=True).values()) == [0, 1, 11]
    assert list(rate(plugin, pod("p"), cluster_of(NODES), raw=True).values()) == [0, 0, 10]


def test_without_preferences_the_score_skips():
    assert rate(PLUGIN, pod("p").selects(a="2"), cluster_of(NODES)) == {}


def test_an_unparsable_preference_fails_the_cycle():
    with pytest.raises(SchedulingError, match=r'pod "default/p": preferred node affinity: .*Within'):
        rate(PLUGIN, wanting(preferred((1, term(expression("a", "Within", "1"))))), cluster_of(NODES))


SSD, HDD = node("n").label(disk="ssd").build(), node("n").label(disk="hdd").build()
UNPARSABLE = wanting(required(term(expression("disk", "In"))))


@pytest.mark.parametrize(
    ("why", "plugin", "a_pod", "action", "before", "after", "woken"),
    [
        ("a new node that matches", PLUGIN, pod("p").selects(disk="ssd"), Action.ADD, None, SSD, True),
        ("a new node that does not", PLUGIN, pod("p").selects(disk="ssd"), Action.ADD, None, HDD, False),
        ("it began to match", PLUGIN, pod("p").selects(disk="ssd"), Action.UPDATE_NODE_LABEL, HDD, SSD, True),
        ("it matched before", PLUGIN, pod("p").selects(disk="ssd"), Action.UPDATE_NODE_LABEL, SSD, SSD, False),
        ("any change of a taint", PLUGIN, pod("p").selects(disk="ssd"), Action.UPDATE_NODE_TAINT, HDD, HDD, True),
        ("allocatable", PLUGIN, pod("p").selects(disk="ssd"), Action.UPDATE_NODE_ALLOCATABLE, HDD, SSD, False),
        ("the added one does not match", enforcing(required(term(expression("pool", "Exists")))), pod("p").selects(disk="ssd"),
         Action.ADD, None, SSD, False),
        ("only the added one began to match", enforcing(required(term(expression("disk", "In", "ssd")))), pod("p"),
         Action.UPDATE_NODE_LABEL, HDD, SSD, False),
        ("a term that cannot be parsed fails the hint", PLUGIN, UNPARSABLE, Action.ADD, None, SSD, True),
        ("after the selector has spoken", PLUGIN, UNPARSABLE.selects(disk="ssd"), Action.ADD, None, HDD, False),
    ],
)  # fmt: skip
def test_events(why, plugin, a_pod, action, before, after, woken):
    assert wakes(plugin, a_pod, ClusterEvent(Resource.NODE, action, before, after)) is woken, why
