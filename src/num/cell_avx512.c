#define ISA avx512
#include "num/cell_isa.inc"
