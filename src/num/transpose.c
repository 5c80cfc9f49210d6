#include "num/transpose.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 };            /* a block of rows and columns that stays in the first cache */

/* What lies there may be of any type of that size. */
typedef uint16_t __attribute__((may_alias)) word2;
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;
struct __attribute__((may_alias)) two_words { uint64_t word[2]; };

#define E uint8_t
#define EFN(x) x##_1
#include "num/transpose.inc"
#define E word2
#define EFN(x) x##_2
#include "num/transpose.inc"
#define E word4
#define EFN(x) x##_4
#include "num/transpose.inc"
#define E word8
#define EFN(x) x##_8
#include "num/transpose.inc"
#define E struct two_words
#define EFN(x) x##_16
#define NO_VECTOR
#include "num/transpose.inc"

int64_t layout_count(const struct layout *l)
{
    int64_t n = 1;
    for (int i = 0; i < l->rank; i++)
        n *= l->dim[i];
    return n;
}

/* Can dimension `a` and the next one inside it be walked as one? */
static bool joins(const struct layout *l, int a, int64_t dim, int64_t to, int64_t from)
{
    return l->to[a] == dim * to && l->from[a] == dim * from;
}

static void join_dimensions(struct layout *l)
{
    struct layout s;
    s.rank = 0;
    for (int i = 0; i < l->rank; i++) {
        if (l->dim[i] == 1)
            continue;
        if (s.rank && joins(&s, s.rank - 1, l->dim[i], l->to[i], l->from[i])) {
            s.rank--;
            layout_add(&s, s.dim[s.rank] * l->dim[i], l->to[i], l->from[i]);
        } else {
            layout_add(&s, l->dim[i], l->to[i], l->from[i]);
        }
    }
    l->rank = s.rank;
    for (int i = 0; i < s.rank; i++) {
        l->dim[i] = s.dim[i];
        l->to[i] = s.to[i];
        l->from[i] = s.from[i];
    }
}

/* The dimension along which reading is nearest to contiguous. */
static int nearest_read(const struct layout *l)
{
    int best = l->rank - 1;
    for (int i = l->rank - 2; i >= 0; i--)
        if (l->from[i] && llabs(l->from[i]) < llabs(l->from[best]))
            best = i;
    return best;
}

void layout_simplify(struct layout *l)
{
    join_dimensions(l);
    if (l->rank < 3 || !l->from[l->rank - 1])
        return;
    int j = nearest_read(l), last = l->rank - 1;
    if (j == last)
        return;
    int64_t dim = l->dim[j], to = l->to[j], from = l->from[j];
    for (; j < last - 1; j++) {
        l->dim[j] = l->dim[j + 1];
        l->to[j] = l->to[j + 1];
        l->from[j] = l->from[j + 1];
    }
    l->dim[j] = dim;
    l->to[j] = to;
    l->from[j] = from;
}

void transpose_move(const struct layout *l, size_t size, void *to, const void *from)
{
    switch (size) {
    case 1: walk_1(l, 0, to, from); break;
    case 2: walk_2(l, 0, to, from); break;
    case 4: walk_4(l, 0, to, from); break;
    case 8: walk_8(l, 0, to, from); break;
    case 16: walk_16(l, 0, to, from); break;
    default: break;
    }
}
