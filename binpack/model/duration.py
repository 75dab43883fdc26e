"""Durations as Go and Kubernetes write them: `10s`, `1h30m`, `1.5s`, `500ms`.

Source: Go's time.ParseDuration; apimachinery metav1.Duration.
"""

from __future__ import annotations

import re
from fractions import Fraction

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # the micro sign, U+00B5
    "μs": 1_000,  # the Greek letter, U+03BC
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_FORM = re.compile(rf"([+-]?)((?:{_PART.pattern})+)")
_MAX_NANOSECONDS = (1 << 63) - 1


def parse_duration_ns(text: str) -> int:
    """Read a duration; a bare `0` needs no unit.

    Parameters
    ----------
    text : str

    Returns
    -------
    int
        Nanoseconds; what is finer is cut off, as Go does.

    Raises
    ------
    ValueError
        If the text is no duration; the message shows it.

    Examples
    --------
    >>> parse_duration_ns("1m30s")
    90000000000
    """
    if text in ("0", "+0", "-0"):
        return 0
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not a duration (accepted: numbers with units, like 10s, 1h30m, 500ms)')
    sign, parts = match.group(1), match.group(2)
    nanoseconds = sum(int(Fraction(number) * _NANOSECONDS[unit]) for number, unit in _PART.findall(parts))
    if nanoseconds > _MAX_NANOSECONDS:
        raise ValueError(f'"{text}" is too long a duration (accepted: up to 292 years)')
    return -nanoseconds if sign == "-" else nanoseconds


def format_duration(nanoseconds: int) -> str:
    """Write a duration of whole seconds or more as Go does: `10s`, `1m20s`, `5m0s`, `1.5s`.

    Examples
    --------
    >>> format_duration(80_000_000_000)
    '1m20s'
    """
    minutes, rest = divmod(nanoseconds, _NANOSECONDS["m"])
    seconds, fraction = divmod(rest, _NANOSECONDS["s"])
    text = f"{seconds}s" if fraction == 0 else f"{seconds}.{fraction:09d}".rstrip("0") + "s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}" if minutes else text
