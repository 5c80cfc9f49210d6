/* philox.c - ten rounds, eight counters at a time so that the compiler can use vectors. */
#include "num/philox.h"

enum { LANES = 8, ROUNDS = 10 };

struct lanes { uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES]; };

static void lanes_round(struct lanes *x, uint32_t k0, uint32_t k1)
{
    for (int i = 0; i < LANES; i++) {
        uint64_t a = (uint64_t)x->c0[i] * 0xD2511F53, b = (uint64_t)x->c2[i] * 0xCD9E8D57;
        x->c0[i] = (uint32_t)(b >> 32) ^ x->c1[i] ^ k0;
        x->c1[i] = (uint32_t)b;
        x->c2[i] = (uint32_t)(a >> 32) ^ x->c3[i] ^ k1;
        x->c3[i] = (uint32_t)a;
    }
}

/* The counters from p on. */
static void lanes_count(const struct philox *p, struct lanes *x)
{
    for (uint64_t i = 0; i < LANES; i++) {
        uint64_t low = p->low + i, high = p->high + (low < i);
        x->c0[i] = (uint32_t)low;
        x->c1[i] = (uint32_t)(low >> 32);
        x->c2[i] = (uint32_t)high;
        x->c3[i] = (uint32_t)(high >> 32);
    }
}

static void eight_blocks(const struct philox *p, struct lanes *x)
{
    uint32_t k0 = p->key[0], k1 = p->key[1];
    lanes_count(p, x);
    for (int i = 0; i < ROUNDS; i++, k0 += 0x9E3779B9, k1 += 0xBB67AE85)
        lanes_round(x, k0, k1);
}

static void one_block(const struct philox *p, uint32_t y[4])
{
    uint32_t c0 = (uint32_t)p->low, c1 = (uint32_t)(p->low >> 32);
    uint32_t c2 = (uint32_t)p->high, c3 = (uint32_t)(p->high >> 32);
    uint32_t k0 = p->key[0], k1 = p->key[1];

    for (int i = 0; i < ROUNDS; i++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
        uint64_t a = (uint64_t)c0 * 0xD2511F53, b = (uint64_t)c2 * 0xCD9E8D57;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
    }
    y[0] = c0;
    y[1] = c1;
    y[2] = c2;
    y[3] = c3;
}

void philox_blocks(struct philox *p, int n, uint32_t (*block)[4])
{
    for (; n >= LANES; n -= LANES, block += LANES, philox_skip(p, LANES)) {
        struct lanes x;
        eight_blocks(p, &x);
        for (int i = 0; i < LANES; i++) {
            block[i][0] = x.c0[i];
            block[i][1] = x.c1[i];
            block[i][2] = x.c2[i];
            block[i][3] = x.c3[i];
        }
    }
    for (; n > 0; n--, block++, philox_skip(p, 1))
        one_block(p, *block);
}
