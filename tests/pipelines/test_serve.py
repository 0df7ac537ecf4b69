"""`assay dev`: where the Dagster UI is found."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import sys

from pipelines import serve


def test_the_ui_keeps_its_usual_address_unless_somebody_listens_there():
    usual = serve.free_port()
    assert serve.free_port(usual) == usual
    with socket.create_server(("127.0.0.1", usual)):
        assert serve.free_port(usual) not in (0, usual)


DEAF = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
LISTENS = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
subprocess.Popen([sys.executable, "-c", {DEAF!r}])
time.sleep(60)
"""


def test_what_the_ui_started_ends_with_it_even_if_it_does_not_listen():
    process = subprocess.Popen([sys.executable, "-c", LISTENS], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"up\n"
    serve.stop(process)
    assert process.returncode == -signal.SIGINT
    assert select.select([process.stdout], [], [], 20)[0], "its end comes with the last who could write there"
    assert process.stdout.read() == b""
