"""What is still to be fetched of one institution, best first."""

from __future__ import annotations

import heapq
import re
from functools import lru_cache
from urllib.parse import urlsplit

import attrs

from scraper.urls import key, segments

# Addresses that differ in numbers only, or in their query only, are likely one page in many views (calendars, facets,
# lists in parts). So many of a kind are taken, those apart whose score says that their words name something.
MAX_OF_A_KIND = 12
SPEAKS_FOR_ITSELF = 0.5
# From this score on a link names a program for visitors: no experience with pages of its kind makes it less.
NAMES_IT = 0.8
STEP = 0.8  # what a page is worth is worth to the page that leads to it
WORTH_MOVING = 0.02  # a smaller difference moves no page up or down in the queue
MAX_CREDIT = 6  # pages on the way that get a share

_NUMBERS = re.compile(r"\d+")


@attrs.frozen
class Candidate:
    """A page to fetch: where it is, what it promises, and how many links it is away from a start."""

    url: str
    score: float
    depth: int


class Frontier:
    """A queue of candidates. The best goes first, among equals the nearer, then the earlier. Each page is given out once.

    It learns on the way: pages whose addresses end alike ('…/cardiology/research', '…/urology/research') play the same part
    all over a site, and what the first of them were worth tells about the others. A link that names the thing itself is
    taken at its word.
    """

    def __init__(self, limit: int = 5000) -> None:
        self.limit = limit
        self._heap: list[tuple[float, int, int, str]] = []
        self._best: dict[str, float] = {}  # key -> best score pushed; a key given out stays
        self._depth: dict[str, int] = {}  # key -> links from a start, on the shortest way known
        self._out: set[str] = set()
        self._kinds: dict[str, int] = {}
        self._parents: dict[str, str] = {}  # key -> the page whose link promised most
        self._pages: dict[str, float] = {}  # key -> what a page that was read was worth
        self._worth: dict[
            str, tuple[int, float]
        ] = {}  # part -> how many such pages were read, and their worth together
        self._place: dict[str, float] = {}  # key -> the score under which it stands in the queue
        self._waiting: dict[str, list[str]] = {}  # part -> addresses put in, some of them given out by now
        self._count = 0

    def __bool__(self) -> bool:
        return any(key(url) not in self._out for *_, url in self._heap)

    def push(self, url: str, score: float, depth: int, parent: str = "") -> None:
        """Add a page, or raise the score of one that waits. `parent` is the page that links to it."""
        identity = key(url)
        if identity in self._out:
            return
        self._depth[identity] = min(depth, self._depth.get(identity, depth))
        if score <= self._best.get(identity, float("-inf")):
            return
        if identity not in self._best and score < SPEAKS_FOR_ITSELF:
            kind = _kind(url)
            if self._kinds.get(kind, 0) >= MAX_OF_A_KIND:
                return
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
        new = identity not in self._best
        self._best[identity] = score
        if parent:
            self._parents[identity] = parent
        if new:
            for part in _parts(url):
                self._waiting.setdefault(part, []).append(url)
        self._add(identity, url, self._expected(url, score), depth)
        if len(self._heap) > 2 * self.limit:
            self._shrink()

    def _add(self, identity: str, url: str, score: float, depth: int) -> None:
        """Put a page in its place. What stands for it elsewhere in the queue counts no longer."""
        self._place[identity] = score
        self._count += 1
        heapq.heappush(self._heap, (-score, depth, self._count, url))

    def pop(self) -> Candidate | None:
        """The best page that was not given out yet; None when there is none left."""
        while self._heap:
            score, depth, _, url = heapq.heappop(self._heap)
            identity = key(url)
            if identity in self._out or self._place[identity] != -score:
                continue
            # What was learned since it was put there may have made it less.
            expected = self._expected(url, self._best[identity])
            if expected < -score - WORTH_MOVING:
                self._add(identity, url, expected, depth)
                continue
            self._out.add(identity)
            return Candidate(url, self._best[identity], self._depth[identity])
        return None

    def learn(self, url: str, worth: float) -> None:
        """A page was read: `worth` says how much it was about a program, or promises to lead to one. The pages on the way to
        it were worth almost as much."""
        for _ in range(MAX_CREDIT):
            identity = key(url)
            known = self._pages.get(identity)
            if known is not None and worth <= known:
                return
            self._pages[identity] = worth
            for part in _parts(url):
                count, total = self._worth.get(part, (0, 0.0))
                self._worth[part] = (count + 1, total + worth) if known is None else (count, total + worth - known)
                if count and worth > total / count:
                    self._raise(part)
            if identity not in self._parents:
                return
            url, worth = self._parents[identity], worth * STEP

    def experience(self, url: str) -> float:
        """What pages that end like this one were worth, as far as that can be relied on."""
        count, total = self._worth.get(_parts(url)[0], (0, 0.0))
        return min(total / (count + 2), 1.0)

    def _raise(self, part: str) -> None:
        """Those that wait are worth more than was thought: they are put in anew. Less is seen to when they come up."""
        waiting = [url for url in self._waiting.get(part, ()) if key(url) not in self._out]
        self._waiting[part] = waiting
        for url in waiting:
            identity = key(url)
            if (expected := self._expected(url, self._best[identity])) > self._place[identity] + WORTH_MOVING:
                self._add(identity, url, expected, self._depth[identity])

    def _expected(self, url: str, score: float) -> float:
        """What a page is worth by its link, and by what pages that play the same part were worth."""
        if score >= NAMES_IT:
            return score
        for part in _parts(url):
            count, total = self._worth.get(part, (0, 0.0))
            if count:
                trust = count / (count + 2)
                return (1 - trust) * score + trust * min(total / count, NAMES_IT)
        return score

    def _shrink(self) -> None:
        """Forget all but the best."""
        live = [
            entry for entry in self._heap if self._place[key(entry[3])] == -entry[0] and key(entry[3]) not in self._out
        ]
        self._heap = heapq.nsmallest(self.limit, live)


@lru_cache(maxsize=10_000)
def _parts(url: str) -> tuple[str, str]:
    """The part that a page plays on its site: told by how its address ends, numbers aside; failing that, by its folder."""
    *folder, end = (_NUMBERS.sub("0", piece) for piece in ("", *segments(url)))
    return f"…/{end}", f"{'/'.join(folder)}/…"


def _kind(url: str) -> str:
    """What addresses have in common that differ in their numbers or their query only; its own for any other."""
    parts = urlsplit(url)
    path = _NUMBERS.sub("0", parts.path)
    return f"{parts.netloc}{path}?" if parts.query else f"{parts.netloc}{path}"
