"""What catalogue is told by its environment."""

from pydantic import Field

from chassis.settings import Settings


class CatalogueSettings(Settings):
    """Shared settings and catalogue's own."""

    price_per_hour_fen: int = Field(default=1500, ge=0, description="15 CNY an hour ($-1)")
    demo_required_seconds: int = Field(
        default=60, ge=1, description="study time of each demo courseware; the real one is 2700"
    )
    idle_limit_seconds: int = Field(
        default=300, ge=1, description="told in the guide (P-3); progress keeps to it"
    )
    question_limit_seconds: int = Field(
        default=90, ge=1, description="told in the guide (P-5); progress keeps to it"
    )
    bank_account_name: str = "中国出入境检验检疫协会"  # $-3, told in the guide
    bank_name: str = "中国建设银行北京中轴路支行"
    bank_account_number: str = "11001085800056014693"
