"""Present results: tables in the terminal, pages, figures and JSON."""
