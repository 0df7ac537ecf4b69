{#- Seeds are read as Python reads them, nothing guessed: of rows by several hands some may end in CRLF, and a value in single
quotes keeps them. -#}
{% macro duckdb__load_csv_rows(model, agate_table) %}
  {% set file = adapter.get_seed_file_path(model) | replace("'", "''") %}
  {% set sql = "copy " ~ this.render() ~ " from '" ~ file ~ "' " ~ form_of_seeds() %}
  {% set _ = adapter.add_query(sql, abridge_sql_log=true) %}
  {{ return(sql) }}
{% endmacro %}

{% macro form_of_seeds() %}
  {{ return("(format csv, header, delimiter ',', quote '\"', escape '\"', auto_detect false, strict_mode false)") }}
{% endmacro %}
