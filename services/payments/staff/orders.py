"""The finance desk: orders, and one order whole."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
