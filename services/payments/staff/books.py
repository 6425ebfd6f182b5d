"""The finance desk: trial balance, reconciliation, exports."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
