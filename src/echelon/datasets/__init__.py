"""Made-up companies to try things on: as hard as real ones, and known to the last row.

>>> from echelon.datasets import make_portfolio
>>> portfolio = make_portfolio(20, seed=7)
>>> portfolio.network.n_stages > 40
True
"""

from echelon.datasets.portfolio import MadeUpPortfolio, make_portfolio

__all__ = ["MadeUpPortfolio", "make_portfolio"]
