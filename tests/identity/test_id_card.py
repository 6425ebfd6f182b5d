"""The pure rules: ID numbers, names, masks, limits (I-1 to I-4, I-9)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.idnumbers import id_number_mac, mask
from services.identity import contact, id_card, passwords
from services.identity.id_card import Sex
from services.identity.limits import ACCOUNT_TRIES, ADDRESS_TRIES, Tries, may_try
from services.identity.model import compose_account_name
from tests.identity.builders import SEED_NUMBER, VALID_NUMBER, check_character

TODAY = date(2026, 11, 22)


def test_the_seed_number_is_read_and_its_check_character_doubted() -> None:  # I-3
    card = id_card.read(SEED_NUMBER, today=TODAY)
    assert (card.born_on, card.sex, card.expected) == (date(1990, 4, 8), Sex.FEMALE, "2")
    assert not card.check_passed
    assert id_card.read(VALID_NUMBER, today=TODAY).trusted


def test_the_account_name_is_composed(  # I-2
) -> None:
    assert compose_account_name("钟检", SEED_NUMBER) == "钟检1101056789"
    assert compose_account_name("钟检", SEED_NUMBER, ordinal=2) == "钟检1101056789-2"


@given(
    born_on=st.dates(date(1900, 1, 1), TODAY),
    serial=st.integers(0, 999),
    region=st.sampled_from(["110105", "310101", "440103", "810000", "830000"]),
)
def test_every_well_made_number_is_read(born_on: date, serial: int, region: str) -> None:
    first = f"{region}{born_on:%Y%m%d}{serial:03d}"
    card = id_card.read(first + check_character(first), today=TODAY)
    assert card.check_passed
    assert card.born_on == born_on
    assert card.sex is (Sex.MALE if serial % 2 else Sex.FEMALE)


@given(st.text(max_size=30))
def test_anything_typed_is_read_or_refused_with_a_sentence(text: str) -> None:
    for read in (contact.read_real_name, contact.read_mobile, contact.read_email):
        try:
            read(text)
        except ValueError as problem:
            assert str(problem.args[0]).endswith(".")  # noqa: PT017 - both ways are right
    try:
        id_card.read(text, today=TODAY)
    except ValueError as problem:
        assert str(problem.args[0]).endswith(".")  # noqa: PT017


def test_a_county_that_nobody_knows_needs_a_look_by_staff() -> None:
    first = "11999919990904086"
    card = id_card.read(first + check_character(first), today=TODAY)
    assert card.check_passed
    assert not card.trusted


def test_numbers_are_masked_and_found_by_a_keyed_hash() -> None:  # I-9
    assert mask(SEED_NUMBER) == "110105********6789"
    assert contact.mask_mobile("+8613810245678") == "138****5678"
    key = bytes(32)
    assert id_number_mac(key, " 11010519900408678x ") == id_number_mac(key, "11010519900408678X")
    assert id_number_mac(key, SEED_NUMBER) != id_number_mac(b"\1" * 32, SEED_NUMBER)
    assert len(id_number_mac(key, SEED_NUMBER)) == 64


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("欧阳龘", "欧阳龘"),
        ("𬱖𫖯", "𬱖𫖯"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("  Anna   Maria  O'Neill ", "Anna Maria O'Neill"),
    ],
)
def test_names_are_as_various_as_people(typed: str, read: str) -> None:
    assert contact.read_real_name(typed) == read


@pytest.mark.parametrize("password", ["abcdefgh", "aaaaaaaa", "19191919", "Password1", "qwertyui"])
def test_what_is_tried_first_is_refused(password: str) -> None:  # I-4
    with pytest.raises(ValueError, match="first that are tried"):
        passwords.check(password)


@pytest.mark.parametrize("password", ["correct horse battery", "钟表与检验与木头与海", "xxxxxxYz1"])
def test_good_passwords_need_no_pattern(password: str) -> None:  # I-4
    assert passwords.check(password, known=["钟检"]) == password


def test_who_may_try() -> None:
    def tries(**changes: int) -> Tries:
        standing = {"by_address": 0, "by_account": 0, "by_both": 0, "known_address": False}
        return Tries(**{**standing, **changes})  # type: ignore[arg-type]

    assert may_try(tries(by_account=ACCOUNT_TRIES - 1))
    assert not may_try(tries(by_account=ACCOUNT_TRIES))
    assert may_try(tries(by_account=ACCOUNT_TRIES * 9, known_address=True))
    assert not may_try(tries(by_both=ACCOUNT_TRIES, known_address=True))
    assert not may_try(tries(by_address=ADDRESS_TRIES, known_address=True))
