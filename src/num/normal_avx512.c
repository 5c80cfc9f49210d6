#define ISA avx512
#include "num/normal_isa.inc"
