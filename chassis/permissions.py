"""What staff may do. One name per right: `<service>:<thing>:<read|write|…>`."""

from enum import StrEnum


class Permission(StrEnum):
    """Rights are granted through roles (identity); every staff route names the one it needs."""

    IDENTITY_READ = "identity:learner:read"
    IDENTITY_VERIFY = "identity:learner:verify"
    IDENTITY_UNMASK = "identity:id_number:read"
    IDENTITY_EVENTS = "identity:events:replay"
    CATALOGUE_WRITE = "catalogue:course:write"
    CATALOGUE_EVENTS = "catalogue:events:replay"
    PROGRESS_READ = "progress:records:read"
    PROGRESS_CORRECT = "progress:records:write"
    PROGRESS_EVENTS = "progress:events:replay"
    PAYMENTS_READ = "payments:order:read"
    PAYMENTS_CASES = "payments:case:write"  # transfers and discounts
    PAYMENTS_RECEIPTS = "payments:receipt:write"  # bank money
    PAYMENTS_CARDS = "payments:card:write"
    PAYMENTS_REFUNDS = "payments:refund:write"
    PAYMENTS_INVOICES = "payments:invoice:write"
    PAYMENTS_EVENTS = "payments:events:replay"
    CERTIFICATES_READ = "certificates:certificate:read"
    CERTIFICATES_EVENTS = "certificates:events:replay"
    NOTIFICATIONS_READ = "notifications:mail:read"
    NOTIFICATIONS_RESEND = "notifications:mail:resend"
    NOTIFICATIONS_EVENTS = "notifications:events:replay"


ROLES: dict[str, frozenset[Permission]] = {
    "accounts": frozenset(p for p in Permission if p.startswith("identity:")),
    "courses": frozenset(p for p in Permission if p.startswith("catalogue:")),
    "records": frozenset(p for p in Permission if p.startswith("progress:")),
    "finance": frozenset(p for p in Permission if p.startswith("payments:")),
    "certificates": frozenset(p for p in Permission if p.startswith("certificates:")),
    "mail": frozenset(p for p in Permission if p.startswith("notifications:")),
    "administrator": frozenset(Permission),
}
