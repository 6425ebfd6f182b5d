"""Learners who have spent, and their wishes for invoices."""

import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
import pikepdf

from chassis import clock, ids
from chassis.db import transaction
from chassis.web.forms import CSRF_COOKIE
from contracts.identity import LearnerChanged, LearnerKind
from contracts.payments import PaymentMethod
from services.payments.courier_settings import DEMO_SF_CHECKWORD, DEMO_SF_PARTNER_ID
from services.payments.model.ledger import Account, move, wallet
from services.payments.store import goods, ledger
from simulators.sf_express import create_app
from tests.payments.conftest import Learner, Shop, serve

CSRF = "t" * 43
DESK = "/staff/payments/invoices"
NUMBER = "25112000000012345678"  # a 数电票 number
RED_NUMBER = "25112000000087654321"
PAPER: dict[str, Any] = {
    "form": "paper",
    "recipient": "王小芳",
    "phone": "13812345678",
    "address": "上海市浦东新区世纪大道100号1201室",
    "freight_collect": True,
}

TENCENT = "9144030071526726XG"  # a published 统一社会信用代码
PERSON: dict[str, Any] = {"form": "electronic", "title_kind": "individual", "title": "王芳"}
COMPANY: dict[str, Any] = {
    **PERSON,
    "title_kind": "organization",
    "title": "华检公司",
    "tax_number": TENCENT,
}


async def known(shop: Shop, learner: Learner, *, email: str = "wang@example.com") -> None:
    """Identity has told of this learner."""
    await shop.running.deliver(
        LearnerChanged(
            learner_id=learner.learner_id,
            version=1,
            real_name="王芳",
            account_name="wangfang",
            email=email,
            kind=LearnerKind.HOLDER,
            id_number_masked="110101********1234",
            id_number_mac="a" * 64,
            verified=True,
            registered_at=clock.now(),
        )
    )


async def spend(
    shop: Shop,
    learner: Learner,
    amount_fen: int,
    *,
    method: PaymentMethod = PaymentMethod.WECHAT,
    refunded_fen: int = 0,
) -> UUID:
    """The learner has a paid order of this amount; a wallet's money was there before."""
    order_id, now = ids.new_id(), clock.now()
    async with transaction(shop.running.pool) as tx:
        await goods.lock_buyer(tx, learner.learner_id)
        await tx.execute(
            """
            INSERT INTO orders (order_id, number, learner_id, learner_name, status, content,
                                amount_fen, refunded_fen, method, created_at, expires_at, paid_at)
                 VALUES ($1, $2, $3, '王芳', 'paid', $2, $4, $5, $6, $7, $8, $7)
            """,
            order_id,
            f"H261128{order_id.hex[-12:].upper()}",
            learner.learner_id,
            amount_fen,
            refunded_fen,
            method,
            now,
            now + timedelta(minutes=30),
        )
    return order_id


async def pay_in(shop: Shop, learner: Learner, amount_fen: int) -> None:
    """That much stands in the learner's CNY account."""
    async with transaction(shop.running.pool) as tx:
        await goods.lock_buyer(tx, learner.learner_id)
        await ledger.book(
            tx,
            move(
                "paid_in",
                str(ids.new_id()),
                clock.now(),
                amount_fen,
                debit=Account.CARDS,
                credit=wallet(learner.learner_id),
            ),
        )


async def ask(
    learner: Learner, amount_fen: Any, *, key: str | None = None, **more: Any
) -> httpx.Response:
    """The learner asks for an invoice; for a person unless `more` says otherwise."""
    headers = {"Idempotency-Key": key} if key else {}
    body = {"amount_fen": amount_fen, **PERSON, **more}
    return await learner.ask("POST", "/invoices", json=body, headers=headers)


@dataclass(frozen=True)
class Clerk:
    """Somebody of the association at the finance desk."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def get(self, path: str = "") -> httpx.Response:
        return await self.client.get(f"{DESK}{path}", headers=self.headers)

    async def post(
        self, path: str, *, files: dict[str, Any] | None = None, **fields: str
    ) -> httpx.Response:
        return await post_form(self.client, self.headers, f"{DESK}{path}", files=files, **fields)

    async def issue(
        self, invoice: dict[str, Any], number: str = NUMBER, *, document: bytes | None = None
    ) -> httpx.Response:
        """Note it as issued today; an electronic one with a PDF."""
        electronic = invoice["form"] == "electronic"
        content = document or (pdf() if electronic else None)
        return await self.post(
            f"/{invoice['invoice_id']}/issue",
            files={"document": ("发票.pdf", content, "application/pdf")} if content else None,
            number=number,
            issued_on=str(clock.today()),
        )


async def post_form(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    path: str,
    *,
    files: dict[str, Any] | None = None,
    **fields: str,
) -> httpx.Response:
    """Post as a page of ours does."""
    return await client.post(
        path,
        data={"csrf": CSRF, **fields},
        files=files,
        headers={**headers, "Cookie": f"{CSRF_COOKIE}={CSRF}"},
    )


def pdf(*, script: bool = False, pages: int = 1) -> bytes:
    """An issued invoice as a file; `script`: one that would run something."""
    out = BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        if script:
            document.Root.OpenAction = pikepdf.Dictionary(
                S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)")
            )
        document.save(out)
    return out.getvalue()


async def courier_beside(stack: AsyncExitStack) -> str:
    """A simulated SF Express that listens until the stack is closed; its address."""
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    app = create_app(partner_id=DEMO_SF_PARTNER_ID, checkword=DEMO_SF_CHECKWORD)
    await serve(app, listener, stack)
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


async def asked(shop: Shop, amount_fen: int = 4500, **more: Any) -> tuple[Learner, dict[str, Any]]:
    """Somebody who has spent so much asks for an invoice of it."""
    learner = shop.learner()
    await known(shop, learner)
    await spend(shop, learner, amount_fen)
    answer = await ask(learner, amount_fen, **more)
    assert answer.status_code == 201, answer.text
    return learner, answer.json()


async def told(shop: Shop, event: Any) -> list[Any]:
    messages = await shop.running.told()
    return [event.model_validate_json(m.body) for m in messages if m.name == event.name]


async def download(learner: Learner, invoice: dict[str, Any]) -> tuple[int, bytes]:
    path = f"/invoices/{invoice['invoice_id']}/document.pdf"
    answer = await learner.client.get(path, headers=learner.headers)
    return answer.status_code, answer.content
