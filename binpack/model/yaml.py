"""YAML as Kubernetes reads it: YAML 1.1 by the rules of goyaml.v2, without sexagesimals and with timestamps left as text.

PyYAML parses and composes; how a plain scalar is resolved, what may be a key and how `<<` merges is decided here.
Source: sigs.k8s.io/yaml yaml.go and goyaml.v2/resolve.go, v1.6.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from functools import lru_cache
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from binpack.errors import ManifestError

_TAG = "tag:yaml.org,2002:"
_PLAIN = "plain"
_TEXT = _TAG + "str"
_IN_PROGRESS = object()


class _ByStyle(Resolver):
    """Tag a scalar by its style alone: how a plain one is read is decided by `resolve_plain`."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else _TEXT
        return f"{_TAG}seq" if kind is SequenceNode else f"{_TAG}map"


class PurePythonComposer(Reader, Scanner, Parser, Composer, _ByStyle):
    """Composes nodes where PyYAML came without libyaml. Ten times slower; both are tested to agree."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _ByStyle.__init__(self)


_composer: Any = PurePythonComposer
if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class LibYamlComposer(CParser, _ByStyle):
        """Composes nodes with libyaml."""

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            _ByStyle.__init__(self)

    _composer = LibYamlComposer


def load_documents(text: str, place: str, *, composer: Any = None) -> list[Any]:
    """Read every document of a YAML text as dicts with string keys, lists, strings, numbers, booleans and None.

    Parameters
    ----------
    text : str
    place : str
        What the text is (a file's name), for error messages.
    composer : type, optional
        `PurePythonComposer` to do without libyaml.

    Returns
    -------
    list
        One value a document; None for an empty one.

    Raises
    ------
    ManifestError
        `place, line L, column C: problem`, both counted from 1.
    """
    documents = []
    try:
        nodes = (composer or _composer)(text)
        while nodes.check_node():
            documents.append(_Builder().build(nodes.get_node()))
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, place) from None
    except yaml.reader.ReaderError as error:
        raise ManifestError(_unreadable_character(error, text, place)) from None
    except RecursionError:
        raise ManifestError(f"{place}: nested too deeply (accepted: what a Kubernetes object needs)") from None
    return documents


@lru_cache(maxsize=16384)
def resolve_plain(text: str) -> Any:
    """Tell what an unquoted scalar means: None, a boolean, an int, a float, or the text itself.

    Examples
    --------
    >>> [resolve_plain(text) for text in ("on", "0o17", "1e3", "12:30:00", "2026-01-01")]
    [True, 15, 1000, '12:30:00', '2026-01-01']
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == "." and _FLOAT.fullmatch(text):
        return _number(float(text), text)
    if text[0] in "+-0123456789" and not _DATE.match(text):
        return _resolve_number(text)
    return text


_WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}($|[Tt ]\d{1,2}:)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = ((2, 16), (3, 2), (4, 8), (5, 10))
_MAX_EXACT = 1e21
"""Go writes smaller whole floats without an exponent, so that they become integers again on their way through JSON."""


def _resolve_number(text: str) -> Any:
    plain = text.replace("_", "")
    match = _INTEGER.fullmatch(plain)
    if match:
        group, base = next((group, base) for group, base in _BASES if match.group(group) is not None)
        return int(match.group(1) + match.group(group), base)
    if _FLOAT.fullmatch(plain):
        return _number(float(plain), text)
    return text


def _number(value: float, text: str) -> Any:
    """A float, as it looks after kubectl has sent it as JSON; what overflows stays text."""
    if math.isinf(value):
        return text
    return int(value) if value.is_integer() and abs(value) < _MAX_EXACT else value


class _Builder:
    """Turns one document's nodes into plain values."""

    def __init__(self) -> None:
        # By node, not by path: an alias is the same node, so that aliases of aliases cost nothing.
        self._built: dict[int, Any] = {}

    def build(self, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            return _scalar(node)
        known = self._built.get(id(node))
        if known is _IN_PROGRESS:
            raise _problem(node, "an anchor contains itself")
        if known is not None:
            return known
        self._built[id(node)] = _IN_PROGRESS
        value = [self.build(item) for item in node.value] if isinstance(node, SequenceNode) else self._mapping(node)
        self._built[id(node)] = value
        return value

    def _mapping(self, node: Node) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: set[str] = set()
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode) and key_node.value == "<<" and key_node.tag in (_PLAIN, f"{_TAG}merge"):
                # goyaml.v2 merges at this point: what stands above `<<` is overwritten, what stands below overwrites.
                merged.update(self._merge(value_node))
                continue
            key = _key(key_node)
            if key in own:
                raise _problem(key_node, f'the key "{key}" is given twice in one mapping')
            own.add(key)
            merged[key] = self.build(value_node)
        return merged

    def _merge(self, node: Node) -> dict[str, Any]:
        if isinstance(node, MappingNode):
            return dict(self.build(node))
        if isinstance(node, SequenceNode) and all(isinstance(item, MappingNode) for item in node.value):
            merged: dict[str, Any] = {}
            for item in reversed(node.value):
                merged.update(self.build(item))
            return merged
        raise _problem(node, "`<<` takes a mapping or a list of mappings")


def _scalar(node: ScalarNode) -> Any:
    text: str = node.value
    tag: str = node.tag
    if tag == _PLAIN:
        return resolve_plain(text)
    if tag == _TEXT or not tag.startswith(_TAG):
        return text
    kind = tag.removeprefix(_TAG)
    if kind == "binary":
        try:
            return base64.b64decode("".join(text.split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _problem(node, "!!binary is not base64 of UTF-8 text") from None
    if kind == "timestamp":
        return text
    value = resolve_plain(text)
    if kind not in _KINDS or not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "bool"):
        raise _problem(node, f"{text!r} is no !!{kind}")
    return value


_KINDS: dict[str, Any] = {"bool": bool, "int": int, "float": (int, float), "null": type(None)}


def _key(node: Node) -> str:
    """A mapping's key as sigs.k8s.io/yaml writes it into JSON."""
    key = _scalar(node) if isinstance(node, ScalarNode) else node
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int | float):
        return str(key)
    raise _problem(node, f"{'null' if key is None else 'a list or mapping'} is no key (accepted: text)")


def _problem(node: Node, text: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=node.start_mark)


def _syntax_error(error: yaml.MarkedYAMLError, text: str, place: str) -> ManifestError:
    mark = error.problem_mark or error.context_mark
    if mark and (tab := _indenting_tab(text, mark.line)) is not None:
        return ManifestError(f"{place}, line {mark.line + 1}, column {tab + 1}: a tab indents this line (accepted: spaces)")
    problem = error.problem or error.context or "cannot be read"
    if error.context and error.problem and error.context_mark and mark:
        begins = f" that begins in line {error.context_mark.line + 1}" if mark.line != error.context_mark.line else ""
        problem = f"{error.context}{begins}: {problem}"
    where = f"{place}, line {mark.line + 1}, column {mark.column + 1}" if mark else place
    return ManifestError(f"{where}: {problem}")


def _indenting_tab(text: str, line: int) -> int | None:
    """Return where in a line's indentation a tab stands; None if there is none."""
    lines = text.split("\n", line + 1)
    if line >= len(lines):
        return None
    indentation = lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    position = indentation.find("\t")
    return None if position < 0 else position


def _unreadable_character(error: yaml.reader.ReaderError, text: str, place: str) -> str:
    before = text[: error.position]
    line = before.count("\n") + 1
    column = error.position - (before.rfind("\n") + 1) + 1
    character = error.character if isinstance(error.character, int) else ord(error.character)
    return f"{place}, line {line}, column {column}: the character U+{character:04X} is not allowed in YAML"
