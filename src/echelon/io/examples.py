"""Published supply chains that come with the package, each with its citation."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from echelon.errors import UnknownNameError
from echelon.io.folder import read_network

if TYPE_CHECKING:
    from echelon.network.network import Network


@dataclass(frozen=True, slots=True)
class Example:
    """A published supply chain.

    Attributes
    ----------
    name : str
        Folder under ``echelon/data`` that holds its tables and its ``CITATION``.
    title, source : str
        What it is, and where it was published.
    annual_cost : float
        Published cost of the best placement of safety stock, money per year.
    rounding : float
        Half a unit of the last digit published: how far a recomputed cost may be from it.
    """

    name: str
    title: str
    source: str
    annual_cost: float
    rounding: float


EXAMPLES = {
    "bulldozer": Example(
        name="bulldozer",
        title="A bulldozer: 22 stages of one assembly network",
        source="Graves and Willems (2003), Handbooks in OR and MS 11, pp. 95-132",
        annual_cost=633_000.0,
        rounding=500.0,
    ),
}


def read_example(name: str = "bulldozer") -> Network:
    """Read a published supply chain that comes with the package.

    Parameters
    ----------
    name : str, default "bulldozer"
        Which one; ``EXAMPLES`` lists them with their sources.

    Returns
    -------
    Network
        From the same kind of folder that a user writes: tables and a manifest.

    Raises
    ------
    UnknownNameError
        If there is no example of that name; lists the known ones.

    Examples
    --------
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> network.n_stages, network.n_lanes, network.period
    (22, 21, 'day')
    """
    if name not in EXAMPLES:
        raise UnknownNameError("example", name, EXAMPLES)
    with as_file(files("echelon") / "data" / name) as folder:  # also where zipped
        return read_network(folder)
