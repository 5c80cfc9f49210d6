#define ISA avx2
#include "num/pool2d_isa.inc"
