"""The JSON door: the discount (W-2)."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/payments", tags=["payments"])
