"""Whether a card can be read: nothing cut off, and every input has a name for screen readers."""

from playwright.async_api import Locator

_CUT = """card => [...card.querySelectorAll("*")]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== "visible")
    .filter(each => each.clientWidth > 1)
    .map(each => `${each.className}: ${each.textContent.slice(0, 60)}`)"""
_NAMELESS = """card => [...card.querySelectorAll("input, textarea, [role=radiogroup]")]
    .filter(each => !(each.getAttribute("aria-labelledby") || "").split(" ").some(id => document.getElementById(id))
        && !(each.labels && each.labels.length))
    .map(each => each.outerHTML.slice(0, 120))"""


async def is_readable(card: Locator) -> None:
    """Fail with what is cut off or has no name."""
    assert await card.evaluate(_CUT) == []
    assert await card.evaluate(_NAMELESS) == []
