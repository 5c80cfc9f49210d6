#define ISA avx512
#include "num/norm_isa.inc"
