"""How a finished visit travels from a worker to the collector: as compressed JSON, in which every value comes back as it was.

Pickles would be shorter to write, but run whatever stands in them. Here only the named classes are made, from their own fields; a
field that a class gets later travels by itself. A fact that stands in a page and in its program stands in the text once.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from scraper.items import Fact

# JSON has no tuples and sets: {"()": [...]}. A class stands under its own name: {"Fee": {...}}; "#" is a fact that came before.
_TUPLE, _SET, _FROZEN, _COUNTER, _DICT, _AGAIN = "()", "{}", "{}!", "+", ":", "#"


class Codec:
    """Writes and reads values made of `classes` (attrs) and of what JSON knows, tuples, sets and counters besides."""

    def __init__(self, classes: Iterable[type]) -> None:
        self.classes: dict[str, type] = {cls.__name__: cls for cls in classes}
        self.fields: dict[type, tuple[str, ...]] = {
            cls: tuple(a.name for a in attrs.fields(cls) if a.init) for cls in self.classes.values()
        }

    def dumps(self, value: Any) -> bytes:
        """`value` as bytes. Raises TypeError for what cannot travel."""
        text = json.dumps(self._plain(value, {}), ensure_ascii=False, separators=(",", ":"))
        return zlib.compress(text.encode("utf-8", "surrogatepass"), 6)

    def loads(self, data: bytes) -> Any:
        """The value that `dumps` wrote."""
        return self._value(json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass")), [])

    def _plain(self, value: Any, facts: dict[int, int]) -> Any:
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        if isinstance(value, list):
            return [self._plain(one, facts) for one in value]
        if isinstance(value, tuple):
            return {_TUPLE: [self._plain(one, facts) for one in value]}
        if isinstance(value, (set, frozenset)):
            return {_FROZEN if isinstance(value, frozenset) else _SET: sorted(value)}
        if isinstance(value, Mapping):
            pairs = [[self._plain(k, facts), self._plain(v, facts)] for k, v in value.items()]
            return {_COUNTER if isinstance(value, Counter) else _DICT: pairs}
        fields = self.fields.get(type(value))
        if fields is None:
            raise TypeError(f"{type(value).__name__} cannot travel to the collector")
        if isinstance(value, Fact):
            if id(value) in facts:
                return {_AGAIN: facts[id(value)]}
            facts[id(value)] = len(facts)
        return {type(value).__name__: [self._plain(getattr(value, name), facts) for name in fields]}

    def _value(self, plain: Any, facts: list[Fact]) -> Any:
        if isinstance(plain, list):
            return [self._value(one, facts) for one in plain]
        if not isinstance(plain, dict):
            return plain
        [(kind, content)] = plain.items()
        if kind == _AGAIN:
            return facts[content]
        if kind == _TUPLE:
            return tuple(self._value(one, facts) for one in content)
        if kind in (_SET, _FROZEN):
            return frozenset(content) if kind == _FROZEN else set(content)
        if kind in (_DICT, _COUNTER):
            pairs = {self._value(k, facts): self._value(v, facts) for k, v in content}
            return Counter(pairs) if kind == _COUNTER else pairs
        cls = self.classes[kind]
        place = len(facts)
        if cls is Fact:
            facts.append(None)  # type: ignore[arg-type]  # numbered as it was written: before what it holds
        made = cls(**{n.lstrip("_"): self._value(v, facts) for n, v in zip(self.fields[cls], content, strict=True)})
        if cls is Fact:
            facts[place] = made
        return made
