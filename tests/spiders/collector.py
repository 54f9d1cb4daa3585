"""A pipeline that writes down the pages it gets: stands in for the stages where a test is about fetching only."""

from __future__ import annotations

import json
from pathlib import Path


class Collector:
    def __init__(self, crawler):
        self.path = Path(crawler.settings["USCE_COLLECT"])

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_item(self, page):
        words = page.body.decode("utf-8", "replace").lower()
        page.relevant = "students may apply" in words
        page.relevance_score = float(page.relevant)
        line = {
            "url": page.url,
            "institution_id": page.institution_id,
            "fetched_at": page.fetched_at,
            "content_type": page.content_type,
            "size": len(page.body),
            "status": page.status,
        }
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        return page
