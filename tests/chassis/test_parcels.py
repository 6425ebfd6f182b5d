"""A parcel is opened by who has the key, under its own id, as it was sealed; or not at all."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from chassis import clock, ids
from chassis.parcels import Attachment, NoSuchParcel, Parcel, Parcels

KEY = bytes(range(32))
PARCEL = Parcel(
    {"real_name": "钟检", "id_number": "110105199004086789"},
    (Attachment("付款凭证.pdf", "application/pdf", b"%PDF-1.7\x00\xff"),),
)


@pytest.fixture
def parcels(tmp_path: Path) -> Parcels:
    return Parcels.open("", tmp_path, KEY)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_parcel_comes_out_as_it_was_sealed_and_is_replaced_by_a_second(
    parcels: Parcels,
) -> None:
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, PARCEL)
    assert await parcels.unseal(parcel_id) == PARCEL
    await parcels.seal(parcel_id, Parcel({"code": "X"}))
    assert await parcels.unseal(parcel_id) == Parcel({"code": "X"})


async def test_nothing_of_a_parcel_can_be_read_on_the_shelf_or_in_a_trace(
    parcels: Parcels, tmp_path: Path
) -> None:
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, PARCEL)
    (sealed,) = _files(tmp_path)
    assert b"110105" not in sealed.read_bytes()
    assert b"PDF" not in sealed.read_bytes()
    assert "110105" not in repr(PARCEL)


async def test_two_sealings_of_the_same_look_different(parcels: Parcels, tmp_path: Path) -> None:
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, PARCEL)
    first = _files(tmp_path)[0].read_bytes()
    await parcels.seal(parcel_id, PARCEL)
    assert _files(tmp_path)[0].read_bytes() != first


async def test_another_key_opens_nothing(parcels: Parcels, tmp_path: Path) -> None:
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, PARCEL)
    with pytest.raises(NoSuchParcel):
        await Parcels.open("", tmp_path, bytes(32)).unseal(parcel_id)


async def test_a_parcel_put_in_the_place_of_another_is_not_opened(
    parcels: Parcels, tmp_path: Path
) -> None:
    mine, other = ids.new_id(), ids.new_id()
    await parcels.seal(other, PARCEL)
    (sealed,) = _files(tmp_path)
    sealed.rename(sealed.with_name(sealed.name.replace(str(other), str(mine))))
    with pytest.raises(NoSuchParcel):
        await parcels.unseal(mine)


@pytest.mark.parametrize("length", [0, 5, 12, 20, -1])
async def test_a_parcel_that_is_cut_short_is_not_opened(
    parcels: Parcels, tmp_path: Path, length: int
) -> None:
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, PARCEL)
    (sealed,) = _files(tmp_path)
    sealed.write_bytes(sealed.read_bytes()[:length])
    with pytest.raises(NoSuchParcel):
        await parcels.unseal(parcel_id)


@pytest.mark.parametrize("place", [0, 12, 40, -1])
async def test_a_parcel_in_which_one_bit_is_changed_is_not_opened(
    parcels: Parcels, tmp_path: Path, place: int
) -> None:
    parcel_id = ids.new_id()
    await parcels.seal(parcel_id, PARCEL)
    (sealed,) = _files(tmp_path)
    content = bytearray(sealed.read_bytes())
    content[place] ^= 1
    sealed.write_bytes(content)
    with pytest.raises(NoSuchParcel):
        await parcels.unseal(parcel_id)


async def test_what_was_never_left_is_not_there(parcels: Parcels) -> None:
    with pytest.raises(NoSuchParcel):
        await parcels.unseal(ids.new_id())


async def test_old_parcels_are_found_and_deleted_and_other_files_let_alone(
    parcels: Parcels, tmp_path: Path
) -> None:
    old, new = ids.new_id(), ids.new_id()
    stranger = tmp_path / "parcels" / "readme.txt"
    for parcel_id in (old, new):
        await parcels.seal(parcel_id, PARCEL)
    stranger.write_text("not a parcel")
    long_ago = (clock.now() - timedelta(days=40)).timestamp()
    for path in (stranger, tmp_path / "parcels" / f"{old}.sealed"):
        os.utime(path, (long_ago, long_ago))

    assert await parcels.sealed_before(clock.now() - timedelta(days=30)) == [old]
    await parcels.delete(old)
    await parcels.delete(old)
    assert await parcels.sealed_before(clock.now() + timedelta(days=1)) == [new]
    assert stranger.exists()
