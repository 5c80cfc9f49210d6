#define ISA avx512
#include "num/reduce_isa.inc"
