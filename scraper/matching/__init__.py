"""Does a program fit a person? One answer for the page 'Match me' and for `usce match`.

    person.py   who asks, what for: never stored, never logged
    facts.py    what a program's pages state, for whom, with the readings that prove it
    costs.py    fees → what a stay of so many weeks costs
    dates.py    deadlines → the day by which to apply for a month
    checks.py   one question each ('Is the final year demanded?') → yes, no, or open
    index.py    the programs, those that state the same put together: what makes fifty thousand quick
    verdicts.py findings → fits, may fit, does not fit; the order of the programs
    load.py     a database's programs as facts, in a few statements for all of them
    report.py   the answer as it is printed, and as JSON

All but the last two are pure. The rules:

- What no page states is 'not stated' and leaves a question open. It never shuts anybody out.
- A question is asked only where some answer to it could shut this person out: who has passed Step 1 does not need to know
  whether it is demanded.
- What a person has not told leaves a question open where the program makes a demand, and is no question elsewhere.
- A statement about students of US schools is none about others, and the reverse.
- Where readings that count disagree about the answer, the question is open.
"""

from __future__ import annotations

from scraper.matching.facts import ProgramFacts
from scraper.matching.index import Index
from scraper.matching.person import Person
from scraper.matching.verdicts import Matches, Verdict, judge, match

__all__ = ["Index", "Matches", "Person", "ProgramFacts", "Verdict", "judge", "match"]
