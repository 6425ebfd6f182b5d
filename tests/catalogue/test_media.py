"""Media: videos in ranges, documents that may be framed by our own pages, nothing else."""

from uuid import uuid4

import pytest

from chassis.db import transaction
from services.catalogue import demo
from services.catalogue.documents import Block, BlockKind, blocks
from services.catalogue.model import Document
from services.catalogue.store import texts
from tests.conftest import Running


async def test_a_video_is_given_in_ranges(catalogue: Running) -> None:  # C-5
    whole = await catalogue.client.get(demo.VIDEO)
    part = await catalogue.client.get(demo.VIDEO, headers={"Range": "bytes=100-199"})

    assert whole.status_code == 200
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert len(whole.content) < 600_000
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert part.content == whole.content[100:200]
    beyond = await catalogue.client.get(demo.VIDEO, headers={"Range": "bytes=9999999-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "/media/videos/nothing.mp4",
        "/media/videos/../make_video.py",
        "/media/videos/..%2fmake_video.py",
        "/media/videos/..%2f..%2fapp.py",
        "/media/videos/%2e%2e%2f%2e%2e%2fapp.py",
        "/media/videos/%2fetc%2fpasswd",
        "/media/videos/six-drafts.mp4%00.html",
        "/media/videos/",
        "/media/documents/7",
        f"/media/documents/{uuid4()}",
    ],
)
async def test_nothing_else_is_given(catalogue: Running, path: str) -> None:
    response = await catalogue.client.get(path)

    assert response.status_code == 404
    assert "<h1>" in response.text


async def put(catalogue: Running, body: str) -> str:
    document = Document(uuid4(), "第 1 讲 示例", body)
    async with transaction(catalogue.pool) as tx:
        await texts.upsert_document(tx, document)
    return f"/media/documents/{document.document_id}"


async def test_a_document_may_stand_in_a_frame_of_our_own_pages(catalogue: Running) -> None:
    response = await catalogue.client.get(await put(catalogue, "一段。"))

    assert response.status_code == 200
    assert "frame-ancestors 'self'" in response.headers["content-security-policy"]
    assert response.headers["x-frame-options"] == "SAMEORIGIN"
    other = await catalogue.client.get("/guide")
    assert "frame-ancestors 'none'" in other.headers["content-security-policy"]


async def test_what_a_writer_writes_stays_text(catalogue: Running) -> None:
    response = await catalogue.client.get(await put(catalogue, "## <script>x</script>\n- <b>a"))

    assert "<script>" not in response.text
    assert "&lt;script&gt;" in response.text


def test_a_document_is_read_into_blocks() -> None:
    text = "开头。\n## 一、准备\n- 密度计\n- 手电\n\n> 记住。\n结尾。\n"

    assert blocks(text) == [
        Block(BlockKind.PARAGRAPH, ("开头。",)),
        Block(BlockKind.HEADING, ("一、准备",)),
        Block(BlockKind.LIST, ("密度计", "手电")),
        Block(BlockKind.POINT, ("记住。",)),
        Block(BlockKind.PARAGRAPH, ("结尾。",)),
    ]
