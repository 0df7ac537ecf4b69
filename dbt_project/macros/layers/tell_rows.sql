{#- Says in the log how many rows a table has now; Dagster plots it. Used as a post-hook, it adds no statement. -#}
{% macro tell_rows() -%}
  {%- if execute and model.config.materialized != 'view' -%}
    {%- do log('rows ' ~ run_query('select count(*) from ' ~ this).rows[0][0], info=true) -%}
  {%- endif -%}
{%- endmacro %}
