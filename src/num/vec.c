#include "num/vec.h"

#include <stdlib.h>
#include <string.h>

extern const struct vec vec_base, vec_avx2, vec_avx512;

_Atomic(const struct vec *) vec_chosen;

const struct vec *vec_find(const char *isa)
{
#ifdef __x86_64__
    if (!strcmp(isa, "avx512"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("fma") ? &vec_avx512 : NULL;
    if (!strcmp(isa, "avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &vec_avx2 : NULL;
#endif
    return strcmp(isa, "base") ? NULL : &vec_base;
}

/* Two threads may both choose; they choose the same. */
const struct vec *vec_choose(void)
{
    const char *want = getenv("WEFT_ISA");
    const struct vec *v = want ? vec_find(want) : NULL;
    const char *const best[] = { "avx512", "avx2", "base" };
    for (int i = 0; !v; i++)
        v = vec_find(best[i]);
    atomic_store_explicit(&vec_chosen, v, memory_order_release);
    return v;
}
