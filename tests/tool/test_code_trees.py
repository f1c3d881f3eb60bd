import pytest

from tool.code_trees import GRAMMARS, definitions_in

pytest.importorskip("tree_sitter_javascript", reason="the extra `code` is not installed")

SAMPLES = {
    ".js": ("function a(){}\nclass B { m(){} }\nconst f = (x) => x;\nlet no = 1;", ["a", "B", "B.m", "f"]),
    ".jsx": ("const Shop = () => <b>{open}</b>;", ["Shop"]),
    ".ts": (
        "interface I { a(): void }\nexport class C<T> { x = 1; m(a: T): string { return '' } }\n"
        "namespace N { function q() {} }\ntype K = 1;\nenum E { A }",
        ["I", "I.a", "C", "C.m", "N", "N.q", "K", "E"],
    ),
    ".tsx": ("export function Shop(): X { return <b/> }", ["Shop"]),
    ".go": (
        "package a\nfunc F() {}\nfunc (r *T) M() {}\nfunc (T) N() {}\nfunc (m *Map[K, V]) Get() {}\n"
        "type T struct { a int }",
        ["F", "T.M", "T.N", "Map.Get", "T"],
    ),
    ".sh": ("#!/bin/sh\nopen() {\n  echo 1\n}\nfunction shut { :; }\nopen\n", ["open", "shut"]),
    ".rs": (
        "struct S { a: i32 }\nimpl Shop for S { fn m(&self) {} }\nmod inner { fn q() {} }",
        ["S", "S", "S.m", "inner", "inner.q"],
    ),
    ".java": ("class A { void m() {} A() {} }\ninterface B { int q(); }", ["A", "A.m", "A.A", "B", "B.q"]),
    ".c": (
        "int *main(int a) { return 0; }\nstruct s { int a; };\ntypedef struct { int q; } t;\nstruct s *x;",
        ["main", "s", "t"],
    ),
    ".cpp": (
        "namespace n { class A { public: void m() {} int q(); }; }\nvoid A::z() {}\nint& g(int a) { return a; }\n"
        "template<class T> T f(T a) { return a; }",
        ["n", "n.A", "n.A.m", "A::z", "g", "f"],
    ),
}


@pytest.mark.parametrize("suffix", SAMPLES)
def test_what_is_defined_is_found(suffix: str) -> None:
    text, names = SAMPLES[suffix]

    found = sorted(definitions_in(text, suffix), key=lambda each: each.first)

    assert sorted(each.name for each in found) == sorted(names)


def test_every_grammar_can_be_loaded() -> None:
    assert [suffix for suffix in GRAMMARS if definitions_in("", suffix)] == []


@pytest.mark.parametrize("suffix", SAMPLES)
@pytest.mark.parametrize("text", ["(" * 50_000, "class A {" * 20_000, "\0\ufffd'\"`{", "}" * 1_000])
def test_nonsense_is_read_as_far_as_it_goes(suffix: str, text: str) -> None:
    assert isinstance(definitions_in(text, suffix), list)


def test_a_file_of_no_known_kind_is_said_to_be_none() -> None:
    with pytest.raises(ImportError):
        definitions_in("text", ".txt")
