"""Where delivered mail is kept: one SQLite file, bounded."""

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

MESSAGES_KEPT = 2000

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    recipients  TEXT NOT NULL,
    raw         BLOB NOT NULL,
    received_at REAL NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came in: to whom (the envelope's word), when (seconds), and its bytes."""

    id: int
    recipients: list[str]
    received_at: float
    raw: bytes


class Shelf:
    def __init__(self, data_dir: Path | None) -> None:
        if data_dir:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = data_dir / "mailbox.sqlite3" if data_dir else ":memory:"
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def insert(self, recipients: list[str], raw: bytes) -> int:
        """Keep a message; the oldest go when there are more than `MESSAGES_KEPT`."""
        new_id = self._db.execute(
            "INSERT INTO messages (recipients, raw, received_at) VALUES (?, ?, ?)",
            (json.dumps(recipients), raw, time.time()),
        ).lastrowid
        self._db.execute("DELETE FROM messages WHERE id <= ?", ((new_id or 0) - MESSAGES_KEPT,))
        return new_id or 0

    def list_all(self) -> list[Delivery]:
        """In the order of delivery."""
        rows = self._db.execute("SELECT id, recipients, received_at, raw FROM messages ORDER BY id")
        return [Delivery(r[0], json.loads(r[1]), r[2], r[3]) for r in rows]

    def get(self, message_id: int) -> Delivery | None:
        row = self._db.execute(
            "SELECT id, recipients, received_at, raw FROM messages WHERE id = ?", (message_id,)
        ).fetchone()
        return Delivery(row[0], json.loads(row[1]), row[2], row[3]) if row else None

    def clear(self) -> None:
        self._db.execute("DELETE FROM messages")
