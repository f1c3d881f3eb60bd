"""A template that means harm reads nothing and comes to its end."""

import pytest

from servr.native.prompts.templates import FAULTS, MOST_CHARS, Template


@pytest.mark.parametrize(
    "text",
    [
        "{% include '/etc/passwd' %}",
        "{{ open('/etc/passwd').read() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.__class__ }}",
        "{{ raise_exception.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{% set ns = namespace(__class__=1) %}",
        "{% set ns = namespace() %}{% set ns.__class__ = 1 %}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    ],
)
def test_nothing_of_python_is_reached(text: str) -> None:
    try:
        found = Template(text).render({"messages": []})
    except FAULTS:
        found = ""

    assert found == ""


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% set _ = range(99999)|sum %}{% endfor %}",
        "{% macro f(n) %}{{ f(n - 1) if n }}{{ f(n - 1) if n }}{% endmacro %}{{ f(60) }}",
        "{% for a in [[[]]] recursive %}{{ loop([a, a]) }}{% endfor %}",
        "{{ 9 ** (9 ** 9) }}",
        "{% set ns = namespace(x=9) %}{% for a in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    ],
)
def test_what_has_no_end_is_ended(text: str) -> None:
    with pytest.raises(FAULTS):
        Template(text, most_steps=20_000).render({})


@pytest.mark.parametrize(
    "grows", ["ns.x + ns.x", "ns.x ~ ns.x", "ns.x * 2", "'%s%s' % (ns.x, ns.x)", "'{0}{0}'.format(ns.x)"]
)
def test_a_text_does_not_outgrow_memory(grows: str) -> None:
    text = (
        f"{{% set ns = namespace(x='x') %}}{{% for a in range(99) %}}{{% set ns.x = {grows} %}}{{% endfor %}}"
    )

    with pytest.raises(FAULTS, match="too large"):
        Template(text).render({})


def test_a_product_that_is_too_large_is_not_made() -> None:
    with pytest.raises(FAULTS, match="too large"):
        Template(f"{{{{ 'x' * {MOST_CHARS * 1_000_000} }}}}").render({})


def test_what_templates_use_is_there() -> None:
    text = (
        "{% for one in messages %}{% if loop.first %}{% continue %}{% endif %}{{ loop.length }}{{ one|tojson }}{% endfor %}"
        "{% generation %}é{% endgeneration %}{{ ['é', '<'] | tojson(indent=1) }}{{ strftime_now('%%') }}"
        "{% set ns = namespace(dict(a=1), b=2) %}{{ ns.a + ns.b }}{% for key, value in names.items() %}{{ key }}{% endfor %}"
    )

    found = Template(text).render({"messages": [1, {"a": "é"}], "names": {"b": 1}})

    assert found == '2{"a": "é"}é[\n "é",\n "<"\n]%3b'
