"""The public query by number, or by name and ID number, and the limit that stops guessing (Z-5)."""

import hashlib
import unicodedata
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chassis import clock
from chassis.db import Pool
from chassis.idnumbers import id_number_mac
from chassis.refusals import Invalid, TooMany
from chassis.web.i18n import N_

from . import views
from .lines import Line
from .settings import CertificatesSettings
from .store import certificates
from .views import Found

EVERYBODY = "*"
DOTS = dict.fromkeys(map(ord, "•・‧∙．."), "·")
NEEDS_A_NUMBER = N_("Enter the certificate number, or the name and the ID number.")
NEEDS_A_NAME = N_("Enter the name as it stands on the ID card.")
NEEDS_AN_ID_NUMBER = N_("Enter the ID number that belongs to this name.")


class SearchedTooOften(TooMany):
    """Too many queries within a minute. Please wait a moment, then try again."""


class Query(BaseModel):
    """A certificate's number, or a person's name and ID number (which goes into no log)."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[Line, Field(max_length=40)] = ""
    name: Annotated[Line, Field(max_length=100)] = ""
    id_number: Annotated[Line, Field(max_length=40, repr=False)] = ""


async def search(
    db: Pool, query: Query, *, address: str, settings: CertificatesSettings
) -> list[Found]:
    """The certificates that a stranger asks for; none where name and number don't belong together.

    Raises `Invalid` for half a question and `SearchedTooOften`.
    """
    _check_whole(query)
    await _count(db, address=address, settings=settings)
    if query.number:
        certificate = await certificates.get_by_number(db, _plain(query.number).upper())
        return [views.found(certificate, by_number_alone=True)] if certificate else []
    mac = id_number_mac(settings.id_number_mac_key.get_secret_value(), query.id_number)
    held = await certificates.list_by_id_number(db, mac)
    return [
        views.found(certificate)
        for certificate in held
        if _plain(certificate.snapshot["real_name"]) == _plain(query.name)
    ]


def _check_whole(query: Query) -> None:
    if query.number:
        return
    if not query.name and not query.id_number:
        raise Invalid({"number": NEEDS_A_NUMBER})
    if not query.name:
        raise Invalid({"name": NEEDS_A_NAME})
    if not query.id_number:
        raise Invalid({"id_number": NEEDS_AN_ID_NUMBER})


async def _count(db: Pool, *, address: str, settings: CertificatesSettings) -> None:
    """Note this query; raises once an address, or everybody together, asks too often."""
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    limits = {
        hashlib.sha256(address.encode()).hexdigest(): settings.search_per_address_a_minute,
        EVERYBODY: settings.search_everybody_a_minute,
    }
    for who, limit in limits.items():
        if await certificates.count_search(db, who=who, minute=minute) > limit:
            raise SearchedTooOften(retry_after_seconds=60 - now.second)


def _plain(text: str) -> str:
    """One spelling: full-width letters, blanks, case and the dot in a name make no difference."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).casefold()
    return plain.translate(DOTS)
