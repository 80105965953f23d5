"""What a card action carries with it, read without believing that it is what was put there: anybody can write it."""

from collections.abc import Mapping

Data = Mapping[str, object]


def text_in(data: Data, name: str) -> str:
    """Return a text, empty where there is none."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def number_in(data: Data, name: str) -> int:
    """Return a whole number over 0, or 0 where there is none."""
    value = data.get(name)
    return value if isinstance(value, int) and value > 0 else 0
