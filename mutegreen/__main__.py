"""Run the command line: `python -m mutegreen`."""

from mutegreen.cli.main import main

if __name__ == "__main__":
    main()
