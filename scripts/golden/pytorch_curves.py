"""Makes lib/testdata/pytorch_curves.json: curves of four networks the naive way, one whole pass for every level.

How the golden values were made (no test needs this script or PyTorch; the inputs follow from seeds):

    python3 -m venv FOLDER/venv
    FOLDER/venv/bin/pip install torch==2.13.0 safetensors==0.8.0 numpy
    deno run -A scripts/golden/write_inputs.ts FOLDER
    deno run -A scripts/golden/write_curve_inputs.ts FOLDER
    FOLDER/venv/bin/python scripts/golden/pytorch_curves.py FOLDER lib/testdata/pytorch_curves.json
    deno fmt lib/testdata/pytorch_curves.json

All arithmetic is float64 (the stored weights and images are float32).
"""

import json
import sys
from pathlib import Path

import safetensors.torch
import torch

from pytorch_pruning import MODELS, prune
from pytorch_resnet32 import load

LEVELS = [0.3, 0.8]
LAYERS = {
    "resnet32": ["conv1", "layer1.2.conv1", "layer2.0.shortcut.0", "layer3.1.conv2", "linear"],
    "vgg16": ["features.0", "features.24", "classifier"],
    "resnet18": ["layer1.1.conv2", "layer4.0.shortcut.0", "linear"],
    "densenet121": ["dense1.2.conv1", "dense3.11.conv2", "trans3.conv"],
}


def curves(model: str, folder: Path, images: torch.Tensor) -> dict:
    module = load(folder / model, MODELS[model]).eval()
    dense = module(images)
    result = {}
    for name in LAYERS[model]:
        weight = module.get_submodule(name).weight
        kept = weight.data
        result[name] = []
        for level in LEVELS:
            weight.data = prune(kept, level)
            distances = (module(images) - dense).square().sum(1)
            result[name].append([float(f"{distance:.7g}") for distance in distances.tolist()])
        weight.data = kept
    return result


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    images = safetensors.torch.load_file(folder / "curve_images.safetensors")
    with torch.no_grad():
        golden = {
            "made by": f"scripts/golden/pytorch_curves.py, PyTorch {torch.__version__}, float64",
            "levels": LEVELS,
            "distances": {
                model: curves(model, folder, images[model].permute(0, 3, 1, 2).double()) for model in MODELS
            },
        }
    out.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
