"""The Dagster UI for real: a data engineer opens the plan job, launches it, and sees it succeed.

With ASSAY_SCREENSHOTS=1 the pictures of the README are taken anew on the way.
"""

import os
from pathlib import Path

import pytest

from pipelines import serve, transform

pytestmark = pytest.mark.browser
IMAGES = Path(__file__).parents[2] / "docs" / "images"


@pytest.fixture
def ui(retailer_after_demo):
    """The running UI beside the running retailer: (its address, the retailer)."""
    with retailer_after_demo() as retailer, serve.user_interface(retailer.settings) as url:
        yield url, retailer


def picture(page, name: str) -> None:
    if os.environ.get("ASSAY_SCREENSHOTS"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(2_000)
        page.screenshot(path=IMAGES / f"{name}.png")


def test_an_engineer_launches_the_plan_job_and_sees_it_succeed(page, ui):
    url, retailer = ui
    page.goto(f"{url}/locations/assay/jobs/plan/playground")
    page.get_by_text("objects:", exact=False).first.wait_for()
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url("**/runs/*")
    page.get_by_text("Success", exact=True).first.wait_for()
    _, lines = retailer.plan()
    assert not [line for line in lines if line.action in ("create", "update", "link")]

    page.goto(f"{url}/asset-groups")
    for group in ("1_landing", "2_staging", "3_conformed", "4_matched", "5_golden", "6_publish", "7_odoo"):
        page.get_by_text(group, exact=True).first.wait_for()
    page.goto(f"{url}/asset-groups?expanded=global%40global%3A7_odoo%2Cglobal%40global%3A6_publish")
    page.get_by_text("product_template", exact=True).first.wait_for()
    picture(page, "lineage")

    page.goto(f"{url}/assets/golden_customers?view=overview")
    page.get_by_text("Row count", exact=True).first.wait_for()
    page.get_by_text("pii", exact=True).first.wait_for()
    picture(page, "asset")

    page.goto(f"{url}/assets/plan/odoo?view=checks")
    page.get_by_text("gate_customers", exact=True).first.wait_for()


@pytest.mark.skipif(not os.environ.get("ASSAY_SCREENSHOTS"), reason="takes pictures only; set ASSAY_SCREENSHOTS=1")
def test_the_docs_and_the_lineage_page_are_pictured(page, retailer_after_demo, tmp_path):
    from pipelines import columns

    with retailer_after_demo() as retailer:
        docs = transform.docs(retailer.settings, tmp_path / "docs.html")
        page.goto(f"file://{docs}#!/model/model.assay.golden_customers")
        page.locator("h1:visible").first.wait_for()
        picture(page, "docs")
        lineage = columns.write_page(retailer.settings, tmp_path / "lineage.html")
        page.goto(f"file://{lineage}#golden_customers.email")
        page.get_by_role("heading", name="column", exact=True).wait_for()
        picture(page, "columns")
    assert all((IMAGES / f"{name}.png").stat().st_size < 300_000 for name in ("docs", "columns"))
