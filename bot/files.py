"""Files that people attach: which attachments are files with text, and fetching one from where Teams keeps it."""

import codecs
from collections.abc import Callable, Sequence

import aiohttp
from botbuilder.schema import Attachment

from bot.turn import File
from feedback.errors import Refusal

DOWNLOAD = "application/vnd.microsoft.teams.file.download.info"
FILE_HOSTS = (".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn")  # where OneDrive keeps them
MAX_BYTES = 20_000_000
TIMEOUT = aiohttp.ClientTimeout(total=10)
_AS_CSV = "“CSV UTF-8 (*.csv)”"
_AS_TEXT = "text in UTF-8"
_NO_TEXT = {  # how a file begins -> what it is, and what to save it as
    b"PK\x03\x04": ("an Excel workbook, a Word document or an archive", f"{_AS_CSV} or {_AS_TEXT}"),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", f"{_AS_CSV} or {_AS_TEXT}"),
    b"%PDF": ("a PDF", _AS_TEXT),
}
_LOOK_AT = 4096  # bytes in which a file that is no text shows it
_TEXT_TYPES = ("text/plain", "text/csv", "text/yaml", "application/yaml", "application/x-yaml", "application/json")


class FileNotRead(Refusal):
    """I could not read the file “{name}”. Try again, or paste its text after the command."""


class FileIsNoText(Refusal):
    """The file “{name}” is {kind}, and I read text alone. Save it as {instead}, and attach that."""


class FileInOtherEncoding(Refusal):
    """The file “{name}” is in {encoding}, and I read UTF-8 alone. Save it again: in Excel as “CSV UTF-8 (*.csv)”."""


class FileTooLarge(Refusal):
    """The file “{name}” is larger than I can read here (20 MB)."""


def files_in(attachments: Sequence[Attachment]) -> list[File]:
    """Return the attachments that are files of text."""
    found = []
    for one in attachments:
        name = one.name or "file"
        if one.content_type == DOWNLOAD and isinstance(one.content, dict):
            found.append(File(name=name, url=str(one.content.get("downloadUrl", ""))))
        elif one.content_type in _TEXT_TYPES and isinstance(one.content, str):
            found.append(File(name=name, text=one.content))
        elif one.content_type in _TEXT_TYPES and isinstance(one.content_url, str):
            found.append(File(name=name, url=one.content_url))
    return found


class FileFetcher:
    """Fetches files from the hosts that Teams keeps them on, and from no others."""

    def __init__(self, session: aiohttp.ClientSession, *, is_allowed: Callable[[str], bool]) -> None:
        self._session = session
        self._is_allowed = is_allowed

    async def fetch(self, file: File) -> str:
        """Return a file's text. Raises `FileNotRead`, `FileTooLarge`, `FileIsNoText` or `FileInOtherEncoding`."""
        if not file.url:
            return file.text
        if not self._is_allowed(file.url):
            raise FileNotRead(name=file.name)
        try:
            async with self._session.get(file.url, timeout=TIMEOUT, allow_redirects=False) as reply:
                body = await _read(reply.content)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FileNotRead(name=file.name) from error
        if len(body) > MAX_BYTES:
            raise FileTooLarge(name=file.name)
        if not reply.ok:
            raise FileNotRead(name=file.name)
        return text_of(file.name, body)


def text_of(name: str, body: bytes) -> str:
    """Return the text in a file. Raises `FileIsNoText` or `FileInOtherEncoding`, which say what to do."""
    for beginning, (kind, instead) in _NO_TEXT.items():
        if body.startswith(beginning):
            raise FileIsNoText(name=name, kind=kind, instead=instead)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileInOtherEncoding(name=name, encoding="UTF-16 (“Unicode text”)")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in body[:_LOOK_AT]:
            raise FileIsNoText(name=name, kind="no text", instead=_AS_TEXT) from error
        line = body.count(b"\n", 0, error.start) + 1
        raise FileInOtherEncoding(name=name, encoding=f"another encoding (line {line})") from error


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Return all of a body, or a byte more than a file may have. One `read` gives no more than has arrived by then."""
    body = bytearray()
    while len(body) <= MAX_BYTES and (part := await content.read(MAX_BYTES + 1 - len(body))):
        body += part
    return bytes(body)
