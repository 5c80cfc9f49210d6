#define ISA avx2
#include "num/norm_isa.inc"
