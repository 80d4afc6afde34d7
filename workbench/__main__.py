"""`python -m workbench`: the command line."""

from workbench.cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
