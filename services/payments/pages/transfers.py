"""The pages of bank transfers ($-3, W-1)."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
