"""The part of Shopify's Admin schema 2026-10 that the stand-in serves; a test holds it against the vendor's."""

from __future__ import annotations

VERSION = "2026-10"

SDL = """
scalar DateTime
scalar Decimal
scalar Money
scalar UnsignedInt64

enum CountPrecision { AT_LEAST EXACT }
enum CountryCode { AT BE CZ DE DK ES FI FR GB GR HU IE IT LU LV LT EE NL PL PT RO SE SI SK UA US VN }
enum CurrencyCode { CZK EUR USD }
enum CustomerEmailAddressMarketingState { INVALID NOT_SUBSCRIBED PENDING SUBSCRIBED UNSUBSCRIBED }
enum CustomerSortKeys { CREATED_AT ID UPDATED_AT }
enum CustomerState { DECLINED DISABLED ENABLED INVITED }
enum EventSortKeys { CREATED_AT ID }
enum EventSubjectType { CUSTOMER ORDER PRODUCT PRODUCT_VARIANT }
enum OrderDisplayFinancialStatus { AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED }
enum OrderSortKeys { CREATED_AT ID UPDATED_AT }
enum OrderTransactionErrorCode { CARD_DECLINED EXPIRED_CARD GENERIC_ERROR }
enum OrderTransactionKind { AUTHORIZATION CAPTURE CHANGE EMV_AUTHORIZATION REFUND SALE SUGGESTED_REFUND VOID }
enum OrderTransactionStatus { AWAITING_RESPONSE ERROR FAILURE PENDING SUCCESS UNKNOWN }
enum PriceListAdjustmentType { PERCENTAGE_DECREASE PERCENTAGE_INCREASE }
enum PriceListPriceOriginType { FIXED RELATIVE }
enum PriceListSortKeys { ID NAME }
enum ProductSortKeys { CREATED_AT ID UPDATED_AT }
enum ProductStatus { ACTIVE ARCHIVED DRAFT UNLISTED }
enum ProductVariantSortKeys { ID SKU }
enum RefundLineItemRestockType { CANCEL LEGACY_RESTOCK NO_RESTOCK RETURN }
enum ReturnStatus { CANCELED CLOSED DECLINED OPEN REQUESTED }
enum WeightUnit { GRAMS KILOGRAMS OUNCES POUNDS }

interface Event { id: ID!  action: String!  createdAt: DateTime! }

interface ReturnLineItemType { id: ID!  quantity: Int!  refundedQuantity: Int!  returnReasonNote: String! }

type AccessScope { description: String!  handle: String! }
type AppInstallation { id: ID!  accessScopes: [AccessScope!]! }
type BasicEvent implements Event {
  id: ID!  action: String!  createdAt: DateTime!  subjectId: ID!  subjectType: EventSubjectType!
}
type Count { count: Int!  precision: CountPrecision! }
type CustomerEmailAddress { emailAddress: String!  marketingState: CustomerEmailAddressMarketingState! }
type CustomerPhoneNumber { phoneNumber: String! }
type InventoryItem {
  id: ID!  legacyResourceId: UnsignedInt64!  sku: String  tracked: Boolean!  measurement: InventoryItemMeasurement!
  variant: ProductVariant!  inventoryLevels(after: String, first: Int): InventoryLevelConnection!
}
type InventoryItemMeasurement { id: ID!  weight: Weight }
type InventoryLevel {
  id: ID!  updatedAt: DateTime!  location: Location!  quantities(names: [String!]!): [InventoryQuantity!]!
  item: InventoryItem!
}
type InventoryQuantity { name: String!  quantity: Int! }
type Location {
  id: ID!  legacyResourceId: UnsignedInt64!  name: String!
  inventoryLevels(after: String, first: Int, query: String): InventoryLevelConnection!
}
type MailingAddress {
  id: ID!  company: String  address1: String  address2: String  city: String  zip: String
  countryCodeV2: CountryCode  phone: String
}
type Metafield { id: ID!  namespace: String!  key: String!  value: String! }
type MoneyBag { presentmentMoney: MoneyV2!  shopMoney: MoneyV2! }
type MoneyV2 { amount: Decimal!  currencyCode: CurrencyCode! }
type PageInfo { endCursor: String  hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: String }
type PriceListAdjustment { type: PriceListAdjustmentType!  value: Float! }
type PriceListParent { adjustment: PriceListAdjustment! }
type ProductOption { id: ID!  name: String!  position: Int!  values: [String!]! }
type Refund {
  id: ID!  legacyResourceId: UnsignedInt64!  note: String  totalRefundedSet: MoneyBag!
  createdAt: DateTime  updatedAt: DateTime!
  refundLineItems(after: String, first: Int): RefundLineItemConnection!
}
type RefundLineItem {
  id: ID  quantity: Int!  restockType: RefundLineItemRestockType!  restocked: Boolean!  subtotalSet: MoneyBag!
  totalTaxSet: MoneyBag!  lineItem: LineItem!
}
type FulfillmentLineItem { id: ID!  lineItem: LineItem! }
type Return {
  id: ID!  name: String!  status: ReturnStatus!  totalQuantity: Int!  createdAt: DateTime!  requestApprovedAt: DateTime
  closedAt: DateTime  returnLineItems(after: String, first: Int): ReturnLineItemTypeConnection!
}
type ReturnLineItem implements ReturnLineItemType {
  id: ID!  quantity: Int!  refundedQuantity: Int!  returnReasonNote: String!  fulfillmentLineItem: FulfillmentLineItem!
}
type OrderTransaction {
  id: ID!  kind: OrderTransactionKind!  status: OrderTransactionStatus!  gateway: String  paymentId: String
  errorCode: OrderTransactionErrorCode  test: Boolean!  amountSet: MoneyBag!  parentTransaction: OrderTransaction
  createdAt: DateTime!  processedAt: DateTime
}
type SelectedOption { name: String!  value: String! }
type TaxLine { title: String!  rate: Float  ratePercentage: Float  priceSet: MoneyBag! }
type Weight { unit: WeightUnit!  value: Float! }

type Customer {
  id: ID!  legacyResourceId: UnsignedInt64!  firstName: String  lastName: String  displayName: String!
  locale: String!  state: CustomerState!  note: String  tags: [String!]!  taxExempt: Boolean!
  defaultEmailAddress: CustomerEmailAddress  defaultPhoneNumber: CustomerPhoneNumber  defaultAddress: MailingAddress
  metafield(key: String!, namespace: String): Metafield
  createdAt: DateTime!  updatedAt: DateTime!
}
type Product {
  id: ID!  legacyResourceId: UnsignedInt64!  title: String!  handle: String!  vendor: String!  productType: String!
  status: ProductStatus!  tags: [String!]!  hasOnlyDefaultVariant: Boolean!  options(first: Int): [ProductOption!]!
  metafield(key: String!, namespace: String): Metafield
  createdAt: DateTime!  updatedAt: DateTime!
}
type ProductVariant {
  id: ID!  legacyResourceId: UnsignedInt64!  title: String!  sku: String  barcode: String  price: Money!
  compareAtPrice: Money  taxable: Boolean!  position: Int!  selectedOptions: [SelectedOption!]!  product: Product!
  inventoryItem: InventoryItem!
  metafield(key: String!, namespace: String): Metafield
  createdAt: DateTime!  updatedAt: DateTime!
}
type PriceListPrice {
  originType: PriceListPriceOriginType!  price: MoneyV2!  compareAtPrice: MoneyV2  variant: ProductVariant!
}
type PriceList {
  id: ID!  name: String!  currency: CurrencyCode!  fixedPricesCount: Int!  parent: PriceListParent
  prices(after: String, first: Int, originType: PriceListPriceOriginType): PriceListPriceConnection!
}
type LineItem {
  id: ID!  sku: String  title: String!  quantity: Int!  variant: ProductVariant  originalUnitPriceSet: MoneyBag!
}
type Order {
  id: ID!  legacyResourceId: UnsignedInt64!  name: String!  test: Boolean!  taxesIncluded: Boolean!  tags: [String!]!
  currencyCode: CurrencyCode!  presentmentCurrencyCode: CurrencyCode!
  displayFinancialStatus: OrderDisplayFinancialStatus  customer: Customer
  subtotalPriceSet: MoneyBag  totalShippingPriceSet: MoneyBag!  totalTaxSet: MoneyBag  totalPriceSet: MoneyBag!
  taxLines: [TaxLine!]!
  lineItems(after: String, first: Int): LineItemConnection!  refunds(first: Int): [Refund!]!
  returns(after: String, first: Int): ReturnConnection!  transactions(first: Int): [OrderTransaction!]!
  createdAt: DateTime!  processedAt: DateTime!  cancelledAt: DateTime  updatedAt: DateTime!
}

type CustomerConnection { nodes: [Customer!]!  pageInfo: PageInfo! }
type EventConnection { nodes: [Event!]!  pageInfo: PageInfo! }
type InventoryItemConnection { nodes: [InventoryItem!]!  pageInfo: PageInfo! }
type InventoryLevelConnection { nodes: [InventoryLevel!]!  pageInfo: PageInfo! }
type LineItemConnection { nodes: [LineItem!]!  pageInfo: PageInfo! }
type LocationConnection { nodes: [Location!]!  pageInfo: PageInfo! }
type OrderConnection { nodes: [Order!]!  pageInfo: PageInfo! }
type PriceListConnection { nodes: [PriceList!]!  pageInfo: PageInfo! }
type PriceListPriceConnection { nodes: [PriceListPrice!]!  pageInfo: PageInfo! }
type ProductConnection { nodes: [Product!]!  pageInfo: PageInfo! }
type ProductVariantConnection { nodes: [ProductVariant!]!  pageInfo: PageInfo! }
type RefundLineItemConnection { nodes: [RefundLineItem!]!  pageInfo: PageInfo! }
type ReturnConnection { nodes: [Return!]!  pageInfo: PageInfo! }
type ReturnLineItemTypeConnection { nodes: [ReturnLineItemType!]!  pageInfo: PageInfo! }

type QueryRoot {
  currentAppInstallation: AppInstallation!
  customers(after: String, first: Int, query: String, sortKey: CustomerSortKeys = ID): CustomerConnection!
  customersCount(limit: Int = 10000, query: String): Count
  events(after: String, first: Int, query: String, sortKey: EventSortKeys = ID): EventConnection
  inventoryItem(id: ID!): InventoryItem
  inventoryItems(after: String, first: Int, query: String): InventoryItemConnection!
  location(id: ID): Location
  locations(
    after: String, first: Int, includeInactive: Boolean = false, includeLegacy: Boolean = false
  ): LocationConnection!
  order(id: ID!): Order
  orders(after: String, first: Int, query: String, sortKey: OrderSortKeys = ID): OrderConnection!
  ordersCount(limit: Int = 10000, query: String): Count
  priceList(id: ID!): PriceList
  priceLists(after: String, first: Int, sortKey: PriceListSortKeys = ID): PriceListConnection!
  products(after: String, first: Int, query: String, sortKey: ProductSortKeys = ID): ProductConnection!
  productsCount(limit: Int = 10000, query: String): Count
  productVariants(
    after: String, first: Int, query: String, sortKey: ProductVariantSortKeys = ID
  ): ProductVariantConnection!
  productVariantsCount(limit: Int = 10000, query: String): Count
  refund(id: ID!): Refund
  return(id: ID!): Return
}

schema { query: QueryRoot }
"""
