#define ISA avx512
#include "num/pool2d_isa.inc"
