{#- An exact amount from minor units; the currencies listed have none. -#}
{% macro from_minor_units(value, currency) -%}
cast(
    cast({{ value }} as decimal(18, 0)) * case
        when lower({{ currency }}) in ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'ugx', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') then 1.00
        else 0.01
    end as decimal(18, 4)
)
{%- endmacro %}
