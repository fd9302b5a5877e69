"""Run all benchmarks, or those named: ``python -m benchmarks [importing] [matching] [million] [creating] [orders] [quarantine]``."""

import sys
from importlib import import_module

ALL = ("matching", "importing", "million", "creating", "orders", "quarantine")


def main(wanted: list[str]) -> int:
    if unknown := [name for name in wanted if name not in ALL]:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(ALL)}.", file=sys.stderr)
        return 2
    for name in wanted or ALL:
        print(f"\n# {name}\n", flush=True)
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
