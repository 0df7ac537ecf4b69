"""Each acceptance test applies to a system or its contract says why not; what no stream can show is shown elsewhere.

Every version is pinned.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.sources.conformance.subjects import (
    ABOUT,
    CONTRACTS,
    EVERY,
    NUMBERS,
)

# What a test asks that no single stream can show, or that one vendor alone has, and where it is shown.
ELSEWHERE = [
    (4, "pipelines/test_extract_kills", "killed_at_random_points_extraction_loses_nothing_and_counts_nothing_twice"),
    (6, "sources/test_http", "an_error_inside_a_successful_answer_is_an_error"),
    (6, "sources/test_http", "a_lie_that_stays_is_an_error_in_bounded_time_and_never_an_end_of_data"),
    (7, "sources/test_http", "the_usual_patience_ends_a_request_within_ninety_seconds"),
    (8, "sources/test_http", "every_form_of_a_told_wait_is_read"),
    (8, "sources/test_http", "cost_points_follow_what_the_vendor_says_is_left"),
    (8, "sources/test_accounts", "two_processes_spend_one_allowance"),
    (10, "sources/test_hubspot", "more_contacts_of_one_timestamp_than_a_search_shows_all_land"),
    (10, "sources/test_voucherify", "more_members_of_one_stamp_than_pages_can_show_are_refused_not_lost"),
    (10, "sources/test_stripe", "after_an_outage_changes_and_deletions_land_whether_events_still_tell_of_them_or_not"),
    (10, "sources/test_quickbooks", "a_feed_that_may_have_left_out_changes_is_refused_until_everything_is_read_anew"),
    (12, "pipelines/test_deletions", "a_full_sweep_turns_what_vanished_into_tombstones_and_revives_what_returns"),
    (13, "sources/test_mailchimp", "a_member_who_changes_the_address_stays_one_record_under_another_id"),
    (14, "sources/test_accounts", "a_refresh_token_that_rotates_is_kept_before_its_access_token_is_used"),
    (14, "sources/test_accounts", "many_at_once_burn_no_refresh_token_twice"),
    (15, "sources/test_shopify", "without_read_all_orders_history_is_short_and_the_probe_says_so"),
    (16, "sources/test_shopify", "every_query_is_valid_in_every_live_version_of_the_vendors_schema"),
    (18, "sources/test_shopify", "lines_tax_and_total_agree_to_the_cent_in_the_shops_currency"),
    (18, "sources/test_woocommerce", "lines_taxes_shipping_and_discounts_of_every_order_make_its_total_to_the_cent"),
    (18, "sources/test_stripe", "minor_units_follow_the_currency"),
    (19, "pipelines/test_transform", "a_price_stands_as_net_tax_and_gross"),
    (20, "sources/test_shopify", "what_the_customer_paid_in_another_currency_stays_beside_the_shops_amount"),
    (21, "sources/test_records", "local_times_follow_the_clock_change"),
    (21, "sources/test_pos", "a_till_whose_clock_runs_fast_hides_no_sale_and_both_clocks_land"),
    (22, "sources/test_shopify", "a_product_without_options_has_one_variant"),
    (23, "odoo/test_publish_delivery", "an_unanswered_write_is_looked_up_by_key_and_never_sent_blindly"),
    (23, "odoo/test_wire", "an_ambiguous_upsert_is_settled_by_sending_it_again"),
    (24, "sources/test_bank", "several_statements_of_a_file_land_and_a_statement_that_comes_twice_lands_once"),
    (24, "sources/test_files", "files_on_a_server_are_read_as_those_in_a_folder_are"),
    (25, "flow/test_erasure", "an_erased_person_is_in_no_file_of_ours_and_the_next_run_does_not_bring_them_back"),
    (25, "sources/test_amazon", "no_buyer_of_the_marketplace_becomes_a_customer"),
]


@pytest.mark.parametrize(("number", "file", "sentence"), ELSEWHERE)
def test_what_an_acceptance_test_asks_beyond_one_stream_is_shown_elsewhere(number, file, sentence):
    assert number in NUMBERS
    text = (Path(__file__).parents[2] / f"{file}.py").read_text()
    found = re.search(rf"^((?:@.*\n)*)def test_{sentence}\(", text, re.MULTILINE)
    assert found, f"half of acceptance test {number} is shown by no test any more"
    assert "mark.skip(" not in found[1]


@pytest.mark.parametrize("number", NUMBERS)
def test_each_acceptance_test_applies_to_a_system_or_its_contract_says_why_not(number):
    about = {name.split("/")[0] for name in ABOUT.get(number, EVERY)}
    silent = [
        system
        for system, contract in CONTRACTS.items()
        if system not in about and not all(contract.why_not(number, stream) for stream in contract.streams)
    ]
    assert silent == []


@pytest.mark.parametrize("system", CONTRACTS)
def test_17_every_version_is_pinned_and_ninety_days_from_its_sunset_or_from_when_we_look_again(system):
    contract = CONTRACTS[system]
    unversioned = contract.why_not(17, next(iter(contract.streams)))
    assert contract.api_version or unversioned
    ends = contract.sunset_on or contract.review_on
    if ends is None:
        assert contract.kind not in ("rest", "graphql", "files")
        assert unversioned
    else:
        assert ends - date.today() > timedelta(days=90)
