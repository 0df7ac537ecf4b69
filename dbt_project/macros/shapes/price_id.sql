{#- The id of a price: variant, list, store, kind, quantity and start say which price it is; amount and end may change. -#}
{% macro price_id(alias) -%}
'R-' || upper(left({{ payload_hash([
    alias ~ '.variant_id', alias ~ '.price_list', alias ~ '.store_code', alias ~ '.kind', alias ~ '.min_quantity',
    alias ~ '.valid_from_at',
]) }}, 16))
{%- endmacro %}
