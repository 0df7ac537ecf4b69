"""The benchmark of undo at scale, small: whatever its size, a publish that is undone leaves nothing behind."""

import os

import pytest

from benchmarks.undo import measure

PARTNERS = int(os.environ.get("ASSAY_UNDO_PARTNERS", "300"))


@pytest.mark.odoo
def test_a_publish_that_was_killed_and_undone_leaves_only_what_people_mended(request, tmp_path):
    real = request.getfixturevalue("_real_odoo")
    with real.database("provisioned", "real-json2") as target:
        found = measure(target, tmp_path, PARTNERS, real.server.process.pid)
        for client in target._open:
            client.close()
    assert found.fields >= PARTNERS * 0.38
    assert found.unique
    assert found.deleted == {}
    assert found.listed == found.edited
    assert found.differing == {"res_partner": found.edited}
