"""The site: `sphinx-build -W --keep-going -b html -c docs . build/site`, from the Markdown that is read without it."""

import re
from importlib import metadata
from pathlib import Path
from shutil import copy

from numpy.typing import ArrayLike
from sphinx.util.typing import stringify_annotation

CONTENTS = Path(__file__).parent / "contents.md"

project, author = "onebit-rf", "the onebit-rf authors"
copyright = f"2026, {author}"
release = metadata.version(project)
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "results/README.md", "docs/**"]
exclude_patterns = [".*", "build", "src", "tests", "results/[!R]*", "docs/contents.md"]  # folders are not even entered

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_heading_anchors = 3  # as GitHub names them
default_role = "literal"  # in docstrings `name` is code
highlight_language = "none"  # indented blocks are formulas
smartquotes_action = "D"  # dashes; a prime is no quotation mark

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_preserve_defaults = True  # as the source spells them
autodoc_typehints_format = "short"
maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"
napoleon_custom_sections = [("Attributes", "params_style")]

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["site.css"]

# Of a docstring names before a colon, code and examples stay; what else reStructuredText takes for markup is made text:
# *, |, the last _ of a name, and a letter with a point, as of a list.
_KEPT = r"^ *\w+(?:, \w+)* ?:|`+[^`]*`+|^ *>>>.*(?:\n *\S.*)*"
_TEXT = r"[*|\\]|_(?!\w)|(?<=\s)(?=[^\W\d][.)])"
_MARKUP = re.compile(f"({_KEPT})|({_TEXT})", re.MULTILINE)


def _as_text(app, what, name, obj, options, lines):
    lines[:] = _MARKUP.sub(lambda found: found[1] or "\\" + found[2], "\n".join(lines)).split("\n")


def _name_arrays(app, what, name, obj, options, signature, returns):
    """Of `ArrayLike` the union that it stands for would be shown."""
    union = stringify_annotation(ArrayLike, "smart")
    return signature and signature.replace(union, "ArrayLike"), returns


def _add_contents(app, docname, source):
    """The landing page is the README; the contents of the site come after it."""
    if docname == root_doc:
        source[0] += "\n" + CONTENTS.read_text(encoding="utf-8")
        app.env.note_dependency(CONTENTS)


def _add_index(app, failure):
    """Servers look for index.html."""
    if failure is None and app.builder.format == "html":
        copy(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))


def setup(app):
    """Join the above to the build."""
    app.connect("autodoc-process-docstring", _as_text, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", _name_arrays)
    app.connect("source-read", _add_contents)
    app.connect("build-finished", _add_index)
