"""Selectors on plain JSON: label selectors, node selector terms, taints."""

import re

NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")


class UnparsableError(Exception):
    """A selector that Kubernetes cannot parse."""


def is_label_value(value):
    return value == "" or (len(value) <= 63 and NAME.fullmatch(value) is not None)


def is_label_key(key):
    prefix, slash, name = key.rpartition("/")
    domain = re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", prefix)
    return name != "" and is_label_value(name) and (not slash or (domain is not None and len(prefix) <= 253))


def int64(text):
    if re.fullmatch(r"[+-]?[0-9]+", text) is None or not -(2**63) <= int(text) < 2**63:
        return None
    return int(text)


def check(expression, operators):
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if operator not in operators:
        raise UnparsableError(operator)
    if operator in ("In", "NotIn") and not values:
        raise UnparsableError("no values")
    if operator in ("Exists", "DoesNotExist") and values:
        raise UnparsableError("values")
    if operator in ("Gt", "Lt") and (len(values) != 1 or int64(values[0]) is None):
        raise UnparsableError("no number")
    if not is_label_key(key) or not all(map(is_label_value, values)):
        raise UnparsableError("key or value")


def holds(expression, labels):
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    number = int64(labels[key]) if key in labels else None
    if number is None:
        return False
    return number > int(values[0]) if operator == "Gt" else number < int(values[0])


def expressions_of(selector):
    """A label selector as a list of expressions, checked; None selects nothing."""
    if selector is None:
        return None
    equal = [{"key": k, "operator": "In", "values": [v]} for k, v in (selector.get("matchLabels") or {}).items()]
    found = equal + list(selector.get("matchExpressions") or ())
    for expression in found:
        check(expression, ("In", "NotIn", "Exists", "DoesNotExist"))
    return found


def selects(expressions, labels):
    return expressions is not None and all(holds(expression, labels) for expression in expressions)


def check_node_term(term):
    for expression in term.get("matchExpressions") or ():
        check(expression, ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"))
    for field in term.get("matchFields") or ():
        one = len(field.get("values") or ()) == 1
        if field["key"] != "metadata.name" or field["operator"] not in ("In", "NotIn") or not one:
            raise UnparsableError("matchFields")


def node_term_holds(term, labels, name=None):
    """An empty term holds nowhere; without a name its fields are not looked at."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    if not all(holds(expression, labels) for expression in expressions):
        return False
    return name is None or all((field["values"][0] == name) == (field["operator"] == "In") for field in fields)


def any_node_term(terms, labels, name=None):
    """Terms that cannot be parsed are skipped."""
    for term in terms or ():
        try:
            check_node_term(term)
        except UnparsableError:
            continue
        if node_term_holds(term, labels, name):
            return True
    return False


def tolerates(toleration, taint):
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Equal":
        return (toleration.get("value") or "") == (taint.get("value") or "")
    return operator == "Exists"


def untolerated(taints, tolerations, effects):
    return [t for t in taints or () if t["effect"] in effects and not any(tolerates(one, t) for one in tolerations or ())]
