"""The finance desk: payment vouchers (W-1)."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
