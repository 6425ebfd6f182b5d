"""The learners' pages, by noun."""

from . import discounts, employers, invoices, orders, refunds, transfers, wallet, wechat

ROUTERS = [
    orders.router,
    wechat.router,
    wallet.router,
    transfers.router,
    employers.router,
    discounts.router,
    refunds.router,
    invoices.router,
]
