"""Process 11, students: once a year, on 1 October, they come, graduate and leave.

BBL needs a place at a firm; places follow the business cycle. Who finds none goes to BOL or stays away. The
cycle, not the partnerships, moves BBL: a partnership adds a little at its members.
"""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Ints
from sim.enrolment import BBL, BOL, whole
from sim.world import PpsWorld


def students(world: PpsWorld) -> None:
    """Turn the school year if it is October."""
    if not world.calendar.is_school_start(world.quarter):
        return
    graduates, leavers = _outflow(world)
    inflow = _inflow(world)
    world.enrolment.turn_year(world.quarter, inflow, graduates, leavers)


def exit_rates(world: PpsWorld) -> Floats:
    """Return the share of students that ends its programme in a year, by level and track, shape (4, 2)."""
    p = world.p
    bol = (p.exit_level_1, p.exit_level_2, p.exit_level_3, p.exit_level_4)
    return np.array([[min(p.bbl_exit * rate, 1.0), rate] for rate in bol])


def _outflow(world: PpsWorld) -> tuple[Ints, Ints]:
    stock = world.enrolment.stock
    ends = np.minimum(_heads(world, stock.astype(np.float64) * exit_rates(world)), stock)
    graduates = _heads(world, ends.astype(np.float64) * world.p.graduates_share)
    return np.minimum(graduates, ends), np.maximum(ends - graduates, 0)


def _inflow(world: PpsWorld) -> Ints:
    applicants = applicants_of(world)
    places = places_of(world)  # (regions, sectors)
    bbl = applicants[..., BBL]
    asked = by_region(world, bbl.sum(axis=2))
    placed = np.minimum(1.0, np.divide(places, asked, out=np.ones_like(asked), where=asked > 0))
    share = placed[world.school_region][:, :, None]
    inflow = np.empty_like(applicants)
    inflow[..., BBL] = bbl * share
    unplaced = bbl * (1.0 - share)
    inflow[..., BOL] = applicants[..., BOL] + world.p.unplaced_to_bol * unplaced
    world.enrolment.turned_away += round(float((1.0 - world.p.unplaced_to_bol) * unplaced.sum()))
    return np.stack([_heads(world, inflow[..., track]) for track in (BBL, BOL)], axis=-1)


def _heads(world: PpsWorld, amounts: Floats) -> Ints:
    """Round to whole heads by province, so that what is done in one moves no student of another."""
    heads = np.zeros(amounts.shape, dtype=np.int64)
    province = world.province_of[world.school_region]
    for row in range(len(world.provinces)):
        heads[province == row] = whole(amounts[province == row])
    return heads


def applicants_of(world: PpsWorld) -> Floats:
    """Return who wants to start this year, by school, sector, level and track (before places are found).

    From the inflow of the start the trends of country, region, sector and level act from 2012 to 2017, and the national
    number of students from the last year that was counted.
    """
    p, year = world.p, world.calendar.year(world.quarter)
    if world.inflow_at_start is None:
        world.inflow_at_start = inflow_at_start(world)
    base = world.inflow_at_start
    span = min(max(year - p.trends_from, 0.0), p.trends_to - p.trends_from)
    trend = np.exp((np.log1p(p.applicants_trend) + field_trends(world)) * span)
    shifted = base * np.exp(np.array([0.0, 0.0, 0.0, p.level_4_shift]) * span)[None, None, :, None]
    totals = shifted.sum(axis=2, keepdims=True)
    shifted *= np.divide(base.sum(axis=2, keepdims=True), totals, out=np.zeros_like(totals), where=totals > 0)
    fewer = students_ahead(world, year)
    applicants: Floats = shifted * trend[:, :, None, None] * fewer
    applicants[..., BBL] *= 1.0 + p.bbl_excess
    return applicants


def field_trends(world: PpsWorld) -> Floats:
    """Return the reported yearly trend of inflow in 2012-2017 by school and sector, in logarithms."""
    regional = np.log1p([region.inflow_trend for region in world.pack.regions])
    sectoral = np.log1p([sector.inflow_trend for sector in world.national.sectors])
    trends: Floats = (regional[:, None] + sectoral + np.log1p(world.pack.field_trends))[world.school_region]
    return trends


def trends_before(world: PpsWorld) -> Floats:
    """Return the yearly trend of students before 2012 by school and sector, in logarithms.

    Who graduated in 2012-2016 had mostly come before: what is reported of graduates tells of those years.
    """
    regional = np.log1p([region.trend_before for region in world.pack.regions])[world.school_region]
    sectoral = np.log1p([sector.trend_before for sector in world.national.sectors])
    trends: Floats = regional[:, None] + sectoral
    return trends


def inflow_at_start(world: PpsWorld) -> Floats:
    """Return the inflow of the first year, by school, sector, level and track.

    It replaces the outflow, and makes the students grow (or shrink) as they did before 2012: without that, those who
    graduate in the first years would know nothing of what came before.
    """
    p, start = world.p, world.enrolment.start
    shares = np.divide(start, start.sum(axis=2, keepdims=True), out=np.zeros(start.shape), where=start > 0)
    shift = p.level_4_before * (np.array([0.0, 0.0, 0.0, 1.0])[None, None, :, None] - shares[:, :, 3:, :])
    trend = np.log1p(p.applicants_trend) + p.trends_before * trends_before(world)
    inflow: Floats = start * np.maximum(exit_rates(world) + trend[:, :, None, None] + shift, 0.0)
    return inflow


def students_ahead(world: PpsWorld, year: int) -> float:
    """Return the national number of students relative to the last counted year; one until then."""
    from_year = world.p.demography_from
    if year <= from_year:
        return 1.0
    last, now = world.driver("students_index", from_year), world.driver("students_index", year)
    return now / last


def places_of(world: PpsWorld) -> Floats:
    """Return the BBL places that firms offer this year, shape (regions, sectors), and keep each firm's.

    Scaled so that the first year's places are its BBL inflow; from there they move with unemployment, with the
    structural loss of places, and with what firms are.
    """
    firms, p = world.firms, world.p
    year = world.calendar.year(world.quarter)
    cycle = np.exp(-p.bbl_cycle * (world.climate.unemployment - world.unemployment_at_start))
    settled = float(np.clip((year - p.bbl_loss_from) / p.bbl_loss_years, 0.0, 1.0))
    reported = (region.bbl_decline for region in world.pack.regions)
    regional = np.array([p.bbl_decline if decline is None else decline for decline in reported])
    kept = 1.0 - np.clip(p.bbl_loss * regional, 0.0, 1.0) * settled
    character = 1.0 + p.bbl_culture * (firms.learning_culture - p.culture_klein)
    member = 1.0 + p.bbl_members * np.minimum(firms.memberships / firms.weight, 1.0)
    firms.bbl_places[:] = np.sqrt(firms.employees) * character * member * (cycle * kept)[firms.region]
    offered = np.bincount(
        firms.cell, weights=firms.bbl_places * firms.weight, minlength=world.n_regions * world.n_sectors
    ).reshape(world.n_regions, world.n_sectors)
    offered = (offered[:, None, :] * world.recruits[None, :, :]).sum(axis=2)
    if world.places_at_start is None:
        world.places_at_start = offered
        world.bbl_at_start = _bbl_inflow_at_start(world)
    first = world.places_at_start
    growth = np.divide(offered, first, out=np.ones_like(first), where=first > 0)
    places: Floats = world.bbl_at_start * growth
    return places


def _bbl_inflow_at_start(world: PpsWorld) -> Floats:
    return by_region(world, inflow_at_start(world)[..., BBL].sum(axis=2))


def by_region(world: PpsWorld, of_schools: Floats) -> Floats:
    """Add up a quantity of schools by sector, shape (schools, sectors), over the regions in which they stand."""
    cells = (world.n_regions, world.n_sectors)
    cell = world.school_region[:, None] * world.n_sectors + np.arange(world.n_sectors)
    return np.bincount(cell.ravel(), of_schools.ravel(), cells[0] * cells[1]).reshape(cells)
