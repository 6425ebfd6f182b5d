"""What notifications is told by its environment."""

from typing import Literal

from pydantic import Field, SecretStr

from chassis.settings import Key, Settings


class NotificationsSettings(Settings):
    """Shared settings and notifications' own."""

    smtp_host: str = Field(default="127.0.0.1", description="the mail server")
    smtp_port: int = 1025
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_timeout_seconds: float = Field(default=10, gt=0, description="of each SMTP command")
    smtp_bytes_per_second: int = Field(
        default=256 * 1024, ge=1024, description="slowest line; a large letter may take so long"
    )
    ccib_mailbox: str = Field(
        default="ccib@vip.163.com", description="the sender of every mail, and where cases go"
    )
    link_key: Key = Field(description="makes the secret links; identity has the same")
    parcel_key: Key = Field(description="opens what no event may hold; payments has the same")
    parcels_kept_days: int = Field(
        default=30,
        ge=30,  # payments leaves sheets of codes there for up to 28 days
        description="then a parcel is deleted, unless a mail still needs it",
    )
    mail_senders: int = Field(default=3, ge=1, description="mails sent at the same time")
    mail_poll_seconds: float = Field(default=1, gt=0, description="how soon a new mail is seen")
    mail_lease_seconds: float = Field(
        default=60, gt=0, description="a sender that is silent longer has died; above one send"
    )
    mail_first_wait_seconds: float = Field(
        default=10, gt=0, description="before the first retry; doubles with each"
    )
    mail_longest_wait_seconds: float = Field(default=1800, gt=0)
    mail_failures_max: int = Field(
        default=12, ge=1, description="refusals for now and unknown outcomes, then parked"
    )
