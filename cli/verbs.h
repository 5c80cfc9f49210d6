/* verbs.h - what the command can do, a function each; argv[0] is the verb. They return the exit
 * status: 0, 1 for a failed run, 2 for bad usage. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include <getopt.h>
#include <stdbool.h>

struct weft_status;

int demo(int argc, char **argv);
int py(int argc, char **argv);
int show(int argc, char **argv);
int run(int argc, char **argv);
int bench(int argc, char **argv);
int freeze(int argc, char **argv);
int checkpoint(int argc, char **argv);
int convert(int argc, char **argv);

/* The next option of a verb, as getopt_long() gives it, but for --help, which prints `help` and
 * ends the program, and for what is unknown, which ends it too, with status 2. -1: no more; what
 * follows are argv[optind]... */
int next_option(int argc, char **argv, const struct option *options, const char *help);
/* Ends the program with status 2 and one line. */
__attribute__((format(printf, 2, 3), noreturn))
void bad_usage(const char *verb, const char *format, ...);
/* A number of at least `least`; else bad_usage(). */
int number_option(const char *verb, const char *option, const char *text, int least);

/* One line on standard error; frees the status. 1, or 0 if it is NULL. */
int report(const char *verb, struct weft_status *s);

/* "weft bench: 40 of 100 runs", rewritten in place, where a person is watching and it takes more
 * than a second. done >= of: it goes away. */
void show_progress(const char *verb, const char *what, long done, long of);

#endif
