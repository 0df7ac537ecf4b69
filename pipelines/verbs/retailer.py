"""The simulated retailer: the demo, the Dagster UI beside it, and the retailer alone."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from pipelines import resources

FIRST = "retailer10"
PROFILES = click.Choice(["retailer2", "retailer3", FIRST, "retailer40"])


def last_profile() -> str:
    """The retailer that was last served into this home: another one would answer for its systems with other people."""
    from sources.estate import endpoints

    return endpoints.read(resources.settings().estate).get(endpoints.PROFILE, FIRST)


of_profile = click.option(
    "--profile",
    type=PROFILES,
    default=last_profile,
    show_default=f"the last one in this home, else {FIRST}",
    help="Size of the simulated retailer.",
)


@click.command()
@click.option("--profile", type=PROFILES, help=f"Size of the simulated retailer: {FIRST}, with --keep the last one.")
@click.option("--keep", is_flag=True, help="Go on from the state of the last demo instead of starting afresh.")
def demo(profile: str | None, keep: bool) -> None:
    """Run everything on the simulated retailer: extract, build, publish, verify."""
    from pipelines import demo as show

    sys.exit(show.run(profile or (last_profile() if keep else FIRST), keep))


@click.command()
@of_profile
@click.option("--port", default=0, help="Default: 3000, or a free one if that is taken.")
@click.option("--own-systems", is_flag=True, help="Use the systems that the environment names; simulate no retailer.")
def dev(profile: str, port: int, own_systems: bool) -> None:
    """Open the Dagster UI beside the simulated retailer; nothing runs by itself."""
    from pipelines import serve

    sys.exit(serve.run(None if own_systems else profile, port))


@click.group()
def estate() -> None:
    """The simulated retailer."""


@estate.command("up")
@of_profile
def estate_up(profile: str) -> None:
    """Serve it until Ctrl-C; other commands find it through its endpoints file."""
    from sources.estate import server

    click.echo(f"Bringing up {profile} …")
    said = f"Serving {profile}; Ctrl-C ends it."
    server.serve_forever(resources.settings().home, profile, told=lambda: click.echo(said))


@estate.command("generate")
@of_profile
def estate_generate(profile: str) -> None:
    """Write its databases without serving them."""
    from sources.estate import server

    click.echo(server.generate_estate(profile, resources.settings().home))


@estate.command("status")
def estate_status() -> None:
    """Say at which addresses it answers. Exit code 1 if it does not."""
    import socket
    from urllib.parse import urlsplit

    from sources.estate import endpoints

    announced = endpoints.read(resources.settings().estate)
    urls = {name: urlsplit(value) for name, value in announced.items() if value.startswith("http")}
    down = 0
    for name, url in urls.items():
        with socket.socket() as probe:
            answers = probe.connect_ex((url.hostname, url.port)) == 0
        down += not answers
        click.echo(f"{name}={url.geturl()} {'answers' if answers else 'does not answer'}")
    click.echo(f"clock {resources.now().isoformat()}")
    sys.exit(1 if down or not urls else 0)


@estate.command("advance")
@of_profile
@click.option("--minutes", type=int, required=True)
def estate_advance(profile: str, minutes: int) -> None:
    """Move its clock on."""
    from sources.estate import endpoints

    folder = resources.settings().estate / profile
    click.echo(endpoints.advance(folder, timedelta(minutes=minutes)).isoformat())


VERBS = (demo, dev, estate)
