from core.differences import difference


def test_a_difference_has_the_line_numbers_of_the_file() -> None:
    before = "".join(f"{number}\n" for number in range(1, 10_001))
    after = before.replace("\n5000\n", "\nfive\n")

    diff = difference(before, after)

    assert diff == "@@ -4997,7 +4997,7 @@\n 4997\n 4998\n 4999\n-5000\n+five\n 5001\n 5002\n 5003"


def test_a_long_difference_is_cut() -> None:
    diff = difference("", "".join(f"{number}\n" for number in range(1_000)))

    assert diff.count("\n") == 400
    assert diff.endswith("\n... 601 more lines of difference")


def test_texts_too_long_to_compare_are_counted() -> None:
    before, after = "a\n" * 3_000, "b\n" * 3_000

    assert difference(before, after) == "@@ 3,000 lines from 1 on replaced by 3,000 @@"


def test_the_same_text_has_no_difference() -> None:
    assert difference("a\n", "a\n") == ""
