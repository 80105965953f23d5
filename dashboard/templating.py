"""Templates, and how numbers and times are written in them. Everything that is filled in is escaped."""

from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.pictures import VERSION
from feedback.results.differences import NPS, Difference
from feedback.results.figures import Interval, share

FOLDER = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
_MODULES = Path(__file__).parent.parent / "node_modules"
TEAMS_JS = _MODULES / "@microsoft" / "teams-js" / "dist" / "umd" / "MicrosoftTeams.min.js"


class Templates:
    """Fills in templates."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            count=count, percent=percent, signed=signed, decimal=decimal, moment=moment, iso=iso, clock=clock
        )
        self._environment.filters.update(difference=difference, difference_range=difference_range)
        self._environment.globals.update(
            share=share, version=version, vega=VERSION, teams_js=teams_js(), range_of=range_of, written=as_written
        )

    def render(self, template: str, **named: object) -> str:
        """Return a page. Raises `jinja2.UndefinedError` where something is missing."""
        return self._environment.get_template(template).render(**named)


@cache
def version(name: str) -> str:
    """Return what is different whenever a file is, so that browsers may keep it for ever."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def teams_js() -> str:
    """Return the same for TeamsJS; nothing where it is not installed."""
    return sha256(TEAMS_JS.read_bytes()).hexdigest()[:12] if TEAMS_JS.is_file() else ""


def count(number: int) -> str:
    """Return 12,345."""
    return f"{number:,}"


def percent(part: float) -> str:
    """Return a share from 0 to 1 as percent; only nought is 0 %, and only all is 100 %."""
    if 0 < part < 0.01:  # noqa: PLR2004 - one percent
        return "<1%"
    return ">99%" if 0.99 < part < 1 else f"{100 * part:.0f}%"  # noqa: PLR2004 - 99 percent


def signed(score: float) -> str:
    """Return +25, −7 or 0."""
    whole = round(score)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def decimal(number: float) -> str:
    """Return 1,234.5."""
    return f"{number:,.1f}".replace("-", "−")


def range_of(interval: Interval, written: str) -> str:
    """Return an interval with its ends written by one of the filters here."""
    return f"{as_written(interval.low, written)} to {as_written(interval.high, written)}"


def moment(at: datetime) -> str:
    """Return 24 Nov 2026, 09:00 UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def clock(at: datetime) -> str:
    """Return 09:00 UTC."""
    return f"{at.astimezone(UTC):%H:%M} UTC"


def iso(at: datetime) -> str:
    """Return a time as machines read it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def as_written(value: float, how: str) -> str:
    """Return a number as one of the filters here writes it."""
    return {"signed": signed, "decimal": decimal, "percent": percent}[how](value)


def difference(one: Difference) -> str:
    """Return how far two arms are apart, in the unit of what is compared."""
    return _apart(one, one.value)


def difference_range(one: Difference) -> str:
    """Return the interval of a difference; a dash where there is none."""
    return "–" if one.interval is None else f"{_apart(one, one.interval.low)} to {_apart(one, one.interval.high)}"


def _apart(one: Difference, value: float) -> str:
    if one.is_share:
        return f"{signed(100 * value)} points"
    return signed(value) if one.what == NPS else f"{value:+,.2f}".replace("-", "−")
