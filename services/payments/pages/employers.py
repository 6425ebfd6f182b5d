"""The pages of employers ($-5)."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
