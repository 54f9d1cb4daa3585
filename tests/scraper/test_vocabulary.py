"""The phrases of data/vocabulary: each means one thing, can be found, and is found in linear time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.vocabulary import Vocabulary, VocabularyError, expand, look_for_all, names, vocabulary


def found(entries: dict[str, Any], text: str) -> list[tuple[str, str]]:
    return [(match.key, text[match.start : match.end]) for match in Vocabulary(entries).find(text)]


def phrases(*plain: str, unless: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"a": {"phrases": list(plain), "unless": list(unless)}}


@pytest.mark.parametrize(
    ("phrase", "plain"),
    [
        ("letter", ["letter"]),
        ("letter(s)", ["letters", "letter"]),
        ("letter(s) [from|of]", ["letters from", "letters of", "letter from", "letter of"]),
        ("[own |]school", ["own school", "school"]),
        ("[student(s)|school] year", ["students year", "student year", "school year"]),
        ("  wide   gap ", ["wide gap"]),
    ],
)
def test_expand(phrase: str, plain: list[str]) -> None:
    assert expand(phrase) == plain


@pytest.mark.parametrize(
    ("entries", "text", "expected"),
    [
        (phrases("flu shot"), "A FLU SHOT, please", [("a", "FLU SHOT")]),
        (phrases("CV"), "CV or cv", [("a", "CV")]),
        (
            phrases("flu shot"),
            "flu-shot, flu\nshot, flu – shot",
            [("a", "flu-shot"), ("a", "flu\nshot"), ("a", "flu – shot")],
        ),
        (phrases("flu"), "fluent, influx, flu", [("a", "flu")]),
        (
            phrases("the dean's letter"),
            "the dean’s letter, the deans letter",
            [("a", "the dean’s letter"), ("a", "the deans letter")],
        ),
        (phrases("letter ... dean"), "a letter of support from your dean", [("a", "letter of support from your dean")]),
        (phrases("letter ... dean"), "letter dean", [("a", "letter dean")]),
        (phrases("letter ... dean"), "letter one two three four five dean", []),
        (phrases("letter ... dean"), "a letter. The dean", []),
        (phrases("photo", unless=("photo ID",)), "photo ID and photo", [("a", "photo")]),
        (phrases("photo", unless=("photo id",)), "Photo ID", []),
        (
            phrases("letter", "letter of intent"),
            "letter of intent, letter of doubt",
            [("a", "letter of intent"), ("a", "letter")],
        ),
        (phrases("C.V."), "a C.V. and", [("a", "C.V.")]),
        (phrases("dean's letter"), "the deans letter", []),  # within the first word an apostrophe is wanted
        (phrases("students' letter"), "a student – the students letter", [("a", "students letter")]),
        (phrases("flu shot"), "İstanbul  –  a flu  shot", [("a", "flu  shot")]),
        (phrases("MD degree", "md"), "MD degree, md degree", [("a", "MD degree"), ("a", "md")]),
        (phrases("COVID 19"), "COVID-19", [("a", "COVID-19")]),
        (phrases("a b", "b c"), "a b c", [("a", "a b")]),
        # A word in a case of its own takes along what may follow the same word in any case.
        (
            {"any": {"phrases": ["visiting student service"]}, "own": {"phrases": ["Visiting student"]}},
            "Visiting student service, Visiting student, visiting student",
            [("any", "Visiting student service"), ("own", "Visiting student")],
        ),
        (
            {"long": {"phrases": ["dean's office"]}, "short": {"phrases": ["dean"]}},
            "the dean’s office, the dean's car",
            [("long", "dean’s office"), ("short", "dean")],
        ),
    ],
)
def test_find(entries: dict[str, Any], text: str, expected: list[tuple[str, str]]) -> None:
    assert found(entries, text) == expected


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"a": {"phrases": ["visa"]}, "b": {"phrases": ["visa"]}}, "'visa' stands under 'a' and under 'b'"),
        ({"a": {"phrases": ["visa"], "unless": ["visa"]}}, "'visa' stands under 'a' and under 'unless'"),
        ({"a": {"phrases": ["[visa|pass]"]}, "b": {"phrases": ["pass"]}}, "'pass' stands under"),
        ({"a": {}}, "has no list of phrases"),
        ({"a": {"phrases": "visa"}}, "has no list of phrases"),
        ({"a": ["visa"]}, "has no list of phrases"),
        ({"a": {"phrases": [1]}}, "begins with a letter or digit"),
        ({"a": {"phrases": ["... dean"]}}, "begins with a letter or digit"),
        ({"a": {"phrases": [""]}}, "begins with a letter or digit"),
        ({"a": {"phrases": ["letter [of|from"]}}, "bracket"),
        ({"a": {"phrases": ["letter of) dean"]}}, "bracket"),
    ],
)
def test_wrong_vocabularies_are_refused(entries: dict[str, Any], words: str) -> None:
    with pytest.raises(VocabularyError) as error:
        Vocabulary(entries, "mine.yml")
    assert words in str(error.value) and "mine.yml" in str(error.value)


def test_missing_vocabulary_names_those_there_are() -> None:
    with pytest.raises(VocabularyError, match="documents"):
        vocabulary("nonesuch")


@pytest.mark.parametrize("name", names())
def test_every_phrase_is_found(name: str) -> None:
    """A phrase means its own key and is hidden by no other: one that can never match is a mistake of whoever wrote it."""
    words = vocabulary(name)
    wrong = []
    for phrase, key in words.phrases.items():
        texts = (
            [" ".join(phrase.replace("...", filler).split()) for filler in ("", "xx yy")]
            if "..." in phrase
            else [phrase]
        )
        for text in texts:
            matches = [(match.key, match.start, match.end) for match in words.find(text)]
            if matches != ([(key, 0, len(text))] if key else []) and (key or (matches and matches[0][1] == 0)):
                wrong.append(f"{key or 'unless'}: {phrase!r} is read as {[(k, text[a:b]) for k, a, b in matches]}")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("name", names())
def test_every_key_has_a_title(name: str) -> None:
    words = vocabulary(name)
    assert words.entries
    for key, entry in words.entries.items():
        assert isinstance(key, str) and key == key.strip()
        assert set(entry) >= {"phrases"}
        assert words.titles[key]


@given(st.text(alphabet="abz AZ.-’'\n1", max_size=80))
@settings(max_examples=150, deadline=None)
def test_matches_stand_in_order_and_apart(text: str) -> None:
    words = Vocabulary({"x": {"phrases": ["a", "a b", "A z", "ab's z", "b ... z"], "unless": ["z a"]}})
    position = 0
    for match in words.find(text):
        assert position <= match.start < match.end <= len(text)
        position = match.end


@given(st.sampled_from(names()), st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_searched(name: str, text: str) -> None:
    for match in vocabulary(name).find(text):
        assert match.key in vocabulary(name).entries


WORDS = sorted(
    {
        word
        for name in ("documents", "visitors", "visas")
        for phrase in list(vocabulary(name).phrases)[::40]
        for word in phrase.split()
    }
)


ALONE = {name: Vocabulary(vocabulary(name).entries) for name in ("documents", "visitors", "visas")}


@given(st.lists(st.sampled_from([*WORDS, ",", ".", "–", "/", "'s", "  "]), max_size=25).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_looking_for_all_finds_what_each_finds_alone(text: str) -> None:
    look_for_all()
    for name, alone in ALONE.items():
        assert vocabulary(name).find(text) == alone.find(text)


MEGABYTE = 1_000_000


@pytest.mark.parametrize("name", ["documents", "document_parties"])
@pytest.mark.parametrize(
    "text",
    [
        "letter" + " " * MEGABYTE + "x",
        "letter " + "x" * MEGABYTE,
        "letter " * (MEGABYTE // 7),
        "letter of " * (MEGABYTE // 10),
        ("letter" + " " * 1000) * (MEGABYTE // 1006),
        "proof-/-–" * (MEGABYTE // 9),
        "signed by the " * (MEGABYTE // 14),
    ],
    ids=["blanks", "one word", "letter", "letter of", "letters far apart", "dashes", "signed by the"],
)
def test_a_megabyte_is_searched_in_seconds(name: str, text: str) -> None:
    """Were the time to grow with the square of the length, each of these would take hours."""
    start = time.perf_counter()
    for _ in vocabulary(name).find(text):
        pass
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("name", names())
def test_no_phrase_stands_for_too_many(name: str) -> None:
    """Choices multiply: six of ten words each are a million phrases, which every process that reads pages has to load."""
    for key, entry in vocabulary(name).entries.items():
        for phrase in (*entry["phrases"], *(entry.get("unless") or ())):
            assert len(expand(phrase)) <= 10_000, f"{name}.yml, '{key}': write {phrase!r} as several, or with '...'"
