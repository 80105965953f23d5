"""Files that people attach: what is read, and what is said of those that are no text."""

import codecs
import io

import pytest
import xlsxwriter

from bot.files import FileInOtherEncoding, FileIsNoText, text_of
from feedback.errors import Refusal

CSV = "tenant,object id\nä,b\n"


def _workbook() -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    book.add_worksheet().write(0, 0, "tenant")
    book.close()
    return made.getvalue()


@pytest.mark.parametrize("body", [CSV.encode(), CSV.encode("utf-8-sig"), b"", b"plain"])
def test_utf_8_is_read_with_and_without_its_mark(body: bytes) -> None:
    assert text_of("people.csv", body) == body.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("body", "refusal", "parts"),
    [
        (_workbook(), FileIsNoText, ["an Excel workbook", "CSV UTF-8"]),
        (b"PK\x03\x04 and more", FileIsNoText, ["an archive", "CSV UTF-8"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), FileIsNoText, ["an old Excel or Word file", "CSV UTF-8"]),
        (b"%PDF-1.7\n%\xe2\xe3", FileIsNoText, ["a PDF", "text in UTF-8"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00", FileIsNoText, ["no text"]),
        (codecs.BOM_UTF16_LE + CSV.encode("utf-16-le"), FileInOtherEncoding, ["UTF-16", "CSV UTF-8"]),
        (codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"), FileInOtherEncoding, ["UTF-16", "CSV UTF-8"]),
        (CSV.encode("cp1252"), FileInOtherEncoding, ["line 2", "CSV UTF-8"]),
    ],
    ids=["xlsx", "zip", "xls", "pdf", "png", "utf-16 le", "utf-16 be", "cp1252"],
)
def test_what_is_no_text_in_utf_8_is_named_with_what_to_do(
    body: bytes, refusal: type[Refusal], parts: list[str]
) -> None:
    with pytest.raises(refusal) as refused:
        text_of("people.xlsx", body)
    said = str(refused.value)
    assert "“people.xlsx”" in said
    assert all(part in said for part in parts), said
    assert "Try again" not in said
