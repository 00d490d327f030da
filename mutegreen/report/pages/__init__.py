"""Results as Markdown, LaTeX and CSV."""
