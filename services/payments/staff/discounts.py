"""The finance desk: the discount (W-2)."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
