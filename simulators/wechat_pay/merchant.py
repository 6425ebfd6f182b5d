"""The merchant that the provider knows."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Merchant:
    app_id: str
    mch_id: str
    api_key: str = field(repr=False)
