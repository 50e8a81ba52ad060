from pathlib import Path

import pytest

pytest.importorskip("detectron2", reason="detectron2 is optional: requirements-detectron2.txt")

from pipeline.encoders.detectors.detectron2.configuration import (
    class_names,
    find_file,
    read_settings,
    relevant_settings,
)
from pipeline.errors import UserError
from tests.encoders.detectors.detectron2.small import FPN, write_yaml


def test_the_model_zoo_s_configurations_have_the_widths_of_the_paper() -> None:
    fpn = read_settings(find_file("COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml"))
    assert fpn.MODEL.ROI_BOX_HEAD.FC_DIM == 1024
    c4 = read_settings(find_file("COCO-Detection/faster_rcnn_R_50_C4_3x.yaml"))
    assert c4.MODEL.ROI_HEADS.NAME == "Res5ROIHeads"
    assert c4.MODEL.RESNETS.RES2_OUT_CHANNELS * 8 == 2048


def test_a_local_file_goes_before_the_zoo(tmp_path: Path) -> None:
    path = write_yaml(tmp_path, FPN)
    assert find_file(str(path)) == path
    with pytest.raises(UserError, match=r"no configuration 'none\.yaml', nor is it a local"):
        find_file("none.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("MODEL: {NO_SUCH_KEY: 1}\n", "NO_SUCH_KEY"),
        ("MODEL: {MASK_ON: 3}\n", "MASK_ON"),
        ("MODEL: [", "node content"),
        ("_BASE_: gone.yaml\n", "gone.yaml"),
        ("MODEL: !!python/object/apply:os.mkdir [harm]\n", "python/object/apply"),
    ],
)
def test_a_wrong_file_is_named_and_no_code_in_it_is_run(
    tmp_path: Path, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_yaml(tmp_path, text)
    with pytest.raises(UserError, match=rf"model\.yaml is no configuration.*(.|\n)*{message}"):
        read_settings(path)
    assert not (tmp_path / "harm").exists()


def test_class_names_are_those_of_the_training_data_or_of_a_list(tmp_path: Path) -> None:
    coco = find_file("COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml")
    names = class_names(read_settings(coco), coco)
    assert len(names) == 81
    assert names[:3] == ("__background__", "person", "bicycle")
    path = write_yaml(tmp_path, FPN)
    settings = read_settings(path)
    assert class_names(settings, path)[-1] == "class 5"
    (tmp_path / "classes.txt").write_text("a\nb\nc\nd\ne\n")
    assert class_names(settings, path) == ("__background__", *"abcde")
    (tmp_path / "classes.txt").write_text("a\n")
    with pytest.raises(UserError, match=r"classes\.txt has 1 lines, but model\.yaml 5 classes"):
        class_names(settings, path)


def test_what_changes_features_is_described_and_nothing_else(tmp_path: Path) -> None:
    one = relevant_settings(read_settings(write_yaml(tmp_path, FPN)))
    same = FPN.replace("MODEL:\n", "MODEL:\n  WEIGHTS: elsewhere\n") + "SOLVER: {BASE_LR: 1.0}\n"
    assert relevant_settings(read_settings(write_yaml(tmp_path, same))) == one
    for changed in ("POST_NMS_TOPK_TEST: 50", "MIN_SIZE_TEST: 64"):
        other = write_yaml(tmp_path, FPN.replace(changed, changed[:-2] + "40"))
        assert relevant_settings(read_settings(other)) != one
