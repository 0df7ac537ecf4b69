"""Fields of the stand-in that are no column of a stored body: what is looked up, cut to pages or told from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sources.shopify.fake_seed import GIDS


def _metafield(body: dict, arguments: dict, shop: Any) -> dict | None:
    space, key = arguments.get("namespace"), arguments["key"]
    value = body.get("metafields", {}).get(f"{space}.{key}")
    return value and {"id": "gid://shopify/Metafield/1", "namespace": space, "key": key, "value": value}


def _prices(body: dict, arguments: dict, shop: Any) -> dict:
    number = body["legacyResourceId"]
    return shop.page("price", arguments, "and id >= ? and id < ?", (f"{number}-", f"{number}."))


def _fixed_count(body: dict, arguments: dict, shop: Any) -> int:
    number = body["legacyResourceId"]
    sql = "select count(*) from objects where type = 'price' and deleted = 0 and id >= ? and id < ?"
    return shop.state.execute(sql, (f"{number}-", f"{number}.")).fetchone()[0]


def item(variant: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the shop keeps in store of a variant."""
    same = variant and {name: variant[name] for name in ("legacyResourceId", "sku")}
    return variant and {**variant["inventoryItem"], **same, "tracked": True, "variant": variant}


def _levels(body: dict, arguments: dict, shop: Any) -> dict:
    number = body["legacyResourceId"]
    return _named(shop.page("level", arguments, "and id >= ? and id < ?", (f"{number}-", f"{number}.")))


def _levels_there(body: dict, arguments: dict, shop: Any) -> dict:
    there = (body["legacyResourceId"],)
    return _named(shop.page("level", arguments, "and substr(id, instr(id, '-') + 1) = ?", there))


def _named(levels: dict[str, Any]) -> dict[str, Any]:
    for level in levels["nodes"]:
        level["itemId"], _, place = level["legacyResourceId"].partition("-")
        level["id"] = f"{GIDS['level']}{place}?inventory_item_id={level['itemId']}"
    return levels


def _quantities(body: dict, arguments: dict, shop: Any) -> list[dict[str, Any]]:
    return [{"name": name, "quantity": body["quantities"].get(name, 0)} for name in arguments["names"]]


def _lines(body: dict, arguments: dict, shop: Any) -> dict:
    start, first = int(arguments.get("after") or 0), arguments.get("first", 10)
    nodes, more = body["lines"][start : start + first], len(body["lines"]) > start + first
    info = {"hasNextPage": more, "hasPreviousPage": start > 0, "startCursor": str(start)}
    return {"nodes": nodes, "pageInfo": {**info, "endCursor": str(start + len(nodes))}}


def _of_order(kind: str) -> Callable:
    """The objects of an order: their numbers are its own with two digits more."""

    def below(body: dict, arguments: dict, shop: Any) -> dict[str, Any]:
        number = body["legacyResourceId"]
        bounds = (f"{number}00", f"{number}99", len(number) + 2)
        return shop.page(kind, {"first": 100} | arguments, "and id between ? and ? and length(id) = ?", bounds)

    return below


def _nodes(of: Callable) -> Callable:
    return lambda body, arguments, shop: of(body, arguments, shop)["nodes"]


RESOLVERS: dict[tuple[str, str], Callable] = {
    ("Customer", "metafield"): _metafield,
    ("Product", "metafield"): _metafield,
    ("ProductVariant", "metafield"): _metafield,
    ("ProductVariant", "product"): lambda body, _, shop: shop.one("product", body["productId"]),
    ("PriceListPrice", "variant"): lambda body, _, shop: shop.one("variant", body["variantId"]),
    ("PriceList", "prices"): _prices,
    ("PriceList", "fixedPricesCount"): _fixed_count,
    ("InventoryItem", "inventoryLevels"): _levels,
    ("InventoryLevel", "quantities"): _quantities,
    ("InventoryLevel", "item"): lambda level, _, shop: item(shop.one("variant", level["itemId"])),
    ("Location", "inventoryLevels"): _levels_there,
    ("Order", "lineItems"): _lines,
    ("Order", "refunds"): _nodes(_of_order("refund")),
    ("Order", "transactions"): _nodes(_of_order("transaction")),
    ("Order", "returns"): _of_order("return"),
    ("Refund", "refundLineItems"): _lines,
    ("Return", "returnLineItems"): _lines,
}
