#define ISA avx2
#include "num/cell_isa.inc"
