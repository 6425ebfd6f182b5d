"""Vouchers are judged by their content and drawn anew (W-1, case 60)."""

import gc
import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from chassis import ids
from chassis.refusals import WrongMedia
from services.payments import vouchers
from services.payments.model.vouchers import VoucherKind
from tests.payments.conftest import Shop
from tests.payments.transfers_steps import (
    Clerk,
    case_of,
    clerk,
    hand_in,
    known_learner,
    pdf,
    picture,
    post,
)

GPS = 0x8825
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def drawn(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_is_redrawn_as_a_jpeg(kind: str) -> None:
    ending, redrawn = await vouchers.redraw(picture(kind))
    assert ending is VoucherKind.PICTURE
    with drawn(redrawn) as image:
        assert (image.format, image.size) == ("JPEG", (80, 60))


async def test_where_a_picture_was_taken_is_not_kept() -> None:  # case 60
    exif = Image.Exif()
    exif.get_ifd(GPS)[2] = (39.0, 54.0, 20.0)
    exif[0x010E] = "my kitchen"
    sent = picture(exif=exif, comment=b"secret")
    with drawn(sent) as image:
        assert image.getexif().get_ifd(GPS), "the picture must hold what is to be removed"

    _, redrawn = await vouchers.redraw(sent)
    with drawn(redrawn) as image:
        assert not image.getexif()
        assert "comment" not in image.info
    assert b"kitchen" not in redrawn
    assert b"Exif" not in redrawn


async def test_a_picture_lies_as_the_phone_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    _, redrawn = await vouchers.redraw(picture(exif=exif))
    with drawn(redrawn) as image:
        assert image.size == (60, 80)


async def test_a_transparent_picture_lies_on_white() -> None:
    file = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(file, "PNG")
    _, redrawn = await vouchers.redraw(file.getvalue())
    with drawn(redrawn) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


async def test_a_large_picture_is_drawn_smaller() -> None:
    _, redrawn = await vouchers.redraw(picture("PNG", size=(6000, 1000)))
    with drawn(redrawn) as image:
        assert image.size == (3000, 500)


async def test_what_is_no_voucher_is_refused_by_its_content() -> None:  # case 60
    gif = BytesIO()
    Image.new("P", (5, 5)).save(gif, "GIF")
    for content in (SVG, HTML, b"", b"MZ\x90\x00", b"RIFF....WAVE", gif.getvalue()):
        with pytest.raises(vouchers.NoVoucher):
            await vouchers.redraw(content)


async def test_a_damaged_picture_is_refused() -> None:
    whole = picture("PNG", size=(300, 300))
    for content in (whole[: len(whole) // 2], picture()[:40], b"\xff\xd8\xff\xe0garbage"):
        with pytest.raises(vouchers.VoucherUnreadable):
            await vouchers.redraw(content)


async def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    bomb = BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(vouchers.VoucherUnreadable):
        await vouchers.redraw(bomb.getvalue())


async def test_more_than_ten_megabytes_are_refused() -> None:
    with pytest.raises(vouchers.VoucherTooLarge):
        await vouchers.redraw(picture() + b"\0" * vouchers.MAX_BYTES)


def wicked_pdf() -> bytes:
    """A PDF with all that a page can do beside being looked at."""
    file = BytesIO()
    with pikepdf.open(BytesIO(pdf())) as made:
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        made.Root.OpenAction = made.make_indirect(script)
        made.Root.AcroForm = pikepdf.Dictionary(
            Fields=pikepdf.Array(), XFA=made.make_stream(b"<xdp>evil</xdp>")
        )
        made.attachments["evil.exe"] = b"MZ evil"
        made.Root.Names.JavaScript = pikepdf.Dictionary(
            Names=pikepdf.Array([pikepdf.String("x"), script])
        )
        page = made.pages[0].obj
        page.AA = pikepdf.Dictionary(O=script)
        page.Annots = pikepdf.Array(
            [
                _mark("Link", A=script),
                _mark("FileAttachment", FS=made.make_stream(b"evil")),
                _mark("Stamp", A=script, AA=pikepdf.Dictionary(E=script), Contents="evil"),
            ]
        )
        with made.open_metadata() as metadata:
            metadata["dc:creator"] = ["evil"]
        made.docinfo["/Author"] = "evil"
        made.save(file, compress_streams=False)
    return file.getvalue()


def _mark(subtype: str, **more: object) -> pikepdf.Dictionary:
    mark = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name(f"/{subtype}"), Rect=[0, 0, 9, 9]
    )
    for name, value in more.items():
        mark[f"/{name}"] = value
    return mark


async def test_a_pdf_keeps_what_is_seen_and_nothing_that_acts() -> None:
    wicked = wicked_pdf()
    kind, rebuilt = await vouchers.redraw(wicked)
    assert kind is VoucherKind.PDF
    plain = BytesIO()
    with pikepdf.open(BytesIO(rebuilt)) as made:
        assert set(made.Root.keys()) == {"/Type", "/Pages"}
        [page] = made.pages
        assert page.obj.Contents.read_bytes() == b"BT ET 0 0 10 10 re f"
        assert [str(mark.Subtype) for mark in page.obj.Annots] == ["/Stamp"]
        made.save(
            plain, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable
        )
    for word in (b"evil", b"JavaScript", b"/JS", b"/AA", b"/OpenAction", b"/XFA", b"/EmbeddedFile"):
        assert word in wicked, word
        assert word not in plain.getvalue(), word


async def test_a_pages_inherited_size_is_kept() -> None:
    file = BytesIO()
    with pikepdf.open(BytesIO(pdf())) as made:
        made.Root.Pages.MediaBox = made.pages[0].obj.MediaBox
        del made.pages[0].obj["/MediaBox"]
        made.save(file)
    _, rebuilt = await vouchers.redraw(file.getvalue())
    with pikepdf.open(BytesIO(rebuilt)) as made:
        assert [float(edge) for edge in made.pages[0].mediabox] == [0, 0, 200, 200]


async def test_a_protected_long_or_damaged_pdf_is_refused() -> None:
    locked = pdf(encryption=pikepdf.Encryption(user="", owner="x"))
    secret = pdf(encryption=pikepdf.Encryption(user="geheim", owner="x"))
    for content, refusal in (
        (locked, vouchers.VoucherLocked),
        (secret, vouchers.VoucherLocked),
        (pdf(21), vouchers.VoucherTooLong),
        (b"%PDF-1.7\nnothing", vouchers.VoucherUnreadable),
        (pdf()[:200], vouchers.VoucherUnreadable),
    ):
        with pytest.raises(refusal) as refused:
            await vouchers.redraw(content)
        assert isinstance(refused.value, WrongMedia)


async def test_a_voucher_is_refused_at_the_door(shop: Shop) -> None:  # case 60
    learner = await known_learner(shop)
    for content in (SVG, HTML, b"no picture"):
        answer = await hand_in(learner, voucher=content, file_name="voucher.jpg")
        assert (answer.status_code, answer.json()["code"]) == (415, "NoVoucher")
    for size in (10_100_000, 50_000_000):
        answer = await hand_in(learner, voucher=picture() + b"\0" * size)
        assert answer.status_code == 413
    assert await shop.running.pool.fetchval("SELECT count(*) FROM transfers") == 0


async def test_a_name_that_climbs_out_is_no_path(shop: Shop, staff_token: object) -> None:
    # case 60
    learner = await known_learner(shop)
    exif = Image.Exif()
    exif[0x010E] = "my kitchen"
    case = await case_of(learner, voucher=picture(exif=exif), file_name="../../../etc/passwd")
    row = await shop.running.pool.fetchrow("SELECT voucher_id, kind FROM vouchers")
    assert row is not None
    path = f"vouchers/{row['voucher_id']}.{row['kind']}"
    assert b"kitchen" not in await shop.running.kit.files.get(path)
    assert (await hand_in(learner, voucher=SVG, file_name="../x.svg")).status_code == 415
    page = await learner.client.get(f"/transfers/{case['transfer_id']}", headers=learner.headers)
    assert "passwd" not in page.text


async def test_only_its_learner_and_readers_see_a_voucher(shop: Shop, staff_token: object) -> None:
    # case 52
    learner = await known_learner(shop)
    case = await case_of(learner)
    voucher_id = await shop.running.pool.fetchval("SELECT voucher_id FROM vouchers")
    path = f"/transfers/{case['transfer_id']}/vouchers/{voucher_id}"

    shown = await learner.client.get(path, headers=learner.headers)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"].startswith("attachment; filename=V")
    assert shown.headers["content-security-policy"].startswith("sandbox;")

    stranger = await known_learner(shop, id_number="110105199004086797")
    assert (await stranger.client.get(path, headers=stranger.headers)).status_code == 404
    own = await case_of(stranger)
    crossed = f"/transfers/{own['transfer_id']}/vouchers/{voucher_id}"
    assert (await stranger.client.get(crossed, headers=stranger.headers)).status_code == 404
    guessed = f"/transfers/{case['transfer_id']}/vouchers/{ids.new_id()}"
    assert (await learner.client.get(guessed, headers=learner.headers)).status_code == 404

    desk: Clerk = clerk(shop, staff_token)
    assert (await desk.get(f"/staff/payments{path}")).status_code == 200
    assert (await shop.running.client.get(path)).status_code == 303


async def test_a_refusal_of_the_file_stands_beside_its_field(shop: Shop) -> None:
    learner = await known_learner(shop)
    answer = await post(
        learner,
        "/transfers",
        files={"voucher": ("x.jpg", SVG + b" " * 2_000_000, "image/jpeg")},
        amount="600",
        payer_name="青岛检验有限公司",
        id_number="110105199004086789",
        contact="zj@example.com",
    )
    assert answer.status_code == 415
    assert "f-voucher-error" in answer.text
    assert "青岛检验有限公司" in answer.text


def open_temporary_files() -> list[str]:
    """Files without a name that this process holds: uploads of more than a megabyte."""
    held = []
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            held.append(os.readlink(each))
    return [name for name in held if name.endswith("(deleted)")]


async def test_a_refused_upload_leaves_no_file_open(shop: Shop) -> None:
    learner = await known_learner(shop)
    before, large = open_temporary_files(), SVG + b" " * 2_000_000
    files = {"voucher": ("x.jpg", large, "image/jpeg")}
    gc.disable()
    try:
        fields = {"amount": "6", "payer_name": "x", "id_number": "110105199004086789"}
        refused = await post(learner, "/transfers", files=files, **fields, contact="x")
        assert refused.status_code == 415
        assert (await post(learner, "/transfers", files=files)).status_code == 422
        headers = learner.headers
        forged = await learner.client.post("/transfers", files=files, headers=headers)
        assert forged.status_code == 403
        assert (await hand_in(learner, voucher=large)).status_code == 415
        assert (await hand_in(learner, voucher=large, amount_fen=0)).status_code == 422
        assert open_temporary_files() == before
    finally:
        gc.enable()
