"""Demo people: one member of staff per role, a second one of finance, and two learners. Safe to
run at every start."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypedDict

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.permissions import ROLES
from chassis.service import Kit
from contracts.identity import LearnerKind

from .actions.registration import register
from .hashing import Passwords
from .registration import RegistrationWish
from .settings import IdentitySettings
from .store import accounts
from .vault import Vault

# login → role, the service whose desk it opens, and a name
STAFF: Final = {
    "accounts": ("accounts", "identity", "李文"),
    "courses": ("courses", "catalogue", "陈立"),
    "records": ("records", "progress", "周宁"),
    "finance": ("finance", "payments", "孙雯"),
    "finance2": ("finance", "payments", "钱进"),  # study cards need two persons ($-3)
    "certificates": ("certificates", "certificates", "吴岚"),
    "mail": ("mail", "notifications", "郑好"),
    "administrator": ("administrator", "all", "何平"),
}


@dataclass(frozen=True, slots=True)
class DemoLearner:
    real_name: str
    id_number: str
    mobile: str
    email: str
    kind: LearnerKind


HOLDER: Final = DemoLearner(
    "王海燕", "37020219870512442X", "13905320001", "wang.haiyan@example.com", LearnerKind.HOLDER
)
NEWCOMER: Final = DemoLearner(
    "张小川",
    "510104199911038213",
    "13908080002",
    "zhang.xiaochuan@example.com",
    LearnerKind.NEWCOMER,
)
CERTIFICATE: Final = {"number": "JY-2023-03872", "category": "水平考试合格证"}


class Accounts(TypedDict):
    learners: list[dict[str, Any]]
    staff: list[dict[str, Any]]


async def seed(kit: Kit, settings: IdentitySettings) -> Accounts:
    """Make the demo people where they are missing; the same passwords at every start."""
    known = _passwords(settings.data_dir / "keys" / "demo-passwords.json")
    hasher = Passwords()
    try:
        staff = [await _staff(kit.pool, hasher, person, known[person]) for person in STAFF]
        learners = [
            await _learner(kit.pool, hasher, settings, person, known[person.kind.value])
            for person in (HOLDER, NEWCOMER)
        ]
    finally:
        hasher.close()
    return {"learners": learners, "staff": staff}


def _passwords(path: Path) -> dict[str, str]:
    """Random passwords, made once and kept."""
    names = [*STAFF, HOLDER.kind.value, NEWCOMER.kind.value]
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if set(names) <= kept.keys():
        return kept
    made = {name: kept.get(name) or secrets.token_urlsafe(9) for name in names}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(made, indent=2))
    return made


async def _staff(db: Pool, hasher: Passwords, person: str, password: str) -> dict[str, Any]:
    role, service, name = STAFF[person]
    assert role in ROLES
    login = f"{person}@demo"
    async with transaction(db) as tx:
        held = await accounts.get_staff_account(tx, login)
    if held is None or not await hasher.verify(held.password_hash, password):
        password_hash = await hasher.hash(password)
        async with transaction(db) as tx:
            await accounts.upsert_staff(
                tx,
                staff_id=ids.new_id(),
                login=login,
                name=name,
                roles=[role],
                password_hash=password_hash,
            )
    return {
        "service": service,
        "login": login,
        "password": password,
        "role": role,
        "totp_secret": None,
    }


async def _learner(
    db: Pool, hasher: Passwords, settings: IdentitySettings, person: DemoLearner, password: str
) -> dict[str, Any]:
    async with transaction(db) as tx:
        held = await accounts.get_learner_account(
            tx, account_name="", mobile=None, email=person.email
        )
    wish = _wish(person, password)
    if held is None:
        password_hash = await hasher.hash(password)
        vault = Vault(
            encryption_key=settings.id_number_key.get_secret_value(),
            mac_key=settings.id_number_mac_key.get_secret_value(),
        )
        async with transaction(db) as tx:
            await register(tx, wish, vault=vault, password_hash=password_hash)
    return {
        "login": person.mobile,
        "password": password,
        "kind": person.kind.value,
        "real_name": person.real_name,
        "email": person.email,
    }


def _wish(person: DemoLearner, password: str) -> RegistrationWish:
    certificate = {**CERTIFICATE, "expires_on": clock.today()}
    holder = person.kind is LearnerKind.HOLDER
    return RegistrationWish(
        **asdict(person),
        **({"qualification": certificate} if holder else {}),
        password=password,
        password_again=password,
        captcha_id="",
        captcha_answer="",
    )
