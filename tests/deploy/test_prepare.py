"""The demo's keys: made once, and completed when a later version needs more of them."""

import json
from pathlib import Path

from deploy import prepare


def test_keys_of_an_older_demo_stay_and_what_is_missing_is_added(tmp_path: Path) -> None:
    before = prepare.keys(tmp_path)
    file = tmp_path / "keys" / "keys.json"
    kept = json.loads(file.read_text())
    del kept["CARD_KEY"], kept["PARCEL_KEY"]
    file.write_text(json.dumps(kept))

    after = prepare.keys(tmp_path)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert set(after) == set(before)
    assert after["PARCEL_KEY"] != before["PARCEL_KEY"]
    assert prepare.keys(tmp_path) == after
    assert file.stat().st_mode & 0o077 == 0
