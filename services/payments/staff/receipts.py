"""The finance desk: bank receipts and imported statements."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
