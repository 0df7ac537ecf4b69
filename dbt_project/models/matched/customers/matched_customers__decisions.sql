{{ steward_decisions(ref('match_overrides'), ref('matched_customers__evidence')) }}
