"""Stories and texts: complete in both languages, and told as a Dutch or English reader expects."""

from __future__ import annotations

import math
import re
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agents.errors import InputError
from agents.firm import Size
from agents.parameters import STATUSES
from agents.partnership import Decision, Kind, Leaving, Location, Position, Role
from app import report
from app.compare_parts import SERIES
from app.figures.partners import KINDS as PARTNER_KINDS
from app.figures.partners import STATES
from app.figures.workshop import LINES
from app.recording import SHOWN
from app.story import Row, Story, find, tell
from app.validate import AS_PERCENT
from app.words import Language, Words, load_texts
from calibration.evidence import NO_TARGET, ROLES
from calibration.predictive import TRACKS
from calibration.targets import PATTERNS
from calibration.validate import ORDINAL, all_targets
from experiments.comparison import Verdict
from experiments.extracts import PAYERS as PAYER_GROUPS
from experiments.tables import tables_of
from experiments.why import CONDITIONS, MECHANISMS
from scenarios import policies
from scenarios.pack_files import ROWS
from scenarios.region import OTHER_KINDS
from sim.calls import SCHEMES
from sim.model import PpsModel
from sim.money import PAYERS
from sim.outcomes import outcome_table

APP = Path(report.__file__).parent
EN, NL = Words(Language.EN), Words(Language.NL)
NAMES = tuple(kind.name.lower() for kind in Kind)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────


def test_both_languages_have_the_same_texts() -> None:
    assert list(load_texts(Language.EN)) == list(load_texts(Language.NL))


@pytest.mark.parametrize("key", load_texts(Language.EN))
def test_a_text_has_the_same_places_in_both_languages(key: str) -> None:
    texts = [load_texts(language)[key] for language in Language]
    assert all(text.strip() for text in texts)
    assert places(texts[0]) == places(texts[1])


LINK = {"broken", "too_long", "newer", "too_many", "unknown", "unknown_policy", "unknown_setting", "not_allowed"}
LINK |= {"out_of_range", "clipped", "conflict", "changed_title", "changed_purpose"}

LEFT_OUT = {name for row in ROWS for name, field in row.model_fields.items() if not field.is_required()}
"""Columns of a region pack that may be left out."""

FAMILIES = {
    "region.what": LEFT_OUT | {Path(row.FILE).stem for row in ROWS},
    "region.how": LEFT_OUT | {Path(row.FILE).stem for row in ROWS if row.MAY_BE_LEFT_OUT},
    "region.new": {"about", "line", "source", *(Path(row.FILE).stem for row in ROWS)},
    "position": {position.name.lower() for position in Position},
    "location": {location.name.lower() for location in Location},
    "scheme": set(SCHEMES),
    "decision": {decision.name for decision in Decision},
    "story.decided": {*(decision.name for decision in Decision), "early"},
    "story.could_not": set("ABC"),
    "story.phase": set("12345"),
    "story.regie": {"short", "enough"},
    "name": {"firm", *OTHER_KINDS},
    "story.network_ended": {"contact_faded", "too_few_partners", "stopped"},
    "workshop.decided": {*(decision.name for decision in Decision if decision), "early"},
    "workshop.ended": {"contact_faded", "too_few_partners"},
    "workshop.count": set(SHOWN),
    "workshop.line": set(LINES),
    "partner_story.how": {"leads", "founds", "joins"},
    "partner_story.size": {size.name.lower() for size in Size},
    "partner_story.role": {role.name.lower() for role in Role} - {"geen"},
    "left": {leaving.name.lower() for leaving in Leaving} - {"stays"},
    "stream": set(PAYERS),
    "status": set(STATUSES),
    "role": {*ROLES, "validate"},
    "no_target": set(NO_TARGET),
    "group": set(report.GROUPS),
    "pattern": set(PATTERNS),
    "target": {target.id for target in all_targets()},
    "measure": {target.unit for target in all_targets()} - {ORDINAL, *AS_PERCENT},
    "validate.never": set("12345678"),
    "validate.tile": {"calibrate", "validate", "width", "ordinal", "of"},
    "validate.students": {"title", "about", "country_bbl", "country_bol", "province"},
    "validate.chart": {"model", "prior", "calibrate", "validate", *TRACKS},
    "validate.again": {"title", "command", "runs", "runs_told", "posterior", "observed", "code", "versions"},
    "partners": {f"{kind}.{form}" for kind in (*NAMES, "all", "firms") for form in ("one", "other")},
    **{key: {"one", "other"} for key in ("run.replicates", "run.draws", "run.of_seeds")},
    "source": {"chance", "ignorance"},
    "scenario.group": {"current", "one", "package"},
    "scenario.history_is": {"emergent"},
    "scenario.branch_is": {"low", "high"},
    "scenario.payer_is": {"province", "rijk"},
    "scenario.good_parameters": {"one", "other"},
    "compare_page.sentence": {"shown", "not_shown", "no_interval", "equal", "futures"},
    "compare_page.verdict": {
        "better",
        "worse",
        "cheaper",
        "dearer",
        "more",
        "less",
        "equal",
        "not_shown",
        "no_interval",
    },
    "compare_page.cost": {*get_args(Verdict.__value__), "price_open"},
    "compare_page.direction": {"more", "less", "neither"},
    "compare_page.dimension": {"region", "sector", "province"},
    "compare_page.why": {"lives", "dies"},
    "compare.parameters": {"drawn", "one_draw"},
    "compare.cost": set(get_args(Verdict.__value__)),
    "compare.payer": set(PAYER_GROUPS.values()),
    "compare.mechanism": set(MECHANISMS),
    "compare.condition": set(CONDITIONS),
    "compare.side": {"lives", "dies"},
    "link": LINK,
    "app.share_report": {"running", "ready", "played"},
    "compare.reading": {"better", "worse", "more", "less", "same", "not_shown"},
    "explore.family": {module.__name__.rpartition(".")[2] for module in policies.FAMILIES},
    "explore.question": {"survival", *SERIES, "places", "payers", "gains", "partners"},
    "explore.sub": {"survival_since_policy", "survival_all", "course", "places", "payers", "gains", "partners"},
    "explore.status": {"nothing", "waiting", "running", "stopped", "done"},
    "explore.taken": {outcome.level for outcome in outcome_table().values()},
    "explore.state": set(STATES),
    "explore.kind": set(PARTNER_KINDS),
    **{key: {"one", "other"} for key in ("compare.pairs", "compare.dropped", "frontier.failed", "grid.failed")},
}
"""Texts that are found by a word of the model, each with all words that occur."""


@pytest.mark.parametrize("family", FAMILIES)
def test_every_word_of_the_model_has_a_text(family: str) -> None:
    keys = {key.removeprefix(f"{family}.") for key in load_texts(Language.EN) if key.startswith(f"{family}.")}
    assert keys == FAMILIES[family]


def test_every_shown_outcome_has_its_unit_or_needs_none() -> None:
    table = outcome_table()
    units = {table[name].unit for names in report.GROUPS.values() for name in names}
    texts = {key.removeprefix("unit.") for key in load_texts(Language.EN) if key.startswith("unit.")}
    assert texts == units - {"share"}


def test_every_text_is_used() -> None:
    """A key stands in the code as it is; of families, conditions and columns the code holds the beginning."""
    sources = (*APP.rglob("*.py"), *APP.glob("templates/*.html"))
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    made = {*FAMILIES, "unit", "condition", "stories", "packs", "compare.column", "compare.units"}
    made |= {"frontier.column", "grid.unit", "explore.table", "explore.runs"}
    made |= {"scenario.row", "scenario.new", "scenario.unit", "scenario.word"}
    made |= {"compare_page.unit", "compare_page.digest"}
    made |= {"replicates.answer", "replicates.head", "replicates.chart"}
    made |= {f"sensitivity.{each}" for each in ("setting", "means", "columns", "factor", "head")}
    made |= {f"robustness.{each}" for each in ("draws", "criterion", "limit", "branch", "head")}
    for family in made:
        assert re.search(rf'"{re.escape(family)}[."]', code), family
    vue = "\n".join(path.read_text(encoding="utf-8") for path in APP.rglob("*.vue"))
    made |= {"app.languages", "app.page"}  # lists of what there is
    for key in load_texts(Language.EN):
        family, _, name = key.rpartition(".")
        if f'words.under("{family}")' in code and family not in made:
            assert re.search(rf"\bwords\.{name}\b", vue), key
            continue
        in_family = any(key.startswith(f"{family}.") for family in made)
        stem = re.sub(r"\.(one|other)$", "", key)  # `Words.count` adds which of the two
        counted = stem != key and f'words.count("{stem}"' in code
        assert in_family or counted or re.search(rf"""["']{re.escape(key)}["']""", code), f"{key} is not used"


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "english", "dutch"),
    [
        (lambda words: words.number(1234567.89, 1), "1,234,567.9", "1.234.567,9"),
        (lambda words: words.number(-0.04, 1), "0.0", "0,0"),
        (lambda words: words.number(math.nan), "–", "–"),
        (lambda words: words.percent(0.0612), "6.1%", "6,1%"),
        (lambda words: words.percent(0.0996), "10%", "10%"),
        (lambda words: words.euros(59713.6), "€59,714", "€\u00a059.714"),
        (lambda words: words.euros(999_600), "€1.0\u00a0million", "€\u00a01,0\u00a0miljoen"),
        (lambda words: " ".join(words.apart(words.percent, 0.3521, 0.354)), "35.2% 35.4%", "35,2% 35,4%"),
        (lambda words: " ".join(words.apart(words.percent, 0.34996, 0.35)), "34.996% 35.000%", "34,996% 35,000%"),
        (lambda words: " ".join(words.apart(words.percent, 0.35 - 1e-12, 0.35)), "35% 35%", "35% 35%"),
        (
            lambda words: " ".join(words.apart(words.euros, 42_750, 60_000)),
            "€42,750 €60,000",
            "€\u00a042.750 €\u00a060.000",
        ),
        (lambda words: words.among([]), "", ""),
        (lambda words: words.among(["a", "b", "c"]), "a, b and c", "a, b en c"),
        (lambda words: words.count("partners.vmbo", 1), "1 vmbo school", "1 vmbo-school"),
        (lambda words: words.count("partners.vmbo", 2000), "2,000 vmbo schools", "2.000 vmbo-scholen"),
    ],
)
def test_numbers_and_lists_follow_the_language(told: Any, english: str, dutch: str) -> None:
    assert (told(EN), told(NL)) == (english, dutch)


@given(value=st.floats(-1e12, 1e12), digits=st.integers(0, 3))
def test_a_number_reads_back(value: float, digits: int) -> None:
    english, dutch = EN.number(value, digits), NL.number(value, digits)
    assert float(english.replace(",", "")) == round(value, digits)
    assert english == dutch.translate(str.maketrans(",.", ".,"))


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────


ABOUT = {
    "seed": 5,
    "until": "2020-Q4",
    "scenario": {"title_nl": "Huidig beleid", "title_en": "Current policy"},
    "region": {"regions": {"west": "West-Brabant"}, "sectors_nl": {"htsm": "Techniek"}, "sectors_en": {"htsm": "Tech"}},
}


def happening(quarter: str, event: str, **more: Any) -> dict[str, Any]:
    empty = {"who": "", "kind": "", "role": "", "detail": "", "number": None, "regie_fte": None, "regie_need": None}
    return {"quarter": quarter, "event": event, **empty, **more}


def firm(quarter: str, event: str, number: int, **more: Any) -> dict[str, Any]:
    return happening(quarter, event, who=f"bedrijf {number}", kind="mkb", role="partner", **more)


def condition(option: str, name: str, value: float, needed: float) -> dict[str, Any]:
    return {"option": option, "name": name, "value": value, "needed": needed, "met": value >= needed}


def partnership(**changes: Any) -> dict[str, Any]:
    """A partnership that embeds and loses its network."""
    row = {
        "replicate": 2,
        "id": "known/proef",
        "name": "Proef",
        "school": "Summa College",
        "region": "west",
        "sector": "htsm",
        "born": "2014-Q1",
        "first_position": "in_school",
        "position": "with_school",
        "location": "own",
        "target_students": 400.4,
        "decision": "A_EMBED",
        "status": "embedded",
        "network_alive": False,
        "network_death": "2019-Q2",
        "results": 0.4,
        "students_direct": 120.0,
        "conditions": [
            condition("A", "results_worth_keeping", 0.4, 0.12),
            condition("B", "entity_from_the_start", 1, 4),
            condition("B", "owning_firms", 2, 2),
            condition("C", "owning_firms", 2, 3),
            condition("C", "structural_money_euro_year", 24_000, 42_750),
            condition("C", "school_lets_go", 0.3, 0.77),
            condition("C", "a_new_condition", 0.5, 1.5),
        ],
        "partners_by_year": [{"year": 2014, "partners": 4, "firms": 2}, {"year": 2015, "partners": 7, "firms": 5}],
        "money": [
            {"stream": "national_subsidy", "amount_cents": 90_000_000},
            {"stream": "firm_in_kind", "amount_cents": 150_000_000},
            {"stream": "school_contribution", "amount_cents": 30_000_050},
        ],
        "story": [
            happening("2014-Q1", "founded", who="Summa College", detail="rif", number=900_000),
            firm("2014-Q1", "co_founded", 7),
            happening("2014-Q1", "co_founded", who="Grote werkgever 02", kind="grootbedrijf", role="mede_eigenaar"),
            happening("2014-Q1", "co_founded", who="gemeente West-Brabant 1", kind="gemeente", role="adviseur"),
            firm("2015-Q2", "joined", 8),
            firm("2015-Q2", "joined", 9),
            firm("2015-Q3", "joined", 10),
            firm("2015-Q4", "joined", 11),
            happening("2015-Q4", "phase", detail="2"),
            firm("2017-Q1", "left", 7, detail="no_results"),
            firm("2017-Q1", "left", 8, detail="no_results"),
            firm("2017-Q2", "left", 9, detail="contact_faded"),
            happening("2018-Q1", "decided", detail="A_EMBED"),
            happening("2019-Q2", "network_ended", detail="contact_faded", number=5, regie_fte=0.1, regie_need=1.4),
            firm("2019-Q2", "left", 10, detail="contact_faded"),
        ],
    }
    return {**row, **changes}


def text(story: Story) -> str:
    return "\n".join(f"{line.when} {line.text}" for line in (*story.lines, story.now))


def test_a_life_in_dutch() -> None:
    story = tell(partnership(), ABOUT, NL)
    assert story.title == "Proef"
    assert story.about == [
        "Penvoerder: Summa College, West-Brabant. Sector: Techniek.",
        "Gesimuleerd: Huidig beleid, herhaling 2 (startwaarde 7). Bedrijven zonder eigen naam dragen een nummer.",
    ]
    assert text(story).replace("\u00a0", " ").splitlines() == [
        "2014-Q1 Summa College richt de PPS op, samen met 1 mkb-bedrijf, 1 groot bedrijf en 1 gemeente "
        "(Grote werkgever 02, bedrijf 7 en gemeente 1 in West-Brabant). "
        "Het Regionaal Investeringsfonds (RIF) kent € 900.000 toe. "
        "De regiefunctie ligt in de school; er wordt gewerkt op een eigen locatie. Doel: 400 studenten per jaar.",
        "2015-Q2–Q4 Nieuw: 4 mkb-bedrijven (waaronder bedrijf 8, bedrijf 9 en bedrijf 10).",
        "2015-Q4 Bereikt fase 2: school en partners ontwerpen samen.",
        "2017-Q1–Q2 Vertrokken: 3 mkb-bedrijven (bedrijf 7, bedrijf 8 en bedrijf 9), "
        "2 omdat resultaat uitbleef en 1 omdat het contact verwaterde.",
        "2018-Q1 De subsidie loopt af. Besluit A, inbedden in de school: de resultaten blijven, "
        "de regiefunctie valt bijna weg. "
        "Doorgaan met een eigen verband (B) kon niet: "
        "de regiefunctie lag bij de start niet tussen de partners maar in de school. "
        "Een nieuw verband oprichten (C) kon niet: te weinig bedrijven waren mede-eigenaar (2, nodig 3); "
        "te weinig structureel geld voor de regiefunctie (€ 24.000 per jaar, nodig € 42.750); "
        "de school liet de regiefunctie niet los (de kans daarop was nog 30%); a_new_condition was 0,50, nodig 1,50.",
        "2019-Q2 Het netwerk, met 5 partners, houdt op te bestaan: het contact is verwaterd; "
        "er was nog 0,1 fte regie, waar 1,4 fte nodig was.",
        "2020-Q4 Het netwerk is er niet meer; de school houdt in stand wat er is ontwikkeld. "
        "Op zijn grootst, eind 2015, telde het netwerk 7 partners, waarvan 5 bedrijven. "
        "Resultaten geborgd in de school: 40% van wat mogelijk is aan vernieuwde inhoud en leervormen; "
        "120 studenten per jaar direct bereikt. "
        "In totaal kwam er € 1,2 miljoen binnen, vooral € 900.000 van het Rijk en € 300.000 van de school; "
        "daarnaast € 1,5 miljoen in natura.",
    ]


def test_a_partnership_that_loses_its_network_early_is_told_so() -> None:
    story = [
        happening("2014-Q1", "founded", who="Summa College", detail="rif", number=900_000),
        happening("2015-Q4", "network_ended", detail="too_few_partners", number=1),
        happening("2015-Q4", "decided", detail="STOP"),
        happening("2015-Q4", "stopped"),
        happening("2016-Q1", "audited", detail="by the province"),
    ]
    row = partnership(
        decision="STOP", status="stopped", conditions=[], story=story, network_death="2015-Q4", money=[]
    )  # fmt: skip
    told = text(tell(row, ABOUT, EN))
    assert "founds the partnership on its own" in told
    assert "with 1 partner, ends: too few partners from the field are left. The partnership therefore stops" in told
    assert "2016-Q1 audited: by the province" in told
    assert "All in all" not in told


def test_a_living_network_counts_its_partners_with_the_school() -> None:
    story = [event for event in partnership()["story"] if event["quarter"] < "2018"]
    told = text(tell(partnership(network_alive=True, network_death=None, story=story), ABOUT, EN))
    assert "The network is alive with 5 partners; the regie sits with the school." in told


def test_many_comings_and_goings_are_told_together() -> None:
    moves = [
        happening(
            f"{year}-Q{season}", "joined", who=f"gemeente in het midden van Brabant {year}.{season}", kind="gemeente"
        )
        for year in range(2014, 2036)
        for season in (1, 2)
    ]
    story = tell(partnership(story=[*partnership()["story"][:1], *moves], network_death=None), ABOUT, EN)
    assert [line.when for line in story.lines[:3]] == ["2014-Q1", "2014-Q1–2016-Q2", "2017-Q1–2019-Q2"]
    assert story.lines[1].text.startswith(
        "New: 6 municipalities (among them gemeente in het midden van Brabant 2014.1,"
    )


@pytest.fixture(scope="module")
def rows(brabant_run: PpsModel) -> list[Row]:
    told: list[Row] = tables_of(brabant_run, 0)["partnerships"].to_pylist()
    return told


@pytest.mark.parametrize("words", [EN, NL], ids=["en", "nl"])
def test_every_simulated_life_is_told_in_order_and_on_one_page(rows: list[Row], words: Words) -> None:
    names = {row["region"]: row["region"] for row in rows}
    about = {**ABOUT, "region": {"regions": names, "sectors_nl": {}, "sectors_en": {}}}
    for row in rows:
        story = tell(row, about, words)
        moments = [moment for line in story.lines for moment in ends(line.when)]
        assert moments == sorted(moments)
        assert moments[0] == row["born"]
        assert not re.search(r"[{}]|None|nan", text(story))
        with (console := Console(width=100)).capture() as page:
            console.print(report.story_table(story))
        assert len(page.get().splitlines()) <= 44
        assert not re.search("€\\s*\n|\ue000", page.get())


def ends(when: str) -> tuple[str, str]:
    """Return the first and the last quarter of a line."""
    first, _, last = when.partition("–")
    return first, first[:5] + last if last.startswith("Q") else last or first


def test_the_largest_size_counts_the_partners_at_the_end_of_the_network() -> None:
    story = [*partnership()["story"][:-2], happening("2019-Q2", "network_ended", detail="stopped", number=8)]
    told = text(tell(partnership(story=story), ABOUT, EN))
    assert "At its largest, in 2019-Q2, the network had 8 partners." in told
    assert "7 partners" not in told


@pytest.mark.parametrize(
    ("had", "needed", "said"),
    [
        (0.1, 1.4, "contact has faded; there was 0.1 fte of regie left, where 1.4 fte was needed."),
        (1.38, 1.4, "contact has faded; there was 1.38 fte of regie left, where 1.40 fte was needed."),
        (2.0, 1.4, "contact has faded; regie was not lacking: there was 2.0 fte, and 1.4 fte was needed."),
        (None, None, "contact has faded."),
    ],
)
def test_why_a_network_ended_tells_the_regie_there_was(had: float | None, needed: float | None, said: str) -> None:
    end = happening("2019-Q2", "network_ended", detail="contact_faded", number=5, regie_fte=had, regie_need=needed)
    line = tell(partnership(story=[*partnership()["story"][:-2], end]), ABOUT, EN).lines[-1]
    assert line.text.endswith(said)


def test_a_run_stores_the_regie_at_the_end_of_a_network(rows: list[Row]) -> None:
    ended = [event for row in rows for event in row["story"] if event["event"] == "network_ended"]
    assert ended
    assert all(event["regie_fte"] >= 0.0 and event["regie_need"] > 0.0 for event in ended)


@pytest.mark.parametrize(("quarter", "told"), [("2018-Q3", True), ("2017-Q3", False)])
def test_a_grant_after_embedding_says_what_it_pays(quarter: str, told: bool) -> None:
    story = [*partnership()["story"], happening(quarter, "granted", detail="hip", number=1_500_000)]
    row = partnership(story=sorted(story, key=lambda event: event["quarter"]))
    assert ("four years of project money for the embedded partnership" in text(tell(row, ABOUT, EN))) is told


def test_names_that_were_made_are_told_in_the_language() -> None:
    partners = [
        happening("2014-Q1", "co_founded", who="overig Zuidoost-Brabant 2", kind="overig"),
        firm("2014-Q1", "co_founded", 9972),
        happening("2014-Q1", "co_founded", who="BUas (toen NHTV)", kind="hogeschool"),
    ]
    row = partnership(story=[partnership()["story"][0], *partners], network_death=None)
    assert "(BUas (toen NHTV), other partner 2 in Zuidoost-Brabant and firm 9972)" in text(tell(row, ABOUT, EN))
    assert "(BUas (toen NHTV), andere partner 2 in Zuidoost-Brabant en bedrijf 9972)" in text(tell(row, ABOUT, NL))


# ── finding ─────────────────────────────────────────────────────────────────────────────────────────────


FOUND = [partnership(id="known/teclab", name="Teclab"), partnership(id="x/1", name="Zorg Summa College 2021"),
         partnership(id="x/2", name="Zorg Summa College 2021 (2)")]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("known/teclab", "Teclab"),
        ("TECLAB", "Teclab"),
        (" tec ", "Teclab"),
        ("zorg summa college 2021", "Zorg Summa College 2021"),
        ("2021 (2)", "Zorg Summa College 2021 (2)"),
    ],
)
def test_a_partnership_is_found_by_id_name_or_part(asked: str, name: str) -> None:
    assert find(FOUND, asked)["name"] == name


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("zorg", "fits 2 partnerships; allowed: one of Zorg Summa College 2021, Zorg Summa College 2021 (2)"),
        ("teklab", "did you mean Teclab?"),
        ("qqq", "pps story RUN"),
        ("", "fits 3 partnerships"),
    ],
)
def test_what_is_not_one_partnership_is_told(asked: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        find(FOUND, asked)
