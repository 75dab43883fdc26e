"""What kube-scheduler refuses in a configuration, in its words and all at once."""

from __future__ import annotations

import pytest

from binpack.errors import ConfigurationError
from binpack.framework.configuration import decode_configuration
from binpack.framework.defaults import API_VERSION, IN_TREE, KIND
from binpack.framework.known import IN_TREE_PLUGINS, PluginTable
from binpack.framework.points import Point
from binpack.framework.validation import configuration_errors

REMOVED = f'was invalid in version "{API_VERSION}" (KubeSchedulerConfiguration is version "{API_VERSION}")'


def errors(plugins=IN_TREE_PLUGINS, **fields):
    configuration = decode_configuration({"apiVersion": API_VERSION, "kind": KIND, **fields})
    return [str(error) for error in configuration_errors(configuration, plugins)]


def profile(config=(), name="p", **points):
    sets = {point: sets if isinstance(sets, dict) else {"enabled": [{"name": one} for one in sets]} for point, sets in points.items()}
    return {"schedulerName": name, "plugins": sets, "pluginConfig": list(config)}


@pytest.mark.parametrize(
    ("why", "fields"),
    [
        ("nothing at all", {}),
        ("an only profile without a name", {"profiles": [{}]}),
        ("the extremes", {"parallelism": 1, "percentageOfNodesToScore": 100, "podInitialBackoffSeconds": 5, "podMaxBackoffSeconds": 5}),
        ("adaptive sampling", {"percentageOfNodesToScore": 0, "profiles": [{"percentageOfNodesToScore": 0}]}),
        ("two profiles", {"profiles": [profile(name="a"), profile(name="b", score={"disabled": [{"name": "*"}]})]}),
        ("the same queue order said twice", {"profiles": [profile(name=name, queueSort=["PrioritySort"]) for name in "ab"]}),
        (
            "no weight and weight 0 in it",
            {
                "profiles": [
                    profile(name=n, queueSort={"enabled": [w]})
                    for n, w in (("a", {"name": "PrioritySort"}), ("b", {"name": "PrioritySort", "weight": 0}))
                ]
            },
        ),
        ("a name disabled that does not exist", {"profiles": [profile(filter={"disabled": [{"name": "Whatever"}]})]}),
        ("arguments for a plugin that does not exist", {"profiles": [profile([{"name": "Whatever", "args": {"a": 1}}])]}),
        ("plugins of alpha features", {"profiles": [profile(multiPoint=["NodeDeclaredFeatures", "GangScheduling"])]}),
        ("the same plugin at a point and at MultiPoint", {"profiles": [profile(filter=["NodePorts"], multiPoint=["NodePorts"])]}),
        ("a negative weight, strange as it is", {"profiles": [profile(score={"enabled": [{"name": "ImageLocality", "weight": -1}]})]}),
        (
            "an extender",
            {
                "extenders": [
                    {
                        "urlPrefix": "http://e",
                        "prioritizeVerb": "p",
                        "weight": 1,
                        "bindVerb": "b",
                        "managedResources": [{"name": "example.com/gpu"}],
                    }
                ]
            },
        ),
    ],
)
def test_accepts(why, fields):
    assert errors(**fields) == [], why


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"parallelism": 0}, ["parallelism: Invalid value: 0: should be an integer value greater than zero"]),
        ({"percentageOfNodesToScore": 101}, ["percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"]),
        (
            {"profiles": [{"percentageOfNodesToScore": -1}]},
            ["profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]"],
        ),
        ({"podInitialBackoffSeconds": 0}, ["podInitialBackoffSeconds: Invalid value: 0: must be greater than 0"]),
        (
            {"podInitialBackoffSeconds": 11},
            ["podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds"],
        ),
        ({"profiles": [{"schedulerName": ""}]}, ["profiles[0].schedulerName: Required value"]),
        (
            {"profiles": [profile(), {}]},
            ["profiles[1].schedulerName: Required value"],
        ),
        (
            {"profiles": [profile(), profile(name="q"), profile()]},
            ['profiles[2].schedulerName: Duplicate value: profiles[0].schedulerName ("p")'],
        ),
    ],
)
def test_rejects_values_and_names(fields, messages):
    assert errors(**fields) == messages


@pytest.mark.parametrize(
    ("why", "points", "messages"),
    [
        (
            "a misspelt name",
            {"score": ["NodeResorcesFit"]},
            ['score.enabled[0].name: ScorePlugin "NodeResorcesFit" does not exist (did you mean NodeResourcesFit?)'],
        ),
        (
            "a name like no other",
            {"reserve": ["Xyzzy"]},
            [
                'reserve.enabled[0].name: ReservePlugin "Xyzzy" does not exist (accepted: '
                f"{', '.join(sorted(IN_TREE))}, or a package.module:Class)"
            ],
        ),
        (
            "a misspelt name at MultiPoint is met at PreFilter first",
            {"multiPoint": ["nodeports"]},
            ['multiPoint.enabled[0].name: PreFilterPlugin "nodeports" does not exist (did you mean NodePorts?)'],
        ),
        (
            "... or at the first point that takes over from MultiPoint",
            {"multiPoint": ["nodeports"], "preFilter": {"disabled": [{"name": "*"}]}},
            ['multiPoint.enabled[0].name: FilterPlugin "nodeports" does not exist (did you mean NodePorts?)'],
        ),
        (
            "a plugin at a point that it does not implement",
            {"score": ["NodePorts"]},
            ['score.enabled[0].name: plugin "NodePorts" does not extend ScorePlugin plugin (accepted at: preFilter, filter)'],
        ),
        (
            "listed twice at a point",
            {"filter": ["NodePorts", "NodeName", "NodePorts"]},
            ['filter.enabled[2].name: plugin "NodePorts" already registered as "FilterPlugin"'],
        ),
        (
            "listed twice at MultiPoint",
            {"multiPoint": ["NodeName", "NodeName"]},
            ['multiPoint.enabled[1].name: plugin "NodeName" already registered as "FilterPlugin"'],
        ),
        (
            "listed twice at MultiPoint, but its only point overrides it: kube-scheduler does not notice",
            {"multiPoint": ["NodeName", "NodeName"], "filter": ["NodeName"]},
            [],
        ),
        (
            "no queue order",
            {"queueSort": {"disabled": [{"name": "*"}]}},
            ['queueSort: only one queue sort plugin required for profile with scheduler name "p", but got 0'],
        ),
        (
            "no binder",
            {"multiPoint": {"disabled": [{"name": "DefaultBinder"}]}},
            ['bind: at least one bind plugin is needed for profile with scheduler name "p"'],
        ),
        (
            "everything disabled",
            {"multiPoint": {"disabled": [{"name": "*"}]}},
            [
                'queueSort: only one queue sort plugin required for profile with scheduler name "p", but got 0',
                'bind: at least one bind plugin is needed for profile with scheduler name "p"',
            ],
        ),
        (
            "a weight beyond 32 bits",
            {"score": {"enabled": [{"name": "ImageLocality", "weight": 1 << 31}]}},
            ["score.enabled[0].weight: Invalid value: 2147483648: does not fit 32 bits"],
        ),
        (
            "weights whose sum would overflow",
            {"score": {"enabled": [{"name": "ImageLocality", "weight": 92233720368547759}]}},
            [
                "score.enabled[0].weight: Invalid value: 92233720368547759: does not fit 32 bits",
                "score: total score of Score plugins could overflow",
            ],
        ),
        ("a removed plugin", {"filter": ["EBSLimits"]}, [f'filter.enabled[0]: Invalid value: "EBSLimits": {REMOVED}']),
        (
            "a removed plugin at MultiPoint",
            {"multiPoint": ["GCEPDLimits"]},
            [f'multiPoint.enabled[0]: Invalid value: "GCEPDLimits": {REMOVED}'],
        ),
        ("a removed plugin that is disabled", {"filter": {"disabled": [{"name": "EBSLimits"}]}}, []),
    ],
)
def test_rejects_plugins(why, points, messages):
    assert errors(profiles=[profile(**points)]) == [f"profiles[0].plugins.{message}" for message in messages], why


@pytest.mark.parametrize("name", ["AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"])
def test_rejects_arguments_of_removed_plugins(name):
    assert errors(profiles=[profile([{"name": name}])]) == [f'profiles[0].pluginConfig[0]: Invalid value: "{name}": {REMOVED}']


def test_rejects_arguments_given_twice():
    found = errors(profiles=[profile([{"name": "NodePorts"}, {"name": "Whatever"}, {"name": "NodePorts"}])])
    assert found == ['profiles[0].pluginConfig[2]: Duplicate value: "NodePorts": repeated config for plugin NodePorts']


def test_rejects_arguments_out_of_range_with_their_path():
    config = [{"name": "NodePorts"}, {"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": -1}}]
    found = errors(profiles=[profile(), profile(config, name="q")])
    assert found == ["profiles[1].pluginConfig[1].args.hardPodAffinityWeight: Invalid value: -1: not in valid range [0, 100]"]


QUEUE = PluginTable({**IN_TREE, "Fair": frozenset({Point.QUEUE_SORT}), "Fifo": frozenset({Point.QUEUE_SORT})})
NO_DEFAULT = {"multiPoint": {"disabled": [{"name": "PrioritySort"}]}}


def test_two_queue_orders_in_one_profile():
    assert errors(QUEUE, profiles=[profile(queueSort=["Fair"])]) == [
        'profiles[0].plugins.queueSort: only one queue sort plugin required for profile with scheduler name "p", but got 2 '
        "(PrioritySort, Fair)"
    ]


def test_queue_orders_that_differ_between_profiles():
    profiles = [profile(name="a", queueSort=["Fair"], **NO_DEFAULT), profile(name="b", queueSort=["Fifo"], **NO_DEFAULT)]
    assert errors(QUEUE, profiles=profiles) == [
        'profiles[1].plugins.queueSort: Invalid value: {"enabled": [{"name": "Fifo"}]}: must be the same for all profiles'
    ]


def test_a_queue_order_with_different_arguments():
    shares = {"a": 1, "b": 1, "c": 2}
    profiles = [
        profile([{"name": "Fair", "args": {"share": share}}], name=name, queueSort=["Fair"], **NO_DEFAULT) for name, share in shares.items()
    ]
    assert errors(QUEUE, profiles=profiles) == [
        'profiles[2].pluginConfig[0].args: Invalid value: {"share": 2}: queueSort must be the same for all profiles'
    ]


@pytest.mark.parametrize(
    ("extenders", "messages"),
    [
        (
            [{"prioritizeVerb": "p"}],
            ["extenders[0].weight: Invalid value: 0: must have a positive weight applied to it"],
        ),
        (
            [{"bindVerb": "b"}, {"filterVerb": "f"}, {"bindVerb": "b"}],
            ['extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind'],
        ),
        (
            [{"managedResources": [{"name": "example.com/gpu"}]}, {"managedResources": [{"name": "example.com/gpu"}, {"name": "cpu"}]}],
            [
                'extenders[1].managedResources[0].name: Invalid value: "example.com/gpu": duplicate extender managed resource name',
                'extenders[1].managedResources[1].name: Invalid value: "cpu": is an invalid extended resource name',
            ],
        ),
    ],
)
def test_rejects_extenders(extenders, messages):
    assert errors(extenders=extenders) == messages


class Broken(PluginTable):
    def points(self, name):
        if ":" in name:
            raise ConfigurationError(f"plugin \"{name}\" cannot be imported: No module named 'my'")
        return super().points(name)

    argument_type = points


def test_a_class_that_cannot_be_imported_is_one_more_error():
    points = {"score": ["my.package:Policy"], "multiPoint": ["my.package:Policy", "my.package:Policy"]}
    message = "plugin \"my.package:Policy\" cannot be imported: No module named 'my'"
    assert errors(Broken(), profiles=[profile([{"name": "my.package:Policy", "args": {}}], **points)]) == [
        f"profiles[0].plugins.score.enabled[0].name: {message}",
        f"profiles[0].plugins.multiPoint.enabled[0].name: {message}",
        f"profiles[0].plugins.multiPoint.enabled[1].name: {message}",
    ]


def test_a_plugin_of_ones_own_is_known_by_the_table():
    table = PluginTable({**IN_TREE, "my.package:Policy": frozenset({Point.SCORE})})
    assert errors(table, profiles=[profile(score=["my.package:Policy"], multiPoint=["my.package:Policy"])]) == []
    assert errors(table, profiles=[profile(filter=["my.package:Policy"])]) == [
        'profiles[0].plugins.filter.enabled[0].name: plugin "my.package:Policy" does not extend FilterPlugin plugin (accepted at: score)'
    ]


def test_all_errors_are_listed_at_once():
    found = errors(
        parallelism=-1,
        podMaxBackoffSeconds=0,
        profiles=[
            profile([{"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": 200}}], name="", filter=["NodePort", "ImageLocality"]),
            profile(score=["Nothing"], queueSort={"disabled": [{"name": "*"}]}),
        ],
        extenders=[{"prioritizeVerb": "p"}],
    )
    assert [line.partition(": ")[0] for line in found] == [
        "parallelism",
        "podMaxBackoffSeconds",
        "profiles[0].schedulerName",
        "profiles[0].plugins.filter.enabled[0].name",
        "profiles[0].plugins.filter.enabled[1].name",
        "profiles[0].pluginConfig[0].args.hardPodAffinityWeight",
        "profiles[1].plugins.score.enabled[0].name",
        "profiles[1].plugins.queueSort",
        "profiles[1].plugins.queueSort",
        "extenders[0].weight",
    ]
