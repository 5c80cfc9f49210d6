/* philox.c - ten rounds: many counters at a time where there are many, and the rest one by one. */
#include "num/philox.h"

#include "num/isa.h"
#include "num/philox_isa.h"

enum { ROUNDS = 10 };

static void many_blocks(struct philox *p, int n, uint32_t (*block)[4])
{
#if defined(__x86_64__)
    switch (isa_best()) {
    case ISA_AVX512: philox_many_avx512(p, n, block); return;
    case ISA_AVX2: philox_many_avx2(p, n, block); return;
    default: break;
    }
#endif
    philox_many_base(p, n, block);
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
    int many = n / PHILOX_LANES * PHILOX_LANES;
    if (many)
        many_blocks(p, many, block);
    for (int i = many; i < n; i++, philox_skip(p, 1))
        one_block(p, block[i]);
}
