{#- How many seconds a text says that a track or film lasts, as '4:24' or '1:02:03'; null if none. A time of day behind a date is none. -#}
{% macro duration_seconds(text) -%}
{%- set dated = "[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}[ tT]+[0-9]{1,2}:[0-9]{2}" -%}
{%- set said = "regexp_extract(regexp_replace(" ~ text ~ ", '" ~ dated ~ "', ' ', 'g'), '" ~ duration_pattern() ~ "'" -%}
nullif(
  60 * coalesce(try_cast({{ said }}, 2) as integer), 0) * 60 + 60 * coalesce(try_cast({{ said }}, 3) as integer), 0)
  + coalesce(try_cast({{ said }}, 4) as integer), 0), 0
)
{%- endmacro %}

{#- The text without it: it is no size. -#}
{% macro without_duration(text) -%}
regexp_replace({{ text }}, '{{ duration_pattern() }}', '\1 \5', 'g')
{%- endmacro %}

{% macro duration_pattern() -%}
(^|[^0-9:])(?:([0-9]{1,2}):)?([0-9]{1,3}):([0-5][0-9])($|[^0-9:])
{%- endmacro %}
