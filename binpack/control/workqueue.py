"""The work queue of a controller, in virtual time: no key twice, no key in two hands, retries with growing delays.

Source: client-go util/workqueue (queue.go, delaying_queue.go, default_rate_limiters.go), v1.35.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

from binpack.units import US_PER_MS, US_PER_S


@dataclass(frozen=True, slots=True)
class Throttle:
    """How many requests a client makes: `qps` a second, and `burst` at once."""

    qps: int
    burst: int


@dataclass(slots=True)
class TokenBucket:
    """So many tokens a second, and no more than a burst of them at once.

    Parameters
    ----------
    rate : int
        Tokens a second.
    burst : int
        The bucket's size; it is full at first.
    """

    rate: int
    burst: int
    _next_token_us: int = -(1 << 62)

    def reserve(self, now_us: int) -> int:
        """Take a token and return the wait until it exists. A full bucket is one whose next token lies `burst` intervals back."""
        interval_us = US_PER_S // self.rate
        token_us = max(self._next_token_us, now_us - (self.burst - 1) * interval_us)
        self._next_token_us = token_us + interval_us
        return max(token_us - now_us, 0)


@dataclass(slots=True)
class RateLimiter:
    """How long a key that failed has to wait: exponential for each key, and no more than so many a second for all.

    Parameters
    ----------
    base_us, max_us : int
        The first delay of a key in microseconds, and the longest; it doubles with each failure.
    rate : int
        Tokens a second of the bucket that all keys share; 0 for none.
    burst : int
        The bucket's size.
    """

    base_us: int = 5 * US_PER_MS
    max_us: int = 1000 * US_PER_S
    rate: int = 10
    burst: int = 100
    _failures: dict[str, int] = field(default_factory=dict)
    _bucket: TokenBucket | None = None

    def __post_init__(self) -> None:
        self._bucket = TokenBucket(self.rate, self.burst) if self.rate else None

    def when(self, key: str, now_us: int) -> int:
        """Count one more failure of a key, and return the delay until it may be tried again, in microseconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # 2**62 exceeds any maximum, and a longer shift would only cost memory.
        delay = min(self.base_us << min(failures, 62), self.max_us)
        return delay if self._bucket is None else max(delay, self._bucket.reserve(now_us))

    def forget(self, key: str) -> None:
        """Let the next failure of a key be its first."""
        self._failures.pop(key, None)

    def failures(self, key: str) -> int:
        """Return how often a key has failed since it was last forgotten."""
        return self._failures.get(key, 0)


class WorkQueue:
    """Keys that wait for a controller.

    Parameters
    ----------
    limiter : RateLimiter, optional
        For keys that failed; client-go's default when absent.
    """

    __slots__ = ("_dirty", "_order", "_processing", "_ready", "_waiting", "_waiting_until", "limiter")

    def __init__(self, limiter: RateLimiter | None = None) -> None:
        self.limiter = limiter if limiter is not None else RateLimiter()
        self._ready: deque[str] = deque()
        self._dirty: dict[str, None] = {}
        self._processing: dict[str, None] = {}
        self._waiting: list[tuple[int, int, str]] = []
        self._waiting_until: dict[str, int] = {}
        self._order = 0

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, key: str) -> None:
        """Ask for one more sync of a key. While it waits for one already, nothing changes."""
        if key in self._dirty:
            return
        self._dirty[key] = None
        if key not in self._processing:
            self._ready.append(key)

    def add_after(self, key: str, delay_us: int, now_us: int) -> None:
        """Add a key after a delay. A key waits once: a sooner time replaces a later one, a later one changes nothing."""
        if delay_us <= 0:
            self.add(key)
            return
        until_us = now_us + delay_us
        former = self._waiting_until.get(key)
        if former is not None and former <= until_us:
            return
        self._waiting_until[key] = until_us
        heapq.heappush(self._waiting, (until_us, self._order, key))
        self._order += 1

    def add_rate_limited(self, key: str, now_us: int) -> None:
        """Add a key that failed, when its limiter lets it."""
        self.add_after(key, self.limiter.when(key, now_us), now_us)

    def get(self, now_us: int) -> str | None:
        """Take the next key to process, or None if none is ready. `done` must follow."""
        self._release(now_us)
        if not self._ready:
            return None
        key = self._ready.popleft()
        self._processing[key] = None
        self._dirty.pop(key, None)
        return key

    def done(self, key: str) -> None:
        """End the processing of a key; if it was added meanwhile it is ready again."""
        self._processing.pop(key, None)
        if key in self._dirty:
            self._ready.append(key)

    def forget(self, key: str) -> None:
        """Let the next failure of a key be its first."""
        self.limiter.forget(key)

    def next_ready_us(self, now_us: int) -> int | None:
        """Return when a key is ready: now, later, or never (None)."""
        if self._ready:
            return now_us
        while self._waiting:
            until_us, _, key = self._waiting[0]
            is_current = self._waiting_until.get(key) == until_us
            if is_current and not (until_us <= now_us and key in self._processing):
                return max(until_us, now_us)
            heapq.heappop(self._waiting)
            if is_current:
                # Due while it is processed: it is ready again when that is done, and not before.
                del self._waiting_until[key]
                self.add(key)
        return None

    def _release(self, now_us: int) -> None:
        while self._waiting and self._waiting[0][0] <= now_us:
            until_us, _, key = heapq.heappop(self._waiting)
            # An entry that a sooner one replaced is no longer the one that counts.
            if self._waiting_until.get(key) == until_us:
                del self._waiting_until[key]
                self.add(key)
