"""Which receipt a voucher speaks of: a pure score with its reasons (W-1)."""

from dataclasses import replace
from datetime import date

from chassis import clock, ids
from services.payments.model.matching import SURE, Claim, Match, Reason, rank, score
from services.payments.model.receipts import Receipt

CLAIM = Claim(
    reference="7K3Q9M0X",
    bank_reference="",
    amount_fen=60000,
    payer_name="青岛检验有限公司",
    learner_name="钟检",
    paid_about=date(2026, 11, 20),
)


def receipt(**more: object) -> Receipt:
    standing = Receipt(
        receipt_id=ids.new_id(),
        bank_reference="3702611160084417",
        payer_name="某人",
        remark="",
        amount_fen=10_000,
        received_on=date(2026, 1, 1),
        allocated_fen=0,
        recorded_by=ids.new_id(),
        recorded_by_name="孙雯",
        recorded_at=clock.now(),
    )
    return replace(standing, **more)  # type: ignore[arg-type]


def fits(**more: object) -> Match:
    return score(CLAIM, receipt(**more))


def test_everything_fits() -> None:
    match = fits(
        remark="学费 7K3Q9M0X",
        amount_fen=60000,
        payer_name="青岛检验有限公司",
        received_on=date(2026, 11, 21),
    )
    assert match.confidence == 100
    assert match.reasons == (Reason.REFERENCE, Reason.AMOUNT, Reason.PAYER, Reason.NEAR)


def test_the_reference_weighs_more_than_all_the_rest() -> None:
    quoted = fits(remark="7K3Q9M0X", amount_fen=100_000)
    rest = fits(amount_fen=60000, payer_name="钟检", received_on=CLAIM.paid_about)
    assert quoted.confidence > rest.confidence
    assert not rest.sure


def test_sum_and_name_alone_are_never_sure() -> None:
    everything_but = fits(
        amount_fen=60000, payer_name="青岛检验有限公司", received_on=CLAIM.paid_about
    )
    assert everything_but.confidence < SURE
    assert fits(remark="7K3Q9M0X", amount_fen=60001, payer_name="青岛检验有限公司").sure is False


def test_a_reference_is_read_as_people_and_banks_write_it() -> None:
    for remark in ("７Ｋ３Ｑ９Ｍ０Ｘ", "7k3q9mox", "附言:7K3Q-9M0X代缴", "7K3 Q9M 0X"):
        assert Reason.REFERENCE in fits(remark=remark).reasons, remark
    assert Reason.REFERENCE not in fits(remark="7K3Q9M0").reasons


def test_the_banks_own_number_counts_like_the_reference() -> None:
    claim = replace(CLAIM, bank_reference="370261 1160084417")
    assert Reason.REFERENCE in score(claim, receipt()).reasons
    assert Reason.REFERENCE not in score(CLAIM, receipt(bank_reference="")).reasons


def test_the_learners_name_counts_where_somebody_else_paid() -> None:
    assert Reason.LEARNER in fits(payer_name="钟检（个人）").reasons
    assert Reason.LEARNER in fits(remark="代 钟 检 交费").reasons
    assert Reason.OTHER_PAYER in fits().reasons


def test_the_rest_is_compared_and_not_the_whole() -> None:
    half = {"amount_fen": 120_000, "allocated_fen": 60_000}
    assert Reason.AMOUNT in fits(**half).reasons
    assert Reason.OTHER_AMOUNT in fits(amount_fen=120_000).reasons
    assert Reason.TOO_LITTLE in fits(amount_fen=59_999).reasons


def test_a_spent_receipt_never_fits() -> None:
    spent = fits(remark="7K3Q9M0X", amount_fen=60000, allocated_fen=60000)
    assert (spent.confidence, spent.reasons) == (0, ())


def test_a_near_day_alone_is_no_reason() -> None:
    assert fits(received_on=CLAIM.paid_about).confidence == 0
    assert Reason.NEAR not in fits(amount_fen=60000, received_on=date(2026, 11, 28)).reasons


def test_the_likeliest_comes_first_and_strangers_not_at_all() -> None:
    strong, weak = receipt(remark="7K3Q9M0X"), receipt(amount_fen=60000)
    ranked = rank(CLAIM, [weak, receipt(), strong])
    assert [match.receipt for match in ranked] == [strong, weak]
