"""The map of the United States: outlines that the project ships, so that no map server is asked for anything.

us_map.json holds one SVG path a state, simplified from the Census Bureau's boundaries by way of us-atlas (ISC licence), in
the Albers projection of 975 × 610 units with Alaska and Hawaii as insets. `project` puts a place on the same map.
"""

from __future__ import annotations

import json
from functools import cache
from math import cos, radians, sin, sqrt
from pathlib import Path

import attrs

WIDTH, HEIGHT = 975, 610
STATE_NAMES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado", "CT": "Connecticut",
    "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland",
    "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York",
    "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "PR": "Puerto Rico", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas",
    "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "GU": "Guam", "VI": "U.S. Virgin Islands", "AS": "American Samoa", "MP": "Northern Mariana Islands",
}  # fmt: skip


@cache
def outlines() -> dict[str, str]:
    """State → SVG path."""
    return json.loads((Path(__file__).parent / "us_map.json").read_text("utf-8"))


@attrs.frozen
class Albers:
    """Albers' equal-area conic projection with two standard parallels, to SVG units."""

    rotate: float
    center: tuple[float, float]
    parallels: tuple[float, float]
    scale: float
    at: tuple[float, float]

    def _raw(self, longitude: float, latitude: float) -> tuple[float, float]:
        first, second = map(radians, self.parallels)
        n = (sin(first) + sin(second)) / 2
        c = 1 + sin(first) * (2 * n - sin(first))
        r0 = sqrt(c) / n
        turn = (longitude + self.rotate + 180) % 360 - 180
        r = sqrt(max(0.0, c - 2 * n * sin(radians(latitude)))) / n
        angle = radians(turn) * n
        return r * sin(angle), r0 - r * cos(angle)

    def project(self, longitude: float, latitude: float) -> tuple[float, float]:
        x, y = self._raw(longitude, latitude)
        # The centre is given in the turned coordinates.
        cx, cy = self._raw(self.center[0] - self.rotate, self.center[1])
        return self.at[0] + self.scale * (x - cx), self.at[1] - self.scale * (y - cy)


# The composite that the outlines were drawn in: the lower 48, Alaska at about a third, Hawaii.
_SCALE, _X, _Y = 1300.0, 487.5, 305.0
_MAIN = Albers(96, (-0.6, 38.7), (29.5, 45.5), _SCALE, (_X, _Y))
_ALASKA = Albers(154, (-2, 58.5), (55, 65), _SCALE * 0.35, (_X - 0.307 * _SCALE, _Y + 0.201 * _SCALE))
_HAWAII = Albers(157, (-3, 19.9), (8, 18), _SCALE, (_X - 0.205 * _SCALE, _Y + 0.212 * _SCALE))


def project(latitude: float | None, longitude: float | None, state: str | None) -> tuple[int, int] | None:
    """Where a place stands on the map; None where it is not known or not on it."""
    if latitude is None or longitude is None or (state is not None and state not in outlines()):
        return None
    projection = {"AK": _ALASKA, "HI": _HAWAII}.get(state or "", _MAIN)
    x, y = projection.project(longitude, latitude)
    if not (0 <= x <= WIDTH and 0 <= y <= HEIGHT):
        return None
    return round(x), round(y)


def shade(number: int, highest: int) -> int:
    """The shade of a state, 0 (none) to 4 (most), by the share of the highest."""
    if not number:
        return 0
    share = number / max(1, highest)
    return 1 + sum(share > step for step in (0.1, 0.3, 0.6))
