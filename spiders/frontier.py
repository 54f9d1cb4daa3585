"""What is still to be fetched of one institution, best first."""

from __future__ import annotations

import heapq
import re
from urllib.parse import urlsplit

import attrs

from scraper.urls import key

# Addresses that differ in numbers only, or in their query only, are likely one page in many views (calendars, facets,
# lists in parts). So many of a kind are taken, those apart whose score says that their words name something.
MAX_OF_A_KIND = 12
SPEAKS_FOR_ITSELF = 0.5

_NUMBERS = re.compile(r"\d+")


@attrs.frozen
class Candidate:
    """A page to fetch: where it is, what it promises, and how many links it is away from a start."""

    url: str
    score: float
    depth: int


class Frontier:
    """A queue of candidates. The best goes first, among equals the nearer, then the earlier. Each page is given out once."""

    def __init__(self, limit: int = 5000) -> None:
        self.limit = limit
        self._heap: list[tuple[float, int, int, str]] = []
        self._best: dict[str, float] = {}  # key -> best score pushed; a key given out stays
        self._out: set[str] = set()
        self._kinds: dict[str, int] = {}
        self._count = 0

    def __bool__(self) -> bool:
        return any(key(url) not in self._out for *_, url in self._heap)

    def push(self, url: str, score: float, depth: int) -> None:
        """Add a page, or raise the score of one that waits."""
        identity = key(url)
        if identity in self._out or score <= self._best.get(identity, float("-inf")):
            return
        if identity not in self._best and score < SPEAKS_FOR_ITSELF:
            kind = _kind(url)
            if self._kinds.get(kind, 0) >= MAX_OF_A_KIND:
                return
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        self._best[identity] = score
        self._count += 1
        heapq.heappush(self._heap, (-score, depth, self._count, url))
        if len(self._heap) > 2 * self.limit:
            self._shrink()

    def pop(self) -> Candidate | None:
        """The best page that was not given out yet; None when there is none left."""
        while self._heap:
            score, depth, _, url = heapq.heappop(self._heap)
            identity = key(url)
            if identity not in self._out:
                self._out.add(identity)
                return Candidate(url, -score, depth)
        return None

    def _shrink(self) -> None:
        """Forget all but the best."""
        self._heap = [entry for entry in heapq.nsmallest(self.limit, self._heap) if key(entry[3]) not in self._out]
        heapq.heapify(self._heap)


def _kind(url: str) -> str:
    """What addresses have in common that differ in their numbers or their query only; its own for any other."""
    parts = urlsplit(url)
    path = _NUMBERS.sub("0", parts.path)
    return f"{parts.netloc}{path}?" if parts.query else f"{parts.netloc}{path}"
