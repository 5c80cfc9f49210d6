#include "test/isolate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct progress *progress;
static unsigned seconds;

void progress_at(int at, const char *text)
{
    progress->at = at;
    progress->done++;
    snprintf(progress->text, sizeof progress->text, "%s", text);
    alarm(seconds);
}

void progress_note(const char *note)
{
    int left = (int)sizeof progress->notes - progress->n_notes;
    int n = snprintf(progress->notes + progress->n_notes, (size_t)left, "%s\n", note);
    if (n < left)
        progress->n_notes += n;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void progress_print_notes(const char *title)
{
    char **line = calloc((size_t)progress->n_notes + 1, sizeof *line), *save = NULL;
    int n = 0;
    for (char *p = strtok_r(progress->notes, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
        line[n++] = p;
    qsort(line, (size_t)n, sizeof *line, by_text);
    for (int i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && !strcmp(line[i], line[i + same]); same++)
            ;
        printf("%s%s", i ? ", " : title, line[i]);
        if (same > 1)
            printf(" x%d", same);
    }
    printf("%s", n ? "\n" : "");
    free(line);
}

/* A signal ends the child, and its number is told: what cmocka makes of it is for its own tests. */
static void die_of_signals(void)
{
    static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], SIG_DFL);
}

/* Where to go on after a crash, or -1. */
static int run_from(const char *where, int from, void (*child)(void *ctx, int from), void *ctx)
{
    int how;
    progress->at = from - 1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        die_of_signals();
        child(ctx, from);
        fflush(stdout);
        exit(0);
    }
    if (pid < 0 || waitpid(pid, &how, 0) < 0) {
        progress->failures++;
        printf("%s: cannot fork\n", where);
        return -1;
    }
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return -1;
    int sig = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    progress->failures++;
    printf("%s:%d: %.160s\n  %s (%s %d)\n", where, progress->at, progress->text,
           sig == SIGALRM ? "hangs" : "crashed", sig ? "signal" : "exit code",
           sig ? sig : WEXITSTATUS(how));
    return progress->at < from ? -1 : progress->at + 1;
}

void isolate(const char *where, int seconds_per_item,
             void (*child)(void *ctx, int from), void *ctx)
{
    if (!progress)
        progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        abort();
    memset(progress, 0, sizeof *progress);
    seconds = (unsigned)seconds_per_item;
    for (int from = 1; from > 0;)
        from = run_from(where, from, child, ctx);
}
