"""`assay dev`: where the Dagster UI is found."""

from __future__ import annotations

import socket

from pipelines import serve


def test_the_ui_keeps_its_usual_address_unless_somebody_listens_there():
    usual = serve.free_port()
    assert serve.free_port(usual) == usual
    with socket.create_server(("127.0.0.1", usual)):
        assert serve.free_port(usual) not in (0, usual)
