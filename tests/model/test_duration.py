"""Durations as Go writes them."""

from __future__ import annotations

import pytest

from binpack.model.duration import parse_duration_ns

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("10s", 10 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1h", 3600 * SECOND),
        ("1.5s", 3 * SECOND // 2),
        (".5s", SECOND // 2),
        ("1.s", SECOND),
        ("500ms", SECOND // 2),
        ("3us", 3000),
        ("3µs", 3000),
        ("3μs", 3000),
        ("7ns", 7),
        ("-1s", -SECOND),
        ("+1s", SECOND),
        ("0.1ns", 0),
        ("30s1m", 90 * SECOND),
    ],
)
def test_reads(text, nanoseconds):
    assert parse_duration_ns(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "10", "s", "10 s", "1d", "1h 30m", "-", "1e3s", "9223372037s", "٣s"])
def test_refuses(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration_ns(text)
