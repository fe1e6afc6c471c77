"""What the page shows of the evidence: fit and validation, and every number that the model rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from agents.parameters import STATUSES, ParameterRow, parameter_table
from app import page
from app import validate as told
from app.charts import Point
from app.figures.figure import Figure
from app.glossary import parts
from app.parameters import sources
from app.words import Words
from calibration import predictive
from calibration.predictive import TRACKS
from calibration.validate import Band, Validation, all_targets, load_reasons, validate
from experiments.posterior import SHIPPED, load_posterior

INK, MUTED, LINE, MODEL, REPORTED = "#14243b", "#56657a", "#e1e7ee", "#0f766e", "#b4500b"


@cache
def shipped_validation() -> Validation | None:
    """Return the validation of the posterior that comes with the project; None if its runs are of other code."""
    predictor = predictive.make_predictor(all_targets())
    runs = predictive.load_predictive(load_posterior(SHIPPED), predictor, SHIPPED)
    return None if runs is None else validate(runs, all_targets(), load_reasons())


# ── fit and validation ──────────────────────────────────────────────────────────────────────────────────
def fit(found: Validation, words: Words) -> dict[str, Any]:
    """Return the targets by pattern, each with what was reported and what the model says, and what is missed."""
    patterns = [
        {
            "id": one["id"],
            "title": one["title"],
            "roles": [{"title": title, "rows": [_plain(row) for row in rows]} for title, rows in one["roles"] if rows],
            "met": sum(row["met"] for _, rows in one["roles"] for row in rows),
            "of": sum(len(rows) for _, rows in one["roles"]),
        }
        for one in page.patterns(found, words)
    ]
    missed = [_plain(page.target_row(one, words)) for one in found.comparisons if not one.met]
    return {
        "tiles": [{"number": number, "what": what} for number, what in page.tiles(found, words)],
        "patterns": patterns,
        "misses": [{**row, "reason": parts(row["reason"], words.language)} for row in missed],
        "summary": told.summary_lines(found, words),
        "error": words("validate.with_error", runs=found.runs[0]),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    glyph = row["glyph"]
    return {**row, "glyph": None if glyph is None else vars(glyph)}


def curves(found: Validation, words: Words) -> Iterator[Figure]:
    """Yield how students and networks went: what the model says, and what was reported."""
    for track in TRACKS:
        title = words(f"validate.students.country_{track}")
        points = page.points_of(found, track)
        last = int(max(point.year for point in points))
        sub = words("validate.chart.model")
        yield _curve(
            title, sub, words("validate.students.about", year=last), found.students["country", track], points, words
        )
    title, sub = words("validate.survival.title"), words("validate.survival.chart")
    note = f"{words('validate.survival.no_source')} {told.survival_line(found, words)}"
    yield _curve(title, sub, note, found.survival.draws, (), words)


def _curve(title: str, sub: str, note: str, band: Band, points: Sequence[Point], words: Words) -> Figure:
    percent = {"$number": {"digits": 0, "unit": "%"}}
    marks = {True: words("validate.chart.validate"), False: words("validate.chart.calibrate")}
    series = [
        _edge(band.years, band.low_90, "90"),
        {**_edge(band.years, band.high_90 - band.low_90, "90"), "areaStyle": {"color": MODEL, "opacity": 0.16}},
        {
            "name": words("validate.chart.model"),
            "type": "line",
            "showSymbol": False,
            "lineStyle": {"color": MODEL, "width": 2.5},
            "itemStyle": {"color": MODEL},
            "data": _points(band.years, band.median),
        },
        *(_reported(points, held_back, name) for held_back, name in marks.items() if points),
    ]
    named = [one["name"] for one in series if "name" in one]
    option = {
        "animation": False,
        "grid": {"left": 52, "right": 20, "top": 58, "bottom": 30},
        "legend": {"top": 0, "left": 40, "itemHeight": 9, "textStyle": {"color": MUTED}, "data": named},
        "tooltip": {"trigger": "axis", "valueFormatter": percent},
        "xAxis": {
            "type": "category",  # on an axis of values ECharts would stack the years
            "data": [f"{year:g}" for year in band.years],
            "boundaryGap": False,
            "axisLabel": {"color": MUTED},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "axisLabel": {"color": MUTED, "formatter": percent},
            "splitLine": {"lineStyle": {"color": LINE}},
        },
        "series": series,
    }
    head = [words("evidence_page.year"), words("validate.predicted"), "5%", "95%"]
    rows = [
        (f"{year:g}", 100 * middle, 100 * low, 100 * high)
        for year, middle, low, high in zip(band.years, band.median, band.low_90, band.high_90, strict=True)
    ]
    first, final = (words.percent(band.median[place]) for place in (0, -1))
    summary = words("evidence_page.course", first=first, last=final)
    file = "-".join(title.lower().replace(",", "").replace("=", "").split())
    return Figure(title, sub, option, head, rows, summary, file, note)


def _edge(years: Sequence[float], values: Any, stack: str) -> dict[str, Any]:
    """Return a line that is not drawn: two, one upon the other, make a band."""
    hidden = {"type": "line", "showSymbol": False, "silent": True, "tooltip": {"show": False}, "stack": stack}
    return {**hidden, "lineStyle": {"opacity": 0}, "data": _points(years, values)}


def _points(years: Sequence[float], values: Any) -> list[list[Any]]:
    return [[f"{year:g}", round(100 * float(value), 2)] for year, value in zip(years, values, strict=True)]


def _reported(points: Sequence[Point], held_back: bool, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "scatter",
        "symbolSize": 9,
        "itemStyle": {
            "color": "#ffffff" if held_back else REPORTED,
            "borderColor": REPORTED,
            "borderWidth": 2,
        },
        "data": [[f"{point.year:g}", 100 * point.value] for point in points if point.held_back == held_back],
    }


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Learnt:
    """What the fit says of a parameter: its 90 percent interval and how wide that is beside its range."""

    low: float
    high: float
    width: float


@cache
def learnt() -> Mapping[str, Learnt]:
    """Return the parameters that move a target by more than chance."""
    about = load_posterior(SHIPPED).about
    return {row["name"]: Learnt(row["low_90"], row["high_90"], row["relative_width"]) for row in about["parameters"]}


def parameters(words: Words) -> dict[str, Any]:
    """Return all parameters as people read them, and how many have which status."""
    rows = [_parameter(row, words) for row in parameter_table().values()]
    counts = {status: sum(row["status"] == status for row in rows) for status in STATUSES}
    statuses = [
        {"id": one, "title": words(f"status.{one}"), "count": number} for one, number in counts.items() if number
    ]
    return {"rows": rows, "statuses": statuses, "of": len(rows)}


def _parameter(row: ParameterRow, words: Words) -> dict[str, Any]:
    found = learnt().get(row.name)
    fitted = ""
    if found is not None:
        interval = words("parameters.from_to", low=f"{found.low:g}", high=f"{found.high:g}")
        fitted = words("evidence_page.fitted", interval=interval, width=words.percent(found.width))
    return {
        "name": row.name,
        "meaning": words.pick(row, "meaning"),
        "value": f"{row.value:g}",
        "range": words("parameters.from_to", low=f"{row.low:g}", high=f"{row.high:g}"),
        "unit": row.unit,
        "status": row.status,
        "fitted": fitted,
        "sources": [[str(line) for line in lines] for lines in sources(row, words)],
    }


def limits(words: Words) -> list[list[dict[str, str]]]:
    """Return for what the model must not be used, with what the terms in it mean."""
    texts = (text for key, text in words.texts.items() if key.startswith("validate.never."))
    return [parts(text, words.language) for text in texts]
