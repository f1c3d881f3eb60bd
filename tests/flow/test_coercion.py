"""Values and their schemas, whatever they are."""

from hypothesis import given
from hypothesis import strategies as st

from flow.coercion import coerced, fits

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(["string", "integer", "number", "boolean", "array", "object"]).map(
    lambda kind: {"type": kind}
)
SCHEMAS = st.recursive(
    KINDS,
    lambda inner: (
        st.fixed_dictionaries({"type": st.just("array"), "items": inner})
        | st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)})
    ),
    max_leaves=3,
)


@given(item=PLAIN, schema=SCHEMAS)
def test_what_fits_stays_as_it_is(item: object, schema: dict[str, object]) -> None:
    whole = {"type": "object", "properties": {"a": schema}, "required": ["a"]}

    found, changes = coerced({"a": item}, whole)

    assert fits(item, schema) <= ((found, changes) == ({"a": item}, ()))


@given(item=PLAIN, schema=SCHEMAS)
def test_what_was_changed_is_told_and_stays_when_it_is_mended_again(
    item: object, schema: dict[str, object]
) -> None:
    whole = {"type": "object", "properties": {"a": schema}, "required": ["a"]}

    found, changes = coerced({"a": item}, whole)

    assert bool(changes) == (repr(found) != repr({"a": item}))
    assert coerced(found, whole) == (found, ())
