"""Faults planned for the next mails: how a mail server fails, on demand."""

from dataclasses import asdict, dataclass
from typing import Any

CONNECT, MAIL, RCPT, DATA = "connect", "mail", "rcpt", "data"

# Where a server usually says each code.
STAGES = {421: CONNECT, 451: MAIL, 450: RCPT, 550: RCPT, 554: DATA}
WORDS = {
    421: "Service not available, closing channel",
    450: "Mailbox unavailable, try again later",
    451: "Local error, try again later",
    550: "No such user here",
    554: "Transaction failed",
}
KINDS = frozenset(
    {
        "refuse",  # with `code`, at `stage`
        "cut",  # after the message is kept: the answer is lost
        "stall",  # after the message is kept: the answer comes after `seconds`
        "slow",  # the message is taken after `seconds`
        "silent",  # no greeting for `seconds`
    }
)


@dataclass(slots=True)
class Fault:
    """`times` more mails go wrong, at one stage; to one address only when `to` is given."""

    kind: str
    times: int = 1
    code: int = 421
    stage: str = ""
    seconds: float = 30.0
    to: str | None = None

    def where(self) -> str:
        if self.kind == "silent":
            return CONNECT
        if self.kind == "refuse":
            return self.stage or STAGES[self.code]
        return DATA

    def reply(self) -> str:
        return f"{self.code} {WORDS[self.code]}"


class Plan:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Raises `ValueError` on a fault that the server does not know."""
        if fault.kind not in KINDS or fault.code not in WORDS:
            raise ValueError(f"no fault {fault.kind} {fault.code}")
        if fault.where() not in (CONNECT, MAIL, RCPT, DATA):
            raise ValueError(f"no stage {fault.stage}")
        self._faults.append(fault)
        return fault

    def take(self, where: str, recipients: list[str]) -> Fault | None:
        """The fault for this stage of this mail, used up by one."""
        for fault in self._faults:
            if fault.where() == where and (fault.to is None or fault.to in recipients):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self._faults.clear()

    def dump(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]
