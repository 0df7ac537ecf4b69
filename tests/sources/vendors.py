"""The vendors whose specifications are at hand: which files, and how each differs from what its API does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Vendor:
    """A specification's files, which headers are credentials, and the schema of each stream's records.

    `wrong`: fields of a record that break it. `number`: a parameter that must be one, if the document types any.
    `untold`: statuses that the document leaves out. `below`: what stands before each of its paths, as a pattern;
    `silent`: paths that it leaves out; `unsaid`: parameters that the vendor's manual has and it has not. `mistyped`:
    properties whose type the document gets wrong, as its own text beside them shows. `lists`: whether it
    knows what lists look like; one that guesses is good for the fields of those records alone that it names. `more`:
    fields of records that the manual has, or that say by which filter a record was found. `around`: what breaks an
    answer whose records the document leaves open. `dated`: whether its version is the API's, not the document's own.
    """

    files: tuple[str, ...]
    security: frozenset[str]
    records: dict[str, str]
    wrong: dict[str, Any]
    number: str | None = "limit"
    untold: frozenset[int] = frozenset()
    below: str = ""
    silent: str = "(?!)"
    unsaid: frozenset[str] = frozenset()
    mistyped: frozenset[tuple[str, str]] = frozenset()
    lists: bool = True
    more: frozenset[str] = frozenset()
    around: dict[str, Any] = field(default_factory=dict)
    dated: bool = True


SYSTEMS = {
    "amazon": Vendor(
        (
            "amzn_orders_2026-01-01",
            "amzn_listingsItems_2021-08-01",
            "amzn_fbaInventory",
            "amzn_finances_2024-06-19",
            "amzn_financesV0",
        ),
        frozenset({"x-amz-access-token"}),
        {
            "orders": "Order",
            "listings": "Item",
            "inventory": "InventorySummary",
            "transactions": "Transaction",
            "settlements": "FinancialEventGroup",
        },
        {"orderId": 7},
        "maxResultsPerPage",
    ),
    "deliverect": Vendor(
        ("deliverect_store",),
        frozenset({"authorization"}),
        {"products": "#/paths/~1products/get/responses/200/content/application~1json/schema/properties/_items/items"},
        {"_id": 7},
        None,
        frozenset({401, 403, 429}),
        silent="/orders|/oauth/token",
        unsaid=frozenset({"page", "max_results", "sort"}),
        more=frozenset({"price"}),
    ),
    "ebay": Vendor(
        ("ebay_fulfillment", "ebay_inventory", "ebay_finances"),
        frozenset({"authorization"}),
        {
            "orders": "Order",
            "listings": "InventoryItemWithSkuLocaleGroupid",
            "offers": "EbayOfferDetailsWithAll",
            "transactions": "Transaction",
            "payouts": "Payout",
        },
        {"orderId": 7},
        None,
        frozenset({401, 403, 404, 429}),
        below=r"/sell/\w+/v1",
        mistyped=frozenset({("Product", "aspects")}),
    ),
    "gorgias": Vendor(
        ("gorgias",),
        frozenset({"authorization"}),
        {"customers": "Customer", "tickets": "Ticket"},
        {"id": "seven"},
        untold=frozenset({401, 403, 429}),
        unsaid=frozenset({"order_by"}),
    ),
    "hubspot": Vendor(
        (
            "hubspot_contacts",
            "hubspot_companies",
            "hubspot_orders",
            "hubspot_lineItems",
            "hubspot_deals",
            "hubspot_products",
            "hubspot_tickets",
        ),
        frozenset({"authorization"}),
        {
            "contacts": "SimplePublicObject",
            "companies": "SimplePublicObject",
            "orders": "SimplePublicObjectWithAssociations",
            "line_items": "SimplePublicObjectWithAssociations",
            "deals": "SimplePublicObjectWithAssociations",
            "products": "SimplePublicObject",
            "tickets": "SimplePublicObjectWithAssociations",
        },
        {"id": 7},
    ),
    "klaviyo": Vendor(
        ("klaviyo",),
        frozenset({"authorization", "revision"}),
        {
            "profiles": "ProfileResponseObjectResource",
            "events": "EventResponseObjectResource",
            "metrics": "MetricResponseObjectResource",
        },
        {"attributes": 7},
        "page[size]",
    ),
    "mailchimp": Vendor(
        ("mc_members",),
        frozenset({"authorization"}),
        {"members": "#/paths/~1lists~1{list_id}~1members/get/responses/200/schema/properties/members/items"},
        {"id": 7},
        "count",
        below="/3.0",
        silent="/3.0/lists",
    ),
    "paypal": Vendor(
        ("paypal_reporting_transactions_v1", "paypal_customer_disputes_v1"),
        frozenset({"authorization"}),
        {"transactions": "transaction_detail", "disputes": "dispute"},
        {"transaction_info": 7},
        "page_size",
        frozenset({429}),
    ),
    "quickbooks": Vendor(
        ("quickbooks",),
        frozenset({"authorization"}),
        {"customers": "Customer", "invoices": "Invoice", "payments": "Payment"},
        {"Id": 7},
        "minorversion",
        frozenset({403, 429}),
        below=r"/v3/company/\d+",
        silent=r".*/cdc",
    ),
    "smile": Vendor(
        ("smile",),
        frozenset({"authorization"}),
        {"customers": "Customer", "points_transactions": "PointsTransaction"},
        {"id": "seven"},
        untold=frozenset({401, 403, 429}),
        below="/v1",
    ),
    "square": Vendor(
        ("square",),
        frozenset({"authorization", "square-version"}),
        {
            "customers": "Customer",
            "orders": "Order",
            "payments": "Payment",
            "items": "CatalogObject",
            "variations": "CatalogObject",
            "taxes": "CatalogObject",
            "refunds": "PaymentRefund",
            "inventory": "InventoryCount",
            "loyalty_accounts": "LoyaltyAccount",
            "loyalty_events": "LoyaltyEvent",
        },
        {"id": 7},
        untold=frozenset({401, 403, 429}),
    ),
    "stripe": Vendor(
        ("stripe",),
        frozenset({"authorization"}),
        {
            "customers": "customer",
            "charges": "charge",
            "refunds": "refund",
            "disputes": "dispute",
            "payouts": "payout",
            "balance_transactions": "balance_transaction",
        },
        {"id": 7},
        more=frozenset({"payout"}),
    ),
    "sumup": Vendor(
        ("sumup",),
        frozenset({"authorization"}),
        {"transactions": "TransactionHistory", "payouts": "FinancialPayout"},
        {"amount": "much"},
        untold=frozenset({403, 429}),
    ),
    "ubereats": Vendor(("ubereats",), frozenset({"authorization"}), {"orders": "Order"}, {}, lists=False),
    "voucherify": Vendor(
        ("voucherify",),
        frozenset({"x-app-id", "x-app-token"}),
        {"customers": "CustomerWithSummaryLoyaltyReferrals", "vouchers": "VoucherWithCategories"},
        {"id": 7},
        silent=r"/v1/campaigns/[^/]+/transactions",
    ),
    "xero": Vendor(
        ("xero",),
        frozenset({"authorization", "xero-tenant-id"}),
        {"contacts": "Contact", "invoices": "Invoice", "payments": "Payment", "credit_notes": "CreditNote"},
        {"ContactID": 7},
        "pageSize",
        frozenset({401, 403, 429}),
    ),
    "zendesk": Vendor(
        ("zd_tickets", "zd_users"),
        frozenset({"authorization"}),
        {},
        {},
        None,
        frozenset({401, 403, 429}),
        unsaid=frozenset({"start_time", "cursor", "per_page"}),
        around={"end_of_stream": "perhaps"},
        dated=False,
    ),
}
