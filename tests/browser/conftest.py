"""One Chromium for the tests of a file."""

import os
import shutil

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def page():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        if os.environ.get("ASSAY_REQUIRE_BROWSER"):
            pytest.fail("no chromium on this machine, and ASSAY_REQUIRE_BROWSER is set")
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        opened = browser.new_context(viewport={"width": 1440, "height": 810}).new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened
        browser.close()
