#define ISA avx2
#include "num/normal_isa.inc"
