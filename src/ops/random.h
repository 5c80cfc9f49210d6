/* random.h - what the families that draw random numbers share: the generator that a node has in
 * its session (E14), the conversion of its bits, and sizes given as tensors. */
#ifndef OPS_RANDOM_H
#define OPS_RANDOM_H

#include "num/normal.h"
#include "num/philox.h"
#include "op/kernel.h"

#include <math.h>

struct generator;

/* Makes p->state, zeroed, of `bytes`, which begins with a `struct generator *`; that is the
 * node's, seeded with the attributes seed and seed2 when it was first made. */
MUST_CHECK struct status *random_prepare_bytes(struct prep *p, size_t bytes, void *state);
MUST_CHECK struct status *random_prepare(struct prep *p);       /* the generator, nothing else */

/* Where the stream of two seeds begins; both 0: anywhere. */
struct philox random_from_seeds(int64_t seed, int64_t seed2);
/* For a kernel that keeps a stream of its own: where it begins, by attributes seed and seed2. */
struct philox random_begin(const struct node *n);

/* Where the numbers of this execution begin; the generator has moved on by `blocks`. */
struct philox random_reserve(const struct kernel *k, uint64_t blocks);
enum { BLOCKS_PER_OUTPUT = 256 };       /* reserved for each element (E15) */

/* The stream that input i, a pair of seeds, names. */
MUST_CHECK struct status *random_stateless(const struct kernel *k, int i, struct philox *at);
MUST_CHECK struct status *random_want_seeds(const struct shape *s);     /* [2] */

/* row[i] is what comes to place i of n that are shuffled (n - 1 words). */
void random_order(struct philox at, int64_t n, int64_t *row);

/* The shape that input i, a vector of sizes, asks for. */
MUST_CHECK struct status *random_shape(const struct kernel *k, int i, struct shape *s);

/* ---- bits to numbers in [0, 1): the mantissa of a number in [1, 2), less one ---- */
static inline float unit_f32(const uint32_t *w)
{
    return bits_float((*w & 0x7fffff) | 0x3f800000) - 1.0f;
}

static inline double unit_f64(const uint32_t *w)
{
    uint64_t bits = (uint64_t)(w[0] & 0xfffff) << 32 | w[1] | 0x3ff0000000000000;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d - 1.0;
}

static inline struct half unit_f16(const uint32_t *w)
{
    struct half h = { (uint16_t)((*w & 0x3ff) | 0x3c00) };
    return half_store(half_load(h) - 1.0f);
}

static inline struct bfloat16 unit_bf16(const uint32_t *w)
{
    struct bfloat16 b = { (uint16_t)((*w & 0x7f) | 0x3f80) };
    return bfloat16_store(bfloat16_load(b) - 1.0f);
}

/* Two normal numbers from two uniform ones, of two words each; of one: num/normal.h. */
static inline void normal_pair_double(const uint32_t *w, double y[2])
{
    double u = fmax(unit_f64(w), 1e-7);
    double angle = 2 * M_PI * unit_f64(w + 2), radius = sqrt(-2.0 * log(u));
    y[0] = sin(angle) * radius;
    y[1] = cos(angle) * radius;
}

static inline void normal_pairs_double(const uint32_t *w, int n, double *y)
{
    for (int i = 0; i < n; i++)
        normal_pair_double(w + 4 * i, y + 2 * i);
}

/* By the type of y[0]. */
#define NORMAL_PAIR(w, y) \
    _Generic((y)[0], float: normal_pair, double: normal_pair_double)((w), (y))
#define NORMAL_PAIRS(w, n, y) \
    _Generic((y)[0], float: normal_pairs, double: normal_pairs_double)((w), (n), (y))

#endif
