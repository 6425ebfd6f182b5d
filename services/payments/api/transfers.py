"""The JSON door: bank transfers (W-1)."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/payments", tags=["payments"])
