/* pooling_isa.h - the tables that pooling_ISA.c make; pooling.c chooses one. */
#ifndef NUM_POOLING_ISA_H
#define NUM_POOLING_ISA_H

#include "num/pooling.h"

struct pools { const struct pool_loops *f32, *f64; };

extern const struct pools pools_base, pools_avx2, pools_avx512;

#endif
