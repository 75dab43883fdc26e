"""What the API server would refuse in affinity, spread constraints and tolerations."""

import pytest

from binpack.model.decode import from_plain
from binpack.model.pod import Pod
from binpack.model.validation import validate
from binpack.model.yaml import load_documents


def problems(text):
    (spec,) = load_documents(text, "test")
    pod = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c"}], **spec}}
    return [str(problem) for problem in validate(from_plain(pod, Pod, place="test"))]


def beginnings(found):
    """Cut the long explanations of forms, which test_validation.py has in full."""
    return [problem.partition(" part must")[0].partition(" must be an empty")[0].partition(" must consist")[0] for problem in found]


TOLERATIONS = [
    (
        "an empty key demands Exists",
        "{value: a}",
        ['operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"'],
    ),
    ("a wrong key", "{key: a b}", ['key: Invalid value: "a b": name']),
    (
        "seconds demand NoExecute",
        "{key: a, effect: NoSchedule, tolerationSeconds: 1}",
        ["effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"],
    ),
    (
        "Exists takes no value",
        "{key: a, operator: Exists, value: b}",
        ['operator: Invalid value: {"key": "a", "operator": "Exists", "value": "b"}: value must be empty when `operator` is \'Exists\''],
    ),
    ("a wrong value", "{key: a, value: b c}", ['operator: Invalid value: "b c": a valid label']),
    ("an unknown operator", "{key: a, operator: Gt}", ['operator: Unsupported value: "Gt": supported values: "Equal", "Exists"']),
    (
        "an unknown effect",
        "{key: a, operator: Exists, effect: Never}",
        ['effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'],
    ),
]


@pytest.mark.parametrize(("why", "toleration", "expected"), TOLERATIONS)
def test_tolerations(why, toleration, expected):
    found = beginnings(problems(f"tolerations: [{toleration}]"))
    assert found == [f"spec.tolerations[0].{problem}" for problem in expected]


CONSTRAINTS = [
    (
        "nothing given",
        "[{}]",
        [
            "[0].maxSkew: Invalid value: 0: must be greater than zero",
            "[0].topologyKey: Required value: can not be empty",
            '[0].whenUnsatisfiable: Unsupported value: "": supported values: "DoNotSchedule", "ScheduleAnyway"',
        ],
    ),
    (
        "minDomains of zero",
        "[{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule, minDomains: 0}]",
        ["[0].minDomains: Invalid value: 0: must be greater than zero"],
    ),
    (
        "minDomains of a soft constraint",
        "[{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway, minDomains: 2}]",
        ["[0].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"],
    ),
    (
        "unknown policies",
        "[{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway, nodeAffinityPolicy: A, nodeTaintsPolicy: B}]",
        [
            '[0].nodeAffinityPolicy: Unsupported value: "A": supported values: "Honor", "Ignore"',
            '[0].nodeTaintsPolicy: Unsupported value: "B": supported values: "Honor", "Ignore"',
        ],
    ),
    (
        "label keys without a selector",
        "[{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway, matchLabelKeys: [a b]}]",
        [
            "[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
            '[0].matchLabelKeys[0]: Invalid value: "a b": name',
        ],
    ),
    (
        "the same constraint twice",
        "[{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway},"
        " {maxSkew: 2, topologyKey: z, whenUnsatisfiable: ScheduleAnyway}]",
        ['[1].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"'],
    ),
    (
        "a wrong selector",
        "[{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway,"
        " labelSelector: {matchExpressions: [{key: a, operator: Gt, values: ['1']}]}}]",
        ['[0].labelSelector.matchExpressions[0].operator: Invalid value: "Gt": not a valid selector operator'],
    ),
]


@pytest.mark.parametrize(("why", "constraints", "expected"), CONSTRAINTS)
def test_spread_constraints(why, constraints, expected):
    found = beginnings(problems(f"topologySpreadConstraints: {constraints}"))
    assert found == [f"spec.topologySpreadConstraints{problem}" for problem in expected]


NODE_REQUIREMENTS = [
    ("In without values", "{key: a, operator: In}", ["values: Required value: must be specified when `operator` is 'In' or 'NotIn'"]),
    (
        "Exists with values",
        "{key: a, operator: Exists, values: [b]}",
        ["values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"],
    ),
    (
        "Gt with two values",
        "{key: a, operator: Gt, values: ['1', '2']}",
        ["values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"],
    ),
    ("an unknown operator", "{key: a, operator: Like}", ['operator: Invalid value: "Like": not a valid selector operator']),
    ("no operator", "{key: a}", ['operator: Invalid value: "": not a valid selector operator']),
    ("a wrong key", "{key: a b, operator: Exists}", ['key: Invalid value: "a b": name']),
    ("a wrong value", "{key: a, operator: In, values: [b, c d]}", ['values[1]: Invalid value: "c d": a valid label']),
]


@pytest.mark.parametrize(("why", "requirement", "expected"), NODE_REQUIREMENTS)
def test_required_node_affinity(why, requirement, expected):
    terms = f"{{nodeSelectorTerms: [{{matchExpressions: [{requirement}]}}]}}"
    found = beginnings(problems(f"affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {terms}}}}}"))
    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]"
    assert found == [f"{path}.{problem}" for problem in expected]


NODE_FIELDS = [
    (
        "two names",
        "{key: metadata.name, operator: In, values: [n1, n2]}",
        ["values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector"],
    ),
    ("another operator", "{key: metadata.name, operator: Exists}", ['operator: Invalid value: "Exists": not a valid selector operator']),
    ("another field", "{key: spec.x, operator: In, values: [a]}", ['key: Invalid value: "spec.x": not a valid field selector key']),
    (
        "a wrong name",
        "{key: metadata.name, operator: In, values: [N_1]}",
        ['values[0]: Invalid value: "N_1": a lowercase RFC 1123 subdomain'],
    ),
]


@pytest.mark.parametrize(("why", "requirement", "expected"), NODE_FIELDS)
def test_node_fields(why, requirement, expected):
    preferred = f"[{{weight: 1, preference: {{matchFields: [{requirement}]}}}}]"
    found = beginnings(problems(f"affinity: {{nodeAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: {preferred}}}}}"))
    path = "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchFields[0]"
    assert found == [f"{path}.{problem}" for problem in expected]


POD_TERMS = [
    ("no topology key", "{labelSelector: {}}", ["topologyKey: Required value: can not be empty"]),
    ("a wrong topology key", "{labelSelector: {}, topologyKey: a b}", ['topologyKey: Invalid value: "a b": name']),
    (
        "wrong selectors",
        "{topologyKey: z, labelSelector: {matchLabels: {a: b c}}, namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}",
        [
            'labelSelector.matchLabels: Invalid value: "b c": a valid label',
            "namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ],
    ),
    ("a wrong namespace", "{topologyKey: z, namespaces: [A]}", ['namespace: Invalid value: "A": a lowercase RFC 1123 label']),
    (
        "label keys without a selector",
        "{topologyKey: z, mismatchLabelKeys: [a]}",
        ["mismatchLabelKeys: Forbidden: must not be specified when labelSelector is not set"],
    ),
    (
        "a key in both lists",
        "{topologyKey: z, labelSelector: {}, matchLabelKeys: [a], mismatchLabelKeys: [a]}",
        ['mismatchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatchLabelKeys'],
    ),
]


@pytest.mark.parametrize(("why", "term", "expected"), POD_TERMS)
@pytest.mark.parametrize("kind", ["podAffinity", "podAntiAffinity"])
def test_pod_affinity_terms(why, term, expected, kind):
    required = beginnings(problems(f"affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{term}]}}}}"))
    path = f"spec.affinity.{kind}.requiredDuringSchedulingIgnoredDuringExecution[0]"
    assert required == [f"{path}.{problem}" for problem in expected]
    weighted = f"[{{weight: 5, podAffinityTerm: {term}}}]"
    preferred = beginnings(problems(f"affinity: {{{kind}: {{preferredDuringSchedulingIgnoredDuringExecution: {weighted}}}}}"))
    path = f"spec.affinity.{kind}.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm"
    assert preferred == [f"{path}.{problem}" for problem in expected]


@pytest.mark.parametrize("weight", [0, 101, -1])
@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("nodeAffinity", "preference: {}"),
        ("podAffinity", "podAffinityTerm: {topologyKey: z}"),
        ("podAntiAffinity", "podAffinityTerm: {topologyKey: z}"),
    ],
)
def test_weights(weight, kind, item):
    (problem,) = problems(f"affinity: {{{kind}: {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: {weight}, {item}}}]}}}}")
    path = f"spec.affinity.{kind}.preferredDuringSchedulingIgnoredDuringExecution[0].weight"
    assert problem == f"{path}: Invalid value: {weight}: must be in the range 1-100"


def test_required_node_affinity_without_terms():
    (problem,) = problems("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}}")
    assert problem == (
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value:"
        " must have at least one node selector term"
    )
