#define ISA base
#include "num/pooling_isa.inc"
