"""The files that pages are made with: styles and scripts of ours, and Vega, which comes with its drawing library."""

from aiohttp import web

from dashboard.templating import STATIC
from dashboard.visit import Visit

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"  # pages ask for them under another address whenever they differ
FILES = {path.name: path for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}
VEGA = "vega.js"


async def file(visit: Visit) -> web.StreamResponse:
    """Return one of the files, by its name; there is no way to any other."""
    name = visit.request.match_info["name"]
    if name == VEGA:
        body = await visit.parts.pictures.bundle()
    elif name in FILES:
        body = FILES[name].read_bytes()
    else:
        raise web.HTTPNotFound
    kind = TYPES[f".{name.rpartition('.')[2]}"]
    response = web.Response(body=body, content_type=kind, charset="utf-8", headers={"Cache-Control": FOR_EVER})
    response.enable_compression()
    return response
