#include "tensor/shape.h"

#include <stdio.h>
#include <string.h>

struct shape shape_of_row(const struct shape *s)
{
    struct shape row = { s->rank - 1, { 0 } };
    if (s->rank < 1)
        return SHAPE_UNKNOWN;
    for (int i = 0; i < row.rank; i++)
        row.dim[i] = s->dim[i + 1];
    return row;
}

int64_t shape_span(const struct shape *s, int from, int to)
{
    int64_t n = 1;
    for (int i = from; i < to; i++)
        n *= s->dim[i];
    return n;
}

bool shape_is_known(const struct shape *s)
{
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] < 0)
            return false;
    return s->rank >= 0;
}

struct status *shape_check_size(const struct shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        ENSURE(s->dim[i] <= 0 || !__builtin_mul_overflow(n, s->dim[i], &n),
               "Shape %s is too large (more than 2**63 - 1 entries)", SHAPE_STR(s));
    return NULL;
}

struct status *shape_check(const struct shape *s)
{
    ENSURE(s->rank >= 0 && s->rank <= MAX_RANK, "Shape of rank %d: expected at most %d dimensions",
           s->rank, MAX_RANK);
    for (int i = 0; i < s->rank; i++)
        ENSURE(s->dim[i] >= 0, "Dimension %lld must be >= 0", (long long)s->dim[i]);
    return shape_check_size(s);
}

struct status *dim_merge(int64_t a, int64_t b, int64_t *merged)
{
    ENSURE(a < 0 || b < 0 || a == b, "Dimensions must be equal, but are %lld and %lld",
           (long long)a, (long long)b);
    *merged = a < 0 ? b : a;
    return NULL;
}

struct status *shape_merge(const struct shape *a, const struct shape *b, struct shape *merged)
{
    struct shape m = a->rank < 0 ? *b : *a;
    ENSURE(a->rank < 0 || b->rank < 0 || a->rank == b->rank,
           "Shapes must be equal rank, but are %d and %d", a->rank, b->rank);
    for (int i = 0; a->rank >= 0 && i < b->rank; i++)
        TRY(dim_merge(a->dim[i], b->dim[i], &m.dim[i]));
    *merged = m;
    return NULL;
}

bool shape_accepts(const struct shape *want, const struct shape *value)
{
    if (want->rank < 0 || value->rank < 0)
        return true;
    if (want->rank != value->rank)
        return false;
    for (int i = 0; i < want->rank; i++)
        if (want->dim[i] >= 0 && value->dim[i] >= 0 && want->dim[i] != value->dim[i])
            return false;
    return true;
}

/* One dimension of the broadcast: a known size > 1 wins over unknown, 1 over nothing. */
static bool dim_broadcast(int64_t a, int64_t b, int64_t *both)
{
    if (a == 1 || (a < 0 && b > 1))
        *both = b;
    else if (b == 1 || (b < 0 && a > 1))
        *both = a;
    else
        *both = a < 0 || b < 0 ? -1 : a;
    return a < 0 || b < 0 || a == b || a == 1 || b == 1;
}

struct status *shape_broadcast_of(const struct shape *a, const struct shape *b, struct shape *both)
{
    struct shape r = { a->rank > b->rank ? a->rank : b->rank, { 0 } };
    if (a->rank < 0 || b->rank < 0) {
        *both = SHAPE_UNKNOWN;
        return NULL;
    }
    for (int i = 1; i <= r.rank; i++)
        ENSURE(dim_broadcast(i <= a->rank ? a->dim[a->rank - i] : 1,
                             i <= b->rank ? b->dim[b->rank - i] : 1, &r.dim[r.rank - i]),
               "Incompatible shapes: %s vs. %s", SHAPE_STR(a), SHAPE_STR(b));
    *both = r;
    return NULL;
}

const char *shape_print(const struct shape *s, char text[SHAPE_TEXT])
{
    if (s->rank < 0)
        return "<unknown>";
    int n = snprintf(text, SHAPE_TEXT, "[");
    for (int i = 0; i < s->rank; i++) {
        const char *comma = i ? "," : "";
        if (s->dim[i] < 0)
            n += snprintf(text + n, (size_t)(SHAPE_TEXT - n), "%s?", comma);
        else
            n += snprintf(text + n, (size_t)(SHAPE_TEXT - n), "%s%lld", comma,
                          (long long)s->dim[i]);
    }
    snprintf(text + n, (size_t)(SHAPE_TEXT - n), "]");
    return text;
}
