"""Reads what a spreadsheet says, the way Excel stores it: cells with their type, and whether any is a formula."""

import io
import zipfile
from xml.etree import ElementTree as ET

NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
Rows = list[dict[str, tuple[str, str]]]  # column -> type and text


def read(body: bytes) -> dict[str, Rows]:
    """Return the sheets by name. A cell's type is "inlineStr", "n" for numbers and dates, or "f" for a formula."""
    with zipfile.ZipFile(io.BytesIO(body)) as whole:
        assert whole.testzip() is None
        book = ET.fromstring(whole.read("xl/workbook.xml"))  # noqa: S314 - we have just written it
        names = [str(one.get("name")) for one in book.findall("m:sheets/m:sheet", NAMES)]
        pages = [whole.read(f"xl/worksheets/sheet{number}.xml") for number in range(1, len(names) + 1)]
    return {name: _rows(page) for name, page in zip(names, pages, strict=True)}


def charts(body: bytes) -> int:
    """Return how many charts there are."""
    with zipfile.ZipFile(io.BytesIO(body)) as whole:
        return sum(name.startswith("xl/charts/chart") for name in whole.namelist())


def links(body: bytes) -> bool:
    """Say whether any cell is a link."""
    with zipfile.ZipFile(io.BytesIO(body)) as whole:
        return any(b"hyperlink" in whole.read(one) for one in whole.namelist() if one.startswith("xl/worksheets"))


def _rows(page: bytes) -> Rows:
    sheet = ET.fromstring(page)  # noqa: S314 - we have just written it
    return [
        {
            str(cell.get("r")).rstrip("0123456789"): (
                "f" if cell.find("m:f", NAMES) is not None else cell.get("t", "n"),
                "".join(cell.itertext()),
            )
            for cell in row
        }
        for row in sheet.findall("m:sheetData/m:row", NAMES)
    ]
