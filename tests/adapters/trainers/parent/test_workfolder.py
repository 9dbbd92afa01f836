"""The folder of a training goes away, whatever a program left in it."""

import os

import pytest

from mlaas4hep.adapters.trainers.parent.workfolder import remove, work_folder


def nest(folder, depth, name):
    """Make folders in folders, with names so long that no path reaches the last one."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=place)
        below = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("last", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)


@pytest.mark.parametrize(("depth", "name"), [(1500, "d"), (100, "d" * 255)])
def test_folders_in_folders_are_removed_however_deep(depth, name):
    with work_folder() as folder:
        nest(folder, depth, name)

    assert not folder.exists()


def test_folders_that_nobody_may_enter_are_removed(tmp_path):
    folder = tmp_path / "work"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)

    remove(folder)

    assert not folder.exists()


def test_links_are_removed_and_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "work"
    (folder / "a").mkdir(parents=True)
    for place in (folder, folder / "a"):
        (place / "link").symlink_to(outside)

    remove(folder)

    assert not folder.exists()
    assert [each.name for each in outside.iterdir()] == ["kept"]


def test_a_folder_that_cannot_be_listed_stops_nothing_else(tmp_path):
    folder = tmp_path / "work"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / os.fsdecode(b"\xff\n")).write_text("an odd name")
    os.mkfifo(folder / "pipe")

    remove(folder)

    assert not folder.exists()
