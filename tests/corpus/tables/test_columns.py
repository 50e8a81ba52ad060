from collections.abc import Callable

import pytest

from pipeline.corpus.layouts.csv import read
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams

Corpus = Callable[..., CorpusParams]
FILES = {f"image/{number}.jpg": b"" for number in range(20)}


def complaint(corpus: Corpus, **tables: str) -> str:
    with pytest.raises(UserError) as error:
        read(corpus(images=FILES, **tables))
    return str(error.value)


def test_columns_are_proposed_by_their_contents(corpus: Corpus) -> None:
    rows = [f"{90 + n},{n}.jpg,some words about {n},{n % 3}\n" for n in range(12)]

    message = complaint(corpus, train="".join(["key,pic,post,klass\n", *rows]))

    assert "train_data.csv: columns found: 'key', 'pic', 'post', 'klass'" in message
    assert "corpus.columns.id = 'id' is not there; by its contents it may be 'key' ('90'" in message
    assert "corpus.columns.image = 'image'" in message
    assert "may be 'pic' ('0.jpg', '1.jpg', '2.jpg', ...)" in message
    assert "may be 'post' ('some words about 0'" in message
    assert "may be 'klass' ('0', '1', '2', ...)" in message


def test_known_labels_identify_the_label_column(corpus: Corpus) -> None:
    rows = [f"{n},{n}.jpg,words,{n % 2},{'explicit' if n else 'implicit'}\n" for n in range(4)]

    message = complaint(corpus, train="".join(["id,image,text,side,relation_\n", *rows]))

    assert "may be 'relation_' ('implicit', 'explicit', ...)" in message


def test_a_similar_name_is_proposed_first(corpus: Corpus) -> None:
    message = complaint(corpus, train="ID,image,texts,label\na,1.jpg,words,explicit\n")

    assert "corpus.columns.id = 'id' is not there; did you mean 'ID'?" in message
    assert "corpus.columns.text = 'text' is not there; did you mean 'texts'?" in message
    assert "columns.image" not in message


def test_nothing_is_proposed_where_nothing_fits(corpus: Corpus) -> None:
    message = complaint(corpus, train="id,text,label,x\na,words,explicit,\n")

    assert "corpus.columns.image = 'image' is not there; no column looks like it" in message


def test_a_column_that_is_in_use_is_not_proposed(corpus: Corpus) -> None:
    table = "id,image,x,label\na,a-very-long-name-of-a-image.jpg,word,explicit\n"

    message = complaint(corpus, train=table)

    assert "corpus.columns.text = 'text' is not there; by its contents it may be 'x'" in message


@pytest.mark.parametrize(
    ("separator", "name"), [("\t", "tabs"), (";", "semicolons"), ("|", "bars"), (" ", "no commas")]
)
def test_other_separators_are_named(corpus: Corpus, separator: str, name: str) -> None:
    table = "id,image,text,label\na,1.jpg,words,explicit\n".replace(",", separator)

    message = complaint(corpus, train=f"{table}b,one{separator}more comma\n")
    assert f", with {name}; cells must be separated by commas" in message
    assert "one column only" in message


def test_a_column_that_is_there_twice_is_refused(corpus: Corpus) -> None:
    message = complaint(corpus, train="id,image,text,text,label\na,1.jpg,x,y,explicit\n")

    assert "train_data.csv: column 'text' is there twice" in message


def test_each_table_is_checked(corpus: Corpus) -> None:
    message = complaint(corpus, test="id,image,text,relation\na,1.jpg,x,explicit\n")

    assert "test_data.csv: columns found" in message
