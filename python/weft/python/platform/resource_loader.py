"""tf.resource_loader: files that lie beside a script."""
import os
import sys


def load_resource(path):
    """The bytes of a file below the folder of the package."""
    with open(os.path.join(get_root_dir_with_all_resources(), path), "rb") as f:
        return f.read()


def get_root_dir_with_all_resources():
    """The folder that holds the package."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def get_data_files_path():
    """The folder of the caller's file."""
    return os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename))


def get_path_to_datafile(path):
    """The path of a file beside the caller's."""
    return os.path.join(
        os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename)), path)


def readahead_file_path(path, readahead="128M"):
    """The path as it is: reading ahead is the system's business."""
    return path
