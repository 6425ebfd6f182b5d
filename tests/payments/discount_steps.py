"""Builders for the discount: known learners, certificates of earlier cycles, decisions."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx

from chassis import idnumbers, ids
from chassis.parcels import Parcels
from chassis.permissions import Permission
from chassis.web.forms import CSRF_COOKIE
from contracts.catalogue import CourseKind
from contracts.certificates import CertificateIssued
from contracts.identity import LearnerKind, LearnerRegistered, Qualification
from contracts.payments import DiscountGranted, DiscountRefused, DiscountRequested
from tests.conftest import bearer
from tests.payments.conftest import Learner, Shop

ID_NUMBER = "110105199004086782"
EXPIRES_ON = date(2027, 3, 1)
EARLIER_CYCLE = date(2019, 3, 2)  # ended on 2023-03-01
CSRF = "t" * 43


async def known(
    shop: Shop,
    learner: Learner,
    *,
    kind: LearnerKind = LearnerKind.HOLDER,
    expires_on: date | None = EXPIRES_ON,
    id_number: str = ID_NUMBER,
    version: int = 1,
    name: str = "钟检",
) -> Learner:
    """Identity has told of the learner."""
    key = shop.running.service.app.state.settings.id_number_mac_key.get_secret_value()
    held = Qualification(number="GJ-0042", category="资格证", expires_on=expires_on or EXPIRES_ON)
    await shop.running.deliver(
        LearnerRegistered(
            learner_id=learner.learner_id,
            version=version,
            account_name=f"{name}1101056782",
            real_name=name,
            kind=kind,
            email="zhong@example.com",
            id_number_masked=idnumbers.mask(id_number),
            id_number_mac=idnumbers.id_number_mac(key, id_number),
            verified=True,
            qualification=held if expires_on else None,
            registered_at=datetime(2026, 1, 5, tzinfo=UTC),
        )
    )
    return learner


async def holder(shop: Shop, **more: Any) -> Learner:
    return await known(shop, shop.learner("holder"), **more)


async def renewed(
    shop: Shop, learner: Learner, *, cycle_starts_on: date = EARLIER_CYCLE, **more: Any
) -> CertificateIssued:
    """The holder was issued a certificate for the cycle that began then."""
    event = CertificateIssued(
        learner_id=learner.learner_id,
        certificate_id=ids.new_id(),
        number=more.pop("number", f"JXJY-2023-{ids.new_id().hex[-6:]}"),
        form=more.pop("form", LearnerKind.HOLDER),
        issued_on=date(2023, 3, 10),
        valid_until=date(2027, 3, 1),
        cycle_starts_on=cycle_starts_on,
        **more,
    )
    await shop.running.deliver(event)
    return event


async def apply(learner: Learner, **body: str) -> httpx.Response:
    return await learner.ask("POST", "/discounts", **({"json": body} if body else {}))


async def granted(shop: Shop, **more: Any) -> Learner:
    """A holder whose discount is granted by the records."""
    learner = await holder(shop, **more)
    await renewed(shop, learner)
    answer = await apply(learner)
    assert answer.json()["status"] == "granted", answer.text
    return learner


async def required(shop: Shop, *, hours: int = 10, **more: Any) -> UUID:
    return await shop.sell(hours=hours, kind=CourseKind.REQUIRED, **more)


async def discounts(learner: Learner) -> list[dict[str, Any]]:
    return list((await learner.ask("GET", "/discounts")).json()["items"])


def parcels(shop: Shop) -> Parcels:
    shelf: Parcels = shop.running.service.app.state.parcels
    return shelf


async def told(shop: Shop) -> list[Any]:
    """What was told about discounts, oldest first."""
    kinds = {kind.name: kind for kind in (DiscountRequested, DiscountGranted, DiscountRefused)}
    return [
        kinds[message.name].model_validate_json(message.body)
        for message in await shop.running.told()
        if message.name in kinds
    ]


async def get(client: httpx.AsyncClient, headers: dict[str, str], path: str) -> httpx.Response:
    return await client.get(path, headers=headers)


async def post(
    client: httpx.AsyncClient, headers: dict[str, str], path: str, **more: Any
) -> httpx.Response:
    """A form of ours is sent."""
    cookies = {**headers, "Cookie": f"{CSRF_COOKIE}={CSRF}"}
    data = {"csrf": CSRF, **more.pop("data", {})}
    return await client.post(path, data=data, headers=cookies, **more)


def desk(staff_token: Any, *rights: Permission) -> dict[str, str]:
    """Staff who may read and decide, or have just these rights."""
    return bearer(staff_token(*(rights or (Permission.PAYMENTS_READ, Permission.PAYMENTS_CASES))))
