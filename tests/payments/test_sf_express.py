"""Paper by SF Express, freight collect 「顺丰到付」 ($-7): one waybill whatever happens."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.files import Files
from chassis.parcels import Parcel, Parcels
from chassis.permissions import Permission
from contracts.payments import InvoiceIssued
from services.payments import shipping
from services.payments.addresses import Shelves
from tests.conftest import bearer
from tests.payments.conftest import Learner, MakeShop, Shop
from tests.payments.invoice_steps import NUMBER, PAPER, Clerk, ask, courier_beside, known, spend


@dataclass(frozen=True)
class Post:
    """A shop with a courier beside it, and a paper invoice that is issued."""

    shop: Shop
    sf: httpx.AsyncClient
    clerk: Clerk
    learner: Learner
    invoice: dict[str, Any]

    async def fault(self, kind: str, **more: Any) -> None:
        answer = await self.sf.post("/control/faults", json={"kind": kind, **more})
        assert answer.status_code == 201

    async def send(self) -> httpx.Response:
        return await self.clerk.post(f"/{self.invoice['invoice_id']}/shipment")

    async def work(self) -> None:
        """One round of the worker, with everything due."""
        await self.shop.running.pool.execute(
            "UPDATE shipments SET next_try_at = now() WHERE next_try_at IS NOT NULL"
        )
        app = self.shop.running.service.app
        shelves = Shelves(app.state.addresses, app.state.parcels)
        await shipping.ask_again(self.shop.running.pool, app.state.courier, shelves)

    async def orders(self) -> list[dict[str, Any]]:
        return list((await self.sf.get("/control/state")).json()["orders"])

    async def told(self) -> list[InvoiceIssued]:
        messages = await self.shop.running.told()
        return [
            InvoiceIssued.model_validate_json(message.body)
            for message in messages
            if message.name == InvoiceIssued.name
        ]

    async def shipment(self) -> dict[str, Any]:
        (row,) = await self.shop.running.pool.fetch("SELECT * FROM shipments")
        return dict(row)


@pytest.fixture
async def post(make_shop: MakeShop, staff_token: Any) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        url = await courier_beside(stack)
        shop = await make_shop(sf_base_url=f"{url}/std/service")
        sf = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        token = staff_token(Permission.PAYMENTS_READ, Permission.PAYMENTS_INVOICES)
        clerk, learner = Clerk(shop.running.client, bearer(token)), shop.learner()
        await known(shop, learner)
        await spend(shop, learner, 4500)
        asked = await ask(learner, 4500, **PAPER)
        assert asked.status_code == 201, asked.text
        assert (await clerk.issue(asked.json())).status_code == 303
        yield Post(shop, sf, clerk, learner, asked.json())


async def test_a_letter_is_paid_by_its_recipient(post: Post) -> None:
    """# case 65"""
    assert (await post.send()).status_code == 303
    (order,) = await post.orders()
    assert order["payMethod"] == 2
    assert "monthlyCard" not in order
    assert order["orderId"] == post.invoice["case_number"]
    recipient = order["contactInfoList"][1]
    assert recipient["address"] == PAPER["address"]
    assert recipient["mobile"] == PAPER["phone"]

    (event,) = await post.told()
    assert (event.waybill, event.invoice_number) == (order["waybillNo"], NUMBER)
    parcels = post.shop.running.service.app.state.parcels
    assert (await parcels.unseal(event.parcel_id)).fields == {"email": "wang@example.com"}
    page = await post.learner.client.get(
        f"/invoices/{post.invoice['invoice_id']}", headers=post.learner.headers
    )
    assert order["waybillNo"] in page.text


async def test_sent_from_many_places_at_once_it_is_one_letter(post: Post) -> None:
    """# case 65"""
    answers = await asyncio.gather(*(post.send() for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {303, 409}
    assert len(await post.orders()) == 1
    assert len(await post.told()) == 1


@pytest.mark.parametrize("kind", ["error_500", "error_500_before", "not_json", "broken"])
async def test_an_unknown_outcome_is_asked_again_with_the_same_number(
    post: Post, kind: str
) -> None:
    """# case 65"""
    await post.fault(kind)
    await post.send()
    assert await post.told() == []
    assert (await post.shipment())["status"] == "asking"
    by_hand = await post.clerk.post(f"/{post.invoice['invoice_id']}/waybill", waybill="SF12345678")
    assert by_hand.status_code == 409

    for _ in range(2):
        await post.work()
    assert len(await post.orders()) == 1
    assert len(await post.told()) == 1
    assert (await post.shipment())["status"] == "sent"


async def test_an_order_that_sf_knows_is_looked_up(post: Post) -> None:
    await post.fault("error_500")
    await post.fault("repeat_refused")
    await post.send()
    await post.work()
    (order,) = await post.orders()
    assert [event.waybill for event in await post.told()] == [order["waybillNo"]]


async def test_what_sf_refuses_can_be_tried_again_or_taken_there(post: Post) -> None:
    await post.fault("refuse", code="8888", times=2)
    await post.send()
    here = f"/{post.invoice['invoice_id']}"
    assert "8888" in (await post.clerk.get(here)).text
    await post.send()
    assert (await post.shipment())["status"] == "refused"
    assert (await post.clerk.post(f"{here}/waybill", waybill="no!")).status_code == 422
    assert (await post.clerk.post(f"{here}/waybill", waybill="sf1234567890")).status_code == 303
    assert (await post.clerk.post(f"{here}/waybill", waybill="sf1234567890")).status_code == 409
    assert (await post.send()).status_code == 409
    assert [event.waybill for event in await post.told()] == ["SF1234567890"]


async def test_only_issued_paper_is_sent(post: Post) -> None:
    await spend(post.shop, post.learner, 4500)
    electronic = (await ask(post.learner, 4500)).json()
    assert (await post.clerk.post(f"/{electronic['invoice_id']}/shipment")).status_code == 409


async def test_the_address_is_in_no_table_log_or_message(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """# case 65: sealed until SF has it, then forgotten"""
    caplog.set_level(logging.DEBUG)
    pool, app = post.shop.running.pool, post.shop.running.service.app
    parcel_id = await pool.fetchval("SELECT delivery_parcel_id FROM invoices")
    assert (await app.state.addresses.unseal(parcel_id)).fields["address"] == PAPER["address"]
    await post.fault("broken")
    await post.send()
    await post.work()
    assert (await app.state.addresses.unseal(parcel_id)).fields == {}

    tables = ("invoices", "shipments", "idempotency_keys")
    kept = [await pool.fetch(f"SELECT t::text AS row FROM {table} AS t") for table in tables]  # noqa: S608
    told = [message.body.decode() for message in await post.shop.running.told()]
    seen = "".join([caplog.text, *told, *(row["row"] for rows in kept for row in rows)])
    assert post.invoice["case_number"] in seen
    for secret in (PAPER["phone"], PAPER["address"], PAPER["recipient"]):
        assert secret not in seen


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "123"},
        {"recipient": ""},
        {"address": "上海"},
        {"freight_collect": False},
    ],
)
async def test_paper_needs_an_address_and_consent(shop: Shop, change: dict[str, Any]) -> None:
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, 4500)
    refused = await ask(learner, 4500, **{**PAPER, **change})
    assert [error["field"] for error in refused.json()["errors"]] == list(change)


async def test_an_address_that_came_to_nothing_is_forgotten(shop: Shop) -> None:
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, 4500)
    addresses = Recorded(shop.running.kit.files, bytes(32))
    shop.running.service.app.state.addresses = addresses
    assert (await ask(learner, 4501, **PAPER)).status_code == 422
    assert [bool(one.fields) for one in addresses.sealed] == [True, False]
    kept = (await ask(learner, 4500, key="k", **PAPER)).json()
    assert (await ask(learner, 4500, key="k", **PAPER)).json() == kept
    assert [bool(one.fields) for one in addresses.sealed][2:] == [True, True, False]
    await learner.ask("POST", f"/invoices/{kept['invoice_id']}/cancellation")
    assert addresses.sealed[-1].fields == {}


class Recorded(Parcels):
    """Real parcels; what was sealed is remembered as well."""

    def __init__(self, files: Files, key: bytes) -> None:
        super().__init__(files, key)
        self.sealed: list[Parcel] = []

    async def seal(self, parcel_id: UUID, parcel: Parcel) -> None:
        self.sealed.append(parcel)
        await super().seal(parcel_id, parcel)
