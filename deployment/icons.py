"""Draws Hearback's mark: a speech bubble whose words come back.

One geometry serves both icons that Teams asks for. It is drawn large and scaled down, so that edges are
smooth. Knows nothing of the manifest.
"""

from io import BytesIO

from PIL import Image, ImageDraw

ACCENT = "#0B6E6E"
COLOR_SIZE = 192  # Teams: full colour, square
OUTLINE_SIZE = 32  # Teams: white on transparent
_SCALE = 16  # drawn this many times larger, then reduced

Box = tuple[float, float, float, float]
Point = tuple[float, float]


def color_icon() -> bytes:
    """Return the PNG of the colour icon: a white bubble on the accent colour, the arrow cut out of it."""
    mark = _reduced(_filled_mark(COLOR_SIZE * _SCALE // 4), COLOR_SIZE)
    icon = Image.new("RGB", mark.size, ACCENT)
    icon.paste("white", mask=mark)
    return _png(icon)


def outline_icon() -> bytes:
    """Return the PNG of the outline icon: pure white everywhere, only the transparency draws."""
    icon = Image.new("RGBA", (OUTLINE_SIZE, OUTLINE_SIZE), (255, 255, 255, 0))
    icon.putalpha(_reduced(_stroked_mark(OUTLINE_SIZE * _SCALE), OUTLINE_SIZE))
    return _png(icon)


def _filled_mark(size: int) -> Image.Image:
    """Draw the solid bubble inside the middle 120 of 192 pixels, which no client crops."""
    mask = Image.new("L", (size, size))
    pen = _Pen(mask, unit=size / 192)
    pen.bubble((36, 42, 156, 132), radius=26, tail=((58, 124), (58, 158), (98, 128)), ink=255)
    pen.returning((64, 69, 126, 105), width=11, ink=0)
    return mask


def _stroked_mark(size: int) -> Image.Image:
    """Draw the bubble as a line two pixels wide."""
    mask = Image.new("L", (size, size))
    pen = _Pen(mask, unit=size / 32)
    pen.bubble((2, 3, 30, 24), radius=6.5, tail=((6, 20), (6, 30), (15, 22)), ink=255)
    pen.bubble((4, 5, 28, 22), radius=4.5, tail=((8, 20), (8, 25.6), (13.4, 21.6)), ink=0)
    pen.returning((10, 10, 23, 16), width=2, ink=255)
    return mask


class _Pen:
    """Draws on a mask in the icon's own pixels."""

    def __init__(self, mask: Image.Image, *, unit: float) -> None:
        self._draw = ImageDraw.Draw(mask)
        self._unit = unit

    def bubble(self, box: Box, *, radius: float, tail: tuple[Point, Point, Point], ink: int) -> None:
        self._draw.rounded_rectangle(self._box(box), radius * self._unit, fill=ink)
        self._draw.polygon([self._point(one) for one in tail], fill=ink)

    def returning(self, box: Box, *, width: float, ink: int) -> None:
        """Draw the arrow that leaves to the right, turns and comes back to the left."""
        left, top, right, bottom = box
        bend = (bottom - top) / 2
        middle = right - bend
        head = bend
        self._line([(left + head, top), (middle, top)], width, ink)
        self._draw.arc(
            self._box((middle - bend - width / 2, top - width / 2, right + width / 2, bottom + width / 2)),
            start=-90,
            end=90,
            fill=ink,
            width=round(width * self._unit),
        )
        self._line([(left, bottom), (middle, bottom)], width, ink)
        self._line([(left + head, bottom - head), (left, bottom), (left + head, bottom + head)], width, ink)

    def _line(self, points: list[Point], width: float, ink: int) -> None:
        """Draw a line with round ends and corners."""
        self._draw.line([self._point(one) for one in points], fill=ink, width=round(width * self._unit))
        half = width / 2
        for x, y in points:
            self._draw.ellipse(self._box((x - half, y - half, x + half, y + half)), fill=ink)

    def _point(self, point: Point) -> Point:
        return point[0] * self._unit, point[1] * self._unit

    def _box(self, box: Box) -> Box:
        left, top, right, bottom = (edge * self._unit for edge in box)
        return left, top, right - 1, bottom - 1  # Pillow includes the last pixel


def _reduced(mask: Image.Image, size: int) -> Image.Image:
    return mask.resize((size, size), Image.Resampling.BOX)


def _png(icon: Image.Image) -> bytes:
    out = BytesIO()
    icon.save(out, "PNG", optimize=True)
    return out.getvalue()
