"""The errors that the demo Odoo answers, named and numbered as Odoo 19 does: one constructor per cause."""

from __future__ import annotations


class OdooFault(Exception):
    """An error on its way to the client: the name of Odoo's exception, its message, the HTTP status of JSON-2."""

    def __init__(self, name: str, message: str, status: int):
        super().__init__(message)
        self.name, self.message, self.status = name, message, status

    def body(self) -> dict:
        """The serialised exception; a real Odoo adds a traceback, which nobody should see."""
        debug = f"Traceback (most recent call last):\n{self.name}: {self.message}\n"
        return {"name": self.name, "message": self.message, "arguments": [self.message], "context": {}, "debug": debug}


def invalid(message: str) -> OdooFault:
    """A constraint of a model or of the database says no."""
    return OdooFault("odoo.exceptions.ValidationError", message, 422)


def forbidden_by_database(message: str) -> OdooFault:
    return invalid(f"The operation cannot be completed: {message}")


def required(model: str, field: str) -> OdooFault:
    return forbidden_by_database(
        f"Missing required value for the field '{field}' ({field}). Model: '{model}' ({model})"
    )


def dangling(model: str, field: str) -> OdooFault:
    """A relation to a record that does not exist; on create Odoo words it as a deletion."""
    cause = f"Another model is using the record you are trying to delete. The troublemaker is: '{model}' ({model})"
    return forbidden_by_database(f"{cause} Thanks to the following constraint: '{field}' ({field})")


def duplicate_key(table: str) -> OdooFault:
    """The only unique index of the demo: one record per external id."""
    unique = f'duplicate key value violates unique constraint "{table}_module_name_uniq_index"'
    return forbidden_by_database(f"{unique} DETAIL: Key (module, name) already exists.")


def missing(model: str, ids: list[int], uid: int) -> OdooFault:
    message = f"Record does not exist or has been deleted. (Record: {model}({', '.join(map(str, ids))},), User: {uid})"
    return OdooFault("odoo.exceptions.MissingError", message, 404)


def bad_value(message: str) -> OdooFault:
    """What Odoo's code trips over: it answers 500 although the caller is to blame."""
    return OdooFault("builtins.ValueError", message, 500)


def bad_integer(value: object) -> OdooFault:
    message = f'invalid input syntax for type integer: "{value}"'
    return OdooFault("psycopg2.errors.InvalidTextRepresentation", message, 500)


def denied(verb: str, model: str) -> OdooFault:
    return OdooFault("odoo.exceptions.AccessError", f"You are not allowed to {verb} '{model}' ({model}) records.", 403)


def private(model: str, method: str) -> OdooFault:
    message = f"Private methods (such as '{model}.{method}') cannot be called remotely."
    return OdooFault("odoo.exceptions.AccessError", message, 403)


def not_found(message: str) -> OdooFault:
    return OdooFault("werkzeug.exceptions.NotFound", message, 404)


def unauthorized(message: str = "Invalid apikey") -> OdooFault:
    return OdooFault("werkzeug.exceptions.Unauthorized", message, 401)
