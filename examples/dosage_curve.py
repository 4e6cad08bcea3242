"""Fit a curve to three doses with two softplus units: a network small enough to see.

A low and a high dose do nothing, a middle one works. A hidden layer of two softplus
units is fitted by plain gradient descent on the squared error, from weights drawn from
N(0, 1) and biases of zero. The prediction is the sum of two scaled softplus curves and
a constant, all drawn. How fast descent gets there depends on where it starts: the
second picture shows six starts.

    python examples/dosage_curve.py

prints the weights and draws ``output/dosage_curve.png``. It needs matplotlib:
``pip install -e ".[plots]"``.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn import MLPRegressor

DOSAGE = np.array([[0.0], [0.5], [1.0]])
EFFICACY = np.array([0.0, 1.0, 0.0])
SEEDS = range(6)
N_STEPS = 6000
PICTURE = Path("output") / "dosage_curve.png"


def fit(seed: int) -> MLPRegressor:
    """Gradient descent over all three doses at once."""
    model = MLPRegressor(
        hidden_layer_sizes=(2,),
        activation="softplus",
        weight_initializer="normal",
        solver="sgd",
        momentum=0.0,
        learning_rate_init=0.15,
        alpha=0.0,
        max_iter=N_STEPS,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all steps are wanted
        return model.fit(DOSAGE, EFFICACY)


def squared_residuals(model: MLPRegressor) -> np.ndarray:
    """Their sum before each step; the loss is half their mean."""
    return 2 * len(DOSAGE) * np.array(model.loss_curve_)


def hidden_parts(model: MLPRegressor, dosage: np.ndarray) -> np.ndarray:
    """What each unit adds to the prediction, (dose, unit)."""
    sums = dosage @ model.coefs_[0] + model.intercepts_[0]
    return np.log1p(np.exp(sums)) * model.coefs_[1][:, 0]


def main() -> None:
    models = [fit(seed) for seed in SEEDS]
    ends = [squared_residuals(model)[-1] for model in models]
    best = models[int(np.argmin(ends))]
    print(best.summary(), end="\n\n")
    for unit in range(2):
        print(
            f"unit {unit + 1}: softplus({best.coefs_[0][0, unit]:.2f} * dose "
            f"{best.intercepts_[0][unit]:+.2f}) * {best.coefs_[1][unit, 0]:.2f}"
        )
    print(f"plus {best.intercepts_[1][0]:.2f}\n")
    print("dose  predicted  observed")
    for row in zip(DOSAGE[:, 0], best.predict(DOSAGE), EFFICACY, strict=True):
        print("{:4.1f}  {:9.3f}  {:8.1f}".format(*row))
    n_good = sum(end < 0.01 for end in ends)
    print(f"\n{n_good} of {len(ends)} starts are below 0.01 after {N_STEPS:,} steps.")
    draw(models, best)
    print(f"See {PICTURE}")


def draw(models: list[MLPRegressor], best: MLPRegressor) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    dosage = np.linspace(-0.05, 1.05, 200)[:, np.newaxis]
    parts = hidden_parts(best, dosage)
    for unit, colour in enumerate(("tab:blue", "tab:orange")):
        left.plot(dosage, parts[:, unit], color=colour, label=f"unit {unit + 1}")
    shift = f"unit 1 + unit 2 {best.intercepts_[1][0]:+.2f}"
    left.plot(dosage, best.predict(dosage), color="tab:green", lw=3, label=shift)
    left.plot(DOSAGE, EFFICACY, "ko", ms=8, label="observed")
    left.set(xlabel="dosage", ylabel="efficacy", title="Two softplus units")
    left.legend()
    for model in models:
        is_best = model is best
        colour = "tab:green" if is_best else "tab:gray"
        label = "the one on the left" if is_best else None
        right.plot(squared_residuals(model), color=colour, label=label)
    right.plot([], color="tab:gray", label="the others; spikes: a step too far")
    right.set(
        yscale="log",
        ylim=(1e-6, 30),
        xlabel="step",
        ylabel="sum of squared residuals",
        title=f"Gradient descent from {len(models)} starts",
    )
    right.legend(loc="lower left")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)


if __name__ == "__main__":
    main()
