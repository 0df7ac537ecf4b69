{{ config(materialized='view') }}
{#- Which price rule of Odoo each golden price is about: the one we published, itself, or the one it prevailed over. -#}
select
    offers.record_id,
    coalesce(published.price_id, winners.price_id, offers.price_id) as price_id,
    records.system,
    records.source_key,
    records.published_id,
    true as is_active
from {{ ref('golden_prices__candidates') }} as offers
inner join {{ ref('matched_prices') }} as records on offers.record_id = records.record_id
left join {{ ref('golden_prices__candidates') }} as winners on offers.winner_record_id = winners.record_id
left join {{ ref('golden_prices') }} as published on records.published_id = published.price_id
where records.system = 'odoo' and (not offers.is_refused or records.published_id is not null)
