#include "base/status.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct status {
    enum code code;
    char *node;                 /* at the end of `message`'s memory, or NULL */
    char message[];
};

static struct status no_memory = { RESOURCE_EXHAUSTED, NULL, "out of memory" };
static struct status would_wait = { UNAVAILABLE, NULL, "would wait" };

static struct status *status_make(enum code code, const char *message, const char *node)
{
    size_t n = strlen(message) + 1, m = node ? strlen(node) + 1 : 0;
    struct status *st = mem_alloc(sizeof *st + n + m);
    if (!st)
        return &no_memory;
    st->code = code;
    memcpy(st->message, message, n);
    st->node = node ? memcpy(st->message + n, node, m) : NULL;
    return st;
}

static struct status *status_vnew(enum code code, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    struct status *st = n < 0 ? NULL : mem_alloc(sizeof *st + (size_t)n + 1);
    if (!st)
        return &no_memory;
    st->code = code;
    st->node = NULL;
    vsnprintf(st->message, (size_t)n + 1, fmt, ap);
    return st;
}

struct status *status_new(enum code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct status *st = status_vnew(code, fmt, ap);
    va_end(ap);
    return st;
}

struct status *status_no_memory(void) { return &no_memory; }
struct status *status_would_wait(void) { return &would_wait; }

/* Takes `st` over. */
static struct status *with_node(struct status *st, const char *node)
{
    struct status *text = status_new(st->code, "%s\n\t [[{{node %s}}]]", st->message, node);
    struct status *at = status_make(text->code, text->message, node);
    status_free(text);
    status_free(st);
    return at;
}

struct status *status_at_node(struct status *st, const char *node)
{
    return !st || st->node || st == &would_wait ? st : with_node(st, node);
}

struct status *status_at_call(struct status *st, const char *node)
{
    return !st || st == &no_memory || st == &would_wait ? st : with_node(st, node);
}

struct status *status_prefix(struct status *st, const char *fmt, ...)
{
    if (!st)
        return NULL;
    va_list ap;
    va_start(ap, fmt);
    struct status *front = status_vnew(st->code, fmt, ap);
    va_end(ap);
    struct status *text = status_new(st->code, "%s%s", front->message, st->message);
    struct status *both = status_make(text->code, text->message, st->node);
    status_free(front);
    status_free(text);
    status_free(st);
    return both;
}

struct status *status_copy(const struct status *st)
{
    return st ? status_make(st->code, st->message, st->node) : NULL;
}

enum code status_code(const struct status *st) { return st ? st->code : OK; }
const char *status_message(const struct status *st) { return st ? st->message : ""; }
const char *status_node(const struct status *st) { return st ? st->node : NULL; }

void status_free(struct status *st)
{
    if (st != &no_memory && st != &would_wait)
        mem_free(st);
}

const char *code_name(enum code code)
{
    static const char *const names[] = {
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
        "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED"
    };
    return (unsigned)code < sizeof names / sizeof *names ? names[code] : "UNKNOWN";
}
