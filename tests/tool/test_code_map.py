from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.code import Definition
from core.tokens import CHARS_PER_TOKEN
from tool.code_map import map_of


@dataclass
class Known:
    """What a map asks of an index."""

    text: str
    """A line for each file: its path, what it defines, a bar, what it uses."""

    def definitions(self) -> Sequence[Definition]:
        return [
            Definition(path, name, number, f"def {name}():")
            for path, names, _ in self._files()
            for number, name in enumerate(names, 1)
        ]

    def uses(self) -> Mapping[str, Sequence[str]]:
        return {path: used for path, _, used in self._files()}

    def _files(self) -> list[tuple[str, list[str], list[str]]]:
        halves = [line.partition("|") for line in self.text.strip().splitlines()]
        return [(head.split()[0], head.split()[1:], used.split()) for head, _, used in halves]


def best(known: Known, count: int, **given: object) -> str:
    """The definitions that are drawn when there is room for `count` of them in one file each."""
    drawn = map_of(known, below="", tokens=10_000, **given)
    for room in range(10, 10_000):
        shorter = map_of(known, below="", tokens=room / CHARS_PER_TOKEN, **given)
        if shorter.count("def ") == min(count, drawn.count("def ")):
            return " ".join(line.split()[2].rstrip("():") for line in shorter.splitlines() if "def " in line)
    return drawn


def test_what_many_files_use_comes_first() -> None:
    known = Known(
        "a.py one_thing | \nb.py two_thing |\nc.py use_c | two_thing\nd.py use_d | two_thing one_thing"
    )

    assert best(known, 1) == "two_thing"


def test_who_is_used_by_the_important_is_important() -> None:
    users = "\n".join(f"user{number}.py | busy_helper" for number in range(6))
    known = Known(
        f"a.py busy_helper | deep_inside\nb.py deep_inside |\nc.py rarely_used |\nd.py | rarely_used\n{users}"
    )

    assert best(known, 2) == "busy_helper deep_inside"


def test_a_plain_word_counts_less_than_a_name_that_means_one_thing() -> None:
    users = "\n".join(f"user{number}.py | text" for number in range(6))
    known = Known(f"a.py text |\nb.py read_header |\nc.py | read_header\n{users}")

    assert best(known, 1) == "read_header"


def test_a_name_that_everybody_defines_says_nothing() -> None:
    definers = "\n".join(f"definer{number}.py set_up |" for number in range(9))
    known = Known(f"{definers}\nz.py known_thing |\nuser1.py | set_up known_thing\nuser2.py | set_up set_up")

    assert best(known, 1) == "known_thing"


def test_what_is_worked_on_draws_its_neighbours_in() -> None:
    known = Known(
        "a.py one_thing |\nb.py two_thing |\nc.py use_c | one_thing\nd.py use_d | two_thing\ne.py use_e | one_thing"
    )

    assert best(known, 1) == "one_thing"
    assert best(known, 1, weights={"d.py": 5.0}) in ("two_thing", "use_d")


def test_a_map_keeps_to_its_room_and_to_the_order_of_files() -> None:
    files = "\n".join(f"f{number:02}.py thing_{number} other_{number} |" for number in range(30))
    known = Known(files)

    drawn = [map_of(known, below="", tokens=room / CHARS_PER_TOKEN) for room in range(0, 400, 7)]

    assert all(len(text) <= room for text, room in zip(drawn, range(0, 400, 7), strict=True))
    names = [[line for line in text.splitlines() if not line.startswith(" ")] for text in drawn]
    assert all(each == sorted(each) for each in names)
    assert map_of(known, below="", tokens=100) == map_of(Known(files), below="", tokens=100)


def test_what_is_not_ascii_takes_the_room_of_its_bytes() -> None:
    known = Known("a.py one |\nб.py заглавие |")

    assert map_of(known, below="", tokens=49 / CHARS_PER_TOKEN).splitlines()[0] == "a.py"
    assert "заглавие" not in map_of(known, below="", tokens=49 / CHARS_PER_TOKEN)
    assert "заглавие" in map_of(known, below="", tokens=60 / CHARS_PER_TOKEN)


def test_only_what_is_below_a_path_is_drawn() -> None:
    known = Known("src/a.py one_thing |\nsrc2/b.py two_thing |\nc.py | one_thing two_thing")

    assert map_of(known, below="src", tokens=300) == "src/a.py\n  1 def one_thing():"
    assert map_of(known, below="src/a.py", tokens=300) == "src/a.py\n  1 def one_thing():"


def test_nothing_is_drawn_of_nothing() -> None:
    assert map_of(Known(""), below="", tokens=300) == ""
    assert map_of(Known("a.py | name"), below="", tokens=300) == ""


def test_names_of_files_and_lines_stay_in_one_line() -> None:
    known = Known("a\u202eb.py one\u2066thing |")

    assert map_of(known, below="", tokens=300) == "a\\u202eb.py\n  1 def one\\u2066thing():"
