{#- Letters and digits that are as wide as Chinese ones, as Japanese forms demand them (３－２０), and syllables that are half as wide (ｱﾍﾞ), as all others are. -#}
{% macro half_width(value) -%}
{%- set odd = '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ－．＠＿＋／＆（），' ~ 'ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ' -%}
{%- set usual = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.@_+/&(),' ~ 'ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u3099\u309a' -%}
case when {{ matches(value, '[\\x{ff01}-\\x{ff9f}]') }} then translate({{ value }}, '{{ odd }}', '{{ usual }}') else {{ value }} end
{%- endmacro %}
