"""What the workers of a crawl share in Redis, and the steps in it that may not be divided.

`usce:crawl` is the crawl that goes on, a hash; all else stands under `usce:ID:…`, so that a worker that wakes up after its crawl has ended
cannot do harm to the next:

    queue          list     requests that wait, one an institution, as JSON
    seen           set      fingerprints of the requests that were ever queued (scrapy-redis's duplicate filter)
    workers        hash     worker → who it is; a worker that is not here may neither take nor hand over
    alive:WORKER   string   expires when the worker does not renew it
    taken:WORKER   list     requests that the worker is at
    returned       hash     request → how many workers died of it
    done           set      institutions whose visit is over
    visits         stream   finished visits on their way to the collector
    claims         hash     page → institution that read it, where several share a site
    host:HOST      string   the worker that may ask this host; expires with it

A step is a script: Redis runs it whole or not at all, and nothing else meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from scraper import __version__
from scraper.items import utc_now
from scraper.memory import reader_mark
from scraper.queue import QueueError

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

CRAWL = "usce:crawl"
GROUP = "collectors"
DEATHS = 3  # an institution that so many workers died of is left out

_OPEN = """
if redis.call('exists', KEYS[1]) == 1 then return 0 end
redis.call('hset', KEYS[1], unpack(ARGV))
return 1
"""
# Filtered and queued in one step.
_ENQUEUE = """
if redis.call('sadd', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('lpush', KEYS[2], ARGV[2])
return 1
"""
# Only who counts as alive may take: nobody would give back what another took.
_TAKE = """
if redis.call('hexists', KEYS[1], ARGV[1]) == 0 then return redis.error_reply('LEFT given up for dead') end
if redis.call('hexists', KEYS[4], 'ending') == 1 then return false end
return redis.call('lmove', KEYS[2], KEYS[3], 'RIGHT', 'LEFT')
"""
# Handed over is what this worker still has: what came back is another's, who will hand it over.
_HAND_OVER = """
if redis.call('lrem', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
if redis.call('sadd', KEYS[3], ARGV[2]) == 1 then
  redis.call('xadd', KEYS[2], '*', 'institution', ARGV[2], 'visit', ARGV[3])
end
return 1
"""
_RENEW = """
if redis.call('hexists', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('set', KEYS[2], ARGV[1], 'px', ARGV[2])
return 1
"""
_GIVE_BACK = """
redis.call('hdel', KEYS[1], ARGV[1])
redis.call('del', KEYS[2])
local number = 0
while redis.call('lmove', KEYS[3], KEYS[4], 'LEFT', 'RIGHT') do number = number + 1 end
return number
"""
# What dead workers were at goes back to where it is taken next; what many died of goes out of the crawl.
_BRING_BACK = """
local number = 0
for _, worker in ipairs(redis.call('hkeys', KEYS[1])) do
  if redis.call('exists', ARGV[1] .. 'alive:' .. worker) == 0 then
    local request = redis.call('lpop', ARGV[1] .. 'taken:' .. worker)
    while request do
      number = number + 1
      local deaths = redis.call('hincrby', KEYS[2], request, 1)
      local name = cjson.decode(request)['meta']['institution_id']
      if deaths < tonumber(ARGV[2]) or not name then
        redis.call('rpush', KEYS[3], request)
      elseif redis.call('sadd', KEYS[4], name) == 1 then
        redis.call('xadd', KEYS[5], '*', 'institution', name, 'visit', '')
      end
      request = redis.call('lpop', ARGV[1] .. 'taken:' .. worker)
    end
    redis.call('hdel', KEYS[1], worker)
  end
end
return number
"""
# Whose is the host? Mine, where it is free or mine already; then it is mine for so long from now on.
_LEASE = """
local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""
_RELEASE = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then return redis.call('pexpire', KEYS[1], ARGV[2]) end
return redis.call('del', KEYS[1])
"""


def new_name() -> str:
    """A name for this process: machine, process, and what tells it from others that had the same."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def rules_of(registry: Path) -> str:
    """What all machines of a crawl must have in common: the version, the rules by which pages are read, and the registry."""
    mark = hashlib.sha256()
    for name in ("institutions.csv", "start_urls.csv"):
        mark.update((registry / name).read_bytes())
    return f"{__version__} {reader_mark()} {mark.hexdigest()[:16]}"


OTHER_RULES = (
    "the crawl in the queue was begun with another version of this program or with another registry: what is found here"
    " would not fit to it. Bring all machines to the same state."
)


@attrs.frozen
class Counts:
    """How far a shared crawl is: institutions planned, over and with workers; workers; visits that wait to be written."""

    planned: int
    done: int
    taken: int
    queued: int
    workers: int
    waiting: int


@attrs.define
class Shared:
    """The crawl that goes on in a Redis."""

    server: Redis
    id: str
    opened_at: str
    plan: tuple[str, ...]
    rules: str
    _scripts: dict[str, Script] = attrs.field(factory=dict, repr=False)

    @classmethod
    def find(cls, server: Redis) -> Shared | None:
        """The crawl that goes on in `server`; None where there is none."""
        found: dict[str, str] = server.hgetall(CRAWL)  # type: ignore[assignment]
        if not found:
            return None
        return cls(server, found["id"], found["opened_at"], tuple(json.loads(found["plan"])), found["rules"])

    @classmethod
    def open(cls, server: Redis, plan: Iterable[str], rules: str) -> Shared:
        """Begin a crawl of the institutions of `plan`, or join the one that goes on."""
        values = {"id": f"{utc_now()}-{secrets.token_hex(3)}", "opened_at": utc_now(), "plan": json.dumps(list(plan))}
        arguments = [text for pair in (values | {"rules": rules}).items() for text in pair]
        server.register_script(_OPEN)(keys=[CRAWL], args=arguments)
        if (found := cls.find(server)) is None:
            raise QueueError("the crawl ended just now: try again")
        return found

    def key(self, *names: str) -> str:
        """The key of a part of the crawl's state."""
        return ":".join(("usce", self.id, *names))

    def run(self, script: str, keys: Iterable[str], *arguments: str | int | bytes) -> Any:
        """Let Redis run one of the steps."""
        if script not in self._scripts:
            self._scripts[script] = self.server.register_script(script)
        return self._scripts[script](keys=list(keys), args=list(arguments))

    # --- what a worker does ---

    def enter(self, worker: str, seconds: float) -> None:
        """Join the workers."""
        steps = self.server.pipeline()
        steps.hset(self.key("workers"), worker, json.dumps({"since": utc_now()}))
        steps.set(self.key("alive", worker), worker, px=_ms(seconds))
        steps.execute()

    def renew(self, worker: str, seconds: float) -> bool:
        """Go on being alive. False where the worker was given up and its work given to others."""
        return bool(self.run(_RENEW, [self.key("workers"), self.key("alive", worker)], worker, _ms(seconds)))

    def leave(self, worker: str) -> int:
        """Leave the workers, and give back what was not finished; gives how many requests that were."""
        keys = [self.key("workers"), self.key("alive", worker), self.key("taken", worker), self.key("queue")]
        return int(self.run(_GIVE_BACK, keys, worker))

    def bring_back(self) -> int:
        """Queue again what dead workers were at; gives how many requests that were."""
        keys = [self.key(name) for name in ("workers", "returned", "queue", "done", "visits")]
        return int(self.run(_BRING_BACK, keys, self.key(""), DEATHS))

    def enqueue(self, fingerprint: str, request: str) -> bool:
        """Queue a request that was never queued before."""
        return bool(self.run(_ENQUEUE, [self.key("seen"), self.key("queue")], fingerprint, request))

    def take(self, worker: str) -> str | None:
        """The next request, written down beside the worker's name; None where none waits. Raises ResponseError where the
        worker was given up."""
        keys = [self.key("workers"), self.key("queue"), self.key("taken", worker), CRAWL]
        found: str | None = self.run(_TAKE, keys, worker)
        return found

    def hand_over(self, worker: str, request: str, institution: str, visit: bytes) -> bool:
        """Give a finished visit to the collector, and be done with its request. False where that is another's by now."""
        keys = [self.key("taken", worker), self.key("visits"), self.key("done")]
        return bool(self.run(_HAND_OVER, keys, request, institution, visit))

    def lease(self, host: str, worker: str, seconds: float) -> bool:
        """Make a host the worker's, or let it stay so. False where it is another's."""
        return bool(self.run(_LEASE, [self.key("host", host)], worker, _ms(seconds)))

    def release(self, host: str, worker: str, rest: float) -> None:
        """Give a host back, free for others after `rest` seconds."""
        self.run(_RELEASE, [self.key("host", host)], worker, _ms(rest) if rest > 0 else 0)

    # --- how far it is ---

    def goes_on(self) -> bool:
        """Is there any institution left whose visit is not over? No more, when the crawl was closed or is to end and nobody is at work."""
        if self.server.hget(CRAWL, "id") != self.id:
            return False
        if self.is_ending():
            return bool(self.counts().taken)
        return int(self.server.scard(self.key("done"))) < len(self.plan)  # type: ignore[arg-type]

    def end(self) -> None:
        """Let the crawl end with what has been visited and is being visited."""
        self.server.hset(CRAWL, "ending", "yes")
        self.server.delete(self.key("queue"))

    def is_ending(self) -> bool:
        """Did somebody ask for the end?"""
        return self.server.hget(CRAWL, "ending") is not None

    def counts(self) -> Counts:
        """How far it is."""
        workers: list[str] = self.server.hkeys(self.key("workers"))  # type: ignore[assignment]
        steps = self.server.pipeline(transaction=False)
        steps.scard(self.key("done"))
        steps.llen(self.key("queue"))
        steps.xlen(self.key("visits"))
        for worker in workers:
            steps.llen(self.key("taken", worker))
        done, queued, waiting, *taken = steps.execute()
        return Counts(len(self.plan), done, sum(taken), queued, len(workers), waiting)

    def close(self) -> None:
        """Forget the crawl: all was written. Leases run out by themselves."""
        workers: list[str] = self.server.hkeys(self.key("workers"))  # type: ignore[assignment]
        names = ["queue", "seen", "workers", "returned", "done", "visits", "claims", "collector"]
        keys = [self.key(name) for name in names]
        keys += [self.key(kind, worker) for worker in workers for kind in ("alive", "taken")]
        steps = self.server.pipeline()
        steps.delete(CRAWL)
        steps.delete(*keys)
        steps.execute()


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
