"""Charts as pictures, for browsers without JavaScript and for slides; and the part of Vega that browsers run.

Knows Vega-Lite specifications and nothing of what they show. Drawing takes some milliseconds of a thread; what was
drawn of late is kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

import msgspec
import vl_convert

from dashboard.charts import THEMES, Spec

KEPT = 256  # pictures
VERSION = vl_convert.get_vegalite_versions()[-1]  # of Vega-Lite; bundle and pictures agree
SCALE = 3.0  # of PNG: sharp on a slide


class Pictures:
    """Draws charts."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._bundle: asyncio.Task[bytes] | None = None

    async def svg(self, spec: Spec, theme: str) -> bytes:
        """Return a chart as SVG. Raises `KeyError` for a theme there is none of."""
        return await self._drawn("svg", spec, theme, _svg)

    async def png(self, spec: Spec, theme: str) -> bytes:
        """Return a chart as PNG, three times as large. Raises `KeyError` for a theme there is none of."""
        return await self._drawn("png", spec, theme, _png)

    async def png_of(self, picture: str) -> bytes:
        """Return an SVG as PNG, twice as large."""
        return await asyncio.to_thread(vl_convert.svg_to_png, picture, scale=2.0)

    async def pdf(self, picture: str) -> bytes:
        """Return an SVG as PDF, with its text as text."""
        return await asyncio.to_thread(vl_convert.svg_to_pdf, picture)

    async def bundle(self) -> bytes:
        """Return Vega, Vega-Lite and Vega-Embed as one script."""
        if self._bundle is None:
            self._bundle = asyncio.create_task(asyncio.to_thread(_bundle))
        return await asyncio.shield(self._bundle)

    async def _drawn(self, form: str, spec: Spec, theme: str, draw: Callable[[Spec], bytes]) -> bytes:
        whole = {**spec, "config": THEMES[theme]}
        key = msgspec.json.encode([form, whole])
        if key not in self._kept:
            self._kept[key] = await asyncio.to_thread(draw, whole)
        self._kept.move_to_end(key)
        picture = self._kept[key]
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return picture


def _svg(spec: Spec) -> bytes:
    return vl_convert.vegalite_to_svg(spec, vl_version=VERSION).encode()


def _png(spec: Spec) -> bytes:
    return vl_convert.vegalite_to_png(spec, vl_version=VERSION, scale=SCALE)


def _bundle() -> bytes:
    return vl_convert.javascript_bundle(vl_version=VERSION).encode()  # type: ignore[call-arg]  # it has a default
