"""Who wrote what in Odoo, by its own history: tracked values where they may be read, else each record's last writer."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.publish.store import chunks
from sources.odoo.client import OdooClient, search_read
from sources.odoo.errors import OdooDenied, OdooMissing


def authors_of(
    client: OdooClient, model: str, places: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], tuple[str, str]]:
    """(login, time in UTC) of the last change by somebody else, by record and field; what nobody tells is left out."""
    asked = list(places)
    told = _tracked(client, model, asked)
    open_ = sorted({odoo_id for odoo_id, field in asked if (odoo_id, field) not in told})
    last = {}
    for some in chunks(open_, 2000):
        for row in search_read(client, model, ["write_uid", "write_date"], [("id", "in", some)]):
            if row["write_uid"] != client.uid:
                last[row["id"]] = (row["write_uid"], row["write_date"])
    told |= {(one, field): last[one] for one, field in asked if (one, field) not in told and one in last}
    names = logins(client, {uid for uid, _ in told.values()})
    return {place: (names.get(uid, f"user {uid}"), at) for place, (uid, at) in told.items()}


def logins(client: OdooClient, uids: Iterable[int]) -> dict[int, str]:
    """Login by user id, inactive users too."""
    rows = search_read(client, "res.users", ["login"], [("id", "in", sorted(uids))])
    return {row["id"]: row["login"] for row in rows}


def tracked_changes(
    client: OdooClient, model: str, odoo_ids: list[int] | None = None
) -> list[tuple[int, str, int, str]]:
    """(record, field, user id, time) of the changes that Odoo tracked on `model`, oldest first; none for who may not
    read them."""
    place = [("mail_message_id.model", "=", model)]
    place += [] if odoo_ids is None else [("mail_message_id.res_id", "in", odoo_ids)]
    try:
        rows = search_read(client, "mail.tracking.value", ["field_id", "mail_message_id", "create_uid"], place)
        fields = sorted({row["field_id"] for row in rows if row["field_id"]})
        names = search_read(client, "ir.model.fields", ["name"], [("id", "in", fields)])
        messages = sorted({row["mail_message_id"] for row in rows})
        about = search_read(client, "mail.message", ["res_id", "date"], [("id", "in", messages)])
    except (OdooDenied, OdooMissing):
        return []
    name_of, message_of = {row["id"]: row["name"] for row in names}, {row["id"]: row for row in about}
    return [
        (message_of[row["mail_message_id"]]["res_id"], name_of[row["field_id"]], row["create_uid"], message["date"])
        for row in rows
        if row["field_id"] in name_of and (message := message_of.get(row["mail_message_id"]))
    ]


def _tracked(client: OdooClient, model: str, places: list[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, str]]:
    wanted, told = set(places), {}
    for some in chunks(sorted({odoo_id for odoo_id, _ in places}), 1000):
        for odoo_id, field, uid, at in tracked_changes(client, model, some):
            if uid != client.uid and (odoo_id, field) in wanted:
                told[odoo_id, field] = (uid, at)
    return told
