"""Files that people attach: which attachments are files with text, and fetching one from where Teams keeps it."""

from collections.abc import Callable, Sequence

import aiohttp
from botbuilder.schema import Attachment

from bot.turn import File
from feedback.errors import Refusal

DOWNLOAD = "application/vnd.microsoft.teams.file.download.info"
FILE_HOSTS = (".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn")  # where OneDrive keeps them
MAX_BYTES = 20_000_000
TIMEOUT = aiohttp.ClientTimeout(total=10)
_TEXT_TYPES = ("text/plain", "text/csv", "text/yaml", "application/yaml", "application/x-yaml", "application/json")


class FileNotRead(Refusal):
    """I could not read the file “{name}”. Try again, or paste its text after the command."""


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
        """Return a file's text. Raises `FileNotRead` or `FileTooLarge`."""
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
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FileNotRead(name=file.name) from error


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Return all of a body, or a byte more than a file may have. One `read` gives no more than has arrived by then."""
    body = bytearray()
    while len(body) <= MAX_BYTES and (part := await content.read(MAX_BYTES + 1 - len(body))):
        body += part
    return bytes(body)
