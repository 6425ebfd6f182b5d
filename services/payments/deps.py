"""What the doors of payments ask for besides the shared things."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from chassis.files import Files
from chassis.parcels import Parcels
from chassis.web.who import Session
from contracts.identity import LearnerKind

from .addresses import Shelves
from .handing_in import Counter
from .issuing import Bureau
from .model.cards import CardTerms
from .model.goods import Buyer
from .model.learners import Staff
from .providers.courier import Courier
from .providers.port import Provider
from .providers.wechat_login import WeChatLogin
from .settings import PaymentsSettings


def _provider(request: Request) -> Provider:
    provider: Provider = request.app.state.wechat
    return provider


def _login(request: Request) -> WeChatLogin:
    login: WeChatLogin = request.app.state.wechat_login
    return login


def _settings(request: Request) -> PaymentsSettings:
    settings: PaymentsSettings = request.app.state.settings
    return settings


def _pay_within(request: Request) -> timedelta:
    return timedelta(minutes=_settings(request).order_pay_minutes)


def _parcels(request: Request) -> Parcels:
    parcels: Parcels = request.app.state.parcels
    return parcels


def _files(request: Request) -> Files:
    files: Files = request.app.state.kit.files
    return files


def _addresses(request: Request) -> Parcels:
    addresses: Parcels = request.app.state.addresses
    return addresses


def _card_terms(request: Request) -> CardTerms:
    settings = _settings(request)
    return CardTerms(
        key=settings.card_key.get_secret_value(),
        key_version=settings.card_key_version,
        valid_years=settings.card_valid_years,
    )


def _counter(request: Request) -> Counter:
    key = _settings(request).id_number_mac_key.get_secret_value()
    kit = request.app.state.kit
    return Counter(kit.pool, kit.files, _parcels(request), key)


def _bureau(request: Request) -> Bureau:
    return Bureau(request.app.state.kit.pool, _parcels(request), _card_terms(request))


def _courier(request: Request) -> Courier:
    courier: Courier = request.app.state.courier
    return courier


def _shelves(request: Request) -> Shelves:
    return Shelves(request.app.state.addresses, request.app.state.parcels)


WeChatPay = Annotated[Provider, Depends(_provider)]
WhoInWeChat = Annotated[WeChatLogin, Depends(_login)]
OwnSettings = Annotated[PaymentsSettings, Depends(_settings)]
ParcelShelf = Annotated[Parcels, Depends(_parcels)]
OwnFiles = Annotated[Files, Depends(_files)]
ByCourier = Annotated[Courier, Depends(_courier)]
BothShelves = Annotated[Shelves, Depends(_shelves)]
AddressShelf = Annotated[Parcels, Depends(_addresses)]
Terms = Annotated[CardTerms, Depends(_card_terms)]
VoucherCounter = Annotated[Counter, Depends(_counter)]
CardBureau = Annotated[Bureau, Depends(_bureau)]
PayWithin = Annotated[timedelta, Depends(_pay_within)]


def buyer_of(who: Session) -> Buyer:
    """The signed-in learner as a buyer; a kind that is not known fits no package (C-3)."""
    known = who.learner_kind in set(LearnerKind)
    kind = LearnerKind(who.learner_kind) if known and who.learner_kind else None
    return Buyer(who.subject, who.name, kind)


def staff_of(who: Session) -> Staff:
    """The signed-in person of the association."""
    return Staff(who.subject, who.name)
