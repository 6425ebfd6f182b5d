"""Migrations: numbered SQL files, applied once, in order, under an advisory lock."""

from collections.abc import Iterable
from pathlib import Path

import asyncpg

LOCK = 0x71CED0  # any number, the same for all
HERE = Path(__file__).parent / "migrations"


async def migrate(url: str, folder: Path) -> list[str]:
    """Apply what is missing, the chassis' own tables first; return the names applied."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await _migrate(connection, [HERE, folder])
    finally:
        await connection.close()


async def _migrate(connection: asyncpg.Connection, folders: Iterable[Path]) -> list[str]:
    applied = []
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute(
            """
            CREATE TABLE IF NOT EXISTS migrations (
                name        text        PRIMARY KEY,
                applied_at  timestamptz NOT NULL DEFAULT now()
            )
            """
        )
        known = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
        for path in _files(folders):
            name = f"{path.parents[1].name}/{path.name}"
            if name not in known:
                await connection.execute(path.read_text(encoding="utf-8"))
                await connection.execute("INSERT INTO migrations (name) VALUES ($1)", name)
                applied.append(name)
    return applied


def _files(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.glob("*.sql"))]
