/* pool2d_isa.h - the tables that pool2d_ISA.c make; pool2d.c chooses one. */
#ifndef NUM_POOL2D_ISA_H
#define NUM_POOL2D_ISA_H

#include "num/pool2d.h"

struct pools { const struct pool_loops *f32, *f64; };

extern const struct pools pools_base, pools_avx2, pools_avx512;

#endif
