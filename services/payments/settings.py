"""What payments is told by its environment."""

from datetime import timedelta

from pydantic import Field

from chassis.settings import Key

from .courier_settings import CourierSettings
from .model.invoice_room import Policy
from .wechat_settings import WeChatSettings


class PaymentsSettings(WeChatSettings, CourierSettings):
    order_pay_minutes: int = Field(default=30, ge=5, le=110, description="a code lives two hours")
    id_number_mac_key: Key = Field(description="finds people by ID number; the same as identity's")
    card_key: Key = Field(description="keys the hash of study card codes; losing it voids them all")
    card_key_version: int = Field(default=1, ge=1, le=999, description="kept beside each hash")
    card_valid_years: int = Field(default=3, ge=1, le=20, description="then a card needs staff")
    sheet_hours: int = Field(default=24, ge=1, le=168, description="to fetch a batch's codes")
    card_failures_alarm: int = Field(default=100, ge=10, description="refused codes in an hour")
    parcel_key: Key = Field(description="seals what no event may hold; notifications has the same")
    bank_account_name: str = "中国出入境检验检疫协会"  # $-3, as the notice gives it
    bank_name: str = "中国建设银行北京中轴路支行"
    bank_account_number: str = "11001085800056014693"
    invoice_policy: Policy = Field(
        default=Policy.AT_CONSUMPTION, description="when money paid in ahead is invoiced ($-7)"
    )
    refund_spacing_seconds: float = Field(
        default=61, gt=0, description="WeChat takes one refund of a payment in a minute"
    )
    refund_two_persons_above_fen: int = Field(
        default=100_000, ge=0, description="larger refunds are approved by two persons ($-8)"
    )

    @property
    def refund_spacing(self) -> timedelta:
        return timedelta(seconds=self.refund_spacing_seconds)
