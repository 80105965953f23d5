"""How Teams dresses a card, light and dark: a host configuration for Microsoft's renderer, and colours of its controls.

Spacings, sizes and the tones of text follow the configurations that Microsoft publishes for Teams; where a control is
drawn by Teams itself and not by the renderer, it is drawn here as plainly as possible. Long words break, and buttons
go on in the next row, as in the local Teams. Styles without colours of their
own, such as good and attention, are pale in both themes there, with dark text.
"""

from dataclasses import dataclass

_SPACING = {"small": 8, "default": 12, "medium": 16, "large": 20, "extraLarge": 24, "padding": 16}
_SIZES = {"small": 12, "default": 14, "medium": 14, "large": 18, "extraLarge": 24}
_PALE = {"accent": "#c7def9", "good": "#ccffcc", "attention": "#ffc5b2", "warning": "#ffe2b2"}
_INK, _FADED_INK = "#252424", "#4d4c4c"


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme: `tones` are the colours of text by name, each with the one for subtle text."""

    name: str
    page: str
    card: str
    emphasis: str
    field: str
    line: str
    button: str
    tones: dict[str, tuple[str, str]]

    @property
    def text(self) -> str:
        """The colour of ordinary text."""
        return self.tones["default"][0]

    def host_config(self) -> dict[str, object]:
        """Return the configuration for the renderer."""
        on_pale = {**self.tones, "default": (_INK, _FADED_INK)}
        styles = {name: _style(color, on_pale) for name, color in _PALE.items()}
        own = {"default": _style(self.card, self.tones), "emphasis": _style(self.emphasis, self.tones)}
        fonts = {"fontFamily": "'Segoe UI', 'Noto Sans', 'Noto Sans Arabic', 'Noto Sans CJK JP', sans-serif"}
        weights = {"lighter": 200, "default": 400, "bolder": 600}
        return {
            "supportsInteractivity": True,
            "spacing": _SPACING,
            "separator": {"lineThickness": 1, "lineColor": self.line},
            "fontTypes": {
                name: {**fonts, "fontSizes": _SIZES, "fontWeights": weights} for name in ("default", "monospace")
            },
            "imageSizes": {"small": 32, "medium": 52, "large": 100},
            "containerStyles": {**own, **styles},
            "actions": {
                "maxActions": 6,
                "buttonSpacing": 8,
                "actionsOrientation": "horizontal",
                "actionAlignment": "left",
            },
            "adaptiveCard": {"allowCustomStyle": False},
            "textBlock": {"headingLevel": 2},
        }

    def style_sheet(self) -> str:
        """Return the colours of what Teams draws itself: the page, the card's edge, fields and buttons."""
        return f"""
            body {{ margin: 0; background: {self.page}; font: 14px 'Noto Sans', sans-serif; color: {self.text}; }}
            main {{ display: flex; flex-wrap: wrap; align-items: flex-start; gap: 16px; }}
            section {{ box-sizing: border-box; padding: 0 8px; }}
            h6 {{ margin: 8px 0 4px; font: 11px monospace; }}
            article {{ max-width: 726px; border: 1px solid {self.line}; border-radius: 4px; overflow: hidden; }}
            .ac-adaptiveCard:focus {{ outline: none; }}
            .ac-richTextBlock {{ overflow-wrap: break-word; }}
            .ac-actionSet {{ flex-wrap: wrap; row-gap: 8px; }}
            .ac-input {{ font: inherit; color: {self.text}; }}
            .ac-textInput, .ac-numberInput, .ac-dateInput, .ac-choiceSetInput-compact {{
                box-sizing: border-box; background: {self.field}; border: 1px solid {self.line}; border-radius: 4px;
                padding: 4px 8px; min-height: 32px; color-scheme: {self.name}; }}
            .ac-textInput.ac-multiline {{ height: 72px; resize: none; }}
            .ac-pushButton {{ font: 600 14px 'Noto Sans', sans-serif; padding: 5px 12px; border-radius: 4px;
                border: 1px solid {self.line}; background: {self.button}; color: {self.text}; }}
            .ac-pushButton.style-positive {{ background: #5b5fc7; border-color: #5b5fc7; color: #ffffff; }}
        """


def _style(background: str, tones: dict[str, tuple[str, str]]) -> dict[str, object]:
    colors = {name: {"default": plain, "subtle": subtle} for name, (plain, subtle) in tones.items()}
    return {"backgroundColor": background, "foregroundColors": colors}


LIGHT = Theme(
    name="light",
    page="#f5f5f5",
    card="#ffffff",
    emphasis="#f9f8f7",
    field="#f3f2f1",
    line="#d1d1d1",
    button="#ffffff",
    tones={
        "default": ("#252424", "#5b5a5a"),
        "dark": ("#252424", "#5b5a5a"),
        "light": ("#ffffff", "#f3f2f1"),
        "accent": ("#6264a7", "#8b8cc7"),
        "good": ("#92c353", "#9dc964"),
        "warning": ("#f8d22a", "#f9d73f"),
        "attention": ("#c4314b", "#ca465d"),
    },
)
DARK = Theme(
    name="dark",
    page="#1f1e1e",
    card="#2d2c2c",
    emphasis="#292828",
    field="#201e1f",
    line="#4a4949",
    button="#2d2c2c",
    tones={
        "default": ("#ffffff", "#cacaca"),
        "dark": ("#201f1f", "#2d2c2c"),
        "light": ("#ffffff", "#cacaca"),
        "accent": ("#a6a7dc", "#8b8cc7"),
        "good": ("#92c353", "#88b44f"),
        "warning": ("#f8d22a", "#e4c22a"),
        "attention": ("#d74654", "#c64350"),
    },
)
THEMES = {one.name: one for one in (LIGHT, DARK)}
