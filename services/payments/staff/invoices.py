"""The finance desk: invoices ($-7)."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
