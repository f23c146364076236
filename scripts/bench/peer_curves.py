"""Curves in PyTorch the straightforward way, as the paper describes it: for the benchmark's other side.

Every level of every layer is a copy of the weights with the smallest magnitudes at 0 and a whole forward pass over the
calibration set, batch by batch, compared with the dense logits. The folder holds weights.safetensors and inputs.safetensors. Reads one JSON object a line, answers in kind:

    {"do": "start", "threads": 2}                          → {"torch": "2.13.0"}
    {"do": "open", "model": …, "folder": …, "batch": 128}  → {"layers": […]}
    {"do": "measure", "layer": …, "level": 0.8}            → {"seconds": …, "mean": …}
"""

import json
import sys
import time
from pathlib import Path

import safetensors.torch
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))

from pytorch_pruning import MODELS, prunable, prune  # noqa: E402
from pytorch_resnet32 import load  # noqa: E402


class Curves:
    def __init__(self, model: str, folder: str, batch: int):
        self.module = load(Path(folder), MODELS[model]).float().eval()
        images = safetensors.torch.load_file(Path(folder) / "inputs.safetensors")["inputs"].permute(0, 3, 1, 2)
        self.batches = images.contiguous().split(batch)
        self.dense = [self.module(images) for images in self.batches]

    def measure(self, layer: str, level: float) -> dict:
        weight = self.module.get_submodule(layer).weight
        kept = weight.data
        began = time.perf_counter()
        weight.data = prune(kept, level)
        distances = [
            (self.module(images) - dense).square().sum(1) for images, dense in zip(self.batches, self.dense)
        ]
        mean = torch.cat(distances).double().mean().item()
        seconds = time.perf_counter() - began
        weight.data = kept
        return {"seconds": seconds, "mean": mean}


@torch.inference_mode()
def main() -> None:
    curves = None
    for line in sys.stdin:
        command = json.loads(line)
        what = command.pop("do")
        try:
            if what == "start":
                torch.set_num_threads(command["threads"])
                answer = {"torch": torch.__version__}
            elif what == "open":
                curves = Curves(**command)
                answer = {"layers": prunable(curves.module)}
            else:
                answer = curves.measure(**command)
        except Exception as error:  # the other side reports it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
