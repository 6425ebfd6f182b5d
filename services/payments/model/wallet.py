"""A learner's CNY account 「元账户」 ($-4)."""

from chassis.refusals import Conflict


class BalanceTooLow(Conflict):
    """Your account balance is too low. Redeem a study card first, or pay by WeChat."""
