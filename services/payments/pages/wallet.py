"""The account centre 「账户中心」: CNY account and study cards ($-4)."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
