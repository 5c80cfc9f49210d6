"""python_folder.py PREFIX - where Python packages go below a prefix: the folder there in which
this Python looks, if there is one."""
import sys
import sysconfig

prefix = sys.argv[1].rstrip("/")
schemes = [s for s in ("posix_local", "deb_system") if s in sysconfig.get_scheme_names()]
for path in [sysconfig.get_path("purelib"), *(sysconfig.get_path("purelib", s) for s in schemes)]:
    if path.startswith(prefix + "/lib/"):
        break
else:
    path = sysconfig.get_path("purelib", "posix_prefix", {"base": prefix})
print(path)
