"""What the doors of payments ask for besides the shared things."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from chassis.parcels import Parcels
from chassis.web.who import Session
from contracts.identity import LearnerKind

from .model.goods import Buyer
from .model.learners import Staff
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


WeChatPay = Annotated[Provider, Depends(_provider)]
WhoInWeChat = Annotated[WeChatLogin, Depends(_login)]
OwnSettings = Annotated[PaymentsSettings, Depends(_settings)]
ParcelShelf = Annotated[Parcels, Depends(_parcels)]
PayWithin = Annotated[timedelta, Depends(_pay_within)]


def buyer_of(who: Session) -> Buyer:
    """The signed-in learner as a buyer; a kind that is not known fits no package (C-3)."""
    known = who.learner_kind in set(LearnerKind)
    kind = LearnerKind(who.learner_kind) if known and who.learner_kind else None
    return Buyer(who.subject, who.name, kind)


def staff_of(who: Session) -> Staff:
    """The signed-in person of the association."""
    return Staff(who.subject, who.name)
