"""A member of staff at the study desk."""

from dataclasses import dataclass

import httpx

from tests.conftest import Running, bearer

PLACE = "/staff/progress"


@dataclass
class Desk:
    """Somebody of the association, signed in."""

    progress: Running
    token: str

    async def get(self, path: str = "") -> httpx.Response:
        return await self.progress.client.get(f"{PLACE}{path}", headers=bearer(self.token))

    async def post(self, path: str, form: dict[str, str]) -> httpx.Response:
        """A form as one of our own pages sends it."""
        csrf = "c" * 43
        return await self.progress.client.post(
            f"{PLACE}{path}",
            data={**form, "csrf": csrf},
            headers={**bearer(self.token), "Cookie": f"csrf={csrf}"},
        )
