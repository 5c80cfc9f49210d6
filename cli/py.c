/* py.c - `weft py`: a Python script in which `import tensorflow` is Weft.
 *
 * Finds the Python package (beside this program in a build folder, below its prefix when
 * installed) and a Python that its extension was built for, and becomes that Python, which runs
 * the package's __main__.py. $WEFT_PYTHON names another Python. Python's own switches may come
 * first: weft py -u -W ignore SCRIPT.
 */
#include "verbs.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 2 * PATH_MAX };

/* The folder that this program lies in. */
static bool own_folder(char *folder)
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (n < 0)
        return false;
    folder[n] = '\0';
    *strrchr(folder, '/') = '\0';
    return true;
}

/* The first file of a pattern below the folder. */
static bool find(const char *folder, const char *pattern, char *found)
{
    char path[ROOM];
    glob_t g;
    snprintf(path, sizeof path, "%s/%s", folder, pattern);
    if (glob(path, 0, NULL, &g) != 0)
        return false;
    snprintf(found, ROOM, "%s", g.gl_pathv[0]);
    globfree(&g);
    return true;
}

/* "311" of ".../_core.cpython-311-x86_64-linux-gnu.so" is Python 3.11's. */
static bool is_for(const char *core, const char *python)
{
    char real[PATH_MAX], digits[16] = "";
    const char *tag = strstr(core, "cpython-"), *version;

    if (!realpath(python, real) || access(real, X_OK) != 0)
        return false;
    version = strrchr(real, '/') + 1;
    if (!tag || strncmp(version, "python3.", 8) != 0)       /* the names do not say: let it try */
        return true;
    snprintf(digits, sizeof digits, "3%.8s-", version + 8);
    return !strncmp(tag + 8, digits, strlen(digits));
}

static const char *find_python(const char *core, char *path)
{
    const char *named = getenv("WEFT_PYTHON"), *folders = getenv("PATH");

    if (named && *named)
        return named;
    if (is_for(core, "/usr/bin/python3"))
        return "/usr/bin/python3";
    for (const char *f = folders ? folders : ""; *f; f += strcspn(f, ":"), f += *f == ':') {
        snprintf(path, ROOM, "%.*s/python3", (int)strcspn(f, ":"), f);
        if (is_for(core, path))
            return path;
    }
    return NULL;
}

/* How many of the arguments are switches of Python's own, with their values. */
static int count_switches(int argc, char **argv)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-' && argv[i][1]) {
        bool valued = strchr("WX", argv[i][1]);
        if (!valued && strspn(argv[i] + 1, "bBEiIOqsuv") != strlen(argv[i] + 1))
            break;
        i += valued && !argv[i][2] ? 2 : 1;
    }
    return (i < argc ? i : argc) - 1;
}

static int fail(const char *text, const char *what)
{
    fprintf(stderr, "weft py: %s%s\n", text, what);
    return 1;
}

int py(int argc, char **argv)
{
    char folder[PATH_MAX], core[ROOM], script[ROOM + 64], room[ROOM];
    const char *python;
    char **args = calloc(argc + 3, sizeof *args);

    if (!args || !own_folder(folder))
        return fail("no memory, or no /proc", "");
    if (find(folder, "python/weft/_core*.so", core))
        snprintf(script, sizeof script, "%s/python/source/weft/__main__.py", folder);
    else if (find(folder, "../lib/python3*/*-packages/weft/_core*.so", core))
        snprintf(script, sizeof script, "%.*s/__main__.py",
                 (int)(strrchr(core, '/') - core), core);
    else
        return fail("the Python package is not there: make install-python puts it below ", folder);

    python = find_python(core, room);
    if (!python)
        return fail("no python3 on the path is the one that this extension was built for: ", core);

    *strstr(core, "/weft/_core") = '\0';
    int switches = count_switches(argc, argv);
    args[0] = (char *)python;
    memcpy(args + 1, argv + 1, switches * sizeof *args);
    args[switches + 1] = script;
    args[switches + 2] = core;
    memcpy(args + switches + 3, argv + switches + 1, (argc - switches - 1) * sizeof *args);
    execvp(python, args);
    fprintf(stderr, "weft py: cannot run %s: %s\n", python, strerror(errno));
    return 1;
}
