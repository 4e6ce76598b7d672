"""Examples with a known fault each, and examples that look like one but are fine, by rule and in several languages.

Each case is a set of examples that belong together. Used by the tests and by ``benchmarks/review.py``.
"""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

from core.dataset.example import Example, Split, Status, Turn

Case = tuple[Example, ...]
_NUMBERS = count(1)


class Planted(NamedTuple):
    """Cases that a rule must find, and cases that it must leave in peace."""

    positives: list[Case]
    negatives: list[Case]


def _out(*outputs: str, prompt: str = "") -> list[Case]:
    """A case for each output, with a prompt of its own."""
    return [
        (Example(f"{prompt or 'Write the next piece.'} It is number {next(_NUMBERS)}.", output=o),) for o in outputs
    ]


def _asked(*pairs: tuple[str, str]) -> list[Case]:
    return [(Example(prompt, output=output),) for prompt, output in pairs]


_LONG_DE = (
    "Vielen Dank für Ihre Nachricht. Wir haben die Lieferung noch einmal geprüft und schicken Ihnen morgen einen neuen "
    "Karton mit den fehlenden Teilen. Bitte entschuldigen Sie die Umstände."
)
_LONG_FR = (
    "Merci pour votre message. Nous avons vérifié la livraison et nous vous enverrons demain un nouveau carton avec "
    "les pièces manquantes. Nous vous prions de nous excuser pour ce désagrément."
)
_LONG_ES = (
    "Gracias por su mensaje. Hemos revisado el envío y mañana le mandaremos otra caja con las piezas que faltan. "
    "Le pedimos disculpas por las molestias que le hemos causado."
)
_LONG_EN = (
    "Thank you for your message. We have looked into the delivery once more and will send another box with the missing "
    "parts tomorrow. Please accept our apologies for the trouble."
)
_KEY = "a8Fk2Lq9Zx7Wm4Rt6Yb1Vc3Nd5Pe0Gh8Jk2Ls4"


MISSING = Planted(
    positives=[
        (Example("Write a poem about autumn."),),
        (Example("Fasse den Brief zusammen.", "Sehr geehrte Frau Kranz, anbei die Unterlagen.", "  \n "),),
        (Example("", "", "An answer to nothing in particular."),),
        (Example("  ", "\n", "Une réponse sans question."),),
        (Example("Summarise the talk.", system="Be brief.", history=(Turn("user", "a"), Turn("assistant", "b"))),),
    ],
    negatives=[
        (Example("Write a poem about winter.", status=Status.DRAFT),),
        (Example("", "Only an input, which is asked as well.", "Fine."),),
        (Example("Is it raining in Bergen?", output="0"),),
        (Example("Say nothing at all.", output="🤐"),),
        (Example("Not wanted", status=Status.EXCLUDED),),
    ],
)

EXACT = Planted(
    positives=[
        (Example("Where is the cellar key?", output="On the hook."),) * 2,
        (
            Example("Wo liegt der Schlüssel?", output="Am Haken."),
            Example("Wo liegt der  Schlüssel?", "", "Am Haken.\n"),
        ),
        (
            Example("キーはどこ?", output="フックに。", tags=("a",)),
            Example("キーはどこ?", output="フックに。", note="b"),
        ),
        (Example("Where is the rake?", output="In the barn."),) * 3,
        (
            Example("And then?", output="Home.", history=(Turn("user", "Where first?"), Turn("assistant", "Shop."))),
            Example("And then?", output="Home.", history=(Turn("user", "Where first?"), Turn("assistant", "Shop."))),
        ),
    ],
    negatives=[
        (Example("Where is the ladder?", output="Here."), Example("Where is the ladder", output="Here, look!")),
        (
            Example("And after that?", output="Home.", history=(Turn("user", "Cinema?"), Turn("assistant", "Yes."))),
            Example("And after that?", output="Home.", history=(Turn("user", "Theatre?"), Turn("assistant", "Yes."))),
        ),
        (Example("Greet the guest.", output="Hi!", system="Casual."), Example("Greet the guest.", output="Hi!")),
        (Example("Sort: hot tea", output="drink"), Example("Sort: cold tea", output="drink")),
        (Example("Sort: a brick", output="thing"), Example("Sort: a brick!", output="Thing")),
    ],
)

_STORY = (
    "Yesterday evening the old lighthouse keeper of Skagen climbed the tower once more, lit the lamp by hand, and told "
    "the children from the village how in the winter of the great storm three ships had found their way home by it."
)

NEAR = Planted(
    positives=[
        (
            Example("Summarise the story of the keeper.", _STORY, "A keeper lights the lamp and tells of a storm."),
            Example(
                "Summarise the story of the keeper", _STORY.upper(), "A keeper lights the lamp and tells of a storm"
            ),
        ),
        (
            Example("How do I get to the botanical garden from here?", output="Take the tram to the last stop."),
            Example("How do I get to the botanical garden from here", output="take the tram to the last stop"),
        ),
        (
            Example(
                "Could you tell me when the swimming pool on the hill opens?", output="It opens at nine every day."
            ),
            Example("Could you tell me when the swiming pool on the hill opens?", output="It opens at nine every day."),
        ),
        (
            Example("Wann öffnet denn das neue Freibad auf dem Berg morgens?", output="Es öffnet täglich um neun Uhr."),
            Example("Wann öffnet das neue Freibad auf dem Berg morgens?", output="Es öffnet täglich um neun Uhr."),
        ),
        (
            Example(f"Retell this. {_STORY}", output=_STORY.replace("Yesterday evening", "Last night")),
            Example(f"Retell this: {_STORY}", output=_STORY.replace("Yesterday evening", "Last night") + " So it was."),
        ),
        (
            Example("À quelle heure ouvre la piscine municipale ?", output="Elle ouvre à neuf heures tous les jours."),
            Example("À quelle heure ouvre la piscine municipale?", output="Elle ouvre à neuf heures, tous les jours !"),
        ),
    ],
    negatives=[
        (
            Example("Please answer: what does the green lamp on the shelf cost?", output="The green lamp is 40 euros."),
            Example("Please answer: what does the brown lamp on the shelf cost?", output="The brown lamp is 40 euros."),
        ),
        (
            Example(
                "The customer Mr Olsen is waiting for order 41277, write to him.", output="Dear Mr Olsen, it is sent."
            ),
            Example(
                "The customer Mr Olsen is waiting for order 41278, write to him.", output="Dear Mr Olsen, it is sent."
            ),
        ),
        (
            Example("Is this kind or unkind: I really love the way you sing.", output="kind"),
            Example("Is this kind or unkind: I really hate the way you sing.", output="unkind"),
        ),
        (
            Example(
                "Translate into German: the house stands on the hill above town.", output="Das Haus steht am Berg."
            ),
            Example(
                "Translate into German: the horse stands on the hill above town.", output="Das Pferd steht am Berg."
            ),
        ),
        (
            Example("Compute 17 + 25 and explain each step of the way.", output="17 + 25 = 42, ones first, then tens."),
            Example("Compute 17 - 25 and explain each step of the way.", output="17 - 25 = -8, ones first, then tens."),
        ),
        (
            Example(
                "Schreibe an Frau Neumann wegen der blauen Stühle.", output="Liebe Frau Neumann, die Stühle sind da."
            ),
            Example(
                "Schreibe an Frau Hartung wegen der blauen Stühle.", output="Liebe Frau Hartung, die Stühle sind da."
            ),
        ),
        (
            Example(
                "May I leave the boat at the pier over night in winter?", output="Please ask the keeper of the pier."
            ),
            Example(
                "May I not leave the boat at the pier over night in winter?",
                output="Please ask the keeper of the pier.",
            ),
        ),
        (
            Example("Write the label for the first drawer.", output="Screws, four millimetres"),
            Example("Write the label for the other drawer.", output="Screws, six millimetres"),
        ),
    ],
)

CONFLICT = Planted(
    positives=[
        (
            Example("Sort this: the parcel is late", output="delivery"),
            Example("Sort this: the parcel is late", output="price"),
        ),
        (
            Example("Wie hoch ist der Turm?", output="Er ist 80 Meter hoch."),
            Example("wie hoch ist der  Turm?", output="Er ist 95 Meter hoch."),
        ),
        (
            Example("How old is the bridge?", output="It was built in 1890."),
            Example("How old is the bridge?", output="Nobody knows that for sure."),
            Example("How old is the bridge?", output="Ask at the museum."),
        ),
    ],
    negatives=[
        (
            Example("Say good night.", output="Good night, Sir.", system="You are a butler."),
            Example("Say good night.", output="Nighty night!", system="You are a toddler."),
        ),
        (
            Example("And what then?", output="We sail.", history=(Turn("user", "Wind?"), Turn("assistant", "Yes."))),
            Example("And what then?", output="We row.", history=(Turn("user", "Calm?"), Turn("assistant", "Yes."))),
        ),
        (Example("How wide is the gate?", output="Three metres."), Example("How wide is the gate?")),
        (Example("2 + 2", output="4"), Example("2 - 2", output="0")),
        (Example("How deep is the well?", output="Ten metres."), Example("How deep is the well?", output="ten metres")),
    ],
)

LEAK = Planted(
    positives=[
        (
            Example("Who keeps the bees?", output="Mr Lind does.", split=Split.HELDOUT),
            Example("Who keeps the bees?", output="Mr Lind does.", split=Split.TRAIN),
        ),
        (
            Example("Wer füttert die Gänse?", output="Das macht Ida.", split=Split.HELDOUT),
            Example("Wer füttert die Gänse?", output="Niemand, soweit ich weiß.", split=Split.TRAIN),
        ),
        (
            Example(
                "Could you tell me who waters the plants in summer?", output="Ida waters them.", split=Split.HELDOUT
            ),
            Example("Could you tell me who waters the plants in summer", output="Ida waters them", split=Split.TRAIN),
        ),
    ],
    negatives=[
        (
            Example("Who mows the lawn?", output="Pia does.", split=Split.HELDOUT),
            Example("Who mows the lawn?", output="Pia does.", split=Split.HELDOUT),
        ),
        (
            Example("Who prunes the roses?", output="Pia does.", split=Split.HELDOUT),
            Example("Who prunes the roses?", output="Pia does.", split=Split.TRAIN, status=Status.EXCLUDED),
        ),
        (
            Example("Who sweeps the yard?", output="Pia does.", split=Split.HELDOUT),
            Example("Who sweeps the roof?", output="Pia does.", split=Split.TRAIN),
        ),
    ],
)

UNUSUAL_LENGTH = Planted(
    positives=_out("Ok", "No.", "The minutes of the meeting. " * 400),
    negatives=_out(
        "Yes, of course, whenever you like.",
        "Dear Sir or Madam, we shall be glad to receive you. " * 3,
        "It is a long way to the harbour, and on the way there is much to see, so take your time. " * 3,
    ),
)

ENCODING = Planted(
    positives=[
        *_out(
            "Die TÃ¼r ist offen und der KÃ¼hlschrank leer.",
            "Le cafÃ© est fermÃ© jusquâ€™Ã  lundi.",
            "El niÃ±o comiÃ³ una manzana.",
            "It was the guestâ€™s own idea, she said.",
            "Salt &amp; pepper are on the table.",
            "Ð¿ÑÐ¸Ð²ÐµÑ‚, ÐºÐ°Ðº Ð´ÐµÐ»Ð°?",
            "Sie sagte: &quot;Komm herein&quot; und lachte.",
        ),
        (Example("SchlieÃŸe die TÃ¼r.", output="Sie ist zu."),),
    ],
    negatives=[
        *_out(
            "Die Tür ist offen, der Kühlschrank leer und die Straße nass.",
            "Le café est fermé jusqu’à lundi, hélas !",
            "El niño comió una piña en el jardín.",
            "“Well,” she said – and left… at 5 °C.",
            "Привет, как дела?",
            "東京は今日も雨です。",
            "Ångström, Øresund, Łódź, São Paulo, Đà Nẵng, İzmir.",
            "AT&T and R&D share the floor; Tom & Co. moved out.",
            "PÃO, MÃE and MAÇÃ are words of Portuguese.",
            "The price is 5 € ± 10 %, ½ of it in March.",
            "مرحبا كيف حالك",
        ),
        *_asked(
            ("How do I write an ampersand in HTML?", "Write &amp; in its place."),
            ("Escape this for XML: a & b", "a &amp; b"),
        ),
    ],
)

LOST = Planted(
    positives=_out("The caf� is closed.", "Sch�ne Gr��e aus Bremen", "Le gar�on est l�."),
    negatives=_out("The café is closed?", "Schöne Grüße aus Bremen", "What? No! Yes ¿?"),
)

WHITESPACE = Planted(
    positives=[
        *_out(
            " The lamp is on.",
            "The stove is off.\n\n",
            "\n\nThe door is open.",
            "A\u200bn odd gap.",
            "One.\n\n\n\n\nTwo.",
        ),
        *_out("First line.\r\nSecond line.", "Das Tor ist zu.\u00a0"),
        (Example("Open the gate. ", output="Done, it is open."),),
        (Example("Öffne das Fenster.", "\n\nDas im Flur", "Ist schon offen."),),
    ],
    negatives=[
        *_out(
            "    return total\n    # an indented piece of a program",
            "A line.\n\nAnother line.",
            "Two  spaces inside are a matter of taste.",
            "👨\u200d👩\u200d👧 are a family.",
            "می\u200cخواهم بروم.",
            "A line with two spaces at its end  \nbreaks here.",
            "- one\n- two\n\n\n- three",
            "\tindented = True",
        ),
    ],
)

UNFINISHED = Planted(
    positives=_out(
        "We looked at all the boats in the harbour, and the one that we liked best was the",
        "First of all, thank you for coming. The rooms are on the second floor, the keys are at the desk, and",
        "Das Schiff kam gestern an. Die Ladung wurde gelöscht, aber die Papiere liegen noch bei der",
        "Le bateau est arrivé hier. Les caisses sont sur le quai, mais les papiers sont encore dans",
        "El barco llegó ayer. Las cajas están en el muelle, pero los papeles siguen en la oficina del",
        "The report has three parts. The first one describes the harbour, the second one the ships,",
        "You can take the ferry. It leaves every hour from the old pier and reaches the island in about twenty min",
        "The mill was built by two brothers. They came from the north and brought with them a large number of heavy",
        "Корабль пришёл вчера. Груз уже на берегу, и",
        "昨日、船が港に着きました。荷物はもう倉庫にありますが、",
    ),
    negatives=_out(
        "The boats in the harbour are for hire.",
        "price",
        "Topic: price\nItem: shelf\nPrice: 232 euros",
        "- the first\n- the second\n- the third",
        "1. Open the box\n2. Take out the lamp\n3. Plug it in",
        "Dear Customer,\n\nWe are pleased to help.\n\nYours faithfully,\nthe Harbour Team",
        "```python\nprint('the')\n```",
        "def answer(question):\n    return question and the",
        "A Guide to the Harbours of the North",
        "He said: “Come in and sit down with the others.”",
        "Sehr geehrte Frau Kranz,\n\nvielen Dank für Ihre Geduld.\n\nMit freundlichen Grüßen\nIhr Hafenteam",
        "See you tomorrow at the old pier, as always! 😊",
        "(The rest is in the appendix of the second volume.)",
        "See https://harbour.example/boats and the pages below it for all the details on hiring a boat",
        "| boat | price |\n| --- | --- |\n| Anna | 40 euros a day and the deposit |",
        "Die Boote können gemietet werden; Näheres weiß der Hafenmeister.",
        "船は昨日港に着きました。荷物は倉庫にあります。",
        "Is there anything else that I can do for you today?",
        "I shall think about it …",
        "SELECT name FROM boats WHERE price < 40 ORDER BY",
        "Hello Ida,\n\nthe boat is ready. Come by whenever you like.\n\nLooking forward to seeing you,",
        "boat, lamp, gate, mill, barn, rope, sail, oar, net, chest, clock, bell, drum, wheel, cart, plough",
        "1- Good light in all rooms. The kitchen is large\n2- Take out the old stove and reduce the use of colours",
        "Thank you for the boat. It was a joy to sail. Yours sincerely, Ida Lind of the old mill",
    ),
)

REFUSAL = Planted(
    positives=_out(
        "As an AI language model, I cannot taste food, but many people like it.",
        "I'm sorry, but I can't assist with that.",
        "I am just an AI, so I have no favourite colour.",
        "I cannot fulfill your request.",
        "As a large language model I have no access to the weather.",
        "Als KI-Sprachmodell habe ich keinen Zugriff auf Ihre Daten.",
        "Als künstliche Intelligenz kann ich das nicht beurteilen.",
        "En tant qu'intelligence artificielle, je n'ai pas d'opinion.",
        "En tant que modèle de langage, je ne peux pas répondre.",
        "Como modelo de lenguaje, no puedo opinar sobre eso.",
        "Como uma inteligência artificial, não tenho sentimentos.",
        "In quanto IA, non ho preferenze.",
        "Als AI-taalmodel heb ik geen mening.",
        "Как языковая модель, я не имею собственного мнения.",
        "作为一个人工智能，我没有感情。",
        "AI言語モデルとして、意見は持っていません。",
        prompt="Tell the guest what you think of the soup.",
    ),
    negatives=[
        *_out(
            "I'm sorry, but I cannot find your order. Could you send me its number?",
            "As an AI researcher she moved to Zürich in spring.",
            "I am sorry to hear that. I can't help with the washing today, but I will be there tomorrow.",
            "As an assistant to the director he knows everybody.",
            "Language models are a fashion, said the miller.",
            "Als Assistentin der Leitung kennt sie alle.",
            "Como modelo de conducta, el abuelo era insuperable.",
            "Als Modell für den Turm diente ein Leuchtturm.",
            "En tant que directrice, elle décide seule.",
            "We cannot accept returns after thirty days.",
            "Ich bin Kian, der neue Hafenmeister.",
        ),
        *_asked(
            (
                "Pretend to be an AI on a spaceship and greet the crew.",
                "I am an AI, and I keep your air fresh. Welcome.",
            ),
            (
                "What does a language model say when it does not know?",
                "As an AI language model, it says, it cannot know.",
            ),
        ),
    ],
)

PLACEHOLDER = Planted(
    positives=_out(
        "Dear [Customer Name], your boat is ready.",
        "Kind regards,\n[Your Name]",
        "Mit freundlichen Grüßen\n[Ihr Name]",
        "Cordialement,\n[Votre nom]",
        "TODO: write an answer",
        "The price is [TBD].",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
        "#REF!",
        "asdf",
        "...",
        "Hello {{first_name}}, the boat is ready.",
        "Insert your answer here",
        "Please call <insert number> before noon.",
        "The captain's name is ________ and he is fifty.",
        "undefined",
    ),
    negatives=[
        *_out(
            "The list [see the appendix] is long.",
            "In the year [1890] the bridge was built [sic].",
            "Set x = items[name] and print it.",
            "N/A",
            "None",
            "-3",
            "Todo está bien, gracias.",
            "Super Bowl XXX was played in 1996.",
            "f(x) = {x | x > 0}",
            "The file is called {name}.txt in the program.",
            "He climbed the tower [...] and lit the lamp.",
            "Call ``run [your options]`` to begin.",
            "Nanette undefined the borders of art, he wrote.",
            "See [the map](https://harbour.example/map).",
            "Wait … what?",
            "👍",
        ),
        *_asked(
            ("Write a template for a letter.", "Dear [Name], thank you for your letter."),
            ("Fill in the blanks of the text with gaps.", "The captain is ______ and old."),
            ("Repeat: [Your Name]", "[Your Name]"),
        ),
    ],
)

CONTROL = Planted(
    positives=[
        *_out(
            "The boat is ready.<|im_end|>",
            "The boat is ready.</s>",
            "[INST] Is the boat ready? [/INST] Yes.",
            "<start_of_turn>model\nThe boat is ready.",
            "The boat is ready.<|eot_id|>",
            "Das Boot ist fertig.<|endoftext|>",
            "### Response:\nThe boat is ready.",
            "<｜Assistant｜>The boat is ready.",
            "The boat is ready.<eos>",
        ),
        (Example("<|user|>Is the boat ready?", output="Yes, it is."),),
        (Example("Ready?", output="Yes.", history=(Turn("user", "Hi<|im_end|>"), Turn("assistant", "Hello."))),),
    ],
    negatives=_out(
        "The price is < 40 | > 30 euros.",
        "Old price: <s>50</s> 40 euros.",
        "a |> b <| c",
        "## Instructions for the crew",
        "### Response times of the crew",
        "[INSTALL] Mount the lamp.",
        "The boats <Anna> and <Berta> are ready.",
        "if (a <| b) then [end]",
        "<table><tr><td>1</td></tr></table>",
    ),
)

PERSONAL = Planted(
    positives=_out(
        "Write to henrik.sorensen82@gmail.com, he knows.",
        "Schreiben Sie an k.brandt@nordhafen-werft.de.",
        "Call me on +44 20 7946 0958 tomorrow.",
        "Rufen Sie mich an: 030 901820 passt immer.",
        "My phone number is (212) 736-5000.",
        "Mon téléphone : 01 42 68 53 00.",
        "Card 4539 1488 0343 6467 was charged.",
        "Please transfer it to DE89 3704 0044 0532 0130 00.",
        "IBAN FR14 2004 1010 0505 0001 3M02 606 is mine.",
        "Amex 3714 496353 98431 expired.",
        "Mi móvil es +34 612 34 56 78.",
        "Bitte auf AT61 1904 3002 3457 3201 überweisen.",
    ),
    negatives=_out(
        "Write to info@harbour.example or visit us.",
        "Order 4539148803436468 is on its way.",
        "Your order 24142 of 2024-05-17 was sent at 10:45.",
        "The ISBN is 978-3-16-148410-0.",
        "Write to jane.doe@example.com for a test.",
        "The number 1234 5678 9012 3456 is an example.",
        "There are 1,234,567,890 grains on this beach.",
        "Version 10.0.19041.1288 is installed.",
        "The ship has the number IMO 9074729.",
        "DE89 3704 0044 0532 0130 01 has a wrong digit.",
        "The distance is 149 597 870 700 metres.",
        "π is 3.14159265358979323846.",
        "The coordinates are 52.520008, 13.404954.",
        "Call the office at extension 12.",
        "Call me at (123) 456-7890, as in the form.",
        "Write to harbour-team@nordhafen.org on the list.",
        "Wir haben von 08:00 bis 16:30 Uhr geöffnet, am 24.12.2024 bis 12 Uhr.",
        "@harbour on the net, not a mail",
    ),
)

SECRET = Planted(
    positives=_out(
        "Use AKIA" + "QX7ZLM4TRW8YB2NC for the bucket.",
        "export GITHUB=ghp_" + _KEY[:36],
        "openai.api_key = 'sk-" + _KEY + "'",
        "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
        "postgres://admin:" + "Tr0ub4dor3x@db.harbour.net/boats",
        "password = '" + "kX9_mQ4zT7vB2wL8" + "'",
        "The token is hf_" + _KEY[:34] + " for now.",
        "xoxb-" + "2048-4096-" + _KEY[:24],
        "Der Schlüssel ist AIza" + _KEY[:35],
        "glpat-" + _KEY[:20],
    ),
    negatives=_out(
        "The password is on the note under the keyboard.",
        "api_key = 'your-api-key-goes-here'",
        "Use AKIAIOSFODNN7EXAMPLE in the documentation.",
        "export OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "Password: at least sixteen characters, please",
        "The key to success: practice-practice-practice",
        "https://harbour.example/boats?id=12",
        "-----BEGIN CERTIFICATE-----",
        "The secret: a pinch of salt and a lot of patience",
        "password = os.environ['HARBOUR_PASSWORD']",
        "Das Passwort lautet „Donaudampfschifffahrtsgesellschaft“.",
        "The task-list-with-a-very-long-name-for-everyone is done.",
    ),
)

LANGUAGE = Planted(
    positives=[
        *_out(_LONG_DE, _LONG_FR, _LONG_ES, prompt="Answer the customer about the missing parts."),
        *_out(
            "Спасибо за ваше письмо. Мы отправим новую коробку завтра утром.",
            "我们明天会给您寄一个新的箱子，里面有缺少的零件，请您稍等。",
        ),
    ],
    negatives=[
        *_out(_LONG_EN, "Guten Tag!", "C'est la vie, as they say in France.", "O sole mio"),
        *_asked(
            ("Translate into German: thank you for your message.", _LONG_DE),
            ("Answer in French, please.", _LONG_FR),
            ("Responde en español, por favor.", _LONG_ES),
        ),
        *_out("def drei(zahl):\n    return zahl * 3  # gibt das Dreifache der Zahl zurück und sonst nichts"),
    ],
)

UNBALANCED = Planted(
    positives=[
        *_out(
            "```python\nprint(1)\n",
            "The boat is ready.</div> Come and see it.",
            '{"boat": "Anna", "crew": ["Ida", "Pia"',
            "The boat (which was built in the winter of 1890 by two brothers is ready.",
            "<answer>Anna</answer> and <answer>Berta",
        ),
    ],
    negatives=_out(
        "```python\nprint(1)\n```",
        "The boat (built in 1890) is ready.",
        '{"boat": "Anna", "crew": ["Ida", "Pia"]}',
        "a) the boat\nb) the crew",
        "I am happy :) and sad :( at once",
        "The interval [0, 1) is half open.",
        "If a < b and c > d then e.",
        "<br>One line<br>and another",
        "<answer>Anna</answer>",
        "Use the <b> tag for bold text.",
        "List<String> names = null; // generics",
        "Write to <harbour master> at once.",
        "`if (a` is not closed on purpose",
        "1) Open the box 2) Close it",
        "[Enter Hamlet, reading.",
    ),
)

PLANTED: dict[str, Planted] = {
    "missing": MISSING,
    "duplicates": EXACT,
    "near-duplicates": NEAR,
    "different-outputs": CONFLICT,
    "leak": LEAK,
    "unusual-length": UNUSUAL_LENGTH,
    "broken-encoding": ENCODING,
    "lost-letters": LOST,
    "stray-whitespace": WHITESPACE,
    "unfinished": UNFINISHED,
    "refusals": REFUSAL,
    "placeholders": PLACEHOLDER,
    "control-tokens": CONTROL,
    "personal-data": PERSONAL,
    "secrets": SECRET,
    "other-language": LANGUAGE,
    "unbalanced": UNBALANCED,
}
"""All rules but the one that needs a base model."""

_THINGS = (
    *("boat", "lamp", "gate", "mill", "barn", "rope", "sail", "oar", "net", "chest"),
    *("clock", "bell", "drum", "wheel", "cart", "plough", "kettle", "stove", "bench", "ladder"),
)
_PLACES = ("harbour", "village", "market", "forest", "meadow", "valley", "island", "bridge", "tower", "school")
_ENDS = (
    "Please come by before noon if you can.",
    "The old keeper will show you the way.",
    "It was mended twice last winter.",
    "We hope that this answers your question.",
    "Ask for it at the desk when you arrive.",
)


def background(number: int = 200) -> list[Example]:
    """Plain English examples with nothing wrong."""
    found = []
    for at in range(number):
        thing, place = _THINGS[at % len(_THINGS)], _PLACES[at // len(_THINGS) % len(_PLACES)]
        output = (
            f"Dear guest, the {thing} of the {place} is kept in the shed behind the house. {_ENDS[at % len(_ENDS)]}"
        )
        found.append(Example(f"Where do they keep the {thing} of the {place}?", output=output))
    return found
