"""The files that pages are made with: styles and scripts of ours, Vega, TeamsJS.

Vega comes with its drawing library. TeamsJS is Microsoft's, for pages that Teams frames: an npm package, pinned in
package.json and put into the image as it is, with its licence.
"""

from aiohttp import web

from dashboard.templating import STATIC, TEAMS_JS
from dashboard.visit import Visit

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"  # pages ask for them under another address whenever they differ
FILES = {path.name: path for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}
VEGA = "vega.js"
TEAMS = "teams-js.js"


async def file(visit: Visit) -> web.StreamResponse:
    """Return one of the files, by its name; there is no way to any other."""
    name = visit.request.match_info["name"]
    if name == VEGA:
        body = await visit.parts.pictures.bundle()
    elif name == TEAMS and TEAMS_JS.is_file():
        body = TEAMS_JS.read_bytes()
    elif name in FILES:
        body = FILES[name].read_bytes()
    else:
        raise web.HTTPNotFound
    kind = TYPES[f".{name.rpartition('.')[2]}"]
    response = web.Response(body=body, content_type=kind, charset="utf-8", headers={"Cache-Control": FOR_EVER})
    response.enable_compression()
    return response
