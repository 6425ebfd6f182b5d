"""What the provider remembers of refunds, beside its orders: `Book.refunds`."""

import sqlite3
from dataclasses import dataclass

PROCESSING, SUCCESS, CLOSED, ABNORMAL = "PROCESSING", "SUCCESS", "REFUNDCLOSE", "CHANGE"
STATES = (PROCESSING, SUCCESS, CLOSED, ABNORMAL)
NEVER = 1e12  # seconds since the epoch: until the tester decides

SCHEMA = """
CREATE TABLE IF NOT EXISTS refunds (
    out_refund_no TEXT PRIMARY KEY,
    refund_id     TEXT NOT NULL UNIQUE,
    out_trade_no  TEXT NOT NULL REFERENCES orders,
    refund_fee    INTEGER NOT NULL CHECK (refund_fee > 0),
    total_fee     INTEGER NOT NULL CHECK (total_fee >= refund_fee),
    reason        TEXT NOT NULL,
    notify_url    TEXT NOT NULL,
    status        TEXT NOT NULL DEFAULT 'PROCESSING',
    fate          TEXT NOT NULL,
    created_at    REAL NOT NULL,
    ready_at      REAL NOT NULL,
    settled_at    REAL,
    told          TEXT NOT NULL DEFAULT 'pending',
    tries         INTEGER NOT NULL DEFAULT 0,
    next_at       REAL NOT NULL,
    reply         TEXT NOT NULL DEFAULT ''
);
"""


@dataclass(frozen=True, slots=True)
class Refund:
    """`fate`: the state that it reaches at `ready_at`."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    refund_fee: int
    total_fee: int
    reason: str
    notify_url: str
    status: str
    fate: str
    created_at: float
    ready_at: float
    settled_at: float | None


FIELDS = tuple(Refund.__dataclass_fields__)
COLUMNS = ", ".join(FIELDS)


class RefundBook:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._db.executescript(SCHEMA)

    def insert(self, refund: Refund) -> None:
        values = [getattr(refund, name) for name in FIELDS]
        marks = ", ".join("?" * (len(values) + 1))
        self._db.execute(
            f"INSERT INTO refunds ({COLUMNS}, next_at) VALUES ({marks})",  # noqa: S608 our names
            (*values, refund.ready_at),
        )

    def get(self, out_refund_no: str) -> Refund | None:
        found = self._where("out_refund_no = ?", out_refund_no)
        return found[0] if found else None

    def search(self, *, out_refund_no: str = "", refund_id: str = "") -> list[Refund]:
        return self._where(
            "out_refund_no = ? OR refund_id = ?", out_refund_no or None, refund_id or None
        )

    def of_order(self, out_trade_no: str) -> list[Refund]:
        """An order's refunds, the oldest first."""
        return self._where("out_trade_no = ?", out_trade_no)

    def of_days(self, start: float, end: float) -> list[Refund]:
        """The refunds whose money went back then, the oldest first."""
        return self._where("status = 'SUCCESS' AND settled_at >= ? AND settled_at < ?", start, end)

    def settle_due(self, now: float) -> None:
        """What should be settled by now is."""
        self._db.execute(
            "UPDATE refunds SET status = fate, settled_at = ?"
            " WHERE status = 'PROCESSING' AND ready_at <= ?",
            (now, now),
        )

    def settle(self, out_refund_no: str, *, status: str, now: float) -> None:
        """Decide one now; also one that is settled, back to PROCESSING or anew."""
        ready_at = NEVER if status == PROCESSING else now
        settled_at = None if status == PROCESSING else now
        self._db.execute(
            "UPDATE refunds SET status = ?, fate = ?, ready_at = ?, settled_at = ?"
            " WHERE out_refund_no = ?",
            (status, status, ready_at, settled_at, out_refund_no),
        )

    def pending(self) -> list[tuple[str, int, float]]:
        """Number, tries so far and next moment of what still has to be told."""
        rows = self._db.execute(
            "SELECT out_refund_no, tries, next_at FROM refunds"
            " WHERE told = 'pending' AND notify_url <> ''"
        )
        return [(r["out_refund_no"], r["tries"], r["next_at"]) for r in rows]

    def note_told(self, out_refund_no: str, *, state: str, tries: int, next_at: float) -> None:
        self._db.execute(
            "UPDATE refunds SET told = ?, tries = ?, next_at = ? WHERE out_refund_no = ?",
            (state, tries, next_at, out_refund_no),
        )

    def note_reply(self, out_refund_no: str, reply: str) -> None:
        self._db.execute(
            "UPDATE refunds SET reply = ? WHERE out_refund_no = ?", (reply, out_refund_no)
        )

    def _where(self, condition: str, *values: object) -> list[Refund]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM refunds WHERE {condition} ORDER BY rowid",  # noqa: S608
            values,
        )
        return [Refund(*row) for row in rows]
