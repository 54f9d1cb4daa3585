"""A quick look must never shut out what a look for each word would find."""

from hypothesis import given
from hypothesis import strategies as st

from scraper.gates import Gates

RULES = (("fee", "cost"), ("self-", "self", "fee"), ("house", "use of", "ouse"), ("é", "ése"))


@given(st.text("afceilostuhé -", max_size=40) | st.lists(st.sampled_from(sum(RULES, ()))).map("".join))
def test_open_as_a_look_for_each_word_says(text: str) -> None:
    opened = Gates(RULES).open(text)
    assert [bool(opened >> number & 1) for number in range(len(RULES))] == [
        any(word in text for word in words) for words in RULES
    ]
