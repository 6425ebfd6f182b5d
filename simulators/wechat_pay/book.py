"""What the provider remembers: orders, their codes, and every notification. SQLite."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.wechat_pay.protocol import Fields
from simulators.wechat_pay.refund_book import RefundBook

NOTPAY, SUCCESS, CLOSED = "NOTPAY", "SUCCESS", "CLOSED"
PENDING, DELIVERED, LOST, GIVEN_UP = "pending", "delivered", "lost", "given_up"

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    out_trade_no   TEXT PRIMARY KEY,
    prepay_id      TEXT NOT NULL UNIQUE,
    parameters     TEXT NOT NULL,
    sign_type      TEXT NOT NULL,
    total_fee      INTEGER NOT NULL CHECK (total_fee > 0),
    created_at     REAL NOT NULL,
    trade_state    TEXT NOT NULL DEFAULT 'NOTPAY',
    transaction_id TEXT UNIQUE,
    openid         TEXT,
    coupon_fee     INTEGER NOT NULL DEFAULT 0,
    paid_at        REAL
);
CREATE TABLE IF NOT EXISTS codes (
    code         TEXT PRIMARY KEY,
    out_trade_no TEXT NOT NULL REFERENCES orders,
    expires_at   REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS notifications (
    out_trade_no TEXT PRIMARY KEY REFERENCES orders,
    state        TEXT NOT NULL DEFAULT 'pending',
    tries        INTEGER NOT NULL DEFAULT 0,
    next_at      REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS attempts (
    attempt_id   INTEGER PRIMARY KEY,
    out_trade_no TEXT NOT NULL REFERENCES orders,
    at           REAL NOT NULL,
    fault        TEXT,
    delivered    INTEGER NOT NULL,
    status       INTEGER,
    reply        TEXT NOT NULL
);
"""
TABLES = ("refunds", "attempts", "notifications", "codes", "orders")


@dataclass(frozen=True, slots=True)
class Order:
    out_trade_no: str
    prepay_id: str
    parameters: Fields
    sign_type: str
    total_fee: int
    created_at: float
    trade_state: str
    transaction_id: str | None
    openid: str | None
    coupon_fee: int
    paid_at: float | None


class Book:
    """One SQLite file below `data_dir`, or memory. Every method is one transaction."""

    def __init__(self, data_dir: Path | None) -> None:
        if data_dir:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = data_dir / "wechat_pay.sqlite3" if data_dir else ":memory:"
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(SCHEMA)
        self.refunds = RefundBook(self._db)

    def close(self) -> None:
        self._db.close()

    def reset(self) -> None:
        for table in TABLES:
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 the names stand above

    def insert_order(
        self, *, fields: Fields, prepay_id: str, sign_type: str, created_at: float
    ) -> None:
        self._db.execute(
            "INSERT INTO orders (out_trade_no, prepay_id, parameters, sign_type, total_fee,"
            "                    created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                fields["out_trade_no"],
                prepay_id,
                json.dumps(fields),
                sign_type,
                int(fields["total_fee"]),
                created_at,
            ),
        )

    def insert_code(self, *, code: str, out_trade_no: str, expires_at: float) -> None:
        self._db.execute("INSERT INTO codes VALUES (?, ?, ?)", (code, out_trade_no, expires_at))

    def get_order(self, *, out_trade_no: str = "", transaction_id: str = "") -> Order | None:
        row = self._db.execute(
            "SELECT * FROM orders WHERE out_trade_no = ? OR transaction_id = ?",
            (out_trade_no, transaction_id or None),
        ).fetchone()
        return _order(row) if row else None

    def get_order_of_prepay(self, prepay_id: str) -> Order | None:
        row = self._db.execute("SELECT * FROM orders WHERE prepay_id = ?", (prepay_id,)).fetchone()
        return _order(row) if row else None

    def get_order_of_code(self, code: str) -> tuple[Order, float] | None:
        """The order that a code pays, and when the code ends."""
        row = self._db.execute(
            "SELECT o.*, c.expires_at FROM codes c JOIN orders o USING (out_trade_no)"
            " WHERE c.code = ?",
            (code,),
        ).fetchone()
        return (_order(row), float(row["expires_at"])) if row else None

    def list_orders(self, limit: int = 200) -> list[Order]:
        rows = self._db.execute(
            "SELECT * FROM orders ORDER BY created_at DESC, rowid DESC LIMIT ?", (limit,)
        )
        return [_order(row) for row in rows]

    def paid_in(self, start: float, end: float) -> list[Order]:
        """What was paid between two moments, the oldest first."""
        rows = self._db.execute(
            "SELECT * FROM orders WHERE paid_at >= ? AND paid_at < ? ORDER BY paid_at, rowid",
            (start, end),
        )
        return [_order(row) for row in rows]

    def latest_code(self, out_trade_no: str) -> str | None:
        row = self._db.execute(
            "SELECT code FROM codes WHERE out_trade_no = ? ORDER BY expires_at DESC, rowid DESC",
            (out_trade_no,),
        ).fetchone()
        return str(row["code"]) if row else None

    def mark_paid(
        self, out_trade_no: str, *, transaction_id: str, openid: str, coupon_fee: int, at: float
    ) -> bool:
        """Whether the order was open; then its notification is pending from now on."""
        with self._transaction():
            paid = self._db.execute(
                "UPDATE orders SET trade_state = 'SUCCESS', transaction_id = ?, openid = ?,"
                "                  coupon_fee = ?, paid_at = ?"
                " WHERE out_trade_no = ? AND trade_state = 'NOTPAY'",
                (transaction_id, openid, coupon_fee, at, out_trade_no),
            ).rowcount
            if paid:
                self._db.execute(
                    "INSERT INTO notifications (out_trade_no, next_at) VALUES (?, ?)",
                    (out_trade_no, at),
                )
        return bool(paid)

    def mark_closed(self, out_trade_no: str) -> None:
        self._db.execute(
            "UPDATE orders SET trade_state = 'CLOSED'"
            " WHERE out_trade_no = ? AND trade_state = 'NOTPAY'",
            (out_trade_no,),
        )

    def pending(self) -> list[tuple[str, int, float]]:
        """Number, tries so far and next moment of what still has to be told."""
        rows = self._db.execute(
            "SELECT out_trade_no, tries, next_at FROM notifications WHERE state = 'pending'"
        )
        return [(r["out_trade_no"], r["tries"], r["next_at"]) for r in rows]

    def note_notification(
        self, out_trade_no: str, *, state: str, tries: int, next_at: float
    ) -> None:
        self._db.execute(
            "UPDATE notifications SET state = ?, tries = ?, next_at = ? WHERE out_trade_no = ?",
            (state, tries, next_at, out_trade_no),
        )

    def note_attempt(
        self,
        out_trade_no: str,
        *,
        at: float,
        fault: str | None,
        delivered: bool,
        status: int | None,
        reply: str,
    ) -> None:
        self._db.execute(
            "INSERT INTO attempts (out_trade_no, at, fault, delivered, status, reply)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (out_trade_no, at, fault, delivered, status, reply),
        )

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Every row, for the control API."""
        rows = {
            table: [dict(row) for row in self._db.execute(f"SELECT * FROM {table}")]  # noqa: S608
            for table in TABLES
        }
        for order in rows["orders"]:
            order["parameters"] = json.loads(order["parameters"])
        return rows

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, failed: object, *_: object) -> None:
        self._db.execute("ROLLBACK" if failed else "COMMIT")


def _order(row: sqlite3.Row) -> Order:
    return Order(
        out_trade_no=row["out_trade_no"],
        prepay_id=row["prepay_id"],
        parameters=json.loads(row["parameters"]),
        sign_type=row["sign_type"],
        total_fee=row["total_fee"],
        created_at=row["created_at"],
        trade_state=row["trade_state"],
        transaction_id=row["transaction_id"],
        openid=row["openid"],
        coupon_fee=row["coupon_fee"],
        paid_at=row["paid_at"],
    )
