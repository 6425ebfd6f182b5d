"""The finance desk: employers ($-5)."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
