"""Write the demo's dataset: `python -m examples.make_demo_dataset FOLDER`, from the top folder."""

import sys
from pathlib import Path

from libs.synthetic import DEMO_SPEC, write_dataset

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-dataset")
    summary = write_dataset(folder, DEMO_SPEC, workers=2)
    print(f"{summary.folder}: {summary.images} images, {summary.boxes} logos")
