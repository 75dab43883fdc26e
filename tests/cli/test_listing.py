"""`binpack list` and `binpack config`."""

from __future__ import annotations

import pytest
import yaml

from binpack.framework.defaults import DEFAULT_MULTI_POINT
from binpack.plugins import research_policies


def test_plugins_are_listed_with_points_weights_and_origin(binpack):
    rows = binpack("list", "plugins", "--json").json
    assert list(rows[0]) == ["plugin", "points", "defaultWeight", "default", "available", "source", "summary"]
    assert [row["plugin"] for row in rows][: len(DEFAULT_MULTI_POINT)] == [name for name, _ in DEFAULT_MULTI_POINT]
    taint = next(row for row in rows if row["plugin"] == "TaintToleration")
    assert (taint["points"], taint["defaultWeight"], taint["default"], taint["source"]) == (
        ["filter", "preScore", "score"],
        3,
        True,
        "kubernetes",
    )
    assert {row["plugin"] for row in rows if row["source"] == "research"} == {"GpuShare", *research_policies()}


@pytest.mark.parametrize("what", ["plugins", "policies", "ties", "objectives"])
def test_lists_are_at_most_100_columns_wide(binpack, what):
    ran = binpack("list", what)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 100


def test_what_cannot_be_listed(binpack):
    ran = binpack("list", "nodes")
    assert ran.code == 2
    assert "'nodes' is not one of 'plugins', 'policies', 'ties', 'objectives'" in ran.err


def test_the_default_configuration_is_valid_and_means_the_default(binpack, file):
    text = binpack("config", "default").out
    assert yaml.safe_load(text)["kind"] == "KubeSchedulerConfiguration"
    written = binpack("config", "check", file("default.yaml", text), "--json").json
    empty = binpack(
        "config", "check", file("empty.yaml", "{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}"), "--json"
    ).json
    assert written == empty


def test_a_checked_configuration_shows_what_it_comes_to(binpack, file):
    config = file(
        "s.yaml",
        """
        apiVersion: kubescheduler.config.k8s.io/v1
        kind: KubeSchedulerConfiguration
        profiles: [{plugins: {multiPoint: {enabled: [{name: NodeResourcesFit, weight: 7}]}}}]
        """,
    )
    ran = binpack("config", "check", config)
    assert ran.code == 0
    assert "NodeResourcesFit ×7" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100
    assert list(binpack("config", "check", config, "--json").json[0]) == ["profile", "item", "value"]


def test_all_mistakes_of_a_configuration_are_listed_at_once(binpack, file):
    config = file(
        "s.yaml",
        """
        apiVersion: kubescheduler.config.k8s.io/v1
        kind: KubeSchedulerConfiguration
        profiles:
        - plugins: {score: {enabled: [{name: NoSuchPlugin}]}}
          pluginConfig: [{name: NodeResourcesFit, args: {scoringStrateg: {}}}]
        """,
    )
    ran = binpack("config", "check", config)
    assert (ran.code, ran.out) == (2, "")
    first, second = ran.err.splitlines()
    assert first.startswith(f"error: {config}: profiles[0].plugins.score.enabled[0].name: ")
    assert second.startswith(f"error: {config}: profiles[0].pluginConfig[0].args.scoringStrateg: ")
