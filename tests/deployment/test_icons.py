"""The two icons keep Teams' rules: size, colours, transparency."""

from io import BytesIO

from PIL import Image, ImageColor

from deployment.icons import ACCENT, color_icon, outline_icon


def _opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png), formats=["PNG"])


def test_the_colour_icon_fills_its_192_pixels_with_the_accent_colour() -> None:
    icon = _opened(color_icon())
    corners = [icon.getpixel(at) for at in ((0, 0), (191, 0), (0, 191), (191, 191))]
    assert icon.size == (192, 192)
    assert icon.mode == "RGB"
    assert corners == [ImageColor.getrgb(ACCENT)] * 4


def test_the_colour_icon_keeps_its_mark_inside_the_middle_120_pixels() -> None:
    icon = _opened(color_icon())
    background = Image.new("RGB", icon.size, ACCENT)
    changed = [
        at for at in ((x, y) for x in range(192) for y in range(192)) if icon.getpixel(at) != background.getpixel(at)
    ]
    assert changed
    assert all(36 <= x < 156 and 36 <= y < 160 for x, y in changed)


def test_the_outline_icon_is_white_and_nothing_else() -> None:
    icon = _opened(outline_icon())
    red, green, blue, alpha = icon.split()
    assert icon.size == (32, 32)
    assert icon.mode == "RGBA"
    assert [band.getextrema() for band in (red, green, blue)] == [(255, 255)] * 3
    assert alpha.getextrema() == (0, 255)


def test_the_outline_icon_is_a_line_and_not_a_blot() -> None:
    alpha = _opened(outline_icon()).getchannel("A")
    opaque = sum(alpha.histogram()[128:])
    assert 120 < opaque < 400
    assert [alpha.getpixel(at) for at in ((0, 0), (31, 0), (0, 31), (31, 31))] == [0] * 4


def test_the_icons_come_out_the_same_every_time() -> None:
    assert color_icon() == color_icon()
    assert outline_icon() == outline_icon()
