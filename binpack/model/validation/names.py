"""The forms of names, label keys and label values, and how the API server complains of a wrong one.

Each function returns the complaints; none means that the text is fine.
Source: apimachinery pkg/util/validation/validation.go and pkg/api/validate/content, v1.35.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_PERCENT = "[0-9]+%"
_SUBDOMAIN_FORM = re.compile(_SUBDOMAIN)

_MAX_LABEL_LENGTH = 63
_MAX_SUBDOMAIN_LENGTH = 253


def dns_label(text: str) -> list[str]:
    """Check the name of a namespace, a container or a volume."""
    problems = _too_long(text, _MAX_LABEL_LENGTH)
    if re.fullmatch(_LABEL, text) is None:
        if re.fullmatch(_SUBDOMAIN, text):
            problems.append("must not contain dots")
        else:
            rule = (
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
                " an alphanumeric character"
            )
            problems.append(_form(rule, _LABEL, "my-name", "123-abc"))
    return problems


def dns_subdomain(text: str) -> list[str]:
    """Check the name of a node, a pod and most other objects."""
    problems = _too_long(text, _MAX_SUBDOMAIN_LENGTH)
    if re.fullmatch(_SUBDOMAIN, text) is None:
        rule = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end"
            " with an alphanumeric character"
        )
        problems.append(_form(rule, _SUBDOMAIN, "example.com"))
    return problems


def qualified_name(text: str) -> list[str]:
    """Check a label key, a taint key, a resource name: an optional subdomain, a slash, and a name."""
    parts = text.split("/")
    if len(parts) > 2:
        return [f"a valid label key {_qualified_form()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems = []
    if len(parts) == 2:
        prefix = ["must be non-empty"] if not parts[0] else dns_subdomain(parts[0])
        problems += [f"prefix part {problem}" for problem in prefix]
    name = parts[-1]
    if not name:
        problems.append("name part must be non-empty")
    problems += [f"name part {problem}" for problem in _too_long(name, _MAX_LABEL_LENGTH)]
    if re.fullmatch(_QUALIFIED, name) is None:
        problems.append(f"name part {_qualified_form()}")
    return problems


def is_subdomain(text: str) -> bool:
    """Tell whether a text has the form of most names: `dns_subdomain` without its complaints, for what is asked of every pod."""
    return len(text) <= _MAX_SUBDOMAIN_LENGTH and _SUBDOMAIN_FORM.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_qualified(text: str) -> bool:
    """Tell whether a text is a label's key: `qualified_name` without its complaints, for what many objects have in common."""
    return not qualified_name(text)


def label_value(text: str) -> list[str]:
    """Check a label's or a taint's value."""
    problems = _too_long(text, _MAX_LABEL_LENGTH)
    if re.fullmatch(_LABEL_VALUE, text) is None:
        rule = (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end"
            " with an alphanumeric character"
        )
        problems.append(_form(rule, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return problems


def percent(text: str) -> list[str]:
    """Check a percentage like `25%`."""
    if re.fullmatch(_PERCENT, text):
        return []
    return [_form("a valid percent string must be a numeric string followed by an ending '%'", _PERCENT, "1%", "93%")]


def _qualified_form() -> str:
    rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    return _form(rule, _QUALIFIED, "MyName", "my.name", "123-abc")


def _too_long(text: str, limit: int) -> list[str]:
    return [f"must be no more than {limit} bytes"] if len(text.encode()) > limit else []


def _form(rule: str, pattern: str, *examples: str) -> str:
    listed = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {listed}regex used for validation is '{pattern}')"
