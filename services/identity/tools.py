"""What identity's doors work with, beside the kit; one set per process, on `app.state.tools`."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from chassis import links
from chassis.web.deps import client_address

from .actions.sessions import Place
from .hashing import Passwords
from .pictures import CaptchaMedia
from .settings import IdentitySettings
from .tokens import Signer, read_signer
from .vault import Vault


@dataclass(frozen=True, slots=True)
class Tools:
    settings: IdentitySettings
    passwords: Passwords
    signer: Signer
    vault: Vault
    media: CaptchaMedia

    def place(self, request: Request, *, account: str) -> Place:
        """The keys under which tries of this account from the caller's address are counted."""
        return Place(
            account_key=self._key("account", account),
            address_key=self._key("address", client_address(request)),
        )

    def link_token(self, purpose: str, token: str) -> UUID | None:
        """The request behind a mailed link's token; None for a forged one."""
        return links.read(self.settings.link_key.get_secret_value(), purpose, token)

    def close(self) -> None:
        self.passwords.close()
        self.media.close()

    def _key(self, kind: str, value: str) -> bytes:
        key = self.settings.id_number_mac_key.get_secret_value()
        return hmac.digest(key, f"{kind}:{value}".encode(), hashlib.sha256)


def open_tools(settings: IdentitySettings) -> Tools:
    """Read the keys. Raises when one is missing or not fit for this environment."""
    return Tools(
        settings=settings,
        passwords=Passwords(),
        signer=read_signer(settings.session_key_file, production=settings.app_env == "production"),
        vault=Vault(
            encryption_key=settings.id_number_key.get_secret_value(),
            mac_key=settings.id_number_mac_key.get_secret_value(),
        ),
        media=CaptchaMedia(),
    )


def _tools(request: Request) -> Tools:
    tools: Tools = request.app.state.tools
    return tools


UseTools = Annotated[Tools, Depends(_tools)]
