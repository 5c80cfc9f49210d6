/* philox.h - the counter-based generator Philox 4x32-10, as TensorFlow seeds it (E13).
 *
 * A state is a key and the counter of the next 128-bit block; any block can be had at once by
 * skipping to it, so that threads share out a stream without changing it. Values, not objects:
 * copy a state to read the same numbers twice.
 */
#ifndef NUM_PHILOX_H
#define NUM_PHILOX_H

#include <stdint.h>

struct philox { uint32_t key[2]; uint64_t low, high; };

/* The first seed is the key, the second the high half of the counter. */
static inline struct philox philox_seed(uint64_t seed, uint64_t seed2)
{
    return (struct philox){ { (uint32_t)seed, (uint32_t)(seed >> 32) }, 0, seed2 };
}

static inline void philox_skip(struct philox *p, uint64_t blocks)
{
    p->low += blocks;
    p->high += p->low < blocks;
}

/* The next n blocks; the state moves behind them. */
void philox_blocks(struct philox *p, int n, uint32_t (*block)[4]);

/* The words of the stream one by one, for those who cannot say how many they need. */
struct philox_words { struct philox at; uint32_t block[4]; int used; };

static inline struct philox_words philox_words(struct philox at)
{
    return (struct philox_words){ at, { 0 }, 4 };
}

static inline uint32_t philox_next(struct philox_words *w)
{
    if (w->used == 4) {
        philox_blocks(&w->at, 1, &w->block);
        w->used = 0;
    }
    return w->block[w->used++];
}

#endif
