"""A stand-in for S3 on this machine, which tests can use where its packages are installed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def s3_bucket() -> Iterator[str]:
    """Yield the URL of an empty bucket; processes started meanwhile find it, too."""
    reason = "needs requirements-cluster.txt and moto[server]"
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs", reason=reason)
    server = pytest.importorskip("moto.server", reason=reason).ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    # All servers of a process share one store.
    bucket = f"rows-{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "anyone")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        # fsspec would go on talking to an earlier test's server.
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        fsspec.filesystem("s3").mkdir(bucket)
        yield f"s3://{bucket}"
    server.stop()
