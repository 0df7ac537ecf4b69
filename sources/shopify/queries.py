"""The GraphQL documents that the connector sends; each validates against the vendor's schema of every live version."""

from __future__ import annotations

_PAGE = "pageInfo { hasNextPage endCursor }"
_MONEY = "shopMoney { amount currencyCode } presentmentMoney { amount currencyCode }"

CUSTOMERS = f"""
query Customers($first: Int!, $after: String, $query: String, $total: Boolean!) {{
  customersCount(query: $query, limit: null) @include(if: $total) {{ count precision }}
  customers(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{
      id legacyResourceId firstName lastName locale state note tags taxExempt createdAt updatedAt
      defaultEmailAddress {{ emailAddress marketingState }}
      defaultPhoneNumber {{ phoneNumber }}
      defaultAddress {{ company address1 address2 city zip countryCodeV2 phone }}
      birthDate: metafield(namespace: "facts", key: "birth_date") {{ value }}
      vatNumber: metafield(namespace: "facts", key: "vat_number") {{ value }}
      loyaltyCode: metafield(namespace: "loyalty", key: "code") {{ value }}
      assayId: metafield(namespace: "assay", key: "golden_id") {{ value }}
    }}
  }}
}}
"""

PRODUCTS = f"""
query Products($first: Int!, $after: String, $query: String, $total: Boolean!) {{
  productsCount(query: $query, limit: null) @include(if: $total) {{ count precision }}
  products(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{
      id legacyResourceId title handle vendor productType status tags hasOnlyDefaultVariant createdAt updatedAt
      options {{ name position values }}
      assayId: metafield(namespace: "assay", key: "golden_id") {{ value }}
    }}
  }}
}}
"""

VARIANTS = f"""
query Variants($first: Int!, $after: String, $query: String, $total: Boolean!) {{
  productVariantsCount(query: $query, limit: null) @include(if: $total) {{ count precision }}
  productVariants(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{
      id legacyResourceId title sku barcode price compareAtPrice taxable position createdAt updatedAt
      selectedOptions {{ name value }}
      product {{ id legacyResourceId title vendor status hasOnlyDefaultVariant }}
      inventoryItem {{ id measurement {{ weight {{ value unit }} }} }}
      assayId: metafield(namespace: "assay", key: "golden_id") {{ value }}
    }}
  }}
}}
"""

VARIANT_KEYS = f"""
query VariantKeys($first: Int!, $after: String, $query: String, $total: Boolean!) {{
  productVariantsCount(query: $query, limit: null) @include(if: $total) {{ count precision }}
  productVariants(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{ legacyResourceId }}
  }}
}}
"""

PRICE_LISTS = f"""
query PriceLists($first: Int!, $after: String) {{
  priceLists(first: $first, after: $after, sortKey: ID) {{
    {_PAGE}
    nodes {{ id name currency fixedPricesCount parent {{ adjustment {{ type value }} }} }}
  }}
}}
"""

FIXED_PRICES = f"""
query FixedPrices($list: ID!, $first: Int!, $after: String) {{
  priceList(id: $list) {{
    prices(first: $first, after: $after, originType: FIXED) {{
      {_PAGE}
      nodes {{
        originType
        price {{ amount currencyCode }}
        compareAtPrice {{ amount currencyCode }}
        variant {{ id legacyResourceId sku }}
      }}
    }}
  }}
}}
"""

_STATES = "available committed damaged incoming on_hand quality_control reserved safety_stock"
_LEVEL = f"""
id updatedAt
location {{ id legacyResourceId name }}
quantities(names: [{", ".join(f'"{name}"' for name in _STATES.split())}]) {{ name quantity }}
"""

_ITEM = "id legacyResourceId sku tracked variant { id legacyResourceId }"

INVENTORY = f"""
query Inventory($first: Int!, $after: String, $query: String) {{
  inventoryItems(first: $first, after: $after, query: $query) {{
    {_PAGE}
    nodes {{
      {_ITEM}
      inventoryLevels(first: 5) {{ {_PAGE} nodes {{ {_LEVEL} }} }}
    }}
  }}
}}
"""

INVENTORY_LEVELS = f"""
query InventoryLevels($item: ID!, $first: Int!, $after: String) {{
  inventoryItem(id: $item) {{
    inventoryLevels(first: $first, after: $after) {{ {_PAGE} nodes {{ {_LEVEL} }} }}
  }}
}}
"""

LOCATIONS = f"""
query Locations($first: Int!, $after: String) {{
  locations(first: $first, after: $after, includeInactive: true, includeLegacy: true) {{ {_PAGE} nodes {{ id }} }}
}}
"""

CHANGED_LEVELS = f"""
query ChangedLevels($location: ID!, $first: Int!, $after: String, $query: String) {{
  location(id: $location) {{
    inventoryLevels(first: $first, after: $after, query: $query) {{ {_PAGE} nodes {{ {_LEVEL} item {{ {_ITEM} }} }} }}
  }}
}}
"""

ORDERS = f"""
query Orders($first: Int!, $after: String, $query: String, $total: Boolean!) {{
  ordersCount(query: $query, limit: null) @include(if: $total) {{ count precision }}
  orders(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{
      id legacyResourceId name createdAt processedAt updatedAt cancelledAt test taxesIncluded tags
      currencyCode presentmentCurrencyCode displayFinancialStatus
      customer {{ id legacyResourceId }}
      subtotalPriceSet {{ {_MONEY} }}
      totalShippingPriceSet {{ {_MONEY} }}
      totalTaxSet {{ {_MONEY} }}
      totalPriceSet {{ {_MONEY} }}
      taxLines {{ title ratePercentage priceSet {{ {_MONEY} }} }}
      lineItems(first: 10) {{
        {_PAGE}
        nodes {{ id sku title quantity variant {{ id legacyResourceId }} originalUnitPriceSet {{ {_MONEY} }} }}
      }}
    }}
  }}
}}
"""

LINE_ITEMS = f"""
query LineItems($id: ID!, $first: Int!, $after: String) {{
  order(id: $id) {{
    lineItems(first: $first, after: $after) {{
      {_PAGE}
      nodes {{ id sku title quantity variant {{ id legacyResourceId }} originalUnitPriceSet {{ {_MONEY} }} }}
    }}
  }}
}}
"""

_ORDER = "id legacyResourceId name customer { id legacyResourceId }"
_REFUNDED = f"""
id quantity restockType restocked subtotalSet {{ {_MONEY} }} totalTaxSet {{ {_MONEY} }} lineItem {{ id sku }}
"""

REFUNDS = f"""
query Refunds($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{
      {_ORDER}
      refunds {{
        id legacyResourceId note createdAt updatedAt totalRefundedSet {{ {_MONEY} }}
        refundLineItems(first: 10) {{ {_PAGE} nodes {{ {_REFUNDED} }} }}
      }}
    }}
  }}
}}
"""

REFUND_LINES = f"""
query RefundLines($id: ID!, $first: Int!, $after: String) {{
  refund(id: $id) {{
    refundLineItems(first: $first, after: $after) {{ {_PAGE} nodes {{ {_REFUNDED} }} }}
  }}
}}
"""

TRANSACTIONS = f"""
query Transactions($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{
      {_ORDER}
      transactions {{
        id kind status gateway paymentId errorCode test createdAt processedAt
        amountSet {{ {_MONEY} }} parentTransaction {{ id }}
      }}
    }}
  }}
}}
"""

_RETURNED = """
id quantity refundedQuantity returnReasonNote ... on ReturnLineItem { fulfillmentLineItem { lineItem { id sku } } }
"""
_RETURN = f"""
id name status totalQuantity createdAt requestApprovedAt closedAt
returnLineItems(first: 10) {{ {_PAGE} nodes {{ {_RETURNED} }} }}
"""

RETURNS = f"""
query Returns($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{ {_ORDER} returns(first: 5) {{ {_PAGE} nodes {{ {_RETURN} }} }} }}
  }}
}}
"""

ORDER_RETURNS = f"""
query OrderReturns($id: ID!, $first: Int!, $after: String) {{
  order(id: $id) {{ returns(first: $first, after: $after) {{ {_PAGE} nodes {{ {_RETURN} }} }} }}
}}
"""

RETURN_LINES = f"""
query ReturnLines($id: ID!, $first: Int!, $after: String) {{
  return(id: $id) {{ returnLineItems(first: $first, after: $after) {{ {_PAGE} nodes {{ {_RETURNED} }} }} }}
}}
"""

DESTROYED = f"""
query Destroyed($first: Int!, $after: String, $query: String) {{
  events(first: $first, after: $after, query: $query, sortKey: ID) {{
    {_PAGE}
    nodes {{ id action createdAt ... on BasicEvent {{ subjectId subjectType }} }}
  }}
}}
"""

SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"

ALL = {name: text for name, text in list(globals().items()) if name.isupper() and not name.startswith("_")}
