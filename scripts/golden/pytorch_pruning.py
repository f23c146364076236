"""Magnitude pruning of one layer in PyTorch, for the golden curves and the benchmark."""

import torch
from pytorch_networks import DenseNet121, ResNet18, Vgg16
from pytorch_resnet32 import ResNet32
from torch import nn

MODELS = {"resnet32": ResNet32, "vgg16": Vgg16, "resnet18": ResNet18, "densenet121": DenseNet121}


def prunable(module: nn.Module) -> list[str]:
    return [name for name, part in module.named_modules() if isinstance(part, (nn.Conv2d, nn.Linear))]


def prune(weight: torch.Tensor, level: float) -> torch.Tensor:
    """The weight without its round(level * n) smallest magnitudes, ties by flat index."""
    flat = weight.flatten().clone()
    order = flat.abs().argsort(stable=True)
    flat[order[: int(level * flat.numel() + 0.5)]] = 0
    return flat.view_as(weight)
