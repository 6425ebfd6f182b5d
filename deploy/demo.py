"""What only the demo has: simulators in place of WeChat Pay, SF Express, a bank and a mail server,
and a greeting."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from deploy import prepare
from deploy.host import accounts_file
from simulators.bank import app as bank_app
from simulators.mailbox import app as mailbox_app
from simulators.sf_express import app as sf_app
from simulators.wechat_pay import app as wechat_app
from simulators.wechat_pay import keys as wechat_keys

WECHAT, MAILBOX, BANK = "/simulators/wechat", "/simulators/mailbox", "/simulators/bank"
SF = "/simulators/sf"
CREDENTIALS = {  # the first three are published in WeChat's own documentation
    "wechat_app_id": "wxd930ea5d5a258f4f",
    "wechat_mch_id": "10000100",
    "wechat_api_key": "192006250b4c09247ec02edce69f6a2d",
    "wechat_app_secret": wechat_app.DEMO_APP_SECRET,
    "sf_partner_id": "TICEDUDEMO",
    "sf_checkword": "simulated-checkword-of-the-demo",
}


@dataclass(frozen=True)
class Simulators:
    data_dir: Path
    port: int
    smtp_port: int
    wechat_keys: Path

    @property
    def settings(self) -> dict[str, Any]:
        """What services must be told to talk to them, beside what the environment says."""
        told: dict[str, Any] = credentials()
        if not os.environ.get("WECHAT_API_BASE_URL"):
            here = f"http://127.0.0.1:{self.port}{WECHAT}"
            told["wechat_api_base_url"] = f"{here}/api/"
            told["wechat_token_url"] = f"{here}/sns/oauth2/access_token"
        if not os.environ.get("SF_BASE_URL"):
            told["sf_base_url"] = f"http://127.0.0.1:{self.port}{SF}/std/service"
        if not os.environ.get("SMTP_HOST"):  # SMTP_PORT speaks of a host that is named
            told |= {"smtp_host": "127.0.0.1", "smtp_port": self.smtp_port}
        return told

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Mapping[str, ASGIApp]]:
        """Path prefix → application, all at work meanwhile; what they hold is kept in a folder."""
        mailbox = mailbox_app.create_app(self.data_dir / "mailbox", self.smtp_port)
        agreed = credentials()
        wechat = wechat_app.create_app(
            app_id=agreed["wechat_app_id"],
            mch_id=agreed["wechat_mch_id"],
            api_key=agreed["wechat_api_key"],
            app_secret=agreed["wechat_app_secret"],
            data_dir=self.data_dir / "wechat_pay",
            v3=wechat_keys.read(self.wechat_keys),
        )
        sf = sf_app.create_app(partner_id=agreed["sf_partner_id"], checkword=agreed["sf_checkword"])
        bank = bank_app.create_app(self.data_dir / "bank")
        await mailbox.state.mailbox.start()
        wechat.state.provider.start()
        try:
            yield {MAILBOX: mailbox, WECHAT: wechat, BANK: bank, SF: sf}
        finally:
            await wechat.state.provider.stop()
            await mailbox.state.mailbox.stop()


def credentials() -> dict[str, str]:
    """What the simulator and payments agree upon: published values, or the environment's."""
    return {name: os.environ.get(name.upper()) or value for name, value in CREDENTIALS.items()}


def simulators(data_dir: Path, port: int, *, smtp_port: int) -> Simulators:
    keys = data_dir / "keys" / prepare.WECHAT_FOLDER  # made with all others
    return Simulators(data_dir / "simulators", port, smtp_port, keys)


def greeting(public_url: str, data_dir: Path, *, is_demo: bool) -> str:
    """What a newcomer reads when everything is ready."""
    lines = ["", f"TIC EDU is ready: {public_url}", ""]
    if is_demo:
        made = json.loads(accounts_file(data_dir).read_text())
        lines += ["Demo accounts (kept in demo-accounts.json):"]
        for learner in made["learners"]:
            lines += [f"  learner  {learner['login']:<24} {learner['password']}"]
        for staff in made["staff"]:
            lines += [f"  staff    {staff['login']:<24} {staff['password']}   ({staff['service']})"]
        lines += [
            "",
            f"Staff sign in at {public_url}/staff. Mail arrives at {public_url}{MAILBOX},",
            f"{public_url}{WECHAT} pays like a phone, {public_url}{BANK} like a bank.",
            "Ctrl-C stops everything.",
            "",
        ]
    return "\n".join(lines)
