"""torchvision's data sets, also where its compiled operators do not match the torch build."""

from typing import Any


def torchvision_datasets() -> Any:
    """Import torchvision.datasets.

    A torchvision that does not match its torch stops at `operator torchvision::nms does not exist`. No data set needs
    the operators, so declaring the two it looks up is enough; it is done only after that failure, so real operators
    stay real.
    """
    import torch

    try:
        from torchvision import datasets
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torchvision_datasets.library = library  # the declarations live as long as the library object
        from torchvision import datasets
    return datasets
