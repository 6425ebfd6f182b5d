"""The JSON door: refunds ($-8)."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/payments", tags=["payments"])
