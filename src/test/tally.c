#include "test/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MOST_OPS = 1024 };

static struct tally *tally;                     /* shared with the children */

bool tally_start(void)
{
    tally = mmap(NULL, MOST_OPS * sizeof *tally, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return tally != MAP_FAILED;
}

struct tally *tally_of(const char *op)
{
    int i = 0;
    while (i < MOST_OPS - 1 && *tally[i].op && strcmp(tally[i].op, op))
        i++;
    snprintf(tally[i].op, sizeof tally[i].op, "%s", op);
    return &tally[i];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tally *)a)->op, ((const struct tally *)b)->op);
}

static void print(void)
{
    int n = 0;
    while (n < MOST_OPS && *tally[n].op)
        n++;
    qsort(tally, (size_t)n, sizeof *tally, by_name);
    printf("%-40s %8s %8s %14s\n", "op", "passed", "failed", "not supported");
    for (int i = 0; i < n; i++)
        printf("%-40s %8d %8d %14d\n", tally[i].op, tally[i].passed, tally[i].failed,
               tally[i].missing);
}

void tally_end(bool wanted)
{
    if (wanted)
        print();
    munmap(tally, MOST_OPS * sizeof *tally);
}
