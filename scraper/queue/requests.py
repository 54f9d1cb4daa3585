"""How requests travel: as JSON. scrapy-redis pickles them, and a pickle is a program: whoever can write to Redis could run
anything on every worker. A request that JSON cannot hold is a bug of the spider's, and raises TypeError."""

from __future__ import annotations

import json
from typing import Any


def dumps(request: dict[str, Any]) -> str:
    """What `Request.to_dict` gave, as text."""
    headers = {
        name.decode("latin-1"): [value.decode("latin-1") for value in values]
        for name, values in request["headers"].items()
    }
    record = request | {"headers": headers, "body": request["body"].decode("latin-1")}
    return json.dumps(record, sort_keys=True, ensure_ascii=False)


def loads(text: str) -> dict[str, Any]:
    """What `dumps` wrote, for `request_from_dict`."""
    record: dict[str, Any] = json.loads(text)
    return record | {"body": record["body"].encode("latin-1")}
