#define ISA avx512
#include "num/philox_isa.inc"
