"""The kernel's reader of REST lists: each way of paging, lists that move meanwhile, caps, totals, refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from sources import rest
from sources.contract import Contract
from sources.errors import CapCrossed, Drift, NothingThere, RepeatingCursor, ShortRead
from sources.http import Account
from sources.records import Window

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
EVERYTHING = Window(None, NOW)


class Answers:
    """A client whose answers a function gives; `asked` are the requests."""

    def __init__(self, answer):
        self.answer_to, self.asked, self.headers, self.said = answer, [], {}, []
        self.account = SimpleNamespace(base_url="https://shop.example/api")

    def get(self, path, params=None, headers=None):
        parts = urlsplit(path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()} | dict(params or {})
        return self._answer(given if parts.path == "/things" else {"path": path, **given}, headers)

    def post(self, path, json=None, headers=None):
        return self._answer(json, headers)

    def _answer(self, given, headers):
        self.asked.append(given)
        self.said.append(headers)
        body, self.headers = self.answer_to(given)
        return body

    def fail(self, kind, problem, remedy=None):
        return kind("acme", "things", problem, remedy)


def stream(request, **more):
    columns = {"id": {"type": "integer"}, "at": {"type": "timestamp"}}
    base = {"description": "Things.", "domain": "orders", "cursor": "at", "page_size": 10, "columns": columns}
    one = {**base, "request": {"path": "/things", **request}, **more}
    given = {"system": "acme", "kind": "rest", "description": "Acme.", "owner": "us", "endpoint": "env:ACME"}
    return Contract.model_validate({**given, "streams": {"things": one}}).streams["things"]


def read(answer, spec, window=EVERYTHING):
    client, found, totals = Answers(answer), [], []
    for page in rest.read(client, spec, window):
        found += [record["id"] for record in page.records]
        totals += [] if page.total is None else [page.total]
    return found, totals, client.asked


def shelf(ids, start, size):
    return [{"id": one} for one in ids[start : start + size]]


def test_pages_by_number_end_at_the_total_even_if_a_page_comes_short():
    def answer(given):
        number = given["page"]
        return shelf(list(range(25)), (number - 1) * 10, 10), {"x-total": "25"}

    spec = stream({"total": "header:x-total", "paging": {"by": "number", "size_param": "limit"}})
    found, totals, asked = read(answer, spec)
    assert (found, totals) == (list(range(25)), [25])
    assert [given["page"] for given in asked] == [1, 2, 3]


def test_a_list_that_grows_shorter_between_numbered_pages_is_read_again():
    ids = list(range(30))

    def answer(given):
        if given["page"] == 2 and 3 in ids:
            ids.remove(3)
        return {"things": shelf(ids, (given["page"] - 1) * 10, 10), "count": len(ids)}, {}

    spec = stream({"records": "things", "total": "count", "paging": {"by": "number", "size_param": "limit"}})
    found, totals, _ = read(answer, spec)
    assert set(found) >= set(ids)
    assert totals == [30, 29]


@pytest.mark.parametrize("gone", [1, 2, 8, 12])
def test_records_that_vanish_between_pages_by_offset_hide_no_other(gone):
    ids, calls = list(range(45)), []

    def answer(given):
        calls.append(given)
        if len(calls) == 2:
            del ids[:gone]
        return shelf(ids, given["offset"], 10), {"x-total": str(len(ids))}

    spec = stream({"total": "header:x-total", "paging": {"by": "offset", "param": "offset", "size_param": "limit"}})
    found, _, _ = read(answer, spec)
    assert set(found) >= set(ids)


def test_a_query_language_is_written_out_and_counts_from_one():
    def answer(given):
        words = given["query"].split()
        return {"answer": {"things": shelf(list(range(25)), int(words[4]) - 1, int(words[6]))}}, {}

    spec = stream(
        {
            "records": "answer.things",
            "params": {"since": "1970-01-01", "version": 75},
            "lower": "since",
            "time_format": "%Y-%m-%d",
            "phrased": {"query": "things since '{since}' from {place} for {size}"},
            "paging": {"by": "offset", "param": "place", "first": 1, "size_param": "size"},
        }
    )
    found, _, asked = read(answer, spec)
    assert set(found) == set(range(25))
    assert asked[0] == {"version": 75, "query": "things since '1970-01-01' from 1 for 10"}
    _, _, asked = read(answer, spec, Window(NOW, NOW))
    assert "'2026-03-29'" in asked[0]["query"]


def test_a_list_that_is_left_out_where_it_is_empty_is_still_missed_where_another_stands():
    spec = stream({"records": "answer.things", "absent": True})
    assert read(lambda given: ({"answer": {}}, {}), spec)[0] == []
    with pytest.raises(Drift):
        read(lambda given: ({"answer": {"renamed": [{"id": 1}]}}, {}), spec)


def test_a_list_without_a_filter_is_read_from_the_newest_down_to_the_window_and_no_further():
    ids = list(range(50))

    def answer(given):
        newest = given["order"] == "changed"
        place = int(given.get("cursor", 0))
        shown = [{"id": n, "at": (NOW - timedelta(hours=n)).isoformat()} for n in (ids if newest else ids[::-1])]
        return {"things": shown[place : place + 10], "next": str(place + 10) if place < 40 else None}, {}

    request = {"records": "things", "params": {"order": "made"}, "newest_first": {"order": "changed"}}
    spec = stream({**request, "paging": {"by": "token", "param": "cursor", "next": "next"}})
    found, _, asked = read(answer, spec)
    assert (len(found), len(asked), asked[0]["order"]) == (50, 5, "made")
    found, _, asked = read(answer, spec, Window(NOW - timedelta(hours=14), NOW))
    assert (found, len(asked)) == (list(range(15)), 2)


def test_a_link_that_is_a_query_alone_is_of_the_same_list():
    def answer(given):
        place = int(given.get("after", 0))
        links = [{"rel": "self", "href": "x=1"}, {"rel": "next", "href": f"after={place + 10}&size=10"}]
        return {"data": shelf(list(range(30)), place, 10), "links": links if place < 20 else []}, {}

    spec = stream({"records": "data", "paging": {"by": "link", "next": "links.rel=next.href"}})
    found, _, asked = read(answer, spec)
    assert (found, asked[1]) == (list(range(30)), {"after": "10", "size": "10"})


def test_the_newest_window_has_no_end_where_the_vendor_refuses_one_near_its_own_now():
    request = {"lower": "since", "upper": "until", "behind": "2m"}
    spec = stream(request, settle_lag="2m")
    within = read(lambda given: ([], {}), spec, Window(NOW - timedelta(days=2), NOW - timedelta(days=1)))[2]
    newest = read(lambda given: ([], {}), spec, Window(NOW - timedelta(days=1), NOW, newest=True))[2]
    assert [set(asked) for asked in (*within, *newest)] == [{"since", "until"}, {"since"}]
    with pytest.raises(ValidationError, match=r"settle_lag must be at least request\.behind"):
        stream(request, settle_lag="1m")


def test_one_answer_that_is_full_is_cut_up_until_no_part_is():
    days = [(NOW - timedelta(days=n)).date().isoformat() for n in range(40)]

    def answer(given):
        within = [day for day in days if given["since"] <= day <= given["until"]]
        return [{"id": day} for day in within[: given["limit"]]], {}

    request = {"lower": "since", "upper": "until", "time_format": "%Y-%m-%d", "paging": {"size_param": "limit"}}
    spec = stream(request, resolution="1d")
    found, _, asked = read(answer, spec, Window(NOW - timedelta(days=39), NOW))
    assert (set(found), len(asked) > 4) == (set(days), True)
    with pytest.raises(CapCrossed):
        read(answer, stream(request, resolution="1d", page_size=1), Window(NOW - timedelta(days=39), NOW))


def test_records_that_never_stop_vanishing_end_in_an_error():
    ids = list(range(3000))

    def answer(given):
        del ids[:11]
        return shelf(ids, given["offset"], 10), {"x-total": str(len(ids))}

    spec = stream({"total": "header:x-total", "paging": {"by": "offset", "param": "offset", "size_param": "limit"}})
    with pytest.raises(ShortRead):
        read(answer, spec)


def test_a_link_is_followed_below_our_own_address_and_to_no_other_host():
    def answer(given):
        number = int(given.get("after", 0))
        link = f"https://{host}/api/things?after={number + 10}" if number < 20 else None
        return {"data": shelf(list(range(30)), number, 10), "links": {"next": link}}, {}

    spec = stream({"records": "data", "paging": {"by": "link", "next": "links.next"}})
    host = "shop.example"
    assert read(answer, spec)[0] == list(range(30))
    host = "elsewhere.example"
    with pytest.raises(Drift, match="another host"):
        read(answer, spec)


def test_a_link_header_names_the_next_page():
    def answer(given):
        number = int(given.get("page", 1))
        more = '</api/things?page=2>; rel="next", </api/things?page=9>; rel="last"' if number == 1 else ""
        return shelf(list(range(20)), (number - 1) * 10, 10), {"link": more}

    assert read(answer, stream({"paging": {"by": "link", "next": "header:link"}}))[0] == list(range(20))


def test_the_key_of_the_last_record_leads_on_while_the_flag_says_so():
    def answer(given):
        start = given.get("starting_after")
        start = 0 if start is None else int(start) + 1
        return {"data": shelf(list(range(25)), start, 10), "has_more": start + 10 < 25}, {}

    paging = {"by": "last_key", "param": "starting_after", "more": "has_more"}
    found, _, asked = read(answer, stream({"records": "data", "paging": paging}))
    assert found == list(range(25))
    assert [given.get("starting_after") for given in asked] == [None, "9", "19"]


def test_a_token_is_kept_for_the_next_run_and_then_stands_for_its_filter():
    def answer(given):
        start = int(given.get("cursor", given.get("start_time", 0)))
        return {"data": shelf(list(range(25)), start, 10), "next": str(start + 10), "end": start + 10 >= 25}, {}

    paging = {"by": "token", "param": "cursor", "next": "next", "more": "!end", "keep": True}
    spec = stream({"records": "data", "lower": "start_time", "time_format": "epoch", "paging": paging})
    client = Answers(answer)
    assert [page.position for page in rest.read(client, spec, EVERYTHING)][-1] == "30"
    again = Answers(answer)
    list(rest.read(again, spec, Window(NOW, NOW, "20")))
    assert again.asked == [{"cursor": "20"}]


def test_a_window_beyond_the_cap_is_read_in_halves():
    stamps = [NOW - timedelta(minutes=n) for n in range(200)]

    def answer(given):
        since, until = (datetime.fromisoformat(given[name]) for name in ("since", "until"))
        inside = sorted(n for n, at in enumerate(stamps) if since <= at <= until)
        return {"data": shelf(inside, (given["page"] - 1) * 10, 10), "total": len(inside)}, {}

    request = {"records": "data", "lower": "since", "upper": "until", "total": "total", "paging": {"by": "number"}}
    window = Window(NOW - timedelta(days=1), NOW)
    found, _, _ = read(answer, stream(request, page_cap=3), window)
    assert set(found) == set(range(200))
    stamps = [NOW] * 200
    with pytest.raises(CapCrossed):
        read(answer, stream(request, page_cap=3), window)


def test_a_list_that_hides_some_records_is_read_once_for_each_set_of_parameters():
    kept = {"any": [1, 2], "trash": [3]}

    def answer(given):
        return [{"id": one} for one in kept[given["status"]]], {"x-total": str(len(kept[given["status"]]))}

    request = {"passes": [{"status": "any"}, {"status": "trash"}], "total": "header:x-total"}
    found, totals, _ = read(answer, stream(request))
    assert (found, totals) == ([1, 2, 3], [3])


@pytest.mark.parametrize(
    ("body", "request_facts"),
    [
        ({"other": []}, {"records": "data"}),
        ({"data": {}}, {"records": "data"}),
        ({"data": []}, {"records": "data", "total": "count"}),
        ({"data": [], "more": "no"}, {"records": "data", "paging": {"by": "token", "next": "n", "more": "more"}}),
    ],
)
def test_an_answer_without_what_the_contract_promises_is_drift_and_no_end(body, request_facts):
    with pytest.raises(Drift):
        read(lambda given: (body, {}), stream(request_facts))


def test_a_token_that_comes_again_is_a_loop():
    def answer(given):
        return {"data": [{"id": given.get("cursor", "0")}], "next": "1"}, {}

    paging = {"by": "token", "param": "cursor", "next": "next"}
    with pytest.raises(RepeatingCursor):
        read(answer, stream({"records": "data", "paging": paging}))


def test_a_search_has_its_filters_in_a_body_and_goes_on_behind_the_last_key_however_many_share_a_time():
    ids = list(range(95))

    def answer(given):
        assert given["filters"][1] == {"field": "at", "value": "2026-03-29T15:00:00Z"}
        left = [one for one in ids if one > int(given["filters"][0]["value"])]
        return {"data": shelf(left, 0, given["limit"]), "total": len(left)}, {}

    filters = [{"field": "id", "value": "-1"}, {"field": "at", "value": "2000-01-01T00:00:00Z"}]
    paging = {"by": "last_key", "param": "filters.0.value", "size_param": "limit", "counts": "left"}
    request = {"method": "post", "records": "data", "total": "total", "params": {"filters": filters}, "paging": paging}
    spec = stream({**request, "lower": "filters.1.value"})
    found, totals, asked = read(answer, spec, Window(NOW, NOW))
    assert (found, totals) == (ids, [95])
    assert [given["filters"][0]["value"] for given in asked][:3] == ["-1", "9", "19"]
    assert spec.request.params["filters"] == filters


def test_a_body_without_the_place_that_a_filter_goes_to_is_refused_when_the_contract_is_read():
    request = {"method": "post", "params": {"filters": []}, "lower": "filters.0.value"}
    with pytest.raises(ValidationError, match=r"nothing stands at filters\.0\.value"):
        stream(request)


def test_a_filter_may_be_a_header():
    client = Answers(lambda given: ([{"id": 1}], {}))
    spec = stream({"lower": "header:If-Modified-Since", "time_format": "%Y-%m-%dT%H:%M:%S"})
    assert [len(page) for page in rest.read(client, spec, Window(NOW, NOW))] == [1]
    assert (client.asked, client.said) == ([{}], [{"If-Modified-Since": "2026-03-29T15:00:00"}])


def test_the_children_of_every_parent_in_the_window_are_read_and_say_whose_they_are():
    children = {"/orders/a%2F1/things": [1, 2], "/orders/b/things": [], "/orders/c/things": [3]}

    def answer(given):
        if given["path"] == "/orders":
            assert given["since"] == "2026-03-29T15:00:00Z"
            return {"orders": [{"no": "a/1"}, {"no": "b"}, {"no": "c"}, {"no": "c"}]}, {}
        return [{"id": one} for one in children[given["path"]]], {}

    parent = {"path": "/orders", "records": "orders", "key": "no", "name": "order", "lower": "since"}
    spec = stream({"path": "/orders/{parent}/things", "parent": parent})
    client = Answers(answer)
    records = [record for page in rest.read(client, spec, Window(NOW, NOW)) for record in page.records]
    assert records == [{"id": 1, "order": "a/1"}, {"id": 2, "order": "a/1"}, {"id": 3, "order": "c"}]
    assert len(client.asked) == 4


def test_a_filter_by_creation_is_asked_for_as_much_earlier_as_records_still_change():
    spec = stream({"lower": "since", "tail": "10d"})
    assert read(lambda given: ([{"id": 1}], {}), spec, Window(NOW, NOW))[2] == [{"since": "2026-03-19T15:00:00Z"}]


def test_a_parents_key_may_go_into_a_parameter_beside_the_childs_own_filter():
    def answer(given):
        if given["path"] == "/places":
            return {"places": [{"id": "p1"}, {"id": "p2"}]}, {}
        return {"found": [{"id": given["place"]}]}, {}

    parent = {"path": "/places", "records": "places", "into": "place"}
    spec = stream({"path": "/search", "records": "found", "lower": "since", "parent": parent})
    found, _, asked = read(answer, spec, Window(NOW, NOW))
    assert found == ["p1", "p2"]
    assert [given.get("since") for given in asked] == [None, "2026-03-29T15:00:00Z", "2026-03-29T15:00:00Z"]


def test_a_list_that_is_left_out_when_empty_is_missed_when_another_stands_in_its_place():
    spec = stream({"records": "things", "absent": True})
    assert read(lambda given: ({}, {}), spec)[0] == []
    with pytest.raises(Drift, match="no list stands at things"):
        read(lambda given: ({"goods": [{"id": 1}]}, {}), spec)


def test_totals_of_the_lists_below_each_record_add_up_and_one_that_is_said_not_to_exist_counts_nothing():
    def answer(given):
        if given["path"] == "/goods":
            return {"goods": [{"sku": "a"}, {"sku": "b"}, {"sku": "c"}]}, {}
        if given["sku"] == "b":
            raise NothingThere("acme", "things", "HTTP 404")
        return {"offers": [{"id": given["sku"]}], "total": 1}, {}

    parent = {"path": "/goods", "records": "goods", "key": "sku", "into": "sku"}
    spec = stream({"path": "/offers", "records": "offers", "total": "total", "parent": parent})
    assert read(answer, spec)[:2] == (["a", "c"], [2])


def test_a_record_without_the_key_of_the_list_below_it_is_drift_and_its_list_is_not_passed_over():
    parent = {"path": "/goods", "records": "goods", "key": "sku", "into": "sku"}
    spec = stream({"path": "/offers", "records": "offers", "parent": parent})
    with pytest.raises(Drift, match="no key stands at sku"):
        read(lambda given: ({"goods": [{"number": "a"}]}, {}), spec)


def test_both_ends_of_a_window_may_stand_in_one_parameter():
    spec = stream({"lower": "filter", "upper": "filter", "range": "changed:[{0}..{1}]"})
    asked = read(lambda given: ([{"id": 1}], {}), spec, Window(NOW - timedelta(hours=1), NOW))[2]
    assert asked == [{"filter": "changed:[2026-03-29T14:00:00Z..2026-03-29T15:00:00Z]"}]
    late = stream(
        {"lower": "filter", "upper": "filter", "range": "changed:[{0}..{1}]", "behind": "2m"}, settle_lag="2m"
    )
    newest = Window(NOW - timedelta(hours=1), NOW, newest=True)
    assert read(lambda given: ([{"id": 1}], {}), late, newest)[2] == [{"filter": "changed:[2026-03-29T14:00:00Z..]"}]
    with pytest.raises(ValidationError, match="lower and upper at once"):
        stream({"lower": "filter", "range": "changed:[{0}..{1}]"})


def test_a_list_on_another_host_of_the_vendors_is_asked_for_there():
    client = Answers(lambda given: ([{"id": 1}], {}))
    assert [len(page) for page in rest.read(client, stream({"host": "ledger"}), EVERYTHING)] == [1]
    assert client.asked == [{"path": "{ledger}/things"}]
    account = Account("acme", "https://acme.test", None, None, hosts={"ledger": "https://money.acme.test/"})
    assert account.address("{ledger}/things") == "https://money.acme.test/things"
    assert account.address("/things") == "https://acme.test/things"


def test_an_answer_without_a_body_where_nothing_happened_is_an_empty_list_with_nothing_in_it():
    spec = stream({"records": "things", "total": "total", "absent": True})
    assert read(lambda given: ({}, {}), spec)[:2] == ([], [0])
    with pytest.raises(Drift):
        read(lambda given: ({}, {}), stream({"records": "things", "total": "total"}))


def test_a_record_may_stand_inside_an_entry_of_its_list():
    spec = stream({"records": "edges", "each": "node"})
    assert read(lambda given: ({"edges": [{"node": {"id": 1}}, {"node": {"id": 2}}]}, {}), spec)[0] == [1, 2]
    with pytest.raises(Drift, match="no record stands at node"):
        read(lambda given: ({"edges": [{"knot": {"id": 1}}]}, {}), spec)


def test_a_place_in_a_body_may_be_null_by_default():
    request = {"method": "post", "params": {"variables": {"after": None}}, "records": "found"}
    spec = stream({**request, "paging": {"by": "token", "param": "variables.after", "next": "next"}})

    def answer(given):
        after = given["variables"]["after"]
        return {"found": [{"id": after or "first"}], "next": None if after else "b"}, {}

    assert read(answer, spec)[0] == ["first", "b"]
