/* verbs.h - what the command can do, a function each; argv[0] is the verb. They return the exit
 * status: 0, 1 for a failed run, 2 for bad usage. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

int demo(int argc, char **argv);
int py(int argc, char **argv);

#endif
