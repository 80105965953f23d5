"""Target mixes: of which segments a panel should consist, and where each person of a run belongs in its mix.

A mix has one or more attributes, each with values and their shares in percent. It is a panel's; a run to the panel
takes it along as it is when its plan begins, so that a later change moves no figure of an older run. Knows no figures:
they are weighting.py's and what stands on it.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import prod

import msgspec

from feedback.errors import Refusal, quote
from feedback.people.audience_words import AllOf, Audience, Has, InPanel, nearest, read_audience, value_form

MOST_VALUES = 12  # of one attribute
MOST_SEGMENTS = 60  # combinations of values: each is counted apart, in one document for the whole run
MOST_ATTRIBUTES = 4
ELSEWHERE = "-"  # in place of a value that is not known, or not in the mix
_SHARE = re.compile(
    r"""[\s,;]*(?:"(?P<straight>[^"]+)"|[“„](?P<curly>[^“”]+)[“”]|(?P<word>[^\s"“”„=,;]+))\s*=\s*"""
    r"""(?P<share>\d{1,3}(?:[.,]\d{1,3})?)\s*%?(?=[\s,;]|$)"""
)
_WHOLE = Decimal(100)

Stratum = tuple[int, ...]  # for each attribute of a mix, which of its values


class MixUnclear(Refusal):
    """I can't read {text}, so the mix stays as it is. Write each value with its share: {form}."""


class MixOff(Refusal):
    """The shares add up to {sum}, not to 100, so the mix stays as it is."""


class MixValueTwice(Refusal):
    """{value} is there twice, so the mix stays as it is."""


class MixShareEmpty(Refusal):
    """{value} has a share of 0, so the mix stays as it is. Leave out what need not be heard."""


class MixTooFine(Refusal):
    """That is too fine: {found}. A mix has at most {most}. Nothing was changed."""


class Margin(msgspec.Struct, frozen=True):
    """One attribute of a mix, with the share of each value, in percent of all."""

    attribute: str
    shares: tuple[tuple[str, float], ...]  # value, in the form in which values are compared -> percent

    @property
    def values(self) -> list[str]:
        """The values in their order."""
        return [value for value, _ in self.shares]


class Mix(msgspec.Struct, frozen=True):
    """The mix of segments that a panel should have."""

    margins: tuple[Margin, ...]

    @property
    def targets(self) -> tuple[tuple[float, ...], ...]:
        """The shares, by attribute and value."""
        return tuple(tuple(share for _, share in margin.shares) for margin in self.margins)

    def with_margin(self, margin: Margin) -> "Mix":
        """Return the mix with an attribute's shares set. Raises `MixTooFine`."""
        found = {one.attribute: one for one in self.margins} | {margin.attribute: margin}
        new = Mix(tuple(found[name] for name in sorted(found)))
        if len(new.margins) > MOST_ATTRIBUTES:
            raise MixTooFine(found=f"{len(new.margins)} attributes", most=f"{MOST_ATTRIBUTES} attributes")
        segments = prod(len(one.shares) for one in new.margins)
        if segments > MOST_SEGMENTS:
            raise MixTooFine(found=f"{segments} combinations of values", most=f"{MOST_SEGMENTS} combinations")
        return new

    def without(self, attributes: Sequence[str]) -> "Mix | None":
        """Return the mix without some attributes; None where nothing is left of it."""
        rest = tuple(one for one in self.margins if one.attribute not in attributes)
        return Mix(rest) if rest else None


def read_margin(attribute: str, words: str) -> Margin:
    """Return an attribute's shares from words such as `small=40 medium=35 large=25`. Raises a `Refusal`."""
    shares: dict[str, Decimal] = {}
    at = 0
    while rest := words[at:].strip(" \t\n,;"):
        found = _SHARE.match(words, at)
        if found is None:
            raise MixUnclear(text=quote(rest, 40), form="**small=40 medium=35 large=25**")
        value = value_form(found["straight"] or found["curly"] or found["word"])
        if value in shares:
            raise MixValueTwice(value=quote(value))
        shares[value] = Decimal(found["share"].replace(",", "."))
        if not shares[value]:
            raise MixShareEmpty(value=quote(value))
        at = found.end()
    if len(shares) > MOST_VALUES:
        raise MixTooFine(found=f"{len(shares)} values", most=f"{MOST_VALUES} values of an attribute")
    whole = sum(shares.values(), Decimal())
    if whole != _WHOLE:
        raise MixOff(sum=f"{whole.normalize():f}")
    return Margin(attribute, tuple((value, float(share)) for value, share in shares.items()))


def mix_words(mix: Mix | None) -> str:
    """Return a mix as it is typed: `size small=40 medium=35 large=25; region …`."""
    return "; ".join(f"{one.attribute} {shares_words(one)}" for one in mix.margins) if mix else ""


def shares_words(margin: Margin) -> str:
    """Return the shares of one attribute as they are typed."""
    return " ".join(f"{_quoted(value)}={share:g}" for value, share in margin.shares)


def segment_of(mix: Mix, attributes: Mapping[str, str]) -> str:
    """Return where somebody belongs in a mix, by the places of their values: “0.2”."""
    return ".".join(_place(one, attributes) for one in mix.margins)


def stratum_of(segment: str) -> Stratum | None:
    """Return a segment as a stratum; None for people who have no place in the mix."""
    parts = segment.split(".")
    return None if ELSEWHERE in parts else tuple(map(int, parts))


def panel_of(audience: str) -> tuple[str, list[str]]:
    """Return the panel that an audience is, or is a part of, and the attributes by which it is a part; else "".

    What an audience has been narrowed by cannot be weighted: everybody has that value.
    """
    found = read_audience(audience)
    parts: Sequence[Audience] = found.parts if isinstance(found, AllOf) else (found,)
    panels = [one.panel for one in parts if isinstance(one, InPanel)]
    return (panels[0] if len(panels) == 1 else ""), [one.attribute for one in parts if isinstance(one, Has)]


def unknown_attribute(name: str, known: Sequence[str]) -> str:
    """Return an attribute that is not known, with the nearest that is."""
    return quote(name) + nearest(name, known)


def _place(margin: Margin, attributes: Mapping[str, str]) -> str:
    value = value_form(attributes.get(margin.attribute, ""))
    return str(margin.values.index(value)) if value in margin.values else ELSEWHERE


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r'[\s"“”„=,;]', value) else value
