/* verb.c - what all verbs do alike: options, errors, progress. */
#include "verbs.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>

enum { HELP = 1000 };

void bad_usage(const char *verb, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "weft %s: ", verb);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "; see weft %s --help\n", verb);
    exit(2);
}

/* getopt's short options, from the long ones that have a letter. */
static void short_options(const struct option *o, char *to)
{
    *to++ = ':';                        /* tell a missing value from an unknown option */
    for (; o->name; o++)
        if (o->val < 256) {
            *to++ = (char)o->val;
            if (o->has_arg)
                *to++ = ':';
        }
    *to = '\0';
}

int next_option(int argc, char **argv, const struct option *options, const char *help)
{
    struct option all[32] = { { "help", no_argument, NULL, HELP } };
    char letters[80];
    int n = 1;
    for (const struct option *o = options; o->name; o++)
        all[n++] = *o;
    short_options(all, letters);
    opterr = 0;
    int c = getopt_long(argc, argv, letters, all, NULL);
    if (c == HELP) {
        fputs(help, stdout);
        exit(0);
    }
    if (c == ':')
        bad_usage(argv[0], "%s needs a value", argv[optind - 1]);
    if (c == '?')
        bad_usage(argv[0], "there is no option %s", argv[optind - 1]);
    return c;
}

int number_option(const char *verb, const char *option, const char *text, int least)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (end == text || *end || errno || v < least || v > INT_MAX)
        bad_usage(verb, "%s takes a whole number from %d on, not '%s'", option, least, text);
    return (int)v;
}

/* Messages may have lines of detail behind the first, such as the node, which matters. */
int report(const char *verb, struct weft_status *s)
{
    if (!s)
        return 0;
    fprintf(stderr, "weft %s: ", verb);
    for (const char *c = weft_status_message(s); *c; c++)
        if (*c != '\n' && *c != '\t')
            fputc(*c, stderr);
        else if (c[-(c > weft_status_message(s))] != ' ')
            fputc(' ', stderr);
    fputc('\n', stderr);
    weft_status_free(s);
    return 1;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void show_progress(const char *verb, const char *what, long done, long of)
{
    static double began, said;
    double at = now();
    if (!done)
        began = at;
    if (!isatty(STDERR_FILENO))
        return;
    if (done >= of && said > began)
        fprintf(stderr, "\r\033[K");
    else if (done < of && at - began > 1 && at - said > 0.1) {
        fprintf(stderr, "\rweft %s: %ld of %ld %s\033[K", verb, done, of, what);
        said = at;
    }
}
