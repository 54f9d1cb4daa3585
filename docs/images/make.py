"""Makes the pictures of the site in this folder, in headless Chromium.

    python docs/images/make.py [--database FILE]

Without --database the committed dataset (data/published) is shown. Needs a chromium (USCE_CHROMIUM names its path).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from playwright.sync_api import sync_playwright

from scraper.export import load
from scraper.serving import serving

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE.parent.parent / "data" / "published"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
]
PORT = 8798
SIZES = {"": (1280, 860), "-phone": (390, 844)}
# The program that states the most is the one to show.
BEST = (
    "select o.id from program_overview o order by (o.visas is not null) + (o.stated_cost_4_weeks is not null) + (o.toefl_ibt_min is not null)"
    " + (o.next_deadline is not null) + (o.documents is not null) + (o.specialties is not null) desc, o.id limit 1"
)


def pages(database: Path) -> dict[str, str]:
    """Name of the picture → address. A page whose module is not there yet is left out by its status."""
    with closing(sqlite3.connect(database)) as connection:
        best = connection.execute(BEST).fetchone()[0]
    return {
        "home": "/",
        "programs": "/programs?international=yes",
        "program": f"/program/{best}",
        "match": "/match",
        "deadlines": "/deadlines",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path)
    arguments = parser.parse_args()
    chromium = os.environ.get("USCE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        sys.exit("There is no chromium on this machine: install it, or set USCE_CHROMIUM to its path.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        database = arguments.database or Path(folder) / "atlas.db"
        if not arguments.database:
            load(PUBLISHED, database)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with serving(database, PORT) as address:
            for suffix, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                for name, path in pages(database).items():
                    answer = page.goto(address.rstrip("/") + path)
                    if answer and answer.ok:
                        page.screenshot(path=HERE / f"{name}{suffix}.png")
                        print(HERE / f"{name}{suffix}.png")
        browser.close()


if __name__ == "__main__":
    main()
