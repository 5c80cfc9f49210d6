#include "build/device.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { PART = 64 };

struct device { char job[PART], replica[PART], task[PART], type[PART], index[PART]; };

static bool copy_part(char to[PART], const char *from, size_t n)
{
    if (n == 0 || n >= PART)
        return false;
    memcpy(to, from, n);
    to[n] = 0;
    return true;
}

/* "GPU:0", "gpu", "CPU:*": the type is written in capitals, a star leaves the index open. */
static bool parse_kind(struct device *d, const char *p, size_t n)
{
    const char *colon = memchr(p, ':', n);
    size_t type = colon ? (size_t)(colon - p) : n;
    if (!copy_part(d->type, p, type))
        return false;
    for (char *c = d->type; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    if (!colon || (n == type + 2 && colon[1] == '*'))
        return true;
    return copy_part(d->index, colon + 1, n - type - 1);
}

static bool parse_part(struct device *d, const char *p, size_t n)
{
    static const char *const keys[] = { "job:", "replica:", "task:", "device:" };
    char *const fields[] = { d->job, d->replica, d->task };
    for (size_t i = 0; i < 4; i++) {
        size_t k = strlen(keys[i]);
        if (n > k && !strncasecmp(p, keys[i], k))
            return i == 3 ? parse_kind(d, p + k, n - k)
                          : (n == k + 1 && p[k] == '*') || copy_part(fields[i], p + k, n - k);
    }
    return (!strncasecmp(p, "cpu", 3) || !strncasecmp(p, "gpu", 3)) && parse_kind(d, p, n);
}

static struct status *parse(struct device *d, const char *text)
{
    *d = (struct device){ 0 };
    for (const char *p = text; *p;) {
        p += *p == '/';                 /* "cpu:0" is as good as "/cpu:0" */
        size_t n = strcspn(p, "/");
        ENSURE(parse_part(d, p, n), "Unknown attribute '%.*s' in device specification '%s'",
               (int)n, p, text);
        p += n;
    }
    return NULL;
}

static void fill(char to[PART], const char from[PART])
{
    if (!*to)
        memcpy(to, from, PART);
}

struct status *device_merge(struct arena *a, const char *outer, const char *inner,
                            const char **merged)
{
    struct device d, o;
    TRY(parse(&o, outer));
    TRY(parse(&d, inner));
    fill(d.job, o.job);
    fill(d.replica, o.replica);
    fill(d.task, o.task);
    if (!*d.type || !strcmp(d.type, o.type))
        fill(d.index, o.index);
    fill(d.type, o.type);
    NEED(*merged = arena_printf(a, "%s%s%s%s%s%s%s%s%s%s",
                                *d.job ? "/job:" : "", d.job,
                                *d.replica ? "/replica:" : "", d.replica,
                                *d.task ? "/task:" : "", d.task,
                                *d.type ? "/device:" : "", d.type,
                                !*d.type ? "" : *d.index ? ":" : ":*", *d.type ? d.index : ""));
    return NULL;
}
