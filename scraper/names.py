"""Names of institutions: one under many spellings, and which of them a name means.

'Penn', 'Perelman' and 'University of Pennsylvania' are one school; 'Washington University' and 'University of Washington'
are two. A name is folded (case, accents, 'St.' and 'Saint'), cut into words, and its words are weighed by how few
institutions of the registry bear them. `Names.find` answers what a name means, `duplicates` which two lines of the registry may
be one institution; data/distinct.csv lists the pairs that were looked at and are two.
"""

from __future__ import annotations

import csv
import difflib
import itertools
import math
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import attrs

from scraper.items import Institution

# A name found this surely, and this much more surely than the next, needs no person to look at it.
SURE, MARGIN = 0.9, 0.05
DOUBTFUL = 0.5  # below this two names have too little in common to be shown to anybody
SAME = 0.5  # from here on two lines of the registry are shown as perhaps one

_SPELLED_OUT = {
    "st": "saint", "ste": "saint", "univ": "university", "u": "university", "hosp": "hospital", "hospitals": "hospital", "ctr": "center",
    "centre": "center", "centers": "center", "med": "medical", "mt": "mount", "childrens": "children", "coll": "college", "sch": "school",
    "osteopathy": "osteopathic", "healthcare": "health", "womens": "women", "dept": "department",
}  # fmt: skip
_STOPWORDS = frozenset(
    ["the", "of", "at", "in", "and", "for", "a", "an", "de", "y", "inc", "llc", "md", "jr", "m", "d"]
)
# Words that say what kind of house it is, not which.
_GENERIC = frozenset(
    [
        "school", "college", "medicine", "medical", "hospital", "center", "health", "system", "university", "institute", "department",
        "program", "network", "sciences", "science", "education", "clinical", "campus", "services", "division", "residency",
    ]
)  # fmt: skip
_SCHOOL = re.compile(r"\b(?:school|college)\b|\bmedical college\b")
_HOSPITAL = re.compile(r"\b(?:hospital|clinic|health|medical center|infirmary|care|institute)\b")
_GROUP = {
    "medical_school_md": "school",
    "medical_school_do": "osteopathic",
    "teaching_hospital": "hospital",
    "health_system": "hospital",
    "agency": "agency",
}


@lru_cache(maxsize=20_000)
def fold(name: str) -> str:
    """A name as it is compared: lower case, without accents, signs and common abbreviations."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("&", " and ")
    plain = re.sub(r"['`.]", "", plain)
    return " ".join(_SPELLED_OUT.get(word, word) for word in re.findall(r"[a-z0-9]+", plain))


@lru_cache(maxsize=20_000)
def words_of(name: str) -> frozenset[str]:
    """The words of a name that tell something. 'University of Washington' and 'Washington University' are two: which of the
    two ways a university is named by its place counts as a word of its own."""
    folded = fold(name)
    ways = [f"university-of-{place}" for place in re.findall(r"\buniversity (?:of |at )(?:the )?(\w+)", folded)]
    before = re.findall(r"\b(\w+) university\b", folded)
    ways += [f"{place}-university" for place in before if place not in _STOPWORDS | _GENERIC]
    return frozenset([*(word for word in folded.split() if word not in _STOPWORDS), *ways])


@lru_cache(maxsize=20_000)
def core_of(name: str) -> frozenset[str]:
    """The words that tell which house it is; all words where a name has none but such as 'university' and 'hospital'."""
    words = words_of(name)
    return (words - _GENERIC) or words


def group_of(name: str) -> str:
    """What kind of house a name speaks of: 'school', 'osteopathic', 'hospital', or '' where it does not say."""
    folded = fold(name)
    if "osteopathic" in folded:
        return "osteopathic"
    if _SCHOOL.search(folded):
        return "school"
    return "hospital" if _HOSPITAL.search(folded) else ""


@attrs.frozen
class Found:
    """An institution that a name may mean, and how surely (0 to 1)."""

    institution: Institution
    score: float


class Names:
    """The names of a registry's institutions."""

    def __init__(self, institutions: Iterable[Institution]) -> None:
        self.institutions = list(institutions)
        self.names = {one.id: (one.name, *one.aliases) for one in self.institutions}
        bearers: dict[str, set[str]] = {}
        for one in self.institutions:
            for name in self.names[one.id]:
                for word in words_of(name):
                    bearers.setdefault(word, set()).add(one.id)
        total = len(self.institutions) + 1
        self._weight = {word: math.log(total / len(ids)) + 0.1 for word, ids in bearers.items()}
        self._rare = math.log(total) + 0.1

    def find(self, name: str, state: str | None = None, kinds: Iterable[str] = ()) -> list[Found]:
        """What `name` may mean, the surest first. `state` and `kinds` leave out what is elsewhere or of another kind."""
        chosen = set(kinds)
        found = []
        for one in self.institutions:
            if chosen and one.kind not in chosen:
                continue
            if state and one.state and one.state != state:
                continue
            if (score := self._likeness(name, one)) >= DOUBTFUL:
                found.append(Found(one, round(score, 3)))
        return sorted(found, key=lambda f: (-f.score, f.institution.id))

    def sure(self, name: str, state: str | None = None, kinds: Iterable[str] = ()) -> Institution | None:
        """The institution that `name` means, where there is no doubt about it."""
        found = self.find(name, state, kinds)
        if not found or found[0].score < SURE:
            return None
        next_best = found[1].score if len(found) > 1 else 0.0
        # The very name of one is that one, however alike another's is.
        is_alone = next_best < 1.0 if found[0].score == 1.0 else found[0].score - next_best >= MARGIN
        return found[0].institution if is_alone else None

    def _likeness(self, name: str, one: Institution) -> float:
        folded = fold(name)
        best = 0.0
        for own in self.names[one.id]:
            if folded == fold(own):
                return 1.0
            best = max(best, self._overlap(words_of(name), words_of(own)))
            mine, theirs = core_of(name), core_of(own)
            if mine <= theirs or theirs <= mine:  # 'Harlem Hospital' for 'NYC Health + Hospitals/Harlem': worth a look
                best = max(best, 0.6)
        if one.parent and fold(one.parent) == folded and one.kind in ("medical_school_md", "medical_school_do"):
            best = max(best, 0.92)  # a university is meant as its school
        asked, own_group = group_of(name), _GROUP.get(one.kind or "", "")
        if asked and own_group and asked != own_group:
            best = min(best * 0.85, SURE - 0.05)
        elif not asked and own_group == "hospital" and "university" in folded.split():
            best = min(best * 0.9, SURE - 0.05)  # a university is its school before it is its hospital
        return min(best, 0.98)

    def _overlap(self, one: frozenset[str], other: frozenset[str]) -> float:
        """How much of the weight of two names' words they share; words of kind count little."""
        both = self._sum(one & other)
        return both / self._sum(one | other) if both else 0.0

    def _sum(self, words: Iterable[str]) -> float:
        return sum(self._weight.get(word, self._rare) * (0.15 if word in _GENERIC else 1.0) for word in words)

    # --- one institution on two lines ---

    def duplicates(self) -> list[tuple[Institution, Institution, float]]:
        """Pairs of institutions that may be one: the same name or alias, or alike names of one kind in one state."""
        found = []
        for one, other in itertools.combinations(self.institutions, 2):
            score = self._sameness(one, other)
            if score >= SAME:
                found.append((one, other, round(score, 3)))
        return sorted(found, key=lambda pair: (-pair[2], pair[0].id, pair[1].id))

    def _sameness(self, one: Institution, other: Institution) -> float:
        mine, theirs = self.names[one.id], self.names[other.id]
        if {fold(name) for name in mine} & {fold(name) for name in theirs}:
            return 1.0
        if one.state and other.state and one.state != other.state:
            return 0.0
        if _is_misspelt(fold(one.name), fold(other.name)):
            return 0.95
        if _GROUP.get(one.kind or "") == _GROUP.get(other.kind or ""):
            return max((self._overlap(core_of(a), core_of(b)) for a in mine for b in theirs), default=0.0)
        # A school and its hospital bear one name: only the whole name, 'medical school' and all, tells of a slip of kind.
        a, b = words_of(one.name), words_of(other.name)
        whole = (a <= b or b <= a) and group_of(one.name) == group_of(other.name)
        return 0.9 if whole and min(len(a - _GENERIC), len(b - _GENERIC)) else 0.0


def _is_misspelt(one: str, other: str) -> bool:
    """Do two names differ by a letter or two?"""
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return min(len(one), len(other)) > 12 and matcher.quick_ratio() >= 0.95 and matcher.ratio() >= 0.95


DISTINCT = "distinct.csv"
DISTINCT_COLUMNS = ("one", "other", "why")


def read_distinct(directory: Path) -> dict[frozenset[str], str]:
    """The pairs of institutions that were looked at and are two, with the reason. {} where there is no such file."""
    path = directory / DISTINCT
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {
            frozenset([row["one"].strip(), row["other"].strip()]): (row["why"] or "").strip()
            for row in csv.DictReader(file)
        }
