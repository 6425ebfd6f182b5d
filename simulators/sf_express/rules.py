"""What SF looks at in an order. Codes that begin with SIM are ours: what the association's contract
allows is freight collect alone."""

import re
from typing import Any

PAID_BY_RECIPIENT = 2
SENDER, RECIPIENT = 1, 2
MOBILE = re.compile(r"1[3-9][0-9]{9}")
MISSING = "S0002"

Wrong = tuple[str, str]


def what_is_wrong(message: Any) -> Wrong | None:
    """(errorCode, errorMsg), or None for an order that is taken."""
    if not isinstance(message, dict):
        return MISSING, "必填参数为空"
    order_id = message.get("orderId")
    if not isinstance(order_id, str) or not 0 < len(order_id) <= 64:
        return MISSING, "orderId"
    if message.get("payMethod") != PAID_BY_RECIPIENT:
        return "SIM_PAY_METHOD", "payMethod must be 2: the recipient pays"
    if message.get("monthlyCard"):
        return "SIM_MONTHLY_CARD", "no monthlyCard where the recipient pays"
    for name in ("cargoDetails", "expressTypeId", "language"):
        if not message.get(name):
            return MISSING, name
    return _contacts(message.get("contactInfoList"))


def _contacts(contacts: Any) -> Wrong | None:
    if not isinstance(contacts, list) or not all(isinstance(one, dict) for one in contacts):
        return MISSING, "contactInfoList"
    by_type = {one.get("contactType"): one for one in contacts}
    if set(by_type) != {SENDER, RECIPIENT} or len(contacts) != 2:
        return MISSING, "contactType"
    for one in contacts:
        if not one.get("contact") or not one.get("address"):
            return MISSING, "contact, address"
        if not one.get("tel") and not one.get("mobile"):
            return MISSING, "tel, mobile"
    if not MOBILE.fullmatch(str(by_type[RECIPIENT].get("mobile") or "")):
        return "SIM_MOBILE", "the recipient's mobile number"
    return None
