"""Schedules read each stream as often as its latency class says; sensors tell each trouble once, in one line."""

from datetime import datetime, timedelta

import dagster as dg
import pytest

from pipelines.ledger import cursors, open_ledger
from pipelines.resources import now
from pipelines.schedules import alert_on_failure, alert_on_stale, ingest_schedules
from sources.contract import load_contracts


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setenv("ASSAY_NOW", "2026-03-29T15:00:00+00:00")
    return tmp_path


def alerts(home) -> list[str]:
    path = home / "alerts.log"
    return path.read_text().splitlines() if path.exists() else []


def prove_all(home, until: datetime) -> None:
    """Say in the ledger that every stream was read to its end."""
    with open_ledger(f"sqlite:///{home / 'ledger.db'}").begin() as connection:
        connection.execute(cursors.delete())
        for contract in load_contracts().values():
            for name in contract.streams:
                row = {"system": contract.system, "stream": name, "value": "{}", "load_id": "x", "committed_at": until}
                connection.execute(cursors.insert().values(**row, proven_until_at=until))


def tick(cursor: str | None) -> str:
    """One evaluation of the freshness sensor; its new cursor."""
    context = dg.build_sensor_context(cursor=cursor)
    alert_on_stale(context)
    return context.cursor


def test_every_stream_is_read_by_exactly_one_schedule(home):
    requested = []
    for schedule in ingest_schedules():
        request = schedule.evaluate_tick(dg.build_schedule_context()).run_requests[0]
        requested += request.asset_selection
    expected = {dg.AssetKey([c.system, name]) for c in load_contracts().values() for name in c.streams}
    assert len(requested) == len(expected)
    assert set(requested) == expected


def test_staleness_is_told_once_and_its_end_once(home):
    prove_all(home, now().replace(tzinfo=None))
    cursor = tick(None)
    assert alerts(home) == []
    prove_all(home, now().replace(tzinfo=None) - timedelta(days=2))
    cursor = tick(cursor)
    told = alerts(home)
    assert any("stale: prices: shopify/price_lists: read to the end 2 d ago, allowed 1 d" in line for line in told)
    cursor = tick(cursor)
    assert alerts(home) == told
    prove_all(home, now().replace(tzinfo=None))
    tick(cursor)
    assert any("fresh again: prices: shopify/price_lists" in line for line in alerts(home))


def test_a_failed_run_is_told_with_its_job_its_step_and_its_id(home):
    @dg.op
    def breaks() -> None:
        raise dg.Failure("on purpose")

    @dg.job
    def doomed() -> None:
        breaks()

    with dg.instance_for_test() as instance:
        result = doomed.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="alert_on_failure",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        alert_on_failure(context)
    assert len(alerts(home)) == 1
    assert f"run failed: doomed at breaks, run {result.run_id}" in alerts(home)[0]


def test_an_alert_is_one_line_whatever_it_is_told(home):
    from pipelines.alerts import alert
    from pipelines.resources import settings

    alert(settings(), now(), "first\nsecond")
    assert alerts(home) == ["2026-03-29T15:00:00Z first second"]
