"""The part of ShipHero's schema that the stand-in serves; a test holds it against the vendor's."""

from __future__ import annotations

_RESULTS = {
    "Products": "Product",
    "WarehouseProducts": "WarehouseProduct",
    "InventoryChanges": "InventoryChange",
    "Orders": "Order",
    "Shipments": "Shipment",
}

SDL = """
scalar ISODateTime
scalar DateTime

type Query {
  products(updated_from: ISODateTime, updated_to: ISODateTime): ProductsQueryResult
  warehouse_products(sku: String, warehouse_id: String): WarehouseProductsQueryResult
  inventory_changes(date_from: ISODateTime, date_to: ISODateTime): InventoryChangesQueryResult
  orders(updated_from: ISODateTime, updated_to: ISODateTime): OrdersQueryResult
  order(id: String): OrderQueryResult
  shipments(date_from: ISODateTime, date_to: ISODateTime): ShipmentsQueryResult
}

type PageInfo { hasNextPage: Boolean!  endCursor: String }
type Dimensions { weight: Float  height: Float  width: Float  length: Float }
type Product {
  id: String  sku: String  name: String  barcode: String  active: Boolean  kit: Boolean  updated_at: DateTime
  dimensions: Dimensions
}
type WarehouseProduct {
  id: String  sku: String  warehouse_id: String  on_hand: Int  allocated: Int  available: Int  backorder: Int
  active: Boolean  updated_at: DateTime
}
type InventoryChange {
  id: String  sku: String  warehouse_id: String  previous_on_hand: Int  change_in_on_hand: Int  reason: String
  created_at: DateTime
}
type OrderAddress {
  first_name: String  last_name: String  company: String  address1: String  address2: String  city: String
  state: String  zip: String  country_code: String  phone: String
}
type LineItem { id: String  sku: String  quantity: Int  quantity_shipped: Int  price: Float  product_name: String }
type LineItemConnection { pageInfo: PageInfo  edges: [LineItemEdge] }
type LineItemEdge { node: LineItem }
type Order {
  id: String  order_number: String  partner_order_id: String  shop_name: String  fulfillment_status: String
  order_date: DateTime  updated_at: DateTime  subtotal: Float  total_tax: Float  total_discounts: Float
  total_price: Float  email: String  shipping_address: OrderAddress
  line_items(first: Int, after: String): LineItemConnection
}
type OrderQueryResult { request_id: String  complexity: Int  data: Order }
type ShippingLabel {
  id: String  tracking_number: String  carrier: String  shipping_method: String  cost: Float  created_at: DateTime
}
type Shipment {
  id: String  order_id: String  warehouse_id: String  created_date: DateTime  delivered: Boolean  refunded: Boolean
  profile: String  shipping_labels: [ShippingLabel]
}
""" + "".join(
    f"""
type {many}QueryResult {{ request_id: String  complexity: Int  data(first: Int, after: String): {one}Connection }}
type {one}Connection {{ pageInfo: PageInfo  edges: [{one}Edge] }}
type {one}Edge {{ node: {one} }}
"""
    for many, one in _RESULTS.items()
)
