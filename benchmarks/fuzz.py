"""Pages as broken as the web's, through the whole reading: nothing may be raised, whatever comes.

    python benchmarks/fuzz.py PAGES.warc.gz [--pages 10000] [--seed 1]

Every page is a page of the archive with one to four kinds of damage: cut off, in another encoding than it says, tags dropped,
doubled or swapped, entities broken, quotes lost, bytes flipped, pieces of another page put in. The same seed breaks the same pages; what
raises is written down with the numbers that make it anew. Exit code 1 where anything was raised.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from scraper.extract import pages_of_warc
from scraper.items import Page
from scraper.reading import Reader
from scraper.record import to_record

TAG = re.compile(rb"<[^<>]{1,400}>")
ENTITY = re.compile(rb"&#?\w{1,8};")
ENCODINGS = (
    "utf-16",
    "utf-16-le",
    "utf-32",
    "latin-1",
    "cp1252",
    "shift_jis",
    "gb18030",
    "iso-2022-jp",
    "utf-7",
    "koi8-r",
)
TYPES = (
    "text/html", "text/html; charset=utf-8", "text/html; charset=iso-8859-1", "text/html; charset=utf-16", "text/html; charset=nonsense",
    "", "application/xhtml+xml", "application/pdf",
)  # fmt: skip

Damage = Callable[[bytes, random.Random, list[bytes]], bytes]


def cut_off(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    """The connection broke, in the middle of whatever stood there."""
    return body[: dice.randrange(len(body) + 1)]


def without_its_head(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    return body[dice.randrange(len(body) + 1) :]


def in_another_encoding(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    return body.decode("utf-8", "replace").encode(dice.choice(ENCODINGS), "replace")


def tags_dropped(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    share = dice.choice((0.02, 0.1, 0.5))
    return TAG.sub(lambda match: b"" if dice.random() < share else match[0], body)


def tags_doubled(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    share, times = dice.choice((0.02, 0.1, 0.3)), dice.choice((2, 2, 3, 8))
    return TAG.sub(lambda match: match[0] * times if dice.random() < share else match[0], body)


def tags_swapped(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    tags = TAG.findall(body) or [b"<p>"]
    share = dice.choice((0.02, 0.2))
    return TAG.sub(lambda match: dice.choice(tags) if dice.random() < share else match[0], body)


def one_tag_everywhere(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    """Thousands of elements that nobody closes."""
    tag = dice.choice(
        (
            b"<div>",
            b"<ul><li>",
            b"<table><tr><td>",
            b"<details><summary>",
            b"<b>",
            b"<a href='mailto:'>",
            b"<h3>",
            b"<dl><dt>",
        )
    )
    place = dice.randrange(len(body) + 1)
    return body[:place] + tag * dice.choice((50, 2000)) + body[place:]


def entities_broken(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    wrong = (
        b"&",
        b"&#",
        b"&#x;",
        b"&#0;",
        b"&#xD800;",
        b"&#x110000;",
        b"&nbsp",
        b"&amp;amp;",
        b"&#8203;",
        b"&zwj;",
        b"&#x202e;",
    )
    body = ENTITY.sub(lambda match: dice.choice(wrong) if dice.random() < 0.5 else match[0], body)
    return body.replace(b" ", dice.choice(wrong) + b" ", dice.randrange(1, 60))


def quotes_lost(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    mark = dice.choice((b'"', b"'", b">", b"<", b"=", b"-->"))
    return b"".join(part + (b"" if dice.random() < 0.1 else mark) for part in body.split(mark))


def bytes_flipped(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    broken = bytearray(body)
    for _number in range(dice.choice((3, 100, 2000)) if broken else 0):
        broken[dice.randrange(len(broken))] = dice.randrange(256)
    return bytes(broken)


def digits_changed(body: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    """Impossible dates, endless numbers, years that never were."""
    return re.sub(
        rb"\d{1,4}",
        lambda match: str(dice.choice((0, 99, 13, 31, 2099, 10**12))).encode() if dice.random() < 0.3 else match[0],
        body,
    )


def mixed(body: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    """A piece of another page in the middle."""
    other = dice.choice(others)
    start, place = dice.randrange(len(other) + 1), dice.randrange(len(body) + 1)
    return body[:place] + other[start : start + dice.choice((200, 20_000))] + body[place:]


KINDS: tuple[Damage, ...] = (
    cut_off, without_its_head, in_another_encoding, tags_dropped, tags_doubled, tags_swapped, one_tag_everywhere, entities_broken,
    quotes_lost, bytes_flipped, digits_changed, mixed,
)  # fmt: skip


def broken_page(pages: list[Page], seed: int, number: int) -> tuple[Page, list[str]]:
    """Page `number` of a run, and what was done to it."""
    dice = random.Random(f"{seed}/{number}")
    page = pages[number % len(pages)]
    body, done = page.body[:1_500_000], []
    for damage in dice.sample(KINDS, dice.choice((1, 1, 2, 3, 4))):
        body = damage(body, dice, [other.body for other in pages])[:3_000_000]
        done.append(damage.__name__)
    kind = page.content_type if dice.random() < 0.8 else dice.choice(TYPES)
    return Page(url=page.url, body=body, content_type=kind), done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="a WARC of pages")
    parser.add_argument("--pages", type=int, default=10_000, help="broken pages to read (default 10000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first: to see one of them again")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pages, reader = list(pages_of_warc(args.archive)), Reader()
    raised = relevant = facts = 0
    slowest, began = (0.0, 0), time.monotonic()
    for number in range(args.first, args.first + args.pages):
        page, done = broken_page(pages, args.seed, number)
        start = time.process_time()
        try:
            record = to_record(reader.read(page))
        except Exception:
            raised += 1
            print(
                f"--- seed {args.seed}, number {number}: {page.url}: {', '.join(done)}\n{traceback.format_exc(limit=-4)}"
            )
            continue
        relevant, facts = relevant + record["relevant"], facts + len(record["evidence"])
        slowest = max(slowest, (time.process_time() - start, number))
    print(
        f"{args.pages} broken pages in {time.monotonic() - began:.0f} s: {raised} raised an exception; {relevant} about a program, {facts} facts; "
        f"the slowest took {slowest[0]:.2f} s (number {slowest[1]})"
    )
    return int(raised > 0)


if __name__ == "__main__":
    sys.exit(main())
