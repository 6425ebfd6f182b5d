"""What was acknowledged against what is stored, by SQL: nothing lost, nothing twice."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from contracts.subscriptions import HEARD_BY, names_for
from tests.drills.load import Acknowledged

SIMULATOR_STATE = "/simulators/wechat/control/state"


@dataclass
class Findings:
    """Sentences about what is not there, and about what is there more than once."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    def expect(self, what: str, acknowledged: Iterable[Any], stored: Iterable[Any]) -> None:
        """Everything acknowledged is stored exactly once."""
        counts = Counter(stored)
        self.lost += [f"{what} {each}" for each in acknowledged if not counts[each]]
        self.twice += [f"{what} {each} x {n}" for each, n in counts.items() if n > 1]

    def expect_same(self, what: str, should: object, found: object) -> None:
        if should != found:
            self.lost.append(f"{what}: {found} instead of {should}")

    def expect_none(self, what: str, count: int) -> None:
        if count:
            self.lost.append(f"{what}: {count}")


class Books:
    """The six databases, open for reading."""

    def __init__(self, databases: Mapping[str, asyncpg.Connection]) -> None:
        self._databases = databases

    async def rows(self, service: str, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._databases[service].fetch(query)]

    async def column(self, service: str, query: str) -> list[Any]:
        return [row[0] for row in await self.rows(service, query)]


async def compare(journal: Acknowledged, urls: Mapping[str, str], gateway: str) -> Findings:
    """Read everything once. Right after a kill some of it is still on its way: ask again."""
    connections = {name: await asyncpg.connect(url) for name, url in urls.items()}
    try:
        books, findings = Books(connections), Findings()
        await _people(journal, books, findings)
        await _money(journal, books, findings, await _taken(gateway))
        await _study(journal, books, findings)
        await _events(books, findings)
        return findings
    finally:
        for connection in connections.values():
            await connection.close()


async def _people(journal: Acknowledged, books: Books, findings: Findings) -> None:
    mobiles = await books.column("identity", "SELECT mobile FROM learners")
    wanted = [f"+86{mobile}" for mobile in journal.mobiles]
    findings.expect("account", wanted, mobiles)


async def _taken(gateway: str) -> int:
    """How much money the provider has taken, in fen."""
    async with httpx.AsyncClient(base_url=gateway, trust_env=False) as client:
        state = (await client.get(SIMULATOR_STATE)).json()
    return sum(o["total_fee"] for o in state["orders"] if o["trade_state"] == "SUCCESS")


async def _money(journal: Acknowledged, books: Books, findings: Findings, taken: int) -> None:
    orders = await books.rows("payments", "SELECT order_id::text, status, amount_fen FROM orders")
    findings.expect("order", journal.orders, [order_id for order_id, _, _ in orders])
    extra = {order_id for order_id, _, _ in orders} - journal.orders.keys()
    findings.twice += [f"order {order_id} that nobody was told of" for order_id in extra]
    paid = [order_id for order_id, status, _ in orders if status == "paid"]
    findings.expect("payment", journal.paid, paid)

    booked = await books.column(
        "payments",
        "SELECT sum(amount_fen)::bigint FROM postings WHERE amount_fen > 0 "
        "AND account LIKE 'asset:%'",
    )
    due = sum(amount for _, status, amount in orders if status == "paid")
    findings.expect_same("money booked", due, booked[0] or 0)
    findings.expect_same("money that the provider took", due, taken)
    carts = await books.rows("payments", "SELECT learner_id::text, item_id::text FROM cart_items")
    kept = [(learner, item) for learner, items in journal.carts.items() for item in items]
    findings.expect("cart item", kept, carts)


async def _study(journal: Acknowledged, books: Books, findings: Findings) -> None:
    enrolments = await books.rows(
        "progress", "SELECT learner_id::text, course_id::text FROM enrolments"
    )
    bought = [(journal.orders[order], course) for order, course in journal.paid.items()]
    findings.expect("enrolment", bought, enrolments)
    beats = await books.rows("progress", "SELECT session_id::text, seq FROM beats")
    findings.expect("heartbeat", journal.beats, beats)

    wrong = await books.column(
        "progress",
        """
        SELECT count(*)
          FROM courseware_progress AS progress
         WHERE progress.credited_ms <> (SELECT coalesce(sum(beats.credited_ms), 0)
                                          FROM beats
                                          JOIN sessions USING (session_id)
                                         WHERE sessions.enrolment_id = progress.enrolment_id
                                           AND sessions.courseware_id = progress.courseware_id)
        """,
    )
    findings.expect_none("coursewares whose time is not the sum of their beats", wrong[0])


async def _events(books: Books, findings: Findings) -> None:
    """Every event that was told has taken effect once with everybody who listens for it."""
    told: list[tuple[str, str]] = []
    for service in HEARD_BY:
        query = "SELECT event_id::text, name, published_at IS NULL FROM outbox"
        rows = await books.rows(service, query)
        told += [(event_id, name) for event_id, name, _ in rows]
        findings.expect_none(f"events {service} has not told", sum(late for *_, late in rows))
    for service in HEARD_BY:
        names = set(names_for(service))
        handled = await books.column(
            service, "SELECT message_id FROM inbox WHERE state = 'handled'"
        )
        wanted = [event_id for event_id, name in told if name in names]
        findings.expect(f"event for {service}", wanted, handled)
    mails = await books.rows("notifications", "SELECT event_id::text, template, state FROM mails")
    findings.expect("mail", [], [(event_id, template) for event_id, template, _ in mails])
    findings.expect_none("mails not sent", sum(state != "sent" for *_, state in mails))
