#define ISA avx2
#include "num/reduce_isa.inc"
