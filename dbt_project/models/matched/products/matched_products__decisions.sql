{{ steward_decisions(ref('match_overrides'), ref('matched_products__evidence')) }}
