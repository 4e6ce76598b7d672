"""A conversation: what each column is told of what was said before, and that nothing said is lost."""

import pytest

from core.chat import conversation as conversations
from core.chat.conversation import Column, Conversation, Part, Said
from core.dataset.example import Example, Split, Turn
from core.errors import UserError
from core.generation.sampling import Sampling


def said(text):
    return Said(text=text, end="end", tokens=3, seconds=0.5)


@pytest.fixture
def talk():
    """Two columns, two messages; the second column has answered the second one only."""
    talk = Conversation(system="Be kind.").with_column("adapter", Part(key="0001-a", weight=0.5))
    talk = talk.sent("Hello").answered(0, 1, said("Hi"))
    return talk.sent("How are you?").answered(1, 1, said("Fine")).answered(1, 2, said("Very well"))


def test_a_column_is_told_what_it_answered_itself(talk):
    talk = talk.sent("And now?")
    assert talk.asked(2, 1) == Example(
        system="Be kind.",
        instruction="And now?",
        history=(
            Turn("user", "Hello"),
            Turn("assistant", "Hi"),
            Turn("user", "How are you?"),
            Turn("assistant", "Fine"),
        ),
    )
    assert talk.asked(2, 2).history == (Turn("user", "How are you?"), Turn("assistant", "Very well"))
    assert talk.asked(0, 2).history == ()


def test_an_example_is_asked_as_it_is_trained_whatever_was_said_before(talk):
    example = Example(
        id=7, instruction="Sum up.", input="A text", output="Short", system="Brief.", history=(Turn("user", "x"),)
    )
    talk = talk.sent_example(example)
    assert talk.asked(2, 1).prompt_messages() == example.prompt_messages()
    assert (talk.exchanges[2].expected, talk.exchanges[2].example) == ("Short", 7)
    talk = talk.answered(2, 1, said("Long")).sent("Shorter!")
    again = talk.asked(3, 1)
    assert again.system == "Brief."
    assert [turn.content for turn in again.history] == ["x", "Sum up.\n\nA text", "Long"]


def test_a_better_answer_makes_an_example_with_the_conversation_before_it(talk):
    assert talk.corrected(1, 1, "  Fine, thank you\n") == Example(
        system="Be kind.",
        instruction="How are you?",
        history=(Turn("user", "Hello"), Turn("assistant", "Hi")),
        output="Fine, thank you",
        rejected="Fine",
    )


def test_what_comes_of_a_held_out_question_stays_held_out(talk):
    example = Example(id=7, instruction="Sum up.", output="Short")
    talk = talk.sent_example(example).answered(2, 1, said("Long"))
    assert talk.corrected(2, 1, "Brief").split is Split.HELDOUT
    talk = talk.sent("And this?").answered(3, 1, said("That"))
    later = talk.corrected(3, 1, "This")
    assert [turn.content for turn in later.history] == ["Sum up.", "Long"]
    assert later.split is Split.HELDOUT  # trained on, it would teach the held-out question
    assert talk.corrected(1, 1, "Fine, thank you").split is Split.AUTO


def test_editing_a_message_drops_what_came_after_it(talk):
    edited = talk.sent("more").edited(0, "Good evening")
    assert [one.text for one in edited.exchanges] == ["Good evening"]
    assert edited.exchanges[0].answers == {}
    assert len(talk.exchanges) == 2, "the one before is as it was"
    asked = talk.sent_example(Example(id=3, instruction="Q", input="I", output="A"))
    assert asked.edited(2, "Q\n\nI").exchanges[2].expected == "A"
    changed = asked.edited(2, "Another question").exchanges[2]
    assert (changed.expected, changed.example, changed.input, changed.fresh) == ("", 0, "", True)


def test_columns_come_and_go_and_the_last_one_stays(talk):
    assert [column.id for column in talk.columns] == [1, 2]
    less = talk.without_column(1)
    assert [column.id for column in less.columns] == [2]
    assert less.without_column(2) is less
    more = less.with_column("prompt").with_column("base").with_column("base")
    assert [column.id for column in more.columns] == [2, 3, 4, 5], "ids of columns that answered are not given again"
    assert more.with_column("base") is more, "four are enough"
    assert more.set_column(Column(id=3, kind="base")).column(3) == Column(id=3)


def test_another_take_has_another_seed(talk):
    talk = talk.model_copy(update={"sampling": Sampling(temperature=1, seed=2**63 - 1)})
    assert talk.sampling_of(0).seed == 2**63 - 1
    assert talk.drawn_anew(0).sampling_of(0).seed == 0
    assert talk.drawn_anew(0).sampling_of(0).temperature == 1


def test_it_is_kept_with_the_project(talk, tmp_path):
    assert conversations.load(tmp_path) is None
    talk = talk.sent_example(Example(id=7, instruction="数据 🐄", output="<b>x</b>", history=(Turn("user", "a"),)))
    conversations.save(tmp_path, talk)
    assert conversations.load(tmp_path) == talk
    conversations.save(tmp_path, talk.sent("half \ud83d"))
    assert conversations.load(tmp_path).exchanges[-1].text == "half \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"columns": []}', b'{"format": 99}', b'{"exchanges": 3}'])
def test_a_damaged_or_newer_file_is_no_conversation(tmp_path, data):
    (tmp_path / conversations.FILE).write_bytes(data)
    assert conversations.load(tmp_path) is None
    conversations.put_aside(tmp_path)
    conversations.save(tmp_path, Conversation())
    conversations.put_aside(tmp_path)
    assert (tmp_path / "chat-unreadable.json").read_bytes() == data, "nothing is written over"
    assert conversations.load(tmp_path) == Conversation()


def test_a_project_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(UserError, match="could not be kept"):
        conversations.save(tmp_path / "nowhere", Conversation())


def test_the_step_of_a_checkpoint_is_part_of_its_key():
    part = Part(key="0003-letters", weight=1.5)
    assert (part.run, part.step) == ("0003-letters", None)
    assert part.at(100) == Part(key="0003-letters@100", weight=1.5)
    assert (part.at(100).run, part.at(100).step) == ("0003-letters", 100)
    assert part.at(100).at(None) == part


def test_how_many_messages_the_next_one_goes_on_with():
    talk = Conversation()
    assert talk.going_along == 0
    talk = talk.sent("One").sent("Two")
    assert talk.going_along == 2
    assert talk.sent_example(Example(instruction="Q", output="A", id=4)).sent("Three").going_along == 2


def test_an_answer_is_marked_as_bettered_only_if_it_is_still_that_answer():
    said = Said(text="bad", end="end", tokens=1)
    talk = Conversation().sent("One").answered(0, 1, said)
    marked = talk.bettered(0, 1, said, 7)
    assert marked.exchanges[0].answers[1].better == 7
    assert marked.better == {7}
    other = talk.answered(0, 1, said.model_copy(update={"text": "other"}))
    assert other.bettered(0, 1, said, 7) is other
    assert talk.cleared().bettered(0, 1, said, 7).better == frozenset()
