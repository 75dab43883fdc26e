"""Reading a KubeSchedulerConfiguration: what is understood, and how bad files are refused."""

from __future__ import annotations

import io
import json

import pytest

from binpack.errors import ConfigurationError
from binpack.framework.configuration import (
    Extender,
    KubeSchedulerConfiguration,
    Plugin,
    Plugins,
    PluginSet,
    decode_configuration,
    load_configuration,
    parse_configuration,
)
from binpack.framework.defaults import API_VERSION, KIND
from binpack.framework.points import Point

HEAD = f"apiVersion: {API_VERSION}\nkind: {KIND}\n"

EVERYTHING = """\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
parallelism: 4
leaderElection: {leaderElect: true, leaseDuration: 15s, renewDeadline: 10s, retryPeriod: 2s, resourceLock: leases,
  resourceName: kube-scheduler, resourceNamespace: kube-system}
clientConnection: {kubeconfig: /etc/scheduler.conf, acceptContentTypes: "", contentType: application/json, qps: 50, burst: 100}
enableProfiling: true
enableContentionProfiling: false
percentageOfNodesToScore: 50
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 20
delayCacheUntilActive: true
profiles:
- schedulerName: default-scheduler
  percentageOfNodesToScore: 10
  plugins:
    preEnqueue: {enabled: [], disabled: []}
    queueSort:
    preFilter: {}
    filter: {disabled: [{name: NodePorts}]}
    postFilter: {}
    preScore: {}
    score: {enabled: [{name: ImageLocality, weight: 3}]}
    reserve: {}
    permit: {}
    preBind: {}
    bind: {}
    postBind: {}
    multiPoint: {}
  pluginConfig:
  - name: NodeResourcesFit
    args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: NodeResourcesFitArgs}
  - name: InterPodAffinity
    args:
extenders:
- {urlPrefix: "http://localhost/e", filterVerb: f, preemptVerb: e, prioritizeVerb: p, weight: 1, bindVerb: b,
  enableHTTPS: false, httpTimeout: 5s, nodeCacheCapable: true, ignorable: true,
  managedResources: [{name: example.com/x, ignoredByScheduler: true}],
  tlsConfig: {insecure: false, serverName: e, certFile: c, keyFile: k, caFile: a, certData: "", keyData: "", caData: ""}}
"""


def refused(text, source="scheduler.yaml"):
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(text, source=source)
    return list(caught.value.problems)


def test_every_field_of_the_format_is_understood():
    configuration = parse_configuration(EVERYTHING)
    assert configuration.parallelism == 4
    assert configuration.client_connection.qps == 50.0
    assert configuration.leader_election.lease_duration == "15s"
    (profile,) = configuration.profiles
    assert profile.percentage_of_nodes_to_score == 10
    assert profile.plugins == Plugins(
        filter=PluginSet(disabled=(Plugin("NodePorts"),)), score=PluginSet(enabled=(Plugin("ImageLocality", 3),))
    )
    assert [config.name for config in profile.plugin_config] == ["NodeResourcesFit", "InterPodAffinity"]
    (extender,) = configuration.extenders
    assert extender.managed_resources[0].ignored_by_scheduler
    assert extender.tls_config is not None


def test_the_least_is_all_defaults():
    assert parse_configuration(HEAD) == KubeSchedulerConfiguration(api_version=API_VERSION, kind=KIND)


def test_json_is_read_as_well():
    text = json.dumps({"apiVersion": API_VERSION, "kind": KIND, "parallelism": 3}, indent="\t")
    assert parse_configuration(text).parallelism == 3


def test_a_file_is_read(tmp_path):
    path = tmp_path / "scheduler.yaml"
    path.write_text(HEAD + "parallelism: 3\n")
    assert load_configuration(path) == load_configuration(str(path)) == parse_configuration(path.read_text())


def test_each_point_has_its_set():
    plugins = Plugins(post_filter=PluginSet(enabled=(Plugin("A"),)), multi_point=PluginSet(enabled=(Plugin("B"),)))
    assert plugins.at(Point.POST_FILTER).enabled == (Plugin("A"),)
    assert plugins.at(Point.MULTI_POINT).enabled == (Plugin("B"),)
    assert {plugins.at(point) for point in Point} == {PluginSet(), plugins.post_filter, plugins.multi_point}


def test_extenders_are_equal_by_value():
    assert Extender(url_prefix="a") == Extender(url_prefix="a")


@pytest.mark.parametrize(
    ("why", "text", "problems"),
    [
        ("an empty file", "# nothing\n", ["scheduler.yaml: is empty (accepted: one KubeSchedulerConfiguration)"]),
        (
            "two documents",
            HEAD + "---\n" + HEAD,
            ["scheduler.yaml: holds 2 documents (accepted: one KubeSchedulerConfiguration)"],
        ),
        (
            "a list",
            "- a\n",
            ["scheduler.yaml: is not a mapping (accepted: a KubeSchedulerConfiguration with apiVersion: kubescheduler.config.k8s.io/v1)"],
        ),
        (
            "an earlier version",
            "apiVersion: kubescheduler.config.k8s.io/v1beta3\nkind: KubeSchedulerConfiguration\nprofiles: 3\n",
            [
                'scheduler.yaml: apiVersion: "kubescheduler.config.k8s.io/v1beta3" is not understood (accepted: '
                "kubescheduler.config.k8s.io/v1; Kubernetes has removed the earlier versions: rewrite the file for v1)"
            ],
        ),
        (
            "another kind of object",
            "apiVersion: v1\nkind: ConfigMap\ndata: {}\n",
            [
                'scheduler.yaml: kind: "ConfigMap" is not understood (accepted: KubeSchedulerConfiguration)',
                'scheduler.yaml: apiVersion: "v1" is not understood (accepted: kubescheduler.config.k8s.io/v1)',
            ],
        ),
        (
            "neither kind nor version",
            "profiles: []\n",
            [
                "scheduler.yaml: kind: is missing (accepted: KubeSchedulerConfiguration)",
                "scheduler.yaml: apiVersion: is missing (accepted: kubescheduler.config.k8s.io/v1)",
            ],
        ),
        (
            "unknown fields, wrong types and wrong arguments, all at once",
            HEAD
            + """\
parallelism: many
profile: []
profiles:
- schedulerName: 5
  plugins:
    score: {enabled: [NodePorts, {name: ImageLocality, wieght: 3}]}
    scores: {}
  pluginConfig:
  - {name: InterPodAffinity, args: {hardPodAffinityWeigth: 3}}
""",
            [
                "scheduler.yaml: profile: unknown field (did you mean profiles?)",
                'scheduler.yaml: parallelism: "many": wrong type (accepted: a whole number of 32 bits)',
                "scheduler.yaml: profiles[0].schedulerName: 5: wrong type (accepted: a string)",
                "scheduler.yaml: profiles[0].plugins.scores: unknown field (did you mean score or preScore?)",
                'scheduler.yaml: profiles[0].plugins.score.enabled[0]: "NodePorts": wrong type (accepted: a mapping with the fields name, '
                "weight)",
                "scheduler.yaml: profiles[0].plugins.score.enabled[1].wieght: unknown field (did you mean weight?)",
                "scheduler.yaml: profiles[0].pluginConfig[0].args.hardPodAffinityWeigth: unknown field (did you mean "
                "hardPodAffinityWeight?)",
            ],
        ),
    ],
)
def test_refuses(why, text, problems):
    assert refused(text) == problems, why


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + "parallelism: 1\nparallelism: 2\n", id="a field given twice"),
        pytest.param(HEAD + "profiles: [{schedulerName: a, schedulerName: b}]\n", id="a nested field given twice"),
        pytest.param('{"kind": "a", "kind": "b"}', id="a field given twice in JSON"),
    ],
)
def test_refuses_duplicate_fields(text):
    (problem,) = refused(text)
    assert problem.startswith("scheduler.yaml, line ")
    assert "twice" in problem


def test_refuses_what_is_no_yaml():
    (problem,) = refused(HEAD + "profiles: [\n")
    assert problem.startswith("scheduler.yaml, line ")


def test_without_a_source_a_line_begins_with_the_field():
    with pytest.raises(ConfigurationError) as caught:
        decode_configuration({"apiVersion": API_VERSION, "kind": KIND, "extra": 1})
    assert str(caught.value).startswith("extra: unknown field")


def test_refuses_a_file_that_is_not_there(tmp_path):
    path = tmp_path / "absent.yaml"
    with pytest.raises(ConfigurationError, match="no such file or directory"):
        load_configuration(path)


def test_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{HEAD}nonsense: 1\n".encode())))
    with pytest.raises(ConfigurationError, match=r"^standard input: nonsense: unknown field"):
        load_configuration("-")


def test_refuses_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="is no text"):
        load_configuration(path)
