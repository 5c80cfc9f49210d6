/* normal.c - many pairs at a time in double; where that leaves it open how libm rounds, and for the
 * rest of them, libm is asked. */
#include "num/normal.h"

#include "base/half.h"
#include "num/isa.h"
#include "num/normal_isa.h"

#include <math.h>

static float unit(uint32_t w) { return bits_float((w & 0x7fffff) | 0x3f800000) - 1.0f; }

void normal_pair(const uint32_t *w, float *y)
{
    float u = fmaxf(unit(w[0]), 1e-7f);         /* the logarithm of 0 is no number */
    float angle = (float)(2 * M_PI * unit(w[1])), radius = sqrtf(-2.0f * logf(u));
    y[0] = sinf(angle) * radius;
    y[1] = cosf(angle) * radius;
}

static void tried(const uint32_t *w, float *y, uint32_t *doubt)
{
#if defined(__x86_64__)
    switch (isa_best()) {
    case ISA_AVX512: normal_try_avx512(w, y, doubt); return;
    case ISA_AVX2: normal_try_avx2(w, y, doubt); return;
    default: break;
    }
#endif
    normal_try_base(w, y, doubt);
}

void normal_pairs(const uint32_t *w, int n, float *y)
{
    uint32_t doubt[NORMAL_LANES];
    int i = 0;
    for (; i + NORMAL_LANES <= n; i += NORMAL_LANES) {
        tried(w + 2 * i, y + 2 * i, doubt);
        for (int j = 0; j < NORMAL_LANES; j++)
            if (doubt[j])
                normal_pair(w + 2 * (i + j), y + 2 * (i + j));
    }
    for (; i < n; i++)
        normal_pair(w + 2 * i, y + 2 * i);
}
