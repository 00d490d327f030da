"""Present results as tables and sentences in the terminal."""
