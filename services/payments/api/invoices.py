"""The JSON door: invoices ($-7)."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/payments", tags=["payments"])
