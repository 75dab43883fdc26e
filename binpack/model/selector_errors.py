"""What Kubernetes would refuse in a label name or a node selector term, with field paths.

`binpack.model.selectors` compiles selectors and stops at the first mistake; this lists all of them for messages to users.
Source: component-helpers nodeaffinity.go, apimachinery labels/selector.go and validation.go, v1.35.
"""

from __future__ import annotations

from binpack.model.field_errors import FieldError, invalid, unsupported
from binpack.model.meta import LabelSelectorRequirement
from binpack.model.pod import NodeSelectorTerm
from binpack.model.selectors import is_label_key, is_label_value, parse_int64

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
FIELD_OPERATORS = ("In", "NotIn")
NODE_NAME_FIELD = "metadata.name"

_NAME_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"


def label_name_errors(name: str, path: str) -> list[FieldError]:
    """List what is wrong with a qualified name: a label key, a topology key, a resource's name."""
    if is_label_key(name):
        return []
    return [invalid(path, name, f"name part {_NAME_RULE}, up to 63 of them, after an optional DNS subdomain and '/'")]


def node_term_errors(term: NodeSelectorTerm, path: str) -> list[FieldError]:
    """List what is wrong with a node selector term; an empty one is right, and matches nothing."""
    errors = []
    for index, expression in enumerate(term.match_expressions):
        errors += _expression_errors(expression, f"{path}.matchExpressions[{index}]")
    for index, expression in enumerate(term.match_fields):
        errors += _field_errors(expression, f"{path}.matchFields[{index}]")
    return errors


def _expression_errors(expression: LabelSelectorRequirement, path: str) -> list[FieldError]:
    if expression.operator not in OPERATORS:
        return [unsupported(f"{path}.operator", expression.operator, OPERATORS)]
    errors = label_name_errors(expression.key, f"{path}.key")
    values = expression.values
    match expression.operator:
        case "In" | "NotIn" if not values:
            errors.append(invalid(f"{path}.values", values, "for 'in', 'notin' operators, values set can't be empty"))
        case "Exists" | "DoesNotExist" if values:
            errors.append(invalid(f"{path}.values", values, "values set must be empty for exists and does not exist"))
        case "Gt" | "Lt":
            if len(values) != 1:
                errors.append(invalid(f"{path}.values", values, "for 'Gt', 'Lt' operators, exactly one value is required"))
            for index, value in enumerate(values):
                if parse_int64(value) is None:
                    message = "for 'Gt', 'Lt' operators, the value must be an integer"
                    errors.append(invalid(f"{path}.values[{index}]", value, message))
    for index, value in enumerate(values):
        if not is_label_value(value):
            errors.append(invalid(f"{path}.values[{index}]", value, f"a valid label must be an empty string or {_NAME_RULE}"))
    return errors


def _field_errors(expression: LabelSelectorRequirement, path: str) -> list[FieldError]:
    errors = []
    if expression.key != NODE_NAME_FIELD:
        errors.append(unsupported(f"{path}.key", expression.key, (NODE_NAME_FIELD,)))
    if expression.operator not in FIELD_OPERATORS:
        errors.append(unsupported(f"{path}.operator", expression.operator, FIELD_OPERATORS))
    elif len(expression.values) != 1:
        errors.append(invalid(f"{path}.values", expression.values, "must have one element"))
    return errors
