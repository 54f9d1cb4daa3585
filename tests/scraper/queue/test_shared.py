"""The state that workers share: each step alone, against a real Redis."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scraper.queue import QueueError, connect, safe
from scraper.queue.shared import DEATHS, Shared, rules_of
from tests.spiders.hosts import write_registry

PLAN = ("ash", "birch", "cedar")


def request(institution: str) -> str:
    return json.dumps({"url": f"data:,{institution}", "meta": {"institution_id": institution}})


@pytest.fixture
def shared(redis_url: str) -> Shared:
    """A crawl of three institutions, queued, with the workers 'one' and 'two'."""
    crawl = Shared.open(connect(redis_url), PLAN, "rules")
    for institution in PLAN:
        assert crawl.enqueue(institution, request(institution))
    for worker in ("one", "two"):
        crawl.enter(worker, 60)
    return crawl


def die(shared: Shared, worker: str) -> None:
    """What is left of a worker that died a while ago."""
    shared.server.delete(shared.key("alive", worker))


def test_who_comes_second_joins(redis_url: str) -> None:
    first = Shared.open(connect(redis_url), PLAN, "rules")
    second = Shared.open(connect(redis_url), ["other"], "others")
    assert (second.id, second.plan, second.rules) == (first.id, PLAN, "rules")
    first.close()
    assert not second.goes_on()
    assert Shared.find(first.server) is None
    assert Shared.open(first.server, PLAN, "rules").id != first.id


def test_a_request_is_queued_and_taken_once(shared: Shared) -> None:
    assert not shared.enqueue("ash", request("ash"))
    assert [shared.take("one"), shared.take("two"), shared.take("one")] == [request(name) for name in PLAN]
    assert shared.take("two") is None
    assert shared.goes_on(), "what is taken is not done"


def test_what_is_handed_over_is_done(shared: Shared) -> None:
    for institution in PLAN:
        text = shared.take("one")
        assert text is not None and shared.hand_over("one", text, institution, b"found")
    assert not shared.goes_on()
    counts = shared.counts()
    assert (counts.done, counts.taken, counts.queued, counts.waiting, counts.workers) == (3, 0, 0, 3, 2)


def test_what_a_dead_worker_was_at_comes_back_first(shared: Shared) -> None:
    taken = shared.take("one")
    assert shared.bring_back() == 0
    die(shared, "one")
    assert shared.bring_back() == 1
    assert shared.take("two") == taken


def test_a_worker_that_was_given_up_can_do_no_harm(shared: Shared) -> None:
    import redis

    taken = shared.take("one")
    assert taken is not None
    die(shared, "one")
    shared.bring_back()
    assert not shared.renew("one", 60)
    with pytest.raises(redis.ResponseError, match="given up"):
        shared.take("one")
    assert not shared.hand_over("one", taken, "ash", b"late")
    assert shared.take("two") == taken
    assert shared.hand_over("two", taken, "ash", b"in time")
    assert shared.counts().waiting == 1


def test_who_leaves_gives_back(shared: Shared) -> None:
    taken = [shared.take("one"), shared.take("one")]
    assert shared.leave("one") == 2
    assert {shared.take("two"), shared.take("two")} == set(taken)
    assert shared.counts().workers == 1


def test_what_workers_die_of_is_left_out(shared: Shared) -> None:
    for _ in range(DEATHS):
        shared.enter("one", 60)
        assert shared.take("one") == request("ash")
        die(shared, "one")
        shared.bring_back()
    assert shared.take("two") == request("birch")
    assert shared.counts().done == 1


def test_a_host_belongs_to_one_worker(shared: Shared) -> None:
    assert shared.lease("www.oak.example", "one", 60) and shared.lease("www.oak.example", "one", 60)
    assert not shared.lease("www.oak.example", "two", 60)
    shared.release("www.oak.example", "two", 0)
    assert not shared.lease("www.oak.example", "two", 60), "nobody gives back what is another's"
    shared.release("www.oak.example", "one", 0.1)
    assert not shared.lease("www.oak.example", "two", 60), "a host rests before it is another's"
    time.sleep(0.15)
    assert shared.lease("www.oak.example", "two", 0.1)
    time.sleep(0.15)
    assert shared.lease("www.oak.example", "one", 60), "a lease ends with its worker"


def test_an_ended_crawl_hands_nothing_out(shared: Shared) -> None:
    taken = shared.take("one")
    assert taken is not None
    shared.end()
    assert shared.take("two") is None
    assert shared.goes_on()
    assert shared.hand_over("one", taken, "ash", b"found")
    assert not shared.goes_on()


def test_rules_are_the_program_and_the_registry(tmp_path: Path) -> None:
    registry = write_registry(tmp_path, {"oak": "https://oak.example/"})
    before = rules_of(registry)
    assert rules_of(registry) == before
    write_registry(tmp_path, {"oak": "https://other.example/"})
    assert rules_of(registry) != before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://127.0.0.1:1/0", r"no Redis answers at redis://127\.0\.0\.1:1/0 .*redis-server"),
        ("http://127.0.0.1/", "is no address of a Redis: write redis://HOST"),
    ],
)
def test_no_redis_is_told(url: str, words: str) -> None:
    with pytest.raises(QueueError, match=words):
        connect(url)


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scrapy_redis.connection", None)
    with pytest.raises(QueueError, match=r"pip install 'usce-atlas\[scale\]'"):
        connect("redis://127.0.0.1:1/0")


@pytest.mark.parametrize(
    ("url", "said"),
    [("redis://h:1/0", "redis://h:1/0"), ("redis://:secret@h:1/0", "redis://:…@h:1/0")],
)
def test_passwords_are_not_told(url: str, said: str) -> None:
    assert safe(url) == said


def test_requests_travel_as_json() -> None:
    from scrapy import Request

    from scraper.queue import requests

    whole = Request("https://oak.example/", method="POST", body=b"\xff\x00", headers={"X-A": "b"}, meta={"n": 1})
    travelled: dict[str, Any] = requests.loads(requests.dumps(whole.to_dict()))
    travelled.pop("headers")
    before = whole.to_dict()
    before.pop("headers")
    assert travelled == before
    with pytest.raises(TypeError):
        requests.dumps(Request("https://oak.example/", meta={"call": print}).to_dict())
