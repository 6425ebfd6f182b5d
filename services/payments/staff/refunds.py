"""The finance desk: refunds ($-8)."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
