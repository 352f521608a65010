"""Reports of a run: a page for a browser, JUnit XML for CI, Markdown for a pull request."""

from assistant.evaluation.reports.html import write_html
from assistant.evaluation.reports.junit import write_junit
from assistant.evaluation.reports.markdown import append_step_summary, markdown

__all__ = ["append_step_summary", "markdown", "write_html", "write_junit"]
