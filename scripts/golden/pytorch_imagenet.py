"""Makes lib/testdata/pytorch_imagenet.json: what PyTorch computes for narrow copies of ResNet-50 and VGG-16-BN.

The procedure, inputs and precision are those of pytorch_resnet32.py, with this file in its place:

    FOLDER/venv/bin/python scripts/golden/pytorch_imagenet.py FOLDER lib/testdata/pytorch_imagenet.json

The modules are plain PyTorch, written from the networks' papers, with torchvision's names and its place of the stride.
The digests of names and shapes are of the full width.
"""

import json
import sys
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from pytorch_networks import state_digest
from pytorch_resnet32 import load, rounded
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, channels: int, stride: int):
        super().__init__()
        outputs = 4 * channels
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        if inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))
        else:
            self.downsample = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet50(nn.Module):
    def __init__(self, width: int = 64, classes: int = 1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, blocks in enumerate([3, 4, 6, 3]):
            channels = width * 2**stage
            first = Bottleneck(inputs, channels, 1 if stage == 0 else 2)
            inputs = 4 * channels
            rest = [Bottleneck(inputs, channels, 1) for _ in range(blocks - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(first, *rest))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class Vgg16Bn(nn.Module):
    def __init__(self, width: int = 64, hidden: int = 4096, classes: int = 1000):
        super().__init__()
        modules, inputs = [], 3
        for factors in [[1] * 2, [2] * 2, [4] * 3, [8] * 3, [8] * 3]:
            for factor in factors:
                outputs = width * factor
                modules += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            modules.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*modules)
        self.classifier = nn.Sequential(
            nn.Linear(49 * inputs, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).flatten(1))


NARROW = {
    "resnet50": (ResNet50, lambda: ResNet50(4, 10)),
    "vgg16bn": (Vgg16Bn, lambda: Vgg16Bn(4, 16, 10)),
}


def golden(folder: Path, model: str) -> dict:
    full, narrow = NARROW[model]
    images = safetensors.torch.load_file(folder / "batches.safetensors")["images"].permute(0, 3, 1, 2).double()
    with torch.no_grad():
        logits = load(folder, narrow).eval()(images)
    with torch.device("meta"):
        digest = state_digest(full())
    return {"stateDictSha256": digest, "logits": [rounded(row) for row in logits]}


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    made_by = f"scripts/golden/pytorch_imagenet.py, PyTorch {torch.__version__}, float64"
    values = {model: golden(folder / model, model) for model in NARROW}
    out.write_text(json.dumps({"made by": made_by, **values}) + "\n")


if __name__ == "__main__":
    main()
