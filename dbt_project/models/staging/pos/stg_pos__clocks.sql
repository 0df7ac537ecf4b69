{#- What a till stamps cannot lie after the central database took it in. In each ten minutes of arrivals the message that lies
    furthest after is the one that waited least, so it shows best by how much the till runs ahead (Cristian, Probabilistic clock
    synchronization, 1989: the least delay bounds the error). A clock that runs behind looks the same as a message that waited, and is
    left alone; more than an hour ahead is a wrong date, which is cut off at the arrival and says nothing of its neighbours. What is
    found holds for the ten minutes before and after too, so that a batch across the border has one clock. -#}
{{ config(unique_key='clock_id') }}
{%- set streams = [source('pos', 'receipts'), source('pos', 'customers')] -%}
{%- set parts = [] -%}
{%- if incrementally() -%}
  {%- for stream in streams if new_files_of(stream) -%}
    {%- for shift in (-1, 0, 1) -%}
      {%- do parts.append('select ' ~ clock_id('updated_at', shift) ~ ' from ' ~ new_files_of(stream)) -%}
    {%- endfor -%}
  {%- endfor -%}
{%- endif -%}
{%- set keys = touch_keys(parts) -%}
with arrivals as (
{%- for stream in streams %}
    select
        _unit,
        updated_at,
        epoch_us(_event_at) - epoch_us(updated_at) as ahead_us
    from {{ stream }}
    where epoch_us(_event_at) - epoch_us(updated_at) between 1000000 and 3600000000
    {{- ' union all' if not loop.last }}
{%- endfor %}
),

slots as (
{%- for shift in (-1, 0, 1) %}
    select
        {{ clock_id('updated_at', shift) }} as clock_id,
        ahead_us
    from arrivals
    {{- ' union all' if not loop.last }}
{%- endfor %}
)

select
    clock_id,
    max(ahead_us) as ahead_us
from slots
where clock_id is not null and {{ is_touched(keys, 'clock_id') }}
group by clock_id
