select account, statement_number, opened_on
from (
    select
        account,
        statement_number,
        opened_on,
        opening_amount,
        lag(closing_amount) over (partition by account, currency order by closed_on, statement_number, record_id) as left_amount
    from {{ ref('stg_bank__statements') }}
    where not is_deleted
) as statements
where opening_amount <> left_amount
