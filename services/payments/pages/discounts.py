"""The pages of the discount 「学习优惠」 ($-6, W-2)."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
