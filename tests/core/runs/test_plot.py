"""The picture of the losses."""

import struct

import pytest

from core.runs.events import Evaluation, Step
from core.runs.plot import save_losses
from core.runs.series import Series


def series(*losses):
    points = Series()
    points.add(Evaluation(step=0, loss=5.0, perplexity=None))
    for number, loss in enumerate(losses, start=1):
        points.add(
            Step(
                step=number,
                epoch=1,
                loss=loss,
                learning_rate=1e-3,
                grad_norm=1.0,
                tokens=1,
                tokens_per_second=1.0,
                memory_bytes=1,
            )
        )
    return points


@pytest.mark.parametrize("points", [series(5.0, 4.0, None, 2.0), series(1.0), series(), Series()])
def test_a_png_of_the_stated_size(points, tmp_path):
    file = tmp_path / "loss.png"
    save_losses(points, file, title="Briefe & <Zahlen> äß")
    data = file.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (1280, 720)
    assert [path.name for path in tmp_path.iterdir()] == ["loss.png"]


def test_dollars_in_a_title_are_no_formula(tmp_path):
    save_losses(series(2.0, 1.0), tmp_path / "loss.png", title="cost: $\\frac{$")
    assert (tmp_path / "loss.png").stat().st_size > 1000
