"""The card of a panel's target mix: whom it should consist of, and whom it has."""

from cards.elements import Card, Color, Element, card, counted, escape, excerpt, facts, heading, hint, section, text
from cards.size import fitted
from feedback.people.panels import Panel
from feedback.runs.targets import MOST_LOOKED_AT, Composition, Share

_NAME = 60


def target_card(panel: Panel, found: Composition) -> Card:
    """Return the target mix of a panel, by attribute, beside the people there are."""
    name = escape(excerpt(panel.id, _NAME))
    title = f"Target mix of {name}"
    if not found.attributes:
        how = f"It has none yet. Set one such as **panel target {name} size small=40 medium=35 large=25**."
        known = f"What is known about its people: {escape(', '.join(panel.attributes))}." if panel.attributes else ""
        return card([heading(title), text(how), *([hint(known)] if known else [])], fallback=title)
    note = [] if found.people else [hint(_not_looked_at(panel))]

    def build(length: int) -> Card:
        parts = [_attribute(attribute, shares, found.people, length) for attribute, shares in found.attributes]
        use = (
            "Runs to this panel from now on are weighted to it. **none** instead of shares takes an attribute out: "
            f"**panel target {name} {escape(found.attributes[0][0])} none**."
        )
        return card([heading(title), *note, *parts, section([hint(use)])], fallback=title)

    return fitted(build, [120, 40, 15])


def _attribute(attribute: str, shares: tuple[Share, ...], people: int, length: int) -> Element:
    rows = {escape(excerpt(one.value, length)): _row(one, people) for one in shares}
    absent = [escape(excerpt(one.value, length)) for one in shares if people and not one.people]
    body = [text(f"By **{escape(attribute)}**"), facts(rows)]
    if absent:
        body.append(hint(f"Nobody in the panel has the value {', '.join(absent)}.", color=Color.WARNING))
    rest = people - sum(one.people for one in shares)
    if people and rest:
        body.append(hint(f"{counted(rest, 'person has', 'people have')} none of these, and cannot be weighted."))
    return section(body)


def _row(one: Share, people: int) -> str:
    target = f"{one.target:g} %"
    return f"{target}; now {100 * one.people / people:.0f} %, {one.people:,}" if people else target


def _not_looked_at(panel: Panel) -> str:
    if not panel.people:
        return "Nobody is in the panel."
    return f"With more than {MOST_LOOKED_AT:,} people, who is in it now is not counted here."
