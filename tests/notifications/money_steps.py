"""What payments tells, with the parcels that it seals before."""

from datetime import date
from typing import Any
from uuid import UUID

from chassis import clock, ids
from chassis.parcels import Attachment, Parcel, Parcels
from contracts.event import Event
from contracts.payments import (
    DiscountGranted,
    DiscountRefused,
    DiscountRequested,
    InvoiceDeclined,
    InvoiceForm,
    InvoiceIssued,
    InvoiceRequested,
    InvoiceReversed,
    OrderRefunded,
    RefundDeclined,
    RefundTarget,
    StudyCardIssued,
    StudyCardRedeemed,
    TransferAccepted,
    TransferReturned,
    TransferSubmitted,
)
from services.notifications.app import parcels_of
from services.notifications.settings import NotificationsSettings
from tests.conftest import Running

ID_NUMBER = "110105199004086789"
CONTACT = "13812345678"
CODE = "7K3Q-9MXT-4WPA-2HRD"
SERIAL = "S261128-0001"
CASE = "V261128-7K3Q9M"
VOUCHER = b"%PDF-1.7\n\x00\xff voucher \r\n.\r\n of 600 CNY"
REASON = "金额不清楚 <b>600</b>"
SECRETS = (ID_NUMBER, CONTACT, CODE, "%PDF", "6222020200012345678")


def shelf(running: Running) -> Parcels:
    """The shelf that payments and notifications share."""
    settings = running.kit.settings
    assert isinstance(settings, NotificationsSettings)
    return parcels_of(settings)


async def seal(running: Running, fields: dict[str, str], *attachments: Attachment) -> UUID:
    parcel_id = ids.new_id()
    await shelf(running).seal(parcel_id, Parcel(fields, attachments))
    return parcel_id


async def submitted(
    running: Running, learner_id: UUID, *, voucher: bytes = VOUCHER, **changes: Any
) -> TransferSubmitted:
    fields = {
        "real_name": "钟检",
        "id_number": ID_NUMBER,
        "account_name": "钟检1101056789",
        "contact": CONTACT,
        "amount_fen": "60000",
        "payer_name": "某检验公司",
        "remittance_reference": "学习费",
        "bank_reference": "6222020200012345678",
    }
    attached = Attachment("付款凭证.pdf", "application/pdf", voucher)
    parcel_id = await seal(running, fields, attached)
    return transfer(learner_id, **({"parcel_id": parcel_id} | changes))


def transfer(learner_id: UUID, **changes: Any) -> TransferSubmitted:
    values: dict[str, Any] = {
        "transfer_id": ids.new_id(),
        "case_number": CASE,
        "learner_id": learner_id,
        "amount_fen": 60000,
        "parcel_id": ids.new_id(),
    }
    return TransferSubmitted(**(values | changes))


async def requested_discount(running: Running, learner_id: UUID) -> DiscountRequested:
    fields = {
        "real_name": "钟检",
        "id_number": ID_NUMBER,
        "certificate_number": "JYJD-2019-0042",
        "expires_on": "2026-12-31",
        "account_name": "钟检1101056789",
        "email": "registered@example.com",
    }
    return DiscountRequested(
        discount_id=ids.new_id(),
        case_number="D261128-7K3Q9M",
        learner_id=learner_id,
        parcel_id=await seal(running, fields),
    )


async def card_issued(running: Running, learner_id: UUID) -> StudyCardIssued:
    return StudyCardIssued(
        card_id=ids.new_id(),
        serial=SERIAL,
        learner_id=learner_id,
        amount_fen=60000,
        expires_on=date(2027, 11, 28),
        parcel_id=await seal(running, {"code": CODE, "serial": SERIAL}),
        case_number=CASE,
    )


async def invoice_issued(
    running: Running,
    learner_id: UUID,
    *,
    email: str = "",
    form: InvoiceForm = InvoiceForm.ELECTRONIC,
    **changes: Any,
) -> InvoiceIssued:
    fields = {"email": email} if email else {}
    document = [Attachment("F261128-7K3Q9M.pdf", "application/pdf", b"%PDF-1.7 invoice")]
    attached = document if form is InvoiceForm.ELECTRONIC else []
    values: dict[str, Any] = {
        "invoice_id": ids.new_id(),
        "case_number": "F261128-7K3Q9M",
        "learner_id": learner_id,
        "invoice_number": "26112000000012345678",
        "amount_fen": 45000,
        "form": form,
        "parcel_id": await seal(running, fields, *attached),
    }
    return InvoiceIssued(**(values | changes))


def refunded(learner_id: UUID, **changes: Any) -> OrderRefunded:
    values: dict[str, Any] = {
        "refund_id": ids.new_id(),
        "order_id": ids.new_id(),
        "number": "H261128ABCDEF",
        "learner_id": learner_id,
        "amount_fen": 15000,
        "target": RefundTarget.SOURCE,
        "course_ids": [ids.new_id()],
        "refunded_at": clock.now(),
    }
    return OrderRefunded(**(values | changes))


async def every_money_step(running: Running, learner_id: UUID) -> list[tuple[Event, list[str]]]:
    """Each step, with words that its mail to the learner says: number, amount, reason, link."""
    transfer = await submitted(running, learner_id)
    discount = await requested_discount(running, learner_id)
    invoice = await invoice_issued(running, learner_id)
    of_transfer = {"transfer_id": transfer.transfer_id, "case_number": CASE}
    of_discount = {"discount_id": discount.discount_id, "case_number": discount.case_number}
    of_invoice = {"invoice_id": invoice.invoice_id, "case_number": invoice.case_number}
    learner: Any = {"learner_id": learner_id}
    return [
        (
            refunded(learner_id),
            ["退款已完成（订单 H261128ABCDEF", "H261128ABCDEF", "￥150.00", "/refunds", "已关闭"],
        ),
        (
            refunded(learner_id, target=RefundTarget.WALLET, course_ids=[], number="H2"),
            ["退款已完成（订单 H2）", "￥150.00", "元账户余额", "/wallet"],
        ),
        (
            refunded(learner_id, target=RefundTarget.BANK, number="H4"),
            ["退款已完成（订单 H4）", "您的银行账户", "/refunds"],
        ),
        (
            RefundDeclined(
                refund_id=ids.new_id(), order_id=ids.new_id(), number="H3", reason=REASON, **learner
            ),
            ["退款申请未通过", "H3", REASON, "/refunds"],
        ),
        (
            await card_issued(running, learner_id),
            ["您的学习卡", SERIAL, CODE, "￥600.00", "2027年11月28日", "/study-cards"],
        ),
        (
            StudyCardRedeemed(
                card_id=ids.new_id(),
                serial=SERIAL,
                amount_fen=60000,
                balance_fen=75000,
                redeemed_at=clock.now(),
                **learner,
            ),
            ["充值成功", SERIAL, "￥600.00", "￥750.00", "/wallet"],
        ),
        (transfer, ["付款凭证已收到", CASE, "￥600.00", f"/transfers/{transfer.transfer_id}"]),
        (
            TransferReturned(reason=REASON, **of_transfer, **learner),
            ["付款凭证被退回", CASE, REASON, f"/transfers/{transfer.transfer_id}"],
        ),
        (
            TransferAccepted(amount_fen=60000, cards=2, **of_transfer, **learner),
            ["汇款已到账", CASE, "￥600.00", "2 张", "/study-cards"],
        ),
        (discount, ["学习优惠申请已收到", discount.case_number, "/discounts"]),
        (
            DiscountGranted(**of_discount, **learner),
            ["学习优惠已批准", discount.case_number, "必修课免费", "/discounts"],
        ),
        (
            DiscountRefused(reason=REASON, **of_discount, **learner),
            ["学习优惠申请未通过", discount.case_number, REASON, "/discounts"],
        ),
        (
            InvoiceRequested(
                amount_fen=45000, form=InvoiceForm.ELECTRONIC, **of_invoice, **learner
            ),
            ["开票申请已收到", invoice.case_number, "￥450.00", f"/invoices/{invoice.invoice_id}"],
        ),
        (
            invoice,
            ["发票已开具", invoice.case_number, "￥450.00", f"/invoices/{invoice.invoice_id}"],
        ),
        (
            InvoiceDeclined(reason=REASON, **of_invoice, **learner),
            ["开票申请未通过", invoice.case_number, REASON, f"/invoices/{invoice.invoice_id}"],
        ),
        (
            InvoiceReversed(
                invoice_number="26112000000012345678", amount_fen=45000, **of_invoice, **learner
            ),
            ["发票已红冲", "26112000000012345678", "￥450.00", f"/invoices/{invoice.invoice_id}"],
        ),
    ]
