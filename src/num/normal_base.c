#define ISA base
#include "num/normal_isa.inc"
