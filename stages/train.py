"""Train AnANet on cached features."""

from pipeline import paths
from pipeline.device import resolve_device
from pipeline.params import load_params
from pipeline.training.configuration import new_ananet
from pipeline.training.curves import training_curves
from pipeline.training.data import PairFeatures
from pipeline.training.encoders import EncoderSettings
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from stages import run


def main() -> None:
    params = load_params()
    device = resolve_device(params.train.device)
    features = PairFeatures.load(params.corpus.labels, params.model).to(device)
    seed_everything(params.train.seed)
    model = new_ananet(params, features).to(device)
    with training_curves(paths.TRAINING_CURVES) as log:
        best = fit(model, features, params.train, log)
    model.save_pretrained(paths.ANANET)
    EncoderSettings.of(params, features.fingerprints).save(paths.ANANET)
    print(f"kept epoch {best.epoch}: weighted F1 {best.score:.4f} on dev")


if __name__ == "__main__":
    run(main)
