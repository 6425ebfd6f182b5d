"""The JSON door: employers ($-5)."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/payments", tags=["payments"])
