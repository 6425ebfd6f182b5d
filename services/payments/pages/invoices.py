"""The pages of invoices 「开具发票」 ($-7)."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
