/* weft.c - the command: `weft VERB ...`. */
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <weft.h>

static const struct verb { const char *name, *help; int (*run)(int argc, char **argv); } verbs[] = {
    { "demo", "train a small network on handwritten digits, and give everything back", demo },
    { "py", "run a Python script in which `import tensorflow` is Weft: py SCRIPT [ARGUMENT]...,\n"
      "              or as python3 does: py -m MODULE | -c CODE | - | nothing, to type;\n"
      "              py --coverage [FILE] says which symbols of a list are there", py },
    { "show", "what a GraphDef, SavedModel, checkpoint or event file holds; pictures", show },
    { "run", "run a model once on values from the command line", run },
    { "bench", "how long a model takes, and which of its ops", bench },
    { "freeze", "make one file without variables of a SavedModel", freeze },
    { "checkpoint", "list, print, compare or export what is in a checkpoint", checkpoint },
    { "convert", "text to binary and back, V1 checkpoints to V2", convert },
    { 0 }
};

static int usage(FILE *to, int code)
{
    fprintf(to, "usage: weft VERB [ARGUMENT]...\n\n");
    for (const struct verb *v = verbs; v->name; v++)
        fprintf(to, "  %-10s  %s\n", v->name, v->help);
    fprintf(to, "\n  --version prints the version, --help this text; VERB --help says more.\n");
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr, 2);
    if (!strcmp(argv[1], "--version")) {
        printf("weft %s\n", weft_version());
        return 0;
    }
    if (!strcmp(argv[1], "--help"))
        return usage(stdout, 0);
    for (const struct verb *v = verbs; v->name; v++)
        if (!strcmp(argv[1], v->name))
            return v->run(argc - 1, argv + 1);
    fprintf(stderr, "weft: no verb '%s'; see weft --help\n", argv[1]);
    return 2;
}
