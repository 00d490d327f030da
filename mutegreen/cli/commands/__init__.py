"""The commands, in folders by what they are for. Each module has one command and is thin."""
