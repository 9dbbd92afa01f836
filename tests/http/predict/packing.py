"""Uploads as people pack them."""

import io
import tarfile


def packed(folder, *, top="model", extra=()):
    """Return a tar.gz with the files of `folder` below `top`, and texts `extra` by path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        if folder is not None:
            tar.add(folder, arcname=top)
        for path, text in dict(extra).items():
            info = tarfile.TarInfo(path)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    return buffer.getvalue()
