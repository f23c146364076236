"""Makes lib/testdata/pytorch_networks.json: what PyTorch computes for VGG-16, ResNet-18 and DenseNet-121.

The procedure, inputs and precision are those of pytorch_resnet32.py, with this file in its place:

    FOLDER/venv/bin/python scripts/golden/pytorch_networks.py FOLDER lib/testdata/pytorch_networks.json

The modules are plain PyTorch, written from the networks' papers, with the names our checkpoints use.
"""

import hashlib
import json
import sys
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from pytorch_resnet32 import BasicBlock, load, parameter_groups, rounded, summary
from torch import nn


class Vgg16(nn.Module):
    def __init__(self):
        super().__init__()
        modules, inputs = [], 3
        for widths in [[64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3]:
            for outputs in widths:
                modules += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            modules.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*modules)
        self.classifier = nn.Linear(512, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).flatten(1))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage, outputs in enumerate([64, 128, 256, 512]):
            first = BasicBlock(inputs, outputs, 1 if stage == 0 else 2)
            setattr(self, f"layer{stage + 1}", nn.Sequential(first, BasicBlock(outputs, outputs, 1)))
            inputs = outputs
        self.linear = nn.Linear(512, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.linear(x.mean((2, 3)))


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, growth: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, 1, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return torch.cat([y, x], 1)


class Transition(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(self.conv(F.relu(self.bn(x))), 2)


class DenseNet121(nn.Module):
    def __init__(self, growth: int = 12):
        super().__init__()
        channels = 2 * growth
        self.conv1 = nn.Conv2d(3, channels, 3, 1, 1, bias=False)
        stages = []
        for block, layers in enumerate([6, 12, 24, 16]):
            dense = [Bottleneck(channels + layer * growth, growth) for layer in range(layers)]
            channels += layers * growth
            setattr(self, f"dense{block + 1}", nn.Sequential(*dense))
            stages.append(getattr(self, f"dense{block + 1}"))
            if block < 3:
                setattr(self, f"trans{block + 1}", Transition(channels, channels // 2))
                stages.append(getattr(self, f"trans{block + 1}"))
                channels //= 2
        self.stages = stages  # a plain list: the modules keep their own names
        self.bn = nn.BatchNorm2d(channels)
        self.linear = nn.Linear(channels, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv1(x)
        for stage in self.stages:
            x = stage(x)
        return self.linear(F.relu(self.bn(x)).mean((2, 3)))


# The module, and the parameters and statistics whose step is stored: ends and middle, each kind of layer. Not the biases of convolutions: batch norm
# takes them out again, so that their gradient is 0 and what is computed for it is rounding.
MODELS = {
    "vgg16": (
        Vgg16,
        ["features.0.weight", "features.1.weight", "features.14.weight", "features.24.weight", "features.25.bias"]
        + ["features.40.weight", "features.41.bias", "classifier.weight", "classifier.bias"],
        ["features.1.running_mean", "features.41.running_var"],
    ),
    "resnet18": (ResNet18, [], []),
    "densenet121": (
        DenseNet121,
        ["conv1.weight", "dense1.0.bn1.weight", "dense1.5.conv2.weight", "trans1.conv.weight", "dense2.11.conv1.weight"]
        + ["dense3.12.bn2.bias", "trans3.bn.weight", "dense4.15.conv2.weight", "linear.weight", "linear.bias"],
        ["dense1.0.bn1.running_mean", "bn.running_var"],
    ),
}


def state_digest(module: nn.Module) -> str:
    """SHA-256 of every tensor's name and shape, one a line, sorted; the counters of batches left out."""
    shapes = {name: list(t.shape) for name, t in module.state_dict().items()}
    lines = [f"{name} {shape}" for name, shape in shapes.items() if not name.endswith("num_batches_tracked")]
    return hashlib.sha256("\n".join(sorted(lines)).replace(", ", ",").encode()).hexdigest()


def step(module: nn.Module, optimizer: torch.optim.Optimizer, model: str, batch: tuple) -> dict:
    """One step: the loss before it and what it moved."""
    _, parameter_names, statistic_names = MODELS[model]
    images, targets = batch
    loss = F.cross_entropy(module(images), targets)
    loss.backward()
    optimizer.step()
    parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
    return {
        "loss": rounded(loss)[0],
        "weights": {name: summary(parameters[name]) for name in parameter_names},
        "slots": {name: slots(optimizer, parameters[name]) for name in parameter_names},
        "runningStatistics": {name: summary(buffers[name]) for name in statistic_names},
    }


def slots(optimizer: torch.optim.Optimizer, parameter: nn.Parameter) -> dict:
    """What the optimizer remembers of a parameter, under our names."""
    names = {"momentum_buffer": "velocity", "exp_avg": "first_moment", "exp_avg_sq": "second_moment"}
    state = optimizer.state[parameter]
    return {ours: summary(state[theirs]) for theirs, ours in names.items() if theirs in state}


def sgd(module: nn.Module) -> torch.optim.Optimizer:
    groups = parameter_groups(dict(module.named_parameters()), 5e-4)
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)


def adamw(module: nn.Module) -> torch.optim.Optimizer:
    """The decay is large, so that a step without it is found."""
    return torch.optim.AdamW(parameter_groups(dict(module.named_parameters()), 0.5), lr=0.01)


STEPS = {"vgg16": {"sgd": sgd}, "resnet18": {}, "densenet121": {"sgd": sgd, "adamw": adamw}}


def golden(folder: Path, model: str) -> dict:
    make, _, _ = MODELS[model]
    batches = safetensors.torch.load_file(folder / "batches.safetensors")
    images = batches["images"].permute(0, 3, 1, 2).double()
    batch = (batches["trainingImages"].permute(0, 3, 1, 2).double(), batches["targets"].double())
    with torch.no_grad():
        logits = load(folder, make).eval()(images[:2])
    result = {"stateDictSha256": state_digest(make()), "logits": [rounded(row) for row in logits]}
    for name, make_optimizer in STEPS[model].items():
        module = load(folder, make).train()
        result[name] = step(module, make_optimizer(module), model, batch)
    return result


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    made_by = f"scripts/golden/pytorch_networks.py, PyTorch {torch.__version__}, float64"
    values = {model: golden(folder / model, model) for model in MODELS}
    out.write_text(json.dumps({"made by": made_by, **values}) + "\n")


if __name__ == "__main__":
    main()
