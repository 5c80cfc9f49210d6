/* chance.h - numbers, shapes and values from a seed, for tests that throw inputs at ops.
 *
 * What is thrown at one call is of a kind: a few sizes that dimensions are chosen from, so that
 * they often agree, and how often something is absurd. The same seed gives the same.
 */
#ifndef TEST_CHANCE_H
#define TEST_CHANCE_H

#include "tensor/tensor.h"

enum { CHANCE_DIMS = 4 };

struct chance {
    uint64_t state;
    int64_t dim[CHANCE_DIMS];
    int rank;                   /* what most tensors have */
    int absurd;                 /* one choice in so many is; 0: none */
    int64_t most;               /* elements of a tensor */
    bool plain_text;            /* strings are names without a dot or a slash */
};

void chance_init(struct chance *c, uint64_t seed);
uint64_t chance_next(struct chance *c);
int64_t chance_below(struct chance *c, int64_t n);      /* n > 0 */
static inline bool chance_one_in(struct chance *c, int n) { return !chance_below(c, n); }
bool chance_is_absurd(struct chance *c);

int64_t chance_int(struct chance *c);                   /* small, or absurd */
double chance_float(struct chance *c);
struct shape chance_shape(struct chance *c);            /* of a tensor */
/* Bytes that live until the next call. */
const char *chance_text(struct chance *c, size_t *n);

/* Elements that suit one another: indices, sorted ones, a permutation, sizes, anything. Resources
 * stay empty. */
MUST_CHECK struct status *chance_tensor(struct chance *c, enum dtype t, const struct shape *s,
                                        struct tensor *result);
MUST_CHECK struct status *chance_element(struct chance *c, struct tensor *t, int64_t i);

#endif
