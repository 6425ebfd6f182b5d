"""What payments is told by its environment."""

from pydantic import Field

from chassis.settings import Key

from .wechat_settings import WeChatSettings


class PaymentsSettings(WeChatSettings):
    order_pay_minutes: int = Field(default=30, ge=5, le=110, description="a code lives two hours")
    id_number_mac_key: Key = Field(description="finds people by ID number; the same as identity's")
    card_key: Key = Field(description="keys the hash of study card codes; losing it voids them all")
    parcel_key: Key = Field(description="seals what no event may hold; notifications has the same")
    bank_account_name: str = "中国出入境检验检疫协会"  # $-3, as the notice gives it
    bank_name: str = "中国建设银行北京中轴路支行"
    bank_account_number: str = "11001085800056014693"
