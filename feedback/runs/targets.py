"""The target mix of a panel: setting it, comparing the panel with it, and taking it along into a run.

What a mix is and how it is written is mixes.py's. A run is weighted to the mix that its panel had when its plan began.
"""

from collections import Counter

import msgspec

from feedback.errors import AttributeUnknown, PanelUnknown
from feedback.people.audience_words import attribute_form, value_form
from feedback.people.mixes import Margin, Mix, panel_of, read_margin, unknown_attribute
from feedback.people.panels import BOOK, Panel, find_panel, members
from feedback.people.people import find_people
from feedback.runs.runs import RUN_DOC, Run, find_run
from store.contract import MAX_BATCH, Conflict, Op, Patch, Store, Where

NO_TARGET = "none"  # in place of shares: the attribute has no target any more
MOST_LOOKED_AT = 10_000  # people of a panel who are compared with its target


class Share(msgspec.Struct, frozen=True):
    """One value of a target, and how many people of the panel have it."""

    value: str
    target: float  # percent
    people: int


class Composition(msgspec.Struct, frozen=True):
    """What a panel consists of, beside its target: by attribute, the shares there should be and the people there are.

    `people` is how many were looked at; 0 where the panel is too large to look at everybody.
    """

    people: int
    attributes: tuple[tuple[str, tuple[Share, ...]], ...]


async def set_target(store: Store, name: str, attribute: str, words: str) -> tuple[Panel, Panel]:
    """Set or take away the shares that an attribute should have in a panel; return it as it was and as it is.

    Raises `PanelUnknown`, `AttributeUnknown`, or a `Refusal` that says what is wrong with the shares.
    """
    panel = await find_panel(store, name)
    plain = attribute_form(attribute)
    had = [one.attribute for one in panel.target.margins] if panel.target else []
    if plain not in {*panel.attributes, *had}:
        raise AttributeUnknown(attribute=unknown_attribute(plain or attribute, panel.attributes))
    margin = None if words.strip().lower() == NO_TARGET else read_margin(plain, words)
    while True:
        doc = await store.get("ledger", BOOK, panel.id)
        if doc is None:
            raise PanelUnknown(panel=unknown_attribute(name, []))
        before = msgspec.convert(doc, Panel)
        after = msgspec.structs.replace(before, target=_changed(before.target, plain, margin))
        try:
            body = msgspec.to_builtins(after)
            rest = {key: value for key, value in doc.items() if key != "target"}
            await store.replace("ledger", {**rest, **body}, etag=str(doc["_etag"]))
        except Conflict:
            continue  # an import was first, or another admin
        return before, after


async def composition_of(store: Store, panel: Panel) -> Composition:
    """Return what a panel consists of, beside its target."""
    margins = panel.target.margins if panel.target else ()
    counts = {one.attribute: Counter[str]() for one in margins}
    people, group = 0, list[str]()
    if margins and panel.people <= MOST_LOOKED_AT:
        async for one in members(store, panel.id):
            group.append(one)
            people += 1
            if len(group) == MAX_BATCH:
                await _count(store, group, counts)
                group = []
        await _count(store, group, counts)
    return Composition(
        people,
        tuple(
            (one.attribute, tuple(Share(value, share, counts[one.attribute][value]) for value, share in one.shares))
            for one in margins
        ),
    )


async def settle_mix(store: Store, run: Run) -> Run:
    """Give a run the target mix of the panel it goes to, if there is one and it has none; for good.

    An anonymous run gets none: its answers carry nothing by which they could be weighted.
    """
    name, narrowed = panel_of(run.audience)
    if run.mix is not None or run.survey.is_anonymous or not name:
        return run
    try:
        target = (await find_panel(store, name)).target
    except PanelUnknown:
        return run
    mix = target.without(narrowed) if target else None
    if mix is None:
        return run
    patch = Patch(RUN_DOC, set={"mix": msgspec.to_builtins(mix)}, when=[Where("mix", Op.MISSING)])
    try:
        return msgspec.convert(await store.patch("runs", run.run, patch), Run)
    except Conflict:
        return await find_run(store, run.run)


def _changed(target: Mix | None, attribute: str, margin: Margin | None) -> Mix | None:
    if margin is None:
        return target.without([attribute]) if target else None
    return (target or Mix(())).with_margin(margin)


async def _count(store: Store, group: list[str], counts: dict[str, Counter[str]]) -> None:
    for one in await find_people(store, group):
        for attribute, count in counts.items():
            count[value_form(one.attributes.get(attribute, ""))] += 1
