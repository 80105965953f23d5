"""Whether a card can be read: nothing cut off, all in the window, and every input has a name for screen readers."""

from playwright.async_api import Locator

_CUT = """card => [...card.querySelectorAll("*")]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== "visible")
    .filter(each => each.clientWidth > 1)
    .map(each => `${each.className}: ${each.textContent.slice(0, 60)}`)"""
_OUTSIDE = """card => [...card.querySelectorAll(".ac-adaptiveCard, .ac-adaptiveCard *")]
    .map(each => [each, each.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && (box.left < -1 || box.right > window.innerWidth + 1))
    .map(([each]) => `${each.className}: ${each.textContent.slice(0, 60)}`)"""
_NOT_COMPUTED = """card => card.textContent.match(/\\{\\{(DATE|TIME)\\([^}]*/g) || []"""
_NAMELESS = """card => [...card.querySelectorAll("input, textarea, [role=radiogroup]")]
    .filter(each => !(each.getAttribute("aria-labelledby") || "").split(" ").some(id => document.getElementById(id))
        && !(each.labels && each.labels.length))
    .map(each => each.outerHTML.slice(0, 120))"""

_LAWS = {"cut off": _CUT, "outside the window": _OUTSIDE, "not computed": _NOT_COMPUTED, "without a name": _NAMELESS}


async def is_readable(card: Locator) -> None:
    """Fail with what is cut off, lies outside the window, is a time as only clients read it, or has no name."""
    found = {law: await card.evaluate(script) for law, script in _LAWS.items()}
    broken = {law: each for law, each in found.items() if each}
    assert broken == {}, broken
