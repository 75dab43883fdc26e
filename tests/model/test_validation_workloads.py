"""What the API server would refuse in workloads."""

import pytest

from binpack.model.decode import from_plain
from binpack.model.kinds import KINDS
from binpack.model.validation import validate
from binpack.model.yaml import load_documents

STRUCTS = {kind: struct for (_, kind), struct in KINDS.items()}
SELECTED = "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c}]}}"


def problems(kind, text):
    (body,) = load_documents(text, "test")
    return [str(problem) for problem in validate(from_plain({"metadata": {"name": "x"}, **body}, STRUCTS[kind], place="test"))]


SELECTING = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"]


@pytest.mark.parametrize("kind", SELECTING)
def test_a_good_one(kind):
    assert problems(kind, f"spec: {{{SELECTED}}}") == []


@pytest.mark.parametrize("kind", SELECTING)
@pytest.mark.parametrize(
    ("why", "spec", "expected"),
    [
        ("no selector", "template: {spec: {containers: [{name: c}]}}", ["spec.selector: Required value"]),
        (
            "an empty selector",
            "selector: {}, template: {spec: {containers: [{name: c}]}}",
            ["spec.selector: Invalid value: {}: empty selector is invalid for {kind}"],
        ),
        (
            "labels that the selector does not match",
            "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: c}]}}",
            ['spec.template.metadata.labels: Invalid value: {"a": "c"}: `selector` does not match template `labels`'],
        ),
        (
            "a wrong operator",
            "selector: {matchExpressions: [{key: a, operator: Near}]}, template: {spec: {containers: [{name: c}]}}",
            ['spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator'],
        ),
        (
            "a template that does not restart",
            SELECTED.replace("spec: {", "spec: {restartPolicy: Never, "),
            ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        ),
        (
            "a template with a deadline",
            SELECTED.replace("spec: {", "spec: {activeDeadlineSeconds: 5, "),
            ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in {kind} is not Supported"],
        ),
        (
            "a wrong container in the template",
            SELECTED.replace("{name: c}", "{}"),
            ["spec.template.spec.containers[0].name: Required value"],
        ),
    ],
)
def test_selector_and_template(kind, why, spec, expected):
    assert problems(kind, f"spec: {{{spec}}}") == [problem.replace("{kind}", kind.lower()) for problem in expected]


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet"])
def test_negative_replicas(kind):
    assert problems(kind, f"spec: {{replicas: -1, {SELECTED}}}") == ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]


@pytest.mark.parametrize(
    ("why", "fields", "expected"),
    [
        (
            "an unknown strategy",
            "strategy: {type: Blue}",
            ['spec.strategy.type: Unsupported value: "Blue": supported values: "Recreate", "RollingUpdate"'],
        ),
        (
            "Recreate with numbers",
            "strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}",
            ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
        ),
        (
            "neither surge nor unavailable",
            "strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 0}}",
            ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
        ),
        (
            "more than all",
            "strategy: {rollingUpdate: {maxUnavailable: 101%}}",
            ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
        ),
        (
            "a negative surge",
            "strategy: {rollingUpdate: {maxSurge: -1}}",
            ["spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            "a deadline shorter than readiness",
            "minReadySeconds: 600",
            ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
        ),
        (
            "negative numbers",
            "minReadySeconds: -1, revisionHistoryLimit: -1",
            [
                "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
                "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
            ],
        ),
    ],
)
def test_deployments(why, fields, expected):
    assert problems("Deployment", f"spec: {{{fields}, {SELECTED}}}") == expected


@pytest.mark.parametrize(
    ("why", "spec", "expected"),
    [
        ("good", "template: {spec: {restartPolicy: Never, containers: [{name: c}]}}", []),
        (
            "a restart policy of Always, which is the default",
            "template: {spec: {containers: [{name: c}]}}",
            ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        ),
        (
            "negative numbers",
            "parallelism: -1, completions: -2, backoffLimit: -3, template: {spec: {restartPolicy: Never, containers: [{name: c}]}}",
            [
                "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
                "spec.completions: Invalid value: -2: must be greater than or equal to 0",
                "spec.backoffLimit: Invalid value: -3: must be greater than or equal to 0",
            ],
        ),
        (
            "Indexed without completions",
            "completionMode: Indexed, parallelism: 2, template: {spec: {restartPolicy: Never, containers: [{name: c}]}}",
            ["spec.completions: Required value: when completion mode is Indexed"],
        ),
        (
            "unknown modes",
            "completionMode: A, podReplacementPolicy: B, template: {spec: {restartPolicy: Never, containers: [{name: c}]}}",
            [
                'spec.completionMode: Unsupported value: "A": supported values: "Indexed", "NonIndexed"',
                'spec.podReplacementPolicy: Unsupported value: "B": supported values: "Failed", "TerminatingOrFailed"',
            ],
        ),
    ],
)
def test_jobs(why, spec, expected):
    assert problems("Job", f"spec: {{{spec}}}") == expected


@pytest.mark.parametrize(
    ("why", "spec", "expected"),
    [
        ("the selector is made from the labels", "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c}]}}", []),
        ("no template", "selector: {a: b}", ["spec.template: Required value"]),
        ("neither labels nor selector", "template: {spec: {containers: [{name: c}]}}", ["spec.selector: Required value"]),
        (
            "labels that the selector does not match",
            "selector: {a: b}, template: {spec: {containers: [{name: c}]}}",
            ["spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`"],
        ),
    ],
)
def test_replication_controllers(why, spec, expected):
    assert problems("ReplicationController", f"spec: {{{spec}}}") == expected
