#define ISA avx2
#include "num/pooling_isa.inc"
