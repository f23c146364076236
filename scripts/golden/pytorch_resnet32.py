"""Makes lib/testdata/pytorch_resnet32.json: what PyTorch computes for our ResNet-32 on seeded inputs.

How the golden values were made (no test needs this script or PyTorch; the inputs follow from seeds):

    python3 -m venv FOLDER/venv
    FOLDER/venv/bin/pip install torch==2.13.0 safetensors==0.8.0 numpy
    deno run -A scripts/golden/write_inputs.ts FOLDER
    FOLDER/venv/bin/python scripts/golden/pytorch_resnet32.py FOLDER lib/testdata/pytorch_resnet32.json
    deno fmt lib/testdata/pytorch_resnet32.json

The module below is plain PyTorch, written from He et al. 2016, with the names our checkpoints use: the weights file is
loaded with strict=True. All arithmetic is float64 (the stored weights and images are float32), so that the golden
values are exact to far beyond the tolerances of the tests.
"""

import json
import sys
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

LEVELS = [0.25, 0.5, 0.9]
LAYERS = ["conv1", "layer2.0.shortcut.0", "layer3.4.conv2"]
PARAMETERS = [
    "conv1.weight",
    "bn1.weight",
    "bn1.bias",
    "layer1.2.conv1.weight",
    "layer2.0.conv1.weight",
    "layer2.0.shortcut.0.weight",
    "layer2.0.shortcut.1.bias",
    "layer3.4.conv2.weight",
    "layer3.4.bn2.weight",
    "linear.weight",
    "linear.bias",
]
STATISTICS = ["bn1", "layer2.0.shortcut.1", "layer3.4.bn2"]
SLICE = 12


class BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet32(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inputs = 16
        for stage, outputs in enumerate([16, 32, 64]):
            blocks = []
            for block in range(5):
                blocks.append(BasicBlock(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def load(folder: Path, module: type[nn.Module] = ResNet32) -> nn.Module:
    state = safetensors.torch.load_file(folder / "weights.safetensors")
    model = module()
    for name, buffer in model.named_buffers():
        if name.endswith("num_batches_tracked"):  # our files leave these counters out
            state[name] = buffer
    model.load_state_dict(state, strict=True)
    return model.double()


def rounded(values: torch.Tensor) -> list[float]:
    return [float(f"{value:.9g}") for value in values.detach().flatten().tolist()]


def state_shapes(folder: Path) -> dict[str, list[int]]:
    """Every tensor of the module by name, but for the counters of batches."""
    state = load(folder).state_dict()
    return {name: list(t.shape) for name, t in state.items() if not name.endswith("num_batches_tracked")}


def distortions(folder: Path, images: torch.Tensor, dense: torch.Tensor) -> dict:
    """Squared distance of the logits with one layer pruned by magnitude, ties by flat index."""
    result = {}
    for layer in LAYERS:
        result[layer] = {"mean": [], "worst": []}
        for level in LEVELS:
            model = load(folder).eval()
            weight = model.get_submodule(layer).weight.data.flatten()
            order = weight.abs().argsort(stable=True)
            weight[order[: int(level * weight.numel() + 0.5)]] = 0
            model.get_submodule(layer).weight.data.copy_(weight.view_as(model.get_submodule(layer).weight))
            distance = (model(images) - dense).square().sum(1)
            result[layer]["mean"] += rounded(distance.mean())
            result[layer]["worst"] += rounded(distance.max())
    return result


def summary(tensor: torch.Tensor) -> dict:
    """Norm, the first entries and the last ones, in PyTorch's layout."""
    flat = tensor.detach().flatten()
    return {
        "norm": rounded(flat.norm())[0],
        "first": rounded(flat[:SLICE]),
        "last": rounded(flat[-SLICE:]),
    }


def parameter_groups(parameters: dict[str, nn.Parameter], weight_decay: float) -> list[dict]:
    """Decay on weights of convolutions and the linear layer, none on biases and batch normalisation."""
    decayed = [p for p in parameters.values() if p.dim() > 1]
    plain = [p for p in parameters.values() if p.dim() == 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0}]


def training(folder: Path, images: torch.Tensor, targets: torch.Tensor) -> dict:
    """One step of SGD with Nesterov momentum, and the loss after it."""
    model = load(folder).train()
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.SGD(parameter_groups(parameters, 5e-4), lr=0.1, momentum=0.9, nesterov=True)
    loss = F.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.step()
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    names = [f"{bn}.running_{kind}" for bn in STATISTICS for kind in ("mean", "var")]
    return {
        "loss": rounded(loss)[0],
        "gradients": {name: summary(parameters[name].grad) for name in PARAMETERS},
        "weights": {name: summary(parameters[name]) for name in PARAMETERS},
        "runningStatistics": {name: summary(buffers[name]) for name in names},
        "lossAfter": rounded(F.cross_entropy(model(images), targets))[0],
    }


def adamw(folder: Path, images: torch.Tensor, targets: torch.Tensor) -> dict:
    """One step of AdamW, and the loss after it; the decay is large, so that a step without it is found."""
    model = load(folder).train()
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.AdamW(parameter_groups(parameters, 0.5), lr=0.01)
    F.cross_entropy(model(images), targets).backward()
    optimizer.step()
    return {
        "weights": {name: summary(parameters[name]) for name in PARAMETERS},
        "lossAfter": rounded(F.cross_entropy(model(images), targets))[0],
    }


def clipped() -> list[dict]:
    """clip_grad_norm_ on two small gradients: one beyond the limit, one within."""
    result = []
    for gradients, limit in [([[3, 0], [4, 12]], 6.5), ([[3, 0], [4, 12]], 14)]:
        parameters = [nn.Parameter(torch.zeros(2, dtype=torch.float64)) for _ in gradients]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.tensor(gradient, dtype=torch.float64)
        nn.utils.clip_grad_norm_(parameters, limit)
        after = rounded(torch.cat([parameter.grad for parameter in parameters]))
        result.append({"gradient": sum(gradients, []), "limit": limit, "clipped": after})
    return result


def main() -> None:
    folder, out = Path(sys.argv[1]) / "resnet32", Path(sys.argv[2])
    torch.manual_seed(0)
    batches = safetensors.torch.load_file(folder / "batches.safetensors")
    images = batches["images"].permute(0, 3, 1, 2).double()
    training_images = batches["trainingImages"].permute(0, 3, 1, 2).double()
    with torch.no_grad():
        dense = load(folder).eval()(images)
        golden = {
            "made by": f"scripts/golden/pytorch_resnet32.py, PyTorch {torch.__version__}, float64",
            "stateDict": state_shapes(folder),
            "logits": [rounded(row) for row in dense[:4]],
            "levels": LEVELS,
            "distortion": distortions(folder, images, dense),
        }
    targets = batches["targets"].double()
    golden["training"] = training(folder, training_images, targets)
    golden["adamw"] = adamw(folder, training_images, targets)
    golden["clipped"] = clipped()
    out.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
