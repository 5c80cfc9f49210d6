#define ISA avx2
#include "num/philox_isa.inc"
