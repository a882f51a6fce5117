"""``import torchvision`` works with every build of torch, and the repair affects nothing else."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

STUB = {
    "__init__": "from . import extension, _meta_registrations",
    "_meta_registrations": "import torch\nBEFORE = hasattr(torch.ops.torchvision, 'nms')",
}


def python(code: str, *arguments: str, cwd=None) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("first", ["import autograder", "from autograder import check"])
def test_models_and_transforms_work_after_the_package_is_imported(first):
    python(
        f"{first}\n"
        "import torch, torchvision\n"
        "from torchvision.transforms import v2\n"
        "assert torchvision.models.resnet18().eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 1000)\n"
        "assert v2.RandomRotation(5)(torch.zeros(1, 8, 8)).shape == (1, 8, 8)\n"
    )


@pytest.mark.slow
def test_operators_are_never_faked():
    """Without the binary, a call raises torchvision's error; with it, the call returns the right boxes."""
    python(
        "import autograder, torch, torchvision\n"
        "boxes = torch.tensor([[0.0, 0, 1, 1], [0, 0, 1, 1]])\n"
        "loaded = torchvision.extension._has_ops()\n"
        "try:\n    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8]), 0.5)\n"
        "except RuntimeError as error:\n    assert not loaded and 'custom C++ ops' in str(error)\n"
        "else:\n    assert loaded and kept.tolist() == [0]\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("loads", [True, False])
def test_operators_are_declared_only_if_the_binary_did_not_load(tmp_path, loads):
    package = tmp_path / "torchvision"
    package.mkdir()
    for name, text in {**STUB, "extension": f"def _has_ops(): return {loads}"}.items():
        (package / f"{name}.py").write_text(text)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import autograder, torchvision\n"
        "print(torchvision._meta_registrations.BEFORE)"
    )
    assert python(code, str(tmp_path)) == str(not loads)


@pytest.mark.slow
def test_an_import_that_failed_can_be_tried_again(tmp_path):
    package = tmp_path / "torchvision"
    package.mkdir()
    texts = {**STUB, "extension": "def _has_ops(): return False", "_meta_registrations": "raise ImportError('once')"}
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import autograder\n"
        "for _ in range(2):\n"
        "    try:\n        import torchvision\n"
        "    except ImportError as error:\n        print(error)"
    )
    assert python(code, str(tmp_path)).split() == ["once", "once"]


@pytest.mark.parametrize("loads", [True, False])
def test_only_the_import_that_needs_the_operators_declares_them(monkeypatch, loads):
    import torch

    from autograder.runtime.large_libraries import TorchvisionWatch

    declared = []
    monkeypatch.setattr(torch.library, "define", lambda name, _schema: declared.append(name))
    monkeypatch.setattr(torch.ops, "torchvision", SimpleNamespace(), raising=False)
    monkeypatch.setitem(sys.modules, "torchvision.extension", SimpleNamespace(_has_ops=lambda: loads))
    TorchvisionWatch.find_spec("torchvision.ops")
    assert declared == []
    TorchvisionWatch.find_spec("torchvision._meta_registrations")
    assert declared == ([] if loads else ["torchvision::nms", "torchvision::qnms"])


def test_the_watch_finds_and_imports_nothing():
    """Neither importing the package nor looking for torchvision imports torch, and the watch is installed once."""
    code = (
        "import json, sys, autograder, importlib, importlib.util\n"
        "importlib.reload(autograder)\n"
        "importlib.util.find_spec('torchvision')\n"
        "from autograder.runtime.large_libraries import TorchvisionWatch\n"
        "found = [TorchvisionWatch.find_spec(name) for name in ('json', 'torchvision', 'torch')]\n"
        "print(json.dumps([found, sys.meta_path.count(TorchvisionWatch), 'torch' in sys.modules]))"
    )
    assert json.loads(python(code)) == [[None, None, None], 1, False]


def test_torchvision_has_the_watched_module():
    """If a new version renames it, `large_libraries._REGISTERS` must follow."""
    package = importlib.util.find_spec("torchvision")
    assert package is not None
    assert package.submodule_search_locations is not None
    finder = importlib.machinery.PathFinder
    for name in ("extension", "_meta_registrations"):
        assert finder.find_spec(f"torchvision.{name}", package.submodule_search_locations)
