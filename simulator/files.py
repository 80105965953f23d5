"""Files that people attach in a chat: the bot gets a link and fetches the content from there."""

from urllib.parse import quote

from aiohttp import web

from simulator.ids import guid
from simulator.payload import Json

DOWNLOAD_INFO = "application/vnd.microsoft.teams.file.download.info"


class Files:
    """Offers files for download, as Teams does for what people attach in a personal chat."""

    def __init__(self) -> None:
        self.base_url = ""
        self._contents: dict[str, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return what the server answers."""
        return [web.get("/files/{key}/{name}", self._download)]

    def offer(self, name: str, content: bytes) -> Json:
        """Return the attachment for a message: `person.say("…", [attachment])`."""
        key = guid("file", str(len(self._contents)))
        self._contents[key] = content
        link = f"{self.base_url}/files/{key}/{quote(name)}"
        info = {"downloadUrl": link, "uniqueId": key, "fileType": name.rpartition(".")[2]}
        return {"contentType": DOWNLOAD_INFO, "content": info, "contentUrl": link, "name": name}

    async def _download(self, request: web.Request) -> web.Response:
        content = self._contents.get(request.match_info["key"])
        if content is None:
            raise web.HTTPNotFound
        return web.Response(body=content, content_type="application/octet-stream")
