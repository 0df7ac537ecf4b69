"""The GraphQL texts that the connector sends; each validates against the vendor's schema of the pinned version."""

from __future__ import annotations

CUSTOMERS = """
query Customers($first: Int!, $after: String, $query: String, $sortKey: CustomerSortKeys) {
  customersCount(query: $query, limit: null) { count precision }
  customers(first: $first, after: $after, query: $query, sortKey: $sortKey) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id legacyResourceId firstName lastName locale state note tags taxExempt createdAt updatedAt
      defaultEmailAddress { emailAddress marketingState }
      defaultPhoneNumber { phoneNumber }
      defaultAddress { company address1 address2 city zip countryCodeV2 }
      birthDate: metafield(namespace: "facts", key: "birth_date") { value }
      loyaltyCode: metafield(namespace: "loyalty", key: "code") { value }
      assayId: metafield(namespace: "assay", key: "golden_id") { value }
    }
  }
}
"""
