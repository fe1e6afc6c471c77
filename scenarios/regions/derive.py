"""Derive the files of the region packs that follow from other files: `python -m scenarios.regions.derive`.

With `--check` it only compares. Of `noord-brabant` it makes `firms.csv`. `nederland` it makes whole, but for
`region.toml`: from the Brabant pack, from the named PPS of `noord-holland-flevoland` and from the tables in `inputs`.
The rest of `noord-holland-flevoland` is what `nederland` has of its two provinces. No chance is involved.
`inputs/README.md` says how each number comes about; what is ASSUMED here says so.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scenarios.national import ENTREE, NATIONAL_DIR
from scenarios.region import OTHER_KINDS
from scenarios.regions.derive_firms import NATIONAL_EMPLOYMENT, firms_of, largest_remainder, sizes_of

HERE = Path(__file__).resolve().parent
BRABANT, NORTH, COUNTRY = "noord-brabant", "noord-holland-flevoland", "nederland"
NORTHERN = ["noord-holland", "flevoland"]
DERIVED = "derived: scenarios/regions/derive.py (inputs/README.md)"
AS_BRABANT = "derived: as in the pack noord-brabant"
AS_COUNTRY = "assumed: as in the country, no source prints trends by region outside Brabant"

type Tables = dict[str, pd.DataFrame]

STUDENTS = 162_275 + 357_687  # bbl-2011, bol-2011
STUDENTS_BRABANT = 74_225  # README of noord-brabant
MBO_PPS = 152  # nl-pps-mbo-count
# ASSUMED: the 27 partnerships before the RIF (national/README.md), the 120 of the first RIF (rif1-projects) spread
# evenly over its nine rounds, and the five that are left with the last four of these.
COHORTS = {("2011-Q3", "2014-Q1"): 27, ("2014-Q3", "2016-Q3"): 67, ("2017-Q1", "2018-Q3"): 58}

# The province of Noord-Brabant has 15 percent of the inhabitants (nb-share-of-nl-inhabitants). ASSUMED: slightly more
# of the training companies, as industry and construction weigh more there.
BRABANT_PEOPLE, BRABANT_COMPANIES = 0.15, 0.155
# ASSUMED: weight of each labour-market region in the employment of the province.
BRABANT_WEIGHT = {"west": 0.27, "midden": 0.18, "noordoost": 0.26, "zuidoost": 0.29}
# ASSUMED: what the Brabant pack calls Zuidoost is two of the 35 regions; Helmond-De Peel has this part of the work.
HELMOND = 0.08
HELMOND_SCHOOLS = ["roc-ter-aa"]
BRABANT_REGIONS = {region: f"{region}-brabant" for region in BRABANT_WEIGHT} | {"helmond": "helmond-de-peel"}

# ASSUMED: students of a ROC by sector, near those of the six in Brabant; leans to what its region is known for.
ROC_SECTORS = {
    "htsm": 0.17, "gebouwde_omgeving": 0.075, "zorg_welzijn": 0.345, "logistiek": 0.055, "maintenance": 0.01,
    "biobased_circulair": 0.005, "creatief": 0.04, "ict": 0.07, "handel_horeca": 0.23,
}  # fmt: skip
AOC_SECTORS = {"agrofood_groen": 0.95, "biobased_circulair": 0.05}  # ASSUMED: as in Brabant
SCHOOL_LEAN = 0.5  # ASSUMED: schools lean to the sectors of their region by the root of what firms do

EMPLOYERS = 20  # of each province, as in nb-top20-employers-size
BUDGET_BRABANT = 2_000_000  # ASSUMED, as in the Brabant pack: euro a year, elsewhere by inhabitants
BUDGETS = {"flevoland": (170_000, "public:flevoland-pps-scheme; derived: 1 million euro over about six years")}
ORCHESTRATION = 0.3  # ASSUMED: a little below Brabant, which is said to be ahead


# ── reading and rounding ────────────────────────────────────────────────────────────────────────────────


@cache
def _read(folder: str, name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / folder / f"{name}.csv", keep_default_na=False)


def given(name: str) -> pd.DataFrame:
    """Return one of the tables in `inputs`."""
    return _read("inputs", name)


def brabant(name: str) -> pd.DataFrame:
    """Return a file of the Brabant pack, with its regions named as in the country."""
    table = _read(BRABANT, name).copy()
    return table.replace({"region": BRABANT_REGIONS}) if "region" in table else table


def sectors() -> list[str]:
    """Return the ids of all sectors, in national order."""
    return list(pd.read_csv(NATIONAL_DIR / "sectors.csv")["id"])


def whole(values: pd.Series[float], total: int) -> pd.Series[int]:
    """Scale positive values to a total, rounded to whole numbers that add up to it."""
    return largest_remainder(values * (total / values.sum()), total)


def shares_of(values: pd.Series[float], total: float, digits: int) -> pd.Series[float]:
    """Scale positive values to a total, rounded so that the rounded ones add up to it."""
    rounded: pd.Series[float] = whole(values, round(total * 10**digits)) / 10**digits
    return rounded


def one_by_one(weights: Mapping[Any, float], count: int) -> list[str]:
    """Hand out a number of things one by one to who has the highest weight for each that it then has (D'Hondt)."""
    names, weight = list(map(str, weights)), np.array(list(weights.values()), dtype=float)
    has = np.zeros(len(names))
    given_to = []
    for _ in range(count):
        first = int(np.argmax(weight / (1.0 + has)))
        has[first] += 1
        given_to.append(names[first])
    return given_to


# ── the country ─────────────────────────────────────────────────────────────────────────────────────────


def regions() -> pd.DataFrame:
    """Return the 35 regions with their province and their weight in the work of the country."""
    table = given("regions").set_index("id")
    in_brabant = table["province"] == BRABANT
    work = table["inhabitants_thousand"] * table["work"]
    table["weight"] = work / work[~in_brabant].sum() * (1.0 - BRABANT_COMPANIES)
    ours = BRABANT_WEIGHT | {"zuidoost": BRABANT_WEIGHT["zuidoost"] - HELMOND, "helmond": HELMOND}
    for region, share in ours.items():
        table.loc[BRABANT_REGIONS[region], "weight"] = share * BRABANT_COMPANIES
    return table


def factors() -> pd.DataFrame:
    """Return how much more or less of the work a sector has in a region than in the country."""
    table = given("strengths").pivot(index="region", columns="sector", values="factor")
    return table.reindex(index=given("regions")["id"], columns=sectors()).astype(float).fillna(1.0)


def _with_helmond(rows: pd.DataFrame, key: str = "region") -> pd.DataFrame:
    """Add a copy of the rows of Zuidoost for Helmond-De Peel."""
    extra = rows[rows[key] == BRABANT_REGIONS["zuidoost"]].assign(**{key: BRABANT_REGIONS["helmond"]})
    return pd.concat([rows, extra])


def employment() -> pd.DataFrame:
    """Return employment.csv: the reported shares in Brabant, elsewhere the national ones times what is assumed."""
    known = _with_helmond(brabant("employment")).assign(source=AS_BRABANT)
    factor = factors()
    rows = [
        (region, sector, round(NATIONAL_EMPLOYMENT[sector] * float(factor.loc[region, sector]), 4), 0, DERIVED)
        if sector != ENTREE
        else (region, sector, 0.0, 0, "assumed: no employment of its own")
        for region in factor.index
        for sector in factor.columns
        if region not in set(known["region"])
    ]
    table = pd.concat([pd.DataFrame(rows, columns=list(known.columns)), known])
    order = pd.MultiIndex.from_product([factor.index, factor.columns])
    return table.set_index(["region", "sector"]).reindex(order.set_names(["region", "sector"])).reset_index()


def schools() -> pd.DataFrame:
    """Return schools.csv: those of Brabant as they are there, the others scaled to the students of the country."""
    table = given("schools")
    students = whole(table["size"], STUDENTS - STUDENTS_BRABANT)
    others = table.assign(students=students, leads="yes")
    ours = brabant("schools")
    ours.loc[ours["id"].isin(HELMOND_SCHOOLS), "region"] = BRABANT_REGIONS["helmond"]
    columns = ["id", "name", "kind", "region", "students", "leads", "source"]
    return pd.concat([others[columns], ours.assign(source=AS_BRABANT)[columns]])


def school_sectors() -> pd.DataFrame:
    """Return school_sectors.csv."""
    factor = factors().T ** SCHOOL_LEAN
    rows = []
    for school in given("schools").itertuples():
        words = str(school.sectors).split()
        shares = dict(zip(words[::2], map(float, words[1::2]), strict=True))
        if school.kind == "roc":
            lean = factor[str(school.region)]
            shares = {sector: share * float(lean[sector]) for sector, share in ROC_SECTORS.items()}
        elif school.kind == "aoc":
            shares = AOC_SECTORS
        rows += [(school.id, sector, share, DERIVED) for sector, share in shares_of(pd.Series(shares), 1.0, 3).items()]
    ours = brabant("school_sectors").assign(source=AS_BRABANT)
    return pd.concat([pd.DataFrame(rows, columns=list(ours.columns)), ours])


def provinces(of_schools: pd.DataFrame) -> pd.DataFrame:
    """Return provinces.csv."""
    table = given("provinces").set_index("id")
    people = table["inhabitants_thousand"].drop(BRABANT)
    table["population_share"] = shares_of(people, 1.0 - BRABANT_PEOPLE, 4)
    table.loc[BRABANT, "population_share"] = BRABANT_PEOPLE
    where = of_schools["region"].map(regions()["province"])
    table["mbo_share"] = shares_of(of_schools["students"].groupby(where).sum().reindex(table.index), 1.0, 4)
    table["budget_euro_year"] = (table["population_share"] / BRABANT_PEOPLE * BUDGET_BRABANT).round(-4).astype(int)
    table["orchestration"] = ORCHESTRATION
    said = "; assumed: budget by inhabitants from that of Brabant, and orchestration, no source prints either"
    table["source"] = DERIVED + said
    for province, (budget, source) in BUDGETS.items():
        table.loc[province, ["budget_euro_year", "source"]] = budget, f"{DERIVED}; {source}; assumed: orchestration"
    ours = _read(BRABANT, "provinces").set_index("id")
    table.loc[BRABANT, ["budget_euro_year", "orchestration"]] = ours.loc[BRABANT, ["budget_euro_year", "orchestration"]]
    table.loc[BRABANT, "source"] = AS_BRABANT
    return table.reset_index()[list(_read(BRABANT, "provinces").columns)]


def labour_market_regions() -> pd.DataFrame:
    """Return labour_market_regions.csv: what is reported of Brabant, elsewhere what holds for the country."""
    known = brabant("labour_market_regions").replace({"id": BRABANT_REGIONS}).assign(source=AS_BRABANT)
    trends = ["inflow_trend", "trend_before", "bbl_start", "bbl_decline", "source"]
    known = _with_helmond(known, "id").set_index("id")[trends].astype(object)
    usual = {"inflow_trend": "0", "trend_before": "0", "bbl_start": "", "bbl_decline": "", "source": AS_COUNTRY}
    table = given("regions").set_index("id")[["name", "province"]]
    return table.join(known.reindex(table.index).fillna(usual)).reset_index()


def large_employers(shares: pd.DataFrame) -> pd.DataFrame:
    """Return large_employers.csv: those of Brabant, and as many in each other province."""
    ours = brabant("large_employers")
    mix, ladder = ours["sector"].value_counts().sort_index(), sorted(ours["employees"], reverse=True)
    brabant_shares = shares.loc[list(BRABANT_REGIONS.values())].mean()
    weight, of_province = regions(), given("provinces").set_index("id")
    people, rows = of_province["inhabitants_thousand"], []
    for province in people.index.drop(BRABANT):
        here = weight.index[weight["province"] == province]
        work = shares.loc[here].mul(weight.loc[here, "weight"], axis=0)
        usual = work.sum() / weight.loc[here, "weight"].sum() / brabant_shares
        by_sector = one_by_one(dict(mix * usual[mix.index]), EMPLOYERS)
        places = {sector: iter(one_by_one(dict(work[sector]), EMPLOYERS)) for sector in mix.index}
        for number, sector in enumerate(by_sector):
            size = max(1000, round(ladder[number] * (people[province] / people[BRABANT]) ** 0.5, -2))
            name = f"Grote werkgever {number + 1:02} van {of_province['name'][province]}"
            rows.append((f"{province}-{number + 1:02}", name, next(places[sector]), sector, int(size), DERIVED))
    return pd.concat([pd.DataFrame(rows, columns=list(ours.columns)), ours.assign(source=AS_BRABANT)])


def other_partners() -> pd.DataFrame:
    """Return other_partners.csv: as many for each inhabitant as in Brabant, and the municipalities of 2011."""
    ours = _read(BRABANT, "other_partners").groupby("kind")["count"].sum()
    table, of_province = regions(), given("provinces").set_index("id")
    people, rows = of_province["inhabitants_thousand"], []
    for kind in OTHER_KINDS:
        usual = (people * (ours[kind] / people[BRABANT])).round().astype(int)
        totals = of_province["municipalities"] if kind == "gemeente" else usual
        for province, total in totals.items():
            here = table.loc[table["province"] == province, "inhabitants_thousand"]
            for region, n in whole(here, max(int(total), len(here))).items():
                rows.append((kind, region, int(n), DERIVED))
    return pd.DataFrame(rows, columns=["kind", "region", "count", "source"])


def enrolment() -> pd.DataFrame:
    """Return enrolment.csv: that of the Brabant pack, which rests on national counts."""
    return _read(BRABANT, "enrolment").assign(
        source=AS_BRABANT + ", from national counts (its README.md); assumed: level 4 was 0.45 of all students"
    )


# ── partnerships ────────────────────────────────────────────────────────────────────────────────────────


def known_pps(of_schools: pd.DataFrame, taught: pd.DataFrame) -> pd.DataFrame:
    """Return known_pps.csv: the named ones that started in the first RIF or before, and the rest without a name."""
    ours = brabant("known_pps")
    ours.loc[ours["lead_school"].isin(HELMOND_SCHOOLS), "region"] = BRABANT_REGIONS["helmond"]
    all_north = _read(NORTH, "known_pps")
    north = all_north[all_north["start_to"] <= max(end for _, end in COHORTS)]
    mix = pd.concat([ours, all_north])["sector"].value_counts().sort_index()
    unnamed = _unnamed(MBO_PPS - len(ours) - len(north), mix, of_schools, taught)
    return pd.concat([ours, north, unnamed])


def _unnamed(count: int, mix: pd.Series[int], of_schools: pd.DataFrame, taught: pd.DataFrame) -> pd.DataFrame:
    """Return partnerships without a name; their sectors are those of the named ones.

    What only AOCs teach goes to these, by their students. Of the rest each school has as many as it has students; one
    that is next takes the sector of which most is left to hand out and of which it has most students.
    """
    names = pd.read_csv(NATIONAL_DIR / "sectors.csv").set_index("id")["name_nl"]
    table = of_schools.set_index("id")
    elsewhere = ~table["region"].map(regions()["province"]).isin([BRABANT, *NORTHERN])
    table = table[elsewhere & (table["leads"] == "yes")]
    shares = (
        taught.pivot(index="school", columns="sector", values="share")
        .reindex(table.index, columns=mix.index)
        .fillna(0.0)
    )
    left = whole(mix.astype(float), count)
    green = shares["agrofood_groen"] * table["students"] * (table["kind"] == "aoc")
    leads = [(school, "agrofood_groen") for school in one_by_one(dict(green), int(left.pop("agrofood_groen")))]
    shares = shares[left.index].assign(**{ENTREE: enrolment().query("level == 1")["share"].sum()}).T
    for school in one_by_one(dict(table["students"] * (table["kind"] != "aoc")), count - len(leads)):
        here = shares[school]
        sector = str((here * left if (here * left).any() else here).idxmax())
        left[sector] = max(left[sector] - 1, 0)
        shares[school] = here.where(here.index != sector, here / 2.0)
        leads.append((school, sector))
    windows = one_by_one({f"{start} {end}": n for (start, end), n in COHORTS.items()}, count)
    rows = []
    for number, ((school, sector), window) in enumerate(zip(leads, windows, strict=True), start=1):
        start, end = window.split()
        name = f"PPS zonder naam {number:03} ({names[sector]}, {table['name'][school]})"
        rows.append((f"naamloos-{number:03}", name, school, table["region"][school], sector, start, end))
    head = ["id", "name", "lead_school", "region", "sector", "start_from", "start_to"]
    source = "nl-pps-mbo-count; public:rif1-projects; assumed: lead, sector and start (inputs/README.md)"
    return pd.DataFrame(rows, columns=head).assign(location="unknown", form="unknown", source=source)


# ── the packs ───────────────────────────────────────────────────────────────────────────────────────────


def country() -> Tables:
    """Return the files of the pack of the country."""
    of_schools, taught, work = schools(), school_sectors(), employment()
    shares = work.pivot(index="region", columns="sector", values="share")
    employers = large_employers(shares)
    return {
        "provinces": provinces(of_schools),
        "labour_market_regions": labour_market_regions(),
        "adjacency": given("adjacency"),
        "employment": work,
        "schools": of_schools,
        "school_sectors": taught,
        "hogescholen": pd.concat([given("hogescholen"), brabant("hogescholen").assign(source=AS_BRABANT)]),
        "enrolment": enrolment(),
        "firms": firms_of(shares, regions()["weight"], sizes_of(len(employers)), sectors()),
        "large_employers": employers,
        "known_pps": known_pps(of_schools, taught),
        "other_partners": other_partners(),
    }


def north(whole: Tables) -> Tables:
    """Return the derived files of Noord-Holland and Flevoland: what the country has there."""
    table = regions()
    here = set(table.index[table["province"].isin(NORTHERN)])
    outside = given("parts")[given("parts")["pack"] == NORTH].set_index("id")
    cut = {
        name: rows[rows["region"].isin(here)]
        for name, rows in whole.items()
        if "region" in rows and name != "known_pps"
    }
    for name, column in (("schools", "students"), ("hogescholen", "lectoraten")):
        part = whole[name][whole[name]["id"].isin(outside.index)].set_index("id")
        share = outside.loc[part.index]
        part["region"], part["source"] = share["region"], share["source"]
        part[column] = (part[column] * share["part"]).round().astype(int)
        cut[name] = pd.concat([cut[name], part.reset_index()[list(cut[name].columns)]])
    taught = whole["school_sectors"]
    cut["school_sectors"] = taught[taught["school"].isin(cut["schools"]["id"])]
    adjacency = whole["adjacency"]
    cut["adjacency"] = adjacency[adjacency["region_a"].isin(here) & adjacency["region_b"].isin(here)]
    regional = whole["labour_market_regions"]
    cut["labour_market_regions"] = regional[regional["id"].isin(here)]
    rows = whole["provinces"][whole["provinces"]["id"].isin(NORTHERN)].set_index("id")
    students = cut["schools"].groupby(cut["schools"]["region"].map(table["province"]))["students"].sum()
    rows["mbo_share"] = (students / STUDENTS).round(4)
    return cut | {"provinces": rows.reset_index(), "enrolment": whole["enrolment"]}


def brabant_firms() -> pd.DataFrame:
    """Return firms.csv of the Brabant pack."""
    shares = _read(BRABANT, "employment").pivot(index="region", columns="sector", values="share")
    sizes = sizes_of(len(_read(BRABANT, "large_employers")), BRABANT_COMPANIES, BRABANT_PEOPLE)
    return firms_of(shares, pd.Series(BRABANT_WEIGHT), sizes, sectors())


def derive() -> dict[Path, str]:
    """Return the text of every derived file, by its path."""
    whole = country()
    packs = {BRABANT: {"firms": brabant_firms()}, COUNTRY: whole, NORTH: north(whole)}
    return {
        HERE / pack / f"{name}.csv": table.to_csv(index=False, lineterminator="\n")
        for pack, tables in packs.items()
        for name, table in tables.items()
    }


def main(arguments: list[str]) -> int:
    """Write all derived files, or compare with them when called with --check; return the exit status."""
    texts = derive()
    if "--check" not in arguments:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return 0
    differ = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in differ:
        print(f"{path.parent.name}/{path.name} differs from what is derived")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
