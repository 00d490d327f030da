"""Present results as Markdown, LaTeX and CSV."""
