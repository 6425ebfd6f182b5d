"""Which service hears which event. RabbitMQ's queues and bindings are made from this table, by
whoever connects first, so that no event is told before its listeners' queues exist. A test
compares it with the handlers that the services register."""

from contracts import catalogue, certificates, identity, payments, progress
from contracts.event import Event

_FACTS: list[type[Event]] = [
    identity.LearnerRegistered,
    identity.LearnerChanged,
    identity.LearnerVerified,
]

HEARD_BY: dict[str, list[type[Event]]] = {
    "identity": [],
    "catalogue": [payments.OrderPaid, payments.OrderRefunded],
    "payments": [
        *_FACTS,
        certificates.CertificateIssued,
        progress.CoursesWithdrawn,
        catalogue.CoursePublished,
        catalogue.CourseRetired,
        catalogue.PackagePublished,
    ],
    "progress": [
        *_FACTS,
        catalogue.CoursePublished,
        payments.OrderPaid,
        payments.WithdrawalRequested,
    ],
    "certificates": [*_FACTS, progress.CycleSatisfied],
    "notifications": [
        *_FACTS,
        identity.VerificationReturned,
        identity.EmailConfirmationRequested,
        identity.PasswordResetRequested,
        identity.PasswordChanged,
        payments.OrderPaid,
        payments.OrderRefunded,
        payments.RefundDeclined,
        payments.StudyCardIssued,
        payments.StudyCardRedeemed,
        payments.TransferSubmitted,
        payments.TransferReturned,
        payments.TransferAccepted,
        payments.DiscountRequested,
        payments.DiscountGranted,
        payments.DiscountRefused,
        payments.InvoiceRequested,
        payments.InvoiceIssued,
        payments.InvoiceDeclined,
        payments.InvoiceReversed,
        progress.CycleSatisfied,
        certificates.RenewalRegistered,
        certificates.CertificateIssued,
    ],
}

HEARD = frozenset(event.name for events in HEARD_BY.values() for event in events)
"""Names that have a listener; others may find no queue."""


def names_for(service: str) -> list[str]:
    return sorted(event.name for event in HEARD_BY[service])
