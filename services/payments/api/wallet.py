"""The JSON door: CNY account and study cards."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/payments", tags=["payments"])
