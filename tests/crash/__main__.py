"""The crash harness: `kill -9` under load, then the proof that nothing was lost or done twice.

python -m tests.crash                       50 kills; exit 1 on any violation
python -m tests.crash --kills 6 --seed 7    short, and the same moments each time
"""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from tests.crash.harness import Plan, crash


def main() -> int:
    """Run the harness, print its report as JSON, and say by the exit code whether it is clean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--orders-per-second", type=float, default=600.0)
    parser.add_argument("--files-per-second", type=float, default=40.0)
    parser.add_argument("--keep", type=Path, default=None, help="work in this folder and keep it")
    options = parser.parse_args()
    plan = Plan(
        kills=options.kills,
        seed=random.randrange(1 << 30) if options.seed is None else options.seed,  # noqa: S311
        orders_per_second=options.orders_per_second,
        files_per_second=options.files_per_second,
    )
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        report = crash(options.keep, plan)
    else:
        with tempfile.TemporaryDirectory() as folder:
            report = crash(Path(folder), plan)
    sys.stdout.write(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return 0 if report["is_clean"] else 1


if __name__ == "__main__":
    sys.exit(main())
