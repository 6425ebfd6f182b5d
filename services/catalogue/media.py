"""The media door: videos of the package folder, and documents as calm pages of their own (C-5).

A video's name is looked up among the files that are there, never joined to a path, so there is no
way out of the folder. Media are open to everyone: what is sold is the hour that is counted.
"""

from pathlib import Path
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from chassis.web.deps import Db
from chassis.web.pages import page
from chassis.web.who import Anyone

from .documents import blocks
from .model import MediaNotFound
from .store import texts

FOLDER: Final = Path(__file__).parent / "demo" / "media"
TYPES: Final = {".mp4": "video/mp4", ".webm": "video/webm"}
DAY_SECONDS: Final = 86400

router = APIRouter(prefix="/media", dependencies=[Anyone], include_in_schema=False)


@router.get("/videos/{name}")
def show_video(name: str) -> FileResponse:
    """A video, whole or the asked-for range of it (206)."""
    path = _videos().get(name)
    if path is None:
        raise MediaNotFound
    headers = {"Cache-Control": f"public, max-age={DAY_SECONDS}"}
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)


@router.get("/documents/{document_id}")
async def show_document(request: Request, db: Db, document_id: UUID) -> Response:
    """A document for the player's frame: no header, no footer, its own stylesheet."""
    document = await texts.get_document(db, document_id)
    if document is None:
        raise MediaNotFound
    return page(request, "document.html", document=document, blocks=blocks(document.body))


def _videos() -> dict[str, Path]:
    return {path.name: path for path in FOLDER.iterdir() if path.suffix in TYPES}
