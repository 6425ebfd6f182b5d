"""Notices of the home page and the texts of document coursewares."""

from datetime import date
from uuid import UUID

from chassis.db import Pool, Tx

from ..model import Document, Notice


async def upsert_document(tx: Tx, document: Document) -> None:
    await tx.execute(
        """
        INSERT INTO documents (document_id, title, body)
             VALUES ($1, $2, $3)
        ON CONFLICT (document_id)
          DO UPDATE SET title = EXCLUDED.title, body = EXCLUDED.body
        """,
        document.document_id,
        document.title,
        document.body,
    )


async def get_document(db: Pool | Tx, document_id: UUID) -> Document | None:
    row = await db.fetchrow(
        "SELECT document_id, title, body FROM documents WHERE document_id = $1", document_id
    )
    return Document(**row) if row else None


async def insert_notice(
    tx: Tx, *, notice_id: UUID, title: str, body: str, published_on: date
) -> None:
    """Put up a notice; one that is there already stays as it is."""
    await tx.execute(
        """
        INSERT INTO notices (notice_id, title, body, published_on)
             VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        notice_id,
        title,
        body,
        published_on,
    )


async def list_notices(db: Pool | Tx, *, limit: int) -> list[Notice]:
    """Notices, the newest first."""
    rows = await db.fetch(
        """
          SELECT notice_id, title, body, published_on
            FROM notices
        ORDER BY published_on DESC, notice_id
           LIMIT $1
        """,
        limit,
    )
    return [Notice(**row) for row in rows]


async def get_notice(db: Pool | Tx, notice_id: UUID) -> Notice | None:
    row = await db.fetchrow(
        """
        SELECT notice_id, title, body, published_on
          FROM notices
         WHERE notice_id = $1
        """,
        notice_id,
    )
    return Notice(**row) if row else None
