"""A configuration made ready: effective values, and all mistakes of all stages in one list."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.errors import ConfigurationError
from binpack.framework.arguments import (
    ARGUMENTS,
    DEFAULT_RESOURCES,
    NodeResourcesFitArgs,
    PodTopologySpreadArgs,
    RequestedToCapacityRatio,
    ScoringStrategy,
    UtilizationShapePoint,
)
from binpack.framework.configuration import KubeSchedulerConfiguration, KubeSchedulerProfile, Plugin, Plugins, PluginSet
from binpack.framework.defaults import API_VERSION, IN_TREE, KIND
from binpack.framework.describe import describe
from binpack.framework.known import PluginTable
from binpack.framework.points import Point
from binpack.framework.registry import Registry
from binpack.framework.resolution import read_configuration, resolve, resolve_document
from binpack.model.base import StrictStruct

EXAMPLES = Path(__file__).parents[2] / "examples"


def document(**fields):
    return {"apiVersion": API_VERSION, "kind": KIND, **fields}


def test_nothing_given_is_the_default_scheduler():
    (profile,) = resolve(KubeSchedulerConfiguration()).profiles
    assert profile.scheduler_name == "default-scheduler"
    assert profile.percentage_of_nodes_to_score == 0
    assert profile.plugins.weights["TaintToleration"] == 3
    assert profile.arguments["NodeResourcesFit"] == NodeResourcesFitArgs()
    assert profile.arguments["PodTopologySpread"] == PodTopologySpreadArgs()
    assert profile.arguments["NodePorts"] is None


@pytest.mark.parametrize(
    ("whole", "own", "effective"), [(None, None, 0), (30, None, 30), (30, 0, 0), (None, 20, 20), (30, 20, 20), (0, None, 0)]
)
def test_a_profiles_percentage_goes_before_the_files(whole, own, effective):
    profile = KubeSchedulerProfile(percentage_of_nodes_to_score=own)
    resolved = resolve(KubeSchedulerConfiguration(percentage_of_nodes_to_score=whole, profiles=(profile,)))
    assert resolved.profiles[0].percentage_of_nodes_to_score == effective


def test_only_plugins_that_run_have_arguments():
    sets = Plugins(multi_point=PluginSet(disabled=(Plugin("NodeResourcesFit"),)))
    (profile,) = resolve(KubeSchedulerConfiguration(profiles=(KubeSchedulerProfile(plugins=sets),))).profiles
    assert "NodeResourcesFit" not in profile.arguments
    assert set(profile.arguments) == set(profile.plugins.names())


def test_each_profile_has_its_own_plugins_and_arguments():
    config = [{"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "MostAllocated"}}}]
    profiles = [{"schedulerName": "a"}, {"schedulerName": "b", "pluginConfig": config, "plugins": {"score": {"disabled": [{"name": "*"}]}}}]
    first, second = resolve_document(document(profiles=profiles)).profiles
    assert first.arguments["NodeResourcesFit"].scoring_strategy.type == "LeastAllocated"
    assert second.arguments["NodeResourcesFit"].scoring_strategy.type == "MostAllocated"
    assert first.plugins.at(Point.SCORE)
    assert second.plugins.at(Point.SCORE) == ()


def test_resources_that_extenders_look_after_replace_the_ignored_ones_in_every_profile():
    config = [{"name": "NodeResourcesFit", "args": {"ignoredResources": ["example.com/own"]}}]
    managed = [{"name": "example.com/a", "ignoredByScheduler": True}, {"name": "example.com/b"}]
    profiles = [{"schedulerName": "a", "pluginConfig": config}, {"schedulerName": "b"}]
    resolved = resolve_document(document(profiles=profiles, extenders=[{"urlPrefix": "e", "managedResources": managed}]))
    for profile in resolved.profiles:
        assert profile.arguments["NodeResourcesFit"].ignored_resources == ("example.com/a",)


def test_without_such_resources_the_argument_stays():
    config = [{"name": "NodeResourcesFit", "args": {"ignoredResources": ["example.com/own"]}}]
    extender = {"urlPrefix": "e", "managedResources": [{"name": "example.com/b"}]}
    (profile,) = resolve_document(document(profiles=[{"pluginConfig": config}], extenders=[extender])).profiles
    assert profile.arguments["NodeResourcesFit"].ignored_resources == ("example.com/own",)


class PolicyArgs(StrictStruct, frozen=True):
    depth: int = 2


def test_a_plugin_of_ones_own_gets_its_struct_or_its_args_as_they_stand():
    table = PluginTable({**IN_TREE, "a:A": frozenset({Point.SCORE}), "b:B": frozenset({Point.SCORE})}, {"a:A": PolicyArgs})
    config = [{"name": "a:A", "args": {"depth": 5}}, {"name": "b:B", "args": {"depth": 5}}]
    points = {"score": {"enabled": [{"name": "a:A"}, {"name": "b:B", "weight": 4}]}}
    (profile,) = resolve_document(document(profiles=[{"plugins": points, "pluginConfig": config}]), table).profiles
    assert profile.arguments["a:A"] == PolicyArgs(depth=5)
    assert profile.arguments["b:B"] == {"depth": 5}
    assert (profile.plugins.weights["a:A"], profile.plugins.weights["b:B"]) == (1, 4)


def refused(data):
    with pytest.raises(ConfigurationError) as caught:
        resolve_document(data, source="f.yaml")
    return list(caught.value.problems)


def test_mistakes_of_form_and_of_meaning_stand_in_one_list():
    profile = {
        "pluginz": {},
        "plugins": {"filter": {"enabled": ["NodePorts", {"name": "NodePort"}]}},
        "pluginConfig": [{"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "Most", "resource": []}}}],
    }
    assert refused(document(parallelism="x", percentageOfNodesToScore=200, profiles=[profile])) == [
        'f.yaml: parallelism: "x": wrong type (accepted: a whole number of 32 bits)',
        "f.yaml: profiles[0].pluginz: unknown field (did you mean plugins?)",
        'f.yaml: profiles[0].plugins.filter.enabled[0]: "NodePorts": wrong type (accepted: a mapping with the fields name, weight)',
        "f.yaml: percentageOfNodesToScore: Invalid value: 200: not in valid range [0-100]",
        'f.yaml: profiles[0].plugins.filter.enabled[1].name: FilterPlugin "NodePort" does not exist (did you mean NodePorts?)',
        "f.yaml: profiles[0].pluginConfig[0].args.scoringStrategy.resource: unknown field (did you mean resources?)",
        'f.yaml: initializing plugin "NodeResourcesFit": profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: '
        '"Most": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ]


def test_what_is_something_else_altogether_is_not_judged_field_by_field():
    assert refused({"kind": "Pod", "profiles": 3}) == [
        'f.yaml: kind: "Pod" is not understood (accepted: KubeSchedulerConfiguration)',
        "f.yaml: apiVersion: is missing (accepted: kubescheduler.config.k8s.io/v1)",
    ]


def test_a_file_is_read_and_named_in_errors(tmp_path):
    path = tmp_path / "scheduler.yaml"
    path.write_text(f"apiVersion: {API_VERSION}\nkind: {KIND}\nparallelism: 0\n")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path)
    assert str(caught.value) == f"{path}: parallelism: Invalid value: 0: should be an integer value greater than zero"


def test_example_most_allocated():
    (profile,) = read_configuration(EXAMPLES / "most-allocated.yaml").profiles
    assert profile.arguments["NodeResourcesFit"].scoring_strategy == ScoringStrategy("MostAllocated", DEFAULT_RESOURCES)
    assert profile.plugins.weights["NodeResourcesFit"] == 5
    assert profile.plugins.order == resolve(KubeSchedulerConfiguration()).profiles[0].plugins.order


def test_example_requested_to_capacity_ratio():
    (profile,) = read_configuration(EXAMPLES / "requested-to-capacity-ratio.yaml").profiles
    shape = tuple(UtilizationShapePoint(utilization, score) for utilization, score in ((0, 0), (85, 10), (100, 5)))
    expected = ScoringStrategy("RequestedToCapacityRatio", DEFAULT_RESOURCES, RequestedToCapacityRatio(shape))
    assert profile.arguments["NodeResourcesFit"].scoring_strategy == expected


def test_the_reference_shows_the_example_as_it_is():
    page = (EXAMPLES.parent / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    example = (EXAMPLES / "most-allocated.yaml").read_text(encoding="utf-8")
    assert shown == "".join(line for line in example.splitlines(keepends=True) if not line.startswith("#"))


scalars = (
    st.none() | st.booleans() | st.integers(-3, 200) | st.floats(allow_nan=False) | st.sampled_from(["", "*", "NodePorts", "a:b", "cpu"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "weight", "enabled", "disabled", "args", "type", "shape", "resources", "scoringStrategy", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
plugin_configs = st.fixed_dictionaries({}, optional={"name": st.sampled_from(sorted(ARGUMENTS)) | values, "args": values})
point_sets = st.dictionaries(st.sampled_from([*map(str, Point), "x"]), values, max_size=3)
profiles = st.fixed_dictionaries(
    {}, optional={"schedulerName": scalars, "plugins": point_sets | values, "pluginConfig": st.lists(plugin_configs | values, max_size=2)}
)
documents = st.fixed_dictionaries(
    {"apiVersion": st.just(API_VERSION), "kind": st.just(KIND)},
    optional={"profiles": st.lists(profiles | values, max_size=2) | values, "parallelism": scalars, "extenders": values, "x": values},
)


REGISTRY = Registry({})


@given(documents)
def test_any_document_is_resolved_or_refused_with_lines(data):
    problems: tuple[str, ...] = ()
    try:
        assert describe(resolve_document(data, REGISTRY, source="f"))
    except ConfigurationError as error:
        problems = error.problems or ("an error without a problem",)
    assert all(problem.startswith("f: ") and "\n" not in problem for problem in problems)
    assert len(set(problems)) == len(problems)


@pytest.mark.parametrize(
    "name", ["no.such.package:Policy", "binpack.framework.points:NoSuchClass", ":", ".:A", "binpack.framework.points:Point"]
)
def test_the_registry_is_asked_for_classes_by_their_path(name):
    points = {"score": {"enabled": [{"name": name}]}}
    with pytest.raises(ConfigurationError) as caught:
        resolve_document(document(profiles=[{"plugins": points}]), REGISTRY, source="f")
    (problem,) = caught.value.problems
    assert problem.startswith(f'f: profiles[0].plugins.score.enabled[0].name: plugin "{name}" ')
