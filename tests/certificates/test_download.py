"""Who may have the signed PDF (Z-6), and that it is always the same one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from chassis.permissions import Permission
from services.certificates import printing
from tests.conftest import Running, bearer

from .builders import Someone, certified
from .conftest import Json, SignedIn
from .pdf_text import text_of


async def print_waiting(running: Running) -> int:
    press = running.service.app.state.press
    return await printing.print_waiting(running.pool, running.kit.files, press)


async def test_the_owner_downloads_the_pdf(certificates: Running, signed_in: SignedIn) -> None:
    someone = Someone(name="钟·龘㛃䶮")
    item = await certified(certificates, someone, signed_in(someone))
    answer = await certificates.client.get(item["document_url"], headers=signed_in(someone))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="{item["number"]}.pdf"'
    text = text_of(answer.content)
    assert someone.name in text
    assert item["number"] in text


async def test_others_are_told_nothing(
    certificates: Running, signed_in: SignedIn, staff_token: Callable[..., str]
) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    url = item["document_url"]
    strangers: list[Json] = [
        {},
        {"headers": signed_in(Someone())},
        {"headers": bearer(staff_token(Permission.PAYMENTS_READ))},
        {"params": {"code": "wrong"}},
        {"params": {"code": "错"}},
    ]
    for stranger in strangers:
        answer = await certificates.client.get(url, **stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "NoSuchCertificate")
    nowhere = await certificates.client.get("/api/certificates/JXJY-2026-999999/document.pdf")
    assert nowhere.json()["code"] == "NoSuchCertificate"


async def test_the_check_code_and_staff_open_it_too(
    certificates: Running, signed_in: SignedIn, staff_token: Callable[..., str]
) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    code = item["check_url"].rpartition("/")[2]
    assert len(code) >= 16  # at least 96 bits
    for way in (
        {"params": {"code": code}},
        {"headers": bearer(staff_token(Permission.CERTIFICATES_READ))},
    ):
        assert (await certificates.client.get(item["document_url"], **way)).status_code == 200


async def test_everybody_is_given_the_same_document(
    certificates: Running, signed_in: SignedIn
) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    headers = signed_in(someone)

    async def download() -> bytes:
        answer = await certificates.client.get(item["document_url"], headers=headers)
        return answer.content

    _, *copies = await asyncio.gather(
        print_waiting(certificates), download(), download(), download()
    )
    assert set(copies) == {await download()}
    assert await print_waiting(certificates) == 0


async def test_the_worker_prints_what_was_issued(
    certificates: Running, signed_in: SignedIn, tmp_path: Path
) -> None:
    for _ in range(2):
        someone = Someone()
        await certified(certificates, someone, signed_in(someone))
    assert await print_waiting(certificates) == 2
    assert await print_waiting(certificates) == 0
    assert len(list((tmp_path / "files").rglob("*.pdf"))) == 2


async def test_one_document_that_cannot_be_printed_stops_no_other(
    certificates: Running, signed_in: SignedIn
) -> None:
    people = [Someone(), Someone()]
    items = [await certified(certificates, s, signed_in(s)) for s in people]
    await certificates.pool.execute(
        "UPDATE certificates SET snapshot = snapshot - 'hours' WHERE number = $1",
        items[0]["number"],
    )
    assert await print_waiting(certificates) == 1
    tries = await certificates.pool.fetchval(
        "SELECT document_tries FROM certificates WHERE number = $1", items[0]["number"]
    )
    assert tries == 1


async def test_a_lost_file_is_printed_again(
    certificates: Running, signed_in: SignedIn, tmp_path: Path
) -> None:
    someone = Someone()
    item = await certified(certificates, someone, signed_in(someone))
    await print_waiting(certificates)
    for path in (tmp_path / "files").rglob("*.pdf"):
        path.unlink()
    answer = await certificates.client.get(item["document_url"], headers=signed_in(someone))
    assert item["number"] in text_of(answer.content)
