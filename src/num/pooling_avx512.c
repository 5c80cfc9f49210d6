#define ISA avx512
#include "num/pooling_isa.inc"
