"""How Sphinx builds these pages: `make docs`."""

from echelon import __version__

project = "echelon"
author = "the echelon authors"
project_copyright = "2026, the echelon authors"
release = version = __version__

extensions = [
    "myst_parser",
    "numpydoc",  # it numbers the references of several docstrings on one page
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the numpy docstrings say it with units
numpydoc_show_class_members = False  # autodoc lists them

html_theme = "furo"
html_title = f"echelon {release}"
