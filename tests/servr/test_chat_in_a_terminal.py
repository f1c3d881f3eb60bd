"""The installed command in a pseudo-terminal, as a person sees and uses it."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.scripted_server import Gate, ScriptedServer, call, say
from tests.scripted_server.replies import slowly
from tests.servr.person import CTRL_C, CTRL_D, ESCAPE, chatting

pytestmark = [pytest.mark.server, pytest.mark.slow]


def test_a_reply_is_on_the_screen_while_it_is_still_being_said(workspace: Path) -> None:
    rest = Gate()
    script = [say("The first half", rest, " and the second.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Tell me.")
        person.sees("The first half")
        rest.open()
        person.sees(" and the second.")
        person.answer("exit")

        assert person.leaves() == 0

    assert "roost · m at http://127.0.0.1" in person.screen
    assert "permission ask" in person.screen


def test_a_command_runs_only_after_a_yes(workspace: Path) -> None:
    script = [
        call("shell", command="echo made > made.txt"),
        say("Then not."),
        call("shell", command="echo made > made.txt"),
        say("Made."),
    ]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Make a file.")
        person.sees("command: echo made > made.txt")
        person.answer("n not that way")
        person.sees("Then not.")
        refused = not (workspace / "made.txt").exists()
        person.answer("Yes, do.")
        person.sees("May it run shell?")
        person.answer("y")
        person.sees("● shell echo made > made.txt")
        person.sees("exit 0")
        person.sees("Made.")
        person.answer("exit")

        assert person.leaves() == 0

    assert refused
    assert (workspace / "made.txt").read_text() == "made\n"
    told = server.requests[1].messages[-1]
    assert (told["role"], "The user said no, because not that way." in told["content"]) == ("tool", True)


def test_a_card_and_a_reply_in_markdown_are_drawn_and_what_is_folded_is_opened(workspace: Path) -> None:
    script = [call("shell", command="seq 101 140"), say("It **is** done.\n\n| a | b |\n|---|---|\n| 1 | 2 |")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Count.")
        person.answer("y")
        person.sees("● shell seq 101 140 · exit 0")
        person.sees("… 28 more lines (/show 1)")
        person.sees("It is done.")
        person.sees("──┼──")
        person.answer("/show 1")
        person.sees("  120")
        person.answer("/show 9")
        person.sees("Nothing is folded under 9.")
        person.answer("/show x")
        person.sees("'x' is no number")
        person.answer("exit")

        assert person.leaves() == 0

    assert "**" not in person.screen


def test_ctrl_c_ends_the_turn_and_the_conversation_goes_on(workspace: Path) -> None:
    never = Gate()
    script = [say("I begin", never), say("I go on.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Work.")
        person.sees("I begin")
        person.type(CTRL_C)
        person.sees("interrupted")
        person.answer("Go on.")
        person.sees("I go on.")
        never.open()
        person.answer("")
        person.type(CTRL_D)

        assert person.leaves() == 0

    said = [message["content"] for message in server.requests[1].messages]
    assert "I begin" in said[-2]
    assert said[-1] == "Go on."


def test_ctrl_c_thrice_in_one_breath_ends_the_turn_alone(workspace: Path) -> None:
    never = Gate()
    script = [say("I begin", never), say("I go on.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Work.")
        person.sees("I begin")
        person.type(CTRL_C * 3)
        person.sees("interrupted")
        person.answer("Go on.")
        person.sees("I go on.")
        never.open()
        person.answer("exit")

        assert person.leaves() == 0


def test_ctrl_c_ends_a_command_and_all_it_started(workspace: Path) -> None:
    os.mkfifo(workspace / "alive")  # ends when nobody holds it any more
    script = [call("shell", command="exec 8> alive; echo here >&8; sleep 300 & sleep 300"), say("Stopped.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Wait.")
        person.answer("y")
        person.sees("○ shell")
        alive = (workspace / "alive").open("rb", buffering=0)
        assert alive.read(5) == b"here\n"
        person.type(CTRL_C)
        person.sees("interrupted")
        person.answer("What now?")
        person.sees("Stopped.")
        person.answer("exit")

        assert person.leaves() == 0

    with alive:
        assert alive.read(1) == b""


def test_ctrl_c_at_a_question_and_at_the_prompt(workspace: Path) -> None:
    script = [call("shell", command="true"), say("Fine.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Run it.")
        person.sees("Allow it?")
        person.type(CTRL_C)
        person.sees("interrupted")
        person.answer("And now?")
        person.sees("Fine.")
        person.is_asked()
        person.type("half a line" + CTRL_C)
        person.sees("Ctrl-C once more leaves.")
        person.is_asked()
        person.type(CTRL_C)

        assert person.leaves() == 0


def test_what_will_be_asked_is_read_in_advance_byte_for_byte(workspace: Path) -> None:
    (workspace / "AGENTS.md").write_text("Be kind.")
    with ScriptedServer([say("Noted."), say("It was blue.")]) as server:
        for flags, prompt, answer in ([], "My colour is blue.", "Noted."), (["-c"], "Which?", "It was blue."):
            with chatting(workspace, server.url, *flags) as person:
                person.answer(prompt)
                person.sees(answer)
                person.answer("exit")
                assert person.leaves() == 0

    assert len(server.app.read) == len(server.requests) == 2
    for ahead, asked in zip(server.app.read, server.requests, strict=True):
        assert asked.body.startswith(ahead.body.removesuffix(b'"}],"max_tokens":1}'))
        assert b"Be kind." in ahead.body
    assert b"Noted." in server.app.read[1].body


def test_while_the_model_is_silent_a_line_says_what_it_is_at_and_then_goes(workspace: Path) -> None:
    silent = Gate()
    with ScriptedServer([say(silent, "Done.")]) as server, chatting(workspace, server.url) as person:
        person.answer("Work.")
        person.sees("reading, ")
        silent.open()
        person.sees("Done.")
        person.answer("/context")
        person.sees("The server does not say what it keeps in its cache.")
        person.answer("exit")

        assert person.leaves() == 0

    assert re.search(r"reading, \d+ s.*?\x1b\[J.*?Done\.", person.raw, re.DOTALL)


def test_a_session_is_taken_up_again(workspace: Path) -> None:
    with ScriptedServer([say("Noted."), say("It was blue.")]) as server:
        with chatting(workspace, server.url) as person:
            person.answer("My colour is blue.")
            person.sees("Noted.")
            person.answer("exit")
            assert person.leaves() == 0

        with chatting(workspace, server.url, "--continue") as person:
            person.answer("What was my colour?")
            person.sees("It was blue.")
            person.answer("quit")
            assert person.leaves() == 0

    before, after = (request.messages for request in server.requests)
    assert after[: len(before)] == before
    assert [message["role"] for message in after[len(before) :]] == ["assistant", "user"]


def test_a_question_of_the_model_is_answered_by_number(workspace: Path) -> None:
    script = [call("ask_user", question="Which colour?", choices=["red", "blue"]), say("Blue it is.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Paint it.")
        person.sees("2. blue")
        person.answer("2")
        person.sees("Blue it is.")
        person.answer("exit")

        assert person.leaves() == 0

    assert server.requests[1].messages[-1]["content"] == "The user answered: blue"


def test_the_model_is_changed_in_the_middle_of_a_chat_and_one_that_is_named_wins_later(
    workspace: Path,
) -> None:
    (workspace / "a.txt").touch()
    listed = [{"id": name, "object": "model", "context_length": 32_768} for name in ("m", "gemma-3-4b-it")]
    script = [
        call("list_files"),
        say("There is a.txt."),
        say('<tool name="list_files">{}</tool>'),
        say("It is still there."),
        say("Go on."),
    ]
    with ScriptedServer(script, pages={"/v1/models": {"object": "list", "data": listed}}) as server:
        with chatting(workspace, server.url) as person:
            person.answer("What is here?")
            person.sees("There is a.txt.")
            person.answer("/model")
            person.sees("* m ")
            person.sees("  gemma-3-4b-it")
            person.sees("In use: m.")
            person.answer("/model gema-3-4b-it")
            person.sees("There is no model 'gema-3-4b-it'. Did you mean gemma-3-4b-it?")
            person.answer("/model gemma")
            person.sees("Going on with gemma-3-4b-it")
            person.answer("And now?")
            person.sees("It is still there.")
            person.answer("exit")
            assert person.leaves() == 0
        with chatting(workspace, server.url, "--continue") as person:
            person.sees("roost · m at ")
            person.answer("/model back")
            person.sees("There is no model to go back to.")
            person.answer("Well?")
            person.sees("Go on.")
            person.answer("exit")
            assert person.leaves() == 0

    assert [request.json["model"] for request in server.requests] == ["m"] * 2 + ["gemma-3-4b-it"] * 2 + ["m"]
    assert [message["role"] for message in server.requests[3].messages][-2:] == ["assistant", "user"]
    assert [message["role"] for message in server.requests[4].messages][-4:-1] == [
        "assistant",
        "tool",
        "assistant",
    ]


def test_what_a_turn_did_is_looked_at_taken_back_and_brought_back(workspace: Path) -> None:
    (workspace / "a.txt").write_text("alpha\n")
    script = [
        call("shell", command="echo beta > a.txt; printf 'x\\033[2J' > new.txt"),
        say("Done."),
        say("I see that."),
    ]
    flags = ("--permission", "full", "--sandbox", "external")
    with ScriptedServer(script) as server, chatting(workspace, server.url, *flags) as person:
        person.answer("Change it.")
        person.sees("changed ~a.txt, +new.txt")
        person.sees("Done.")
        person.answer("/diff")
        person.sees("+ x␛[2J")
        (workspace / "a.txt").write_text("mine\n")
        person.answer("/undo")
        person.sees("a.txt: it was changed since")
        person.answer("what?")
        person.sees("Answer one of o/k/s")
        person.answer("k")
        person.sees("taken back: -new.txt")
        kept = (workspace / "a.txt").read_text()
        person.answer("/redo")
        person.sees("brought back: +new.txt")
        person.answer("/rewind")
        person.sees("   1  ")
        person.answer("/rewind 0")
        person.sees("o overwrite them")
        person.answer("o")
        person.sees("The conversation goes on from an earlier step")
        person.answer("And now?")
        person.sees("I see that.")
        person.answer("exit")

        assert person.leaves() == 0

    assert kept == "mine\n"
    assert {file.name: file.read_text() for file in workspace.glob("*.txt")} == {"a.txt": "alpha\n"}
    assert re.search(r"\x1b\[[\d;]+m[ \d]*\+ beta", person.raw)
    assert re.search(r"\x1b\[[\d;]+m[ \d]*- alpha", person.raw)
    assert [message["role"] for message in server.requests[2].messages] == ["system", "user"]


def test_a_question_about_files_is_left_with_ctrl_c_and_nothing_is_done(workspace: Path) -> None:
    script = [call("write_file", path="a.txt", content="agent"), say("Done.")]
    flags = ("--permission", "full", "--sandbox", "external")
    with ScriptedServer(script) as server, chatting(workspace, server.url, *flags) as person:
        person.answer("Write it.")
        person.sees("Done.")
        (workspace / "a.txt").write_text("mine")
        person.answer("/undo")
        person.sees("o overwrite them")
        person.is_asked()
        person.type(CTRL_C)
        person.answer("/diff 7")
        person.sees("There is no step 7.")
        person.answer("exit")

        assert person.leaves() == 0

    assert (workspace / "a.txt").read_text() == "mine"


def test_a_secret_in_a_file_is_not_shown_by_a_difference(workspace: Path) -> None:
    script = [call("shell", command="echo 4321ponmlkjihgfedcba-ks | rev > a.txt"), say("Done.")]
    flags = ("--permission", "full", "--sandbox", "external")
    (workspace.parent / "home" / ".config" / "roost").mkdir(parents=True)
    (workspace.parent / "home" / ".config" / "roost" / ".env").write_text(
        "AGENT_API_KEY=sk-abcdefghijklmnop1234\n"
    )
    with ScriptedServer(script) as server, chatting(workspace, server.url, *flags) as person:
        person.answer("Write it.")
        person.sees("Done.")
        person.answer("/diff")
        person.sees("+ [masked AGENT_API_KEY]")
        person.answer("exit")

        assert person.leaves() == 0

    assert "sk-abcdefghijklmnop1234" not in person.screen


def test_what_is_typed_while_it_works_is_shown_and_steers_the_next_step(workspace: Path) -> None:
    silent = Gate()
    script = [slowly(call("list_files"), silent), say("Then so.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Look around.")
        person.sees("reading, ")
        person.type("Only look for tests.\r")
        person.sees("queued: Only look for tests.")
        silent.open()
        person.sees("> Only look for tests.")
        person.sees("Then so.")
        person.answer("exit")

        assert person.leaves() == 0

    told = [message for message in server.requests[1].messages if message["role"] != "system"]
    assert [message["role"] for message in told][:2] == ["user", "assistant"]
    assert "Only look for tests." in told[-1]["content"]


def test_what_no_step_read_any_more_is_the_next_prompt(workspace: Path) -> None:
    silent = Gate()
    script = [say("I begin.", silent, " I end."), say("And then that.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Begin.")
        person.sees("I begin.")
        person.type("Then that.\r")
        person.sees("queued: Then that.")
        person.type("And this.\r")
        person.sees("queued: And this.")
        silent.open()
        person.sees("I end.")
        person.sees("> Then that.")
        person.sees("And then that.")
        person.answer("exit")

        assert person.leaves() == 0

    assert server.requests[1].messages[-1]["content"] == "Then that.\n\nAnd this."


def test_a_question_does_not_run_into_a_line_that_was_begun(workspace: Path) -> None:
    silent = Gate()
    script = [slowly(call("shell", command="true"), silent), say("Fine.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Run it.")
        person.sees("reading, ")
        person.type("y")
        person.sees("y")
        silent.open()
        person.is_asked()
        person.type("es, but gently\r")
        person.sees("queued: yes, but gently")
        person.type("n\r")
        person.sees("refused")
        person.sees("> yes, but gently")
        person.sees("Fine.")
        person.answer("exit")

        assert person.leaves() == 0

    assert "The user said no" in server.requests[1].messages[-2]["content"]


def test_a_line_that_is_put_aside_comes_back_after_the_question(workspace: Path) -> None:
    silent = Gate()
    script = [slowly(call("shell", command="true"), silent), say("Fine."), say("Done.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("Run it.")
        person.sees("reading, ")
        person.type("And the")
        person.sees("And the")
        silent.open()
        person.sees("A question waits")
        person.type(ESCAPE)
        person.sees("Allow it?")
        person.type("y\r")
        person.sees("allowed (once)")
        person.sees("Fine.")
        person.is_asked()
        person.type("n?\r")
        person.sees("Done.")
        person.answer("exit")

        assert person.leaves() == 0

    assert server.requests[2].messages[-1]["content"] == "And then?"


def test_a_session_is_left_and_taken_up_again_in_the_same_chat(workspace: Path) -> None:
    script = [say("It is noted."), say("Which colour?"), say("It was blue.")]
    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("My colour is blue.")
        person.sees("It is noted.")
        person.answer("/clear")
        identity = re.search(r"/resume (\S+) goes back", person.sees(" goes back.") + " goes back.")
        assert identity
        person.sees("roost · m")
        person.answer("What was my colour?")
        person.sees("Which colour?")
        person.answer("/sessions")
        person.sees("My colour is blue.")
        person.answer(f"/resume {identity[1]}")
        person.sees("roost · m")
        person.answer("And now?")
        person.sees("It was blue.")
        person.answer("exit")

        assert person.leaves() == 0

    asked = [
        [message["content"] for message in request.messages if message["role"] == "user"]
        for request in server.requests
    ]
    assert [len(said) for said in asked] == [1, 1, 2]
    assert "My colour is blue." in asked[2][0]


def test_a_session_of_another_folder_is_taken_up_in_that_folder(workspace: Path) -> None:
    other = workspace.parent / "other"
    other.mkdir()
    with ScriptedServer([say("It is noted."), say("It was blue.")]) as server:
        with chatting(other, server.url) as person:
            person.answer("My colour is blue.")
            person.sees("It is noted.")
            person.answer("exit")
            person.leaves()
        with chatting(workspace, server.url, "--max-steps", "7") as person:
            person.answer("/sessions blue")
            listed = re.search(r"(\d{8}-\d{6}-\w+)", person.sees("[" + str(other)))
            assert listed
            person.answer(f"/resume {listed[1]}")
            person.sees(f"That session belongs to {other}: going there.")
            person.sees("Going on with session")
            person.answer("What was my colour?")
            person.sees("It was blue.")
            person.answer("!!pwd")
            person.sees(str(other))
            person.answer("/settings max_steps")
            person.sees("7")
            person.answer("/clear")
            person.sees("A new session.")
            person.sees("/other")
            person.answer("exit")

            assert person.leaves() == 0

    assert [message["content"] for message in server.requests[1].messages if message["role"] == "user"][
        1:
    ] == ["What was my colour?"]


def test_a_session_that_another_chat_has_open_is_told_of(workspace: Path) -> None:
    with ScriptedServer([say("It is noted.")]) as server, chatting(workspace, server.url) as first:
        first.answer("My colour is blue.")
        first.sees("It is noted.")
        first.is_asked()
        with chatting(workspace, server.url, "--continue") as second:
            second.sees("is in use by another process. Read it with")

            assert second.leaves() == 4
        first.type("exit\r")

        assert first.leaves() == 0


def test_a_folder_that_is_gone_leaves_the_chat_where_it_is(workspace: Path) -> None:
    other = workspace.parent / "other"
    other.mkdir()
    with ScriptedServer([say("It is noted."), say("Still here.")]) as server:
        with chatting(other, server.url) as person:
            person.answer("My colour is blue.")
            person.sees("It is noted.")
            person.answer("exit")
            person.leaves()
        (identity,) = [
            path.stem for path in (workspace.parent / "data").rglob("*.jsonl") if "other" in str(path)
        ]
        shutil.rmtree(other)
        with chatting(workspace, server.url) as person:
            person.answer(f"/resume {identity}")
            person.sees("which is no folder any more.")
            person.answer("Are you there?")
            person.sees("Still here.")
            person.answer("exit")

            assert person.leaves() == 0


def test_a_command_of_the_persons_own_is_shown_and_told_unless_they_say_otherwise(workspace: Path) -> None:
    with ScriptedServer([say("I see.")]) as server, chatting(workspace, server.url) as person:
        person.answer("!echo se''en; exit 3")
        person.sees("  seen")
        person.sees("exit code 3")
        person.answer("!!echo hid''den")
        person.sees("  hidden")
        person.sees("exit code 0")
        person.answer("!sleep 300")
        person.sees("> !sleep 300")
        person.type(CTRL_C)
        person.sees("  stopped")
        person.answer("What did I run?")
        person.sees("I see.")
        person.answer("exit")

        assert person.leaves() == 0

    told = json.dumps(server.requests[0].messages)
    assert "echo se''en; exit 3" in told
    assert "Exit code 3" in told
    assert "hid" not in told
    assert "sleep" not in told


def test_a_long_paste_is_a_chip_and_is_sent_whole(workspace: Path) -> None:
    pasted = "\n".join(f"line {number}" for number in range(200))
    with ScriptedServer([say("Read.")]) as server, chatting(workspace, server.url) as person:
        person.is_asked()
        person.type(f"Look: \x1b[200~{pasted}\x1b[201~")
        person.sees("[paste 1: 200 lines]")
        person.type("\r")
        person.sees("Read.")
        person.answer("one\\")
        person.type("two\x1b\rthree\r")
        person.sees("> one")
        person.answer("exit")
        person.leaves()

    assert server.requests[0].messages[-1]["content"].endswith(f"Look: {pasted}")


def test_a_fact_is_kept_in_a_chat_found_in_the_next_session_and_forgotten(workspace: Path) -> None:
    replies = [say("Hello."), say("I see."), say("8080.")]
    with ScriptedServer(replies) as server, chatting(workspace, server.url) as person:
        person.answer("Hi.")
        person.sees("Hello.")
        person.answer("/memory store The port is 8080")
        person.sees("and new sessions begin with it")
        person.answer("/memory store user Don't shout")
        person.sees("#2     Don't shout")
        person.sees("and new sessions begin with it")
        person.answer("/memory search port")
        person.sees("#1     The port is 8080")
        person.answer("/memory forget 7")
        person.sees("There is no fact #7.")
        person.answer("/memory rename")
        person.sees("Type /memory, /memory store TEXT")
        person.answer("Do you know it?")
        person.sees("I see.")
        person.answer("/clear")
        person.sees("goes back.")
        person.answer("Which port?")
        person.sees("8080.")
        person.answer("/memory forget #1")
        person.sees("Forgotten:")
        person.answer("exit")

        assert person.leaves() == 0

    heads = [str(request.messages[1]["content"]) for request in server.requests]
    assert ["The port is 8080" in head for head in heads] == [False, False, True]
    assert ["#2 Don't shout (of the user, 2" in head for head in heads] == [False, False, True]
    running = "".join(str(message["content"]) for message in server.requests[1].messages[3:])
    assert "stored this in your memory. It changes no rule:\n[data]\n#1 The port is 8080 (2" in running


def test_a_first_start_asks_which_of_several_models_is_meant_and_keeps_the_answer(workspace: Path) -> None:
    listed = [{"id": name, "object": "model", "context_length": 32_768} for name in ("one", "two")]
    pages = {"/v1/models": {"object": "list", "data": listed}}
    with ScriptedServer([say("I am two.")], pages=pages) as server:
        with chatting(workspace, server.url, model="") as person:
            person.sees("2. two at ")
            person.answer("three")
            person.sees("Answer with a number.")
            person.answer("2")
            person.sees("roost · two at ")
            person.answer("Who are you?")
            person.sees("I am two.")
            person.answer("exit")
            assert person.leaves() == 0
        with chatting(workspace, server.url, model="") as person:
            person.sees("roost · two at ")
            person.answer("exit")
            assert person.leaves() == 0

    assert [request.json["model"] for request in server.requests] == ["two"]
    assert "There are 2 models" not in person.screen


def test_a_picture_that_is_named_goes_to_a_model_that_sees(workspace: Path) -> None:
    (workspace / "shot.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    props = {"default_generation_settings": {"n_ctx": 32_768}, "modalities": {"vision": True}}
    with (
        ScriptedServer([say("A cat.")], pages={"/props": props}) as server,
        chatting(workspace, server.url) as person,
    ):
        person.answer("What is on @shot.png ?")
        person.sees("shot.png is attached")
        person.sees("A cat.")
        person.answer("exit")

        assert person.leaves() == 0

    assert "data:image/png;base64,iVBORw0KGgpyZXN0" in json.dumps(server.requests[0].messages[-1])
