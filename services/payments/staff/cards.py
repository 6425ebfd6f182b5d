"""The finance desk: study cards and their batches."""

from fastapi import APIRouter

router = APIRouter(prefix="/staff/payments", include_in_schema=False)
