/* reduce_isa.h - the tables that reduce_ISA.c make; reduce.c chooses one. */
#ifndef NUM_REDUCE_ISA_H
#define NUM_REDUCE_ISA_H

#include "num/reduce.h"

struct folds { const struct fold *f32, *f64; };         /* by enum fold_kind */

extern const struct folds folds_base, folds_avx2, folds_avx512;

#endif
