"""Train AnANet on cached features."""

from pipeline import paths
from pipeline.device import resolve_device
from pipeline.params import Params, load_params
from pipeline.training.configuration import new_ananet
from pipeline.training.curves import no_curves, training_curves
from pipeline.training.data import PairFeatures
from pipeline.training.encoders import EncoderSettings
from pipeline.training.loop import fit
from pipeline.training.processes import Team, is_launched, join, launch
from pipeline.training.seeding import seed_everything
from stages import run


def main() -> None:
    params = load_params()
    device, processes = resolve_device(params.train.device), params.compute.training_processes
    if processes > 1 and not is_launched():
        launch("stages.train", processes, device)
    else:
        train(params, join(device))


def train(params: Params, team: Team) -> None:
    features = PairFeatures.load(params.corpus.labels, params.model).to(team.device)
    seed_everything(params.train.seed)
    model = new_ananet(params, features).to(team.device)
    curves = training_curves(paths.TRAINING_CURVES) if team.is_first else no_curves()
    with curves as log:
        best = fit(model, features, params.train, log, progress=team.is_first, team=team)
    if team.is_first:
        model.save_pretrained(paths.ANANET)
        EncoderSettings.of(params, features.fingerprints).save(paths.ANANET)
        print(f"kept epoch {best.epoch}: weighted F1 {best.score:.4f} on dev")


if __name__ == "__main__":
    run(main)
