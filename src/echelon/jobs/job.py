"""One run as it was asked for: read from a file or from arguments, and checked as a whole."""

from __future__ import annotations

import difflib
import tomllib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from echelon.errors import DataWarning, DomainError, EchelonError, FolderError
from echelon.execution import Backend, check_n_jobs
from echelon.io.divided.source import Source
from echelon.jobs.settings import FITS, REFUSED, RUN, options_of
from echelon.network.build import serial
from echelon.optimization.place_safety_stock import place_safety_stock
from echelon.simulation.simulate import simulate
from echelon.tables.check import check_settings

SECTIONS: Final = ("run", "optimize", "simulate", "fit")
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Job:
    """What a run does.

    Attributes
    ----------
    tables : Source
        Folder of tables, or the tables themselves, as :func:`echelon.divide` takes them.
    network : mapping or None
        Settings in the place of those of the tables.
    out : Path
    optimize : dict
        Arguments of :func:`echelon.optimize`.
    simulate : dict or None
        Arguments of :func:`echelon.simulate`; None leaves the simulation out.
    fit : dict
        By what is fitted, ``demand`` and ``lead_time``; empty where nothing is.
    n_jobs : int
    backend : {"processes", "dask"}
    faults, file_format : str
    stages_per_shard : int
    time_limit : float or None
        Of one shard, seconds.
    memory_limit : int or None
        Of one worker, bytes.
    """

    tables: Source
    network: Mapping[str, Any] | None
    out: Path
    optimize: dict[str, Any]
    simulate: dict[str, Any] | None
    fit: dict[str, dict[str, Any]]
    n_jobs: int
    backend: Backend
    faults: str
    file_format: str
    stages_per_shard: int
    time_limit: float | None
    memory_limit: int | None


def read_job(path: str | Path, changes: Mapping[str, object]) -> Job:
    """Read a file of settings.

    Parameters
    ----------
    path : str or Path
        TOML, with the sections ``[run]``, ``[optimize]``, ``[simulate]``, ``[fit.demand]`` and
        ``[fit.lead_time]``.
    changes : mapping of str to object
        Settings of ``[run]`` that take the place of those in the file.

    Raises
    ------
    FolderError
        If the file cannot be read.
    DomainError
        With everything that is wrong in it.
    """
    file = Path(path)
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FolderError(f"cannot read {file}: {error}. Fix: give a file of settings.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DomainError(f"{file} is not TOML: {error}. Fix: mend that line.") from error
    problems = [_misplaced(name) for name in written if name not in SECTIONS]
    sections: dict[str, Any] = {}
    for name in SECTIONS:
        sections[name] = written.get(name)
        if sections[name] is not None and not isinstance(sections[name], dict):
            problems.append(
                f"{name} is {sections[name]!r}. Fix: write [{name}] and lines below it."
            )
            sections[name] = None
    settings = {**(sections["run"] or {}), **changes}
    if not isinstance(settings.get("tables", ""), str):
        problems.append(f"run.tables is {settings['tables']!r}. Fix: give a folder, as text.")
    for name in ("tables", "out"):
        if isinstance(settings.get(name), str) and name not in changes:
            settings[name] = str(file.parent / settings[name])
    return make_job(
        settings,
        sections["optimize"],
        sections["simulate"],
        sections["fit"],
        where=str(file),
        told=problems,
    )


def make_job(
    settings: Mapping[str, object],
    optimize: Mapping[str, Any] | None,
    simulate: Mapping[str, Any] | None,
    fit: Mapping[str, Any] | None,
    *,
    network: Mapping[str, Any] | None = None,
    where: str,
    told: Iterable[str] = (),
) -> Job:
    """Check what a run is told and fill in defaults.

    Parameters
    ----------
    settings : mapping
        As the table :data:`~echelon.jobs.settings.RUN`; ``tables`` may also be what
        :func:`echelon.run` takes.
    optimize, simulate, fit : mapping or None
    network : mapping or None
        Settings of the network; None: those that the tables bring.
    where : str
        What the settings are called in a message.
    told : iterable of str
        Problems found before.

    Raises
    ------
    DomainError
        With everything that is wrong.
    """
    problems = list(told)
    values = _run_settings(settings, problems)
    own = {
        "optimize": _options("optimize", optimize or {}, problems),
        "simulate": None if simulate is None else _options("simulate", simulate, problems),
    }
    chosen = _fit_options(fit or {}, problems)
    _try(own["optimize"] or {}, own["simulate"], problems)
    if problems:
        faults = f"{len(problems)} fault{'s' if len(problems) > 1 else ''}"
        lines = "\n".join(f"  {number}. {line}" for number, line in enumerate(problems, 1))
        raise DomainError(f"{faults} in {where}:\n{lines}")
    limit = values["memory_limit"]
    return Job(
        tables=cast(Source, settings["tables"]),
        network=network,
        out=Path(str(values["out"])),
        optimize=own["optimize"] or {},
        simulate=own["simulate"],
        fit=chosen,
        n_jobs=check_n_jobs(values["n_jobs"]),
        backend=values["backend"],
        faults=values["faults"],
        file_format=values["format"],
        stages_per_shard=values["stages_per_shard"],
        time_limit=values["time_limit"],
        memory_limit=None if limit is None else int(limit * _GIB),
    )


def _run_settings(settings: Mapping[str, object], problems: list[str]) -> dict[str, Any]:
    """Check what the table of settings describes."""
    problems += [_unknown("setting of [run]", n, RUN.names) for n in settings if n not in RUN.names]
    told = {name: _plain(value) for name, value in settings.items()}
    if not isinstance(told.get("tables"), str | None):
        told["tables"] = "the tables themselves"
    values, faults = check_settings(told, RUN)
    problems += map(str, faults)
    for column in RUN.columns:
        if column.required and settings.get(column.name) is None:
            problems.append(f"run.{column.name} is missing. Fix: {column.fix}.")
    if settings.get("n_jobs") == 0:
        problems.append("run.n_jobs is 0. Fix: give a number of workers, or -1 for every core.")
    return values


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _options(step: str, given: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Refuse what a step does not take; what it takes is tried later."""
    known = options_of(step)
    for name in given:
        if name in REFUSED[step]:
            problems.append(f"{step}.{name}: {REFUSED[step][name]}. Fix: take it out.")
        elif name not in known:
            problems.append(_unknown(f"setting of [{step}]", name, known))
    return {**known, **{name: value for name, value in given.items() if name in known}}


def _misplaced(name: str) -> str:
    """Say of what is outside of all sections in which of them it belongs, if in any."""
    if name in RUN.names:
        return f"{name} stands outside of all sections. Fix: write it below [run]."
    return _unknown("section", name, SECTIONS)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"write {near[0]!r}" if near else "take it out"
    return f"{kind} {name!r} is not known. Known: {', '.join(known)}. Fix: {hint}."


def _try(optimize: dict[str, Any], simulated: dict[str, Any] | None, problems: list[str]) -> None:
    """Let the functions themselves judge their arguments, on a shop with one stage."""
    shop = serial(
        ["shop"],
        lead_time=1,
        holding_cost=1.0,
        demand_mean=9.0,
        demand_std=1.0,
        service_level=0.9,
        base_stock=[20.0],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of a shop that is nobody's
        try:
            place_safety_stock(shop, **optimize, progress=False)
        except EchelonError as error:
            problems.append(f"optimize: {error}")
        if simulated is not None:
            try:
                simulate(shop, **simulated, progress=False)
            except EchelonError as error:
                problems.append(f"simulate: {str(error).removeprefix('simulate: ')}")


def _fit_options(fit: Mapping[str, Any], problems: list[str]) -> dict[str, dict[str, Any]]:
    """Refuse what the fitting does not take; values are judged when it fits."""
    chosen: dict[str, dict[str, Any]] = {}
    for what, given in fit.items():
        if what not in FITS:
            problems.append(_unknown("section of [fit]", what, FITS))
        elif not isinstance(given, Mapping):
            problems.append(f"fit.{what} is {given!r}. Fix: write [fit.{what}] and lines below.")
        else:
            known = options_of(what)
            problems += [
                _unknown(f"setting of [fit.{what}]", name, known)
                for name in given
                if name not in known
            ]
            chosen[what] = dict(given)
    return chosen
