"""Firms of a region pack: accredited training companies by region, sector and size, from national counts.

`scenarios.regions.derive` writes the files with it. No chance is involved. The steps:

1. National companies with two or more persons by size class (the class 100-250 follows from the total), times
   the probability that a company of that size is accredited. The probability of micro firms is what makes the
   national total come out at 237,000.
2. National companies by SBI section, spread over our sectors.
3. Totals by region and sector: the region's weight in the country times its location quotient, that is its
   share of employment in the sector (employment.csv) over the national share.
4. Sizes within region x sector: iterative proportional fitting of a size mix that leans to large or small by
   sector to the totals of step 3 and to the number of firms of each size in the pack.
5. Whole numbers by largest remainder within each size class, so that every size total is exact.

Public numbers carry their id in `public_facts` of the evidence; what is ASSUMED says so.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SIZES = ("micro", "klein", "middel", "groot")
SOURCE = "derived: derive_firms.py (README.md)"

# National companies by size: CBS 2020 (firms-all-2020, firms-size-*), over 250: CBS 2024 (firms-over-250).
TWO_OR_MORE = 1_896_405 - 1_483_805
MICRO = 188_510 + 90_840 + 64_890
KLEIN = 32_925 + 20_275
OVER_250 = 3_620
MIDDEL = TWO_OR_MORE - MICRO - KLEIN - OVER_250  # firms-size-50-100, plus 100-250 as what is left

TRAINING_COMPANIES = 247_000 - 10_000  # training-companies, less those abroad
ACCREDITED = {"klein": 0.85, "middel": 0.97, "groot": 1.0}  # ASSUMED: rises with size; micro follows

# Companies with two or more persons by SBI section (firms-industry-2-plus and so on); `rest` is what is left.
SBI = {
    "industry": 26_510, "construction": 35_430, "trade": 96_120, "transport": 15_645,
    "hospitality": 36_130, "ict": 18_600, "agri": 37_975, "government-care": 41_465,
}  # fmt: skip
# ASSUMED: how the companies of a section fall over our sectors. Car trade and repair is automotive, so htsm;
# a part of government and education is in no sector of ours.
SBI_TO_SECTOR: dict[str, dict[str, float]] = {
    "industry": {
        "htsm": 0.70, "agrofood_groen": 0.12, "maintenance": 0.08,
        "biobased_circulair": 0.06, "creatief": 0.04,
    },
    "construction": {"gebouwde_omgeving": 1.0},
    "trade": {"handel_horeca": 0.85, "htsm": 0.10, "agrofood_groen": 0.05},
    "transport": {"logistiek": 1.0},
    "hospitality": {"handel_horeca": 1.0},
    "ict": {"ict": 0.75, "creatief": 0.25},
    "agri": {"agrofood_groen": 1.0},
    "government-care": {"zorg_welzijn": 0.85},
    "rest": {
        "handel_horeca": 0.45, "zorg_welzijn": 0.15, "creatief": 0.15,
        "ict": 0.10, "gebouwde_omgeving": 0.10, "agrofood_groen": 0.05,
    },
}  # fmt: skip

# National shares of employment to compare with. nl-employment-share-industry-energy, 0.102, goes over htsm,
# maintenance, biobased and the food industry; construction is nl-employment-share-construction; care is a
# little above the province, as the sources say in words. The others are ASSUMED.
NATIONAL_EMPLOYMENT = {
    "htsm": 0.066, "gebouwde_omgeving": 0.038, "zorg_welzijn": 0.152, "agrofood_groen": 0.0345,
    "logistiek": 0.047, "maintenance": 0.0085, "biobased_circulair": 0.006, "creatief": 0.025,
    "ict": 0.033, "handel_horeca": 0.215,
}  # fmt: skip
# ASSUMED: more (above 1) or fewer large firms than the mean; each step up in size multiplies by it again.
SIZE_LEAN = {
    "htsm": 1.3, "gebouwde_omgeving": 0.9, "zorg_welzijn": 1.5, "agrofood_groen": 0.8, "logistiek": 1.4,
    "maintenance": 1.2, "biobased_circulair": 1.2, "creatief": 0.8, "ict": 1.0, "handel_horeca": 0.8,
}  # fmt: skip


def national_accredited() -> pd.Series[float]:
    """Return the accredited training companies of the country by size."""
    accredited = pd.Series({"klein": KLEIN, "middel": MIDDEL, "groot": OVER_250}) * pd.Series(ACCREDITED)
    accredited["micro"] = TRAINING_COMPANIES - accredited.sum()
    return accredited.loc[list(SIZES)]


def sizes_of(large_employers: int, training_companies: float = 1.0, over_250: float = 1.0) -> pd.Series[int]:
    """Return the firms of a pack by size, without the large employers that have a file of their own.

    Args:
        large_employers: How many have a file of their own.
        training_companies: Share of the country's training companies.
        over_250: Share of the country's companies of 250 or more persons.
    """
    country = national_accredited()
    large = round(OVER_250 * over_250)
    others = country.drop("groot")
    wanted = others * ((TRAINING_COMPANIES * training_companies - large) / others.sum())
    sizes = wanted.round().astype(int)
    sizes["groot"] = large - large_employers
    return sizes.loc[list(SIZES)]


def national_by_sector(sectors: list[str]) -> pd.Series[float]:
    """Return the companies of the country by sector; a sector without firms of its own gets none."""
    sections = SBI | {"rest": TWO_OR_MORE - sum(SBI.values())}
    counts = pd.Series(0.0, index=sectors)
    for section, shares in SBI_TO_SECTOR.items():
        for sector, share in shares.items():
            counts[sector] += sections[section] * share
    return counts


def fit(seed: pd.DataFrame, rows: pd.Series[float], columns: pd.Series[int], rounds: int = 200) -> pd.DataFrame:
    """Scale a positive table to the given row and column totals (iterative proportional fitting)."""
    table = seed
    for _ in range(rounds):
        table = table.mul(rows / table.sum(axis=1), axis=0)
        table = table.mul(columns / table.sum(axis=0), axis=1)
    return table


def largest_remainder(values: pd.Series[float], total: int) -> pd.Series[int]:
    """Round to whole numbers with the given sum; ties go to the earlier row."""
    down = values.astype(int)  # cuts off, and all values are positive
    order = (down - values).sort_values(kind="stable").index
    down.loc[order[: total - int(down.sum())]] += 1
    return down


def firms_of(
    employment: pd.DataFrame, weight: pd.Series[float], sizes: pd.Series[int], sectors: list[str]
) -> pd.DataFrame:
    """Return firms.csv as a table: region, sector, size, count, source.

    Args:
        employment: Share of employment, regions by sectors.
        weight: Weight of each region in the employment of the pack, in the order of the file.
        sizes: Firms of the pack by size.
        sectors: All sectors, in national order.
    """
    with_firms = [sector for sector in sectors if sector in NATIONAL_EMPLOYMENT]
    quotient = employment.loc[list(weight.index), with_firms] / pd.Series(NATIONAL_EMPLOYMENT)
    pull = quotient.mul(weight, axis=0) * national_by_sector(sectors)[with_firms]
    wanted = pull.stack() * (sizes.sum() / pull.to_numpy().sum())
    country = national_accredited()
    lean = np.power.outer(wanted.index.get_level_values("sector").map(SIZE_LEAN).to_numpy(float), np.arange(len(SIZES)))
    seed = pd.DataFrame(lean * country.to_numpy(), index=wanted.index, columns=list(SIZES))
    fitted = fit(seed, wanted, sizes)
    whole = pd.DataFrame({size: largest_remainder(fitted[size], int(sizes[size])) for size in SIZES})
    rows = [
        (region, sector, size, int(whole.loc[(region, sector), size]) if sector in with_firms else 0, SOURCE)
        for region in weight.index
        for sector in sectors
        for size in SIZES
    ]
    return pd.DataFrame(rows, columns=["region", "sector", "size", "count", "source"])
