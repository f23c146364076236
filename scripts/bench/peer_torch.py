"""PyTorch's side of `deno task bench engine`: runs the networks that the benchmark describes, on command.

A JSON object a line comes in on standard input, one goes out on standard output for each:

    {"do": "start", "threads": 2}                                   {"torch": "2.13.0", "threads": 2, …}
    {"do": "open", "kind": "inference", "folder": …, "settings": …} {"values": {"jit": [logits …], …}, "failures": {}}
    {"do": "open", "kind": "training", "folder": …, …}              {"values": {"eager": [losses …]}, "failures": {}}
    {"do": "run", "setting": "jit", "seconds": 3}                   {"images": 3840, "seconds": 3.01}

A folder holds network.json (our node list), weights.safetensors and batch.safetensors. The networks are built from
that list, so there is one definition of each architecture, ours. For inference batch norm comes folded, as on our side.

Speed: images and convolutions in channels-last memory, all cores. Each setting asked for is opened, and the benchmark
gives each its turns: "eager"; "jit", for inference only: traced, frozen, optimize_for_inference, which fuses
convolution with addition and ReLU; "compile": torch.compile, with frozen weights for inference; it takes minutes a case,
so it is asked for. A step is SGD's fused one, and reads the loss; in bfloat16 it runs under torch.autocast, PyTorch's own
way to mix precisions.
"""

import json
import os
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

FIELDS = ["weight", "bias", "running_mean", "running_var"]


class ListedNetwork(nn.Module):
    """A module that walks a list of nodes; names and weights are those of the list."""

    def __init__(self, nodes: list[dict], state: dict[str, torch.Tensor]):
        super().__init__()
        self.nodes = nodes
        self.layers = nn.ModuleDict()
        for node in nodes:
            layer = make_layer(node, state)
            if layer is not None:
                self.layers[key(node)] = layer
        readers = Counter(name for node in nodes for name in node["inputs"])
        makes_own = {node["name"] for node in nodes if node["op"] in ("conv", "batchNorm", "add")}
        self.in_place = {name for name in makes_own if readers[name] == 1}
        last_use = {name: i for i, node in enumerate(nodes) for name in node["inputs"]}
        self.done = [[name for name in node["inputs"] if last_use[name] == i] for i, node in enumerate(nodes)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        outputs = {"input": images}
        for node, done in zip(self.nodes, self.done):
            outputs[node["name"]] = self.run(node, [outputs[name] for name in node["inputs"]])
            for name in set(done):
                del outputs[name]
        return outputs[self.nodes[-1]["name"]]

    def run(self, node: dict, inputs: list[torch.Tensor]) -> torch.Tensor:
        x = inputs[0]
        match node["op"]:
            case "conv":
                y = self.layers[key(node)](x)
                if len(inputs) > 1:  # folding moved an addition and a ReLU into the convolution
                    y = y.add_(inputs[1])
                return y.relu_() if node.get("relu") else y
            case "batchNorm":
                y = self.layers[key(node)](x)
                return y.relu_() if node.get("relu") else y
            case "linear" | "maxPool" | "avgPool":
                return self.layers[key(node)](x)
            case "relu":
                return F.relu(x, inplace=node["inputs"][0] in self.in_place)
            case "add":
                return x + inputs[1]
            case "concat":
                return torch.cat(inputs, 1)
            case "globalAvgPool":
                return x.mean((2, 3))
            case "flatten":
                return x.permute(0, 2, 3, 1).flatten(1)  # our order of features
            case op:
                raise ValueError(f"Cannot run node {node['name']}: the operation {op} is unknown")


def key(node: dict) -> str:
    return node["name"].replace(".", "/")


def make_layer(node: dict, state: dict[str, torch.Tensor]) -> nn.Module | None:
    own = {field: state[name] for field in FIELDS if (name := f"{node['name']}.{field}") in state}
    match node["op"]:
        case "conv":
            outputs, inputs, kernel, _ = own["weight"].shape
            layer = nn.Conv2d(inputs, outputs, kernel, node["stride"], node["padding"], bias=node["bias"])
        case "linear":
            layer = nn.Linear(own["weight"].shape[1], own["weight"].shape[0], bias=node["bias"])
        case "batchNorm":
            layer = nn.BatchNorm2d(len(own["weight"]), node["epsilon"], node["momentum"])
            own["num_batches_tracked"] = torch.tensor(0)
        case "maxPool":
            return nn.MaxPool2d(node["kernel"], node["stride"], node["padding"])
        case "avgPool":
            return nn.AvgPool2d(node["kernel"], node["stride"], node["padding"])
        case _:
            return None
    layer.load_state_dict(own, strict=True)
    return layer


class Case:
    """A network with its batch, opened in every setting that works."""

    def __init__(self, folder: Path, settings: list[str]):
        description = json.loads((folder / "network.json").read_text())
        state = safetensors.torch.load_file(folder / "weights.safetensors")
        batch = safetensors.torch.load_file(folder / "batch.safetensors")
        # N-H-W-C bytes under an N-C-H-W view: what PyTorch calls channels-last
        self.images = batch["images"].permute(0, 3, 1, 2)
        self.targets = batch["targets"]
        self.make = lambda: ListedNetwork(description["nodes"], state).to(memory_format=torch.channels_last)
        self.steps, self.values, self.failures = {}, {}, {}
        for setting in settings:
            try:
                step = self.open(setting)
                self.values[setting] = self.warm_up(step)
                self.steps[setting] = step
            except Exception as error:  # a setting may not work here, and then it has no turns
                self.failures[setting] = str(error).split("\n")[0]
        if not self.steps:
            raise ValueError(f"Cannot run the network: no setting works: {self.failures}")

    def timed(self, step, seconds: float) -> tuple[int, float]:
        images, began = 0, time.perf_counter()
        while images == 0 or time.perf_counter() - began < seconds:
            step()
            images += len(self.images)
        return images, time.perf_counter() - began


class Inference(Case):
    def open(self, setting: str):
        model = self.make().eval()
        if setting == "jit":
            with torch.no_grad():
                traced = torch.jit.trace(model, self.images)
                model = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        elif setting == "compile":
            model = compiled(model, freezing=True)

        def step() -> torch.Tensor:
            with torch.inference_mode(setting != "compile"), torch.no_grad():  # freezing knows no_grad only
                return model(self.images)

        return step

    def warm_up(self, step) -> list[float]:
        for _ in range(3):  # the graph executor optimises in its second pass
            logits = step()
        return logits.flatten().tolist()


class Training(Case):
    def __init__(self, folder: Path, settings: list[str], recipe: dict):
        self.recipe = recipe
        super().__init__(folder, [setting for setting in settings if setting != "jit"])

    def open(self, setting: str):
        model = self.make().train()
        optimizer = make_optimizer(model, self.recipe)
        rounds = self.recipe["precision"] == "bfloat16"
        if setting == "compile":
            model = compiled(model, freezing=False)

        def step() -> float:
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=rounds):
                loss = F.cross_entropy(model(self.images), self.targets)
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    def warm_up(self, step) -> list[float]:
        return [step() for _ in range(self.recipe["warmUpSteps"])]


def compiled(model: nn.Module, freezing: bool) -> nn.Module:
    """By torch.compile; it is imported here, since that takes seconds."""
    from torch._inductor import config

    config.freezing = freezing
    torch._dynamo.reset()
    return torch.compile(model)


def make_optimizer(model: nn.Module, recipe: dict) -> torch.optim.Optimizer:
    """Nesterov SGD; decay on weights of convolutions and the linear layer, none on biases and batch norm."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe["weightDecay"]},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0},
    ]
    rate, momentum = recipe["learningRate"], recipe["momentum"]
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=True, fused=True)


def start(threads: int) -> dict:
    torch.set_num_threads(threads)
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def answer(command: dict, case: Case | None) -> tuple[dict, Case | None]:
    match command["do"]:
        case "start":
            return start(command["threads"]), None
        case "open":
            folder, settings = Path(command["folder"]), command["settings"]
            if command["kind"] == "training":
                case = Training(folder, settings, command["recipe"])
            else:
                case = Inference(folder, settings)
            return {"values": case.values, "failures": case.failures}, case
        case "run":
            images, seconds = case.timed(case.steps[command["setting"]], command["seconds"])
            return {"images": images, "seconds": seconds}, case
        case other:
            raise ValueError(f"Cannot do {other}: no such command")


def main() -> None:
    warnings.simplefilter("ignore")  # torch.jit announces its end at every call
    # Answers alone may stand in standard output: what libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    case = None
    for line in sys.stdin:
        try:
            result, case = answer(json.loads(line), case)
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}".split("\n")[0]}
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
